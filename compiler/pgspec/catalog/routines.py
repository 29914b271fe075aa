"""Functions, procedures and aggregates."""

from __future__ import annotations

from typing import Any, Literal

from pgspec.catalog.builder import Builder
from pgspec.catalog.parts import Grant, Routine
from pgspec.catalog.typenames import UNKNOWN, TypeRef, names_of
from pgspec.pgsql import ast, enums
from pgspec.sql import QName

Mode = enums.FunctionParameterMode
Object = enums.ObjectType
_INPUT = (Mode.FUNC_PARAM_DEFAULT, Mode.FUNC_PARAM_IN, Mode.FUNC_PARAM_INOUT, Mode.FUNC_PARAM_VARIADIC)
_OUTPUT = (Mode.FUNC_PARAM_OUT, Mode.FUNC_PARAM_INOUT, Mode.FUNC_PARAM_TABLE)
_VOLATILITIES: dict[str, Literal["immutable", "stable", "volatile"]] = {
    "immutable": "immutable",
    "stable": "stable",
    "volatile": "volatile",
}


def create_function(state: Builder, node: Any) -> None:
    """CREATE FUNCTION and CREATE PROCEDURE."""
    name = state.new_qname(node.funcname)
    routine = Routine(name.schema, name.name, [], UNKNOWN, kind="procedure" if node.is_procedure else "function")
    _read_parameters(state, routine, node.parameters)
    routine.returns = _return_type(state, routine, node.returnType)
    routine.returns_set = bool(node.returnType and node.returnType.setof)
    _read_options(routine, node.options)
    routine.body = _body(node)
    routine.source = node.sql_body if node.sql_body is not None else _text(node)
    _register(state, name, routine)


def _read_parameters(state: Builder, routine: Routine, nodes: Any) -> None:
    for parameter in nodes or ():
        ref = state.type(parameter.argType)
        if parameter.mode in _INPUT:
            routine.arguments.append(ref)
        if parameter.mode in _OUTPUT:
            routine.columns.append((parameter.name or f"column{len(routine.columns) + 1}", ref))
        routine.variadic = routine.variadic or parameter.mode == Mode.FUNC_PARAM_VARIADIC
        routine.defaults += parameter.defexpr is not None


def _return_type(state: Builder, routine: Routine, node: Any) -> TypeRef:
    if routine.kind == "procedure":
        return TypeRef("record" if routine.columns else "void")
    if node is not None:
        return state.type(node)
    if len(routine.columns) == 1:
        return routine.columns[0][1]
    return TypeRef("record" if routine.columns else "void")


def _read_options(routine: Routine, nodes: Any) -> None:
    for option in nodes or ():
        if option.defname == "volatility":
            routine.volatility = _VOLATILITIES.get(option.arg.sval, "volatile")
        elif option.defname == "strict":
            routine.strict = bool(option.arg.boolval)
        elif option.defname == "security":
            routine.definer = bool(option.arg.boolval)
        elif option.defname == "set":
            _read_setting(routine, option.arg)


def _read_setting(routine: Routine, node: Any) -> None:
    """SET search_path = ..., FROM CURRENT, and RESET."""
    kind = node.kind.name
    if kind == "VAR_RESET_ALL" or (node.name == "search_path" and kind in ("VAR_RESET", "VAR_SET_DEFAULT")):
        routine.path = None
    elif node.name == "search_path":
        names = [a.val.sval for a in node.args or () if isinstance(getattr(a, "val", None), ast.String)]
        routine.path = tuple(name for name in names if name)


def _body(node: Any) -> Any:
    """The text of a body in SQL, or the tree of RETURN; None for another language or form."""
    if node.sql_body is not None:
        return node.sql_body.returnval if isinstance(node.sql_body, ast.ReturnStmt) else None
    options = {option.defname: option.arg for option in node.options or ()}
    return _text(node) if "language" in options and options["language"].sval.lower() == "sql" else None


