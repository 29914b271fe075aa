"""Recording in an event log: request ids, labels, measures, moments, and who may."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from event_log_support import LOG, PROJECT, compiled, event, logged, one, record, recorded
from pgspec.breaking import compare
from pgspec.compile import compile_project
from pgspec.explain import explain_object
from pgspec.scratch import ScratchServer
from pgspec.sources import from_texts

PATHS = [
    ("/providers/8f2e4c1a-5b6d-4e7f-8a9b-0c1d2e3f4a5b/reviews", "/providers/:id/reviews"),
    ("/PROVIDERS/8F2E4C1A-5B6D-4E7F-8A9B-0C1D2E3F4A5B", "/PROVIDERS/:id"),
    ("/x/00000000-AAAA-BBBB-CCCC-DDDDDDDDDDDD", "/x/:id"),
    ("/orders/42", "/orders/:id"),
    ("/orders/42/", "/orders/:id"),
    ("//orders///42//", "/orders/:id"),
    ("orders/42", "/orders/:id"),
    ("/orders?id=42&x=/a/b", "/orders"),
    ("/orders/42?x#y", "/orders/:id"),
    ("/orders#top", "/orders"),
    ("https://api.example.com:8443/v1/orders/7?x=1", "/v1/orders/:id"),
    ("https://api.example.com", "/"),
    ("", "/"),
    ("/", "/"),
    ("?q=1", "/"),
    ("/days/2025-08-23/hours/12:30", "/days/:id/hours/:id"),
    ("/at/51.5,-0.12", "/at/:id"),
    ("/files/deadbeef", "/files/deadbeef"),
    ("/files/dead0beef", "/files/:id"),
    ("/files/0x1234abcd", "/files/:id"),
    ("/files/a1b2c3", "/files/a1b2c3"),
    ("/events/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/events/:id"),
    ("/customers/cus_9s6XKzkNRiz8i3", "/customers/:id"),
    ("/customers/V1StGXR8_Z5jdHi6B-myT", "/customers/:id"),
    ("/v2/oauth2/callback", "/v2/oauth2/callback"),
    ("/rest/v1/rpc/search_providers_by_location", "/rest/v1/rpc/search_providers_by_location"),
    ("/get-top-10-providers", "/get-top-10-providers"),
    ("/base64encode/level4/s3", "/base64encode/level4/s3"),
    ("/users/{id}/posts/:post/[slug]/<int>/*", "/users/{id}/posts/:post/[slug]/<int>/*"),
    ("/users/ann@example.com", "/users/:id"),
    ("/search/gr%C3%BCn", "/search/:id"),
    ("/search/grün tee", "/search/:id"),
    ("/search/a\nb\t'\"\\;--", "/search/:id"),
    ("/x/" + "z" * 64, "/x/" + "z" * 64),
    ("/x/" + "z" * 65, "/x/:id"),
    ("/a/b/c/d/e/f/g/h/", "/a/b/c/d/e/f/g/h"),
    ("/a/b/c/d/e/f/g/h/i", "/a/b/c/d/e/f/g/h/:rest"),
    ("/a/b/c/d/e/f/g/h", "/a/b/c/d/e/f/g/h"),
    ("/a/b/c/d/e/f/g/h/i/j", "/a/b/c/d/e/f/g/h/:rest"),
    ("/../../etc/passwd", "/../../etc/passwd"),
    ("/" * 5000 + "42", "/"),
    ("/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "/:id"),
]


@pytest.fixture(scope="module")
def connection(server: ScratchServer):
    with logged(server) as database, database.connect() as connection:
        yield connection


def normalized(connection: psycopg.Connection, path: str) -> str:
    return str(one(connection, "SELECT pgspec.normalize_path(%s)", [path]))


def test_paths_become_routes(connection: psycopg.Connection) -> None:
    assert [(path, normalized(connection, path)) for path, _ in PATHS] == PATHS
    assert one(connection, "SELECT pgspec.normalize_path(NULL)") is None


def test_no_text_fails_and_a_route_stays_a_route(connection: psycopg.Connection) -> None:
    """Whatever a client sends: the outcome is short, plain, and not changed again."""
    chance = random.Random(7)
    letters = "/////....::??##%%@@--__{}[]()abcdefABCDEF0123456789xyz~*+!,;=<>'\"\\ \n\té漢\U0001f600"
    texts = ["".join(chance.choices(letters, k=chance.choice((3, 20, 200, 3000)))) for _ in range(1500)]
    pieces = [
        "/providers",
        "/8f2e",
        "/01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "/42",
        "/" + "ab1" * 30,
        "/:id",
        "/:rest",
        "//",
        "?a",
    ]
    texts += ["".join(chance.choices(pieces, k=chance.randrange(14))) for _ in range(500)]
    rows = connection.execute(
        "SELECT r, pgspec.normalize_path(r) FROM unnest(%s::text[]) AS t, pgspec.normalize_path(t) AS r", [texts]
    ).fetchall()
    assert len(rows) == len(texts)
    assert [row for row in rows if row[0] != row[1]] == []
    assert max(len(first.encode()) for first, _ in rows) <= 8 * 65 + len("/:rest")
    assert all(first.startswith("/") and first.isascii() and first.isprintable() for first, _ in rows)
    assert len({first for first, _ in rows}) > 500, "the texts are all alike"


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("split_part(left(path, 2000), '?', 1)", "left(path, 2000)", "/orders?id=42&x=/a/b"),
        ("CONTINUE WHEN segment = '';", "", "//orders///42//"),
        ("'^[0-9A-Fa-f-]+$'", "'^[0-9a-f-]+$'", "/x/00000000-AAAA-BBBB-CCCC-DDDDDDDDDDDD"),
        ("IF number > 8 THEN", "IF number > 99 THEN", "/a/b/c/d/e/f/g/h/i/j"),
        ("OR length(segment) > 64\n", "\n", "/x/" + "z" * 65),
    ],
)
def test_the_table_of_paths_notices(server: ScratchServer, old: str, new: str, path: str) -> None:
    with logged(server, {old: new}) as database, database.connect() as connection:
        assert normalized(connection, path) != dict(PATHS)[path]


def test_every_event_has_a_request_id(connection: psycopg.Connection) -> None:
    with connection.transaction(force_rollback=True):
        given = recorded(connection, request_id="req-1", endpoint="/a", visitor=UUID(int=5))
        assert (given["request_id"], given["request_id_given"], given["visitor"]) == ("req-1", True, UUID(int=5))
        made = [recorded(connection, endpoint="/a", request_id=word) for word in (None, "")]
        assert len({UUID(row["request_id"]) for row in made}) == 2
        assert [row["request_id_given"] for row in made] == [False, False]
        assert record(connection, request_id="x" * 300) == "x" * 255
        for headers, expected in (('{"x-request-id": "r-9"}', "r-9"), ("{", None), ("", None), ("[1]", None)):
            connection.execute("SELECT set_config('request.headers', %s, true)", [headers])
            row = recorded(connection)
            assert row["request_id_given"] == (expected is not None)
            assert row["request_id"] == expected or (expected is None and UUID(row["request_id"]))
        assert record(connection, request_id="mine") == "mine"


def test_labels_hold_what_they_may(connection: psycopg.Connection) -> None:
    with connection.transaction(force_rollback=True):
        row = recorded(connection)
        assert (row["endpoint"], row["method"], row["status"]) == ("unknown", "unknown", None)
        row = recorded(connection, endpoint="/orders/17?x", method="get", status=200)
        assert (row["endpoint"], row["method"], row["status"]) == ("/orders/:id", "other", 200)
        assert recorded(connection, method="GET")["method"] == "GET"
        assert recorded(connection, status=404)["status"] == 404
        assert recorded(connection, status=500)["status"] is None  # the third of two
        assert [recorded(connection, endpoint=f"/{x}")["endpoint"] for x in "abca"] == ["/a", "/b", "other", "/a"]
        assert recorded(connection, endpoint="/orders/18")["endpoint"] == "/orders/:id"
        assert [recorded(connection, endpoint=x)["endpoint"] for x in ("other", "unknown")] == ["other", "other"]
        health = connection.execute("SELECT * FROM event_label_health ORDER BY label").fetchall()
        assert health == [("hits", "endpoint", 3, 3), ("hits", "status", 2, 2)]


def test_a_number_that_is_none_is_not_recorded(server: ScratchServer, connection: psycopg.Connection) -> None:
    """One NaN would make every sum of a roll-up NaN, one infinity every average infinite."""

    def measured(connection: psycopg.Connection) -> list[object]:
        with connection.transaction(force_rollback=True):
            words = (math.nan, math.inf, -math.inf, 12.5, -1.0, None)
            rows = [recorded(connection, took_ms=word, cost=str(word) if word else None) for word in words]
            return [(row["took_ms"], None if row["cost"] is None else float(row["cost"])) for row in rows]

    plain = [(None, None)] * 3 + [(12.5, 12.5), (-1.0, -1.0), (None, None)]
    assert measured(connection) == plain
    change = {"CASE WHEN $4 NOT IN ('NaN'::double precision,": "CASE WHEN $4 NOT IN ('1'::double precision,"}
    with logged(server, change) as database, database.connect() as other:
        assert measured(other) != plain


def test_nothing_happens_in_the_future(connection: psycopg.Connection) -> None:
    with connection.transaction(force_rollback=True):
        now = datetime.now(UTC)
        past = recorded(connection, created_at=now - timedelta(days=2))
        assert past["created_at"] == now - timedelta(days=2)
        for moment in (now + timedelta(seconds=90), now + timedelta(days=400), "infinity", None):
            row = recorded(connection, created_at=moment)
            assert timedelta(0) <= row["created_at"] - now < timedelta(seconds=60)
        assert record(connection, created_at="-infinity")


def test_who_may_do_what(server: ScratchServer) -> None:
    """Recording needs no right to the table, and gives none; PUBLIC and API roles have nothing but what the spec says,
    also where a platform gives every new table away."""
    with logged(server) as database:
        with database.connect() as owner:
            owner.execute("ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO log_anon, PUBLIC")
            one(owner, "SELECT maintain_hits()")
            parts = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'hits'::regclass"
            tables = ["hits", *(name for (name,) in owner.execute(parts).fetchall())]
            assert len(tables) == 10
        may = {
            "SELECT record_hits(endpoint => '/a')": ("log_service", "log_user"),
            "SELECT maintain_hits()": ("log_service",),
            "SELECT count(*) FROM hits": ("log_service",),
            "SELECT * FROM event_log_health": ("log_service",),
            "SELECT * FROM event_label_health": ("log_service",),
            "INSERT INTO hits DEFAULT VALUES": (),
            "UPDATE hits SET method = 'GET'": (),
            "DELETE FROM hits": (),
            "TRUNCATE hits": (),
            "SELECT pgspec.normalize_path('/a')": (),
            "SELECT pgspec.hits_admits('endpoint', '/b', 3)": (),
            "SELECT * FROM pgspec.hits_labels": (),
            **{f"SELECT * FROM {table}": () for table in tables[1:]},
            **{f"INSERT INTO {table} DEFAULT VALUES": () for table in tables[1:]},
        }
        for role in ("log_anon", "log_user", "log_service"):
            with database.connect(role) as connection:
                for statement, allowed in may.items():
                    if role in allowed:
                        connection.execute(statement.encode())
                    else:
                        with pytest.raises(psycopg.errors.InsufficientPrivilege):
                            connection.execute(statement.encode())


def test_an_event_is_part_of_its_transaction(connection: psycopg.Connection) -> None:
    with connection.transaction(force_rollback=True):
        number = record(connection)
    assert one(connection, "SELECT count(*) FROM hits WHERE request_id = %s", [number]) == 0


@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_every_isolation_level_records(connection: psycopg.Connection, level: str) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute(f"SET TRANSACTION ISOLATION LEVEL {level}".encode())
        row = recorded(connection, endpoint="/a", status=200)
        assert row["endpoint"] == ("other" if level == "SERIALIZABLE" else "/a")


def test_identifiers_are_found_through_whatever_carries_them() -> None:
    """EVT001: by other names, functions, CTEs, unions, joins, windows and other views; not what only counts them."""
    log = LOG.replace("max_cardinality: 3,", "max_cardinality: 300,")
    grouped = [
        "SELECT visitor AS v, count(*) AS n FROM hits GROUP BY 1",
        "SELECT left(visitor::text, 2) AS v, count(*) AS n FROM hits GROUP BY v",
        "SELECT DISTINCT request_id AS v, 1 AS n FROM hits",
        "SELECT DISTINCT ON (visitor) visitor AS v, took_ms AS n FROM hits ORDER BY visitor, took_ms",
        "WITH a AS (SELECT visitor AS w FROM hits) SELECT w AS v, count(*) AS n FROM a GROUP BY w",
        "SELECT v, count(*) AS n FROM (SELECT visitor::text AS v FROM hits UNION ALL SELECT 'x') u GROUP BY v",
        "SELECT v, count(*) AS n FROM (SELECT lag(visitor) OVER (ORDER BY created_at) AS v FROM hits) u GROUP BY v",
        "SELECT t AS v, count(*) AS n FROM hits, unnest(string_to_array(request_id, '-')) AS t GROUP BY t",
        "SELECT CASE WHEN cached THEN visitor::text ELSE 'x' END AS v, count(*) AS n FROM hits GROUP BY 1",
        "SELECT endpoint AS v, (SELECT count(*) FROM (SELECT 1 FROM hits i GROUP BY visitor) s) FROM hits GROUP BY 1",
        "SELECT endpoint AS v, count(*) AS n FROM hits GROUP BY GROUPING SETS ((endpoint), (method, request_id))",
    ]
    counted = [
        "SELECT endpoint AS v, count(DISTINCT visitor) AS n FROM hits GROUP BY endpoint",
        "SELECT endpoint AS v, max(request_id) AS n FROM hits GROUP BY endpoint",
        "SELECT visitor IS NULL AS v, count(*) AS n FROM hits GROUP BY 1",
        "SELECT CASE WHEN request_id LIKE 'a%' THEN 'a' ELSE 'b' END AS v, count(*) AS n FROM hits GROUP BY 1",
        "SELECT m AS v, count(*) AS n FROM (SELECT max(visitor::text) AS m FROM hits GROUP BY endpoint) x GROUP BY m",
        "SELECT endpoint AS v, count(*) AS n FROM hits WHERE visitor IN (SELECT visitor FROM hits) GROUP BY endpoint",
        "SELECT request_id AS v, took_ms AS n FROM hits",
    ]
    for query in [*grouped, *counted]:
        view = f"kind: materialized_view\nname: rollup\nunique_key: [v]\nquery: |\n  {query}\n"
        texts = {"specs/project.yaml": PROJECT, "specs/schema.sql": "", "specs/log.yaml": f"{log}---\n{view}"}
        codes = [item.code for item in compile_project(from_texts(texts)).diagnostics]
        assert ("EVT001" in codes) == (query in grouped), (query, codes)
        assert not any(code.startswith("SQL") for code in codes), (query, codes)


def test_explain_says_what_a_log_does() -> None:
    text = explain_object("hits", compiled())
    assert text is not None
    assert "  endpoint: at most 3 values, normalized as a path\n  method: one of GET, POST\n" in text
    assert "  log_service, log_user, with public.record_hits\n" in text and "  3 days, in partitions of a day;" in text


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        ("max_cardinality: 3,", "max_cardinality: 2,", {"BRK032"}),
        ("max_cardinality: 3,", "max_cardinality: 4,", set()),
        (", normalize: path", "", {"BRK032"}),
        ("[GET, POST]", "[GET]", {"BRK032"}),
        ("{values: [GET, POST]}", "{max_cardinality: 5}", {"BRK032"}),
        ("retention: 3 days", "retention: 2 days", {"BRK032"}),
        ("retention: 3 days", "retention: 4 days", set()),
        ("cached: boolean", "cached: text", {"BRK031"}),
        ("cached: boolean, ", "", {"BRK031"}),
        ("cached: boolean", "cached: boolean, size: int", {"BRK020"}),
        ("{record: [log_user]}", "{}", {"BRK006"}),
        ("{record: [log_user]}", "{record: [log_user], select: [log_anon]}", {"BRK007"}),
        ("name: hits", "name: clicks", {"BRK031", "BRK020", "BRK007"}),
    ],
)
def test_breaking(old: str, new: str, codes: set[str]) -> None:
    before, after = compiled().program, compiled(LOG.replace(old, new)).program
    assert before is not None and after is not None and old in LOG
    assert {item.code for item in compare(before, after)} == codes


def test_a_broken_expression_for_the_request_is_found_once() -> None:
    project = PROJECT + "session: {request_id: \"nowhere('x')\"}\n"
    audit = "---\nkind: audit_log\nname: trail\ntables: {t: {delete: true}}\ncontext: [request_id]\nretention: 1 day\n"
    texts = {"specs/project.yaml": project, "specs/schema.sql": "CREATE TABLE t (id int);", "specs/a.yaml": LOG + audit}
    found = compile_project(from_texts(texts)).diagnostics
    assert [(item.code, item.span.path) for item in found] == [("SQL005", "specs/project.yaml")]


def test_a_function_can_be_called_by_its_place_too(connection: psycopg.Connection) -> None:
    with connection.transaction(force_rollback=True):
        number = one(connection, "SELECT record_hits('/a', 'GET', 200, 1.5, true, 2.25)")
        row = event(connection, number)
        assert (row["status"], row["took_ms"], row["cached"], float(row["cost"])) == (200, 1.5, True, 2.25)
