"""The command ``pgspec``: leaves at once when there is nothing to do, before anything heavy is imported."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import sys
from pathlib import Path

from pgspec.disk import find_root
from pgspec.unchanged import recall

_SHORTCUTS = (["build"], ["build", "--check"])


def main() -> None:
    """Run the command line.  Exit status 2 for what is neither a finding nor a failed proof."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal need not know every character
    status = _status()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):  # nobody reads any more
            stream.flush()
    os._exit(status)  # taking a compiled project apart, object by object, costs a tenth of a build


def _status() -> int:
    try:
        _run()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except Exception as error:
        if "PGSPEC_TRACEBACK" in os.environ:
            raise
        sys.stderr.write(_explained(error))
        return 2
    return 0


def _run() -> None:
    if sys.argv[1:] in _SHORTCUTS:
        with contextlib.suppress(FileNotFoundError):  # the working directory is gone
            root = find_root(Path.cwd())
            record = recall(root) if root is not None else None
            if record is not None and not record["notes"]["findings"]:
                sys.stdout.write(f"{record['notes']['summary']}\n")
                return
    gc.disable()  # a command lives for a second or two and keeps nearly all that it allocates
    from pgspec.cli import cli  # noqa: PLC0415 - click alone would double the time of a build that has nothing to do

    cli(prog_name="pgspec")


def _explained(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"error: {error.strerror or error}{f': {error.filename}' if error.filename else ''}\n"
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" ({Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno})" if place is not None else ""
    what = f"{type(error).__name__}: {error}".replace("\n", " ")[:300]
    return (
        f"error: this is a bug in pgspec: {what}{where}\n"
        "  = help: nothing was written; please report it with the spec that shows it; PGSPEC_TRACEBACK=1 prints more\n"
    )


if __name__ == "__main__":
    main()
