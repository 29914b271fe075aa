"""Plans and states -> the SQL files that people review and run.

Migrations are one DO block.  One statement is all or nothing whoever runs it: plain psql in autocommit, or a migration
runner inside a transaction of its own, which no COMMIT of ours may end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgspec import render
from pgspec.objects import TYPES, Key, SqlObject
from pgspec.pgsql import ParseFailure, count_statements
from pgspec.plan import Plan, Step
from pgspec.plan import plan as plan_changes
from pgspec.runtime import FINGERPRINT, REGISTRY
from pgspec.runtime.cache import THROWN
from pgspec.sql import QName, Sql, commas, dollar, literal, qname, remark
from pgspec.state import State

_MANY = 8  # paths in a header

# What a step is called in the remark above it, and the block of the template that prints it.
_WORDS = {
    "create": ("create", "create"),
    "rename": ("rename", "rename"),
    "replace": ("change", "create"),
    "drop": ("drop", "drop"),
    "build": ("build beside the old one:", "create"),
    "place": ("put in its place:", "place"),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What the files need to know of the project: its name, timeouts as PostgreSQL writes them, the internal schema,
    the roles from whom rights are taken."""

    project: str
    lock_timeout: str
    statement_timeout: str
    internal_schema: str
    roles: tuple[str, ...] = ()

    @property
    def registry(self) -> Sql:
        """The table of what was deployed."""
        return qname(QName(self.internal_schema, REGISTRY))

    @property
    def thrown(self) -> Sql:
        """The table of the switches that are thrown."""
        return qname(QName(self.internal_schema, THROWN))

    @property
    def fingerprint(self) -> Sql:
        """The function that hashes the server's text of an object."""
        return qname(QName(self.internal_schema, FINGERPRINT))


class PrintError(Exception):
    """What was printed is not what was meant: a bug in pgspec, caught before it is written."""


