/** What to show a person whom the database refused.  `table` is for logs. */
export interface Denied {
  title: string;
  hint: string;
  table?: string;
}

/** The text for an error with SQLSTATE 42501, also when others are wrapped around it; null for any other error.
 *  It holds hints that the specs write, and nothing else that the error says. */
export function explainDenied(error: unknown): Denied | null {
  const seen = new Set<unknown>();
  const waiting = [error];
  while (waiting.length > 0) {
    const next = waiting.shift();
    if (typeof next !== "object" || next === null || seen.has(next)) continue;
    seen.add(next);
    const { code, message, hint, cause, original, originalError, driverError } = next as Record<string, unknown>;
    if (code === "42501") return _denied(String(message), hint);
    waiting.push(cause, original, originalError, driverError);
  }
  return null;
}

function _denied(message: string, hint: unknown): Denied {
  const refused = /^(\w+) on (.+) is refused$/.exec(message);
  const row = /^new row violates row-level security policy .*for table "(.+)"$/.exec(message);
  const plain = /^permission denied for (?:table|view|materialized view|relation) (.+)$/.exec(message);
  const table = refused?.[2] ?? row?.[1] ?? plain?.[1];
  const known = [..._hints.values()].find((text) => text === hint) ?? _hints.get(table ?? "");
  const title = `You are not allowed to ${row ? "save" : (_verbs.get(refused?.[1] ?? "") ?? "do")} this.`;
  const other = row ? "Something in it is not yours to set." : "Use an account that is, or ask an administrator.";
  return { title, hint: known ?? other, ...(table === undefined ? {} : { table }) };
}

const _verbs = new Map([
  ["SELECT", "see"],
  ["INSERT", "add"],
  ["UPDATE", "change"],
  ["DELETE", "delete"],
  ["TRUNCATE", "delete"],
]);
