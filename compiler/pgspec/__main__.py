"""The command ``pgspec``: leaves at once when there is nothing to do, before anything heavy is imported."""

from __future__ import annotations

import sys
from pathlib import Path

from pgspec.sources import find_root
from pgspec.unchanged import recall

_SHORTCUTS = (["build"], ["build", "--check"])


def main() -> None:
    """Run the command line."""
    if sys.argv[1:] in _SHORTCUTS:
        root = find_root(Path.cwd())
        record = recall(root) if root is not None else None
        if record is not None and not record["notes"]["findings"]:
            sys.stdout.write(f"{record['notes']['summary']}\n")
            return
    from pgspec.cli import cli  # noqa: PLC0415 - click alone would double the time of a build that has nothing to do

    cli(prog_name="pgspec")


if __name__ == "__main__":
    main()
