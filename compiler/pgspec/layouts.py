"""Releases as the files that migration runners expect.

A release is one SET, one DO block and one RESET for each direction, so every runner can run it as it is.  What differs
is where the files are, how up and down are told apart, and what a runner reads inside of SQL as its own: a line that
looks like its marker, a placeholder.  Where such text stands in a block, the block is written as an escape string.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pgspec import render
from pgspec.diagnostics import Diagnostic, Severity, Span
from pgspec.pgsql import ast, parse
from pgspec.releases import Release
from pgspec.sources import WRITTEN
from pgspec.sql import Sql, dollar, literal

Files = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a runner could not use a release: the file concerned, what is wrong with it, what to do."""

    path: str
    message: str
    help: str


@dataclass(frozen=True, slots=True)
class Script:
    """A release as text that one runner reads as nothing but SQL."""

    release: Release
    up: tuple[Sql, ...]
    down: tuple[Sql, ...]
    verify: tuple[Sql, ...]

    @property
    def version(self) -> str:
        """14 digits."""
        return self.release.version

    @property
    def name(self) -> str:
        """The name without the version."""
        return self.release.folder[15:]

    def printed(self, template: str, **more: Sql | Sequence[Sql]) -> str:
        """A template of templates/layout, which may print the statements, the name, and ``more``."""
        values = {
            "release": Sql(self.release.folder),  # letters, digits, `_` and `-`
            "name": Sql(self.name),
            "version": Sql(self.version),
            "written": Sql(f"{WRITTEN}{self.release.folder}/"),
            **{key: Sql("\n\n").join(getattr(self, key)) for key in ("up", "down", "verify")},
            **{f"{key}_statements": getattr(self, key) for key in ("up", "down")},
        }
        return render.whole(f"layout/{template}", values | more)


@dataclass(frozen=True, slots=True)
class Runner:
    """What a migration runner expects.

    ``folder``: where it looks, relative to the project, unless told otherwise.  ``globs``: what has to be read there.
    ``files``: the files of a release by path in that folder, given what is there.  ``grown``: the files that each
    release adds to.  ``reads``: what the runner takes for its own in the SQL that it is given.
    """

    folder: str
    globs: tuple[str, ...]
    files: Callable[[Script, Files], Files | Refusal]
    grown: tuple[str, ...] = ()
    reads: str = r"(?!)"


def lay_out(
    runner: str, folder: str, releases: Sequence[Release], found: Files, *, sealing: bool
) -> tuple[dict[str, str], list[Diagnostic]]:
    """The files to write, by path relative to the project, and what stands in the way of writing any.

    ``found``: what the runner's globs match in ``folder``, by path in it.  Written are the releases after the last one
    that is there, and the last of all when ``sealing`` it; a file that is there with another text is never replaced.
    """
    chosen = RUNNERS[runner]
    there = {path: text.replace("\r\n", "\n") for path, text in found.items()}
    known = [number for number, item in enumerate(releases) if any(_is_of(path, item) for path in there)]
    made: dict[str, str] = {}
    for release in releases[min(known[-1] + 1 if known else 0, len(releases) - sealing) :]:
        script = _script(release, re.compile(rf"\r|{chosen.reads}", re.MULTILINE))
        others = {path: text for path, text in (there | made).items() if not _is_of(path, release)}
        files = chosen.files(script, others)
        if isinstance(files, Refusal):
            return {}, [_finding("REL007", _join(folder, files.path), 1, files.message, files.help)]
        made |= files
    made = {path: text for path, text in made.items() if there.get(path) != text}
    taken = [path for path in made if path in there and path not in chosen.grown]
    if taken:
        return {}, [_taken(_join(folder, path), there[path], made[path]) for path in taken]
    return {_join(folder, path): text for path, text in made.items()}, []


def _is_of(path: str, release: Release) -> bool:
    """Whether the name of a file is that of a release, however its runner joins version and name."""
    pattern = rf"(?<![0-9]){release.version}(?:000)?_+{re.escape(release.folder[15:])}(?![\w-])"
    return re.search(pattern, path) is not None


def _taken(path: str, there: str, made: str) -> Diagnostic:
    pairs = zip(there.split("\n"), made.split("\n"), strict=False)
    line = next((number for number, (old, new) in enumerate(pairs, 1) if old != new), 1)
    message = f"`{path}` is already there, and is not what pgspec would write"
    return _finding("REL006", path, line, message, f"rename or remove it: git rm {path}")


def _finding(code: str, path: str, line: int, message: str, help_: str) -> Diagnostic:
    return Diagnostic(Span(path, line, 1, line, 2), code, Severity.ERROR, message, help_)


def _join(folder: str, path: str) -> str:
    return path if folder in ("", ".") else f"{folder.rstrip('/')}/{path}"


def _script(release: Release, reads: re.Pattern[str]) -> Script:
    up, down, verify = (
        _statements(release.files[name].decode(), reads) for name in ("migrate.sql", "rollback.sql", "verify.sql")
    )
    return Script(release, up, down, verify)


