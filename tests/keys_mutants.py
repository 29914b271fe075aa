"""Mistakes planted in the key prover, one at a time: each must be seen by the corpus or by the fuzz.

They are the classic ones, at least one for each operator.  A mutant is a change of the prover's text, made in a copy
of the package; a rule that is written otherwise one day needs its mutant written otherwise too.

    python keys_mutants.py DSN      in a process that imports the copy: exit status 0 when the mistake is seen
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from keys_fuzz import fuzz
from known_views import SCHEMA, known_views
from pgspec_prover import PROVER

COUNT = 6000
SEED = "mutants"


@dataclass(frozen=True, slots=True)
class Mutant:
    """In ``module`` of pgspec.keys, ``old`` is there once; ``new`` is the mistake."""

    name: str
    module: str
    old: str
    new: str


MUTANTS = (
    # stored tables
    Mutant(
        "UNIQUE holds for NULLs too",
        "derive",
        "facts.add(mask, row, lax=not key.nulls_not_distinct and bool(mask & ~facts.not_null))",
        "facts.add(mask, row)",
    ),
    Mutant("a partial index is a whole one", "derive", "key.deferrable or key.where is not None", "key.deferrable"),
    Mutant("a deferred key is kept", "derive", "key.deferrable or key.where is not None", "key.where is not None"),
    Mutant("a key binds the children", "derive", "plan.relation.has_children and not plan.only", "False"),
    Mutant(
        "an expression index holds for NULLs too",
        "derive",
        "facts.add(columns_mask, row, lax=not entry.key.nulls_not_distinct)",
        "facts.add(columns_mask, row)",
    ),
    Mutant("a partial index needs no predicate", "predicates", "if all(_holds(condition, facts)", "if any(True"),
    Mutant("a lax dependency is a strict one", "facts", " and not (lax and determinant & ~known)", ""),
    # filters
    Mutant("OR is taken for AND", "predicates", "common & trial.not_null", "common | trial.not_null"),
    Mutant("row_number() <= 2 is = 1", "predicates", '(("<=", 1), ("<", 2))', '(("<=", 1), ("<=", 2), ("<", 2))'),
    Mutant("IS NOT DISTINCT FROM keeps NULL out", "predicates", "    if nulls:\n        return\n", ""),
    # joins
    Mutant("an outer join adds no NULLs", "joins", "null_extended(side, inner, matched)", "side"),
    Mutant(
        "ON of an outer join is a filter",
        "joins",
        '    matched = prover.hidden(Facts(), "matched", "boolean")\n    extended',
        "    assume(prover, plan.conditions, kept, env)\n    use_partial_keys(prover, kept, env)\n"
        '    matched = prover.hidden(Facts(), "matched", "boolean")\n    extended',
    ),
    Mutant("an outer join finds one partner", "joins", "if side.rows & ~inner.closure(rows) == 0:", "if True:"),
    Mutant("a foreign key need not be valid", "joins", "not key.validated or key.deferrable", "key.deferrable"),
    Mutant("a foreign key may be NULL", "joins", "            or not kept.not_null >> a & 1\n", ""),
    Mutant("FULL JOIN keeps the left side whole", "joins", "null_extended(left, left, m1)", "left"),
    Mutant("USING of a FULL JOIN is a key of any sides", "joins", "present and one_each and same_types", "present"),
    Mutant("LATERAL sees one row", "joins", "Environment(env.context | left.rows,", "Environment(env.context,"),
    Mutant("a join has the rows of its left side", "facts", "left.rows | right.rows", "left.rows"),
    Mutant(
        "every equality is one-to-one",
        "equality",
        "return right == common or (right, common) in ONE_TO_ONE_CASTS",
        "return True",
    ),
    # expressions
    Mutant(
        "equal values look the same",
        "equality",
        "exact = [types.equal_image(k) or type(a) is Const for",
        "exact = [True for",
    ),
    Mutant(
        "a cast to date is one-to-one",
        "equality",
        '+ [("date", _TIMESTAMP)]',
        '+ [("date", _TIMESTAMP), (_TIMESTAMP, "date")]',
    ),
    Mutant("extract() is never NULL", "equality", '    "abs", "array_append"', '    "extract", "abs", "array_append"'),
    Mutant(
        "CASE is never NULL",
        "values",
        "return all(present(a) for a in (*arguments[1:-1:2], arguments[-1]))",
        "return True",
    ),
    Mutant("COALESCE is never NULL", "values", "return any(map(present, arguments))", "return True"),
    Mutant("a scalar sub-query has a row", "values", "return inner.exactly_one and bool(", "return bool("),
    # groups
    Mutant("no rows make no row", "groups", "grouped = Facts(exactly_one=True)", "grouped = facts.copy()"),
    Mutant(
        "min is not NULL though FILTER leaves rows out",
        "groups",
        "if not has_rows or call.condition is not None:",
        "if not has_rows:",
    ),
    Mutant("a sum is one of its values", "groups", '{"min", "max", "any_value"}', '{"min", "max", "any_value", "sum"}'),
    Mutant(
        "a subtotal's NULL is the value NULL",
        "groups",
        "grouped.add(determinant | flags, row)",
        "grouped.add(determinant, row)",
    ),
    Mutant(
        "a grouping set is listed once",
        "groups",
        "if len({frozenset(s) for s in plan.sets}) == len(plan.sets):",
        "if True:",
    ),
    Mutant(
        "a grouping set leaves nothing out",
        "grouping",
        "output = self.binding.attribute(self.binding.attributes[key].name, value.type, value.start)",
        "output = key",
    ),
    # windows, DISTINCT, LIMIT
    Mutant(
        "rank() is row_number()",
        "groups",
        'if call.name == "row_number" or (call.name in _RANKS and total):',
        'if call.name in {"row_number", *_RANKS}:',
    ),
    Mutant(
        "row_number() needs no partition",
        "groups",
        "facts.add(1 << attribute | partition, facts.rows)",
        "facts.add(1 << attribute, facts.rows)",
    ),
    Mutant(
        "DISTINCT is DISTINCT ON its first column",
        "derive",
        "shown = mask_of(plan.attributes)",
        "shown = mask_of(plan.attributes[:1])",
    ),
    Mutant("LIMIT 2 is LIMIT 1", "derive", "plan.count <= 1", "plan.count <= 2"),
    # set operations and recursion
    Mutant(
        "UNION ALL removes duplicates",
        "setops",
        "    if not plan.all:\n        facts.add(shown | env.context, row)\n    keys = ",
        "    facts.add(shown | env.context, row)\n    keys = ",
    ),
    Mutant(
        "EXCEPT keeps keys of the right side",
        "setops",
        "(keys[1] if plan.form is SetForm.INTERSECT else [])",
        "keys[-1]",
    ),
    Mutant("one branch without NULL is enough", "setops", "holds = all(present)", "holds = any(present)"),
    Mutant(
        "any column tells the branches apart",
        "setops",
        "    values = [b.outputs[column].attribute for b in plan.branches]\n    if len(values) == BINARY",
        "    return True\n    if len(values) == BINARY",
    ),
    Mutant("every row is a root", "setops", "parent is None or not base.null >> parent & 1", "parent is None"),
    Mutant("a recursion confirms what it starts with", "setops", "if confirmed == present:", "if True:"),
    # functions in FROM, VALUES
    Mutant("VALUES are all different", "setops", "return len(set(rows)) == len(rows)", "return True"),
    Mutant(
        "the elements of an array are all different", "tablefunctions", "len(values) == len(array.arguments) and ", ""
    ),
    Mutant(
        "a set-returning function returns one row",
        "tablefunctions",
        'prover.row_id(facts, "row of a set-returning function", plan)',
        'prover.hidden(facts, "row")',
    ),
)


def plant(mutant: Mutant, package: Path, directory: Path) -> None:
    """Copy the package ``pgspec`` into ``directory``, with the mistake."""
    copy = directory / "pgspec"
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__"))
    module = copy / "keys" / f"{mutant.module}.py"
    text = module.read_text()
    assert text.count(mutant.old) == 1, (
        f"{mutant.name}: {mutant.old!r} is {text.count(mutant.old)} times in {module.name}"
    )
    module.write_text(text.replace(mutant.old, mutant.new))


@dataclass(frozen=True, slots=True)
class Remote:
    """A database of another process."""

    dsn: str

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(self.dsn, autocommit=True)


def seen(dsn: str) -> Iterator[str]:
    """What shows that the imported prover is wrong."""
    catalog = PROVER.read(SCHEMA)
    for view in known_views():
        analysis = PROVER.analyse(view.query, catalog)
        for case in (*view.fails, *view.nullable):
            if PROVER.check_key(analysis, case.columns).proven:
                yield f"corpus: {view.name}: {', '.join(case.columns)} is proven, but {case.why}"
                break
    report = fuzz(Remote(dsn), PROVER, SEED, COUNT)
    if report.claim:
        yield f"fuzz, after {report.counts['queries']} queries: {report.claim}"


def main() -> int:
    found = next(seen(sys.argv[1]), None)
    sys.stdout.write(f"{found or 'nothing was seen'}\n")
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
