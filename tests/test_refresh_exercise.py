"""`pgspec test` notices when views are refreshed in vain, or not although they must be."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pgspec.compile import Result, compile_project
from pgspec.exercises.refreshes import RefreshExercise
from pgspec.explain import explain_object
from pgspec.writes import ExerciseError
from refresh_support import SCHEMA, SPECS, World, refresh_server, refresh_template, replaced, world
from shop import released, sources

__all__ = ["refresh_server", "refresh_template", "world"]


def exercise(world: World) -> str:
    program = compile_project(sources(SPECS, schema=SCHEMA)).program
    assert program is not None
    with world.database.connect() as connection:
        return RefreshExercise(connection, program).run()


def test_what_is_shown(world: World) -> None:
    assert exercise(world) == "5 of 6 wait for a write, 16 writes to 4 tables are noted"
    assert world.tick() == []  # and nothing is left behind


BROKEN = {
    "DROP TRIGGER pgspec_refresh ON shelves": "a call after nothing was written refreshes public.c_shelves in vain",
    "ALTER TABLE events DISABLE TRIGGER pgspec_refresh": "refreshes public.d_events in vain",
    "CREATE OR REPLACE VIEW full_shelves AS SELECT s.id, s.name FROM shelves s CROSS JOIN control":
        "DELETE FROM public.control WHERE false\nis not noted for public.c_shelves",
    "CREATE OR REPLACE VIEW full_shelves AS SELECT s.id, s.name FROM shelves s":
        "is noted for public.c_shelves, which does not read public.items",
    "INSERT INTO control VALUES ('fail')":
        "the first call does not refresh public.e_rare: division_by_zero (22012)",
}  # fmt: skip


@pytest.mark.parametrize("statement", BROKEN)
def test_what_is_broken_is_noticed(world: World, statement: str) -> None:
    world.monitor.run(statement)
    with pytest.raises(ExerciseError) as caught:
        exercise(world)
    assert BROKEN[statement] in str(caught.value)


MUTANTS = {
    "pgspec.note_write": (
        "RETURN NULL;\n  END IF;\n  INSERT",
        "RETURN NULL;\n  END IF;\n  RETURN NULL; INSERT",
        "is not noted for",
    ),
    "pgspec.settle_mv_sources": ("NOT pg_visible_in_snapshot", "pg_visible_in_snapshot", "does not refresh"),
    "pgspec.close_mv_refresh": ("stale_since = NULL, ", "", "in vain"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_what_never_works_is_noticed(world: World, name: str) -> None:
    old, new, message = MUTANTS[name]
    with replaced(world.database, name, {old: new}), pytest.raises(ExerciseError, match=message):
        exercise(world)


def test_explain_says_what_a_view_waits_for() -> None:
    result = compile_project(sources(SPECS, schema=SCHEMA))
    for view, text in {
        "c_shelves": "  at most every 1 second, once one of these was written\n    public.items\n    public.shelves\n",
        "a_top": "once one of these was written\n    public.b_totals\n",
        "f_clock": "  whether or not something was written, since nobody notes a change of\n"
        "    `now()` depends on when the query runs\n",
        "g_manual": "refreshed\n  by hand\n",
    }.items():
        explained = explain_object(view, result)
        assert explained is not None
        assert text in explained


def test_another_due_time_changes_one_function_and_locks_nothing() -> None:
    first = compiled(SPECS, SCHEMA)
    later = {"views.yaml": SPECS["views.yaml"].replace("every: 1h", "every: 2h")}
    second = compiled(later, SCHEMA, released(first, "20250101000000_one"))
    (change,) = second.draft.changes
    assert (change.action, str(change.object.key)) == ("replace", "function pgspec.refreshed_views()")


def test_names_that_are_taken_are_refused() -> None:
    schema = SCHEMA + "CREATE TABLE mv_refresh_log (id int);\n"
    (finding,) = compile_project(sources(SPECS, schema=schema)).diagnostics
    assert (finding.code, finding.message) == (
        "PRJ011",
        "the name `public.mv_refresh_log` of the refresh runtime is already taken",
    )
    without = {"views.yaml": SPECS["views.yaml"].replace("every: 1s", "every: manual").replace("every: 1h, ", "")}
    assert compile_project(sources(without, schema=schema)).ok


def test_nothing_is_installed_where_nobody_asks() -> None:
    without = {"views.yaml": SPECS["views.yaml"].replace("every: 1s", "every: manual").replace("every: 1h, ", "")}
    made = compiled(without, SCHEMA).after
    assert {key.type for key in made} == {"schema", "table", "function", "materialized_view", "index", "access"}
    assert [key.name for key in made if key.type == "table"] == ["pgspec.deployed_objects"]


def compiled(specs: Mapping[str, str], schema: str, releases: Mapping[str, str] | None = None) -> Result:
    result = compile_project(sources(specs, releases, schema))
    assert result.ok, result.diagnostics
    return result
