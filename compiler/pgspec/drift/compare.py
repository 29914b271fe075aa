"""A release and a live database -> what is not as the release made it, and what no spec knows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pgspec.drift import remedies, tables
from pgspec.drift.expect import RELATIONS, Expected, expected, identity, recorded
from pgspec.drift.observe import Grant, Observed
from pgspec.drift.remedies import NOTHING, Remedy
from pgspec.drift.texts import describe, difference, schedule_problem
from pgspec.migration import Printer
from pgspec.objects import ROUTINES, TYPES, Key, SqlObject
from pgspec.plan import Plan, Step
from pgspec.snapshot import Facts
from pgspec.sql import QName, catalog_ident, derived_name, ident
from pgspec.state import State


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference: what of which object, by whom as far as that can be told, and what mends it.

    ``diff``: the release's text against the server's, in lines.
    """

    kind: Literal["missing", "changed", "added"]
    object: str
    what: str
    by: str = ""
    diff: tuple[str, ...] = ()
    remedy: Remedy = NOTHING


def compare(state: State, live: Observed, printer: Printer) -> list[Finding]:
    """What differs, in the order in which objects are made; what is there in addition comes last."""
    return list(_Comparison(state, live, printer).findings())


# What holds a relation's name in its schema.
_NAMED = ("table", "view", "materialized view", "foreign table", "index", "sequence")


