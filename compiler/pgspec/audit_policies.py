"""Audit logs as policies see them: their tables, and the policies that they have whatever an rls spec says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pgspec.audits import Audit
from pgspec.catalog import Catalog, Relation, read_schema
from pgspec.kinds import PolicySpec, Project
from pgspec.policies import RESERVED, Log, Policy, standing_policy, with_logs
from pgspec.source import SqlText
from pgspec.sql import ident, qname

OWNER, SERVICE, VIEWER = f"{RESERVED}owner", f"{RESERVED}service", f"{RESERVED}viewer"
"""The policies that a guarded log has of itself: for its owner, if row security is forced on the owner, for the service
roles, and for those of the viewer."""

LOG_COLUMNS = (
    "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    "at timestamptz NOT NULL DEFAULT clock_timestamp()",
    "table_schema text NOT NULL",
    "table_name text NOT NULL",
    "event text NOT NULL CHECK (event IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'))",
    "row_key jsonb",
    "new_row_key jsonb",
    "old jsonb",
    "new jsonb",
    "truncated_rows bigint",
    "source text NOT NULL CHECK (source IN ('api', 'service', 'database'))",
    "db_role text NOT NULL",
    "session_role text NOT NULL",
    "request_id text",
    "claims jsonb",
    "txid bigint NOT NULL",
)
"""The columns of a log.  They do not depend on its spec, so that no change of a spec has to make the table anew."""


def audit_logs(audits: Iterable[Audit], catalog: Catalog, project: Project) -> list[Log]:
    """The tables of the logs as policies see them.  ``catalog`` is one `with_claim`."""
    out = []
    for audit in audits:
        text = (
            f"CREATE SCHEMA {ident(audit.table.schema)}; CREATE TABLE {qname(audit.table)} ({', '.join(LOG_COLUMNS)})"
        )
        relation = read_schema([("", text)])[0].relations[audit.table]
        granted = dict.fromkeys(project.roles.service, ("SELECT",))
        log = Log(replace(relation, grants=granted), audit.name)
        known = with_logs(catalog, [log])
        out.append(replace(log, policies=tuple(_standing(audit, log.table, known, project))))
    return out


def _standing(audit: Audit, table: Relation, catalog: Catalog, project: Project) -> Iterable[Policy]:
    service = project.roles.service
    always = SqlText("true", audit.document.at("name"))
    viewer = audit.viewer
    for name, to, source in ((SERVICE, service, always), (VIEWER, viewer and viewer.to, viewer and viewer.require)):
        if to and source:
            spec = PolicySpec(name=name, command="select", to=list(to), using=source.text)
            yield standing_policy(spec, source, table, catalog)
