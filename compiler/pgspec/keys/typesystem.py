"""Types: which overload a call means, what type an expression has, and what equality of a type tells.

Overloads are chosen as the manual's chapter "Type Conversion" says (parse_func.c, parse_oper.c, parse_coerce.c).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from pgspec.catalog.model import Catalog
from pgspec.keys import builtins
from pgspec.keys.builtins import Signature
from pgspec.sql import QName, qname

BINARY = 2
UNKNOWN = "unknown"
INTEGERS = ("smallint", "integer", "bigint")
NUMBERS = (*INTEGERS, "numeric", "real", "double precision")
TEXTS = frozenset({"text", "character varying"})
DATETIMES = ("date", "timestamp without time zone", "timestamp with time zone")

_SPELLINGS = {
    "int2": "smallint", "int4": "integer", "int8": "bigint", "bool": "boolean", "float4": "real",
    "float8": "double precision", "varchar": "character varying", "bpchar": "character",
    "timestamptz": "timestamp with time zone", "timestamp": "timestamp without time zone",
    "timetz": "time with time zone", "time": "time without time zone", "varbit": "bit varying", "char": '"char"',
}  # fmt: skip
_ANY_SCALAR = frozenset({"anyelement", "anynonarray", "anyenum", "anycompatible", "anycompatiblenonarray"})
_ANY_ARRAY = frozenset({"anyarray", "anycompatiblearray"})
_ANY_RANGE = frozenset({"anyrange", "anycompatiblerange", "anymultirange", "anycompatiblemultirange"})
_POLYMORPHIC = _ANY_SCALAR | _ANY_ARRAY | _ANY_RANGE
_COMPATIBLE = frozenset({"anycompatible", "anycompatiblenonarray", "anycompatiblearray"})


class Types:
    """The types that a catalog defines, beside the built-in ones."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._user = bool(catalog.enums or catalog.domains or catalog.composites)
        self._domains = {str(name): base for name, base in catalog.domains.items()}
        self._enums = {str(name) for name in catalog.enums}
        self._composites = {str(name): columns for name, columns in catalog.composites.items()}
        self._chosen: dict[tuple[str, tuple[str | None, ...]], Signature | None] = {}
        self.not_null: dict[QName, frozenset[str]] = {}
        self.derived: dict[int, object] = {}
        """What the prover found out about views of the catalog."""
        self._nondeterministic = bool(catalog.nondeterministic_collations)

    # names

    def named(self, node: Any) -> tuple[str | None, QName | None]:
        """The spelling of a written type, and the user-defined type that it names without a schema, if it does."""
        parts = [part.sval for part in node.names]
        unqualified = None
        name = _SPELLINGS.get(parts[-1], parts[-1])
        if len(parts) == 1 or parts[0] == "pg_catalog":
            found = self._user_type(parts[0]) if len(parts) == 1 else None
            if builtins.type_facts(name) is None:
                if found is None:
                    return None, None
                name, unqualified = str(found), found
        else:
            name = str(QName(parts[-2], parts[-1]))
        return name + "[]" if node.arrayBounds else name, unqualified

    def _user_type(self, name: str) -> QName | None:
        for schema in self.catalog.search_path:
            candidate = QName(schema, name)
            known = self.catalog
            if (
                candidate in known.enums
                or candidate in known.domains
                or candidate in known.composites
                or candidate in known.relations
            ):
                return candidate
        return None

    def cast_named(self, schema: str | None, name: str) -> str | None:
        """The built-in type that a call ``name(x)`` casts to, if there is one: text(1)."""
        name = _SPELLINGS.get(name, name)
        return name if schema in (None, "pg_catalog") and builtins.type_facts(name) is not None else None

    def named_exists(self, name: str) -> bool:
        """Whether a type of that name exists: ``type(x)`` is written like a function call."""
        name = _SPELLINGS.get(name, name)
        return builtins.type_facts(name) is not None or any(t.name == name for t in self._user_names())

    def _user_names(self) -> list[QName]:
        known = self.catalog
        return [*known.enums, *known.domains, *known.composites, *known.relations]

    def base(self, name: str | None) -> str | None:
        """The type below any domains."""
        while name is not None and self._domains and name in self._domains:
            name = self._domains[name]
        return name

    def is_enum(self, name: str) -> bool:
        """Whether the schema defines this enum."""
        return name in self._enums

    def attributes(self, name: str | None) -> Sequence[tuple[str, str]] | None:
        """The columns of a composite type or of a relation's row type."""
        if name is None:
            return None
        if (found := self._composites.get(name)) is not None:
            return found
        for relation in self.catalog.relations.values():
            if relation.columns and qname(relation.name) == name:
                return [(c.name, c.type) for c in relation.columns.values()]
        return None

    # equality

    def equal_image(self, name: str | None) -> bool:
        """Whether equal values of the type are the same to every function."""
        if name is None or (self._nondeterministic and (name in TEXTS or name == "name")):
            return False
        return name in builtins.equal_image_types() or name in self._enums

    def comparable(self, name: str | None) -> bool:
        """Whether the type has a default equality, the one that GROUP BY uses."""
        if name is None:
            return False
        return name in builtins.ordered_types() or name in self._enums or (name.endswith("[]"))

    # coercion

    def implicit(self, source: str, target: str) -> bool:
        """Whether a value of one type is accepted where the other is wanted."""
        if source in (target, UNKNOWN) or target == '"any"':
            return True
        if target in _POLYMORPHIC:
            return self._fits_polymorphic(source, target)
        if self._domains and source in self._domains:
            return self.implicit(self._domains[source], target)
        cast = builtins.casts(source).get(target)
        if cast is not None:
            return cast.implicit
        if source.endswith("[]") and target.endswith("[]"):
            return self.implicit(source[:-2], target[:-2])
        return target == "record" and self.attributes(source) is not None

    def _fits_polymorphic(self, source: str, target: str) -> bool:
        if target in _ANY_ARRAY:
            return (self.base(source) or "").endswith("[]")
        if target in _ANY_RANGE:
            return "range" in source and ("multirange" in source) == ("multirange" in target)
        if target == "anyenum":
            return source in self._enums
        return not (target in ("anynonarray", "anycompatiblenonarray") and source.endswith("[]"))

    def common(self, types: Sequence[str | None]) -> str | None:
        """The type of a UNION column, CASE or COALESCE over expressions of these types (select_common_type)."""
        first = types[0]
        if first not in (None, UNKNOWN) and all(t == first for t in types):
            return first
        if None in types:
            return None
        known = [b for t in types if (b := self.base(t)) is not None and b != UNKNOWN]
        if not known:
            return "text"
        chosen = known[0]
        for other in known[1:]:
            if other == chosen:
                continue
            facts, other_facts = builtins.type_facts(chosen), builtins.type_facts(other)
            if facts is None or other_facts is None or facts.category != other_facts.category:
                return None
            if not facts.preferred and self.implicit(chosen, other) and not self.implicit(other, chosen):
                chosen = other
        return chosen

    # overloads

    def function(self, schema: str | None, name: str, arguments: tuple[str | None, ...]) -> Signature | None:
        """The overload that a call means; None when none fits or it cannot be told."""
        users = self.user_functions(schema, name)
        if not users:
            if schema not in (None, "pg_catalog"):
                return None
            key = (name, arguments)
            if key not in self._chosen:
                self._chosen[key] = self._choose(builtins.functions(name), arguments)
            return self._chosen[key]
        own = builtins.functions(name) if schema is None else ()
        return self._choose((*own, *users), arguments)

    def user_functions(self, schema: str | None, name: str) -> list[Signature]:
        """The schema's functions of that name, on the search path."""
        if not self.catalog.functions:
            return []
        found: list[Signature] = []
        for place in (schema,) if schema else self.catalog.search_path:
            for f in self.catalog.functions.get(QName(place, name), ()):
                kind: builtins.Kind = "aggregate" if f.aggregate else "function"
                returns = "" if f.returns == "unknown" else f.returns
                variadic = f.arguments[-1][:-2] if f.variadic and f.arguments else ""
                signature = Signature(
                    name, f.arguments, returns, f.volatility, f.strict, f.returns_set, kind, f.defaults, variadic,
                    tuple(f.columns), place,
                )  # fmt: skip
                if not any(s.arguments == f.arguments for s in found):
                    found.append(signature)
        return found

    def operator(self, name: str, arguments: tuple[str | None, ...]) -> Signature | None:
        """The built-in operator that these operand types choose."""
        key = ("operator " + name, arguments)
        if key not in self._chosen:
            candidates = tuple(o for o in builtins.operators(name) if len(o.arguments) == len(arguments))
            assumed = self._assume_same(arguments)
            exact = [o for o in candidates if o.arguments == assumed] if assumed != arguments else []
            self._chosen[key] = exact[0] if exact else self._choose(candidates, arguments)
        return self._chosen[key]

    def _assume_same(self, arguments: tuple[str | None, ...]) -> tuple[str | None, ...]:
        """An untyped literal beside a typed operand is first taken to have the same type (binary_oper_exact)."""
        if len(arguments) == BINARY and (arguments[0] == UNKNOWN) != (arguments[1] == UNKNOWN):
            known = self.base(arguments[0] if arguments[1] == UNKNOWN else arguments[1])
            if known is not None:
                return (known, known)
        return arguments

    def _choose(self, candidates: tuple[Signature, ...], arguments: tuple[str | None, ...]) -> Signature | None:
        if None in arguments:
            return _the_same_for_all([c for c in candidates if _parameters(c, len(arguments)) is not None])
        known = tuple(a for a in arguments if a is not None)
        based = tuple(self.base(a) or a for a in known)
        fitting: list[tuple[tuple[str, ...], Signature]] = []
        for candidate in candidates:
            parameters = _parameters(candidate, len(known))
            if parameters is None:
                continue
            if parameters in (known, based):
                return candidate
            if all(map(self.implicit, known, parameters)) and self._consistent(parameters, known):
                fitting.append((parameters, candidate))
        best = self._select(fitting, based)
        return _resolved(best[1], best[0], based, self) if best else None

    def _consistent(self, parameters: tuple[str, ...], arguments: tuple[str, ...]) -> bool:
        """Every anyelement of one call is the same type."""
        seen: set[str] = set()
        for parameter, argument in zip(parameters, arguments, strict=True):
            if parameter in _COMPATIBLE or argument == UNKNOWN:
                continue
            if parameter in _ANY_SCALAR:
                seen.add(self.base(argument) or argument)
            elif parameter in _ANY_ARRAY:
                seen.add((self.base(argument) or argument)[:-2])
        return len(seen) <= 1

    def _select(
        self, fitting: list[tuple[tuple[str, ...], Signature]], arguments: tuple[str, ...]
    ) -> tuple[tuple[str, ...], Signature] | None:
        """func_select_candidate: most exact matches, then most preferred types, then the category of the literals."""
        fitting = _most(fitting, lambda p: sum(a == b for a, b in zip(arguments, p, strict=True) if a != UNKNOWN))
        if len(fitting) <= 1:
            return fitting[0] if fitting else None

        def preferred(parameters: tuple[str, ...]) -> int:
            return sum(
                a != UNKNOWN and (a == b or _preferred_in_category(a, b))
                for a, b in zip(arguments, parameters, strict=True)
            )

        fitting = _most(fitting, preferred)
        if len(fitting) == 1:
            return fitting[0]
        by_category = self._by_category(fitting, arguments)
        if len(by_category) == 1:
            return by_category[0]
        known = {a for a in arguments if a != UNKNOWN}
        if len(known) == 1 and UNKNOWN in arguments:
            (only,) = known
            fitting = [f for f in by_category or fitting if all(self.implicit(only, p) for p in f[0])]
            if len(fitting) == 1:
                return fitting[0]
        return None

    def _by_category(
        self, fitting: list[tuple[tuple[str, ...], Signature]], arguments: tuple[str, ...]
    ) -> list[tuple[tuple[str, ...], Signature]]:
        for i, argument in enumerate(arguments):
            if argument != UNKNOWN:
                continue
            facts = [builtins.type_facts(f[0][i]) for f in fitting]
            categories = {t.category if t else "U" for t in facts}
            if "S" in categories:
                category = "S"
            elif len(categories) == 1:
                (category,) = categories
            else:
                return fitting
            kept = [f for f, t in zip(fitting, facts, strict=True) if (t.category if t else "U") == category]
            best = [f for f in kept if (t := builtins.type_facts(f[0][i])) and t.preferred]
            fitting = best or kept
        return fitting


