"""What has been read so far, and how names resolve in it."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pgspec.catalog.names import free_name
from pgspec.catalog.parts import Grant, Index, Routine, Sequence, Table
from pgspec.catalog.script import code_start
from pgspec.catalog.typenames import Collation, Named, TypeRef, UserType, built_in, names_of, quoted, spelled
from pgspec.diagnostics import Diagnostic, Severity, Span
from pgspec.pgsql import ast
from pgspec.sql import QName

TEMPORARY = "pg_temp"
_MISSING_HELP = "create it earlier in the files of `schema:`, or take the statement out"


@dataclass(slots=True)
class Source:
    """A file that is being read; ``starts`` are the offsets of its lines."""

    path: str
    text: str
    starts: list[int] = field(default_factory=list)

    def span(self, start: int, end: int) -> Span:
        """The place of the half-open range of offsets."""
        if not self.starts:
            self.starts = [0, *(i + 1 for i, char in enumerate(self.text) if char == "\n")]
        line, end_line = bisect.bisect_right(self.starts, start), bisect.bisect_right(self.starts, end)
        return Span(self.path, line, start - self.starts[line - 1] + 1, end_line, end - self.starts[end_line - 1] + 1)


@dataclass(slots=True)
class Builder:
    """The catalog under construction.

    ``offset`` is that of the statement at hand in ``source``, ``statement`` its text.  Constraint names are counted by
    schema, since PostgreSQL makes a name that no constraint of the schema has.  ``default_grants``: for which
    schema, the tables that were there before, and what later ones are granted; ``default_calls``: for which schema,
    and what later functions are granted.
    """

    default_path: tuple[str, ...]
    source: Source
    path: list[str] = field(default_factory=list)
    path_before_local: list[str] | None = None
    offset: int = 0
    statement: str = ""
    relations: dict[QName, Table | Index | Sequence] = field(default_factory=dict)
    types: dict[QName, UserType] = field(default_factory=dict)
    collations: dict[QName, Collation] = field(default_factory=dict)
    routines: dict[QName, list[Routine]] = field(default_factory=dict)
    constraint_names: Counter[tuple[str, str]] = field(default_factory=Counter)
    roles: set[str] = field(default_factory=set)
    schemas: set[str] = field(default_factory=lambda: {"public"})
    extensions: set[str] = field(default_factory=set)
    bypassing: set[str] = field(default_factory=set)
    superusers: set[str] = field(default_factory=set)
    memberships: dict[str, set[str]] = field(default_factory=dict)
    schema_grants: dict[str, list[Grant]] = field(default_factory=dict)
    default_grants: list[tuple[str | None, frozenset[int], Grant]] = field(default_factory=list)
    default_calls: list[tuple[str | None, Grant]] = field(default_factory=list)
    findings: list[Diagnostic] = field(default_factory=list)

    # Findings

    def report(self, message: str, help_: str, location: int | None = None, code: str = "PRJ010") -> None:
        """Add a finding at an offset into the statement, or at the start of the statement."""
        text = self.statement
        if location is None or not 0 <= location <= len(text):
            location = code_start(text, 0)
        end = location
        while end < len(text) and (text[end].isalnum() or text[end] in '_$".'):
            end += 1
        start, end = self.offset + location, self.offset + max(end, min(location + 1, len(text)))
        severity = Severity.ERROR if code == "SQL001" else Severity.WARNING
        self.findings.append(Diagnostic(self.source.span(start, end), code, severity, message, help_))

    def missing(
        self, kind: str, schema: str | None, name: str, location: int | None = None, lost: str = "the statement"
    ) -> None:
        """Report that a statement needs something that no earlier statement made; ``lost`` is what has no effect."""
        shown = spelled(schema, name) if schema else quoted(name)
        self.report(f"{kind} `{shown}` is not known here, so {lost} is passed over", _MISSING_HELP, location)

    # Names

    def searched(self, schema: str | None) -> list[str]:
        """The schemas in which to look for a name that was written with ``schema`` or without one."""
        if schema:
            return [schema]
        implicit = [s for s in (TEMPORARY, "pg_catalog") if s not in self.path]
        return implicit + self.path

    def creation_schema(self, schema: str | None) -> str:
        """The schema that a new object goes to.  Without one in the search path this is the first of the project's."""
        if schema:
            self.schemas.add(schema)
            return schema
        for candidate in self.path:
            if candidate in self.schemas or candidate == TEMPORARY:
                return candidate
        wanted = (*self.path, *self.default_path, "public")[0]
        if not self.path:
            self.report(
                f"the search path is empty, so the new object is taken to be in `{quoted(wanted)}`",
                "write the schema before the name",
            )
        self.schemas.add(wanted)
        return wanted

    def new_name(self, var: Any) -> QName:
        """Where the relation that a statement creates goes."""
        if var.relpersistence == "t":
            return QName(TEMPORARY, var.relname)
        return QName(self.creation_schema(var.schemaname), var.relname)

    def new_qname(self, nodes: Any) -> QName:
        """Where the type, function or collation that a statement creates goes."""
        schema, name = names_of(nodes)
        return QName(self.creation_schema(schema), name)

    def add_sequence(self, var: Any) -> None:
        """CREATE SEQUENCE."""
        name = self.new_name(var)
        self.relations.setdefault(name, Sequence(*name))

    def find(self, schema: str | None, name: str) -> Table | Index | Sequence | None:
        """The relation, index or sequence of that name."""
        for candidate in self.searched(schema):
            if found := self.relations.get(QName(candidate, name)):
                return found
        return None

    def find_table(self, schema: str | None, name: str) -> Table | None:
        """The table or view of that name."""
        found = self.find(schema, name)
        return found if isinstance(found, Table) else None

    def tables(self) -> Iterator[Table]:
        """Every table and view, in the order of creation."""
        for relation in self.relations.values():
            if isinstance(relation, Table):
                yield relation

    def free_relation_name(self, schema: str, first: str, second: str, label: str, constraint: bool) -> str:
        """The name that PostgreSQL makes for an index or sequence."""

        def taken(name: str) -> bool:
            return QName(schema, name) in self.relations or (constraint and self.constraint_names[schema, name] > 0)

        return free_name(first, second, label, taken)

    def free_constraint_name(self, schema: str, first: str, second: str, label: str) -> str:
        """The name that PostgreSQL makes for a constraint without an index."""
        return free_name(first, second, label, lambda name: self.constraint_names[schema, name] > 0)

    # Types

    def type(self, node: Any) -> TypeRef:
        """The type that a TypeName node means; one that nothing defines stays as it is written."""
        schema, name = names_of(node.names)
        if node.pct_type:
            return self._column_type(node)
        array, modifier = bool(node.arrayBounds), _modifier(node.typmods)
        base = self.named_type(schema, name)
        if base is None and name.startswith("_"):
            base, array = self.named_type(schema, name[1:]), True
        if base is None:
            base, array = (spelled(schema, name) if schema else quoted(name)), bool(node.arrayBounds)
        return TypeRef(base, array, modifier)

    def named_type(self, schema: str | None, name: str) -> str | Named | None:
        """The type of that name: a user's type, a relation with its row type, or the spelling of a built-in."""
        for candidate in self.searched(schema):
            if candidate == "pg_catalog":
                if spelling := built_in(name):
                    return spelling
                continue
            key = QName(candidate, name)
            found = self.types.get(key) or self.relations.get(key)
            if isinstance(found, UserType | Table):
                return found
        return None

    def _column_type(self, node: Any) -> TypeRef:
        table = self.find_table(*names_of(node.names[:-1]))
        column = table.columns.get(node.names[-1].sval) if table else None
        return TypeRef(column.type.base, column.type.array) if column else TypeRef("unknown")

    def find_type(self, nodes: Any) -> UserType | None:
        """The user's own type of that name."""
        found = self.named_type(*names_of(nodes))
        return found if isinstance(found, UserType) else None

    def collation(self, nodes: Any) -> Collation | str:
        """The collation that a list of String nodes names."""
        schema, name = names_of(nodes)
        for candidate in self.searched(schema):
            if found := self.collations.get(QName(candidate, name)):
                return found
        return spelled(schema, name) if schema else quoted(name)

    def domain_collation(self, ref: TypeRef) -> Collation | str | None:
        """The collation that a column of this type has when it names none."""
        base = ref.base
        while isinstance(base, UserType) and base.kind == "domain" and not ref.array:
            if base.collation is not None:
                return base.collation if isinstance(base.collation, Collation | str) else None
            ref = base.base
            base = ref.base
        return None


def _modifier(nodes: Any) -> tuple[int, ...]:
    values = (node.val if isinstance(node, ast.A_Const) else None for node in nodes or ())
    return tuple(value.ival or 0 if isinstance(value, ast.Integer) else -1 for value in values)
