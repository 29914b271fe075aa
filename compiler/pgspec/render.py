"""Jinja, and its guard: a template prints text of its own and values that are already `Sql`, nothing else."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib import resources
from typing import Any

import jinja2

from pgspec.sql import Sql

_FOLDER = "pgspec.templates"


def _guard(value: Any) -> Any:
    if not isinstance(value, Sql):
        raise TypeError(f"a template printed {type(value).__name__} {value!r}, which is not Sql")
    return value


@functools.cache
def environment() -> jinja2.Environment:
    """The environment of the shipped templates."""
    return jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: resources.files(_FOLDER).joinpath(name).read_text("utf-8")),
        undefined=jinja2.StrictUndefined,
        finalize=_guard,
        autoescape=False,  # noqa: S701 - SQL, and the guard refuses what is not quoted
        keep_trailing_newline=True,
        auto_reload=False,
    )


def block(template: str, name: str, values: Mapping[str, Any]) -> Sql:
    """One block of a template, printed."""
    loaded = environment().get_template(template)
    context = loaded.new_context(dict(values), shared=True)  # without the globals, which no template of ours uses
    return Sql("".join(loaded.blocks[name](context)))


def has_block(template: str, name: str) -> bool:
    """Whether the template has a block of this name."""
    return name in environment().get_template(template).blocks


def whole(template: str, values: Mapping[str, Any]) -> Sql:
    """A whole template, printed."""
    return Sql(environment().get_template(template).render(dict(values)))


def text(name: str) -> str:
    """A shipped file as it is."""
    return resources.files(_FOLDER).joinpath(name).read_text("utf-8")
