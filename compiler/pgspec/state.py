"""The state: every object that should exist, and its canonical JSON.

One object a line, sorted, with its whole definition: branches that change different objects merge, and a later
compiler still knows exactly what an earlier one had installed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pgspec.graph import order
from pgspec.objects import TYPES, Key, SqlObject

FORMAT = 1

_LINE = json.JSONEncoder(sort_keys=True, ensure_ascii=False)

State = Mapping[Key, SqlObject]


def ordered(state: State) -> list[SqlObject]:
    """The objects in the order in which they can be created: what is needed first, children after their parent."""
    children: dict[Key, list[SqlObject]] = {}
    needs: dict[Key, set[Key]] = {}
    for item in state.values():
        root = _root(state, item)
        needs.setdefault(root, set()).update(_root(state, state[need]) for need in item.depends_on if need in state)
        if item.parent is not None:
            children.setdefault(root, []).append(item)
    out = []
    for key in order(needs, _rank):
        out.append(state[key])
        out += sorted(children.get(key, []), key=lambda child: _rank(child.key))
    return out


def _root(state: State, item: SqlObject) -> Key:
    while item.parent is not None:
        item = state[item.parent]
    return item.key


def _rank(key: Key) -> tuple[int, str]:
    return TYPES[key.type].rank, key.name


def dump(state: State, version: str = "") -> str:
    """The canonical text of a state; equal states give equal bytes.  ``version``: that of the pgspec that seals it."""
    lines = [_LINE.encode(_encode(state[key])) for key in sorted(state)]
    body = ",\n".join(lines)
    head = f'{{"format": {FORMAT}, ' + (f'"pgspec": {json.dumps(version)}, ' if version else "") + '"objects": ['
    return f"{head}\n{body}\n]}}\n" if lines else f"{head}]}}\n"


def sealed_by(text: str) -> str | None:
    """The version of pgspec that sealed a state; None where its text does not say."""
    value = json.loads(text).get("pgspec")
    return value if isinstance(value, str) else None


def load(text: str) -> State:
    """The state that `dump` wrote.  ValueError, with the reason, when the text is none."""
    try:
        value = json.loads(text)
        if value["format"] != FORMAT:
            raise ValueError(f"state format {value['format']} is not known to this version of pgspec")
        objects = [_decode(item) for item in value["objects"]]
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a state file: {error!r}") from error
    unknown = [str(item.key.type) for item in objects if item.key.type not in TYPES]
    if unknown:
        raise ValueError(f"object type `{unknown[0]}` is not known to this version of pgspec")
    state = {item.key: item for item in objects}
    orphan = next((item for item in objects if item.parent is not None and item.parent not in state), None)
    if orphan is not None:
        raise ValueError(f"{orphan.key} has no parent in the state")
    return state


def _encode(item: SqlObject) -> dict[str, Any]:
    out: dict[str, Any] = {"type": item.key.type, "name": item.key.name, "definition": item.definition}
    if item.parent is not None:
        out["parent"] = list(item.parent)
    if item.depends_on:
        out["depends_on"] = [list(key) for key in sorted(item.depends_on)]
    return out


def _decode(value: dict[str, Any]) -> SqlObject:
    parent = value.get("parent")
    return SqlObject(
        Key(value["type"], value["name"]),
        dict(value["definition"]),
        Key(*parent) if parent else None,
        tuple(Key(*key) for key in value.get("depends_on", [])),
    )
