/** Why the session of `db` may or may not: for developers, since it shows conditions of policies. */
export async function explainAccess(
  db: Queryable,
  table: GuardedTable,
  command: "select" | "insert" | "update" | "delete",
): Promise<{ name: string; ok: boolean; hint: string | null }[]> {
  return (await db.query("SELECT name, ok, hint FROM __RUNTIME__.explain_access($1, $2)", [table, command])).rows;
}
