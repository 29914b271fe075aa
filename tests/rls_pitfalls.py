"""Specs with one pitfall of row security each, and a variant beside each that has none."""

from __future__ import annotations

from pgspec.compile import Result, compile_project
from pgspec.sources import from_texts

ROLES = """\
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'pit_anon') THEN
    CREATE ROLE pit_anon; CREATE ROLE pit_user; CREATE ROLE pit_owner; CREATE ROLE pit_job BYPASSRLS;
  END IF;
END $$;
GRANT USAGE, CREATE ON SCHEMA public TO pit_owner;
"""
TABLES = """\
CREATE TABLE notes (
  id bigint PRIMARY KEY, owner text NOT NULL, org text NOT NULL DEFAULT 'a', state text NOT NULL DEFAULT 'new'
);
CREATE INDEX notes_owner_idx ON notes (owner);
CREATE INDEX notes_org_idx ON notes (org);
"""
PROJECT = """\
kind: project
name: pitfalls
roles: {api: [pit_anon, pit_user], service: [pit_job]}
personas:
  anonymous: {role: pit_anon}
  alice: {role: pit_user, claims: {sub: alice, org: a}}
fixtures:
  notes:
    hers: {id: 1, owner: alice}
    his: {id: 2, owner: bob}
    other: {id: 3, owner: carol, org: b}
"""
MINE = "owner = (SELECT pgspec.claim('sub'))"
ORG = "org = (SELECT pgspec.claim('org'))"
NOTES = "kind: rls\ntable: notes\n"
# Findings about expectations, which these specs do not have.
ASIDE = {"RLS006", "RLS007", "RLS010"}


def policy(using: str = "", command: str = "select", more: str = "", name: str = "own", to: str = "pit_user") -> str:
    condition = f', using: "{using}"' if using else ""
    return f"  - {{name: {name}, command: {command}, to: [{to}]{condition}{more}}}\n"


def notes(*policies: str, head: str = "") -> str:
    return f"{NOTES}{head}policies:\n{''.join(policies)}"


def function(head: str, body: str, name: str = "allowed()", returns: str = "boolean") -> str:
    return f"CREATE FUNCTION {name} RETURNS {returns} {head} AS $f$ {body} $f$;\n"


def compiled(schema: str, specs: str, project: str = PROJECT) -> Result:
    texts = {"specs/project.yaml": project, "specs/schema.sql": ROLES + TABLES + schema, "specs/rls.yaml": specs}
    return compile_project(from_texts(texts))


def codes(schema: str, specs: str, project: str = PROJECT) -> set[str]:
    return {item.code for item in compiled(schema, specs, project).diagnostics} - ASIDE


SELECT = policy(MINE)
ASKS = policy("(SELECT allowed())")
ROW = policy("allowed()").replace("allowed()", "allowed(id)")
READS = "SELECT EXISTS (SELECT FROM notes WHERE owner = 'alice')"
OWNED = "ALTER TABLE notes OWNER TO pit_owner;\n"
DEFINER = "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp"
ADMINS = "(SELECT pgspec.claim('role')) = 'admin'"
CHECKED = policy(ADMINS, "update", ", check: \"owner <> '' AND state = 'approved'\"", "admins")
SAFE = policy(ADMINS, "update", f", check: \"{ADMINS} AND owner <> '' AND state = 'approved'\"", "admins")
UPDATE = policy(MINE, "update", f', check: "{MINE}"', "change")
PART = "CREATE TABLE part () INHERITS (notes);"
CHILD = """\
CREATE TABLE parents (id bigint PRIMARY KEY, org text NOT NULL, UNIQUE (org, id));
CREATE INDEX ON parents (org);
CREATE TABLE children (id bigint PRIMARY KEY, org text NOT NULL, parent_id bigint, {key});
CREATE INDEX ON children (org);
"""
FAMILY = "".join(
    f'kind: rls\ntable: {table}\npolicies:\n  - {{name: org, to: [pit_user], using: "{ORG}"}}\n---\n'
    for table in ("parents", "children")
).removesuffix("---\n")

