"""The planner: which changes lead from one state to another, in which order."""

import json
import random
from collections.abc import Mapping
from dataclasses import replace

import pytest

from pgspec import state as states
from pgspec.graph import cycles, order
from pgspec.objects import Key, SqlObject
from pgspec.plan import Plan, plan
from pgspec.state import State
from shop import DAILY, MONTHLY, compiled, draft


def view(name: str, query: str = "SELECT 1 AS id", needs: tuple[str, ...] = ()) -> SqlObject:
    depends = tuple(Key("materialized_view", f"public.{need}") for need in needs)
    return SqlObject(
        Key("materialized_view", f"public.{name}"), {"name": ["public", name], "query": query}, None, depends
    )


def index(name: str, table: str, columns: tuple[str, ...] = ("id",)) -> SqlObject:
    definition = {"name": ["public", name], "table": ["public", table], "columns": list(columns)}
    parent = Key("materialized_view", f"public.{table}")
    return SqlObject(Key("index", f"public.{name}"), definition | {"unique": True, "method": "btree"}, parent)


def comment(table: str, text: str) -> SqlObject:
    parent = Key("materialized_view", f"public.{table}")
    definition = {"on": "materialized_view", "target": ["public", table], "text": text}
    return SqlObject(Key("comment", f"public.{table}"), definition, parent)


def state(*objects: SqlObject) -> State:
    return {item.key: item for item in objects}


def steps(changes: Plan) -> list[str]:
    return [
        f"{step.do} {step.object.key.type} {step.object.key.name.removeprefix('public.')}" for step in changes.steps
    ]


def actions(changes: Plan) -> dict[str, str]:
    return {c.object.key.name.removeprefix("public."): f"{c.action}: {c.why}" for c in changes.changes}


def test_nothing_to_do() -> None:
    same = state(view("a"), index("i", "a"))
    assert plan(same, same) == Plan()


def test_what_is_needed_comes_first_and_goes_last() -> None:
    both = state(view("a", needs=("z",)), index("i", "a"), view("z"), comment("z", "x"))
    assert steps(plan({}, both)) == [
        "create materialized_view z",
        "create comment z",
        "create materialized_view a",
        "create index i",
    ]
    assert steps(plan(both, {})) == ["drop materialized_view a", "drop materialized_view z"]


def test_a_changed_query_rebuilds_the_view_with_its_children_and_dependents() -> None:
    before = state(view("a"), index("i", "a"), comment("a", "x"), view("b", needs=("a",)), index("j", "b"), view("c"))
    after = before | state(view("a", "SELECT 2 AS id"))
    changes = plan(before, after)
    assert steps(changes) == [
        "drop materialized_view b",
        "drop materialized_view a",
        "create materialized_view a",
        "create index i",
        "create comment a",
        "create materialized_view b",
        "create index j",
    ]
    assert actions(changes) == {
        "a": "rebuild: part of materialized view public.a",  # the comment, which has the view's name
        "i": "rebuild: part of materialized view public.a",
        "b": "rebuild: depends on materialized view public.a",
        "j": "rebuild: part of materialized view public.b",
    }


def test_a_changed_child_does_not_rebuild_the_view() -> None:
    before = state(view("a"), index("i", "a"), comment("a", "x"))
    assert steps(plan(before, before | state(comment("a", "y")))) == ["replace comment a"]
    assert steps(plan(before, before | state(index("i", "a", ("x",))))) == ["drop index i", "create index i"]


def test_children_that_come_and_go_alone() -> None:
    bare, full = state(view("a")), state(view("a"), index("i", "a"), comment("a", "x"))
    assert steps(plan(bare, full)) == ["create index i", "create comment a"]
    assert steps(plan(full, bare)) == ["drop comment a", "drop index i"]


def test_a_dropped_view_takes_its_children_along_and_its_dependents_are_rebuilt() -> None:
    before = state(view("a"), index("i", "a"), view("b", needs=("a",)))
    after = state(view("b"))
    assert steps(plan(before, after)) == [
        "drop materialized_view b",
        "drop materialized_view a",
        "create materialized_view b",
    ]


def test_an_index_moves_to_another_view() -> None:
    before = state(view("a"), view("b"), index("i", "a"))
    after = state(view("a"), view("b"), index("i", "b"))
    assert steps(plan(before, after)) == ["drop index i", "create index i"]


