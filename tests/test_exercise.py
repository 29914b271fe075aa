"""`pgspec test` shows what an invalidation does: it fails when the trigger does anything else, or shows nothing."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from live import MAJORS
from pgspec import testing
from pgspec.compile import DRAFT, compile_project
from pgspec.sources import Sources, from_disk, from_texts
from projects import pgspec, write

CASE = Path(__file__).parent / "cases" / "invalidation_basic"
MAJOR = MAJORS[-1]


def steps(sources: Sources, change: Callable[[str], str] = str) -> list[str]:
    """The steps of a test whose migration was changed behind the compiler's back."""
    result = compile_project(sources)
    assert result.ok, result.diagnostics
    files = dict(result.files)
    for name in ("migrate", "rollback"):
        files[f"{DRAFT}/{name}.sql"] = change(files[f"{DRAFT}/{name}.sql"])
    assert change is str or files != result.files
    done: list[str] = []
    changed = replace(result, files=files)
    testing.run(changed, sources, MAJOR, None, lambda what, _seconds, outcome: done.append(f"{outcome} {what}"))
    return done


def without(pattern: str, instead: str = "") -> Callable[[str], str]:
    return lambda text: re.sub(pattern, lambda _: instead, text)


def test_every_event_and_column_is_tried() -> None:
    found = "\n".join(steps(from_disk(CASE)))
    assert re.search(r"ok invalidation orders, \d+ writes enqueue exactly their tags, \d+ enqueue nothing\n", found)
    assert "ok the rollback refuses to lose " in found and "the queue is empty" in found


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (without(r"ARRAY\['orders'\] \|\| "), "missing     orders"),
        (without(r"ARRAY\['orders'\]", "ARRAY['orders', 'more']"), "unexpected  more"),
        (without(r"public\.is_public\(state\)[^)]*", "true"), "missing     orders"),
        (without(r"o\.city_id IS DISTINCT FROM n\.city_id", "false"), "missing     orders"),
        (without(r"o\.city_id IS DISTINCT FROM n\.city_id", "true"), "unexpected  orders"),
        (without(r"CASE WHEN o\.pgspec_match THEN [^,]* END, "), "missing     orders:{city}"),
        (without(r"JOIN named n ON n\.id = c\.city_id", "JOIN named n ON false"), "missing     it's"),
        (without(r"IF hit THEN", "IF 1 / 0 = 1 THEN"), "division by zero"),
    ],
    ids=["a tag is missing", "a tag too many", "no condition", "a column is not compared", "any change counts",
         "the old value is forgotten", "the query finds nothing", "the function fails"],
)  # fmt: skip
def test_a_trigger_that_does_something_else_is_seen(change: Callable[[str], str], says: str) -> None:
    with pytest.raises(testing.StepError) as caught:
        steps(from_disk(CASE), change)
    assert says in caught.value.detail, caught.value.detail


def test_a_rollback_that_loses_what_is_pending_is_seen() -> None:
    with pytest.raises(testing.StepError, match="refuses to lose"):
        steps(from_disk(CASE), without(r"IF lost > 0", "IF false"))


def test_without_a_row_nothing_is_shown(tmp_path: Path) -> None:
    """A test that shows nothing is not a test that passes: exit status 2, and what to add."""
    files = {
        "specs/project.yaml": "kind: project\nname: shop\n",
        "specs/schema.sql": "CREATE TABLE orders (id bigint PRIMARY KEY);",
        "specs/orders.yaml": "kind: invalidation\nname: orders\ntable: orders\ntags: [orders]\n",
    }
    assert compile_project(from_texts(files)).ok
    done = pgspec(write(tmp_path, files), "test", "--postgres", str(MAJOR))
    assert done.returncode == 2
    assert "nothing shows what `orders` does: `public.orders` is empty" in done.stderr
    assert "help: add one under `fixtures: {orders: ...}` in project.yaml" in done.stderr