# pitfall: the schema and the specs, what is found, and the variant beside it in which nothing is found
FOUND: dict[str, tuple[tuple[str, str], str, tuple[str, str]]] = {
    "P1 owner": (("", notes(SELECT, head="force: false\n")), "RLS020", ("", notes(SELECT))),
    "P4 no select": (
        ("", notes(policy(MINE, "delete"))),
        "RLS002",
        ("", notes(SELECT, policy(MINE, "delete", name="d"))),
    ),
    "P4 moved": (
        ("", notes(policy(ORG), policy(MINE, "update", ', check: "true"', "u"))),
        "RLS001",
        ("", notes(policy(ORG), policy(MINE, "update", f', check: "{MINE} AND {ORG}"', "u"))),
    ),
    "P5 crossed": (("", notes(SELECT, UPDATE, CHECKED)), "RLS021", ("", notes(SELECT, UPDATE, SAFE))),
    "P5 other roles": (
        ("", notes(SELECT, UPDATE, CHECKED)),
        "RLS021",
        ("", notes(policy(MINE, to="pit_user, pit_anon"), UPDATE, CHECKED.replace("pit_user", "pit_anon"))),
    ),
    "P5 restrictive": (
        ("", notes(SELECT, UPDATE, CHECKED)),
        "RLS021",
        ("", notes(SELECT, UPDATE, CHECKED, policy(ADMINS, "update", ", restrictive: true", "only"))),
    ),
    "P6 restrictive only": (
        ("", notes(policy(MINE, more=", restrictive: true"))),
        "RLS002",
        ("", notes(SELECT, policy(ORG, more=", restrictive: true", name="narrow"))),
    ),
    "P7 invoker": (
        (function("LANGUAGE plpgsql STABLE", f"BEGIN RETURN ({READS}); END"), notes(ASKS)),
        "RLS005",
        (function("LANGUAGE plpgsql STABLE", "BEGIN RETURN EXISTS (SELECT 1 notes); END"), notes(ASKS)),
    ),
    "P7 nested": (
        (
            function("LANGUAGE sql STABLE", READS, "inner_()") + function("LANGUAGE sql STABLE", "SELECT inner_()"),
            notes(ASKS),
        ),
        "RLS005",
        (function("LANGUAGE sql STABLE", "SELECT true"), notes(ASKS)),
    ),
    "P7 atomic": (
        ("CREATE FUNCTION allowed() RETURNS boolean STABLE BEGIN ATOMIC SELECT true FROM notes; END;\n", notes(ASKS)),
        "RLS005",
        ("CREATE FUNCTION allowed() RETURNS boolean STABLE BEGIN ATOMIC SELECT true; END;\n", notes(ASKS)),
    ),
    "P7 definer under FORCE": (
        (
            f"{OWNED}{function(DEFINER, READS)}ALTER FUNCTION allowed OWNER TO pit_owner;",
            notes(ASKS),
        ),
        "RLS005",
        (
            f"{OWNED}{function(DEFINER, READS)}ALTER FUNCTION allowed OWNER TO pit_job;",
            notes(ASKS),
        ),
    ),
    "P7 view": (
        (
            "CREATE VIEW v WITH (security_invoker) AS SELECT * FROM notes;",
            notes(policy("owner IN (SELECT v.owner FROM v)")),
        ),
        "RLS005",
        ("CREATE VIEW v AS SELECT * FROM notes;", notes(policy("owner IN (SELECT v.owner FROM v)"))),
    ),
    "P8 through helpers": (
        (
            function(
                "LANGUAGE sql STABLE",
                "SELECT current_setting('x', true)::json #>> '{user_metadata,vip}'",
                "vip()",
                "text",
            )
            + function("LANGUAGE plpgsql STABLE", "BEGIN RETURN vip() = 'yes'; END"),
            notes(ASKS),
        ),
        "RLS003",
        (function("LANGUAGE plpgsql STABLE", "BEGIN RETURN true; -- not user_metadata\n END"), notes(ASKS)),
    ),
    "P10 lower": (
        ("CREATE INDEX i ON notes (lower(state));", notes(SELECT)),
        "RLS027",
        ("CREATE INDEX i ON notes (state);", notes(SELECT)),
    ),
    "P10 LIKE": (
        ("CREATE INDEX i ON notes (state text_pattern_ops);", notes(SELECT)),
        "RLS027",
        ("CREATE INDEX i ON notes (state, lower(state));", notes(SELECT)),
    ),
    "P10 enum": (
        (
            "CREATE TYPE mood AS ENUM ('x'); ALTER TABLE notes ADD mood mood; CREATE INDEX i ON notes (mood);",
            notes(SELECT),
        ),
        "RLS027",
        ("CREATE DOMAIN mood AS text; ALTER TABLE notes ADD mood mood; CREATE INDEX i ON notes (mood);", notes(SELECT)),
    ),
    "P10 GIN": (
        ("ALTER TABLE notes ADD doc jsonb; CREATE INDEX i ON notes USING gin (doc);", notes(SELECT)),
        "RLS027",
        ("ALTER TABLE notes ADD doc jsonb; CREATE INDEX i ON notes USING gin (doc);", notes(policy("true"))),
    ),
    "P10 of the policy": (
        ("CREATE INDEX i ON notes (lower(state));", notes(policy(MINE))),
        "RLS027",
        ("CREATE INDEX i ON notes (lower(state));", notes(policy("lower(state) = 'x'"))),
    ),
    "P11 writes": (
        ("", notes(policy(command="insert", more=', check: "true"'))),
        "RLS022",
        ("", notes(policy(command="insert", more=f', check: "{MINE}"'))),
    ),
    "P11 narrowed": (
        ("", notes(SELECT, policy("true", "delete", name="d"))),
        "RLS022",
        ("", notes(SELECT, policy("true", "delete", name="d"), policy(MINE, "delete", ", restrictive: true", "n"))),
    ),
    "P11 idle": (
        ("", notes(SELECT, policy("id = 1 OR true", name="o"))),
        "RLS022",
        ("", notes(policy("true", name="o"))),
    ),
    "P12 foreign key": (
        (CHILD.format(key="FOREIGN KEY (parent_id) REFERENCES parents (id)"), FAMILY),
        "RLS023",
        (CHILD.format(key="FOREIGN KEY (org, parent_id) REFERENCES parents (org, id)"), FAMILY),
    ),
    "P13 unique": (
        ("ALTER TABLE notes ADD slug text UNIQUE;", notes(policy(ORG, "all"))),
        "RLS023",
        ("ALTER TABLE notes ADD slug text, ADD UNIQUE (slug, org);", notes(policy(ORG, "all"))),
    ),
    "P13 generated": (
        ("ALTER TABLE notes ADD slug text UNIQUE;", notes(policy(ORG, "all"))),
        "RLS023",
        (
            "ALTER TABLE notes ADD slug uuid UNIQUE, ADD n bigint GENERATED ALWAYS AS IDENTITY UNIQUE;",
            notes(policy(ORG, "all")),
        ),
    ),
    "P14 search_path": (
        (function("LANGUAGE sql STABLE SECURITY DEFINER", "SELECT true"), notes(ASKS)),
        "RLS025",
        (function(DEFINER, "SELECT true"), notes(ASKS)),
    ),
    "P14 temporary tables": (
        (
            function("LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public", "SELECT EXISTS (SELECT FROM t)"),
            notes(ASKS),
        ),
        "RLS025",
        (
            function(
                "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''", "SELECT EXISTS (SELECT FROM public.t)"
            ),
            notes(ASKS),
        ),
    ),
    "P15 BYPASSRLS": (
        ("ALTER ROLE pit_user BYPASSRLS;", notes(SELECT)),
        "RLS024",
        ("ALTER ROLE pit_owner BYPASSRLS;", notes(SELECT)),
    ),
    "P15 SET ROLE": (
        ("GRANT pit_job TO pit_user;", notes(SELECT)),
        "RLS024",
        ("GRANT pit_user TO pit_job;", notes(SELECT)),
    ),
    "P15 owner": (
        (f"{OWNED}GRANT pit_owner TO pit_anon;", notes(SELECT)),
        "RLS024",
        (f"{OWNED}GRANT pit_owner TO pit_job;", notes(SELECT)),
    ),
    "P16 child": (
        (f"{PART} GRANT SELECT ON part TO pit_anon;", notes(SELECT)),
        "RLS024",
        (f"{PART} GRANT SELECT ON part TO pit_job;", notes(SELECT)),
    ),
    "P16 everybody": (
        (f"{PART} GRANT SELECT ON part TO PUBLIC;", notes(SELECT)),
        "RLS024",
        (f"{PART} GRANT SELECT ON part TO PUBLIC; ALTER TABLE part ENABLE ROW LEVEL SECURITY;", notes(SELECT)),
    ),
    "P19 IMMUTABLE": (
        (function("LANGUAGE sql IMMUTABLE", "SELECT current_setting('x') = 'y'"), notes(ASKS)),
        "RLS025",
        (function("LANGUAGE sql IMMUTABLE", "SELECT 'x' = 'y'"), notes(ASKS)),
    ),
    "P21 EXECUTE": (
        (
            function("LANGUAGE sql STABLE", "SELECT true") + "REVOKE EXECUTE ON FUNCTION allowed() FROM PUBLIC;",
            notes(ASKS),
        ),
        "RLS025",
        (
            function("LANGUAGE sql STABLE", "SELECT true")
            + "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;\n"
            + "GRANT EXECUTE ON FUNCTION allowed TO pit_user;",
            notes(ASKS),
        ),
    ),
    "P21 default privileges": (
        (
            "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;\n"
            + function("LANGUAGE sql STABLE", "SELECT true"),
            notes(ASKS),
        ),
        "RLS025",
        (
            "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;\n"
            + function("LANGUAGE sql STABLE", "SELECT true"),
            notes(ASKS),
        ),
    ),
    "raises": (
        (function("LANGUAGE plpgsql STABLE", "BEGIN RAISE EXCEPTION 'no'; END", "allowed(bigint)"), notes(ROW)),
        "RLS025",
        (
            function("LANGUAGE plpgsql STABLE", "BEGIN RAISE NOTICE 'no'; RETURN false; END", "allowed(bigint)"),
            notes(ROW),
        ),
    ),
    "index": (
        ("DROP INDEX notes_owner_idx;", notes(SELECT)),
        "RLS026",
        ("DROP INDEX notes_org_idx;", notes(policy(f"{MINE} OR {ORG}"), policy("state = 'open'", name="o"))),
    ),
    "index of a part": (
        (
            "DROP INDEX notes_owner_idx; CREATE INDEX ON notes (owner) WHERE id > 0; CREATE INDEX ON notes (id, owner)",
            notes(SELECT),
        ),
        "RLS026",
        ("DROP INDEX notes_owner_idx; CREATE INDEX ON notes (owner, id);", notes(SELECT)),
    ),
}