@cache
def _parameters(candidate: Signature, count: int) -> tuple[str, ...] | None:
    """The parameter types against which ``count`` arguments are matched, or None when they cannot be."""
    parameters = candidate.arguments
    if len(parameters) - candidate.defaults <= count <= len(parameters):
        return parameters[:count]
    if candidate.variadic and count >= len(parameters):
        return parameters[:-1] + (candidate.variadic,) * (count - len(parameters) + 1)
    return None


def _the_same_for_all(candidates: list[Signature]) -> Signature | None:
    """With an argument of unknown type: what holds for every overload."""
    if not candidates:
        return None
    first = candidates[0]
    same_type = all(c.returns == first.returns for c in candidates) and first.returns not in _POLYMORPHIC
    if len({(c.kind, c.returns_set, c.columns, c.schema) for c in candidates}) > 1:
        return None
    return Signature(
        first.name,
        first.arguments if len(candidates) == 1 else (),
        first.returns if same_type else "",
        max((c.volatility for c in candidates), key=("immutable", "stable", "volatile").index),
        all(c.strict for c in candidates),
        first.returns_set,
        first.kind,
        columns=first.columns,
        schema=first.schema,
    )


def _most(fitting: list[tuple[tuple[str, ...], Signature]], score: object) -> list[tuple[tuple[str, ...], Signature]]:
    if len(fitting) <= 1:
        return fitting
    scores = [score(f[0]) for f in fitting]  # type: ignore[operator]
    best = max(scores)
    return [f for f, s in zip(fitting, scores, strict=True) if s == best]


