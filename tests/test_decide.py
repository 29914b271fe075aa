"""What is decided without a server is what a server does: random policies, personas and rows, both asked."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import decide_world as world
from live import Database
from pgspec import decide, evaluate, policies, scopes, values
from pgspec.catalog import Catalog
from pgspec.evaluate import Scope
from pgspec.keys.algebra import Form
from pgspec.values import UndecidableError

SHORT, LONG = 24, 400
SEED = 7


def seen(database: Database, number: int, seed: int) -> list[world.Cell]:
    world.prepare(database)
    rng = random.Random(seed)
    with database.connect() as connection:
        alone = list(world.observe(connection, world.singles(), ["select"]))
        return alone + list(world.observe(connection, [world.policies(rng) for _ in range(number)]))


@pytest.mark.newest
def test_decides_what_the_server_does_and_no_mutant_does(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = seen(database, SHORT, SEED)
    wrong, decided, undecided = world.disagreements(cells)
    assert wrong == []
    assert decided > 5 * undecided and decided > 1000
    surviving = []
    for name, change in MUTANTS.items():
        with monkeypatch.context() as patch:
            change(patch)
            if not world.disagreements(cells)[0]:
                surviving.append(name)
    assert surviving == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_decides_what_the_server_does_at_length(database: Database, seed: int) -> None:
    wrong, decided, _ = world.disagreements(seen(database, LONG, 1000 + seed))
    assert wrong == []
    assert decided > 50_000


# Each changes one thing that the evaluator or the decision must get right.

Patch = pytest.MonkeyPatch


def _form(form: Form, change: Callable[[Any], Any]) -> Callable[[Patch], None]:
    """A mutant whose operations of one form give another value."""
    original = evaluate._FORMS[form]

    def mutate(patch: Patch) -> None:
        changed = {**evaluate._FORMS, form: lambda op, scope: change(original(op, scope))}
        patch.setattr(evaluate, "_FORMS", changed)

    return mutate


def _compare(change: Callable[[Any, Any], bool]) -> Callable[[Patch], None]:
    return lambda patch: patch.setattr(evaluate, "_COMPARE", {**evaluate._COMPARE, "=": change})


def _null_is_false(patch: Patch) -> None:
    original = evaluate._compare
    patch.setattr(evaluate, "_compare", lambda *a: bool(original(*a)))


def _and_ignores_null(patch: Patch) -> None:
    original = scopes._connect

    def connect(conditions: Any, decisive: bool) -> bool | None:
        return not decisive if (value := original(conditions, decisive)) is None else value

    patch.setattr(scopes, "_connect", connect)


def _claims_are_empty_texts(patch: Patch) -> None:
    original = evaluate._claim
    patch.setattr(evaluate, "_claim", lambda path, scope: original(path, scope) or "")


def _claims_do_not_walk(patch: Patch) -> None:
    original = evaluate._claim

    def claim(path: Any, scope: Scope) -> Any:
        return None if "." in str(path) else original(path, scope)

    patch.setattr(evaluate, "_claim", claim)


def _failures_are_null(patch: Patch) -> None:
    patch.setattr(values, "_fail", lambda _: None)


def _uuids_as_written(patch: Patch) -> None:
    patch.setattr(values, "_READERS", {**values._READERS, "uuid": lambda text, _: text})


def _policies_of(patch: Patch, change: Callable[[decide.Decider, Any, Any], bool]) -> None:
    original = decide.Decider._is_for
    patch.setattr(decide.Decider, "_is_for", lambda d, policy, s: change(d, policy, s) and original(d, policy, s))


def _no_default_check(patch: Patch) -> None:
    patch.setattr(policies.Policy, "new_rows", lambda policy: policy.check)


def _same_rows_checked_by_using(patch: Patch) -> None:
    patch.setattr(policies.Policy, "new_rows", lambda policy: policy.using or policy.check)


def _updates_do_not_read(patch: Patch) -> None:
    original = decide.Decider._admits

    def admits(decider: Any, commands: Any, session: Any, row: Any, *, new: bool) -> Any:
        return original(decider, commands[:1], session, row, new=new)

    patch.setattr(decide.Decider, "_admits", admits)


def _no_defaults(patch: Patch) -> None:
    patch.setattr(decide, "_literal", lambda _: "z")


def _no_groups(patch: Patch) -> None:
    patch.setattr(Catalog, "groups", lambda _, role: frozenset({role}))


def _everybody_calls(patch: Patch) -> None:
    original = evaluate._own_function

    def called(name: Any, op: Any, scope: Scope) -> Any:
        catalog = scope.session.catalog
        made = tuple(replace(f, callers=frozenset({"public"})) for f in catalog.functions[name])
        functions = {**catalog.functions, name: made}
        session = replace(scope.session, catalog=replace(catalog, functions=functions))
        return original(name, op, replace(scope, session=session))

    patch.setattr(evaluate, "_own_function", called)
    patch.setattr(decide.Decider, "_may_call", lambda *_: None)


def _no_rights(patch: Patch) -> None:
    patch.setattr(decide.Decider, "_missing", lambda *_: "")


def _rights_of_the_schema_files(patch: Patch) -> None:
    patch.setattr(policies.Guarded, "closed_to", lambda *_: ())


def _denied_inserts_vanish(patch: Patch) -> None:
    original = decide.Decider._asked

    def asked(decider: Any, command: Any, session: Any, row: Any) -> Any:
        found = original(decider, command, session, row)
        return decide.Verdict("none") if command == "insert" and found.outcome == "denied" else found

    patch.setattr(decide.Decider, "_asked", asked)


def _guesses(patch: Patch) -> None:
    original = scopes._connect

    def connect(conditions: Any, decisive: bool) -> bool | None:
        try:
            return original(conditions, decisive)
        except UndecidableError:
            return decisive

    patch.setattr(scopes, "_connect", connect)


def _forced_never(patch: Patch) -> None:
    original = decide.Decider._decided

    def decided(decider: Any, command: Any, session: Any, row: Any) -> Any:
        if decider._table.owner in session.groups:
            return decide.Verdict("ok")
        return original(decider, command, session, row)

    patch.setattr(decide.Decider, "_decided", decided)


def _nobody_is_refused(patch: Patch) -> None:
    patch.setattr(decide.Decider, "_can_pass", lambda *_: True)


def _parts_that_fail_pass(patch: Patch) -> None:
    original = decide._passes
    patch.setattr(decide, "_passes", lambda condition, session: original(condition, session) is not False)


MUTANTS: dict[str, Callable[[Patch], None]] = {
    "= is <>": _compare(lambda a, b: a != b),
    "NULL compares as false": _null_is_false,
    "NULL counts for nothing in AND and OR": _and_ignores_null,
    "NOT NULL is true": _form(Form.NOT, lambda v: True if v is None else v),
    "IS NULL inverted": _form(Form.IS_NULL, lambda v: not v),
    "IS NOT NULL inverted": _form(Form.IS_NOT_NULL, lambda v: not v),
    "IS NOT TRUE inverted": _form(Form.IS_TRUTH, lambda v: not v),
    "IS DISTINCT FROM inverted": _form(Form.DISTINCT_FROM, lambda v: not v),
    "IN always": _form(Form.IN, lambda _: True),
    "NOT IN with NULL is true": _form(Form.NOT_IN, lambda v: True if v is None else v),
    "ANY never": _form(Form.ANY, lambda _: False),
    "coalesce gives nothing": _form(Form.COALESCE, lambda _: None),
    "CASE gives nothing": _form(Form.CASE, lambda _: None),
    "a missing claim is an empty text": _claims_are_empty_texts,
    "claims do not walk into objects": _claims_do_not_walk,
    "a failing cast is NULL": _failures_are_null,
    "uuids compare as they are written": _uuids_as_written,
    "an undecidable part is taken to be so": _guesses,
    "restrictive policies do not count": lambda p: _policies_of(p, lambda _, q, __: not q.spec.restrictive),
    "policies for everybody are for nobody": lambda p: _policies_of(p, lambda _, q, __: "public" not in q.roles),
    "WITH CHECK is not taken from USING": _no_default_check,
    "new rows are asked by USING": _same_rows_checked_by_using,
    "updates and deletes read nothing": _updates_do_not_read,
    "defaults are other values": _no_defaults,
    "groups do not count": _no_groups,
    "rights do not count": _no_rights,
    "everybody may call every function": _everybody_calls,
    "rights of the schema files stay": _rights_of_the_schema_files,
    "a refused insert vanishes": _denied_inserts_vanish,
    "FORCE does not bind the owner": _forced_never,
    "nobody is refused with an error": _nobody_is_refused,
    "NULL is enough to pass": _parts_that_fail_pass,
}  # fmt: skip
