"""Keep the printed parts of the documentation current: ``python docs/check.py [--write]``."""

from __future__ import annotations

import sys
from pathlib import Path

from pgspec.explain import rules_markdown

RULES = Path(__file__).parent / "rules.md"


def main(arguments: list[str]) -> int:
    """0 when docs/rules.md is what the rules say, or was written; 1 when it is out of date."""
    text = rules_markdown()
    if arguments == ["--write"]:
        RULES.write_text(text, "utf-8")
    elif not RULES.exists() or RULES.read_text("utf-8") != text:
        sys.stderr.write("docs/rules.md is out of date: run `make docs`\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
