"""What every test module may ask for."""

from live import database, server

__all__ = ["database", "server"]
