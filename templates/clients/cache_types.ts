/** What a parameter of a query may be. */
export type Value = string | number | bigint | boolean | null | readonly Value[];

/** A query and its cache entry: `load` runs `text` with `values`.  A changed query has another key. */
export interface CachedQuery {
  readonly key: string;
  readonly tags: readonly Tag[];
  readonly ttlSeconds: number | null;
  readonly text: string;
  readonly values: Value[];
}
