"""A pgspec that prints SQL differently: one draft that says where it comes from, and nothing that is sealed changes."""

from __future__ import annotations

import pytest

import pgspec.compile
from pgspec.runtime import cache
from shop import DAILY, compiled, released

CACHE = "kind: invalidation\nname: orders\ntable: orders\non: {update: [id]}\ntags: [orders]\n"
SPECS = {"daily.yaml": DAILY, "cache.yaml": CACHE}


def test_an_upgrade_is_one_draft_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as older:
        older.setattr(pgspec.compile, "__version__", "0.0.9")
        older.setattr(cache, "MAX_RETRIES", 5)
        sealed = released(compiled(SPECS), "20250101000000_first")
    now = compiled(SPECS, sealed)
    assert {path: now.files[path] for path in sealed} == sealed
    assert [change.object.key.name for change in now.draft.changes if not change.with_parent]
    plan = now.files["generated/draft/plan.md"]
    assert "The last release was sealed by pgspec 0.0.9, this is " in plan


def test_an_edit_of_a_spec_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = released(compiled(SPECS), "20250101000000_first")
    assert compiled(SPECS, sealed).draft.changes == ()
    now = compiled(SPECS | {"cache.yaml": CACHE.replace("[id]", "[amount]")}, sealed)
    assert now.draft.changes and "sealed by" not in now.files["generated/draft/plan.md"]
