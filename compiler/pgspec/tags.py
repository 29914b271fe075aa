"""Cache tags: templates such as ``search:specialty:{specialty_id}``, and the wildcards that stand for many of them.

A tag is a path of segments between colons.  A wildcard ends in ``*`` and stands for every tag below it: ``search:*``
for ``search:vendors`` and for ``search:specialty:7``.  A template that would make too many tags makes its wildcard.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_BYTES = 500
"""How long a tag may be, to fit into an index; the queue puts the nearest wildcard in place of a longer one."""

MAX_SEGMENTS = 8
"""How deep wildcards go: a reader asks for those of the first segments only."""

_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A name between braces: a column of the row, or a parameter of the query.  Offsets into the template's text."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Template:
    """A tag with placeholders: literal texts and placeholders in the order of writing."""

    text: str
    parts: tuple[str | Placeholder, ...]

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        """The placeholders, in order."""
        return tuple(part for part in self.parts if isinstance(part, Placeholder))

    @property
    def is_static(self) -> bool:
        """Whether it stands for one tag."""
        return not self.placeholders

    @property
    def literal(self) -> str:
        """The tag of a static template."""
        assert self.is_static
        return "".join(str(part) for part in self.parts)

    @property
    def wildcard(self) -> str:
        """The wildcard that covers every tag of the template: its whole segments before the first placeholder."""
        head = self.parts[0] if self.parts and isinstance(self.parts[0], str) else ""
        segments = head.split(":")[:-1][: MAX_SEGMENTS - 1]
        return ":".join([*segments, "*"])

    @property
    def shape(self) -> tuple[str | None, ...]:
        """The literal parts, with None for each placeholder: templates of one shape make the same tags."""
        return tuple(None if isinstance(part, Placeholder) else part for part in self.parts)


@dataclass(frozen=True, slots=True)
class TagProblem:
    """What is wrong with a template, and where in its text."""

    message: str
    help: str
    start: int
    end: int


def parse_tag(text: str) -> Template | TagProblem:
    """Read a template; ``{{`` and ``}}`` are literal braces."""
    parts: list[str | Placeholder] = []
    literal, position = "", 0
    for found in _PART.finditer(text):
        literal += text[position : found.start()]
        position = found.end()
        if found[0] in ("{{", "}}"):
            literal += found[0][0]
        elif found[1] is None or not found[1].strip():
            what = "an empty placeholder" if found[1] is not None else f"a single `{found[0]}`"
            help_ = f"name a column: `{{column}}`; a literal brace is written twice: `{found[0][0] * 2}`"
            return TagProblem(f"the tag has {what}", help_, *found.span())
        else:
            if literal:
                parts.append(literal)
            parts.append(Placeholder(found[1].strip(), *found.span()))
            literal = ""
    literal += text[position:]
    if literal:
        parts.append(literal)
    fixed = sum(len(part.encode()) for part in parts if isinstance(part, str))
    if not parts:
        return TagProblem("a tag cannot be empty", "name what becomes stale, such as `search:vendors`", 0, 1)
    if fixed > MAX_BYTES:
        return TagProblem(f"the tag has {fixed:,} bytes; a tag has at most {MAX_BYTES}", "shorten it", 0, len(text))
    if isinstance(parts[-1], str) and re.search(r"(^|:)\*$", parts[-1]):
        help_ = f"`{text}` would stand for every tag below it; name the tag that becomes stale"
        return TagProblem("a tag cannot end in the wildcard `*`", help_, 0, len(text))
    return Template(text, tuple(parts))
