"""What pgspec knows of a query: columns with types and nullability, what it reads, and the keys that it proves.

    analysis = analyse(statement.node, catalog, text)
    verdict = check_key(analysis, ["day", "provider_id"])

The query is bound once to a relational algebra (`queries`), over which functional dependencies are derived (`derive`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pgspec.catalog.model import Catalog
from pgspec.diagnostics import SqlFinding
from pgspec.keys.bound import bind_statement
from pgspec.keys.candidates import candidate_keys
from pgspec.keys.context import Binding, Reference
from pgspec.keys.derive import derive_query
from pgspec.keys.facts import Facts, Mask, mask_of, members
from pgspec.keys.plans import Output, Query
from pgspec.keys.proofs import proof
from pgspec.keys.values import Prover
from pgspec.sql import QName

_MANY = 8


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """A column that the query returns.  ``type`` is spelt as format_type does, None when it is not known; ``start``
    and ``end`` are the offsets of its entry in the SELECT list."""

    name: str
    type: str | None
    nullable: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ProvenKey:
    """Columns that no two rows share, none of which can be NULL (except in `Analysis.nullable_keys`); ``why`` names
    what proves it, ``start`` and ``end`` where that is written."""

    columns: tuple[str, ...]
    why: str
    start: int
    end: int


@dataclass(frozen=True)
class Analysis:
    """The result of `analyse`.  Offsets are code points into the text.

    - ``reads``: the relations that the query names, with the columns that it uses anywhere; ``base_reads``: the same
      with views replaced by what they read, down to tables and materialized views.
    - ``references``: every place that names a relation; ``edits``: (offset, text to insert) that qualify each relation,
      function and type of the schema, so that the text means the same under any search_path.
    - ``findings``: what PostgreSQL would refuse, SQL002 to SQL005; ``naming`` are those of them that only a view's
      column names are about.  ``unsupported``: constructs of which nothing is concluded.
    - ``single_row``: there is at most one row.
    - ``session``, ``volatile``, ``time``, ``unstable``: places that depend on who asks, on chance, on when, and on
      ties or the session's TimeZone.  ``lossless_joins``: outer joins that find a row for every row.
    - ``proof``: for `check_key`."""

    columns: tuple[OutputColumn, ...]
    reads: Mapping[QName, frozenset[str]]
    base_reads: Mapping[QName, frozenset[str]]
    references: tuple[Reference, ...]
    edits: tuple[tuple[int, str], ...]
    findings: tuple[SqlFinding, ...]
    naming: tuple[SqlFinding, ...]
    unsupported: tuple[SqlFinding, ...]
    single_row: bool
    session: tuple[SqlFinding, ...]
    volatile: tuple[SqlFinding, ...]
    time: tuple[SqlFinding, ...]
    unstable: tuple[SqlFinding, ...]
    lossless_joins: tuple[SqlFinding, ...]
    proof: Proof = field(repr=False, compare=False)

    @cached_property
    def keys(self) -> tuple[ProvenKey, ...]:
        """The proven keys, smallest first.  A declared key is judged without them, so they are found on demand."""
        return self.proof.keys()

    @cached_property
    def nullable_keys(self) -> tuple[ProvenKey, ...]:
        """Keys that hold among the rows in which their columns are not NULL."""
        return self.proof.nullable_keys(self.keys)


@dataclass(frozen=True, slots=True)
class Proof:
    """What `check_key` reads: the bound query with its facts.  ``facts`` is None when nothing may be concluded."""

    binding: Binding
    query: Query | None
    prover: Prover | None
    facts: Facts | None

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The output columns."""
        return self.query.outputs if self.query else ()

    def names(self) -> dict[int, str]:
        """The first output name of each visible attribute."""
        names: dict[int, str] = {}
        for output in self.outputs:
            names.setdefault(output.attribute, output.name)
        return names

    def proven(self, mask: Mask, facts: Facts) -> ProvenKey:
        """A key as its columns with its proof, in output order."""
        assert self.prover is not None
        names = self.names()
        columns = tuple(name for attribute, name in names.items() if mask >> attribute & 1)
        why, start, end = proof(self.prover, facts, mask, self.binding.places)
        return ProvenKey(columns, why, start, end)

    def keys(self) -> tuple[ProvenKey, ...]:
        """The proven keys over NOT NULL columns, smallest first."""
        if self.facts is None or self.prover is None:
            return ()
        facts = self.facts
        visible = [a for a in self.names() if facts.not_null >> a & 1]
        single = facts.is_key(0)  # an index needs a column, and any will do
        found = [1 << a for a in visible[:_MANY]] if single else candidate_keys(self.prover, facts, visible, 0)
        made = [self.proven(key, facts) for key in found]
        return tuple(sorted(made, key=lambda key: len(key.columns)))

    def nullable_keys(self, known: Sequence[ProvenKey]) -> tuple[ProvenKey, ...]:
        """The keys that hold once their columns are assumed NOT NULL, apart from those that need no assumption."""
        if self.facts is None or self.prover is None:
            return ()
        names = self.names()
        assumed = self.facts.copy()
        assumed.require(mask_of(names))
        found: list[ProvenKey] = []
        for key in candidate_keys(self.prover, assumed, list(names), 0):
            alone = self.facts.copy()
            alone.require(key)
            columns = {names[a] for a in members(key)}
            if key & ~self.facts.not_null and alone.is_key(key) and not any(set(k.columns) <= columns for k in known):
                found.append(self.proven(key, alone))
        return tuple(sorted(found, key=lambda key: len(key.columns)))


