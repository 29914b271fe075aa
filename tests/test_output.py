"""generated/ is written wholly or not at all, whatever happens meanwhile."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pgspec import output
from pgspec.compile import compile_project
from pgspec.sources import from_disk
from projects import FILES, bound_by_permissions, pgspec, tree, view, write

CHANGED = view("a", "SELECT id, amount FROM orders")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write(tmp_path, FILES)


def compiled(root: Path) -> dict[str, str]:
    result = compile_project(from_disk(root))
    assert result.ok
    return dict(result.files)


def build(root: Path) -> None:
    output.apply(root, output.compare(root, compiled(root)))


def is_built(root: Path) -> bool:
    return is_as(root, compiled(root))


def is_as(root: Path, files: dict[str, str]) -> bool:
    return not output.compare(root, files) and not list((root / "generated").glob(".pgspec-*"))


class FullDisk:
    """Counts the calls that change a disk; the one with the chosen number fails."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fail_at: int) -> None:
        self.calls = 0
        self.fail_at = fail_at
        self.failed = ""
        for name in ("mkdir", "rename", "replace", "link", "unlink", "fsync"):
            monkeypatch.setattr(os, name, self.guarded(getattr(os, name), name))
        opened = Path.open
        guard = self.guarded

        def open_(path: Path, mode: str = "r", *rest: Any) -> Any:
            file = guard(opened, "open")(path, mode, *rest) if "w" in mode else opened(path, mode, *rest)
            return Written(file, guard(file.write, "write")) if "w" in mode else file

        monkeypatch.setattr(Path, "open", open_)

    def guarded(self, call: Callable[..., Any], name: str) -> Callable[..., Any]:
        def step(*arguments: Any, **named: Any) -> Any:
            self.calls += 1
            if self.calls == self.fail_at:
                self.failed = name
                raise OSError(errno.ENOSPC, "No space left on device")
            return call(*arguments, **named)

        return step