def _statements(text: str, reads: re.Pattern[str]) -> tuple[Sql, ...]:
    """The statements of a sealed file, without its comments, so that nothing in them is the runner's."""
    if "\n" in text and text[text.index("\n") - 1] == "\r":  # a checkout turned the line ends
        text = text.replace("\r\n", "\n")
    parsed, failure = parse(text)
    if failure is not None:
        raise ValueError(f"a release cannot be parsed: {failure.message}")
    return tuple(_statement(item.node, text[item.start : item.end], reads) for item in parsed)


def _statement(node: object, text: str, reads: re.Pattern[str]) -> Sql:
    if isinstance(node, ast.DoStmt):
        body = next(argument.arg.sval for argument in node.args if argument.defname == "as")
        return Sql(f"DO {_body(body, reads)};")
    if not isinstance(node, ast.VariableSetStmt):
        # Any other could be one that cannot run in a transaction, which has to stand in a file of its own.
        raise TypeError(f"a release has a statement that is neither SET nor DO: {text.strip()}")
    lines = [line for line in text.strip().split("\n") if line and not line.startswith("--")]
    return Sql("\n".join(lines) + ";")


def _body(body: str, reads: re.Pattern[str]) -> Sql:
    """A block's text between dollar quotes; as an escape string where the runner would read some of it as its own."""
    if not reads.search(body):
        return dollar(body)
    quoted = reads.sub(_escaped, body.replace("\\", "\\\\").replace("'", "''"))
    return Sql(f"E'{quoted}'")


def _escaped(found: re.Match[str]) -> str:
    return re.sub(r"[^\w\s]|\r", lambda sign: f"\\x{ord(sign[0]):02x}", found[0])


def _plain(files: Mapping[str, str]) -> Callable[[Script, Files], Files]:
    """Files that depend on nothing but the release: paths and their templates."""
    return lambda script, _: {
        path.format(version=script.version, name=script.name): script.printed(template)
        for path, template in files.items()
    }


def _time(script: Script, path: str) -> datetime | Refusal:
    """The version as a point in time, for runners that take it for one."""
    try:
        return datetime.strptime(f"{script.version}+0000", "%Y%m%d%H%M%S%z")
    except ValueError:
        message = f"version {script.version} is no point in time, and the runner reads it as one"
        return Refusal(path, message, "release with a version such as 20250823191011")


def _supabase(script: Script, _: Files) -> Files | Refusal:
    path = f"{script.release.folder}.sql"
    if script.name == "init" and script.version < "20211209000000":
        return Refusal(path, f"supabase passes over `{path}`: old tools wrote a dump there", "choose another name")
    return {path: script.printed("plain_up.sql.j2")}


def _sqitch(script: Script, found: Files) -> Files | Refusal:
    change, time = script.release.folder, _time(script, "sqitch.plan")
    if isinstance(time, Refusal):
        return time
    if change.endswith("-"):
        return Refusal("sqitch.plan", f"a change cannot end in a sign, as `{change}` does", "choose another name")
    plan = found.get("sqitch.plan", "%syntax-version=1.0.0\n%project=pgspec\n\n")
    project = re.search(r"^%project=(.*?)\s*$", plan, re.MULTILINE)
    files = {f"{kind}/{change}.sql": script.printed(f"sqitch_{kind}.sql.j2") for kind in ("deploy", "revert")}
    named = literal(project[1] if project else "")
    files[f"verify/{change}.sql"] = script.printed("sqitch_verify.sql.j2", project=named, change=literal(change))
    if not re.search(rf"^{re.escape(change)}\s", plan, re.MULTILINE):
        gap = "" if _has_changes(plan) else "\n"
        # A planner is required, and who released is not to be seen in what is written.
        entry = f"{change} {time:%Y-%m-%dT%H:%M:%SZ} pgspec <pgspec@localhost> # {script.name}"
        files["sqitch.plan"] = f"{plan.rstrip()}\n{gap}{entry}\n"
    return files if "sqitch.conf" in found else files | {"sqitch.conf": "[core]\n\tengine = pg\n"}


def _has_changes(plan: str) -> bool:
    return any(line.strip() and not line.startswith(("%", "#")) for line in plan.split("\n"))


_REVISION = re.compile(r"^revision\b[^=\n]*=\s*[\"']([^\"']+)", re.MULTILINE)
_PARENTS = re.compile(r"^down_revision\b[^=\n]*=\s*(\([^)]*\)|[\"'][^\"'\n]*)", re.MULTILINE)


def _alembic(script: Script, found: Files) -> Files | Refusal:
    path = f"{script.release.folder}.py"
    revisions = {match[1] for text in found.values() if (match := _REVISION.search(text))}
    parents = {
        name for text in found.values() if (match := _PARENTS.search(text)) for name in re.findall(r"[\w-]+", match[1])
    }
    heads = sorted(revisions - parents)
    if len(heads) > 1:
        return Refusal(path, f"there are {len(heads)} heads: {', '.join(heads)}", "alembic merge heads")
    texts = {f"{key}_texts": [_python(text) for text in getattr(script, key)] for key in ("up", "down")}
    before = Sql(f'"{heads[0]}"' if heads else "None")
    return {path: script.printed("alembic.py.j2", before=before, **texts)}