def analyse(select_node: Any, catalog: Catalog, text: str = "") -> Analysis:
    """Analyse a SELECT.  Offsets are those of ``text``, the source of the tree; without it, ends are guesses."""
    binding, query = bind_statement(select_node, catalog, text)
    prover: Prover | None = None
    facts: Facts | None = None
    if query is not None and not binding.findings and not binding.unsupported:
        prover = Prover(list(binding.attributes), binding.types, derive_query)
        try:
            facts = derive_query(prover, query)
        except RecursionError:
            binding.cannot(0, "a query that is nested so deeply")
    made = Proof(binding, query, prover, facts)
    outputs = made.outputs
    naming = _naming(binding, outputs)
    remarks = binding.remarks
    return Analysis(
        columns=tuple(_column(o, facts) for o in outputs),
        reads={name: frozenset(columns) for name, columns in binding.reads.items()},
        base_reads={name: frozenset(columns) for name, columns in binding.base_reads.items()},
        references=tuple(binding.references),
        edits=tuple(sorted(binding.edits.items())),
        findings=tuple(sorted([*binding.findings, *naming])),
        naming=tuple(naming),
        unsupported=tuple(binding.unsupported),
        single_row=facts is not None and facts.is_key(0),
        session=tuple(remarks.session),
        volatile=tuple(remarks.volatile),
        time=tuple(remarks.time),
        unstable=tuple(remarks.unstable) + (_ties(binding, prover) if prover else ()),
        lossless_joins=_lossless(binding, prover) if prover else (),
        proof=made,
    )


def _column(output: Output, facts: Facts | None) -> OutputColumn:
    type_name = "text" if output.type == "unknown" else output.type
    nullable = facts is None or not facts.not_null >> output.attribute & 1
    return OutputColumn(output.name, type_name, nullable, output.start, output.end)


def _naming(binding: Binding, outputs: Sequence[Output]) -> list[SqlFinding]:
    """Output names that a view cannot have."""
    found: list[SqlFinding] = []
    seen: set[str] = set()
    for output in outputs:
        if not output.named:
            text, help_text = "output column has no name", "name it: `... AS name`"
        elif output.name in seen:
            text, help_text = f"output column `{output.name}` is there twice", f"name it: `... AS {output.name}_2`"
        else:
            seen.add(output.name)
            continue
        found.append(SqlFinding(output.start, output.end, "SQL005", text, help_text))
    return found


def _ties(binding: Binding, prover: Prover) -> tuple[SqlFinding, ...]:
    help_text = "end ORDER BY with columns that make it unique"
    return tuple(
        SqlFinding(
            call.start, binding.places.name_end(call.start), "MV006",
            "`row_number()` numbers rows that tie in any order, so an unchanged row may change", help_text,
        )
        for call in prover.ties
        if call.start >= 0 and call.name == "row_number"
    )  # fmt: skip


def _lossless(binding: Binding, prover: Prover) -> tuple[SqlFinding, ...]:
    return tuple(
        SqlFinding(
            start, binding.places.name_end(start), "", f"every row finds its row of `{name}`: a foreign key says so"
        )
        for start, name in prover.lossless
    )
