"""A PostgreSQL server for the length of a ``with`` block, from an installed package or from the system."""

from __future__ import annotations

from pgspec.scratch.errors import ScratchError
from pgspec.scratch.find import Missing, Server, find_pgbench, find_server
from pgspec.scratch.server import ScratchServer, scratch_server

__all__ = ["Missing", "ScratchError", "ScratchServer", "Server", "find_pgbench", "find_server", "scratch_server"]
