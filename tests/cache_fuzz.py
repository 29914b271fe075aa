"""Random writes, and an oracle of the tags that they must emit which shares nothing with the generated SQL.

Row triggers of the oracle log what happened to each row as text; a few lines of Python say which tags that means.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import psycopg

from cache_fuzz_world import BASE, LOOKUP, Invalidation, Maker, Row, Table, literal
from cache_support import QUEUE, compiled_sql, install
from live import Database
from shop import make_roles


@dataclass(frozen=True)
class World:
    """Many tables in one database."""

    seed: str
    tables: tuple[Table, ...]

    @property
    def schema(self) -> str:
        return BASE + "".join(table.ddl for table in self.tables)

    def specs(self) -> dict[str, str]:
        return {f"{mapping.name}.yaml": mapping.yaml(table.name) for table in self.tables for mapping in table.mappings}


def make_world(seed: str, tables: int, statements: int) -> World:
    return World(seed, tuple(Maker(seed, number).make(statements) for number in range(tables)))


@dataclass(frozen=True)
class Failure:
    """A statement that did not leave what it must."""

    world: World
    table: Table
    statement: str
    expected: list[str]
    found: list[str]
    log: list[tuple[str, Row | None, Row | None]]

    def __str__(self) -> str:
        specs = "---\n".join(mapping.yaml(self.table.name) for mapping in self.table.mappings)
        rows = "\n".join(f"  {kind}: {old} -> {new}" for kind, old, new in self.log)
        return (
            f"seed {self.world.seed}\n{self.table.ddl}\n{specs}\n{self.statement}\n{rows}\n"
            f"expected {self.expected}\nfound    {self.found}"
        )


@dataclass
class Report:
    """What a run did."""

    failure: Failure | None = None
    counts: Counter[str] = field(default_factory=Counter)


def oracle_sql(table: Table) -> str:
    """Triggers that log each row: updates before they happen, since a row that moves has no AFTER UPDATE trigger."""
    texts = {
        side: ", ".join(f"{literal(name)}, {side}.{name}::text" for name in table.columns) for side in ("OLD", "NEW")
    }
    old, new = (f"jsonb_build_object({texts[side]})" for side in ("OLD", "NEW"))
    values = {
        "update": f"'update', {old}, {new}",
        "insert": f"'insert', NULL, {new}",
        "delete": f"'delete', {old}, NULL",
    }
    out = ""
    on = [table.name, *([f"{table.name}_child"] if table.shape == "inherited" else [])]
    for event, logged in values.items():
        name = f"zz_{event}_{table.name}"
        out += (
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"INSERT INTO log (kind, old, new) VALUES ({logged}); RETURN NEW; END $$;\n"
        )
        time = "BEFORE" if event == "update" else "AFTER"
        out += "".join(f"CREATE TRIGGER zz {time} {event} ON {o} FOR EACH ROW EXECUTE FUNCTION {name}();\n".replace(
            "TRIGGER zz", f"TRIGGER zz_{event}") for o in on)  # fmt: skip
    return out


def users_sql(table: Table) -> str:
    """What a user's triggers may do: change rows and swallow them, also those that move to another partition."""
    number = int(table.name[1:])
    t = table.name
    out = ""
    if number % 4 == 1:
        body = "IF OLD.id % 4 = 3 THEN RETURN NULL; END IF; "
        body += "IF NEW.id % 2 = 0 THEN NEW.id := NEW.id + 10; END IF; RETURN NEW;"
        out += f"CREATE FUNCTION meddle_{t}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$;\n"
        out += f"CREATE TRIGGER aa BEFORE UPDATE ON {t} FOR EACH ROW EXECUTE FUNCTION meddle_{t}();\n"
    if number % 4 == 2 and table.partitioned:
        body = "IF NEW.id % 2 = 0 THEN RETURN NULL; END IF; RETURN NEW;"
        out += f"CREATE FUNCTION eat_{t}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$;\n"
        out += f"CREATE TRIGGER aa BEFORE INSERT ON {t}_2 FOR EACH ROW EXECUTE FUNCTION eat_{t}();\n"
    return out


def prepare(database: Database, world: World) -> str:
    """Install the world; returns the generated SQL."""
    text = compiled_sql(world.schema, world.specs())
    with database.connect() as connection:
        make_roles(connection)
        connection.execute(world.schema.encode())
        connection.execute("CREATE TABLE log (id int GENERATED ALWAYS AS IDENTITY, kind text, old jsonb, new jsonb)")
        rows = ", ".join(f"({k}, {literal(v)})" for k, v in LOOKUP)
        connection.execute(f"INSERT INTO lookup VALUES {rows}".encode())
        for table in world.tables:
            connection.execute((oracle_sql(table) + users_sql(table)).encode())
        install(connection, text)
    return text


