"""Load tests on a live database: pgbench is run, and what it logged of each transaction is counted."""

from __future__ import annotations

import math
import os
import re
import secrets
import subprocess
import tempfile
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pgspec.kinds import ParameterValues, Project
from pgspec.load_tests import Load, LoadEntry
from pgspec.operations.pgbench import Chosen, script, session_options, variables
from pgspec.pgsql import parse
from pgspec.scratch import ScratchError

MOST_VALUES = 100
"""How many values of a parameter a run uses: each costs the server some 30 ns in every transaction."""

_ABORTED = re.compile(r"pgbench: error: client \d+ .*?(?:script|of script) (\d+)")
_SAID = re.compile(r"aborted in command \d+ query \d+: (.*)")
_PROGRESS = re.compile(r"progress: ([\d.]+) s, ([\d.]+) tps")
_NO_DRIVER = "run: pip install 'pgspec[postgres]'"


class LoadError(Exception):
    """A load test cannot be run as it is written: the server refuses a statement, or a parameter has no values."""


@dataclass(frozen=True, slots=True)
class Session:
    """How to connect: ``conninfo`` as libpq reads it, ``options`` the settings of every session."""

    conninfo: str
    options: str

    @contextmanager
    def connect(self) -> Iterator[Any]:
        """A connection in autocommit.  ScratchError when there is none to be had."""
        try:
            import psycopg  # noqa: PLC0415 - importing the driver costs more than most builds
        except ImportError as error:
            raise ScratchError("the PostgreSQL driver is not installed", _NO_DRIVER) from error
        given = psycopg.conninfo.make_conninfo(self.conninfo, **({"options": self.options} if self.options else {}))
        try:
            connection = psycopg.connect(given, autocommit=True)
        except psycopg.Error as error:
            message = str(error).strip().partition("\n")[0]
            raise ScratchError(f"the database cannot be used: {message}", "check the URL and its rights") from error
        with connection:
            yield connection

    def environment(self, name: str) -> tuple[dict[str, str], str]:
        """The environment for a program that connects, and what of the connection string it must be told besides: a
        password is not among that, which every user of the machine could read."""
        import psycopg  # noqa: PLC0415 - see above

        given = dict(os.environ)
        told = []
        for option in psycopg.pq.Conninfo.parse(self.conninfo.encode()):
            if option.val is None:
                continue
            keyword, value = option.keyword.decode(), option.val.decode()
            if option.envvar:
                given[option.envvar.decode()] = value
            elif option.dispchar == b"*":
                raise ScratchError(
                    f"pgbench cannot be given `{keyword}` without showing it", "use another way to log in"
                )
            else:
                told.append(f"{keyword}='" + value.replace("\\", "\\\\").replace("'", "\\'") + "'")
        if self.options:
            given["PGOPTIONS"] = self.options
        return {**given, "PGAPPNAME": name}, " ".join(told)