OURS = SqlObject(Key("schema", "pgspec"), {"name": "pgspec"})


def test_a_changed_view_is_built_beside_the_old_one() -> None:
    """Nothing is dropped before all that takes long is done; a view that is new reads what is being built."""
    one = view("a", "SELECT a.id FROM public.t AS a")
    two = view("b", "SELECT public.a.id, a.* FROM public.a, (SELECT 1 AS a) AS s", ("a",))
    before = state(OURS, one, index("i", "a"), comment("a", "x"), two, view("c"), index("k", "c"))
    new = view("n", "SELECT * FROM public.b WHERE EXISTS (TABLE public.a)", ("a", "b"))
    changed = view("a", "SELECT a.id FROM public.u AS a")
    after = before | state(changed, new, index("j", "n"), index("k", "c", ("x",)))
    changes = plan(before, after)
    assert steps(changes) == [
        "build materialized_view pgspec.a",
        "build index pgspec.i",
        "build materialized_view pgspec.b",
        "build index k_pgspec_new",
        "create materialized_view n",
        "create index j",
        "drop index k",
        "drop materialized_view b",
        "drop materialized_view a",
        "place materialized_view a",
        "place materialized_view b",
        "place index k",
        "create comment a",
    ]
    queries = [step.object.definition["query"] for step in changes.steps[:5] if "query" in step.object.definition]
    assert queries == [
        "SELECT a.id FROM public.u AS a",
        "SELECT pgspec.a.id, a.* FROM pgspec.a, (SELECT 1 AS a) AS s",
        "SELECT * FROM pgspec.b WHERE EXISTS (TABLE pgspec.a)",
    ]
    assert [item.key.name for item in changes.replaced] == ["public.a", "public.b"]
    assert {c.object.key.name for c in changes.changes if c.beside} == {"public.a", "public.b", "public.i", "public.k"}


def test_views_of_one_name_have_no_room_beside_each_other() -> None:
    other = SqlObject(Key("materialized_view", "s.a"), {"name": ["s", "a"], "query": "SELECT 1 AS id"})
    before = state(OURS, view("a"), other)
    changed = replace(other, definition=other.definition | {"query": "SELECT 2 AS id"})
    assert [s.do for s in plan(before, before | state(view("a", "SELECT 2 AS id"), changed)).steps] == [
        "drop", "drop", "create", "create",
    ]  # fmt: skip
    table = SqlObject(Key("table", "pgspec.a"), {"name": ["pgspec", "a"]})
    before = state(OURS, view("a"), table)
    assert [s.do for s in plan(before, before | state(view("a", "SELECT 2 AS id"))).steps] == ["drop", "create"]


def random_state(source: random.Random) -> State:
    names = source.sample("abcdefgh", source.randint(0, 8))
    objects: list[SqlObject] = [OURS] * (source.random() < 0.8)
    for number, name in enumerate(sorted(names)):
        needs = tuple(source.sample(sorted(names)[:number], source.randint(0, min(number, 2))))
        objects.append(
            view(
                name,
                f"SELECT {source.randint(1, 2)} AS id FROM {', '.join(f'public.{n}' for n in needs) or 'public.t'}",
                needs,
            )
        )
        objects += [index(f"{name}_{i}", name, (source.choice("xy"),)) for i in range(source.randint(0, 2))]
        objects += [comment(name, source.choice("xy"))] * source.randint(0, 1)
    return state(*objects)


def simulate(before: State, changes: Plan) -> dict[Key, SqlObject]:
    """What the steps lead to, refusing what PostgreSQL would refuse."""
    now = dict(before)
    for step in changes.steps:
        key = step.object.key
        if step.do == "drop":
            gone = {k for k, item in now.items() if key in (k, item.parent)}
            assert not [k for k, item in now.items() if k not in gone and gone & set(item.depends_on)], (
                f"{key} is needed"
            )
            now = {k: item for k, item in now.items() if k not in gone}
        elif step.do == "place":
            assert key not in now and step.before is not None
            if key.type == "index":
                del now[step.before.key]
                now[key] = step.object
                continue
            made = step.before.key
            moved = {k: _final(k) for k, item in now.items() if made in (k, item.parent)}
            now = {moved.get(k, k): _renamed(item, moved) for k, item in now.items()}
        elif step.do == "build":
            assert key not in now, f"build {key}"
            aside = {_final(k): k for k in now if k.name.startswith("pgspec.")}
            now[key] = _renamed(step.object, aside)
            assert all(need in now for need in now[key].depends_on)
        else:
            aside = {_final(k): k for k in now if k.name.startswith("pgspec.") and k.type != "schema"}
            assert (key in now) == (step.do == "replace"), f"{step.do} {key}"
            assert all(
                need in now for need in (*step.object.depends_on, *([step.object.parent] * bool(step.object.parent)))
            )
            now[key] = _renamed(step.object, aside) if step.object.parent is None else step.object
    return now


