"""Policies hide rows from what should read all of them: refreshes and triggers.  pgspec notices exactly then."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import psycopg
import pytest

from cache_support import queued
from live import Database, fresh_database
from pgspec.compile import Result, compile_project
from pgspec.migration import Printer, Settings
from pgspec.plan import plan
from pgspec.scratch import ScratchServer
from pgspec.sources import from_texts

ROLES = """\
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'rc_owner') THEN
    CREATE ROLE rc_group; CREATE ROLE rc_owner LOGIN IN ROLE rc_group; CREATE ROLE rc_other IN ROLE rc_group;
    CREATE ROLE rc_free BYPASSRLS; CREATE ROLE rc_api; CREATE ROLE rc_job BYPASSRLS;
    CREATE ROLE rc_super SUPERUSER NOBYPASSRLS;
  END IF;
END $$;
"""
PROJECT = "kind: project\nname: checks\nroles: {api: [rc_api], service: [rc_job, rc_group]}\n"
SCHEMA = """\
CREATE TABLE places (id int PRIMARY KEY, city text NOT NULL, owner text NOT NULL);
CREATE TABLE vendors (id int PRIMARY KEY, name text NOT NULL, place int NOT NULL, owner text NOT NULL);
GRANT INSERT, UPDATE, DELETE ON vendors TO rc_api;
"""
VIEW = "kind: materialized_view\nname: cities\nunique_key: [id]\nquery: SELECT id, city FROM places\n"
TAGS = """\
kind: invalidation
name: vendors
table: vendors
tags:
  - "vendor:{id}"
  - query: SELECT 'city:' || p.city FROM changed c JOIN places p ON p.id = c.place
