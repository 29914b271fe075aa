"""Load tests as scripts for pgbench.

pgbench puts a parameter wherever a colon stands before a name, also inside strings and comments, and reads its clock
after a command of its own but not always before a query: so a colon that is no parameter's is written in another way,
and each script begins with a ``\\set``.
"""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgspec.kinds import ParameterValues, Project
from pgspec.load_tests import Load, LoadEntry
from pgspec.pgsql import tokens
from pgspec.program import Program
from pgspec.sql import commas, ident, literal, remark
from pgspec.values import claims_text

# A colon before what pgbench takes for a name; after another colon it does not look.
_NAMING = re.compile(r"(?<!:):(?=[A-Za-z_\u0080-\U0010ffff])")
_CLOCK = (
    "-- pgbench reads its clock after a command of its own, but not always before a query",
    "\\set pgspec_clock 0",
)
_QUOTED = ("SCONST", "USCONST", "BCONST", "XCONST")
_COMMENTS = ("SQL_COMMENT", "C_COMMENT")


@dataclass(frozen=True, slots=True)
class Chosen:
    """Values for a parameter, as texts (None is NULL), and its type as ``format_type`` spells it."""

    type: str
    values: tuple[str | None, ...]


def scripts(program: Program) -> dict[str, str]:
    """The scripts of all load tests, by path under generated/."""
    return {
        f"load/{load.spec.name}/{entry.spec.name}.sql": script(program.project, load, entry)
        for load in program.loads
        for entry in load.entries
    }


def script(project: Project, load: Load, entry: LoadEntry, chosen: Mapping[str, Chosen] | None = None) -> str:
    """The script of one entry.  A parameter in ``chosen`` takes a value of those at random in each transaction, a range
    a number of it; any other is a variable that pgbench is given."""
    chosen = chosen or {}
    lines, replaced = [], {}
    for name in dict.fromkeys(place.name for place in entry.places):
        if (span := entry.values[name].range) is not None:
            lines.append(f"\\set {name} random({span[0]}, {span[1]})")
        elif name in chosen:
            lines.append(f"\\set pgspec_{name} random(1, {len(chosen[name].values)})")
            replaced[name] = _any_of(chosen[name], f"pgspec_{name}")
    text = written(entry, replaced)
    return "\n".join([*_header(project, load, entry), *(lines or _CLOCK), f"{text};", ""])


def written(entry: LoadEntry, replaced: Mapping[str, str]) -> str:
    """The statement as pgbench must read it, with other expressions for some parameters."""
    places = {place.start: place for place in entry.places}
    out, position = [], 0
    found = tokens(entry.text)
    for number, token in enumerate(found):
        if token.start < position:
            continue
        out.append(entry.text[position : token.start])
        if (place := places.get(token.start)) is not None:
            out.append(replaced.get(place.name, f":{place.name}"))
            position = place.end
            continue
        position = token.end + 1
        out.append(_plain(entry.text[token.start : position], token.name, found[number + 1 : number + 3], entry.text))
    if found and found[-1].name == "SQL_COMMENT":
        out.append("\n")
    return "".join(out)


def _plain(piece: str, name: str, following: Sequence[Any], text: str) -> str:
    """A token in which pgbench finds no parameter."""
    if name == "ASCII_58":
        adjacent = following and following[0].start < len(text) and _NAMING.match(piece + _next(following[0], text))
        return ": " if adjacent else piece
    if not _NAMING.search(piece):
        return piece
    if name in _COMMENTS:
        return _NAMING.sub(": ", piece)
    if name in _QUOTED:
        if piece.startswith("$"):
            tag = piece.index("$", 1) + 1
            piece = literal(piece[tag:-tag])
        return _NAMING.sub(":'\n'", piece)  # a string goes on after a line break
    escape = "\\"
    if len(following) > 1 and following[0].name == "UESCAPE":
        escape = text[following[1].start + 1]
    if not piece.startswith('"'):
        return _NAMING.sub(lambda _: f"{escape}003A", piece)
    return "U&" + _NAMING.sub(lambda _: "\\003A", piece.replace("\\", "\\\\"))


def _next(token: Any, text: str) -> str:
    return text[token.start : token.start + 1]


def _any_of(chosen: Chosen, variable: str) -> str:
    """One of the values: an element of a constant array, which PostgreSQL plans as the constant that it is."""
    values = ",".join("NULL" if value is None else _element(value) for value in chosen.values)
    array = _NAMING.sub(":'\n'", literal(f"{{{values}}}"))
    if chosen.type.endswith("[]"):  # an array of arrays would have one more dimension, and no more elements
        return f"(CAST((CAST({array} AS text[]))[:{variable}] AS {chosen.type}))"
    return f"((CAST({array} AS {chosen.type}[]))[:{variable}])"


def _element(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _header(project: Project, load: Load, entry: LoadEntry) -> list[str]:
    spec, place = load.spec, load.document.at("mix", entry.number)
    options = session_options(project, load)
    given = {name: item.values[name] for item in load.entries for name in variables(item)}
    words = [
        *([f"PGOPTIONS={shlex.quote(options)}"] if options else []),
        f"pgbench -n -M prepared -c {spec.clients} -T {spec.duration.seconds}",
        *(f"-D {name}={_one_value(source)}" for name, source in given.items()),
        *(f"-f {item.spec.name}.sql@{item.spec.weight}" for item in load.entries),
        '"$DATABASE_URL"',
    ]
    lines = [
        f"{entry.spec.name}.sql: a part of load test {spec.name}, by pgspec from {place.path}:{place.line}",
        f"run all: pgspec load {spec.name} --database URL",
        f"by hand, with one value of each parameter and without thresholds: {' '.join(words)}",
    ]
    return [remark(line) for line in lines]


def _one_value(source: ParameterValues) -> str:
    """A word of a shell that becomes a value."""
    if source.query is None:
        return shlex.quote(source.texts[0])
    query = f"SELECT v FROM ({one_line(source.query)}) AS q (v) ORDER BY random() LIMIT 1"
    return f'"$(psql -AtX -c {shlex.quote(query)} "$DATABASE_URL")"'


def one_line(text: str) -> str:
    """SQL without comments, so that it may stand on one line, and without what ends it."""
    found = [token for token in tokens(text) if token.name not in _COMMENTS]
    pieces = [text[token.start : token.end + 1] for token in found]
    gaps = [" " if then.start > token.end + 1 else "" for token, then in itertools.pairwise(found)]
    return "".join(piece + gap for piece, gap in zip(pieces, [*gaps, ""], strict=True)).rstrip("; ")


def session_options(project: Project, load: Load, *, read_only: bool = False) -> str:
    """What PGOPTIONS must say for the sessions of a load test; empty where the server's defaults do, since connection
    poolers refuse options."""
    settings = {}
    if project.search_path != ["public"]:
        settings["search_path"] = str(commas(ident(name) for name in project.search_path))
    if read_only:
        settings["default_transaction_read_only"] = "on"
    if load.spec.persona is not None:
        persona = project.personas[load.spec.persona]
        settings |= {project.session.claims: claims_text(persona.claims), "role": persona.role}
    return " ".join(f"-c {name}={_option(value)}" for name, value in settings.items())


def _option(value: str) -> str:
    """A value in PGOPTIONS, where a blank ends it."""
    return re.sub(r"([\\\s])", r"\\\1", value)


def variables(entry: LoadEntry) -> list[str]:
    """The parameters of the statement that have values of their own, and no range."""
    return [n for n in dict.fromkeys(p.name for p in entry.places) if entry.values[n].range is None]
