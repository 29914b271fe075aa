"""Small projects for tests: written to a folder, and worked on by the command line in a process of its own."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SCHEMA = """\
CREATE TABLE orders (id bigint PRIMARY KEY, city text NOT NULL, amount numeric NOT NULL);
CREATE TABLE customers (id bigint PRIMARY KEY, city text NOT NULL);
"""
PROJECT = "kind: project\nname: shop\n"


def view(name: str, query: str = "SELECT id, city FROM orders", more: str = "", key: str = "[id]") -> str:
    return f"kind: materialized_view\nname: {name}\nunique_key: {key}\nquery: |\n  {query}\n{more}"


FILES: Mapping[str, str] = {
    "specs/project.yaml": PROJECT,
    "specs/schema.sql": SCHEMA,
    "specs/a.yaml": view("a", more="description: the first\n"),
    "specs/b.yaml": view("b"),
}


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape"))
    return root


def tree(folder: Path) -> dict[str, bytes | str]:
    """Everything below a folder: the bytes of files, the targets of links, an empty text for folders."""
    out: dict[str, bytes | str] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            out[name] = os.readlink(path)  # noqa: PTH115 - as it was written
        else:
            out[name] = "" if path.is_dir() else path.read_bytes()
    return out


def bound_by_permissions() -> None:
    """For a child process: read-only folders are so for root too, who loses the right to override them."""
    if os.geteuid() == 0:
        for capability in (1, 2, 3):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER
            assert ctypes.CDLL(None).prctl(24, capability, 0, 0, 0) == 0  # PR_CAPBSET_DROP


def pgspec(
    root: Path, *arguments: str, env: Mapping[str, str] | None = None, **more: Any
) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own; it never ends in a traceback, nor in a bug that was caught."""
    done = subprocess.run(
        [sys.executable, "-m", "pgspec", *arguments],
        cwd=root,
        env=(dict(os.environ) if env is None else dict(env)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
        **more,
    )
    assert "Traceback" not in done.stderr and "bug in pgspec" not in done.stderr, done.stderr
    return done
