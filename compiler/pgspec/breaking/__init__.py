"""What a change of the specs does to those who rely on the old ones: a program against an earlier one of its own."""

from pgspec.breaking.compare import compare
from pgspec.breaking.findings import Finding
from pgspec.breaking.printing import FORMATS, render

__all__ = ["FORMATS", "Finding", "compare", "render"]
