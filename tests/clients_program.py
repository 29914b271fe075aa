"""What tests/test_clients_live.py asks of the client in Python, over psycopg: as clients_program.ts does.

    python clients_program.py FOLDER WHAT DSN OPTIONS

FOLDER has the generated pgspec_client.py.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from threading import Event, Thread
from typing import Any

import psycopg

folder, what, dsn, *more = sys.argv[1:]
sys.path.insert(0, folder)
import pgspec_client as client  # noqa: E402 - it is generated

options: dict[str, Any] = json.loads(more[0] if more else "{}")


def say(event: object) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def connect() -> psycopg.Connection[Any]:
    return psycopg.connect(dsn, row_factory=psycopg.rows.dict_row)


def build() -> None:
    with connect() as connection:
        for row in connection.execute("SELECT * FROM kinds").fetchall():
            for name, value in row.items():
                if value is not None:
                    text = str(value) if type(value).__module__ == "ipaddress" else value
                    say(getattr(client.tags, name)(text))


class Say(logging.Handler):
    """What the worker logs."""

    def emit(self, record: logging.LogRecord) -> None:
        args = record.args if isinstance(record.args, tuple) else ()
        of = str(args[0]) if len(args) > 1 else None
        say({"error": str(args[-1]), "of": of})


def work() -> None:
    stop = Event()
    Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    logging.getLogger("pgspec").addHandler(Say())
    fails = dict(options.get("fails", {}))

    def handler(tag: str) -> None:
        say({"tag": tag})
        if tag == options.get("hangs"):
            time.sleep(600)
        if tag == options.get("slow"):
            time.sleep(options["seconds"])
        fails[tag] = fails.get(tag, 0) - 1
        if fails[tag] >= 0:
            raise ValueError(f"cannot tell \0{tag}")
        say({"done": tag, "aborted": False})

    lease, batch = options.get("lease", 60), options.get("batch", 20)
    client.run_invalidations(connect, handler, batch=batch, lease_seconds=lease, idle_seconds=0.1, stop=stop)
    say("ended")


def enqueue() -> None:
    def once() -> None:
        with connect() as connection:
            client.invalidate(connection, [client.tags.items, client.tags.item(7)])

    client.retrying(once, 10)


def read() -> None:
    for turn in (1, 2):
        query = client.cached_queries.item_value(id=1, others=[5])
        with connect() as connection:

            def load(turn: int = turn, query: Any = query, connection: Any = connection) -> Any:
                rows = connection.execute(query.text, query.values).fetchall()
                say({"loaded": rows})
                if turn == 1:
                    sys.stdin.readline()
                return rows

            value = client.cached(connection, query, load)
        say({"turn": turn, "key": query.key, "value": value})
        if turn == 1:
            sys.stdin.readline()


def refuse() -> None:
    for statement in options["statements"]:
        try:
            with connect() as connection:
                connection.execute(statement)
            say("allowed")
        except psycopg.Error as error:
            wrapped = RuntimeError("query failed")
            wrapped.__cause__ = ValueError()
            wrapped.__cause__.__cause__ = error
            plain, other = (client.explain_denied(one) for one in (error, wrapped))
            found = plain and {
                "title": plain.title,
                "hint": plain.hint,
                **({"table": plain.table} if plain.table else {}),
            }
            say(found if plain == other else "wrapped it is another")
    with connect() as connection:
        rows = client.explain_access(connection, "payouts", "select")
    say([dict(zip(("name", "ok", "hint"), row, strict=True)) for row in rows])


assert re.fullmatch("build|work|enqueue|read|refuse", what)
globals()[what]()