def _preferred_in_category(argument: str, parameter: str) -> bool:
    wanted, given = builtins.type_facts(parameter), builtins.type_facts(argument)
    return wanted is not None and wanted.preferred and given is not None and wanted.category == given.category


def _resolved(signature: Signature, parameters: tuple[str, ...], arguments: tuple[str, ...], types: Types) -> Signature:
    """The signature with a polymorphic result replaced by what the arguments make it."""
    returns = signature.returns
    if returns not in _POLYMORPHIC and returns != '"any"':
        return signature
    element = _element(parameters, arguments, types)
    if element is None:
        result = ""
    elif returns in _ANY_ARRAY:
        result = element + "[]"
    elif returns in _ANY_RANGE:
        result = next((a for p, a in zip(parameters, arguments, strict=True) if p == returns), "")
        if not result and "multirange" in returns:
            result = arguments[0].replace("range", "multirange")
    else:
        result = element
    return Signature(
        signature.name, signature.arguments, result, signature.volatility, signature.strict, signature.returns_set,
        signature.kind, signature.defaults, signature.variadic, signature.columns, signature.schema,
    )  # fmt: skip


def _element(parameters: tuple[str, ...], arguments: tuple[str, ...], types: Types) -> str | None:
    """What anyelement stands for."""
    found: list[str | None] = []
    for parameter, argument in zip(parameters, arguments, strict=True):
        if parameter in _ANY_ARRAY and argument.endswith("[]"):
            found.append(argument[:-2])
        elif parameter in _ANY_SCALAR:
            found.append(argument)
        elif parameter in _ANY_RANGE:
            found.append(_RANGE_OF.get(argument))
    if not found:
        return None
    return types.common(found)


_RANGE_OF = {
    "int4range": "integer", "int8range": "bigint", "numrange": "numeric", "daterange": "date",
    "tsrange": "timestamp without time zone", "tstzrange": "timestamp with time zone",
    "int4multirange": "integer", "int8multirange": "bigint", "nummultirange": "numeric", "datemultirange": "date",
    "tsmultirange": "timestamp without time zone", "tstzmultirange": "timestamp with time zone",
}  # fmt: skip
