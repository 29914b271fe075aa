"""Views, materialized views and CREATE TABLE AS: queries with names that stay right when tables are renamed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pgspec.catalog.builder import Builder
from pgspec.catalog.names import expression_name
from pgspec.catalog.parts import VIEW_KINDS, Table, TableColumn, Use
from pgspec.catalog.typenames import UNKNOWN, TypeRef
from pgspec.pgsql import ast, enums, walk
from pgspec.sql import QName

_ON = ("", "true", "on", "yes", "1")


def create_view(state: Builder, node: Any) -> None:
    """CREATE VIEW."""
    name = state.new_name(node.view)
    old = state.relations.get(name)
    if old is not None and not (node.replace and isinstance(old, Table) and old.kind == "view"):
        state.report(f"`{name}` exists already, so the statement is passed over", "drop it before")
        return
    view = old if isinstance(old, Table) else Table(*name, kind="view", known=False)
    view.query, view.uses = node.query, relations_used(state, node.query)
    view.column_names = tuple(str(a.sval) for a in node.aliases or ())
    view.invoker = is_on(node.options, "security_invoker")
    state.relations[name] = view


def is_on(options: Any, name: str) -> bool:
    """Whether WITH (...) sets an option, with or without a value."""
    for option in options or ():
        if option.defname == name:
            value = getattr(option.arg, "sval", None) or getattr(option.arg, "ival", "")
            return str(value).lower() in _ON
    return False


def create_table_as(state: Builder, node: Any) -> None:
    """CREATE MATERIALIZED VIEW and CREATE TABLE AS."""
    into = node.into
    is_view = node.objtype == enums.ObjectType.OBJECT_MATVIEW
    name = state.new_name(into.rel)
    if name in state.relations:
        if not node.if_not_exists:
            state.report(f"`{name}` exists already, so the statement is passed over", "drop it before")
        return
    _table_from_query(state, name, node.query, into, "materialized_view" if is_view else "table")


def select_into(state: Builder, node: Any) -> None:
    """SELECT ... INTO table: the old way to write CREATE TABLE AS."""
    first = node
    while first.larg is not None:
        first = first.larg
    if first.intoClause is not None:
        into, first.intoClause = first.intoClause, None
        _table_from_query(state, state.new_name(into.rel), node, into, "table")


def _table_from_query(state: Builder, name: QName, query: Any, into: Any, kind: Any) -> None:
    table = Table(*name, kind=kind, known=False)
    table.query, table.uses = query, relations_used(state, query)
    table.column_names = tuple(str(c.sval) for c in into.colNames or ())
    state.relations[name] = table
    if kind == "materialized_view":
        return
    columns = _output(state, query)
    if columns is None:
        state.report(
            f"the columns of `{name}` are not known, since its query does not show them",
            "write CREATE TABLE with its columns, or name them in the query",
        )
        return
    table.known = True
    names = [*table.column_names, *(c for c, _ in columns[len(table.column_names) :])]
    for column, (_, ref) in zip(names, columns, strict=False):
        table.columns[column] = TableColumn(column, ref)


def _output(state: Builder, query: Any) -> list[tuple[str, TypeRef]] | None:
    """Names and types (or `UNKNOWN`) of a query's columns, as far as they can be told without analysis."""
    while isinstance(query, ast.SelectStmt) and query.larg is not None:
        query = query.larg
    if not isinstance(query, ast.SelectStmt):
        return None
    if query.valuesLists:
        return [(f"column{i + 1}", UNKNOWN) for i in range(len(query.valuesLists[0]))]
    sources = _plain_sources(state, query)
    out: list[tuple[str, TypeRef]] = []
    for target in query.targetList or ():
        if _is_star(target.val):
            expanded = _star(target.val, sources)
            if expanded is None:
                return None
            out += expanded
        else:
            name = target.name or expression_name(target.val) or "?column?"
            out.append((str(name), _target_type(state, target.val, sources)))
    return out


def _is_star(node: Any) -> bool:
    fields = getattr(node, "fields", None) or ()
    return any(isinstance(field, ast.A_Star) for field in fields)


def _fields(node: Any) -> list[str]:
    return [str(f.sval) for f in getattr(node, "fields", None) or () if isinstance(f, ast.String)]


def _plain_sources(state: Builder, query: Any) -> dict[str, Table | None]:
    """The items of FROM under their aliases; None stands for one whose columns are not known."""
    hidden = {c.ctename for c in (query.withClause.ctes if query.withClause else ())}
    sources: dict[str, Table | None] = {}
    queue = list(query.fromClause or ())
    while queue:
        item = queue.pop(0)
        if isinstance(item, ast.JoinExpr):
            if item.usingClause or item.isNatural:
                sources["?"] = None
            queue = [item.larg, item.rarg, *queue]
            continue
        alias = getattr(item, "alias", None)
        name = alias.aliasname if alias else getattr(item, "relname", "?")
        schema, relation = getattr(item, "schemaname", None), getattr(item, "relname", None)
        table = state.find_table(schema, relation) if relation and (schema or relation not in hidden) else None
        usable = table is not None and table.known and not (alias and alias.colnames)
        sources[str(name)] = table if usable else None
    return sources


def _star(node: Any, sources: dict[str, Table | None]) -> list[tuple[str, TypeRef]] | None:
    fields = _fields(node)
    wanted = [sources.get(fields[-1])] if fields else list(sources.values())
    out = []
    for table in wanted:
        if table is None:
            return None
        out += [(c.name, c.type) for c in table.columns.values()]
    return out


