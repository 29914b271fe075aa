"""What a query's result depends on beside the rows: who asks, when, the session's settings, chance."""

from __future__ import annotations

from collections.abc import Sequence

from pgspec.keys.algebra import Const, Expr
from pgspec.keys.builtins import Signature, casts
from pgspec.keys.context import Binding
from pgspec.keys.typesystem import UNKNOWN

SESSION_FUNCTIONS = frozenset({
    "current_setting", "current_schemas", "current_query", "inet_client_addr", "inet_client_port", "pg_backend_pid",
    "pg_my_temp_schema", "row_security_active", "session_user", "current_user", "getpgusername", "has_table_privilege",
    "has_column_privilege", "has_schema_privilege", "has_function_privilege", "pg_has_role", "set_config",
})  # fmt: skip
TIME_FUNCTIONS = frozenset(
    {"now", "transaction_timestamp", "statement_timestamp", "clock_timestamp", "timeofday", "pg_postmaster_start_time"}
)
_REQUEST_FUNCTIONS = frozenset(
    {("auth", "uid"), ("auth", "jwt"), ("auth", "role"), ("auth", "email"), ("pgspec", "claim"), ("pgspec", "claims")}
)
_WITH_ZONE = 3
"""How many arguments date_trunc has when it names the zone."""

_ZONED = "timestamp with time zone"
_UNZONED = frozenset({"date", "timestamp without time zone", "time without time zone"})
_RELATIVE = frozenset({"now", "today", "tomorrow", "yesterday"})
_ZONED_TEXT = frozenset({"text", "character varying", "character"})


def note_function(
    binding: Binding, name: str, schema: str | None, chosen: Signature | None, arguments: Sequence[Expr], start: int
) -> None:
    """Note what a function call depends on."""
    call = f"{schema}.{name}" if schema else name
    if (schema, name) in _REQUEST_FUNCTIONS or (name in SESSION_FUNCTIONS and schema in (None, "pg_catalog")):
        binding.remark(
            binding.remarks.session, "MV005", start, f"`{call}()` depends on the session that runs the query"
        )
    elif name in TIME_FUNCTIONS or (name == "age" and len(arguments) == 1):
        binding.remark(binding.remarks.time, "MV006", start, f"`{call}()` depends on when the query runs")
    if chosen is None:
        return
    if chosen.volatility == "volatile":
        binding.volatile_calls += 1
        if name not in TIME_FUNCTIONS and name != "set_config":
            binding.remark(binding.remarks.volatile, "MV006", start, f"`{call}()` is volatile")
    elif chosen.volatility == "stable" and name not in TIME_FUNCTIONS and len(arguments) < _WITH_ZONE:
        _note_zone(binding, f"`{call}()`", arguments, start)


def note_value_function(binding: Binding, name: str, start: int) -> None:
    """Note what CURRENT_USER and its like depend on."""
    if name.startswith(("current_date", "current_time", "localtime")):
        binding.remark(binding.remarks.time, "MV006", start, f"`{name}` depends on when the query runs")
    else:
        binding.remark(binding.remarks.session, "MV005", start, f"`{name}` depends on the session that runs the query")


def note_cast(binding: Binding, source: str | None, target: str | None, start: int) -> None:
    """Note a cast that reads the session's TimeZone."""
    if source is None or target is None or binding.silent:
        return
    zone = (source == _ZONED and (target in _UNZONED or target in _ZONED_TEXT)) or (
        source in _UNZONED and target == _ZONED
    )
    if not zone and target != "time with time zone":
        return
    facts = casts(source).get(target)
    if facts is None or facts.volatility == "stable":
        _unstable(binding, f"the cast from `{source}` to `{target}`", start)


def note_literal(binding: Binding, value: object, target: str, start: int) -> None:
    """Note a literal such as 'now'::timestamp, and one whose meaning depends on TimeZone."""
    if not isinstance(value, str) or target not in (*_UNZONED, _ZONED):
        return
    if value.strip().lower() in _RELATIVE:
        binding.remark(
            binding.remarks.time, "MV006", start, f"`'{value}'` is read as a time when the query is created or runs"
        )


def note_operator(binding: Binding, chosen: Signature | None, arguments: Sequence[Expr], start: int) -> None:
    """Note an operator that compares a time with a zone to one without."""
    if chosen is None:
        return
    if chosen.volatility == "volatile":
        binding.volatile_calls += 1
    elif chosen.volatility == "stable" and chosen.returns == "boolean":
        _note_zone(binding, f"`{chosen.name}`", arguments, start)


def _note_zone(binding: Binding, what: str, arguments: Sequence[Expr], start: int) -> None:
    if any(a.type == _ZONED and not (type(a) is Const and a.type == UNKNOWN) for a in arguments):
        _unstable(binding, f"{what} on a `{_ZONED}`", start)


def _unstable(binding: Binding, what: str, start: int) -> None:
    help_text = "name the zone: `... AT TIME ZONE 'UTC'`, or a third argument to date_trunc"
    binding.remark(binding.remarks.unstable, "MV006", start, f"{what} depends on the session's TimeZone", help_text)
