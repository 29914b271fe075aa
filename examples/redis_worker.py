"""Takes cache invalidations from the queue in PostgreSQL and tells Redis.

    python redis_worker.py --postgres 'dbname=shop' --redis redis://localhost

Run as many as you like: each claims other rows.  Claims are leases: if a worker dies, another takes its batch over.
Failures go back to the queue, which tries again later and later and at last gives up: see cache_invalidation_health.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import time

import psycopg
from redis import Redis, RedisError

from redis_cache import connect, invalidate, invalidate_all_after_restart

log = logging.getLogger("redis_worker")


class Stop:
    """Asked for by a signal, looked at between batches: a batch that was claimed is finished."""

    requested = False

    def __call__(self, *_: object) -> None:
        """Handle a signal."""
        self.requested = True


def work(connection: psycopg.Connection, redis: Redis, batch: int, lease: int) -> int:
    """Claim due rows, tell Redis, report back; the number of tags claimed.  The connection is in autocommit."""
    # Committed before Redis is told: if this process dies now, the lease runs out and the rows are due again.
    claim = "SELECT token, tag, ids FROM claim_cache_invalidations(%s, %s)"
    claimed = connection.execute(claim, [batch, lease]).fetchall()
    error = tell(redis, [tag for _, tag, _ in claimed])
    if claimed:
        # The token is the same for the whole batch.  If the lease ran out meanwhile, these change nothing.
        token, numbers = claimed[0][0], [number for _, _, ids in claimed for number in ids]
        if error is None:
            connection.execute("SELECT ack_cache_invalidations(%s, %s)", [token, numbers])
            log.info("tags invalidated: %d", len(claimed))
        else:
            connection.execute("SELECT fail_cache_invalidations(%s, %s, %s)", [token, numbers, error])
            log.warning("tags put back: %d", len(claimed))
    return len(claimed)


def tell(redis: Redis, tags: list[str]) -> str | None:
    """Invalidate the tags; what went wrong, or None."""
    try:
        invalidate_all_after_restart(redis)
        if tags:
            invalidate(redis, tags)
    except RedisError as error:
        log.warning("Redis failed: %s", error)
        return f"{type(error).__name__}: {error}"
    return None


def run(options: argparse.Namespace, stop: Stop) -> None:
    """Work until told to stop, or with ``--once`` until nothing is due; connects again when PostgreSQL was away."""
    redis = connect(options.redis)
    while not stop.requested:
        try:
            with psycopg.connect(options.postgres, autocommit=True) as connection:
                while not stop.requested:
                    if work(connection, redis, options.batch, options.lease) == 0:
                        if options.once:
                            return
                        time.sleep(options.poll)
        except psycopg.OperationalError as error:
            if options.once:
                raise
            log.warning("PostgreSQL failed, connecting again: %s", error)
            time.sleep(options.poll)


def main() -> int:
    """Read the arguments and work; 0 when it was told to stop."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--postgres", default="", help="connection string; what is missing is read from PGHOST, PGUSER ..."
    )
    parser.add_argument("--redis", default="redis://localhost", help="redis://, rediss:// or unix:// URL")
    parser.add_argument("--batch", type=int, default=100, help="rows to claim at a time")
    parser.add_argument("--lease", type=int, default=60, help="seconds after which another worker may take over")
    parser.add_argument("--poll", type=float, default=1.0, help="seconds to sleep when nothing is due")
    parser.add_argument("--once", action="store_true", help="end when nothing is due")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    stop = Stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    run(options, stop)
    return 0


if __name__ == "__main__":
    sys.exit(main())
