"""`pgspec explain NAME`: what a view is made of."""

from pathlib import Path

import pytest

from pgspec.compile import Result, compile_project
from pgspec.explain import explain_object, explain_rule
from pgspec.lineage import column_sources
from pgspec.queries import edited
from pgspec.sources import from_disk
from shop import DAILY, MONTHLY, compiled, sources

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def shop() -> Result:
    return compiled({"daily.yaml": DAILY, "monthly.yaml": MONTHLY})


DAILY_EXPLAINED = """\
materialized view public.orders_daily  (specs/daily.yaml:2)
  Orders by day.

read by
  public.orders_monthly
reads
  public.orders (amount, placed_on)
columns
  placed_on  date not null     <- public.orders.placed_on
  orders     bigint not null
  revenue    numeric not null  <- public.orders.amount
keys
  [placed_on]  proven by GROUP BY, line 10
refreshed
  by hand
indexes
  orders_daily_key (placed_on) unique
  orders_daily_orders_idx (orders)
"""


def test_a_view_is_explained(shop: Result) -> None:
    assert explain_object("orders_daily", shop) == DAILY_EXPLAINED


def test_columns_are_followed_to_their_sources(shop: Result) -> None:
    text = explain_object("public.orders_monthly", shop) or ""
    assert "  month   timestamp without time zone not null  <- public.orders_daily.placed_on\n" in text
    assert "  [month]  proven by GROUP BY" in text
    assert "  orders_monthly_key (month) unique\n" in text


def test_what_does_not_exist_is_not_explained(shop: Result) -> None:
    assert explain_object("nothing", shop) is None
    assert explain_rule("MV999") is None
    assert (explain_rule("mv001") or "").startswith(
        "MV001 no-unique-key (error)\n\nA materialized view has no unique key."
    )


def test_sources_are_among_what_the_analysis_says_is_read() -> None:
    """Two independent analyses of the example agree."""
    result = compile_project(from_disk(ROOT))
    assert result.program is not None
    followed = 0
    for view in result.program.views:
        assert view.analysis is not None and view.statement is not None
        read = {f"{name}.{column}" for name, columns in view.analysis.reads.items() for column in columns}
        query = edited(view.source.text, view.statement.start, view.statement.end, view.analysis.edits)
        names = [column.name for column in view.analysis.columns]
        for origins in column_sources(query, names, result.program.catalog.relations).values():
            assert origins is not None
            assert set(origins) <= read
            followed += len(origins)
    assert followed > 80


def test_a_syntax_that_is_not_followed_is_no_error() -> None:
    assert column_sources("SELECT @ @ FROM ((", ["a"], {}) == {"a": None}


def test_an_exposed_view_is_explained_with_what_is_behind_it() -> None:
    result = compile_project(from_disk(ROOT / "tests" / "cases" / "view_exposed"))
    told = explain_object('"my api".costs', result)
    assert told is not None and told.startswith("materialized view public.costs_by_role")
    assert 'exposed as\n  "my api".costs to anon, authenticated, where seen_by = current_user\n' in told


CACHED_EXPLAINED = """\
cached query orders_of_customer  (specs/cache.yaml:9)

parameters
  id
reads
  public.customers (city, id), watched by nothing
  public.orders (amount, customer_id), watched by orders
tags
  orders:{id}
stale after
  INSERT of public.customers: no invalidation is on `public.customers`
  UPDATE of public.customers: no invalidation is on `public.customers`
  DELETE of public.customers: no invalidation is on `public.customers`
  TRUNCATE of public.customers: no invalidation is on `public.customers`
kept
  5 minutes
"""


def test_a_cached_query_is_explained() -> None:
    specs = """\
kind: invalidation
name: orders
table: orders
on: {insert: true, update: true, delete: true, truncate: true}
tags: ["orders:{customer_id}"]
allow: {INV004: another service reads it}
---
kind: cached_query
name: orders_of_customer
query: SELECT c.city, o.amount FROM customers c JOIN orders o ON o.customer_id = c.id WHERE o.customer_id = :id
tags: ["orders:{id}"]
ttl: 5 minutes
allow: {INV002: customers do not move}
"""
    result = compile_project(sources({"cache.yaml": specs}))
    assert explain_object("orders_of_customer", result) == CACHED_EXPLAINED


def test_every_spec_of_the_example_is_explained() -> None:
    result = compile_project(from_disk(ROOT))
    assert result.program is not None
    for subject in result.program.subjects:
        assert explain_object(str(subject.spec.name), result), subject.spec.name
