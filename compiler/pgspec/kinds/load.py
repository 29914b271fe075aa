"""Documents -> specs: pydantic's findings in the words of the spec language, at the place that they concern."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

import pydantic
from pydantic.fields import FieldInfo

from pgspec.diagnostics import Diagnostic, Severity, Span
from pgspec.kinds import KINDS
from pgspec.kinds.base import Model
from pgspec.source import Document

_SHOWN = 80
_EXPECTED = {
    "bool_type": "`true` or `false`",
    "int_type": "a whole number",
    "string_type": "text; quote it if it looks like a number",
    "list_type": "a list such as `[a, b]`",
    "dict_type": "a mapping such as `{key: value}`",
    "model_type": "a mapping such as `{key: value}`",
    "model_attributes_type": "a mapping such as `{key: value}`",
    "too_short": "at least one entry",
}


def load(document: Document) -> tuple[Model | None, list[Diagnostic]]:
    """The spec that a document holds, or what is wrong with it."""
    if document.diagnostics:
        return None, list(document.diagnostics)
    value = document.value
    if not isinstance(value, dict):
        return None, [_error(document.head(), "PRJ005", "a spec is a mapping that starts with `kind:`", _kinds_help())]
    kind = value.get("kind")
    if kind is None:
        return None, [_error(document.head(), "PRJ005", "missing key `kind`", _kinds_help())]
    if not isinstance(kind, str) or kind not in KINDS:
        if not isinstance(kind, str | int | float):
            return None, [_error(document.at("kind"), "PRJ007", "`kind` must be a word", _kinds_help())]
        help_ = _nearest(str(kind), KINDS) or _kinds_help()
        return None, [_error(document.at("kind"), "PRJ007", f"unknown kind `{_short(kind)}`", help_)]
    try:
        return KINDS[kind].model_validate(value), []
    except pydantic.ValidationError as error:
        found = [_explain(document, KINDS[kind], dict(e)) for e in error.errors(include_url=False)]
        return None, sorted(set(found))


def _explain(document: Document, model: type[Model], error: dict[str, Any]) -> Diagnostic:
    kind: str = error["type"]
    loc = _written(document, error["loc"])
    if kind == "missing":
        last = error["loc"][-1]
        span = document.key(*loc) if loc else document.head()
        return _error(span, "PRJ005", f"missing key `{last}`", f"add `{last}:`")
    last = loc[-1] if loc else ""
    if kind == "extra_forbidden":
        known = _fields(model, loc[:-1])
        help_ = _nearest(str(last), known) or f"known keys: {_list(known)}"
        return _error(document.key(*loc), "PRJ004", f"unknown key `{_short(last)}`", help_)
    keys = [part for part in loc if isinstance(part, str)]
    where = f"`{'.'.join(keys)}`: " if keys else ""
    if kind == "literal_error":
        allowed = error["ctx"]["expected"].replace("'", "`")
        return _error(document.at(*loc), "PRJ006", f"{where}expected {allowed}", "")
    text = f"expected {_EXPECTED[kind]}" if kind in _EXPECTED else str(error["msg"])
    return _error(document.at(*loc), "PRJ006", f"{where}{text}", "")


def _written(document: Document, loc: tuple[Any, ...]) -> tuple[Any, ...]:
    """The part of pydantic's place that is in the file: it also names types, and keys that a short form leaves out."""
    found: tuple[Any, ...] = ()
    for part in loc:
        if document.has(*found, part):
            found = (*found, part)
    return found


def _fields(model: type[Model], loc: tuple[Any, ...]) -> list[str]:
    """The keys that are known at ``loc`` inside a model."""
    for part in loc:
        info = model.model_fields.get(str(part))
        inner = _model_of(info) if info is not None else None
        if inner is None:
            continue  # a list index, or a key of a free mapping
        model = inner
    return [info.alias or name for name, info in model.model_fields.items()]


def _model_of(info: FieldInfo) -> type[Model] | None:
    waiting: list[Any] = [info.annotation]
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, type) and issubclass(kind, Model):
            return kind
        waiting += getattr(kind, "__args__", ())
    return None


def _nearest(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word[:80], list(known), n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else ""


def _short(word: object) -> str:
    text = str(word)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _kinds_help() -> str:
    return f"known kinds: {_list(KINDS)}"


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _error(span: Span, code: str, message: str, help_: str) -> Diagnostic:
    return Diagnostic(span, code, Severity.ERROR, message, help_)
