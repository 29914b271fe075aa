"""A worker as a program, for tests that kill it: claims tags, tells its parent about each, and acknowledges them.

Prints ``snapshot tag`` for each tag, and goes on when it reads a line.  Arguments: the connection string.
"""

import contextlib
import random
import sys
import time

import psycopg


def work(connection: psycopg.Connection) -> None:
    """One batch."""
    claimed = connection.execute("SELECT tag, token, ids FROM claim_cache_invalidations(5, 1)").fetchall()
    if not claimed:
        time.sleep(0.01)
        return
    ((snapshot,),) = connection.execute("SELECT pg_current_snapshot()::text").fetchall()
    for tag, *_ in claimed:
        time.sleep(random.random() * 0.004)
        sys.stdout.write(f"{snapshot} {tag}\n")
        sys.stdout.flush()
        sys.stdin.readline()
    ids = [number for *_, numbers in claimed for number in numbers]
    connection.execute("SELECT ack_cache_invalidations(%s, %s)", [claimed[0][1], ids])


while True:
    with contextlib.suppress(psycopg.Error), psycopg.connect(sys.argv[1], autocommit=True) as session:
        while True:
            work(session)
    time.sleep(0.02)