def run(connection: psycopg.Connection, world: World) -> Report:
    """Run every statement of the world; all is rolled back."""
    report = Report()
    for table in world.tables:
        with connection.transaction(force_rollback=True):
            for statement in table.statements:
                failure = _one(connection, world, table, statement, report.counts)
                if failure:
                    report.failure = failure
                    return report
    return report


def _one(
    connection: psycopg.Connection, world: World, table: Table, statement: str, counts: Counter[str]
) -> Failure | None:
    counts["statements"] += 1
    before = _rows(connection, table) if statement.startswith("TRUNCATE") else None
    try:
        with connection.transaction():
            connection.execute(f"DELETE FROM log; DELETE FROM {QUEUE}".encode())
            connection.execute(statement.encode())
    except (
        psycopg.errors.IntegrityError,
        psycopg.errors.CardinalityViolation,
        psycopg.errors.TriggeredDataChangeViolation,
    ):
        counts["refused"] += 1  # keys, and rows that a statement may not touch twice
        return None
    # That each is there once is for the cases to show: a transaction as long as this may hold no more locks on rows to
    # join, and adds rows instead.
    found = sorted({row[0] for row in connection.execute(f"SELECT tag FROM {QUEUE}")})
    log = connection.execute("SELECT kind, old, new FROM log ORDER BY id").fetchall()
    expected = sorted(expected_tags(table, log, before))
    counts["tags"] += len(found)
    counts["statements with tags"] += bool(found)
    return None if found == expected else Failure(world, table, statement, expected, found, log)


def _rows(connection: psycopg.Connection, table: Table) -> list[Row]:
    texts = ", ".join(f"{name}::text" for name in table.columns)
    return [
        dict(zip(table.columns, row, strict=True))
        for row in connection.execute(f"SELECT {texts} FROM {table.name}".encode())
    ]


def expected_tags(table: Table, log: list[tuple[str, Row | None, Row | None]], truncated: list[Row] | None) -> set[str]:
    """What the mappings of a table must emit for one statement."""
    updates = [(old, new) for kind, old, new in log if kind == "update"]
    inserts = [new for kind, _, new in log if kind == "insert"]
    deletes = [old for kind, old, _ in log if kind == "delete"]
    pairs: list[tuple[Row, Row | None]] = []
    swallowed = False
    for old, new in updates:
        assert old is not None and new is not None
        if table.partitioned and _part(old) != _part(new):  # a move, which is logged as a delete and an insert too
            deletes.remove(old)
            if new in inserts:
                inserts.remove(new)
            else:
                swallowed, new = True, None  # noqa: PLW2901
        pairs.append((old, new))
    tags: set[str] = set()
    for mapping in table.mappings:
        if truncated is not None and "truncate" in mapping.events:
            tags |= _truncated(mapping, truncated)
        if "insert" in mapping.events:
            tags |= _entries(mapping, [row for row in inserts if row and _matches(mapping, row)])
        if "delete" in mapping.events:
            tags |= _entries(mapping, [row for row in deletes if row and _matches(mapping, row)])
        if mapping.watched != ():
            counting = [pair for pair in pairs if swallowed or _counts(mapping, *pair)]
            tags |= _entries(mapping, [row for pair in counting for row in pair if row and _matches(mapping, row)])
    return {tag for tag in tags if tag}


def _part(row: Row) -> str | None:
    return row["p"] if row["p"] in ("0", "1", "2") else None


def _matches(mapping: Invalidation, row: Row) -> bool:
    return mapping.where is None or mapping.where.holds(row) is True


def _counts(mapping: Invalidation, old: Row, new: Row | None) -> bool:
    if new is None or _matches(mapping, old) != _matches(mapping, new):
        return True
    watched = tuple(old) if mapping.watched is None else (*mapping.watched, *mapping.key)
    return any(old[name] != new[name] for name in watched)


def _entries(mapping: Invalidation, images: list[Row]) -> set[str]:
    """The tags of the images that count; none for no image."""
    out: set[str] = set()
    for entry in mapping.entries if images else ():
        made = {tag for tag in entry.tags(images) if tag is not None}
        out |= {entry.wildcard} if len(made) > mapping.max_tags else made
    return out


def _truncated(mapping: Invalidation, rows: list[Row]) -> set[str]:
    out: set[str] = set()
    for entry in mapping.entries:
        if entry.query:
            made = {tag for tag in entry.tags([row for row in rows if _matches(mapping, row)]) if tag is not None}
            out |= {entry.wildcard} if len(made) > mapping.max_tags else made
        else:
            out |= entry.tags([]) if entry.static else {entry.wildcard}
    return out
