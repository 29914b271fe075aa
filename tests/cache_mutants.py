"""Wrong triggers, made of the generated ones by replacing text: the fuzz must find each of them."""

from __future__ import annotations

import re
from typing import NamedTuple


class Mutant(NamedTuple):
    """``wrong`` is put for the regular expression ``right`` wherever it matches."""

    name: str
    right: str
    wrong: str


_MATCH = r"pgspec_match_?"

MUTANTS = [
    Mutant("only the first row counts", r"IF many( AND hit IS NOT TRUE)? THEN", "IF false THEN"),
    Mutant("all rows are paired with the first",
           r"row_number\(\) OVER \(\) AS pgspec_row, (?!r\.)", "1 AS pgspec_row, "),
    Mutant("the order of rows is that of a column", r"row_number\(\) OVER \(\) AS pgspec_row, (\w+\.\w+)",
           r"row_number() OVER (ORDER BY \1::text) AS pgspec_row, \1"),
    Mutant("watched columns are not compared", r"o\.(\w+) IS DISTINCT FROM n\.\1", "false"),
    Mutant("rows are not compared by their images", r"record_image_ne\(ROW\(o\.(\w+)\), ROW\(n\.\1\)\)", "false"),
    Mutant("images are compared by their text's first letter", r"record_image_ne\(ROW\(o\.(\w+)\), ROW\(n\.\1\)\)",
           r"left(o.\1::text, 1) IS DISTINCT FROM left(n.\1::text, 1)"),
    Mutant("watched columns are compared by =", r"o\.(\w+) IS DISTINCT FROM n\.\1", r"o.\1 <> n.\1"),
    Mutant("every update counts", r"o\.(\w+) IS DISTINCT FROM n\.\1", "true"),
    Mutant("entering and leaving do not count", rf"o\.{_MATCH} IS DISTINCT FROM n\.{_MATCH}", "false"),
    Mutant("rows that do not match count", rf"\(o\.{_MATCH} IS TRUE OR n\.{_MATCH} IS TRUE\)", "true"),
    Mutant("the condition is not asked of new and deleted rows",
           r"(FROM (?:old|new)_rows AS \w+) WHERE \(", r"\1 WHERE true OR ("),
    Mutant("only the new image of one row", rf"CASE WHEN o\.{_MATCH} THEN", "CASE WHEN false THEN"),
    Mutant("only the new image of many rows", r"c\.pgspec_old_match", "false"),
    Mutant("only the old image of many rows", r"c\.pgspec_new_match", "false"),
    Mutant("queries see new images only", r"WHERE p\.old_match\)", "WHERE false)"),
    Mutant("queries see old images only", r"WHERE p\.new_match\)", "WHERE false)"),
    Mutant("queries see the new row of one",
           r"SELECT [^;]{0,2000}? FROM old_rows AS \w+(?: WHERE \([^;]*?\))? UNION ALL ", ""),
    Mutant("one tag fewer is allowed", r"IF cardinality\((made_\d)\) > ", r"IF cardinality(\1) >= "),
    Mutant("one tag more is allowed", r"IF cardinality\((made_\d)\) > ", r"IF cardinality(\1) - 1 > "),
    Mutant("NULL is a tag", r" IS NOT NULL LIMIT", " IS NOT NULL OR true LIMIT"),
    Mutant("two values that look different are one", r'(c\d|id|p)::text COLLATE "C" AS (c\d)', r"\1 AS \2"),
    Mutant("nothing is hit", r"IF hit THEN", "IF false THEN"),
    Mutant("all is hit", r"IF hit THEN", "IF true THEN"),
    Mutant("a swallowed row does not matter",
           r"\n +OR \(SELECT count\(\*\) FROM old_rows\) <> \(SELECT count\(\*\) FROM new_rows\)", ""),
    Mutant("a row that is gone does not count", r" OR n\.pgspec_here IS NULL", ""),
    Mutant("the wildcard is that of everything", r"ARRAY\['\w+:\*'\]", "ARRAY['*']"),
    Mutant("truncating is not seen", "hit := true", "hit := false"),
    Mutant("truncating asks for all rows", r"(FROM public\.\w+ AS \w+) WHERE \(", r"\1 WHERE true OR ("),
]  # fmt: skip


def functions(text: str) -> list[str]:
    """The functions of the triggers in a generated script, as statements that replace them."""
    found = re.findall(r"CREATE FUNCTION pgspec\.cache_\w+\(\) RETURNS trigger.*?\$function\$;", text, re.DOTALL)
    return [function.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1) for function in found]


def mutated(function: str, mutant: Mutant) -> str:
    return re.sub(mutant.right, mutant.wrong, function)
