"""The way out when nothing changed: a build that would repeat the last one is recognised by hashes.

Nothing heavy is imported here, and the record is only ever a shortcut: without it the build runs.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pgspec import __version__, templates  # type: ignore[attr-defined]  # a folder of its own, put here by the build
from pgspec.disk import files_on_disk, owned_files

RECORD = ".pgspec_cache/build.json"


def recall(root: Path) -> dict[str, Any] | None:
    """What `remember` kept, when neither inputs, outputs nor pgspec itself have changed since; otherwise None."""
    try:
        record = json.loads((root / RECORD).read_text("utf-8"))
        if record["tool"] != _tool():
            return None
        files, unreadable = files_on_disk(root, record["patterns"])
        if unreadable or record["inputs"] != _digest(files):
            return None
        return record if record["outputs"] == outputs_digest(root) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember(root: Path, inputs: Mapping[str, bytes], patterns: Sequence[str], notes: Any) -> None:
    """Keep the hashes of a build that ended without errors, and ``notes`` for whoever recalls it."""
    record = {
        "tool": _tool(),
        "inputs": _digest(inputs),
        "outputs": outputs_digest(root),
        "patterns": list(patterns),
        "notes": notes,
    }
    folder = (root / RECORD).parent
    try:
        folder.mkdir(exist_ok=True)
        (folder / ".gitignore").write_text("*\n", "utf-8")
        unfinished = folder / f"build.{os.getpid()}"
        unfinished.write_text(json.dumps(record), "utf-8")
        unfinished.replace(root / RECORD)
    except OSError:
        return  # a read-only checkout is built without the shortcut


def outputs_digest(root: Path) -> str:
    """A hash over the files under generated/ that pgspec owns."""
    return _digest({path: (root / path).read_bytes() for path in owned_files(root)})


def _digest(files: Mapping[str, bytes]) -> str:
    total = hashlib.sha256()
    for path in sorted(files):
        total.update(f"{path}\0{len(files[path])}\0".encode("utf-8", "surrogateescape"))
        total.update(files[path])
    return total.hexdigest()


def _tool() -> str:
    """A hash that changes with any file of pgspec, with its parser, and with Python."""
    folders = [os.path.dirname(__file__), os.path.dirname(templates.__file__ or "")]  # noqa: PTH120
    parts = [__version__, sys.version, *(entry for folder in folders for entry in _stats(folder))]
    for place in sys.path:
        parser = Path(place) / "pglast" / "__init__.py"
        if parser.is_file():
            parts.append(f"{parser} {parser.stat().st_mtime_ns}")
            break
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def _stats(folder: str) -> Iterable[str]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(files):
            status = os.stat(f"{place}/{name}")  # noqa: PTH116 - a path object for each of them would cost more
            yield f"{place}/{name} {status.st_size} {status.st_mtime_ns}"
