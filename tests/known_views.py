"""The corpus: realistic views whose keys were worked out by hand.

``corpus/schema.sql`` has the tables; each document of ``corpus/*.yaml`` is a view:

- ``holds``: keys that follow from the schema and the query, unique and never NULL; the minimal ones;
- ``fails``: column sets that are not unique, and why;
- ``nullable``: column sets that are unique, of which ``column`` may be NULL, and why;
- ``by_data_only``: keys that nothing in the schema promises or that need more than dependencies to see.

``corpus/data.sql`` is adversarial: all that the schema allows to go wrong goes wrong in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

CORPUS = Path(__file__).parent / "corpus"
SCHEMA = (CORPUS / "schema.sql").read_text()
DATA = (CORPUS / "data.sql").read_text()

Columns = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fails:
    columns: Columns
    why: str


@dataclass(frozen=True, slots=True)
class Nullable:
    columns: Columns
    column: str
    why: str


@dataclass(frozen=True, slots=True)
class KnownView:
    """One document of the corpus."""

    name: str
    query: str
    holds: tuple[Columns, ...]
    fails: tuple[Fails, ...]
    nullable: tuple[Nullable, ...]
    by_data_only: tuple[Columns, ...]


def known_views() -> list[KnownView]:
    """Every view of the corpus, in the order of the files."""
    return [
        _known_view(document)
        for path in sorted(CORPUS.glob("*.yaml"))
        for document in yaml.load_all(path.read_text(), yaml.BaseLoader)
    ]


def _known_view(document: dict) -> KnownView:
    return KnownView(
        document["name"],
        document["query"],
        tuple(map(tuple, document.get("holds", ()))),
        tuple(Fails(tuple(case["columns"]), case["why"]) for case in document.get("fails", ())),
        tuple(Nullable(tuple(case["columns"]), case["column"], case["why"]) for case in document.get("nullable", ())),
        tuple(map(tuple, document.get("by_data_only", ()))),
    )
