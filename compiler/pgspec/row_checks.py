"""Program -> the check that what reads tables with row security reads all of their rows.

Row security asks who reads: of a refresh the owner of the view, of a trigger the owner of its function, of an
alert the owner of the function that asks.  Who that will
be, and whether a policy binds them, only the server knows.  So the migration asks it, and refuses; and verify.sql does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pgspec.objects import Key, SqlObject
from pgspec.program import Program
from pgspec.runtime.alerts import values_key
from pgspec.sql import QName, ident, qname
from pgspec.triggers import reading_functions

ACCEPTED = "MV009"
"""The finding with which a view accepts that its owner reads a part."""

_Read = tuple[Key, list[QName]]


def row_checks(program: Program) -> Iterator[SqlObject]:
    """One check for all views and trigger functions that read a table with row security; none without them."""
    readers = sorted(_readers(program))
    if not readers:
        return
    needs = {key for key, _ in readers}
    policies = []
    for guarded in program.guarded:
        assert guarded.table is not None
        table = qname(guarded.table.name)
        needs.add(Key("row_security", table))
        for policy in guarded.policies:
            key = Key("policy", f"{ident(policy.spec.name)} ON {table}")
            needs.add(key)  # asked once they are there, and again when they change
            if "select" in policy.commands:
                policies.append([key.name, list(policy.roles), policy.using.sql if policy.using else None])
    definition = {
        "readers": [[key.type, key.name, [list(name) for name in names]] for key, names in readers],
        # What may change without a reader that is made anew, and must be asked about again.
        "owners": sorted([qname(v.name), v.spec.owner] for v in program.views if v.spec.owner is not None),
        "forced": sorted(qname(g.table.name) for g in program.guarded if g.table is not None and g.spec.force),
        "policies": sorted(policies, key=str),
    }
    yield SqlObject(Key("row_check", "views and triggers"), definition, depends_on=tuple(sorted(needs)))


def _readers(program: Program) -> Iterator[_Read]:
    for view in program.views:
        if view.analysis is not None and ACCEPTED not in view.spec.allow:
            named = {reference.name for reference in view.analysis.references}
            yield from _reader(program, Key("materialized_view", qname(view.name)), named)
        if view.exposed is not None and view.exposed.condition is not None:
            reads = view.exposed.condition.reads
            yield from _reader(program, Key("view", qname(view.exposed.name)), reads)
    for name, reads in reading_functions(program.mappings, program.project.internal_schema):
        yield from _reader(program, Key("function", f"{qname(name)}()"), reads)
    alerted = {name for alert in program.alerts for name in alert.reads}
    yield from _reader(program, values_key(program.project.internal_schema), alerted)


def _reader(program: Program, reader: Key, named: Iterable[QName]) -> Iterator[_Read]:
    relations = program.catalog.relations
    read = sorted({name for name in named if name in relations and relations[name].kind != "materialized_view"})
    secured = any(relation.row_security for relation in relations.values())
    if any(relations[name].row_security or (secured and relations[name].kind == "view") for name in read):
        yield reader, read
