/** What tests/test_clients_live.py asks of the client in TypeScript, over node-postgres.  Prints a line for each event. */
import pg from "pg";
import {
  cached,
  cachedQueries,
  explainAccess,
  explainDenied,
  invalidate,
  retrying,
  runInvalidations,
  tags,
} from "./pgspec.js";

const [what = "", settings = "", more = "{}"] = process.argv.slice(2);
const pool = new pg.Pool(JSON.parse(settings));
pool.on("error", () => {}); // an idle connection that the server closed
const options = JSON.parse(more);
const say = (event: unknown) => process.stdout.write(`${JSON.stringify(event)}\n`);
const sleep = (seconds: number) => new Promise<void>((resolve) => setTimeout(resolve, seconds * 1000));

/** Every tag of every row of `kinds`, from the values that the driver gives. */
async function build(): Promise<void> {
  const builders = Object.entries(tags).filter(([name]) => /^c\d+$/.test(name));
  for (const row of (await pool.query("SELECT * FROM kinds")).rows) {
    for (const [name, builder] of builders) {
      if (row[name] !== null) say((builder as (value: unknown) => string)(row[name]));
    }
  }
}

/** A worker: fails a tag as often as `fails` says, hangs on the tag `hangs`; ends at the end of its input. */
async function work(): Promise<void> {
  const stop = new AbortController();
  process.stdin.on("end", () => stop.abort()).resume();
  const fails = new Map<string, number>(Object.entries(options.fails ?? {}));
  const handler = async (tag: string, signal: AbortSignal) => {
    say({ tag });
    if (tag === options.hangs) await sleep(600);
    if (tag === options.slow) await sleep(options.seconds);
    const left = fails.get(tag) ?? 0;
    fails.set(tag, left - 1);
    if (left > 0) throw new Error(`cannot tell \0${tag}`);
    say({ done: tag, aborted: signal.aborted });
  };
  const onError = (error: unknown, tag?: string) => say({ error: String(error), of: tag ?? null });
  const { batch = 20, lease = 60 } = options;
  await runInvalidations(pool, handler, { batch, leaseSeconds: lease, idleSeconds: 0.1, signal: stop.signal, onError });
  say("ended");
}

async function enqueue(): Promise<void> {
  await retrying(() => invalidate(pool, [tags.items, tags.item(7)]), 10);
}

/** Reads the cached query twice; between the two, and in the first load, it says so and waits for a line. */
async function read(): Promise<void> {
  const lines = process.stdin[Symbol.asyncIterator]();
  for (const turn of [1, 2]) {
    const query = cachedQueries.itemValue({ id: 1, others: [5] });
    const load = async () => {
      const rows = (await pool.query(query.text, query.values)).rows;
      say({ loaded: rows });
      if (turn === 1) await lines.next();
      return rows;
    };
    say({ turn, key: query.key, value: await cached(pool, query, load) });
    if (turn === 1) await lines.next();
  }
}

/** What a person sees when a statement fails, as it is and wrapped twice. */
async function refuse(): Promise<void> {
  for (const statement of options.statements) {
    try {
      await pool.query(statement);
      say("allowed");
    } catch (error) {
      const wrapped = new Error("query failed", { cause: { originalError: error } });
      const [plain, other] = [explainDenied(error), explainDenied(wrapped)];
      say(JSON.stringify(plain) === JSON.stringify(other) ? plain : { plain, other });
    }
  }
  say(await explainAccess(pool, "payouts", "select"));
}

const programs: Record<string, () => Promise<void>> = { build, work, enqueue, read, refuse };
await programs[what]?.();
await pool.end();
