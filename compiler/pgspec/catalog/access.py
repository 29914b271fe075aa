"""Who may do what: grants on tables and schemas, memberships of roles, and the roles that no policy binds."""

from __future__ import annotations

from typing import Any

from pgspec.catalog.builder import Builder
from pgspec.catalog.definitions import role_name
from pgspec.catalog.parts import Grant, Table
from pgspec.catalog.routines import find_routines
from pgspec.pgsql import ast, enums
from pgspec.sql import commas, ident

ALL = "ALL"
PUBLIC = "public"
_Target = enums.GrantTargetType
_Object = enums.ObjectType
ROUTINES = (_Object.OBJECT_FUNCTION, _Object.OBJECT_PROCEDURE, _Object.OBJECT_ROUTINE)


def grant(state: Builder, node: Any) -> None:
    """GRANT and REVOKE on tables, functions, all of those in a schema, and on schemas."""
    made = _read(node)
    if node.objtype == _Object.OBJECT_SCHEMA:
        for schema in node.objects or ():
            state.schema_grants.setdefault(schema.sval, []).extend(made)
    elif node.objtype in ROUTINES:
        _grant_calls(state, node, made)
    elif node.objtype != _Object.OBJECT_TABLE:
        return
    elif node.targtype == _Target.ACL_TARGET_ALL_IN_SCHEMA:
        schemas = {schema.sval for schema in node.objects or ()}
        for table in state.tables():
            if table.schema in schemas:
                table.grants.extend(made)
    else:
        for var in node.objects or ():
            if (found := state.find_table(var.schemaname, var.relname)) is not None:
                found.grants.extend(made)


def _grant_calls(state: Builder, node: Any, made: list[Grant]) -> None:
    if node.targtype == _Target.ACL_TARGET_ALL_IN_SCHEMA:
        schemas = {schema.sval for schema in node.objects or ()}
        found = [r for name, overloads in state.routines.items() if name.schema in schemas for r in overloads]
    else:
        found = [r for named in node.objects or () for r in find_routines(state, named)]
    for routine in found:
        routine.grants.extend(made)


def default_privileges(state: Builder, node: Any) -> None:
    """ALTER DEFAULT PRIVILEGES: what tables and functions that are made later are granted."""
    options = {option.defname: option.arg for option in node.options or ()}
    schemas = [schema.sval for schema in options.get("schemas") or ()]
    if node.action.objtype == _Object.OBJECT_TABLE:
        there = frozenset(id(table) for table in state.tables())
        for made in _read(node.action):
            state.default_grants += [(schema, there, made) for schema in schemas or [None]]
    elif node.action.objtype in ROUTINES:
        # What everybody is granted from the start cannot be taken back for one schema.
        given = [made for made in _read(node.action) if made.given or not schemas]
        state.default_calls += [(schema, made) for made in given for schema in schemas or [None]]


def _read(node: Any) -> list[Grant]:
    """One entry for each grantee."""
    privileges = tuple(_privilege(item) for item in node.privileges or ()) or (ALL,)
    roles = [PUBLIC if r.roletype == enums.RoleSpecType.ROLESPEC_PUBLIC else role_name(r) for r in node.grantees]
    return [Grant(bool(node.is_grant), role, privileges) for role in roles if role]


def _privilege(node: Any) -> str:
    name = (node.priv_name or ALL).upper()
    return f"{name} ({commas(ident(column.sval) for column in node.cols)})" if node.cols else name


def held(state: Builder, table: Table) -> dict[str, tuple[str, ...]]:
    """The privileges on a table by role, as the statements so far leave them; its owner's are not counted."""
    earlier = [
        g for schema, there, g in state.default_grants if id(table) not in there and schema in (None, table.schema)
    ]
    return settle([*earlier, *table.grants])


def settle(events: list[Grant]) -> dict[str, tuple[str, ...]]:
    """What a row of grants and revocations leaves, by role: ``-TRUNCATE`` is what was taken out of ALL."""
    out: dict[str, dict[str, None]] = {}
    for event in events:
        mine = out.setdefault(event.role, {})
        if event.given:
            for name in event.privileges:
                mine.pop(f"-{name}", None)
                mine[name] = None
            if ALL in event.privileges:
                mine = out[event.role] = {ALL: None}
        elif ALL in event.privileges:
            mine.clear()
        else:
            if ALL in mine:
                mine.update(dict.fromkeys(f"-{name}" for name in event.privileges))
            for name in [n for n in mine if n in event.privileges or n.partition(" ")[0] in event.privileges]:
                del mine[name]
    return {role: tuple(sorted(mine)) for role, mine in sorted(out.items()) if mine}


def grant_role(state: Builder, node: Any) -> None:
    """GRANT group TO role, and its REVOKE."""
    for member in filter(None, map(role_name, node.grantee_roles or ())):
        groups = state.memberships.setdefault(member, set())
        named = {item.priv_name for item in node.granted_roles or ()}
        groups |= named if node.is_grant else set()
        groups -= set() if node.is_grant else named


def create_role(state: Builder, node: Any) -> None:
    """CREATE ROLE, USER, GROUP."""
    state.roles.add(node.role)
    read_role_options(state, node.role, node.options)


def alter_role(state: Builder, node: Any) -> None:
    """ALTER ROLE ... BYPASSRLS and the like."""
    if name := role_name(node.role):
        read_role_options(state, name, node.options)


def read_role_options(state: Builder, role: str, options: Any) -> None:
    """Note whether row security binds the role, and which groups it is put in."""
    for option in options or ():
        if option.defname in ("bypassrls", "superuser"):
            kind = state.bypassing if option.defname == "bypassrls" else state.superusers
            (kind.add if option.arg.boolval else kind.discard)(role)
        elif option.defname == "addroleto":
            state.memberships.setdefault(role, set()).update(filter(None, map(role_name, option.arg)))


def create_policy(state: Builder, node: Any) -> None:
    """CREATE POLICY: its name, so that nothing else is taken to decide about the table."""
    if (table := state.find_table(node.table.schemaname, node.table.relname)) is not None:
        table.policies[node.policy_name] = None


def drop_policy(state: Builder, node: Any) -> None:
    """DROP POLICY."""
    for item in node.objects or ():
        names = [part.sval for part in item]
        if (table := state.find_table(names[-3] if names[2:] else None, names[-2])) is not None:
            table.policies.pop(names[-1], None)


def is_drop_policy(node: Any) -> bool:
    """Whether a DROP statement is DROP POLICY."""
    return isinstance(node, ast.DropStmt) and node.removeType == _Object.OBJECT_POLICY
