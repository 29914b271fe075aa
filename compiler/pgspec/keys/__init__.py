"""Analysis of queries: names, types, nullability, functional dependencies and proven keys."""

from pgspec.keys.analysis import Analysis, OutputColumn, ProvenKey, analyse
from pgspec.keys.context import Reference

__all__ = ["Analysis", "OutputColumn", "ProvenKey", "Reference", "analyse"]
