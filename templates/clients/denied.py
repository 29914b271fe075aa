@dataclass(frozen=True)
class Denied:
    """What to show a person whom the database refused.  ``table`` is for logs."""

    title: str
    hint: str
    table: str | None


def explain_denied(error: BaseException | None) -> Denied | None:
    """The text for an error with SQLSTATE 42501, also when others are wrapped around it; None for any other error.

    It holds hints that the specs write, and nothing else that the error says.
    """
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting:
        found = waiting.pop(0)
        if not isinstance(found, BaseException) or id(found) in seen:
            continue
        seen.add(id(found))
        if "42501" in (getattr(found, "sqlstate", None), getattr(found, "pgcode", None)):
            diagnosis = getattr(found, "diag", None)
            message = getattr(diagnosis, "message_primary", None) or str(found)
            return _denied(message, getattr(diagnosis, "message_hint", None) or getattr(found, "hint", None))
        context = None if found.__suppress_context__ else found.__context__
        waiting += [found.__cause__, getattr(found, "orig", None), context]
    return None


def _denied(message: str, hint: str | None) -> Denied:
    refused = re.fullmatch(r"(\w+) on (.+) is refused", message)
    row = re.fullmatch(r'new row violates row-level security policy .*for table "(.+)"', message)
    plain = re.fullmatch(r"permission denied for (?:table|view|materialized view|relation) (.+)", message)
    table = refused[2] if refused else row[1] if row else plain[1] if plain else None
    known = hint if hint in _HINTS.values() else _HINTS.get(table or "")
    verb = "save" if row else _VERBS.get(refused[1] if refused else "", "do")
    other = "Something in it is not yours to set." if row else "Use an account that is, or ask an administrator."
    return Denied(f"You are not allowed to {verb} this.", known or other, table)


_VERBS = {"SELECT": "see", "INSERT": "add", "UPDATE": "change", "DELETE": "delete", "TRUNCATE": "delete"}