def _python(text: str) -> Sql:
    """A text as a literal of Python, on as many lines; the guard of `render` takes it as text that is quoted."""
    escaped = text.replace("\\", "\\\\").replace("\r", "\\r").replace('"""', '\\"\\"\\"')
    return Sql(f'"""{escaped}"""')


def _liquibase(script: Script, _: Files) -> Files:
    # Line by line: of a rollback in a block comment, Liquibase joins the lines without their ends.
    lines = Sql("\n\n").join(script.down).split("\n")
    undo = Sql("\n".join(f"--rollback {line}" for line in lines))
    return {f"{script.release.folder}.sql": script.printed("liquibase.sql.j2", undo=undo)}


def _graphile(script: Script, found: Files) -> Files:
    committed = {
        int(path.partition("-")[0].partition(".")[0]): text for path, text in found.items() if path[:1].isdigit()
    }
    last = max(committed, default=0)
    header = re.search(r"^--! Hash: *(\S+)$", committed.get(last, ""), re.MULTILINE)
    before = header[1] if header else ""
    body = script.printed("plain_up.sql.j2").strip()
    # The runner's own formula, which it checks before it runs a file.
    digest = hashlib.sha1(f"{before}\n{body}".strip().encode() + b"\n", usedforsecurity=False).hexdigest()
    text = f"--! Previous: {before or '-'}\n--! Hash: sha1:{digest}\n--! Message: {script.name}\n\n{body}\n"
    return {f"{last + 1:06}-{script.release.folder}.sql": text}


def _prisma(script: Script, found: Files) -> Files:
    files = {f"{script.release.folder}/migration.sql": script.printed("plain_up.sql.j2")}
    return files if "migration_lock.toml" in found else files | {"migration_lock.toml": 'provider = "postgresql"\n'}


def _node(script: Script, _: Files) -> Files | Refusal:
    # Seventeen digits are a time to the runner, in milliseconds; fourteen would sort as milliseconds since 1970.
    path = f"{script.version}000_{script.name}.sql"
    time = _time(script, path)
    return time if isinstance(time, Refusal) else {path: script.printed("node_pg_migrate.sql.j2")}


def _psql(script: Script, found: Files) -> Files:
    folder = script.release.folder
    kinds = {kind: f"{folder}.{kind}.sql" for kind in ("up", "down", "verify")}
    files = {path: script.printed(f"psql_{kind}.sql.j2") for kind, path in kinds.items()}
    index = found.get("up.sql", "-- every release, in order, for a new database\n\\set ON_ERROR_STOP on\n")
    line = f"\\ir {kinds['up']}\n"
    return files | {"up.sql": index if line in index else f"{index.rstrip()}\n{line}"}


_BOTH = {"{version}_{name}.up.sql": "plain_up.sql.j2", "{version}_{name}.down.sql": "plain_down.sql.j2"}
_FLYWAY = {"V{version}__{name}.sql": "plain_up.sql.j2", "U{version}__{name}.sql": "plain_down.sql.j2"}
_SQITCH = ("sqitch.plan", "sqitch.conf", "deploy/*.sql", "revert/*.sql", "verify/*.sql")

RUNNERS: Mapping[str, Runner] = {
    "alembic": Runner("alembic/versions", ("*.py",), _alembic),
    "dbmate": Runner(
        "db/migrations", ("*.sql",), _plain({"{version}_{name}.sql": "dbmate.sql.j2"}), reads=r"--\s*migrate:"
    ),
    "flyway": Runner("sql", ("*.sql",), _plain(_FLYWAY), reads=r"\$\{"),
    "golang-migrate": Runner("migrations", ("*.sql",), _plain(_BOTH)),
    "goose": Runner("migrations", ("*.sql",), _plain({"{version}_{name}.sql": "goose.sql.j2"}), reads=r"\+goose"),
    "graphile-migrate": Runner(
        "migrations/committed",
        ("*.sql",),
        _graphile,
        reads=r"--!|:DATABASE_(?:NAME|OWNER)\b|(?<![\w:]):[A-Z][A-Z0-9_]*\b",
    ),
    "liquibase": Runner(
        "db/changelog",
        ("*.sql",),
        _liquibase,
        reads=r"\$\{|/\*\s*liquibase"
        r"|(?i:^\s*--?\s*(?:liquibase|changeset|rollback|property|comment|precondition|ignore|valid))",
    ),
    "node-pg-migrate": Runner("migrations", ("*.sql",), _node, reads=r"(?i:--[\s\ufeff-]*(?:up|down)\s+migration)"),
    "prisma": Runner("prisma/migrations", ("migration_lock.toml", "*/migration.sql"), _prisma),
    "psql": Runner("psql", ("*.sql",), _psql, grown=("up.sql",)),
    "sqitch": Runner(".", _SQITCH, _sqitch, grown=("sqitch.plan",)),
    "supabase": Runner("supabase/migrations", ("*.sql",), _supabase),
}
