"""Analysis of queries: names, types, nullability, functional dependencies and proven keys."""

from pgspec.keys.analysis import Analysis, OutputColumn, ProvenKey, analyse
from pgspec.keys.context import Reference
from pgspec.keys.reasons import Reason
from pgspec.keys.verdict import KeyVerdict, check_key

__all__ = ["Analysis", "KeyVerdict", "OutputColumn", "ProvenKey", "Reason", "Reference", "analyse", "check_key"]
