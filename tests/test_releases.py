"""Sealed releases: the draft continues from them, and nothing in them changes unnoticed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pgspec import output
from pgspec.compile import Result, compile_project, release_files
from pgspec.diagnostics import Span
from pgspec.releases import FILES as RELEASE_FILES
from pgspec.releases import name_problem, sum_text
from pgspec.sources import from_disk
from projects import FILES, pgspec, tree, view, write

FIRST, SECOND = "20250101000000_first", "20250201000000_second"
RELEASES = "generated/releases"
SUM = f"{RELEASES}/pgspec.sum"


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with two releases and a draft after them."""
    root = write(tmp_path_factory.mktemp("sealed"), FILES)
    seal(root, "first", "20250101000000")
    write(root, {"specs/b.yaml": view("b", "SELECT id, amount FROM orders")})
    seal(root, "second", "20250201000000")
    write(root, {"specs/c.yaml": view("c")})
    output.apply(root, output.compare(root, result(root).files))
    return root


@pytest.fixture
def project(sealed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sealed, tmp_path / "project"))


def seal(root: Path, name: str, version: str) -> None:
    """What the command does, in this process."""
    output.apply(root, output.compare(root, release_files(result(root), f"{version}_{name}")))


def result(root: Path) -> Result:
    return compile_project(from_disk(root))


def changes(root: Path) -> list[tuple[str, str]]:
    """What the draft would do to which objects."""
    found = result(root)
    assert found.ok, found.diagnostics
    return sorted((change.action, str(change.object.key)) for change in found.draft.changes)


def problems(root: Path) -> list[tuple[str, str, int, str]]:
    found = [(d.code, d.span.path, d.span.line, d.message) for d in result(root).diagnostics]
    before = tree(root)
    for command in (["build"], ["release", "third"]):
        done = pgspec(root, *command)
        assert done.returncode in (1, 2) and "nothing was written" in done.stderr
        assert all(f"error[{code}]: {message}" in done.stderr for code, _, _, message in found)
    after = {path: data for path, data in tree(root).items() if not path.startswith(".pgspec_cache")}
    assert after == {path: data for path, data in before.items() if not path.startswith(".pgspec_cache")}
    return found


def test_a_release_is_the_draft_sealed(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    assert pgspec(tmp_path, "build").returncode == 0
    drafted = tree(tmp_path / "generated/draft")
    done = pgspec(tmp_path, "release", "first", "--version", "20250101000000")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"sealed generated/releases/{FIRST}: ")
    found = tree(tmp_path / RELEASES / FIRST)
    assert sorted(found) == sorted(RELEASE_FILES)
    for name, data in drafted.items():
        text = found[name]
        assert isinstance(data, bytes) and isinstance(text, bytes)
        assert text.decode() == data.decode().replace("shop, draft", f"shop, {FIRST}")
    assert not (tmp_path / "generated/draft").exists()
    assert (tmp_path / SUM).read_text() == sum_text(result(tmp_path).releases)
    assert changes(tmp_path) == []


def test_the_draft_starts_at_the_last_release(project: Path) -> None:
    found = changes(project)
    assert ("create", "materialized view public.c") in found
    assert all(action == "create" and "public.c" in key for action, key in found)


def test_adding_replacing_and_removing_a_view_after_a_release(project: Path) -> None:
    (project / "specs/c.yaml").unlink()
    assert changes(project) == []
    write(project, {"specs/b.yaml": view("b", "SELECT id, city FROM customers")})
    assert {(action, key) for action, key in changes(project) if key.startswith("materialized view")} == {
        ("rebuild", "materialized view public.b")
    }
    (project / "specs/b.yaml").unlink()
    assert {entry for entry in changes(project) if entry[1].startswith("materialized view")} == {
        ("drop", "materialized view public.b")
    }
    write(project, {"specs/b.yaml": view("b", "SELECT id, amount FROM orders", more="description: new\n")})
    assert changes(project) == [("create", "comment on public.b")]
    seal(project, "third", "20250301000000")
    assert len((project / SUM).read_text().splitlines()) == 3
    assert changes(project) == []
    (project / "specs/a.yaml").unlink()
    (project / "specs/b.yaml").unlink()
    seal(project, "fourth", "20250401000000")
    assert sorted(tree(project / "generated")) == sorted(
        [
            "releases",
            "releases/pgspec.sum",
            *(f"releases/{path}" for path in tree(project / RELEASES) if not path.endswith("pgspec.sum")),
        ]
    )


def test_earlier_releases_are_never_touched(project: Path) -> None:
    paths = [p for p in (project / RELEASES).rglob("*") if p.is_file() and p.name != "pgspec.sum"]
    before = {path: (path.read_bytes(), path.stat().st_ino, path.stat().st_mtime_ns) for path in paths}
    old = (project / SUM).read_text()
    seal(project, "third", "20250301000000")
    assert {path: (path.read_bytes(), path.stat().st_ino, path.stat().st_mtime_ns) for path in paths} == before
    assert (project / SUM).read_text().startswith(old)