class _Comparison:
    def __init__(self, state: State, live: Observed, printer: Printer) -> None:
        self.state, self.live, self.printer = state, live, printer
        self.objects = expected(state)
        self.identities = {e.key: identity(e.item, live.routines) for e in self.objects}
        self.ours = {e.key.name: e.key.type for e in self.objects if e.key.type in RELATIONS}
        self.guarded = {str(e.relation) for e in self.objects if e.key.type in ("row_security", "rights")}
        self.schemas = [ident(e.item.definition["name"]) for e in self.objects if e.key.type == "schema"]
        self.gone: set[Key] = set()
        self.moved: dict[Key, str] = {}
        owners = (self._facts(e).get("owner", ()) for e in self.objects if e.owner is None and e.key.type in _OWNED)
        self.owner = max(
            Counter(name for names in owners for name in names).items(), key=lambda n: (n[1], n[0]), default=("",)
        )[0]

    def findings(self) -> Iterator[Finding]:
        for e in self.objects:
            yield from self._object(e)
        known = recorded(self.state)
        for key in sorted(self.live.registry.keys() - known.keys()):
            name = f"{TYPES[key.type].title} {key.name}" if key.type in TYPES else f"{key.type} {key.name}"
            yield Finding(
                "added", name, "is recorded as deployed, and not in the release", remedy=Remedy(forget=(key,))
            )
        yield from self._sequences()
        yield from self._unknown()

    def _facts(self, e: Expected) -> Facts:
        return self.live.facts.get(self.identities[e.key], {})

    def _is_there(self, relation: str) -> bool:
        return any(f"{kind} {relation}" in self.live.facts for kind in _NAMED)

    def _object(self, e: Expected) -> Iterator[Finding]:
        kind, title = e.key.type, str(e.key)
        parent = e.item.parent or next((Key(k, n) for n, k in self.ours.items() if n == e.relation), None)
        if parent in self.moved:
            return  # it is seen again when its parent has its name
        if parent in self.gone:
            self.gone.add(e.key)  # it is made again with its parent
            yield from self._name_taken(e)
            return
        if e.relation is not None and kind != "index" and not self._is_there(e.relation):
            yield Finding("missing", title, f"its table {e.relation} does not exist: restore that first")
            return
        facts = self._facts(e)
        if not facts and (name := self._new_name(e)):
            self.moved[e.key] = name
            old = f"{kind.replace('_', ' ')} {name}"
            remedy = remedies.rename(old, e.item.definition["name"][1])
            yield Finding("changed", title, f"is called {name} now", _by(self.live.facts[old]), remedy=remedy)
            return
        if not facts or (kind == "index" and not _is_on(facts, str(e.relation))):
            self.gone.add(e.key)
            yield Finding("missing", title, "does not exist", remedy=Remedy(missing=(e.key,)))
            yield from self._name_taken(e)
            return
        yield from self._definition(e, facts)
        if kind in _OWNED:
            yield from self._owner(e, facts)
            yield from self._comment(e, facts)
        yield from self._aspects(e, facts)
        if e.grants is not None:
            yield from self._rights(e)

    def _new_name(self, e: Expected) -> str:
        """What a relation is called now, when its indexes are on one of its kind that no spec knows."""
        kind = e.key.type.replace("_", " ")
        for child in self.objects:
            if child.key.type == "index" and child.relation == e.key.name:
                definition = self._facts(child).get("definition", ("",))[0]
                for name in self.live.facts:
                    other = name.removeprefix(f"{kind} ")
                    if other != name and other not in self.ours and f" ON {other} USING " in definition:
                        return other
        return ""

    def _name_taken(self, e: Expected) -> Iterator[Finding]:
        if e.key.type not in (*RELATIONS, "index"):
            return
        for kind in _NAMED:
            if facts := self.live.facts.get(f"{kind} {e.key.name}"):
                other = QName(*e.item.definition["name"])
                yield Finding(
                    "added",
                    f"{kind} {e.key.name}",
                    f"has the name of the {e.key.type.replace('_', ' ')}; mending renames it",
                    _by(facts),
                    remedy=remedies.rename(f"{kind} {e.key.name}", derived_name(other.name, "by_hand")),
                )

    def _definition(self, e: Expected, facts: Facts) -> Iterator[Finding]:
        kind = e.key.type
        if not TYPES[kind].fingerprint:
            return
        entry, now = self.live.registry.get(e.key), self.live.fingerprints.get(e.key)
        if entry is not None and entry.definition == e.item.hash and entry.fingerprint == now:
            return
        if kind == "table":
            found = tables.changes(e.item, facts, self._constraints(e.key.name))
            rebuilt = self._readers(e) if found.bound else ()
            remedy = Remedy(rebuilt=rebuilt, altered=found.statements, record=(e.key,))
            yield Finding("changed", str(e.key), found.what or _why(entry, e.item), "", found.diff, remedy)
            return
        sql = self.printer.steps(Plan((), (Step("create", e.item),)))[0]["sql"]
        diff = difference(*describe(e.item, sql, facts))
        if kind == "row_security":
            flags = "enabled" if facts.get("row security") else "disabled"
            forced = "binds" if facts.get("force row security") else "does not bind"
            yield Finding("changed", str(e.key), f"is {flags}, and {forced} the owner", remedy=Remedy(changed=(e.key,)))
            return
        why = _why(entry, e.item)
        if entry is not None and entry.definition == e.item.hash and not diff:
            why += ", though it reads the same: another version of the server may write it otherwise"
        yield Finding("changed", str(e.key), why, "", diff, remedies.remake(e.item, sql, facts))

    def _readers(self, e: Expected) -> tuple[Key, ...]:
        """What keeps the columns of a table of ours as they are: views of it, and its policies."""
        on = {other.key for other in self.objects if other.key.type == "policy" and other.relation == e.key.name}
        views = (other for other in self.objects if other.key.type in RELATIONS and e.key in other.item.depends_on)
        return tuple(sorted(on | {view.key for view in views}))

    def _constraints(self, table: str) -> dict[str, str]:
        end = f" on {table}"
        return {
            name.removeprefix("constraint ").removesuffix(end): facts["definition"][0]
            for name, facts in self.live.facts.items()
            # Of a column that must not be null, newer servers keep a constraint too.
            if name.startswith("constraint ")
            and name.endswith(end)
            and not facts["definition"][0].startswith("NOT NULL")
        }

    def _owner(self, e: Expected, facts: Facts) -> Iterator[Finding]:
        (now,) = facts["owner"]
        wanted = self._owner_of(e)
        if _role(now) != wanted:
            why = "the spec says" if e.owner is not None else "its neighbours belong to"
            what = f"belongs to {now}, {why} {wanted}"
            yield Finding("changed", str(e.key), what, remedy=remedies.owner(self.identities[e.key], wanted))

    def _comment(self, e: Expected, facts: Facts) -> Iterator[Finding]:
        now = "\n".join(facts["comment"]) if "comment" in facts else None
        if now == e.comment:
            return
        if e.comment is None:
            remedy = remedies.uncomment(self.identities[e.key])
            yield Finding("added", f"comment on {e.key}", f"says {now!r}", remedy=remedy)
            return
        key = Key("comment", e.key.name)
        if now is None:
            yield Finding("missing", f"comment on {e.key}", "does not exist", remedy=Remedy(missing=(key,)))
        else:
            diff = difference(e.comment.split("\n"), now.split("\n"))
            yield Finding("changed", f"comment on {e.key}", "says something else", "", diff, Remedy(changed=(key,)))

    def _aspects(self, e: Expected, facts: Facts) -> Iterator[Finding]:
        kind, title = e.key.type, str(e.key)
        if kind == "trigger" and facts["enabled"] != ("O",):
            states = {"D": "is disabled", "R": "fires on replicas only", "A": "fires on replicas too"}
            name = ident(e.item.definition["name"])
            remedy = remedies.table(str(e.relation), f"ENABLE TRIGGER {name}")
            yield Finding("changed", title, states.get(facts["enabled"][0], "is switched"), remedy=remedy)
        if kind == "schedule" and (what := schedule_problem(e.item, facts)):
            yield Finding("changed", title, what, remedy=Remedy(changed=(e.key,)))
        if kind == "index" and (facts["valid"], facts["ready"]) != (("true",), ("true",)):
            yield Finding("changed", title, "is invalid", remedy=Remedy(changed=(e.key,)))
        if kind == "materialized_view":
            if facts.get("populated") != ("true",):
                yield Finding("changed", title, "is not populated", remedy=remedies.refresh(e.key.name))
            if options := facts.get("option", ()):
                names = ", ".join(option.partition("=")[0] for option in options)
                remedy = remedies.view_options(e.key.name, names)
                yield Finding("changed", title, f"has the options {', '.join(options)}", remedy=remedy)
        if kind == "table" and Key("row_security", e.key.name) not in self.state and _row_security(facts):
            remedy = remedies.table(e.key.name, "DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY")
            yield Finding("added", f"row security on {e.key.name}", "is in no spec", remedy=remedy)
        if kind in RELATIONS:
            for text in facts.get("column comment", ()):
                column = f"column {e.key.name}.{_column(text)}"
                remedy = remedies.uncomment(column)
                yield Finding("added", f"comment on {column}", "is in no spec", remedy=remedy)
        if kind in ("trigger", "policy", "index") and "comment" in facts:
            remedy = remedies.uncomment(self.identities[e.key])
            yield Finding("added", f"comment on {e.key}", f"says {facts['comment'][0]!r}", remedy=remedy)

    def _rights(self, e: Expected) -> Iterator[Finding]:
        assert e.grants is not None
        space, name, target = _target(e, self.identities[e.key])
        held: dict[str, set[str]] = {}
        extra: list[Grant] = []
        for grant in self.live.grants.get((space, name), ()):
            wanted = e.grants.get(grant.grantee, frozenset())
            if not grant.held:
                if e.key.type != "rights" and grant.grantee not in e.revoked:
                    what = f"{grant.privilege} of the owner {grant.grantee} on {_named(e)}"
                    remedy = remedies.grant(grant.privilege, target, grant.grantee)
                    yield Finding("missing", what, "an owner has it unless it was revoked", remedy=remedy)
                continue
            if e.closed and grant.grantee not in e.closed:
                continue
            known = grant.privilege in wanted and not grant.column
            if known:
                held.setdefault(grant.grantee, set()).add(grant.privilege)
            if grant.grantable or not known:
                extra.append(grant)
        yield from _given(_named(e), target, extra, e.grants)
        for grantee, rights in sorted(e.grants.items()):
            lost = sorted(rights - held.get(grantee, set()))
            if lost and grantee != self._owner_of(e):
                remedy = remedies.grant(", ".join(lost), target, grantee)
                # To own an object swallows a grant, which is gone when it is given back.
                is_owner = [_role(name) for name in self._facts(e).get("owner", ())] == [grantee]
                what = "became the owner's own" if is_owner else "was revoked"
                yield Finding("missing", f"{', '.join(lost)} on {_named(e)} to {grantee}", what, remedy=remedy)

    def _owner_of(self, e: Expected) -> str:
        return str(e.owner) if e.owner is not None else _role(self.owner)

    def _sequences(self) -> Iterator[Finding]:
        """Those of our identity columns: nobody needs a right to them."""
        for name, facts in self.live.facts.items():
            owned_by = next(iter(facts.get("owned by", ())), "")
            if name.startswith("sequence ") and any(owned_by.startswith(f"{relation}.") for relation in self.ours):
                grants = self.live.grants.get(("relation", name.removeprefix("sequence ")), ())
                yield from _given(name, name, [grant for grant in grants if grant.held], {})

    def _unknown(self) -> Iterator[Finding]:
        moved = {f"{key.type.replace('_', ' ')} {name}" for key, name in self.moved.items()}
        known = {
            *self.identities.values(),
            *moved,
            *(f"index {e.key.name}" for e in self.objects if e.key.type == "index"),
        }
        found = [
            (_DROPPED.index(kind), kind, name)
            for name in self.live.facts.keys() - known
            if (kind := next((k for k in _DROPPED if name.startswith(f"{k} ")), ""))
        ]
        for _, kind, name in sorted(found):
            facts, rest = self.live.facts[name], name.removeprefix(f"{kind} ")
            if kind == "index":
                on = next((relation for relation in self.ours if _is_on(facts, relation)), "")
                if on and f"constraint {_last(rest)} on {on}" not in self.live.facts:
                    yield Finding("added", name, f"on {on} is in no spec", remedy=remedies.drop(name))
            elif kind in _ON:
                if self._is_watched(kind, name, facts):
                    yield Finding("added", name, "is in no spec", remedy=remedies.drop(name))
            elif any(rest.startswith(f"{schema}.") for schema in self.schemas) and "owned by" not in facts:
                remedy = remedies.drop_rows(name, rest) if kind == "table" else remedies.drop(name)
                yield Finding("added", name, "is in no spec", _by(facts), remedy=remedy)

    def _is_watched(self, kind: str, name: str, facts: Facts) -> bool:
        relations = {*self.ours, *self.guarded} if kind == "policy" else self.ours.keys()
        if any(name.endswith(f" on {relation}") for relation in self.moved.values()):
            return False
        if kind == "trigger" and any(f" EXECUTE FUNCTION {s}." in facts["definition"][0] for s in self.schemas):
            return True
        return name.startswith("trigger pgspec_") or any(name.endswith(f" on {relation}") for relation in relations)