def _text(node: Any) -> str | None:
    """The text behind AS."""
    return next((option.arg[0].sval for option in node.options or () if option.defname == "as"), None)


def _register(state: Builder, name: QName, routine: Routine) -> None:
    overloads = state.routines.setdefault(name, [])
    signature = [str(a) for a in routine.arguments]
    old = next((r for r in overloads if [str(a) for a in r.arguments] == signature), None)
    defaults = [made for schema, made in state.default_calls if schema in (None, name.schema)]
    routine.grants = old.grants if old else [Grant(True, "public", ("EXECUTE",)), *defaults]
    routine.owner = old.owner if old else None
    overloads[:] = [r for r in overloads if [str(a) for a in r.arguments] != signature]
    overloads.append(routine)


def create_aggregate(state: Builder, node: Any) -> None:
    """CREATE AGGREGATE, in the present and the old spelling."""
    name = state.new_qname(node.defnames)
    routine = Routine(name.schema, name.name, [], UNKNOWN, "immutable", kind="aggregate")
    options = {str(d.defname).lower(): d.arg for d in node.definition or ()}
    if node.oldstyle:
        base = options.get("basetype")
        if base is not None and getattr(base, "names", None) and names_of(base.names)[1].lower() != "any":
            routine.arguments.append(state.type(base))
    elif node.args and node.args[0]:
        _read_parameters(state, routine, node.args[0])
    final = options.get("finalfunc")
    made_of = options.get("stype") or options.get("stype1")
    if final is None and made_of is not None and getattr(made_of, "names", None):
        routine.returns = state.type(made_of)
    elif final is not None and getattr(final, "names", None):
        candidates = _named(state, names_of(final.names))
        routine.returns = candidates[0].returns if len(candidates) == 1 else UNKNOWN
    _register(state, name, routine)


def _named(state: Builder, name: tuple[str, str]) -> list[Routine]:
    return [r for schema in state.searched(name[0]) for r in state.routines.get(QName(schema, name[1]), ())]


def find_routines(state: Builder, node: Any) -> list[Routine]:
    """The routine that an ObjectWithArgs node means; without arguments the only one of that name."""
    candidates = _named(state, names_of(node.objname))
    if node.args_unspecified:
        return candidates[:1]
    signature = [str(state.type(a)) for a in node.objargs or () if a is not None]
    exact = [r for r in candidates if [str(a) for a in r.arguments] == signature]
    if exact:
        return exact[:1]
    # A procedure may be named with its OUT arguments among the others, an aggregate with a star.
    given = [str(state.type(p.argType)) for p in node.objfuncargs or () if p is not None and p.mode in _INPUT]
    return [r for r in candidates if [str(a) for a in r.arguments] == given][:1]


def alter_function(state: Builder, node: Any) -> None:
    """ALTER FUNCTION ... IMMUTABLE and the like."""
    found = find_routines(state, node.func)
    if not found:
        schema, name = names_of(node.func.objname)
        state.missing("function", schema, name)
    for routine in found:
        _read_options(routine, node.actions)


def alter_owner(state: Builder, node: Any) -> None:
    """ALTER FUNCTION ... OWNER TO; the owner of nothing else is told by this statement and needed here."""
    if node.objectType in (Object.OBJECT_FUNCTION, Object.OBJECT_PROCEDURE, Object.OBJECT_ROUTINE):
        for routine in find_routines(state, node.object):
            routine.owner = node.newowner.rolename


def drop_routine(state: Builder, routine: Routine) -> None:
    """DROP FUNCTION, PROCEDURE, AGGREGATE, ROUTINE."""
    name = QName(routine.schema, routine.name)
    overloads = [r for r in state.routines.get(name, ()) if r is not routine]
    if overloads:
        state.routines[name] = overloads
    else:
        state.routines.pop(name, None)


def move_routine(state: Builder, routine: Routine, name: QName) -> None:
    """Give a routine another schema or name."""
    drop_routine(state, routine)
    routine.schema, routine.name = name
    state.routines.setdefault(name, []).append(routine)
