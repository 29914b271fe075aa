def cached(connection: Connection[Any], query: CachedQuery, load: Callable[[], Any]) -> Any:
    """The cached result of a query, else what ``load`` gives, kept in the database under the tags of the query.

    It is what JSON makes of it, cached or not.  ``load`` sees what was committed before it is called: it is no part of
    a REPEATABLE READ transaction, and does not read a replica.
    """
    cursor = connection.cursor(row_factory=tuple_row)
    get = "SELECT value::text FROM __RUNTIME__.cache_get(%s) AS value WHERE value IS NOT NULL"
    if found := cursor.execute(get, [query.key]).fetchone():
        return json.loads(found[0])
    # Before the data is read: an invalidation meanwhile makes another version, and nothing is stored.
    taken = cursor.execute("SELECT __RUNTIME__.cache_tag_versions(%s)", [query.tags]).fetchall()[0][0]
    value = json.dumps(load())
    put = "SELECT __RUNTIME__.cache_put(%s, %s::jsonb, %s, %s::bigint[], make_interval(secs => %s))"
    cursor.execute(put, [query.key, value, query.tags, taken, query.ttl_seconds])
    return json.loads(value)


def _entry(
    name: str, ttl_seconds: int | None, tags: list[Tag], values: dict[str, Value], text: LiteralString
) -> CachedQuery:
    texts = json.dumps(_plain(list(values.values())), ensure_ascii=False, separators=(",", ":"))
    return CachedQuery(f"{name}:{texts}", tags, ttl_seconds, text, values)


def _plain(value: Value) -> object:
    """Values as their texts, which make the same key here and in TypeScript."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, str):
        return value
    return [_plain(one) for one in value] if isinstance(value, Sequence) else str(value)