"""


def guard(table: str, *policies: str, force: bool = True) -> str:
    listed = "".join(f"- {policy}\n" for policy in policies)
    allowed = "RLS007: elsewhere" + ("" if force else ", RLS020: that is what is tried")
    return f"kind: rls\ntable: {table}\nforce: {str(force).lower()}\nallow: {{{allowed}}}\npolicies:\n{listed}"


OWN = "{name: own, command: select, to: [rc_api], using: \"owner = (SELECT pgspec.claim('sub'))\"}"
ADMITTED = "{name: all, command: select, to: [rc_group], using: 'true'}"


def project(*specs: str, schema: str = SCHEMA) -> Result:
    texts = {"specs/project.yaml": PROJECT, "specs/schema.sql": schema, "specs/a.yaml": "---\n".join(specs)}
    result = compile_project(from_texts(texts))
    assert result.ok, result.diagnostics
    return result


@pytest.fixture(scope="module")
def world(server: ScratchServer) -> Iterator[Database]:
    with fresh_database(server) as database:
        database.run(ROLES)
        yield database


@pytest.fixture
def owned(server: ScratchServer) -> Iterator[Database]:
    """A database in which `rc_owner`, whom policies bind, may create what it likes."""
    with fresh_database(server) as database:
        database.run(ROLES)
        database.run(
            f"GRANT CREATE ON DATABASE {database.name} TO rc_owner; GRANT ALL ON SCHEMA public TO rc_owner, rc_group"
        )
        yield database


def refused(connection: psycopg.Connection, script: str) -> str:
    """What the server says of a script; nothing when it takes it."""
    try:
        connection.execute(script.encode())
    except psycopg.Error as error:
        return str(error)
    return ""


def migrate(result: Result) -> str:
    return result.files["generated/draft/migrate.sql"].replace("RESET statement_timeout;", "")


def verify(result: Result) -> str:
    return result.files["generated/draft/verify.sql"]


# Every way of reading, against what a refresh really stores.

POLICIES = {
    "none": "",
    "all to everybody": "CREATE POLICY a ON places USING (true);",
    "all to a group": "CREATE POLICY a ON places FOR SELECT TO rc_group USING (true);",
    "all to another": "CREATE POLICY a ON places TO rc_free USING (true);",
    "some": "CREATE POLICY a ON places USING (owner = 'x');",
    "some or all": "CREATE POLICY a ON places USING (owner = 'x'); CREATE POLICY b ON places USING (true);",
    "all but some": "CREATE POLICY a ON places USING (true);"
    "CREATE POLICY b ON places AS RESTRICTIVE USING (owner = 'x');",
    "some, narrowed by nothing": "CREATE POLICY a ON places USING (owner = 'x');"
    "CREATE POLICY b ON places AS RESTRICTIVE USING (true);",
    "all but some of another": "CREATE POLICY a ON places USING (true);"
    "CREATE POLICY b ON places AS RESTRICTIVE TO rc_free USING (owner = 'x');",
    "all to update": "CREATE POLICY a ON places FOR UPDATE USING (true);",
}
THROUGH = {
    "the table": "",
    "a view of the table's owner": "ALTER VIEW between OWNER TO rc_owner;",
    "a view of another": "ALTER VIEW between OWNER TO rc_other;",
    "a superuser's view": "SELECT 1;",
    "a view of what is stored": "CREATE MATERIALIZED VIEW stored AS SELECT * FROM places;"
    "ALTER TABLE stored OWNER TO rc_other;"
    "CREATE OR REPLACE VIEW between AS SELECT * FROM stored;",
    "an invoker's view": "ALTER VIEW between SET (security_invoker = on);",
}
OWNERS = ("rc_super", "rc_owner", "rc_other", "rc_free")


def test_the_check_is_what_a_refresh_does(world: Database) -> None:
    """Policies, FORCE, owners, views between: the check complains exactly when a refresh stores fewer rows."""
    schema = SCHEMA + "CREATE VIEW between AS SELECT * FROM places;\n"
    reads = {through: "between" if between else "places" for through, between in THROUGH.items()}
    checks = {}
    for name in set(reads.values()):
        text = project(VIEW.replace("FROM places", f"FROM {name}"), guard("places", OWN), schema=schema)
        found = re.search(r"^DO \$check\$.*?^\$check\$;", text.files["generated/schema.sql"], re.DOTALL | re.MULTILINE)
        assert found is not None
        checks[name] = found[0]
    hidden = 0
    with world.connect() as connection:
        for what in itertools.product(POLICIES, (True, False), THROUGH, OWNERS):
            policies, force, through, owner = what
            with connection.transaction(force_rollback=True):
                connection.execute(f"""
                    {schema}
                    INSERT INTO places VALUES (1, 'a', 'x'), (2, 'b', 'y');
                    ALTER TABLE places OWNER TO rc_owner;
                    GRANT SELECT ON places, between TO rc_other, rc_free, rc_owner;
                    GRANT ALL ON SCHEMA public TO rc_owner, rc_other, rc_free;
                    {THROUGH[through]}
                    CREATE MATERIALIZED VIEW cities AS SELECT id, city FROM {reads[through]};
                    ALTER TABLE places ENABLE ROW LEVEL SECURITY;
                    {"ALTER TABLE places FORCE ROW LEVEL SECURITY;" if force else ""}
                    {POLICIES[policies]}
                    ALTER MATERIALIZED VIEW cities OWNER TO {owner};
                    REFRESH MATERIALIZED VIEW cities;
                """.encode())  # fmt: skip
                stored = connection.execute("SELECT count(*) FROM cities").fetchone()
                complaint = ""
                try:
                    with connection.transaction():
                        connection.execute(checks[reads[through]].encode())
                except psycopg.errors.RaiseException as error:
                    complaint = str(error)
            assert stored is not None
            assert bool(complaint) == (stored[0] < 2), (what, stored, complaint)
            hidden += bool(complaint)
    assert hidden > 30


def test_a_migration_that_would_empty_a_view_is_refused(owned: Database) -> None:
    """FORCE binds the role that migrates, which owns table and view: nothing is changed."""
    result = project(VIEW, guard("places", OWN))
    with owned.connect("rc_owner") as connection:
        connection.execute(SCHEMA.encode())
        said = refused(connection, migrate(result))
        assert "row security would hide rows: public.cities reads places as rc_owner" in said
        assert "BYPASSRLS" in said
        there = connection.execute(
            "SELECT to_regclass('cities'), relrowsecurity FROM pg_class WHERE relname = 'places'"
        )
        assert there.fetchone() == (None, False)


@pytest.mark.parametrize("policies", [(OWN,), (OWN, ADMITTED)], ids=["bound", "admitted"])
def test_verify_notices_what_comes_later(owned: Database, policies: tuple[str, ...]) -> None:
    """FORCE by hand: the next refresh stores nothing, without an error, and verify.sql says so before."""
    result = project(VIEW, guard("places", *policies, force=False))
    with owned.connect("rc_owner") as connection:
        connection.execute(f"{SCHEMA}; INSERT INTO places VALUES (1, 'a', 'x')".encode())
        assert refused(connection, migrate(result)) == ""
        assert refused(connection, verify(result)) == ""
        connection.execute("ALTER TABLE places FORCE ROW LEVEL SECURITY")
        said = refused(connection, verify(result))
        with owned.connect() as superuser:
            superuser.execute("REFRESH MATERIALIZED VIEW cities")
            stored = superuser.execute("SELECT count(*) FROM cities").fetchone()
    assert "does not bind the owner" not in said and "row security on public.places: binds the owner" in said
    bound = policies == (OWN,)
    message = "rows read by public.cities: row security on places shows only some of them to rc_owner"
    assert (message in said) is bound
    assert stored == (0 if bound else 1,)


@pytest.mark.parametrize(
    ("was", "will_be"),
    [
        (guard("places", OWN, force=False), guard("places", OWN)),
        (guard("places", OWN, force=False), "owner: rc_group\n---\n" + guard("places", OWN, force=False)),
        (guard("places", OWN, ADMITTED), guard("places", OWN)),
        (guard("places", OWN, ADMITTED), guard("places", OWN, ADMITTED.replace("'true'", '"id > 0"'))),
    ],
    ids=["force", "an owner", "a policy less", "a narrower policy"],
)
def test_a_later_release_is_refused(owned: Database, was: str, will_be: str) -> None:
    """The view is there already, so the check runs because row security changes."""
    before, after = (project(VIEW + ("" if text.startswith("owner") else "---\n") + text) for text in (was, will_be))
    there = Printer(Settings("checks", "3s", "60s", "pgspec")).migrate_sql(
        "there", plan(before.after, after.after), after.after
    )
    with owned.connect("rc_owner") as connection:
        connection.execute(SCHEMA.encode())
        connection.execute("GRANT SELECT ON places TO rc_group")
        assert refused(connection, migrate(before)) == ""
        assert "row security would hide rows" in refused(connection, there)


# Triggers


def as_api(connection: psycopg.Connection, sub: str, *statements: str) -> None:
    with connection.transaction():
        connection.execute("SELECT set_config('request.jwt.claims', %s, true)", [f'{{"sub": "{sub}"}}'])
        connection.execute("SET LOCAL ROLE rc_api")
        for statement in statements:
            connection.execute(statement.encode())


WRITES = "owner = (SELECT pgspec.claim('sub'))"
WRITERS = (
    f'{{name: add, command: insert, to: [rc_api], check: "{WRITES}"}}',
    f'{{name: change, command: update, to: [rc_api], using: "{WRITES}", check: "{WRITES}"}}',
    f'{{name: remove, command: delete, to: [rc_api], using: "{WRITES}"}}',
)


def test_a_writer_under_policies_emits_every_tag(world: Database) -> None:
    """The writer may not read what it writes, nor the table that the tags come from: transition tables are whole, and
    the function reads as its owner."""
    hidden = guard("vendors", *WRITERS).replace("RLS007: elsewhere", "RLS007: elsewhere, RLS002: blind on purpose")
    result = project(TAGS, hidden, guard("places", ADMITTED))
    with world.connect() as connection:
        connection.execute(f"{SCHEMA}; INSERT INTO places VALUES (1, 'ulm', 'y'), (2, 'bern', 'y')".encode())
        connection.execute(migrate(result).encode())
        as_api(connection, "x", "INSERT INTO vendors VALUES (1, 'a', 1, 'x'), (2, 'b', 2, 'x')")
        assert queued(connection) == ["city:bern", "city:ulm", "vendor:1", "vendor:2"]
        connection.execute("TRUNCATE cache_invalidation_queue; INSERT INTO vendors VALUES (3, 'c', 1, 'y')")
        connection.execute("TRUNCATE cache_invalidation_queue")
        as_api(connection, "x", "UPDATE vendors SET name = 'new', place = 2")
        assert queued(connection) == ["city:bern", "city:ulm", "vendor:1", "vendor:2"]
        connection.execute("TRUNCATE cache_invalidation_queue")
        as_api(connection, "x", "DELETE FROM vendors")
        assert queued(connection) == ["city:bern", "vendor:1", "vendor:2"]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            as_api(connection, "x", "SELECT FROM vendors")


def test_a_trigger_that_would_lose_tags_is_refused(owned: Database) -> None:
    """FORCE on the joined table and a bound owner: the tag is lost without an error, and pgspec says so."""
    result = project(TAGS, guard("places", OWN))
    with owned.connect("rc_owner") as connection, owned.connect() as superuser:
        connection.execute(f"{SCHEMA}; INSERT INTO places VALUES (1, 'ulm', 'y')".encode())
        said = refused(connection, migrate(result))
        assert "pgspec.cache_insert_public_vendors() reads places as rc_owner" in said
        superuser.execute(migrate(result).encode())
        assert refused(superuser, verify(result)) == ""
        superuser.execute(
            "GRANT USAGE ON SCHEMA pgspec TO rc_owner; GRANT ALL ON ALL TABLES IN SCHEMA pgspec, public TO rc_owner"
        )
        superuser.execute("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pgspec TO rc_owner")
        superuser.execute("INSERT INTO vendors VALUES (1, 'a', 1, 'x')")
        assert queued(superuser) == ["city:ulm", "vendor:1"]
        superuser.execute("TRUNCATE cache_invalidation_queue; GRANT CREATE ON SCHEMA pgspec TO rc_owner")
        superuser.execute("ALTER FUNCTION pgspec.cache_insert_public_vendors() OWNER TO rc_owner")
        superuser.execute("INSERT INTO vendors VALUES (2, 'a', 1, 'x')")
        assert queued(superuser) == ["vendor:2"]
        assert "rows read by pgspec.cache_insert_public_vendors(): row security on places" in refused(
            superuser, verify(result)
        )


def test_truncate_reads_the_table_itself(owned: Database) -> None:
    hidden = guard("vendors", *WRITERS).replace("RLS007: elsewhere", "RLS007: elsewhere, RLS002: blind on purpose")
    with owned.connect("rc_owner") as connection:
        connection.execute(SCHEMA.encode())
        said = refused(connection, migrate(project(TAGS, hidden)))
    assert "cache_truncate_public_vendors() reads vendors as rc_owner" in said
    assert "cache_insert" not in said  # which reads what no policy hides


def test_the_condition_of_an_exposed_view_is_a_reader() -> None:
    """`NOT EXISTS (SELECT ...)` over rows that a policy hides would show more than it should."""
    where = "owner = current_user AND NOT EXISTS (SELECT FROM places p WHERE p.owner = current_user)"
    view = VIEW.replace("id, city FROM places", "id, owner FROM vendors")
    exposed = f"{view}indexes: [{{columns: [owner]}}]\nexpose: {{as: shown, where: {where}, to: [rc_api]}}\n"
    text = project(exposed, guard("places", OWN)).files["generated/schema.sql"]
    assert "FROM (VALUES\n  ('view', 'public.shown', ARRAY['public.places'])\n)" in text


def test_nothing_is_asked_without_row_security() -> None:
    assert "$check$" not in project(VIEW, TAGS).files["generated/schema.sql"]
    schema = SCHEMA.replace("GRANT", "-- GRANT")
    assert "$check$" not in project(VIEW, guard("vendors", OWN), schema=schema).files["generated/schema.sql"]
    assert "$check$" in project(VIEW, guard("places", OWN)).files["generated/schema.sql"]


# What the files alone tell

OFFLINE = """\
CREATE ROLE named; CREATE ROLE free BYPASSRLS; CREATE ROLE grouped IN ROLE named;
CREATE TABLE forced (id int PRIMARY KEY, owner text NOT NULL);
ALTER TABLE forced ENABLE ROW LEVEL SECURITY; ALTER TABLE forced FORCE ROW LEVEL SECURITY;
ALTER TABLE forced OWNER TO named;
CREATE TABLE plain (id int PRIMARY KEY); ALTER TABLE plain ENABLE ROW LEVEL SECURITY;
CREATE TABLE named_plain (id int PRIMARY KEY); ALTER TABLE named_plain ENABLE ROW LEVEL SECURITY;
ALTER TABLE named_plain OWNER TO named;
CREATE TABLE judged (id int PRIMARY KEY); ALTER TABLE judged ENABLE ROW LEVEL SECURITY;
ALTER TABLE judged FORCE ROW LEVEL SECURITY; CREATE POLICY p ON judged USING (true);
CREATE TABLE guarded (id int PRIMARY KEY, owner text NOT NULL);
CREATE TABLE unforced (id int PRIMARY KEY, owner text NOT NULL);
ALTER TABLE guarded OWNER TO named; ALTER TABLE unforced OWNER TO named;
CREATE VIEW seen AS SELECT id FROM forced;
"""


@pytest.mark.parametrize(
    ("table", "owner", "finding"),
    [
        ("forced", "named", True),
        ("forced", "grouped", True),
        ("forced", "rc_api", True),
        ("forced", "free", False),
        ("forced", "rc_job", False),  # a role of the platform: the server is asked
        ("forced", None, False),
        ("seen", "named", False),  # a view reads as its own owner
        ("plain", "rc_api", True),
        ("plain", "named", False),  # it may own the table
        ("named_plain", "named", False),
        ("named_plain", "grouped", False),
        ("judged", "named", False),  # nobody reads the policies of the schema files
        ("guarded", "named", True),
        ("unforced", "named", False),
        ("unforced", "rc_api", True),
    ],
)
def test_an_owner_that_is_known_to_be_bound(table: str, owner: str | None, finding: bool) -> None:
    view = f"kind: materialized_view\nname: copy\nunique_key: [id]\nquery: SELECT id FROM {table}\n"
    view += f"owner: {owner}\n" if owner else ""
    texts = {
        "specs/project.yaml": PROJECT,
        "specs/schema.sql": OFFLINE,
        "specs/a.yaml": "---\n".join([view, guard("guarded", OWN), guard("unforced", OWN, force=False)]),
    }
    codes = [item.code for item in compile_project(from_texts(texts)).diagnostics if item.code.startswith("MV")]
    accepted = {**texts, "specs/a.yaml": texts["specs/a.yaml"].replace("name: copy", "name: copy\nallow: {MV009: so}")}
    result = compile_project(from_texts(accepted))
    if finding:
        assert codes[0] == "MV009"
        assert result.ok and "$check$" not in result.files["generated/schema.sql"]
    else:
        assert "MV009" not in codes


EVERYTHING = "{name: a, command: select, to: [public], using: 'true'}"


@pytest.mark.parametrize(
    ("policies", "finding"),
    [
        (EVERYTHING, False),
        ("{name: a, to: [rc_group], using: 'true'}", False),
        ("{name: a, command: select, to: [rc_job], using: 'true'}", True),
        ("{name: a, command: select, to: [public], using: 'id > 0'}", True),
        ("{name: a, command: update, to: [public], using: 'true'}", True),
        (f"{EVERYTHING}\n- {{name: b, command: select, to: [rc_group], using: 'id > 0', restrictive: true}}", True),
    ],
)
def test_a_policy_that_admits_the_owner(policies: str, finding: bool) -> None:
    schema = f"CREATE ROLE named; GRANT rc_group TO named; {SCHEMA.replace('GRANT INSERT', '-- GRANT INSERT')}"
    spec = guard("places", policies).replace("RLS007: elsewhere", "RLS007: elsewhere, RLS002: not here")
    texts = {
        "specs/project.yaml": PROJECT,
        "specs/schema.sql": schema,
        "specs/a.yaml": f"{VIEW}owner: named\n---\n{spec}",
    }
    codes = {item.code for item in compile_project(from_texts(texts)).diagnostics}
    assert ("MV009" in codes) is finding