# The order in which things that no spec knows can be dropped; the first ones are on something else.
_ON = ("trigger", "policy", "rule")
_DROPPED = (
    *_ON,
    "index",
    "view",
    "materialized view",
    "foreign table",
    "table",
    "function",
    "procedure",
    "aggregate",
    "sequence",
    "domain",
    "type",
)
_OWNED = frozenset({"schema", *ROUTINES, *RELATIONS})


def _given(named: str, target: str, grants: Sequence[Grant], wanted: Mapping[str, frozenset[str]]) -> Iterator[Finding]:
    """Rights that no spec knows, together for each role and whoever gave them."""
    by_role: dict[tuple[str, str], list[Grant]] = {}
    for grant in grants:
        by_role.setdefault((grant.grantee, grant.grantor), []).append(grant)
    for (grantee, grantor), given in sorted(by_role.items()):
        remedy = remedies.revoke(given, target, grantee, sorted(wanted.get(grantee, ())))
        rights = ", ".join(_right(grant) for grant in given)
        yield Finding(
            "added", f"{rights} on {named} to {grantee}", "is in no spec", f"granted by {grantor}", (), remedy
        )


def _why(entry: object, item: SqlObject) -> str:
    if entry is None:
        return "is not recorded as deployed"
    if getattr(entry, "definition", "") != item.hash:
        return "was deployed from another definition"
    return "is not as it was deployed"