def _target_type(state: Builder, node: Any, sources: dict[str, Table | None]) -> TypeRef:
    if isinstance(node, ast.TypeCast):
        return state.type(node.typeName)
    fields = _fields(node)
    if fields and None not in sources.values():
        tables = [t for alias, t in sources.items() if t and (len(fields) == 1 or alias == fields[-2])]
        found = [t.columns[fields[-1]].type for t in tables if fields[-1] in t.columns]
        if len(found) == 1:
            return found[0]
    return UNKNOWN


def relations_used(state: Builder, query: Any) -> list[Use]:
    """The references to relations in a query with what they mean now; names of CTEs are told from them.

    A ``*`` over tables is spelt out in the query: columns that a table gets later are not in its views.
    """
    out = []
    for var in _range_vars(query, frozenset()):
        if table := state.find_table(var.schemaname, var.relname):
            columns = [(c, c.name) for c in table.columns.values()] if table.known else []
            out.append(Use(var, table, columns))
    _expand_stars(state, query)
    return out


def _expand_stars(state: Builder, query: Any) -> None:
    if not isinstance(query, ast.SelectStmt):
        return
    if query.larg is not None:
        _expand_stars(state, query.larg)
        _expand_stars(state, query.rarg)
    elif any(_is_star(target.val) for target in query.targetList or ()):
        sources = _plain_sources(state, query)
        query.targetList = tuple(t for target in query.targetList or () for t in _expanded(target, sources))


def _expanded(target: Any, sources: dict[str, Table | None]) -> list[Any]:
    """The targets that a ``*`` stands for; the target itself when it is none, or a table's columns are not known."""
    if not _is_star(target.val):
        return [target]
    fields = _fields(target.val)
    wanted = {fields[-1]: sources.get(fields[-1])} if fields else sources
    out = []
    for alias, table in wanted.items():
        if table is None:
            return [target]
        for name in table.columns:
            out.append(ast.ResTarget(val=ast.ColumnRef(fields=(ast.String(alias), ast.String(name)))))
    return out


def _range_vars(query: Any, hidden: frozenset[str]) -> Iterator[Any]:
    """The references to relations in a query, in no particular order; ``hidden`` are the names that are CTEs there."""
    stack = [(query, hidden)]
    while stack:
        node, hidden = stack.pop()
        if isinstance(node, tuple | list):
            stack.extend((item, hidden) for item in node)
        elif isinstance(node, ast.RangeVar):
            if node.schemaname or node.relname not in hidden:
                yield node
        elif isinstance(node, ast.Node):
            clause = getattr(node, "withClause", None)
            if clause is not None:
                names = [str(c.ctename) for c in clause.ctes]
                for number, cte in enumerate(clause.ctes):
                    # Without RECURSIVE a name is hidden only after its own query.
                    visible = names if clause.recursive else names[:number]
                    stack.append((cte.ctequery, hidden.union(visible)))
                hidden = hidden.union(names)
            stack.extend((getattr(node, field), hidden) for field in node if field != "withClause")


def settle_names(view: Table) -> None:
    """Write the present names of relations into a view's query; old names of relation and columns stay as the alias."""
    for use in view.uses:
        var, table = use.var, use.table
        then = {id(column): name for column, name in use.columns}
        names = [then.get(id(column), column.name) for column in table.columns.values()] if then else []
        renamed = names != [column.name for column in table.columns.values()] and bool(then)
        if var.alias is None and (renamed or var.relname != table.name):
            var.alias = ast.Alias(aliasname=var.relname)
        if renamed and not var.alias.colnames:
            var.alias.colnames = tuple(ast.String(name) for name in names)
        var.schemaname, var.relname = table.schema, table.name


def rename_view_column(state: Builder, view: Table, old: str, new: str) -> None:
    """RENAME COLUMN of a view, whose columns get their names from its query."""
    columns = _output(state, view.query)
    if columns is None:
        state.report(
            f"column `{old}` of view `{view.name}` is renamed, and its query does not show which column that is",
            "name the columns in the query instead of `*`",
        )
        return
    names = [*view.column_names, *(c for c, _ in columns[len(view.column_names) :])]
    view.column_names = tuple(new if name == old else name for name in names)


def drop_dependent_views(state: Builder, table: Table, column: TableColumn | None = None) -> None:
    """Take away the views over a relation, or those whose query seems to read the column, and the views over them."""
    for view in [t for t in state.tables() if t.kind in VIEW_KINDS]:
        uses = [use for use in view.uses if use.table is table]
        name = QName(view.schema, view.name)
        if state.relations.get(name) is not view or not any(_reads(view, use, column) for use in uses):
            continue
        del state.relations[name]
        for index in view.indexes:
            state.relations.pop(QName(view.schema, index.name), None)
        drop_dependent_views(state, view)


def _reads(view: Table, use: Use, column: TableColumn | None) -> bool:
    """Whether a view's query seems to read a column of the relation; None stands for any column."""
    if column is None:
        return True
    name = next((then for c, then in use.columns if c is column), None if use.columns else column.name)
    return name is not None and any(_mentions(node, name) for node in walk(view.query))


def _mentions(node: Any, column: str) -> bool:
    if isinstance(node, ast.JoinExpr):
        return bool(node.isNatural) or column in [name.sval for name in node.usingClause or ()]
    return _is_star(node) or _fields(node)[-1:] == [column]
