T = TypeVar("T")
_TRANSIENT = (OperationalError, ReadOnlySqlTransaction)  # it may go well the next time
_log = logging.getLogger("pgspec")


def invalidate(connection: Connection[Any], changed: Sequence[Tag], window_minutes: int = 1) -> None:
    """Invalidate tags when the transaction of ``connection`` commits."""
    text = "SELECT __RUNTIME__.enqueue_cache_invalidation(t, %s) FROM unnest(%s::text[]) AS t"
    connection.execute(text, [window_minutes, list(changed)])


def retrying(work: Callable[[], T], attempts: int = 5) -> T:
    """Run ``work`` again, after longer and longer pauses, when the database was away or a transaction lost a conflict.

    ``work`` is a whole transaction with its connection: what is part of a larger one is over when a statement fails.
    """
    for attempt in range(1, attempts):
        try:
            return work()
        except _TRANSIENT:
            time.sleep(_backoff(attempt, 30))
    return work()


def run_invalidations(
    connect: Callable[[], Connection[Any]],
    handler: Callable[[str], object],
    *,
    batch: int = 20,
    lease_seconds: int = 60,
    idle_seconds: float = 1,
    stop: Event | None = None,
) -> None:
    """Tell a cache elsewhere which tags are stale, until ``stop`` is set.  Run as many as you like.

    ``handler`` is called at least once for each tag, and with wildcards such as ``search:*`` for every tag below.  It
    gives up long before the lease ends.  When it raises, the tag is due again after 1, 2, 4 ... seconds; after ten
    times it is dead, see ``cache_invalidation_health``.  A batch that was claimed is finished before the worker stops.
    """
    stop = stop or Event()
    quiet = 0
    while not stop.is_set():
        try:
            with connect() as connection:
                connection.autocommit = True
                while not stop.is_set():
                    quiet = 0 if _work(connection, handler, batch, lease_seconds) else quiet + 1
                    if quiet:
                        stop.wait(_backoff(quiet, idle_seconds))
        except _TRANSIENT as error:
            _log.warning("the database failed, connecting again: %s", error)
            quiet += 1
            stop.wait(_backoff(quiet, 30))


def _work(connection: Connection[Any], handler: Callable[[str], object], batch: int, lease_seconds: int) -> int:
    """Claim due tags, handle each, report; how many they were."""
    ending = time.monotonic() + 0.9 * lease_seconds
    cursor = connection.cursor(row_factory=tuple_row)
    claim = "SELECT token, tag, ids FROM __RUNTIME__.claim_cache_invalidations(%s, %s)"
    claimed = cursor.execute(claim, [batch, lease_seconds]).fetchall()
    told: list[int] = []
    failed = []
    for token, tag, ids in claimed:
        error = _failure(handler, tag) if time.monotonic() < ending else "the lease is ending"
        if error is None:
            told += ids
        else:
            _log.warning("%s was not invalidated: %s", tag, error)
            failed.append((token, ids, error))
    if told:
        cursor.execute("SELECT __RUNTIME__.ack_cache_invalidations(%s, %s)", [claimed[0][0], told])
    for values in failed:
        cursor.execute("SELECT __RUNTIME__.fail_cache_invalidations(%s, %s, %s)", values)
    return len(claimed)


def _failure(handler: Callable[[str], object], tag: str) -> str | None:
    """What went wrong, as a text that PostgreSQL stores."""
    try:
        handler(tag)
    except Exception as error:
        return f"{type(error).__name__}: {error}".replace("\0", "").encode(errors="replace").decode()
    return None


def _backoff(attempt: int, longest: float) -> float:
    """Seconds: 0.2, 0.4, 0.8 ... at most ``longest``, less a random part."""
    return min(longest, 0.1 * 2.0 ** min(attempt, 20)) * (0.5 + random.random() / 2)
