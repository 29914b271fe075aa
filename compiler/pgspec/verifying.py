"""What `pgspec verify` does: run the verification queries on a live database, in a session that can only read."""

from __future__ import annotations

from typing import Any

from pgspec.compile import DRAFT, Result
from pgspec.scratch import ScratchError


def script(result: Result) -> tuple[str, str] | None:
    """Name and text of what a deployed database must pass: the last release's, or the draft's before the first."""
    if result.releases:
        last = result.releases[-1]
        return last.folder, last.files["verify.sql"].decode()
    text = result.files.get(f"{DRAFT}/verify.sql")
    return None if text is None else ("draft", text)


def verify(database: str, text: str) -> tuple[bool, str]:
    """Whether the database passes, and what it said.  ScratchError when it cannot be asked."""
    try:
        import psycopg  # noqa: PLC0415 - importing the driver costs more than most builds
    except ImportError as error:
        raise ScratchError("the PostgreSQL driver is not installed", "pip install 'pgspec[postgres]'") from error
    said: list[str] = []
    try:
        connection: Any
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("SET default_transaction_read_only = on")
            connection.add_notice_handler(lambda notice: said.append(_message(notice)))
            connection.execute(text)
    except psycopg.errors.RaiseException as error:
        return False, _message(error.diag)
    except psycopg.errors.InsufficientPrivilege as error:
        raise ScratchError(_message(error.diag), "verify as the role that runs the migrations") from error
    except psycopg.Error as error:
        message = str(error).strip().partition("\n")[0]
        raise ScratchError(
            f"the database cannot be asked: {message}", "check the URL and the rights of its role"
        ) from error
    return True, "\n".join(said)


def _message(diagnostic: Any) -> str:
    hint = f"\n{diagnostic.message_hint}" if diagnostic.message_hint else ""
    return f"{diagnostic.message_primary}{hint}"
