"""Materialized views -> the tables whose writes can change what they hold, where every such write can be noted."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pgspec.bodies import Body, reached
from pgspec.catalog import Catalog
from pgspec.keys import Analysis, analyse
from pgspec.mappings import followers
from pgspec.pgsql import parse, printed
from pgspec.program import Program
from pgspec.row_checks import ACCEPTED
from pgspec.sql import QName
from pgspec.views import View

# Functions of PostgreSQL that tell of the server, or run what they are given: no table stands for their result.
_ASKS = re.compile(r"pg_|has_|(query|table|schema|database|cursor)_to_|row_security_active|inet_|col_desc|obj_desc")


@dataclass(frozen=True, slots=True)
class Tracked:
    """What a view is made of.  ``tables``: those whose statement triggers note every write that may change it, with
    parents, partitions and children; ``views``: the materialized views whose refresh may.  ``unseen``: what else may
    change it, in words; unless it is empty, nobody can say that the view has not changed."""

    tables: tuple[QName, ...] = ()
    views: tuple[QName, ...] = ()
    unseen: tuple[str, ...] = ()

    @property
    def sources(self) -> tuple[QName, ...]:
        """Tables and views, sorted."""
        return tuple(sorted({*self.tables, *self.views}))


def tracked(view: View, program: Program) -> Tracked | None:
    """What a view without errors is made of; None where it does not matter: it is refreshed whenever it is due, or by
    hand and of any age."""
    if not view.spec.refresh.skip_unchanged or not view.is_watched or view.analysis is None:
        return None
    found = _Sources(program)
    found.query(view.analysis, view.source.text)
    if ACCEPTED in view.spec.allow:
        found.unseen.add("row security of its sources, which decides what its owner reads")
    return Tracked(tuple(sorted(found.tables)), tuple(sorted(found.views)), tuple(sorted(found.unseen)))


class _Sources:
    """What is found on the way through views and functions."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.catalog: Catalog = program.catalog
        self.tables: set[QName] = set()
        self.views: set[QName] = set()
        self.unseen: set[str] = set()
        self._seen: set[QName] = set()

    def query(self, analysis: Analysis, text: str) -> None:
        """What a query reads and calls."""
        for reference in analysis.references:
            if reference.name not in self._seen:
                self._seen.add(reference.name)
                self._relation(reference.name)
        self._calls(text)
        self.unseen.update(finding.message for finding in (*analysis.unsupported, *analysis.findings))
        self.unseen.update(finding.message for finding in (*analysis.volatile, *analysis.time))

    def _calls(self, text: str) -> None:
        """Functions that may read tables: those of the schema files that do not promise otherwise, and PostgreSQL's."""
        words = set(re.findall(r"\w+", text.lower()))
        names = {name.name.lower() for name in self.catalog.functions}
        if words & names or not all(map(str.isidentifier, names)):
            for callee in reached(self.catalog, text):
                if callee.function.volatility != "immutable" and not callee.function.aggregate:
                    self.unseen.add(f"the function {callee.function.name}, which may read anything")
        if any(map(_ASKS.match, words)):
            asking = (call.name for call in Body.of(text).calls if _ASKS.match(call.name))
            self.unseen.update(f"{name}(), which tells of the server" for name in asking)

    def _relation(self, name: QName) -> None:
        relation = self.catalog.relations[name]
        if relation.kind == "materialized_view":
            view = next((view for view in self.program.views if view.name == name), None)
            self.views.add(name)
            if view is None:
                self.unseen.add(f"the materialized view {name}, which is not a spec")
            elif view.spec.refresh.every is None:
                self.unseen.add(f"the materialized view {name}, which is refreshed by hand")
        elif any(name == log.name for log in self.program.event_logs):
            # No trigger sees partitions go, and a note for each event would cost more than a refresh for nothing.
            self.unseen.add(f"the event log {name}, whose partitions come and go")
        elif relation.kind == "view":
            text = printed(relation.query)
            statements, _ = parse(text)
            self.query(analyse(statements[0].node, self.catalog, text), text)
        else:
            # Statement triggers fire for the table that a statement names: for a partition that may be its parent.
            has_parts = relation.has_children or relation.kind == "partitioned_table"
            below = followers(self.catalog, name) if has_parts else set[QName]()
            family = {name, *below, *self._ancestors(name)}
            foreign = {f for f in family if self.catalog.relations[f].kind == "foreign_table"}
            self.unseen.update(f"the foreign table {f}" for f in foreign)
            self.tables |= family - foreign

    def _ancestors(self, name: QName) -> set[QName]:
        out: set[QName] = set()
        waiting = [name]
        while waiting:
            relation = self.catalog.relations[waiting.pop()]
            parents = {*relation.inherits, *((relation.partition_of,) if relation.partition_of else ())}
            waiting += parents - out
            out |= parents
        return {parent for parent in out if parent in self.catalog.relations}