# More of the same: the schema, the specs, and what is found.
TRUE = function("LANGUAGE sql STABLE", "SELECT true")
INNER = function("LANGUAGE sql STABLE", READS, "inner_()")
OUTER = function(DEFINER, "SELECT inner_()")
TO_JOB = "ALTER FUNCTION allowed OWNER TO pit_job;\n"
BY_OWNER = f"{OWNED}{function(DEFINER, READS)}ALTER FUNCTION allowed OWNER TO pit_owner;\n"
NO_INDEX = "DROP INDEX notes_owner_idx;"
SUBS = "string_to_array((SELECT pgspec.claim('subs')), ',')"
MEMBER = "(SELECT m.owner FROM members m WHERE m.id = (SELECT pgspec.claim('sub')))"
VIEW = "CREATE VIEW v AS SELECT * FROM notes; ALTER VIEW v SET (security_invoker = {});"
OF_VIEW = notes(policy("owner IN (SELECT v.owner FROM v)"))
PARTS = """\
CREATE TABLE logs (id bigint, owner text) PARTITION BY LIST (id);
CREATE INDEX ON logs (owner);
CREATE TABLE shard PARTITION OF logs FOR VALUES IN (1) PARTITION BY LIST (id);
CREATE TABLE part PARTITION OF shard DEFAULT;
"""
ALLOWED_IN_TWO_STEPS = TRUE.replace("allowed", "inner_") + function("LANGUAGE sql STABLE", "SELECT inner_()")
MORE: dict[str, tuple[str, str, set[str]]] = {
    "both policies ask the caller": (
        "",
        notes(SELECT, CHECKED, policy(f"{ADMINS} AND {MINE}", "update", f', check: "{ADMINS} AND {MINE}"', "o")),
        set(),
    ),
    "everybody reads, owners write": ("", notes(policy("true", name="read"), policy(MINE, "all")), set()),
    "one role reads all, another its own": (
        "",
        notes(policy("true", name="read", to="pit_anon"), policy(MINE, to="pit_anon, pit_user")),
        set(),
    ),
    "nobody's own": ("", notes(policy("true", name="read", to="public"), policy(MINE)), {"RLS022"}),
    "a partition of a partition": (
        f"{PARTS}GRANT SELECT ON part TO pit_user;",
        notes(SELECT).replace("table: notes", "table: logs"),
        {"RLS024"},
    ),
    "a partition with policies of its own": (
        f"{PARTS}GRANT SELECT ON part TO pit_user;",
        "---\n".join(notes(SELECT).replace("table: notes", f"table: {name}") for name in ("logs", "part")),
        set(),
    ),
    "one row for each parent": (
        "CREATE TABLE parents (id bigint PRIMARY KEY); ALTER TABLE notes ADD p bigint UNIQUE REFERENCES parents;",
        notes(policy(ORG, "all")),
        set(),
    ),
    "a key of numbers, which is there to be unique": ("ALTER TABLE notes ADD n numeric UNIQUE;", notes(SELECT), set()),
    "rows that others see too": (
        "ALTER TABLE notes ADD slug text UNIQUE;",
        notes(policy(ORG, "all"), policy("state = 'open'", name="o")),
        set(),
    ),
    "an owner that nobody names": (function(DEFINER, READS), notes(ASKS), set()),
    "names that are qualified": (
        function(
            "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public", "SELECT EXISTS (SELECT FROM public.t)"
        ),
        notes(ASKS),
        set(),
    ),
    "called by a definer": (f"{INNER}{OUTER}{TO_JOB}REVOKE ALL ON FUNCTION inner_ FROM PUBLIC;", notes(ASKS), set()),
    "called by an invoker": (
        f"{ALLOWED_IN_TWO_STEPS}REVOKE ALL ON FUNCTION inner_ FROM PUBLIC;",
        notes(ASKS),
        {"RLS025"},
    ),
    "a variable with the name of the table": (
        function("LANGUAGE plpgsql STABLE", "DECLARE notes text; BEGIN RETURN 'x' IS DISTINCT FROM notes; END"),
        notes(ASKS),
        set(),
    ),
    "a body that is no SQL": (function("LANGUAGE plperl STABLE", "it's"), notes(ASKS), set()),
    "a body that cannot be seen": (
        "CREATE FUNCTION allowed() RETURNS boolean LANGUAGE c STABLE AS 'lib', 'symbol';\n",
        notes(ASKS),
        set(),
    ),
    "an empty body": (function("LANGUAGE sql STABLE", ""), notes(ASKS), set()),
    "a comma": (function("LANGUAGE sql STABLE", "SELECT true FROM t AS a, notes"), notes(ASKS), {"RLS005"}),
    "reassigned": (f"{BY_OWNER}REASSIGN OWNED BY pit_owner TO pit_job;", notes(ASKS), set()),
    "renamed": (
        f"{BY_OWNER}ALTER ROLE pit_job RENAME TO x; ALTER ROLE pit_owner RENAME TO y;",
        notes(ASKS),
        {"RLS005"},
    ),
    "replaced with its owner": (
        BY_OWNER + function(DEFINER, READS).replace("CREATE", "CREATE OR REPLACE"),
        notes(ASKS),
        {"RLS005"},
    ),
    "replaced with its rights": (
        f"{TRUE}REVOKE ALL ON FUNCTION allowed FROM PUBLIC;\n{TRUE.replace('CREATE', 'CREATE OR REPLACE')}",
        notes(ASKS),
        {"RLS025"},
    ),
    "a view that became one of the invoker": (VIEW.format("on"), OF_VIEW, {"RLS005"}),
    "a view that remained one of its owner": (VIEW.format("false"), OF_VIEW, set()),
    "sought in another table": (
        f"{NO_INDEX} CREATE TABLE members (id text, owner text);",
        notes(policy(f"owner = {MEMBER}")),
        {"RLS026"},
    ),
    "sought in the row": (NO_INDEX, notes(policy("owner = lower(org)")), set()),
    "sought from the right": (NO_INDEX, notes(policy("(SELECT pgspec.claim('sub')) = notes.owner")), {"RLS026"}),
    "sought in a list": (NO_INDEX, notes(policy(f"owner = ANY ({SUBS})")), {"RLS026"}),
}
