"""What the base schema defines: relations, their columns and constraints, types, functions, roles."""

from pgspec.catalog.model import (
    Catalog,
    Column,
    ForeignKey,
    Function,
    Key,
    Relation,
)
from pgspec.catalog.reader import read_schema

__all__ = ["Catalog", "Column", "ForeignKey", "Function", "Key", "Relation", "read_schema"]
