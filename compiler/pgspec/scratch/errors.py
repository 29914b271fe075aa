"""The one exception of this package."""

from __future__ import annotations


class ScratchError(Exception):
    """A scratch server cannot be had: ``message`` says why, ``help`` what to do about it."""

    def __init__(self, message: str, help: str) -> None:
        super().__init__(message, help)
        self.message = message
        self.help = help

    def __str__(self) -> str:
        return f"{self.message}\n{self.help}" if self.help else self.message
