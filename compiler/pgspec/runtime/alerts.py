"""Alerts in the database: the function that asks for every value, what is remembered of them, and the view that says
which of them fire."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgspec import render
from pgspec.alerts import EVALUATE, VALUES, Alert, number
from pgspec.installed import STATE, VIEW
from pgspec.kinds.base import Duration
from pgspec.objects import Key, SqlObject
from pgspec.runtime.audit import escaped
from pgspec.runtime.cache import FIXED_PATH
from pgspec.sql import QName, Sql, literal, qname

# The first of the two numbers of the advisory lock: "pgal".
_NAMESPACE = 0x7067616C

_COLUMNS = (
    "name text",
    "severity text",
    "value double precision",
    "threshold double precision",
    "breached boolean",
    "pending interval",
    "detail text",
    "runbook text",
    "problem text",
)


def values_key(internal: str) -> Key:
    """The function that asks for the values; it reads what the queries of alerts read."""
    return Key("function", f"{qname(QName(internal, VALUES))}()")


def alert_runtime(
    alerts: Sequence[Alert], runtime: str, internal: str, roles: Sequence[str], service: Sequence[str]
) -> Iterator[SqlObject]:
    """The objects; ``service`` may read the view and call the function that evaluates, nobody else may do anything."""
    revoke, home = sorted(roles), Key("schema", internal)
    state, values = QName(internal, STATE), QName(internal, VALUES)
    columns = ["name text PRIMARY KEY", "breached_since timestamptz", "checked_at timestamptz NOT NULL"]
    kept = {"name": list(state), "columns": columns, "revoke": revoke, "options": ["fillfactor = 50"]}
    table = Key("table", qname(state))
    yield SqlObject(table, kept, depends_on=(home,))

    def function(name: QName, returns: str, volatility: str, body: str, *needs: Key) -> SqlObject:
        definition = {
            "name": list(name),
            "arguments": [],
            "returns": returns,
            "language": "plpgsql",
            "volatility": volatility,
            # An alert about a table that somebody has locked must not hold up the others.
            "settings": [list(FIXED_PATH), ["lock_timeout", "'1s'"], *escaped(body)],
            "body": body,
            "revoke": revoke,
            # What alerts are about is not for whoever may know that they fire.
            "security": "definer",
            "execute": sorted(service),
        }
        return SqlObject(Key("function", f"{qname(name)}()"), definition, depends_on=(home, *needs))

    body = str(render.whole("alerts/alert_values.sql.j2", {"alerts": [_printed(alert) for alert in alerts]}))
    asked = function(values, f"TABLE ({', '.join(_COLUMNS)})", "stable", body)
    yield asked
    names = {"state": qname(state), "values": qname(values), "namespace": literal(_NAMESPACE)}
    body = str(render.whole("alerts/evaluate_alerts.sql.j2", names))
    yield function(QName(runtime, EVALUATE), "integer", "volatile", body, asked.key, table)
    view = QName(runtime, VIEW)
    key = Key("view", qname(view))
    query = str(render.whole("alerts/pgspec_alerts.sql.j2", names)).strip()
    yield SqlObject(key, {"name": list(view), "query": query}, depends_on=(asked.key, table))
    granted = [[role, ["SELECT"]] for role in sorted(service)]
    access = {"on": "view", "target": list(view), "revoke": revoke, "grant": granted}
    yield SqlObject(Key("access", key.name), access, parent=key)


def _printed(alert: Alert) -> dict[str, Sql]:
    return {
        "name": literal(alert.name),
        "severity": literal(alert.severity),
        "threshold": literal(number(alert.threshold)),
        "pending": literal(str(Duration(alert.pending)) if alert.pending else "0"),
        "runbook": literal(alert.runbook) if alert.runbook else Sql("NULL"),
        "query": Sql(alert.query),
        "detail": Sql("a.detail::text" if alert.detail else "NULL"),
        "worst": Sql("DESC" if alert.above else "ASC"),
        "beyond": Sql(">" if alert.above else "<"),
    }
