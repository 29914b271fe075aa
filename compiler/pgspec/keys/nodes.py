"""Asking what kind of node a tree has, without what pglast's type stubs conclude: that every field may be None."""

from __future__ import annotations

from typing import Any


def is_a(node: Any, *kinds: Any) -> bool:
    """Whether ``node`` is of one of these classes."""
    return isinstance(node, kinds)


def place(node: Any) -> int:
    """Where a node starts, -1 where the parser does not say."""
    found = getattr(node, "location", None)
    return found if isinstance(found, int) else -1
