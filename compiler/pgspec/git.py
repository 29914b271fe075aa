"""The files of a project as a commit has them, read by the program `git`: no checkout, no network, nothing written."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from posixpath import dirname, join, normpath, relpath

from pgspec.disk import PROJECT_FILE, RELEASES, SPECS, relative_to_project
from pgspec.sources import Sources, arranged, schema_patterns

_LINK, _FOLDER_OF_OTHERS = "120000", "160000"
_MOST_LINKS = 40
"""How many links may lead to one another; PostgreSQL's servers run where the kernel follows as many."""

_PARTIAL = (
    "the repository lacks files of the commit, as a partial clone does",
    "`git fetch --refetch --no-filter` brings them; nothing is fetched here",
)


class GitError(Exception):
    """Why there is nothing to compare with; ``help`` says what to do about it."""

    def __init__(self, message: str, help_: str = "") -> None:
        super().__init__(message)
        self.help = help_


@dataclass(frozen=True, slots=True)
class _Entry:
    """What a tree says of one path: the kind of file, and the name of its content."""

    mode: str
    name: str


def sources_at(root: Path, ref: str) -> Sources:
    """The sources of the project in ``root`` as the commit ``ref`` has them.  GitError when there are none."""
    home = os.fsdecode(_git(root, "rev-parse", "--show-prefix")).rstrip("\n")
    commit = _commit(root, ref)
    entries = _entries(root, commit)
    with_links = dict(_linked(root, entries))
    files = {relpath(path, home or "."): entry for path, entry in with_links.items()}
    project = files.get(PROJECT_FILE)
    if project is None or project.mode == _FOLDER_OF_OTHERS:
        message = f"there is no {home}{PROJECT_FILE} at `{ref}`"
        raise GitError(message, "compare with a commit that has the project, in the same folder")
    text = _contents(root, [project.name])[project.name]
    patterns = [relative_to_project(pattern) for pattern in schema_patterns(text)]
    wanted = {path: entry for path, entry in files.items() if _is_wanted(path, patterns)}
    apart = {p: "it is in a repository of its own" for p, e in wanted.items() if e.mode == _FOLDER_OF_OTHERS}
    found = _contents(root, {entry.name for path, entry in wanted.items() if path not in apart})
    return arranged({path: found[entry.name] for path, entry in wanted.items() if path not in apart}, apart)


def _is_wanted(path: str, patterns: Sequence[str]) -> bool:
    """Whether a build reads the file: as `disk` has it."""
    if path.startswith(f"{RELEASES}/"):
        return True
    if path.startswith(f"{SPECS}/"):
        return path.endswith((".yaml", ".yml", ".sql"))
    for pattern in patterns:
        if path == pattern or (dirname(path) == pattern.rstrip("/") and path.endswith(".sql")):
            return True
        if not pattern.startswith("..") and _matches(PurePosixPath(path).parts, PurePosixPath(pattern).parts):
            return True
    return False


def _matches(path: Sequence[str], pattern: Sequence[str]) -> bool:
    """A glob: ``*`` within a name, ``**`` for any folders."""
    if not pattern or not path:
        return not pattern and not path
    if pattern[0] == "**":
        return _matches(path, pattern[1:]) or _matches(path[1:], pattern)
    return fnmatchcase(path[0], pattern[0]) and _matches(path[1:], pattern[1:])


def _commit(root: Path, ref: str) -> str:
    try:
        found = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    except GitError:
        help_ = "`git fetch origin main` brings the branch of a server, which is then `origin/main`; a CI checkout may"
        raise GitError(f"`{ref}` is no commit of this repository", f"{help_} need `fetch-depth: 0`") from None
    return found.decode("ascii").strip()


def _entries(root: Path, commit: str) -> dict[str, _Entry]:
    """The whole tree: schema files may be anywhere in it."""
    out = {}
    for line in _git(root, "ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0"):
        about, _, path = line.partition(b"\t")
        if path:
            mode, _, name = about.decode("ascii").split(" ")
            out[path.decode("utf-8", "replace")] = _Entry(mode, name)
    return out


def _linked(root: Path, entries: Mapping[str, _Entry]) -> Iterator[tuple[str, _Entry]]:
    """The files with links followed, also those to folders; a link that leads out of the commit is no file."""
    links = {path: entry.name for path, entry in entries.items() if entry.mode == _LINK}
    found = _contents(root, set(links.values())) if links else {}
    targets = {path: join(dirname(path), found[name].decode("utf-8", "replace")) for path, name in links.items()}
    for path, entry in entries.items():
        if path not in targets:
            yield path, entry
    for path in targets:
        real = _real(path, targets)
        if real in entries and real not in targets:
            yield path, entries[real]
        for below, entry in entries.items():
            if below.startswith(f"{real}/") and below not in targets:
                yield f"{path}{below[len(real) :]}", entry


def _real(path: str, targets: Mapping[str, str]) -> str:
    """Where a path leads when every link on the way is followed."""
    for _ in range(_MOST_LINKS):
        path = normpath(path)
        parts = PurePosixPath(path).parts
        heads = (join(*parts[:number]) for number in range(1, len(parts) + 1))
        link = next((head for head in heads if head in targets), None)
        if link is None:
            return path
        path = targets[link] + path[len(link) :]
    return ".."


def _contents(root: Path, names: Iterable[str]) -> dict[str, bytes]:
    """The contents with these names."""
    asked = sorted(names)
    answer = _git(root, "cat-file", "--batch", given="".join(f"{name}\n" for name in asked).encode("ascii"))
    out, position = {}, 0
    for name in asked:
        end = answer.index(b"\n", position)
        head = answer[position:end].split(b" ")
        if head[-1] == b"missing":
            raise GitError(*_PARTIAL)
        size = int(head[-1])
        out[name] = answer[end + 1 : end + 1 + size]
        position = end + size + 2
    return out


def _git(root: Path, *arguments: str, given: bytes = b"") -> bytes:
    """What git prints.  GitError with its own words when it fails."""
    # Hooks name the repository of the commit that runs them, relative to another folder; ours is the project's.
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_DIR")}
    for name in ("GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR"):
        env.pop(name, None)
    # A partial clone would fetch what it lacks; every version of git knows how to be kept off all networks.
    env |= {"GIT_ALLOW_PROTOCOL": "none", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    command = ["git", "-C", os.fspath(root), *arguments]
    try:
        done = subprocess.run(command, input=given, capture_output=True, env=env, check=False)  # noqa: S603
    except FileNotFoundError:
        raise GitError(
            "git is not installed, or not on the PATH", "install it: the old specs are read from it"
        ) from None
    except (OSError, ValueError) as error:
        raise GitError(f"git cannot be asked: {error}") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().removeprefix("fatal: ")
        if said.startswith("not a git repository"):
            raise GitError(
                f"{root} is not in a git repository", "commit the project: REF is a commit of its repository"
            )
        if "promisor remote" in said or "' not allowed" in said:
            raise GitError(*_PARTIAL)
        raise GitError(f"git failed: {said.partition(chr(10))[0]}", said.partition("\n")[2].strip())
    return done.stdout