NOT_SEALED = "the release `{}` is not as it was sealed"


@pytest.mark.parametrize("name", RELEASE_FILES)
@pytest.mark.parametrize("folder", [FIRST, SECOND])
def test_one_byte_of_a_release(project: Path, folder: str, name: str) -> None:
    path = project / RELEASES / folder / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    found = result(project)
    assert found.files == {}
    assert [(d.code, d.span, d.message) for d in found.diagnostics] == [
        ("REL001", Span(f"{RELEASES}/{folder}", 1, 1, 1, 2), NOT_SEALED.format(folder))
    ]


def remove(path: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        shutil.rmtree(root / path) if (root / path).is_dir() else (root / path).unlink()

    return change


def copy(old: str, new: str) -> Callable[[Path], None]:
    return lambda root: shutil.copytree(root / RELEASES / old, root / RELEASES / new) and None


def lines(edit: Callable[[list[str]], list[str]]) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        (root / SUM).write_text("".join(edit((root / SUM).read_text().splitlines(keepends=True))))

    return change


CASES: list[tuple[str, Callable[[Path], None], tuple[str, str, int, str]]] = [
    (
        "file removed",
        remove(f"{RELEASES}/{FIRST}/plan.md"),
        ("REL001", f"{RELEASES}/{FIRST}/plan.md", 1, f"the release `{FIRST}` has no plan.md"),
    ),
    (
        "file edited",
        lambda root: write(root, {f"{RELEASES}/{SECOND}/migrate.sql": "-- mine\n"}) and None,
        ("REL001", f"{RELEASES}/{SECOND}", 1, NOT_SEALED.format(SECOND)),
    ),
    (
        "state is no text",
        lambda root: write(root, {f"{RELEASES}/{SECOND}/state.json": b"\xff\0"}) and None,
        ("REL001", f"{RELEASES}/{SECOND}", 1, NOT_SEALED.format(SECOND)),
    ),
    (
        "folder removed",
        remove(f"{RELEASES}/{FIRST}"),
        ("REL002", SUM, 1, f"the release `{FIRST}` is in pgspec.sum, its folder is missing"),
    ),
    (
        "last folder removed",
        remove(f"{RELEASES}/{SECOND}"),
        ("REL002", SUM, 2, f"the release `{SECOND}` is in pgspec.sum, its folder is missing"),
    ),
    (
        "folder added",
        copy(SECOND, "20250301000000_third"),
        ("REL002", f"{RELEASES}/20250301000000_third", 1, "the release `20250301000000_third` is not in pgspec.sum"),
    ),
    (
        "folder added between",
        copy(FIRST, "20250115000000_other"),
        ("REL002", f"{RELEASES}/20250115000000_other", 1, "the release `20250115000000_other` is not in pgspec.sum"),
    ),
    ("sum removed", remove(SUM), ("REL002", f"{RELEASES}/{FIRST}", 1, f"the release `{FIRST}` is not in pgspec.sum")),
    (
        "lines reordered",
        lines(lambda rows: rows[::-1]),
        ("REL002", SUM, 2, f"the release `{FIRST}` is out of order, or written twice"),
    ),
    (
        "line twice",
        lines(lambda rows: [rows[0], *rows]),
        ("REL002", SUM, 2, f"the release `{FIRST}` is out of order, or written twice"),
    ),
    (
        "line removed",
        lines(lambda rows: rows[1:]),
        ("REL002", f"{RELEASES}/{FIRST}", 1, f"the release `{FIRST}` is not in pgspec.sum"),
    ),
    (
        "hash edited",
        lines(lambda rows: [rows[0].replace("sha256:", "sha256:0"), rows[1]]),
        ("REL001", f"{RELEASES}/{FIRST}", 1, NOT_SEALED.format(FIRST)),
    ),
    (
        "conflict",
        lines(lambda rows: [rows[0], "<<<<<<< HEAD\n", rows[1], "=======\n", "x\n", ">>>>>>> other\n"]),
        ("REL002", SUM, 2, "two branches both released: the file has a merge conflict"),
    ),
    (
        "rubbish",
        lambda root: write(root, {SUM: b"\xff\xfe\0"}) and None,
        ("REL002", SUM, 1, "the release `\ufffd\ufffd\0` is in pgspec.sum, its folder is missing"),
    ),
]


@pytest.mark.parametrize(("change", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_releases_changed_by_hand(
    project: Path, change: Callable[[Path], None], expected: tuple[str, str, int, str]
) -> None:
    change(project)
    found = [(d.code, d.span.path, d.span.line, d.message) for d in result(project).diagnostics]
    assert expected in found and {code for code, *_ in found} == {expected[0]}


def test_a_changed_release_stops_every_command(project: Path) -> None:
    write(project, {f"{RELEASES}/{FIRST}/plan.md": "mine\n"})
    assert problems(project) == [("REL001", f"{RELEASES}/{FIRST}", 1, NOT_SEALED.format(FIRST))]


@pytest.mark.parametrize(
    "change",
    [
        lambda root: write(root, {f"{RELEASES}/README.md": "mine", f"{RELEASES}/{FIRST}/notes.txt": "mine"}),
        lambda root: [p.write_bytes(p.read_bytes().replace(b"\n", b"\r\n")) for p in (root / RELEASES).rglob("*.*")],
        lines(lambda rows: ["\n", rows[0], "\n", rows[1], "\n"]),
        lambda root: (root / RELEASES / "20990101000000_nothing").mkdir(),
    ],
    ids=["files of others", "CRLF", "empty lines", "empty folder"],
)
def test_what_does_not_matter(project: Path, change: Callable[[Path], object]) -> None:
    before = changes(project)
    change(project)
    assert changes(project) == before


@pytest.mark.parametrize(
    ("version", "name", "message"),
    [
        ("2025", "x", "`2025_x` is not a release"),
        ("20250301000000", "a b", "`20250301000000_a b` is not a release"),
        ("20250301000000", "../x", "`20250301000000_../x` is not a release"),
        ("20250301000000", "", "`20250301000000_` is not a release"),
        ("20250301000000", "x\ny", "`20250301000000_x\ny` is not a release"),
        ("20250301000000", "x" * 101, None),
        ("٢٠٢٥٠٣٠١٠٠٠٠٠٠", "x", None),
        ("20250201000000", "x", f"version 20250201000000 is not after the last release, `{SECOND}`"),
        ("20240101000000", "x", f"version 20240101000000 is not after the last release, `{SECOND}`"),
    ],
)
def test_names_and_versions_that_cannot_be_used(project: Path, version: str, name: str, message: str | None) -> None:
    problem = name_problem(version, name, result(project).releases)
    assert problem is not None and message in (None, problem[0]) and problem[1]


def test_a_refused_release_writes_nothing(project: Path) -> None:
    before = tree(project)
    done = pgspec(project, "release", "x", "--version", "20240101000000")
    assert done.returncode == 1
    message = f"version 20240101000000 is not after the last release, `{SECOND}`"
    assert done.stderr.startswith(f"error[REL003]: {message}\n")
    assert tree(project) == before


def test_nothing_to_release(project: Path) -> None:
    seal(project, "third", "20250301000000")
    before = tree(project)
    done = pgspec(project, "release", "fourth", "--version", "20250401000000")
    assert done.returncode == 1 and done.stderr.startswith("error[REL004]: there is nothing to release\n")
    assert tree(project) == before


def test_specs_with_errors_are_not_released(project: Path) -> None:
    write(project, {"specs/c.yaml": "kind: nothing\n"})
    before = tree(project)
    done = pgspec(project, "release", "third")
    assert done.returncode != 0 and "error[PRJ007]" in done.stderr and "nothing was written" in done.stderr
    assert tree(project) == before


def test_the_same_bytes_everywhere(project: Path, tmp_path: Path) -> None:
    """Whatever the hash seed, the locale, the time zone, the folder of work, the place of the project."""
    base = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME")}
    places = []
    for number, (env, start) in enumerate(
        [
            ({"PYTHONHASHSEED": "0", "TZ": "Pacific/Chatham", "LC_ALL": "C"}, "."),
            ({"PYTHONHASHSEED": "1", "TZ": "America/St_Johns", "LC_ALL": "C.UTF-8"}, "specs"),
            ({"PYTHONHASHSEED": "77", "LC_ALL": "tr_TR.UTF-8", "PYTHONUTF8": "0", "USER": "x", "HOSTNAME": "y"}, "/"),
        ]
    ):
        root = Path(shutil.copytree(project, tmp_path / f"a b'{number}" / ("deep/" * number) / "größe"))
        shutil.rmtree(root / "generated/draft")
        (root / "generated/schema.sql").unlink()
        write(root, {"specs/ü.yaml": view("ü", more="description: größe\n")})
        done = pgspec(root / start, "-C", str(root), "build", env=base | env)
        assert done.returncode == 0, done.stderr
        drafted = tree(root / "generated")
        done = pgspec(root / start, "-C", str(root), "release", "x", "--version", "20250401000000", env=base | env)
        assert done.returncode == 0, done.stderr
        places.append((drafted, tree(root / "generated")))
    assert places[0] == places[1] == places[2]
    assert str(tmp_path).encode() not in b"".join(data for data in places[0][1].values() if isinstance(data, bytes))
