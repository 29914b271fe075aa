"""A Redis server for the length of a ``with`` block, on a socket in a folder of its own that is deleted at the end."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis, RedisError

from redis_cache import connect

MISSING = """\
redis-server is missing, and these tests need it
on Debian and Ubuntu: apt-get install redis-server
on macOS: brew install redis"""

_DEADLINE = 60.0


def find_redis() -> str:
    """The program; without it the test fails, since nobody reads that a test was skipped."""
    found = shutil.which("redis-server")
    if found is None:
        pytest.fail(MISSING, pytrace=False)
    return found


class RedisServer:
    """A server that saves nothing unless it is told to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """For ``Redis.from_url``."""
        return f"unix://{self._folder}/redis.sock"

    def client(self) -> Redis:
        """A new client; close it."""
        return connect(self.url)

    def start(self) -> None:
        """Start it, and wait until it answers; it loads the dump if one was saved."""
        options = ["--port", "0", "--unixsocket", f"{self._folder}/redis.sock", "--dir", str(self._folder)]
        with (self._folder / "log").open("ab") as log:
            command = [find_redis(), *options, "--save", "", "--appendonly", "no", "--daemonize", "no"]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + _DEADLINE
        with self.client() as client:
            while not _answers(client):
                text = (self._folder / "log").read_text(errors="replace")
                assert self._process.poll() is None and time.monotonic() < deadline, text
                time.sleep(0.01)

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Kill it and start it again: empty, or with what was saved."""
        self.kill()
        self.start()


def _answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except RedisError:
        return False


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """A running server; nothing of it is left at the end."""
    with tempfile.TemporaryDirectory(prefix="pgspec-redis-") as folder:
        server = RedisServer(Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.kill()