class Written:
    """A file whose ``write`` may fail halfway."""

    def __init__(self, file: Any, checked: Callable[[bytes], int]) -> None:
        self.file, self.checked = file, checked

    def __enter__(self) -> Written:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def write(self, data: bytes) -> int:
        self.file.write(data[: len(data) // 2])
        return self.checked(data[len(data) // 2 :])

    def flush(self) -> None:
        self.file.flush()

    def fileno(self) -> int:
        return int(self.file.fileno())


def to_do(root: Path, start: str) -> dict[str, str]:
    """A project that has something to write, and to remove."""
    if start != "empty":
        build(root)
        write(root, {"generated/notes.txt": "mine", "generated/draft/notes.txt": "mine too"})
        write(root, {"specs/a.yaml": CHANGED})
    files = compiled(root)
    return {path: text for path, text in files.items() if not path.endswith("plan.md")} if start == "removal" else files


@pytest.mark.parametrize("start", ["empty", "changed", "removal"])
def test_a_disk_that_fills_up_at_any_step_changes_nothing(
    project: Path, start: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = to_do(project, start)
    before = tree(project)
    failed, failed_and_reported = set(), set()
    for number in range(1, 500):
        with monkeypatch.context() as patch:
            disk = FullDisk(patch, number)
            reported = False
            try:
                output.apply(project, output.compare(project, files))
            except OSError as error:
                reported = error.errno == errno.ENOSPC
        failed.add(disk.failed)
        if not disk.failed:
            break
        if reported:
            failed_and_reported.add(disk.failed)
            assert tree(project) == before, (number, disk.failed)
            continue
        # What fails without a report was not needed: a folder that exists already, or tidying up.
        assert not output.compare(project, files), (number, disk.failed)
        shutil.rmtree(project)
        write(project, {path: data for path, data in before.items() if data != ""})
        for path, data in before.items():
            if data == "":
                (project / path).mkdir(exist_ok=True)
    assert not disk.failed and number > 15 and not reported
    assert is_as(project, files)
    wanted = {"mkdir", "open", "write", "fsync", "replace"} | ({"unlink"} if start == "removal" else set())
    assert failed_and_reported >= wanted
    assert failed >= ({""} if start == "empty" else {"", "link", "unlink"})  # a copy stands in for a link


@pytest.mark.parametrize("size", [0, 1, 100, 4096])
@pytest.mark.parametrize("start", ["empty", "changed"])
def test_a_full_disk(project: Path, start: str, size: int) -> None:
    """The kernel refuses to make any file longer than ``size``."""
    to_do(project, start)
    before = tree(project)

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    done = pgspec(project, "build", preexec_fn=limit)
    assert done.returncode == 1
    assert "error[REL005]: cannot write generated/: File too large; nothing was changed" in done.stderr
    after = tree(project)
    assert {path: data for path, data in after.items() if not path.startswith(".pgspec_cache")} == before
    assert pgspec(project, "build").returncode == 0 and is_built(project)


def test_no_room_for_the_notes_of_the_last_build(project: Path) -> None:
    """The record of the last build is a shortcut; without it everything works."""
    write(project, {".pgspec_cache": "a file in its place"})
    assert pgspec(project, "build").returncode == 0 and is_built(project)


@contextlib.contextmanager
def running(root: Path, both: list[dict[str, str]]) -> Iterator[subprocess.Popen[bytes]]:
    """A process that writes the one and the other in turn, as builds do."""
    script = """
import itertools, json, pathlib, sys
from pgspec import output
both = json.load(sys.stdin)
root = pathlib.Path()
print("ready", flush=True)
for files in itertools.cycle(both):
    output.apply(root, output.compare(root, files))
"""
    process = subprocess.Popen([sys.executable, "-c", script], cwd=root, stdin=-1, stdout=-1, stderr=-1)
    try:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps(both).encode())
        process.stdin.close()
        assert process.stdout.readline() == b"ready\n"
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def states(root: Path) -> list[dict[str, str]]:
    """What generated/ holds before and after the change."""
    out = []
    for text in (FILES["specs/a.yaml"], CHANGED):
        write(root, {"specs/a.yaml": text})
        out.append(compiled(root))
    return out


def all_files(root: Path) -> dict[str, bytes]:
    found = tree(root / "generated")
    return {
        f"generated/{path}": data for path, data in found.items() if isinstance(data, bytes) and ".pgspec-" not in path
    }


def test_a_killed_build_leaves_whole_files_and_the_next_one_repairs(project: Path) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    chance = random.Random(seed)
    both = states(project)
    left = 0
    for _ in range(12):
        with running(project, both) as process:
            time.sleep(chance.uniform(0.001, 0.05))
            process.send_signal(signal.SIGKILL)
            process.wait()
        for path, data in all_files(project).items():
            assert data.decode() in {files[path] for files in both}
        left += bool(list((project / "generated").glob(".pgspec-*")))
        output.apply(project, output.compare(project, both[1]))
        assert is_as(project, both[1])
    assert left, "no build was killed while it wrote"


def test_files_are_exchanged_not_overwritten(project: Path) -> None:
    """Whoever has a file open, or a build that is killed, sees all of the old or all of the new."""
    build(project)
    before = tree(project / "generated")
    for path, data in before.items():
        if data:
            os.link(project / "generated" / path, project / path.replace("/", "-"))
    write(project, {"specs/a.yaml": CHANGED})
    build(project)
    assert is_built(project)
    for path, data in before.items():
        assert not data or (project / path.replace("/", "-")).read_bytes() == data


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_build_has_written_all_or_nothing(project: Path, number: signal.Signals) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    chance = random.Random(seed)
    both = states(project)
    whole = [{path: text.encode() for path, text in files.items()} for files in both]
    for _ in range(6):
        with running(project, both) as process:
            time.sleep(chance.uniform(0.001, 0.05))
            process.send_signal(number)
            process.wait()
        assert all_files(project) in ({}, *whole)
        if number == signal.SIGINT:  # an exception, so that the staging folder goes too; almost always
            assert len(list((project / "generated").glob(".pgspec-*"))) <= 1


def test_an_interrupt_between_two_files_waits_for_the_last(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = compiled(project)
    replace = Path.replace
    seen = []

    def interrupted(path: Path, target: Path) -> Path:
        os.kill(os.getpid(), signal.SIGINT)
        seen.append(target)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        output.apply(project, output.compare(project, files))
    assert len(seen) == len(files) == 7
    assert is_built(project)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_before_the_files_take_their_places(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tree(project)
    monkeypatch.setattr(os, "fsync", lambda _: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        build(project)
    assert tree(project) == before


def test_nothing_is_touched_when_nothing_changed(project: Path) -> None:
    build(project)

    def look() -> dict[str, tuple[int, int, int]]:
        paths = [project / "generated", *(project / "generated").rglob("*")]
        return {str(p): (p.stat().st_mtime_ns, p.stat().st_ino, p.stat().st_ctime_ns) for p in paths}

    before = look()
    for command in (["build"], ["build"], ["build", "--check"], ["build", "--format", "json"]):
        assert pgspec(project, *command).returncode == 0
        assert look() == before


def test_only_what_changed_is_written(project: Path) -> None:
    build(project)
    kept = project / "generated/schema.sql"
    before = kept.stat()
    write(project, {"generated/draft/verify.sql": "-- edited by hand\n"})
    assert pgspec(project, "build").stdout.startswith("wrote 1 file under generated/: ")
    assert (kept.stat().st_ino, kept.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert is_built(project)


def test_line_ends_of_a_checkout_do_not_count(project: Path) -> None:
    build(project)
    for path in (project / "generated").rglob("*.*"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    before = tree(project / "generated")
    assert pgspec(project, "build", "--check").returncode == 0
    assert pgspec(project, "build").stdout.startswith("up to date")
    assert tree(project / "generated") == before


def test_files_of_others_survive(project: Path) -> None:
    others = {
        "generated/README.md": "mine",
        "generated/draft/notes.txt": "mine",
        "generated/draft/sub/migrate.sql": "mine",
        "generated/schema.sql.orig": "mine",
        "generated/mine/draft/plan.md": "mine",
    }
    write(project, others)
    build(project)
    for name in ("a", "b"):
        (project / f"specs/{name}.yaml").unlink()
    assert pgspec(project, "build").returncode == 0
    assert all_files(project) == {path: text.encode() for path, text in others.items()}


def test_the_draft_goes_when_there_is_nothing_to_do(project: Path) -> None:
    assert pgspec(project, "build").returncode == 0
    assert pgspec(project, "release", "first", "--version", "20250101000000").returncode == 0
    assert sorted(tree(project / "generated")) == sorted(
        [
            ".gitattributes",
            "CHECKLIST.md",
            "releases",
            "releases/20250101000000_first",
            "releases/pgspec.sum",
            "schema.sql",
        ]
        + [
            f"releases/20250101000000_first/{name}"
            for name in ("migrate.sql", "plan.md", "rollback.sql", "state.json", "verify.sql")
        ]
    )
    assert pgspec(project, "build", "--check").returncode == 0


def test_a_folder_that_is_a_link(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (project / "generated").symlink_to(elsewhere)
    assert pgspec(project, "build").returncode == 0
    assert (project / "generated").is_symlink() and is_built(project)
    assert sorted(tree(elsewhere)) == [
        ".gitattributes",
        "CHECKLIST.md",
        "draft",
        "draft/migrate.sql",
        "draft/plan.md",
        "draft/rollback.sql",
        "draft/verify.sql",
        "schema.sql",
    ]


def test_a_file_that_is_a_link_is_replaced_not_followed(project: Path) -> None:
    write(project, {"elsewhere.sql": "precious"})
    (project / "generated").mkdir()
    (project / "generated/schema.sql").symlink_to(project / "elsewhere.sql")
    build(project)
    assert (project / "elsewhere.sql").read_text() == "precious"
    assert not (project / "generated/schema.sql").is_symlink() and is_built(project)


@pytest.mark.parametrize("place", ["generated", "generated/draft", "generated/schema.sql", "generated/draft/plan.md"])
def test_something_else_is_in_the_way(project: Path, place: str) -> None:
    if place.endswith((".sql", ".md")):
        (project / place).mkdir(parents=True)
    else:
        write(project, {place: "a file"})
    before = tree(project)
    done = pgspec(project, "build")
    assert done.returncode == 1 and f"error[REL005]: cannot write {place}" in done.stderr
    assert "nothing was changed" in done.stderr
    assert {path: data for path, data in tree(project).items() if not path.startswith(".pgspec_cache")} == before


@pytest.mark.parametrize("place", ["generated", "generated/draft"])
def test_a_folder_that_cannot_be_written(project: Path, place: str) -> None:
    build(project)
    write(project, {"specs/a.yaml": CHANGED})
    (project / place).chmod(0o555)
    before = tree(project)
    done = pgspec(project, "build", preexec_fn=bound_by_permissions)
    (project / place).chmod(0o755)
    assert done.returncode == 1, done.stderr
    assert "error[REL005]: cannot write generated" in done.stderr and "Permission denied" in done.stderr
    assert {path: data for path, data in tree(project).items() if not path.startswith(".pgspec_cache")} == before
    assert pgspec(project, "build").returncode == 0 and is_built(project)


def test_several_builds_at_the_same_time(project: Path) -> None:
    both = states(project)
    whole = [{path: text.encode() for path, text in files.items()} for files in both]
    with running(project, both) as first, running(project, both) as second, running(project, both) as third:
        time.sleep(0.5)
        builds = [first, second, third]
        assert [process.poll() for process in builds] == [None] * 3  # none of them met an error
        for process in builds:
            process.send_signal(signal.SIGTERM)
            process.wait()
    assert all_files(project) in whole
    build(project)
    assert is_built(project)


def test_a_diff_of_what_is_missing_changed_and_too_much(project: Path) -> None:
    assert pgspec(project, "build", "--check").returncode == 1
    assert not (project / "generated").exists()
    build(project)
    plan = (project / "generated/draft/plan.md").read_text()
    (project / "generated/draft/plan.md").unlink()
    (project / "generated/schema.sql").write_text("-- old\x0c line")
    before = tree(project)
    done = pgspec(project, "build", "--check")
    assert done.returncode == 1 and tree(project) == before
    assert done.stderr == "generated/ is not what the specs say: run `pgspec build` and commit the result\n"
    added = "".join(f"+{line}\n" for line in plan.splitlines())
    start = f"--- /dev/null\n+++ generated/draft/plan.md\n@@ -0,0 +1,{plan.count(chr(10))} @@\n"
    assert done.stdout.startswith(start + added + "--- generated/schema.sql\n+++ generated/schema.sql\n")
    assert "-" + "-- old\x0c line\n\\ No newline at end of file\n" in done.stdout
    assert output.unified(project, output.Difference({}, ("generated/schema.sql",))).startswith(
        "--- generated/schema.sql\n+++ /dev/null\n"
    )


def test_files_for_operators_come_and_go_with_the_specs(project: Path) -> None:
    """In the folders for operators a file that names pgspec at its head is pgspec's, any other is somebody's."""
    folder = project / "generated" / "runbook"
    folder.mkdir(parents=True)
    (folder / "gone.sql").write_text("-- pgspec, a switch of a spec that is gone\n", "utf-8")
    (folder / "theirs.sql").write_text("-- ours\n", "utf-8")
    build(project)
    assert [path.name for path in folder.iterdir()] == ["theirs.sql"]