def _renamed(item: SqlObject, names: Mapping[Key, Key]) -> SqlObject:
    """The object with other keys for what it depends on."""
    parent = names.get(item.parent, item.parent) if item.parent else None
    return replace(item, depends_on=tuple(names.get(k, k) for k in item.depends_on), parent=parent)


def _final(key: Key) -> Key:
    return Key(key.type, key.name.replace("pgspec.", "public.", 1))


def _text(item: SqlObject) -> str:
    """The definition, with what was built elsewhere where it belongs."""
    return json.dumps(item.definition, sort_keys=True).replace("pgspec.", "public.").replace('"pgspec",', '"public",')


@pytest.mark.parametrize("seed", range(300))
def test_every_plan_leads_where_it_should(seed: int) -> None:
    source = random.Random(seed)
    before, after = random_state(source), random_state(source)
    found = simulate(before, plan(before, after))
    assert {k: _text(item) for k, item in found.items()} == {k: _text(item) for k, item in after.items()}
    differ = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert {change.object.key for change in plan(before, after).changes} >= differ


def test_states_survive_their_text() -> None:
    after = compiled({"daily.yaml": DAILY, "monthly.yaml": MONTHLY}).after
    text = states.dump(after)
    assert states.load(text) == after
    assert states.dump(states.load(text)) == text
    assert text.count("\n") == len(after) + 2  # one object a line


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 2, "objects": []}', '{"format": 1, "objects": [{"type": "x", "name": "y"}]}']
)
def test_what_is_no_state_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"state|Expecting"):
        states.load(text)


def test_order_has_one_answer() -> None:
    needs = {"c": ["a"], "b": ["a"], "a": [], "d": ["missing"]}
    assert order(needs, str) == order(dict(reversed(needs.items())), str) == ["a", "b", "c", "d"]


def test_cycles_are_paths() -> None:
    needs = {"a": ["b"], "b": ["c"], "c": ["a", "d"], "d": [], "e": ["e"], "f": ["a"]}
    assert cycles(needs, str) == [["a", "b", "c"], ["e"]]
    assert cycles({"a": ["b"], "b": []}, str) == []
    assert len(cycles({str(n): [str((n + 1) % 5000)] for n in range(5000)}, str)[0]) == 5000


def test_a_view_that_says_what_it_was_is_renamed() -> None:
    """Nothing is dropped of it; what reads it is built anew, since it reads another name."""
    before = state(OURS, view("a"), index("a_key", "a"), index("other", "a", ("x",)), comment("a", "x"), view("c"))
    new = replace(view("n"), was=Key("materialized_view", "public.a"))
    after = state(OURS, new, index("n_key", "n"), index("other", "n", ("y",)), comment("n", "x"), view("c"))
    assert steps(plan(before, after)) == [
        "rename materialized_view n",
        "rename index n_key",
        "build index other_pgspec_new",
        "drop index other",
        "place index other",
    ]
    assert steps(plan(after, before))[:2] == ["rename materialized_view a", "rename index a_key"]
    assert {c.object.key.name: c.why for c in plan(before, after).changes if c.action == "rename"} == {
        "public.n": "was public.a",
        "public.n_key": "was public.a_key",
    }
    # Once it is released, `was` says nothing any more.
    assert plan(after, after) == Plan()


def test_the_plan_names_what_a_query_reads_while_it_runs() -> None:
    text = draft(compiled({"views.yaml": DAILY}), "plan.md")
    assert "| ACCESS SHARE on `public.orders`, as long as its query runs |" in text
    assert "`s that it reads" not in text
