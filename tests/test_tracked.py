"""Which tables a view is made of, and of which views nobody can say that they have not changed."""

from __future__ import annotations

import pytest

from pgspec.compile import compile_project
from pgspec.program import Program
from pgspec.tracked import tracked
from shop import sources

SCHEMA = """\
CREATE TABLE orders (id bigint PRIMARY KEY, at date);
CREATE TABLE p (id bigint PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (id);
CREATE TABLE p11 PARTITION OF p1 FOR VALUES FROM (0) TO (5);
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20);
CREATE TABLE base (id bigint);
CREATE TABLE child (more text) INHERITS (base);
CREATE TABLE mixed (id bigint PRIMARY KEY) PARTITION BY RANGE (id);
CREATE FOREIGN TABLE abroad PARTITION OF mixed FOR VALUES FROM (0) TO (10) SERVER elsewhere;
CREATE VIEW v AS SELECT id FROM orders;
CREATE VIEW vv AS WITH z AS (SELECT id FROM base) SELECT z.id FROM z JOIN v USING (id);
CREATE VIEW vn AS SELECT id FROM orders WHERE at > now();
CREATE MATERIALIZED VIEW mv AS SELECT id FROM orders;
CREATE FUNCTION reads() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM orders';
CREATE FUNCTION plain(x bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT x + 1';
CREATE VIEW vf AS SELECT id, reads() AS n FROM orders;
"""
SEEN = {
    "SELECT id FROM orders": "orders",
    "SELECT o.id FROM orders o WHERE EXISTS (SELECT FROM base WHERE base.id = o.id)": "base child orders",
    "SELECT id FROM v": "orders",
    "SELECT id FROM vv": "base child orders",
    "SELECT id FROM p": "p p1 p11 p2",
    "SELECT id FROM p1": "p p1 p11",
    "SELECT id FROM p11": "p p1 p11",
    "SELECT id FROM child": "base child",
    "SELECT id, plain(id) AS n FROM orders": "orders",
    "SELECT 1 AS id": "",
    "SELECT id FROM other": "other",
}
UNSEEN = {
    "SELECT id FROM mixed": "the foreign table public.abroad",
    "SELECT id FROM abroad": "the foreign table public.abroad",
    "SELECT oid::bigint AS id FROM pg_class": "the system catalog `pg_class`",
    "SELECT id FROM mv": "the materialized view public.mv, which is not a spec",
    "SELECT id FROM by_hand": "the materialized view public.by_hand, which is refreshed by hand",
    "SELECT id, reads() AS n FROM orders": "the function public.reads, which may read anything",
    "SELECT id, n FROM vf": "the function public.reads, which may read anything",
    "SELECT id FROM orders WHERE at > now()": "`now()` depends on when the query runs",
    "SELECT id FROM vn": "`now()` depends on when the query runs",
    "SELECT id, random() AS r FROM orders": "`random()` is volatile",
    "SELECT id, pg_table_size('orders') AS n FROM orders": "pg_table_size(), which tells of the server",
}


def _view(name: str, query: str, refresh: str) -> str:
    return (
        f"kind: materialized_view\nname: {name}\nunique_key: [id]\nquery: |\n  {query}\nrefresh: {{{refresh}}}\n"
        "allow: {MV002: x, MV003: x, MV006: x, MV009: x}\n---\n"
    )


def program(query: str, refresh: str = "every: 1h", more: str = "") -> Program:
    specs = _view("other", "SELECT id FROM orders", "every: 1h") + _view(
        "by_hand", "SELECT id FROM orders", "every: manual"
    )
    text = _view("a", query, refresh).replace(", MV009: x", more) + specs.replace(", MV009: x", "")
    made = compile_project(sources({"views.yaml": text}, schema=SCHEMA)).program
    assert made is not None
    return made


@pytest.mark.parametrize("query", SEEN)
def test_every_table_is_found(query: str) -> None:
    made = program(query)
    found = tracked(next(view for view in made.views if view.name.name == "a"), made)
    assert found is not None
    assert (" ".join(name.name for name in found.sources), found.unseen) == (SEEN[query], ())


@pytest.mark.parametrize("query", UNSEEN)
def test_what_cannot_be_seen_is_said(query: str) -> None:
    made = program(query)
    found = tracked(next(view for view in made.views if view.name.name == "a"), made)
    assert found is not None
    assert UNSEEN[query] in found.unseen


def test_row_security_that_binds_the_owner_cannot_be_seen() -> None:
    made = program("SELECT id FROM orders", more=", MV009: x")
    found = tracked(next(view for view in made.views if view.name.name == "a"), made)
    assert found is not None
    assert found.unseen == ("row security of its sources, which decides what its owner reads",)


def test_an_event_log_cannot_be_seen() -> None:
    log = "kind: event_log\nname: calls\nlabels: {method: {type: text, values: [GET]}}\nretention: 30 days\n---\n"
    query = "SELECT method, count(*) AS calls FROM calls GROUP BY method"
    text = f"kind: materialized_view\nname: a\nunique_key: [method]\nquery: {query}\nrefresh: {{every: 1h}}\n"
    made = compile_project(sources({"views.yaml": log + text}, schema=SCHEMA)).program
    assert made is not None
    found = tracked(made.views[0], made)
    assert found is not None
    assert found.unseen == ("the event log public.calls, whose partitions come and go",)


@pytest.mark.parametrize("refresh", ["every: manual", "every: 1h, skip_unchanged: false"])
def test_nobody_asks(refresh: str) -> None:
    made = program("SELECT id FROM orders", refresh)
    assert tracked(next(view for view in made.views if view.name.name == "a"), made) is None


def test_a_bound_on_the_age_asks() -> None:
    made = program("SELECT id FROM orders", "every: manual, max_staleness: 1h")
    found = tracked(next(view for view in made.views if view.name.name == "a"), made)
    assert found is not None
    assert [name.name for name in found.sources] == ["orders"]