class Printer:
    """Prints plans and states.  An object is printed once, however many files show it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: dict[int, tuple[SqlObject, dict[str, Any]]] = {}
        self._printed: dict[tuple[int, int, str], dict[str, Any]] = {}

    def migrate_sql(self, title: str, changes: Plan, target: State) -> str:
        """The steps of a plan as one DO block, and their entries in the registry."""
        settings = self._settings
        steps = self.steps(changes)
        recorded = {c.after.key for c in changes.changes if c.after is not None and _is_recorded(c.after)}
        # What reads a renamed view is written down with its new name.
        renewed = any(
            step.do == "rename" or (step.do == "replace" and _is_fingerprint(step.object, settings))
            for step in changes.steps
        )
        if renewed:
            recorded = {key for key in target if _is_recorded(target[key])}
        gone = {c.before.key for c in changes.changes if c.action == "drop" and c.before and _is_recorded(c.before)}
        has_registry = any(key.type == "table" and key.name == settings.registry for key in target)
        deployed = [target[key] for key in sorted(recorded)] if has_registry else []
        removed = sorted(gone) if has_registry and not renewed else []
        header = _header(title, counts(changes), (c.object for c in changes.changes))
        return self.block(header, steps, deployed, removed, changes, renewed=renewed)

    def block(
        self,
        header: Sequence[Sql],
        steps: Sequence[Mapping[str, Any]],
        deployed: Iterable[SqlObject],
        removed: Iterable[Key],
        changes: Plan,
        *,
        renewed: bool = False,
    ) -> str:
        """Printed steps as one DO block, which ends by recording what is deployed and forgetting what is removed.

        ``renewed``: the registry is written anew.
        """
        settings = self._settings
        values = {
            "lock_timeout": literal(settings.lock_timeout),
            "roles": commas(literal(role) for role in settings.roles),
            "replaced": commas(self._values(item)["object_name"] for item in changes.replaced),
            "replaced_with": commas(literal(name) for name in _going(changes)),
            "steps": steps,
            "registry": settings.registry,
            "fingerprint": settings.fingerprint,
            "deployed": self._entries(deployed),
            "removed": [{"type": literal(key.type), "name": literal(key.name)} for key in removed],
            "renewed": renewed,
            "scheduling": any(s.object.key.type == "schedule" and s.do != "drop" for s in changes.steps),
        }
        _check(Sql("\n").join(step["sql"] for step in steps), sum(step["statements"] for step in steps))
        values = {
            "header": header,
            "statement_timeout": literal(settings.statement_timeout),
            "body": dollar(render.whole("files/migrate_body.sql.j2", values)),
        }
        return _check(render.whole("files/migrate.sql.j2", values), 3)

    def schema_sql(self, state: State) -> str:
        """The whole state as plain statements, for a fresh database and for reading."""
        settings = self._settings
        steps = self.steps(plan_changes({}, state))
        entries = self._entries(state[key] for key in sorted(state) if _is_recorded(state[key]))
        values = {
            "header": _header(
                f"{settings.project}: everything that the specs describe", _tally(state.values()), state.values()
            ),
            "steps": steps,
            "deployed": entries,
            "renewed": False,
            "registry": settings.registry,
            "fingerprint": settings.fingerprint,
        }
        text = render.whole("files/schema.sql.j2", values)
        return _check(text, sum(step["statements"] for step in steps) + bool(entries))

    def verify_sql(self, title: str, state: State) -> str:
        """A DO block that raises, naming each object that is not as the state says."""
        settings = self._settings
        checks = []
        for name in sorted(TYPES, key=lambda name: TYPES[name].rank):
            found = [state[key] for key in sorted(state) if key.type == name]
            bare = _without_comment(state) if name == "comment" else []
            if name != "expectations" and (found or bare):
                values = {
                    "type": Sql(name),
                    "objects": [self._values(item) for item in found],
                    "bare": [literal(item) for item in bare],
                    "registry": settings.registry,
                    "fingerprint": settings.fingerprint,
                }
                checks.append(render.block(_template(name), "verify", values))
                _check(checks[-1], 1)
        expected = [state[key] for key in sorted(state) if key.type == "expectations"]
        tried = [self._values(item) | {"remark": remark(_placed(item))} for item in expected]
        whole: dict[str, Any] = {
            "checks": checks,
            "scheduling": any(key.type == "schedule" for key in state),
            "expectations": tried,
            "number": literal(sum(entry["number"] for entry in tried)),
            "recorded": self._entries(state[key] for key in sorted(state) if _is_recorded(state[key])),
            "registry": settings.registry,
            "registry_name": literal(settings.registry),
            "thrown": settings.thrown if Key("table", settings.thrown) in state else None,
        }
        body = render.whole("files/verify_body.sql.j2", whole)
        header = _header(title, _tally(state.values()), state.values())
        return _check(render.whole("files/verify.sql.j2", {"header": header, "body": dollar(body)}), 1)

    def steps(self, changes: Plan) -> list[dict[str, Any]]:
        """The steps that have something to run, printed: ``remark``, ``sql``, and the number of ``statements``.

        An object that is only checked has nothing.
        """
        return [printed for step in changes.steps if (printed := self._step(step))["statements"]]

    def _step(self, step: Step) -> dict[str, Any]:
        """The remark, the statements and their number, of one step."""
        known = (id(step.object), id(step.before), step.do)
        if known not in self._printed:
            self._printed[known] = self._print(step)
        return self._printed[known]

    def _print(self, step: Step) -> dict[str, Any]:
        item = step.object
        before = self._values(step.before) if step.before is not None else {}
        values = self._values(item) | {"replacing": step.do == "replace", "before": before}
        values["withdrawn"] = before.get("grants", [])
        kept = values.get("executors", [])
        values["former"] = commas(role for role in before.get("executors", []) if role not in kept)
        verb, block = _WORDS[step.do]
        text = render.block(_template(item.key.type), block, values)
        statements = (
            1
            if block in ("place", "rename")
            else TYPES[item.key.type].statements("create" if step.do == "build" else step.do, values)
        )
        return {"remark": remark(f"{verb} {_placed(item)}"), "sql": text, "statements": statements}

    def _values(self, item: SqlObject) -> dict[str, Any]:
        """What templates may print of an object.  The object is kept, so that its id stays its own."""
        if id(item) not in self._known:
            values = TYPES[item.key.type].values(item.definition)
            extra = {
                "object_type": literal(item.key.type),
                "object_name": literal(item.key.name),
                "hash": literal(item.hash),
            }
            self._known[id(item)] = (item, values | extra)
        return self._known[id(item)][1]

    def _entries(self, items: Iterable[SqlObject]) -> Sequence[dict[str, Any]]:
        return [self._values(item) for item in items]


def counts(changes: Plan) -> str:
    """The changes in one line: ``create 2 materialized views, 3 indexes; drop 1 index``."""
    parts = []
    for action in ("create", "rename", "rebuild", "replace", "drop"):
        items = [change.object for change in changes.changes if change.action == action]
        if items:
            parts.append(f"{'change' if action == 'replace' else action} {_tally(items)}")
    return "; ".join(parts) or "nothing to do"


def _tally(items: Iterable[SqlObject]) -> str:
    number = Counter(item.key.type for item in items)
    return ", ".join(TYPES[name].count(number[name]) for name in sorted(number, key=lambda name: TYPES[name].rank))


def _header(title: str, what: str, items: Iterable[SqlObject]) -> list[Sql]:
    paths = sorted({item.origin.path for item in items if item.origin is not None})
    more = f" and {len(paths) - _MANY} more" if len(paths) > _MANY else ""
    lines = [title, what, *([f"from {', '.join(paths[:_MANY])}{more}"] if paths else [])]
    return [remark(f"pgspec {line}" if number == 0 else line) for number, line in enumerate(lines)]


def _without_comment(state: State) -> list[str]:
    """The views that must have no comment, since their specs have no description."""
    views = [item for item in state.values() if item.key.type == "materialized_view"]
    return sorted(item.key.name for item in views if Key("comment", item.key.name) not in state)


def _placed(item: SqlObject) -> str:
    """An object, and the spec line that it comes from."""
    where = f"  [{item.origin.path}:{item.origin.line}]" if item.origin is not None else ""
    return f"{item.key}{where}"


def _going(changes: Plan) -> list[str]:
    """The views that others replace, and what of pgspec's own goes or is made anew with them."""
    actions = ("drop", "rebuild", "rename")
    gone = (change.before for change in changes.changes if change.before is not None and change.action in actions)
    return sorted({item.key.name for item in gone if item.key.type in ("materialized_view", "view", "index")})


def _template(name: str) -> str:
    return f"{TYPES[name].template or name}.sql.j2"


def _is_fingerprint(item: SqlObject, settings: Settings) -> bool:
    return item.key.type == "function" and item.key.name.startswith(f"{settings.fingerprint}(")


def _is_recorded(item: SqlObject) -> bool:
    return TYPES[item.key.type].fingerprint


def _check(text: Sql, statements: int) -> str:
    """``text``, when PostgreSQL's parser reads exactly as many statements as were meant."""
    found = count_statements(text)
    if isinstance(found, ParseFailure):
        near = text[max(found.offset - 60, 0) : found.offset + 60]
        raise PrintError(f"{found.message} near {near!r}")
    if found != statements:
        raise PrintError(f"printed {found} statements instead of {statements}")
    return text