def _by(facts: Facts) -> str:
    return f"owner {facts['owner'][0]}" if "owner" in facts else ""


def _role(name: str) -> str:
    """A role's name as the server would quote it."""
    return str(catalog_ident(name)) if name else ""


def _is_on(facts: Facts, relation: str) -> bool:
    return re.search(rf" ON (?:ONLY )?{re.escape(relation)} USING ", facts["definition"][0]) is not None


def _row_security(facts: Facts) -> bool:
    return "row security" in facts or "force row security" in facts


def _last(name: str) -> str:
    """The name of a relation without its schema."""
    return re.sub(r'^(?:"(?:[^"]|"")+"|[^".]+)\.', "", name)


def _column(text: str) -> str:
    found = re.match(r'"(?:[^"]|"")+"|[^ ]+', text)
    return found[0] if found else ""


def _target(e: Expected, name: str) -> tuple[str, str, str]:
    """Where the rights of an object are found, and what GRANT calls it."""
    if e.key.type in ("schema", *ROUTINES):
        space = "schema" if e.key.type == "schema" else "routine"
        return space, name.removeprefix(f"{e.key.type} "), name
    relation = str(e.relation) if e.key.type == "rights" else e.key.name
    return "relation", relation, f"table {relation}"


def _named(e: Expected) -> str:
    return f"table {e.relation}" if e.key.type == "rights" else str(e.key)


def _right(grant: Grant) -> str:
    column = f" ({grant.column})" if grant.column else ""
    return f"{grant.privilege}{column}{' with grant option' if grant.grantable else ''}"
