"""A project whose generated clients are tried: compiled, installed in a database, and called from programs."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from psycopg.conninfo import conninfo_to_dict

import node
from live import Database
from pgspec.compile import Result, compile_project
from pgspec.sources import from_texts
from pgspec.sql import ident
from shop import make_roles

PROJECT = """\
kind: project
name: world
clients: [typescript, python]
roles: {api: [anon], service: [service_role]}
"""
KINDS = {
    "uuid": ["6B1F0000-0000-4000-8000-00000000000A", "00000000-0000-0000-0000-000000000000"],
    "smallint": ["-32768", "7"],
    "integer": ["0", "-2147483648"],
    "oid": ["0", "4294967295"],
    "bigint": ["9223372036854775807", "-9223372036854775808", "12"],
    "boolean": ["true", "false"],
    "numeric": ["12.50", "0.0000001", "100000000000000000000", "-0.0", "NaN", "1e3"],
    "numeric(12,2)": ["12.5", "1e3", "-7"],
    "text": ["a b", "it's :*", "", "\u00fcn\u00efc\u00f6de \U0001f600", "back\\slash \"x\"", "a\nb", " x "],
    "varchar(20)": ["twenty", " x "],
    "char(6)": ["ab", "", " a  b"],
    "name": ["n"],
    '"char"': ["x"],
    "mood": ["sad", "it's \"ok\""],
    "code": ["00042"],
    "inet": ["10.0.0.1", "10.0.0.1/8", "::1", "2001:DB8::/32", "0.0.0.0/0"],
    "cidr": ["10.0.0.0/8", "2001:db8::/32", "10.1.2.3/32"],
    "macaddr": ["08-00-2B-01-02-03"],
    "macaddr8": ["08:00:2b:01:02:03:04:05"],
}  # fmt: skip
"""Types that tags may be made of, with values as they are written."""

COLUMNS = {f"c{number}": kind for number, kind in enumerate(KINDS)}
SCHEMA = f"""\
CREATE TYPE mood AS ENUM ('sad', 'it''s "ok"');
CREATE DOMAIN code AS text CHECK (value ~ '^[0-9]+$');
CREATE TABLE kinds ({", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())});
CREATE TABLE items (id int PRIMARY KEY, value int NOT NULL);
CREATE SCHEMA api;
GRANT USAGE ON SCHEMA api TO anon, service_role;
CREATE TABLE payouts (id bigint PRIMARY KEY, owner text NOT NULL);
CREATE TABLE ledgers (id bigint PRIMARY KEY);
CREATE TABLE secrets (id bigint PRIMARY KEY);
GRANT SELECT ON kinds, items TO service_role;
"""
SPECS = f"""\
kind: invalidation
name: kinds
table: kinds
tags: {json.dumps([f"{name}:{{{name}}}" for name in COLUMNS])}
allow: {{INV004: the programs of the test use them}}
---
kind: invalidation
name: items
table: items
tags: [items, "item:{{id}}"]
allow: {{INV004: the programs of the test use them}}
---
kind: cached_query
name: item_value
query: SELECT value FROM items WHERE id = :id AND value <> ALL (:others::int[])
tags: ["item:{{id}}"]
ttl: 1h
---
kind: rls
table: payouts
on_denied: error
hint: "Sign in as an admin."
expose: {{as: api.payouts}}
policies:
  - {{name: read, command: select, to: [anon], using: "(SELECT pgspec.claim('role')) = 'admin'"}}
  - {{name: write, command: insert, to: [anon], check: "owner = (SELECT pgspec.claim('sub'))"}}
allow: {{RLS003: the test has no fixtures}}
---
kind: rls
table: ledgers
on_denied: error
expose: {{as: api.ledgers}}
policies: [{{name: read, command: select, to: [anon], using: "(SELECT pgspec.claim('role')) = 'admin'"}}]
allow: {{RLS003: the test has no fixtures}}
"""
CACHE = Path(__file__).parents[1] / ".mypy_cache" / "clients"  # psycopg is read once
NAMES = ("pgspec.ts", "pgspec_client.py")


def compiled(files: Mapping[str, str]) -> Result:
    """A project compiled; its findings, if it has errors, are the test's failure."""
    result = compile_project(from_texts({f"specs/{name}": text for name, text in files.items()}))
    assert result.ok, [finding.message for finding in result.diagnostics]
    return result


def clients(result: Result) -> tuple[str, str]:
    """The texts of the clients: TypeScript, Python."""
    typescript, python = (result.files.get(f"generated/clients/{name}", "") for name in NAMES)
    return typescript, python


@cache
def world(runtime: str = "public") -> Result:
    """The project, compiled; ``runtime`` is the schema of the queue."""
    project = PROJECT + f"runtime_schema: {json.dumps(runtime)}\n"
    return compiled({"project.yaml": project, "schema.sql": _schema(runtime), "all.yaml": SPECS})


def install(database: Database, runtime: str = "public") -> None:
    """The tables and the generated SQL, in an empty database."""
    with database.connect() as connection:
        make_roles(connection)
    database.run(_schema(runtime))
    database.run(world(runtime).files["generated/schema.sql"])


def _schema(runtime: str) -> str:
    if runtime == "public":
        return SCHEMA
    return f"{SCHEMA}CREATE SCHEMA {ident(runtime)};\nGRANT USAGE ON SCHEMA {ident(runtime)} TO service_role;\n"


def load_python(text: str, folder: Path, name: str = "pgspec_client") -> ModuleType:
    """The text as a module."""
    path = folder / f"{name}.py"
    path.write_text(text, "utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def typescript_folder(folder: Path, files: Mapping[str, str]) -> Path:
    """The folder with compiled TypeScript; an error of types is the test's failure."""
    node.node_folder(folder, files)
    assert node.tsc(folder, *(name for name in files if name.endswith(".ts"))) == []
    return folder


def settings(database: Database, role: str = "service_role") -> dict[str, Any]:
    """What node-postgres connects with."""
    known = conninfo_to_dict(database.dsn)
    return {
        "host": known["host"],
        "port": int(known["port"] or 5432),
        "database": known["dbname"],
        "user": known["user"],
        "options": f"-c role={role}",
    }


def mypy(folder: Path, *names: str) -> list[tuple[str, int, str]]:
    """The errors that ``mypy --strict`` finds, as (file, line, message)."""
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--no-pretty",
        "--config-file=",
        f"--cache-dir={CACHE}",
    ]
    done = subprocess.run([*command, *names], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    lines = [line.split(":", 3) for line in done.stdout.splitlines() if ": error:" in line]
    assert lines or done.returncode == 0, done.stdout
    return [(file, int(number), message) for file, number, _, message in lines]
