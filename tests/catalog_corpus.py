"""The topics of `catalog_corpus.sql`, by name."""

import re
from pathlib import Path

_TEXT = (Path(__file__).parent / "catalog_corpus.sql").read_text(encoding="utf-8")
_PARTS = re.split(r"^-- (\w+)\n", _TEXT, flags=re.MULTILINE)
CORPUS = dict(zip(_PARTS[1::2], _PARTS[2::2], strict=True))
