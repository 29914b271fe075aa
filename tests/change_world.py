"""Random projects over one schema, and random edits of them: every kind of spec, every part that can change."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

SCHEMA = """\
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'chg_anon') THEN
    CREATE ROLE chg_anon; CREATE ROLE chg_user; CREATE ROLE chg_keeper BYPASSRLS;
    CREATE ROLE chg_job BYPASSRLS;
  END IF;
END $$;
CREATE SCHEMA api;
GRANT USAGE ON SCHEMA api TO chg_anon, chg_user, chg_job;
CREATE TABLE customers (id bigint PRIMARY KEY, city text, email text NOT NULL DEFAULT '');
CREATE TABLE orders (
  id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers (id),
  placed_on date NOT NULL DEFAULT '2025-01-01',
  amount numeric(12, 2) NOT NULL DEFAULT 0, status text NOT NULL DEFAULT 'open'
);
CREATE INDEX orders_customer_id_idx ON orders (customer_id);
CREATE TABLE parts (id bigint NOT NULL, day date NOT NULL, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE parts_2025 PARTITION OF parts FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
GRANT SELECT ON customers TO chg_anon;
GRANT ALL ON orders TO chg_user, chg_job;
"""
_PROJECT = """\
kind: project
name: world
roles: {{api: [chg_anon, chg_user], service: [chg_job, chg_keeper]}}
migration: {{lock_timeout: {lock}, statement_timeout: 1min}}
personas:
  anonymous: {{role: chg_anon}}
  alice: {{role: chg_user, claims: {{sub: "1"}}}}
  job: {{role: chg_job}}
fixtures:
  customers: {{alice: {{id: 1, city: Lisbon}}, bob: {{id: 2}}}}
  orders: {{hers: {{id: 1, customer_id: 1}}, his: {{id: 2, customer_id: 2}}}}
"""
DESCRIPTIONS = ("By day.", "It's \\ here; a %s")
Piece = Callable[[random.Random], str]


def _project(rng: random.Random) -> str:
    return _PROJECT.format(lock=rng.choice(("1s", "3s")))


def _maybe(rng: random.Random, text: str, chance: float = 0.5) -> str:
    return text if rng.random() < chance else ""


def _view(rng: random.Random, name: str, key: str, query: str, columns: tuple[str, ...]) -> str:
    lines = ["kind: materialized_view", f"name: {name}"]
    lines += [_maybe(rng, f"description: {rng.choice(DESCRIPTIONS)}")]
    index = _maybe(rng, f", index: {name}_by_key")
    lines.append(f"unique_key: {{columns: [{key}]{index}}}")
    extra = rng.sample(columns, rng.randint(0, len(columns)))
    if extra:
        lines.append("indexes:")
        lines += [
            f"  - {{columns: [{c}]{_maybe(rng, f', name: {name}_on_{c}', 0.3)}{_maybe(rng, ', method: hash', 0.3)}}}"
            for c in extra
        ]
    lines += ["query: |", *(f"  {line}" for line in query.split("\n"))]
    lines += [_maybe(rng, f"refresh: {{timeout: {rng.choice(('1 minute', '5 minutes'))}}}")]
    lines += [
        _maybe(
            rng,
            f"access: {{select: [{', '.join(rng.sample(('chg_job', 'chg_keeper'), rng.randint(1, 2)))}]}}",
        )
    ]
    lines += [_maybe(rng, "owner: chg_keeper", 0.2)]
    return "\n".join(line for line in lines if line) + "\n"


def _daily(rng: random.Random) -> str:
    how, where = rng.choice(("sum", "max")), rng.choice(("", " WHERE status <> 'void'"))
    extra = _maybe(rng, ", min(id) AS first_id")
    query = (
        f"SELECT placed_on, count(*) AS orders, {how}(amount) AS revenue{extra}\nFROM orders{where}\nGROUP BY placed_on"
    )
    return _view(rng, "orders_daily", "placed_on", query, ("orders", "revenue"))


def _monthly(rng: random.Random) -> str:
    how = rng.choice(("sum", "max"))
    query = (
        f"SELECT date_trunc('month', d.placed_on::timestamp) AS month, {how}(d.orders) AS orders\n"
        "FROM orders_daily AS d\nGROUP BY 1"
    )
    return _view(rng, "orders_monthly", "month", query, ("orders",))


def _cities(rng: random.Random) -> str:
    unknown = rng.choice(("'-'", "'(unknown)'"))
    query = f"SELECT coalesce(c.city, {unknown}) AS city, count(*) AS customers FROM customers c GROUP BY 1"
    text = _view(rng, rng.choice(("cities", "by_city")), "city", query, ("customers",))
    where = rng.choice(("city = (SELECT pgspec.claim('city'))", "city = current_setting('app.city', true)"))
    return text + _maybe(
        rng, f'expose: {{as: api.{rng.choice(("cities", "my_city"))}, where: "{where}", to: [chg_user]}}\n'
    )


def _invalidation(rng: random.Random) -> str:
    tags = rng.sample(("orders", "'orders:{id}'", "'orders:of:{customer_id}'", "'{status}:x'"), rng.randint(1, 3))
    on = {
        "insert": rng.choice(("true", "false")),
        "update": rng.choice(("true", "[amount, status]", "false")),
        "delete": "true",
    }
    text = "kind: invalidation\nname: orders\ntable: orders\n"
    text += _maybe(rng, "where: status <> 'void'\n")
    text += f"on: {{{', '.join(f'{k}: {v}' for k, v in on.items())}}}\ntags: [{', '.join(tags)}]\n"
    return text + _maybe(rng, f"dedup_window: {rng.choice(('1 minute', '5s'))}\n") + _maybe(rng, "max_tags: 50\n", 0.3)


def _parts(rng: random.Random) -> str:
    return (
        "kind: invalidation\nname: parts\ntable: parts\n"
        f"on: {{insert: true, update: true, delete: true, truncate: {rng.choice(('true', 'false'))}}}\n"
        "tags: ['parts:{id}']\n"
    )


OWN = "customer_id = (SELECT pgspec.claim_bigint('sub'))"
_EXPECT = """\
expect:
  select: {{anonymous: denied, alice: [{seen}], job: all}}
  insert: {{anonymous: denied, alice: {made}, job: all}}
  update: {{anonymous: denied, alice: {made}, job: all}}
  delete: {{anonymous: denied, alice: denied, job: all}}
"""


def _orders_rls(rng: random.Random) -> str:
    writes, narrow, raises = (rng.random() < 0.5 for _ in range(3))
    text = "kind: rls\ntable: orders\n"
    if raises:
        text += f"on_denied: error\nexpose: {{as: api.{rng.choice(('orders', 'her_orders'))}}}\n" + _maybe(
            rng, "hint: who are you?\n"
        )
    text += "policies:\n"
    using = rng.choice((OWN, f"{OWN} AND customer_id > 0"))
    text += f'- {{name: own, command: select, to: [chg_user], using: "{using}"}}\n'
    if writes:
        name = rng.choice(("add", "write"))
        text += f'- {{name: {name}, command: insert, to: [chg_user], check: "{OWN}"}}\n'
        text += f'- {{name: change, command: update, to: [chg_user], using: "{OWN}", check: "{OWN}"}}\n'
    if narrow:
        command = rng.choice(("select", "all"))
        text += f'- {{name: narrow, command: {command}, to: [public], restrictive: true, using: "customer_id > 0"}}\n'
    return text + _EXPECT.format(seen="hers", made="[hers]" if writes else "denied")


def _audit(rng: random.Random) -> str:
    text = "kind: audit_log\nname: trail\ntables:\n"
    text += f"  orders: {{update: {rng.choice(('true', '[amount]', '[amount, status]'))}, delete: true}}\n"
    text += _maybe(rng, "  customers: {insert: true, truncate: true}\n")
    text += _maybe(rng, "context: [request_id, claims.sub]\n") + f"retention: {rng.choice((30, 400))} days\n"
    text += _maybe(rng, "viewer: {name: trail_viewer, to: [chg_user], require: \"pgspec.claim('role') = 'admin'\"}\n")
    if rng.random() < 0.5:
        text += "---\nkind: rls\ntable: trail\nallow: {RLS007: elsewhere}\n"
        text += _maybe(rng, "on_denied: error\nhint: admins only\n")
        using = "(SELECT pgspec.claim('role')) = 'admin'"
        text += f'policies:\n- {{name: read, command: select, to: [chg_user], using: "{using}"}}\n'
    return text


PIECES: Mapping[str, Piece] = {
    "project.yaml": _project,
    "daily.yaml": _daily,
    "monthly.yaml": _monthly,
    "cities.yaml": _cities,
    "orders_cache.yaml": _invalidation,
    "parts_cache.yaml": _parts,
    "orders_access.yaml": _orders_rls,
    "trail.yaml": _audit,
}
_NEEDS = {"monthly.yaml": "daily.yaml"}


def draw(rng: random.Random) -> dict[str, str]:
    """A project, as files by name."""
    found = {name: piece(rng) for name, piece in PIECES.items() if name == "project.yaml" or rng.random() < 0.7}
    return _whole(found, rng)


def edit(rng: random.Random, files: Mapping[str, str]) -> dict[str, str]:
    """The same project with a few of its files drawn anew, added or removed."""
    found = dict(files)
    for name in rng.sample(sorted(PIECES), rng.randint(1, 3)):
        if name in found and name != "project.yaml" and rng.random() < 0.3:
            del found[name]
        else:
            found[name] = PIECES[name](rng)
    return _whole(found, rng)


def _whole(files: dict[str, str], rng: random.Random) -> dict[str, str]:
    for name, need in _NEEDS.items():
        if name in files and need not in files:
            files[need] = PIECES[need](rng)
    return files
