/** What runs a statement: a Client, PoolClient or Pool of node-postgres, or anything of that shape. */
export interface Queryable {
  query(text: string, values?: any[]): Promise<{ rows: any[] }>;
}
