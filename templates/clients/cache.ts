/** The cached result of a query, else what `load` gives, kept in the database under the tags of the query.
 *
 *  It is what JSON makes of it, cached or not.  `load` sees what was committed before it is called: it is no part of a
 *  REPEATABLE READ transaction, and does not read a replica. */
export async function cached<T>(db: Queryable, query: CachedQuery, load: () => Promise<T>): Promise<T> {
  const get = "SELECT value FROM __RUNTIME__.cache_get($1) AS value WHERE value IS NOT NULL";
  const found = (await db.query(get, [query.key])).rows[0];
  if (found !== undefined) return found.value;
  // Before the data is read: an invalidation meanwhile makes another version, and nothing is stored.
  const versions = "SELECT __RUNTIME__.cache_tag_versions($1) AS taken";
  const taken: unknown = (await db.query(versions, [query.tags])).rows[0]?.taken;
  const value = JSON.stringify((await load()) ?? null);
  const put = "SELECT __RUNTIME__.cache_put($1, $2::jsonb, $3, $4::bigint[], make_interval(secs => $5))";
  await db.query(put, [query.key, value, query.tags, taken, query.ttlSeconds]);
  return JSON.parse(value);
}

function _entry(
  name: string,
  ttlSeconds: number | null,
  tags: readonly Tag[],
  values: Value[],
  text: string,
): CachedQuery {
  return { key: `${name}:${JSON.stringify(_plain(values))}`, tags, ttlSeconds, text, values };
}

/** Values as their texts, which make the same key here and in Python. */
function _plain(value: Value): unknown {
  if (value instanceof Array) return value.map(_plain);
  return value === null ? null : String(value);
}
