"""Node.js, TypeScript and the node packages of tests: where they are, and how a test runs them.

`make test` installs the packages of tests/node_packages beside the Python environment.  ``PGSPEC_NODE_MODULES`` names
another ``node_modules``.  What is missing fails the tests that need it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

MODULES = Path(os.environ.get("PGSPEC_NODE_MODULES") or Path(sys.prefix, "node", "node_modules"))
MISSING_NODE = """\
node is missing, and these tests need it, version 18 or later
on Debian and Ubuntu: apt-get install nodejs npm
on macOS: brew install node"""
MISSING_PACKAGES = """\
{modules} is missing, and these tests need its packages
`make test` installs them; by hand:
  mkdir -p {folder} && cp tests/node_packages/package*.json {folder} && npm ci --ignore-scripts --prefix {folder}"""
STRICT = (
    "--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess", "--noPropertyAccessFromIndexSignature",
    "--noImplicitReturns", "--noUnusedLocals", "--noUnusedParameters", "--verbatimModuleSyntax", "--isolatedModules",
    "--target", "es2022", "--module", "nodenext", "--lib", "es2022",
)  # fmt: skip

_DEADLINE = 120.0


def find_node() -> str:
    """The program; without it the test fails, since nobody reads that a test was skipped."""
    found = shutil.which("node")
    if found is None:
        pytest.fail(MISSING_NODE, pytrace=False)
    return found


def node_folder(folder: Path, files: Mapping[str, str]) -> Path:
    """The folder with these files, as a package of ES modules that finds what `MODULES` has."""
    find_node()
    if not (MODULES / "typescript" / "lib" / "tsc.js").is_file():
        pytest.fail(MISSING_PACKAGES.format(modules=MODULES, folder=MODULES.parent), pytrace=False)
    if not (folder / "node_modules").exists():
        (folder / "node_modules").symlink_to(MODULES)
    for name, text in {"package.json": '{"type": "module"}\n', **files}.items():
        (folder / name).write_text(text, "utf-8")
    return folder


def tsc(folder: Path, *arguments: str, strict: tuple[str, ...] = STRICT) -> list[tuple[str, int, str]]:
    """Compile the files of a `node_folder`; the errors as (file, line, code and message)."""
    command = [find_node(), str(MODULES / "typescript" / "lib" / "tsc.js"), "--pretty", "false", *strict, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=_DEADLINE)
    found = re.findall(r"^(\S+?)\((\d+),\d+\): error (.*)$", done.stdout, re.M)
    assert done.returncode == 0 or found, done.stdout + done.stderr
    return [(file, int(line), message) for file, line, message in found]


def node(folder: Path, script: str, *arguments: str) -> subprocess.Popen[str]:
    """A script of a `node_folder`, started; it inherits no settings of PostgreSQL."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    command = [find_node(), script, *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env=env, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def node_output(folder: Path, script: str, *arguments: str) -> str:
    """What a script prints that ends well."""
    process = node(folder, script, *arguments)
    out, errors = process.communicate(timeout=_DEADLINE)
    assert process.returncode == 0, errors
    return out
