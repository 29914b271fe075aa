/** Invalidates tags when the transaction of `db` commits.  In a transaction of its own it may be tried again. */
export async function invalidate(db: Queryable, changed: readonly Tag[], windowMinutes = 1): Promise<void> {
  const text = "SELECT __RUNTIME__.enqueue_cache_invalidation(t, $2) FROM unnest($1::text[]) AS t";
  await db.query(text, [changed, windowMinutes]);
}

/** Runs `work` again, after longer and longer pauses, when the database was away or a transaction lost a conflict.
 *  `work` is a whole transaction: what is part of a larger one is over when a statement fails. */
export async function retrying<T>(work: () => Promise<T>, attempts = 5, signal?: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= attempts || signal?.aborted || !_transient(error)) throw error;
      await _pause(_backoff(attempt, 30), signal);
    }
  }
}

export interface WorkerOptions {
  /** How many tags to claim at a time; their handlers run at once.  20 unless given. */
  batch?: number;
  /** After so long another worker may take the tags over.  60 unless given. */
  leaseSeconds?: number;
  /** The longest pause when nothing is due.  1 unless given. */
  idleSeconds?: number;
  /** Ends the worker, after the batch that it has claimed. */
  signal?: AbortSignal;
  /** Hears of what a handler threw, and of the database being away. */
  onError?: (error: unknown, tag?: string) => void;
}

/** Tells a cache elsewhere which tags are stale, until `signal` is aborted.  Run as many as you like.
 *
 *  `db` is a Pool, which connects again, and no transaction.  `handler` is called at least once for each tag, and with
 *  wildcards such as `search:*` for every tag below; its signal is aborted before the lease ends.  When it throws, the
 *  tag is due again after 1, 2, 4 ... seconds; after ten times it is dead, see `cache_invalidation_health`. */
export async function runInvalidations(
  db: Queryable,
  handler: (tag: string, signal: AbortSignal) => unknown,
  options: WorkerOptions = {},
): Promise<void> {
  const { batch = 20, leaseSeconds = 60, idleSeconds = 1, signal, onError = () => {} } = options;
  let quiet = 0;
  while (!signal?.aborted) {
    const lease = AbortSignal.timeout(leaseSeconds * 900);
    try {
      const claim = "SELECT token, tag, ids FROM __RUNTIME__.claim_cache_invalidations($1, $2)";
      const rows: { token: string; tag: string; ids: string[] }[] = (await db.query(claim, [batch, leaseSeconds])).rows;
      const told: string[] = [];
      const failed = await Promise.all(
        rows.map(async ({ token, tag, ids }) => {
          try {
            await _before(lease, async () => handler(tag, lease));
            told.push(...ids);
            return [];
          } catch (error) {
            onError(error, tag);
            return [[token, ids, String(error).replaceAll("\0", "")]];
          }
        }),
      );
      if (told.length > 0) {
        await db.query("SELECT __RUNTIME__.ack_cache_invalidations($1, $2)", [rows[0]?.token, told]);
      }
      for (const values of failed.flat()) {
        await db.query("SELECT __RUNTIME__.fail_cache_invalidations($1, $2, $3)", values);
      }
      quiet = rows.length > 0 ? 0 : quiet + 1;
      if (quiet > 0) await _pause(_backoff(quiet, idleSeconds), signal);
    } catch (error) {
      if (!_transient(error)) throw error;
      onError(error);
      await _pause(_backoff(++quiet, 30), signal);
    }
  }
}

/** What `work` gives, or a rejection when the signal is aborted before. */
function _before<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(new Error("the lease is ending")), { once: true });
    work().then(resolve, reject);
  });
}

/** Whether it may go well the next time: the connection failed, or the server says so. */
function _transient(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== "string" || !/^[0-9A-Z]{5}$/.test(code) || code === "EPIPE") return true;
  return code === "25006" || ["08", "40", "53", "55", "57", "58"].includes(code.slice(0, 2));
}

/** Seconds: 0.2, 0.4, 0.8 ... at most `longest`, less a random part. */
function _backoff(attempt: number, longest: number): number {
  return Math.min(longest, 0.1 * 2 ** attempt) * (0.5 + Math.random() / 2);
}

function _pause(seconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, seconds * 1000);
    signal?.addEventListener("abort", end);
    if (signal?.aborted) end();
  });
}