@dataclass(frozen=True, slots=True)
class Measured:
    """What happened to one entry.  ``latencies`` of the transactions that succeeded, in microseconds, sorted;
    ``failed``: those that did not, and sessions that an error ended."""

    name: str
    latencies: Sequence[int] = ()
    failed: int = 0

    def percentile(self, percent: float) -> float | None:
        """The smallest latency that so many percent of the transactions do not exceed, in milliseconds."""
        if not self.latencies:
            return None
        return self.latencies[max(math.ceil(len(self.latencies) * percent / 100), 1) - 1] / 1000


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run: its entries in the order of the mix, how long it took in seconds, what the server said of errors, and how
    often."""

    entries: tuple[Measured, ...]
    seconds: float
    said: Mapping[str, int] = field(default_factory=dict)

    def rate(self, entry: Measured) -> float:
        """Transactions a second."""
        return len(entry.latencies) / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Run:
    """What is to be run: entries with their weights, by ``clients`` sessions for ``seconds``.  ``program`` is pgbench;
    ``missing_as_null``: a parameter of which there is no value is NULL, not an error."""

    project: Project
    load: Load
    entries: Sequence[LoadEntry]
    session: Session
    program: Path
    clients: int
    seconds: int
    missing_as_null: bool = False

    def measure(self, progress: Callable[[float, float], None] | None = None) -> Outcome:
        """Run it.  ``progress`` is told each second how long it has run, and how many transactions a second there are.

        `LoadError` when the server refuses a statement, before anything is run; `ScratchError` when pgbench fails.
        """
        with self.session.connect() as connection:
            prepared = [
                script(self.project, self.load, entry, self._chosen(connection, entry)) for entry in self.entries
            ]
        name = f"pgspec_load_{secrets.token_hex(4)}"
        with tempfile.TemporaryDirectory(prefix="pgspec-load-") as folder:
            command = [str(self.program), "--no-vacuum", "--protocol=prepared", "--failures-detailed", "--log"]
            command += [f"--log-prefix={folder}/log", f"--time={self.seconds}", f"--client={self.clients}"]
            command += [f"--jobs={min(self.clients, os.cpu_count() or 1)}", "--progress=1"]
            for number, (entry, text) in enumerate(zip(self.entries, prepared, strict=True)):
                path = Path(folder) / f"{number}.sql"
                path.write_text(text, "utf-8")
                command.append(f"--file={path}@{entry.spec.weight}")
            errors = self._pgbench(command, name, progress)
            return self._outcome(_logged(sorted(Path(folder).glob("log.*"))), errors)

    def _chosen(self, connection: Any, entry: LoadEntry) -> dict[str, Chosen]:
        """The values of an entry's parameters; the server has read the statement then, so that it is known to run."""
        import psycopg  # noqa: PLC0415 - see above

        name = entry.spec.name
        try:
            connection.execute(f"PREPARE pgspec_load AS {entry.numbered}")
            asked = "SELECT parameter_types::text[] FROM pg_catalog.pg_prepared_statements WHERE name = 'pgspec_load'"
            types = dict(zip(entry.names, connection.execute(asked).fetchone()[0], strict=True))
            connection.execute("DEALLOCATE pgspec_load")
        except psycopg.Error as error:
            raise LoadError(f"the server refuses `{name}`: {_message(error)}") from error
        found = {}
        for parameter in variables(entry):
            values = self._values(connection, entry.values[parameter], parameter)
            if not values and not self.missing_as_null:
                raise LoadError(f"the query for the values of `{parameter}` of `{name}` finds none")
            found[parameter] = Chosen(types[parameter], tuple(values or [None]))
        return found

    @staticmethod
    def _values(connection: Any, source: ParameterValues, parameter: str) -> list[str | None]:
        import psycopg  # noqa: PLC0415 - see above

        if source.query is None:
            return list(source.texts)
        statement = parse(source.query)[0][0]
        inner = source.query[statement.start : statement.end]
        query = f"SELECT v::text FROM (\n{inner}\n) AS q (v) ORDER BY pg_catalog.random() LIMIT {MOST_VALUES}"
        try:
            return [value for (value,) in connection.execute(query)]
        except psycopg.Error as error:
            raise LoadError(f"the server refuses the query for `{parameter}`: {_message(error)}") from error

    def _pgbench(self, command: list[str], name: str, progress: Callable[[float, float], None] | None) -> list[str]:
        """Run pgbench; what it said of errors.  When we are stopped, it is too, and its sessions with it."""
        environment, told = self.session.environment(name)
        process = subprocess.Popen(  # noqa: S603 - no shell, and a command of our own making
            [*command, *([told] if told else [])],
            env={**environment, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # Ctrl-C is for us: what we started is ended in order
        )
        lines: list[str] = []
        with process:
            try:
                assert process.stderr is not None
                for line in process.stderr:
                    if (match := _PROGRESS.match(line)) is None:
                        lines.append(line.rstrip("\n"))
                    elif progress is not None:
                        progress(float(match[1]), float(match[2]))
                status = process.wait()
            except BaseException:
                process.kill()
                self._end_sessions(name)
                raise
        if status and not any(_ABORTED.match(line) for line in lines):
            raise ScratchError(f"pgbench fails: {' '.join(lines).strip() or f'exit status {status}'}", "")
        return lines

    def _end_sessions(self, name: str) -> None:
        """A server notices that a client is gone when it answers, so a long query would go on."""
        with suppress(Exception), self.session.connect() as connection:
            ending = "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity"
            connection.execute(f"{ending} WHERE application_name = %s", [name])

    def _outcome(self, log: _Log, lines: Sequence[str]) -> Outcome:
        failed = log.failed
        said: dict[str, int] = defaultdict(int)
        for number, line in enumerate(lines):
            if (match := _ABORTED.match(line)) is not None:
                failed[int(match[1])] += 1
                name = self.entries[int(match[1])].spec.name
                said[f"{name}: {_said(lines, number)}"] += 1
        entries = [
            Measured(entry.spec.name, sorted(log.latencies[number]), failed[number])
            for number, entry in enumerate(self.entries)
        ]
        return Outcome(tuple(entries), log.seconds, dict(said))


@dataclass(slots=True)
class _Log:
    """What pgbench logged: by the number of the script, latencies in microseconds and how many transactions failed."""

    latencies: dict[int, array[int]] = field(default_factory=lambda: defaultdict(lambda: array("q")))
    failed: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    first: int = 0
    last: int = 0

    @property
    def seconds(self) -> float:
        """From the beginning of the first transaction to the end of the last."""
        return (self.last - self.first) / 1e6


def _logged(files: Iterable[Path]) -> _Log:
    """Lines: client, number, latency or the kind of failure, script, seconds and microseconds of the end."""
    log = _Log()
    for file in files:
        with file.open(encoding="ascii") as lines:
            for line in lines:
                _, _, latency, number, seconds, micros, *_ = line.split(" ")
                end = int(seconds) * 1_000_000 + int(micros)
                took = int(latency) if latency.isdecimal() else 0
                if latency.isdecimal():
                    log.latencies[int(number)].append(took)
                else:
                    log.failed[int(number)] += 1
                log.first = min(log.first or end, end - took)
                log.last = max(log.last, end)
    return log


def session_of(load: Load, project: Project, conninfo: str, *, read_only: bool = False) -> Session:
    """The sessions of a load test on a database."""
    wanted = session_options(project, load, read_only=read_only)
    return Session(conninfo, " ".join(part for part in (_options(conninfo), wanted) if part and wanted))


def _options(conninfo: str) -> str:
    """The options that the connection string has already."""
    import psycopg  # noqa: PLC0415 - importing the driver costs more than most builds

    try:
        parsed = psycopg.pq.Conninfo.parse(conninfo.encode())
    except psycopg.Error as error:
        raise ScratchError(f"the URL is none: {str(error).strip()}", "postgresql://USER@HOST/DATABASE") from error
    return next((o.val.decode() for o in parsed if o.keyword == b"options" and o.val), "") or os.environ.get(
        "PGOPTIONS", ""
    )


def _said(lines: Sequence[str], number: int) -> str:
    """The server's message in a line of pgbench's, with the lines that belong to it."""
    match = _SAID.search(lines[number])
    first = match[1] if match else lines[number].removeprefix("pgbench: error: ")
    more = []
    for line in lines[number + 1 :]:
        if line.startswith("pgbench:"):
            break
        more.append(line)
    return "\n".join([first, *more]).strip()


def _message(error: Any) -> str:
    hint = f" ({error.diag.message_hint})" if error.diag.message_hint else ""
    return f"{error.diag.message_primary or str(error).strip()}{hint}"
