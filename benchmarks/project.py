"""Generated projects for benchmarks: views as marketplaces write them, over tables with real keys."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

TABLES = 40

_TABLE = """\
CREATE TABLE customers_{n} (
    id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE,
    city text,
    country text NOT NULL
);
CREATE TABLE orders_{n} (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customers_{n} (id),
    status text NOT NULL,
    amount numeric NOT NULL,
    refunded numeric,
    placed_at timestamptz NOT NULL
);
CREATE INDEX orders_{n}_placed_at_idx ON orders_{n} (placed_at);
"""

_QUERIES = (
    # by day and country, with a join
    (
        ["day", "country"],
        """\
  SELECT (o.placed_at AT TIME ZONE 'UTC')::date AS day,
         c.country,
         count(*) AS orders,
         count(*) FILTER (WHERE o.status = 'refunded') AS refunds,
         count(DISTINCT o.customer_id) AS customers,
         coalesce(sum(o.amount), 0) AS revenue,
         percentile_cont(0.95) WITHIN GROUP (ORDER BY o.amount::double precision) AS p95_amount
  FROM orders_{n} o
  JOIN customers_{n} c ON c.id = o.customer_id
  WHERE o.status <> 'draft' AND o.amount >= {i}
  GROUP BY (o.placed_at AT TIME ZONE 'UTC')::date, c.country
""",
    ),
    # one row for each customer, with a left join to a summary
    (
        ["id"],
        """\
  WITH totals AS (
      SELECT o.customer_id, count(*) AS orders, sum(o.amount) AS revenue, max(o.placed_at) AS last_order
      FROM orders_{n} o
      WHERE o.amount > {i}
      GROUP BY o.customer_id
  )
  SELECT c.id,
         coalesce(c.city, '(unknown)') AS city,
         coalesce(t.orders, 0) AS orders,
         coalesce(t.revenue, 0) AS revenue,
         t.last_order,
         CASE WHEN t.orders > 10 THEN 'regular' WHEN t.orders > 0 THEN 'new' ELSE 'none' END AS segment
  FROM customers_{n} c
  LEFT JOIN totals t ON t.customer_id = c.id
""",
    ),
    # the latest order of each customer
    (
        ["customer_id"],
        """\
  SELECT r.customer_id, r.id AS order_id, r.status, r.amount, r.placed_at
  FROM (
      SELECT o.*, row_number() OVER (PARTITION BY o.customer_id ORDER BY o.placed_at DESC, o.id) AS place
      FROM orders_{n} o
      WHERE o.amount > {i}
  ) r
  WHERE r.place = 1
""",
    ),
    # refund rates by hour
    (
        ["hour", "status"],
        """\
  SELECT date_bin('1 hour', o.placed_at, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS hour,
         o.status,
         count(*) AS orders,
         round(count(o.refunded)::numeric / nullif(count(*), 0), 4) AS refund_rate,
         coalesce(sum(o.amount - coalesce(o.refunded, 0)) FILTER (WHERE o.status = 'completed'), 0) AS net_revenue
  FROM orders_{n} o
  WHERE o.amount > {i}
  GROUP BY 1, 2
""",
    ),
)


def schema() -> str:
    """The DDL of the base tables."""
    return "".join(_TABLE.format(n=n) for n in range(TABLES))


def query(i: int) -> tuple[list[str], str]:
    """The key and the SELECT of view number ``i``, indented by two spaces."""
    key, text = _QUERIES[i % len(_QUERIES)]
    return key, text.format(n=i % TABLES, i=i)


def spec(i: int) -> str:
    """The YAML of view number ``i``."""
    key, text = query(i)
    return (
        f"kind: materialized_view\nname: view_{i:04}\ndescription: View number {i}.\n"
        f"unique_key: [{', '.join(key)}]\nquery: |\n{text}"
        "refresh: {every: 15 minutes, timeout: 5 minutes, max_staleness: 1h}\naccess: {select: [service_role]}\n"
    )


def write(root: Path, views: int) -> list[str]:
    """A project of that many views with small queries; the queries."""
    (root / "specs" / "views").mkdir(parents=True)
    (root / "specs" / "project.yaml").write_text(
        "kind: project\nname: bench\nroles: {service: [service_role]}\n", "utf-8"
    )
    (root / "specs" / "schema.sql").write_text(schema(), "utf-8")
    for i in range(views):
        (root / "specs" / "views" / f"view_{i:04}.yaml").write_text(spec(i), "utf-8")
    return [query(i)[1] for i in range(views)]


def write_example(root: Path, views: int) -> list[str]:
    """A project of that many views, the example's own under other names; the queries."""
    example = Path(__file__).parents[1] / "specs"
    (root / "specs" / "views").mkdir(parents=True)
    for name in ("project.yaml", "schema.sql"):
        shutil.copy(example / name, root / "specs")
    shutil.copytree(example / "events", root / "specs" / "events")  # which some of the views read
    originals = sorted((example / "views").glob("*.yaml"))
    queries = []
    for i in range(views):
        turn = i // len(originals)
        text = originals[i % len(originals)].read_text("utf-8")
        text = re.sub(r"^name: (\w+)", rf"name: \1_{turn}", text, flags=re.MULTILINE)
        text = re.sub(r"\b(idx_\w+)", rf"\1_{turn}", text)
        text = re.sub(r"\bFROM api_metrics_5m\b", f"FROM api_metrics_5m_{turn}", text)
        (root / "specs" / "views" / f"view_{i:04}.yaml").write_text(text, "utf-8")
        queries.append(re.search(r"query: \|\n((?:  .*\n|\n)+)", text)[1])  # type: ignore[index]
    return queries
