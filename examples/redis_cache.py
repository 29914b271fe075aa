"""A cache in Redis that cannot serve a value older than the last invalidation of one of its tags.

    redis = connect("redis://localhost")
    vendors = get_or_fill(redis, "vendors:7", ["search:specialty:7"], lambda: query_the_database(7))

Every tag, and every wildcard above it, has a version: a key that holds a random token.  An invalidation deletes that
key and no more: entries are found invalid when they are read.  So a tag costs the same with one entry or a million, and
a wildcard needs no list of what is below it.  A reader takes the versions before it reads the database, makes those
that are missing, and stores them with the value; an entry counts while all its versions are there and unchanged.

Why nothing stale can be served once an invalidation is done:

- Fill and invalidation race: a value read before the invalidation carries the token that the invalidation deleted.
- Versions are lost (Redis restarts empty, evicts or expires them): a missing version matches nothing, and a new token
  equals no earlier one.  A counter would start again, and reach the numbers that old entries hold.
- Redis is full: evicted versions make entries miss, never match, and DEL works where INCR would be refused.
- Redis comes back with an older memory (a dump, a replica that lagged): tokens that were deleted may be there again,
  so the worker invalidates everything; see `invalidate_all_after_restart`.  Until it has, old values may be served.

``load`` must see what was committed before it was called: it reads the primary, in a transaction that starts inside it.
Keys of one call must be on one server: in a Redis Cluster, put a hash tag around ``pgspec`` in the prefixes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any
from uuid import uuid4

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

ENTRY, VERSION, SERVER = "pgspec:entry:", "pgspec:version:", "pgspec:server"
MAX_SEGMENTS = 8  # how deep the queue makes wildcards
LONGEST = 24 * 3600  # seconds; each fill renews its versions for so long, so they outlive the entry


def connect(url: str) -> Redis:
    """A client that answers in text and gives up soon, well within a worker's lease; the URL may say otherwise."""
    again = Retry(NoBackoff(), retries=1)  # at once: the server may have closed an idle connection
    return Redis.from_url(url, decode_responses=True, socket_timeout=5, socket_connect_timeout=5, retry=again)


def tag_and_wildcards(tag: str) -> list[str]:
    """``a:b:c`` -> ``a:b:c``, ``*``, ``a:*``, ``a:b:*``: what may be invalidated to make the tag stale."""
    segments = tag.split(":")
    return [tag, *(":".join([*segments[:n], "*"]) for n in range(min(len(segments), MAX_SEGMENTS)))]


def get_or_fill(redis: Redis, key: str, tags: Sequence[str], load: Callable[[], Any], ttl: int = 3600) -> Any:
    """The cached value, else what ``load()`` returns (JSON), kept for ``ttl`` seconds.  Without Redis: ``load()``."""
    names = [VERSION + name for name in sorted({name for tag in tags for name in tag_and_wildcards(tag)})]
    try:
        entry, *versions = redis.mget([ENTRY + key, *names])  # atomic: entry and versions of one moment
        if entry is not None and None not in versions:
            found = json.loads(entry)
            if found["versions"] == versions:
                return found["value"]
        versions = _take_versions(redis, names)
    except RedisError:
        return load()
    value = load()  # after the versions were taken
    with suppress(RedisError):
        redis.set(ENTRY + key, json.dumps({"versions": versions, "value": value}), ex=min(ttl, LONGEST))
    return value


def _take_versions(redis: Redis, names: Sequence[str]) -> list[str | None]:
    """The versions, those that are missing made; one that is gone again at once is None, and matches nothing."""
    with redis.pipeline() as pipe:
        for name in names:
            pipe.set(name, uuid4().hex, nx=True)
            pipe.expire(name, LONGEST)
        return pipe.mget(names).execute()[-1]


def invalidate(redis: Redis, tags: Sequence[str]) -> None:
    """Make every entry stale that has one of the tags, or a tag below one that is a wildcard."""
    redis.delete(*(VERSION + tag for tag in tags))


def invalidate_all_after_restart(redis: Redis) -> None:
    """Invalidate everything when this is not the server process that was told of the earlier invalidations."""
    run_id = redis.info("server")["run_id"]
    if redis.get(SERVER) != run_id:
        invalidate(redis, ["*"])
        redis.set(SERVER, run_id)
