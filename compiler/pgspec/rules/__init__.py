"""The list of rules: importing a family registers its codes."""

from pgspec.rules import access, cached_query, invalidation, materialized_view, project, release, sql, yaml
from pgspec.rules.registry import RULES, Finding, Rule

__all__ = [
    "RULES",
    "Finding",
    "Rule",
    "access",
    "cached_query",
    "invalidation",
    "materialized_view",
    "project",
    "release",
    "sql",
    "yaml",
]
