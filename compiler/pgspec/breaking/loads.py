"""Load tests: what is not measured any more, or may be slower."""

from __future__ import annotations

from collections.abc import Iterator

from pgspec.breaking.findings import Finding, place
from pgspec.kinds import Limits
from pgspec.load_tests import Load
from pgspec.program import Program

_NO_LIMITS = Limits()
_ERRORS = Limits(errors=0)
_WORDS = {"p50_ms": "p50", "p95_ms": "p95", "p99_ms": "p99", "tps": "tps", "errors": "failures"}


def load_changes(old: Program, new: Program) -> Iterator[Finding]:
    """The differences between the load tests of two programs."""
    before, after = ({load.spec.name: load for load in program.loads} for program in (old, new))
    for name, load in before.items():
        if name in after:
            yield from _changed(load, after[name])
        else:
            message = f"the load test `{name}` is gone: nothing is measured by it any more"
            yield Finding("BRK041", load.document.at("name"), message, name, True)
    for name, load in after.items():
        if name not in before:
            yield Finding("BRK020", load.document.at("name"), f"the load test `{name}` is new", name)


def _changed(old: Load, new: Load) -> Iterator[Finding]:
    name, document = new.spec.name, new.document
    kept = {entry.name for entry in new.spec.mix}
    for number, entry in enumerate(old.spec.mix):
        if entry.name not in kept:
            message = f"`{entry.name}` is not measured any more"
            yield Finding("BRK041", old.document.at("mix", number, "name"), message, name, True)
    if new.spec.clients < old.spec.clients:
        message = f"{new.spec.clients} clients ask at once, not {old.spec.clients}"
        yield Finding("BRK041", place(document, "clients"), message, name)
    if new.spec.persona != old.spec.persona:
        message = f"the statements run as {_who(new)}, not as {_who(old)}"
        yield Finding("BRK041", place(document, "persona"), message, name)
    for what in dict.fromkeys(["errors", *old.spec.thresholds]):
        if what != "errors" and what not in kept:
            continue
        default = _ERRORS if what == "errors" else _NO_LIMITS
        was, now = (load.spec.thresholds.get(what, default) for load in (old, new))
        for limit, word in _WORDS.items():
            if problem := _looser(limit, getattr(was, limit), getattr(now, limit)):
                message = f"{word} of {'all entries' if what == 'errors' else f'`{what}`'} {problem}"
                yield Finding("BRK041", place(document, "thresholds", what, limit), message, name)


def _looser(limit: str, was: float | None, now: float | None) -> str:
    """In which way a limit allows more; an empty text when it does not."""
    if was is None:
        return ""
    if now is None:
        return "has no limit any more"
    unit = " ms" if limit.endswith("_ms") else ""
    if limit == "tps":
        return f"may be as low as {now:g}, not {was:g}" if now < was else ""
    return f"may be up to {now:g}{unit}, not {was:g}{unit}" if now > was else ""


def _who(load: Load) -> str:
    return f"`{load.spec.persona}`" if load.spec.persona else "the role that connects"
