def explain_access(
    connection: Connection[Any], table: GuardedTable, command: Literal["select", "insert", "update", "delete"]
) -> list[tuple[str, bool, str | None]]:
    """Why the session may or may not, as (name, ok, hint): for developers, since it shows conditions of policies."""
    cursor = connection.cursor(row_factory=tuple_row)
    text = "SELECT name, ok, hint FROM __RUNTIME__.explain_access(%s, %s)"
    return cursor.execute(text, [table, command]).fetchall()
