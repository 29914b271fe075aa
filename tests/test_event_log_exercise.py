"""What `pgspec test` notices of an event log, and that it takes a log from release to release."""

from __future__ import annotations

from dataclasses import replace

import pytest

from event_log_support import LOG, PROJECT, compiled
from live import MAJORS
from pgspec import testing
from pgspec.compile import DRAFT, compile_project, release_files
from pgspec.sources import Sources, from_texts

FIXTURES = """\
fixtures:
  hits:
    first: {created_at: 2025-08-23 12:00:00+00, endpoint: /a, method: GET, status: 200, took_ms: 1.5, request_id: r-1}
    second: {endpoint: /b, cached: true}
"""
GRANT = "GRANT EXECUTE ON FUNCTION public.record_hits("
MUTANTS = {
    "every id is given": ("request IS NOT NULL", "true", "is recorded as a given one"),
    "a given id is not": ("request IS NOT NULL", "false", "is recorded as 'pgspec test as "),
    "ids are all alike": ("gen_random_uuid()::text)", "'x')", "leaves 2 rows of the request that it returns"),
    "paths stay": ("pgspec.normalize_path($1)", "$1", "not as '/pgspec/:id/test'"),
    "no budget of text": ("l1 := 'other'", "l1 := l1", "value 4 of 3 of `endpoint` is recorded as '/beyond'"),
    "no budget of a number": ("l3 := NULL", "l3 := l3", "value 3 of 2 of `status` is recorded as 31002"),
    "a budget too small": (">= $3 THEN", ">= $3 - 1 THEN", "value 3 of 3 of `endpoint` is recorded as 'other'"),
    "no list": ("l2 := 'other'", "l2 := l2", "a value that is not listed of `method` is recorded as '/pgspec'"),
    "expired rows stay": ("AS d WHERE d.created_at < oldest;", "AS d WHERE false;", "are left in public.hits_default"),
    "partitions every time": ("IS NULL\n    ORDER BY", "IS NULL AND d.day > today\n    ORDER BY", "days ahead: -1"),
    "rows are lost": ("FROM moved AS m'", "FROM moved AS m OFFSET 1'", "rows of the last day are left of "),
    "a service may not": (GRANT, "GRANT EXECUTE ON FUNCTION pg_catalog.int4pl(int, int) TO log_anon; -- ",
                          "can be executed by others than the spec says"),
    "everybody may": (GRANT, "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO log_anon;\n" + GRANT,
                      "can be executed by others than the spec says"),
}  # fmt: skip


def sources(log: str = LOG, files: dict[str, str] | None = None) -> Sources:
    return from_texts(
        {"specs/project.yaml": PROJECT + FIXTURES, "specs/schema.sql": "", "specs/log.yaml": log} | (files or {})
    )


def steps(source: Sources, old: str = "", new: str = "", major: int = MAJORS[-1]) -> list[str]:
    result = compile_project(source)
    assert result.ok, result.diagnostics
    text = result.files[f"{DRAFT}/migrate.sql"]
    assert old in text, old
    files = {**result.files, f"{DRAFT}/migrate.sql": text.replace(old, new) if old else text}
    done: list[str] = []
    testing.run(replace(result, files=files), source, major, None, lambda what, _, how: done.append(f"{how} {what}"))
    return done


@pytest.mark.parametrize("name", MUTANTS)
def test_the_test_notices(name: str) -> None:
    old, new, says = MUTANTS[name]
    with pytest.raises(testing.StepError) as caught:
        steps(sources(), old, new)
    assert says in caught.value.detail


def test_the_rollback_that_drops_events_is_noticed() -> None:
    source = sources()
    result = compile_project(source)
    text = result.files[f"{DRAFT}/rollback.sql"]
    assert "WHERE true;" in text
    files = {**result.files, f"{DRAFT}/rollback.sql": text.replace("WHERE true;", "WHERE false;")}
    with pytest.raises(testing.StepError) as caught:
        testing.run(replace(result, files=files), source, MAJORS[-1], None, lambda *_: None)
    assert "public.hits was dropped with what was in it" in caught.value.detail


@pytest.mark.parametrize("major", MAJORS)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("identifiers:", "  region: {max_cardinality: 4}\nidentifiers:"),
        ("cached: boolean, ", ""),
        ("cached: boolean", "cached: int, extra: text"),
        ("max_cardinality: 3,", "max_cardinality: 2,"),
        ("endpoint: {max_cardinality: 3, normalize: path}", "endpoint: {values: [/a, /b]}"),
        ("retention: 3 days", "retention: 5 days\ndescription: It's 100% \\ so."),
    ],
    ids=["a label more", "a measure less", "another type", "less room", "a list", "longer"],
)
def test_from_release_to_release(old: str, new: str, major: int) -> None:
    """A log of which columns come and go, with rows in it, and back."""
    assert old in LOG
    first = compile_project(sources())
    sealed = release_files(first, "20250101000000_first")
    releases = {path: text for path, text in sealed.items() if "/releases/" in path}
    after = sources(LOG.replace(old, new), releases)
    if new == "" or "cached: int" in new:  # the fixtures name it
        after = replace(after, specs={k: v.replace(b", cached: true", b"") for k, v in after.specs.items()})
    done = steps(after, major=major)
    assert done[-1] == "ok schema.sql leads to the same catalog"
    assert any(step.startswith("ok roll back 2025") for step in done)


def test_nobody_needs_a_service_role() -> None:
    """The owner records and keeps partitions where the project has no roles."""
    texts = {"specs/project.yaml": "kind: project\nname: alone\n", "specs/schema.sql": ""}
    source = from_texts(texts | {"specs/log.yaml": LOG.replace("access: {record: [log_user]}\n", "")})
    assert any("its owner may record, endpoint, method, status" in step for step in steps(source))
    assert compiled().ok
