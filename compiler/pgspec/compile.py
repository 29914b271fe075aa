"""The pipeline, readable as a list: sources in, files and findings out.  No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pgspec import __version__, program, releases, source
from pgspec import state as states
from pgspec.catalog import Catalog
from pgspec.catalog.reader import read_schema
from pgspec.desired import desired_state
from pgspec.diagnostics import Diagnostic, Severity, Span
from pgspec.disk import GENERATED, PROJECT_FILE, RELEASES
from pgspec.kinds import Project, Spec
from pgspec.kinds.load import load
from pgspec.migration import Printer, Settings
from pgspec.operations import operations_files
from pgspec.plan import Plan
from pgspec.plan import plan as plan_changes
from pgspec.plan_text import plan_markdown
from pgspec.program import Program
from pgspec.queries import nearest
from pgspec.releases import Release
from pgspec.rules import RULES
from pgspec.source import Document
from pgspec.sources import Sources
from pgspec.sql import QName, qname
from pgspec.state import State

DRAFT = f"{GENERATED}/draft"
ATTRIBUTES = f"{GENERATED}/.gitattributes"
MERGING = """\
# A merge takes the lines of both branches; `pgspec build` then prints what the merged specs say.  Releases conflict.
CHECKLIST.md merge=union
schema.sql merge=union
clients/* merge=union
draft/* merge=union
load/** merge=union
monitoring/* merge=union
runbook/* merge=union
"""


@dataclass(frozen=True, slots=True)
class Result:
    """What a project compiles to.  ``files`` is empty when there are errors; a path that is not in it should not exist.

    ``before`` is the state after the last release, ``after`` what the specs describe, ``draft`` the way between them.
    """

    diagnostics: tuple[Diagnostic, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    program: Program | None = None
    before: State = field(default_factory=dict)
    after: State = field(default_factory=dict)
    draft: Plan = field(default_factory=Plan)
    releases: tuple[Release, ...] = ()
    settings: Settings | None = None

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return not any(finding.severity is Severity.ERROR for finding in self.diagnostics)


def compile_project(sources: Sources) -> Result:
    """Everything that pgspec knows about a project: findings, states, and every file under generated/."""
    result, specs = _understood(sources)
    if result.program is not None:
        result = replace(result, diagnostics=_sorted([*result.diagnostics, *_rules(result.program, specs)]))
    return _printed(result) if result.ok else result


def read_project(sources: Sources) -> Result:
    """The program of a project and what keeps it from being understood: without what the rules say of it, and without
    states and files."""
    return _understood(sources)[0]


def _understood(sources: Sources) -> tuple[Result, list[tuple[Spec, Document]]]:
    """What `read_project` gives, with the specs that rules judge."""
    documents = [document for path in sorted(sources.specs) for document in source.read(path, sources.specs[path])]
    loaded = [(document, *load(document)) for document in documents]
    found = [finding for _, _, findings in loaded for finding in findings]
    found += [_ignored(path) for path in sources.ignored]
    found += [_unreadable(path, reason) for path, reason in sources.unreadable.items()]
    project = _project([(d, s) for d, s, _ in loaded], found)
    texts, unreadable = _sql_texts(sources)
    found += unreadable
    if project is None:
        return Result(_sorted(found)), []
    catalog, problems = _catalog(project[0], project[1], sources, texts)
    found += problems
    specs = [(spec, document) for document, spec, _ in loaded if isinstance(spec, Spec)]
    files = {p: source.sql_file(p, t) for p, t in texts.items()}
    built, problems = program.build(project[0], catalog, specs, files, project[1])
    found += problems
    sealed, before, problems = releases.read(sources.releases)
    found += _former_names(built, before)
    result = Result(_sorted([*found, *problems]), program=built, before=before, releases=tuple(sealed))
    return result, specs


def _former_names(built: Program, before: State) -> list[Diagnostic]:
    """Views that say they `was` what no view of the last release can become."""
    found = []
    known = [key.name for key in before if key.type == "materialized_view"]
    taken = {qname(view.name): view for view in built.views}
    for view in built.views:
        former = view.spec.was
        if former is None or qname(view.name) in known:
            continue
        was = QName(former.schema or view.name.schema, former.name)
        help_ = "remove `was:`; it names what the last release called the view"
        if was.schema != view.name.schema:
            problem = "in another schema: a view is renamed, not moved"
            help_ = f"keep the schema, or remove `was:` to build the view anew in `{view.name.schema}`"
        elif qname(was) not in known:
            problem, help_ = "which the last release does not know", nearest(qname(was), known) or help_
        elif (other := taken.setdefault(qname(was), view)) is not view:
            place = other.document.at("name")
            problem = f"which is now `{other.spec.name}` ({place.path}:{place.line})"
        else:
            continue
        message = f"`{view.spec.name}` was `{former}`, {problem}"
        found.append(_error(view.document.at("was"), "REL008", message, help_))
    return found


def release_files(result: Result, folder: str) -> Mapping[str, str]:
    """The files of generated/ after the draft is sealed into the release ``folder``."""
    assert result.settings is not None
    sealed = _draft_files(result, folder, Printer(result.settings)) | {
        "state.json": states.dump(result.after, __version__)
    }
    new = Release(folder, {name: text.encode() for name, text in sealed.items()})
    kept = {path: text for path, text in result.files.items() if not path.startswith(f"{DRAFT}/")}
    if not result.after:  # nothing is left that could be merged
        kept.pop(ATTRIBUTES, None)
    kept |= _operations(result, folder)
    kept[releases.SUM_FILE] = releases.sum_text([*result.releases, new])
    return kept | {f"{RELEASES}/{folder}/{name}": text for name, text in sealed.items()}


def _printed(result: Result) -> Result:
    built = result.program
    assert built is not None
    project = built.project
    settings = Settings(
        project.name,
        f"{project.migration.lock_timeout.seconds}s",
        f"{project.migration.statement_timeout.seconds}s",
        project.internal_schema,
        built.roles,
    )
    after = desired_state(built)
    result = replace(result, settings=settings, after=after, draft=plan_changes(result.before, after))
    printer = Printer(settings)
    files: dict[str, str] = {}
    if after:
        files[f"{GENERATED}/schema.sql"] = printer.schema_sql(after)
    if result.draft.changes:
        drafted = _draft_files(result, "draft", printer)
        files |= {f"{DRAFT}/{name}": text for name, text in drafted.items()}
    last = result.releases[-1].folder if result.releases and not result.draft.changes else ""
    files |= _operations(result, last)
    if files:
        files[ATTRIBUTES] = MERGING
    for release in result.releases:
        folder = f"{RELEASES}/{release.folder}"
        files |= {f"{folder}/{name}": data.decode() for name, data in release.files.items()}
    if result.releases:
        files[releases.SUM_FILE] = releases.sum_text(result.releases)
    return replace(result, files=files)


def _operations(result: Result, release: str) -> dict[str, str]:
    """The files for operators, which name the release to deploy, or the draft where that is empty."""
    assert result.program is not None
    where = f"{RELEASES}/{release}" if release else DRAFT
    files = operations_files(result.program, result.after, where.removeprefix(f"{GENERATED}/"))
    return {f"{GENERATED}/{path}": text for path, text in files.items()}


def _draft_files(result: Result, name: str, printer: Printer) -> dict[str, str]:
    """The files of the step from the last release to the specs, by name."""
    settings = result.settings
    assert settings is not None
    last = result.releases[-1].folder if result.releases else "an empty start"
    back = plan_changes(result.after, result.before)
    title = f"{settings.project}, {name}"
    return {
        "migrate.sql": printer.migrate_sql(f"migrate: {title}, after {last}", result.draft, result.after),
        "plan.md": plan_markdown(title, last, result.draft, back, _upgraded(result)),
        "rollback.sql": printer.migrate_sql(f"rollback: {title}, back to {last}", back, result.before),
        "verify.sql": printer.verify_sql(f"verify: {title}", result.after),
    }


def _upgraded(result: Result) -> str:
    """What the reviewer must know when another version of pgspec has sealed the last release."""
    text = result.releases[-1].files["state.json"].decode() if result.releases else "{}"
    version = states.sealed_by(text)
    if version is None or version == __version__:
        return ""
    return (
        f"The last release was sealed by pgspec {version}, this is {__version__}: what changes here without a change "
        "of a spec is printed otherwise by the new version."
    )


def _project(specs: Sequence[tuple[Document, object]], found: list[Diagnostic]) -> tuple[Project, Document] | None:
    """The one project, or None with the finding that says why."""
    projects = [(spec, document) for document, spec in specs if isinstance(spec, Project)]
    declared = [d for d, _ in specs if isinstance(d.value, dict) and d.value.get("kind") == "project"]
    for document in declared:
        if document.path != PROJECT_FILE:
            message = f"a second project; the project is {PROJECT_FILE}"
            found.append(
                _error(document.at("kind"), "PRJ008", message, "merge the two, or give it a folder of its own")
            )
    here = [entry for entry in projects if entry[1].path == PROJECT_FILE]
    if len([d for d in declared if d.path == PROJECT_FILE]) > 1:
        second = [d for d in declared if d.path == PROJECT_FILE][1]
        found.append(_error(second.at("kind"), "PRJ008", "a second project in the same file", "merge the two"))
    if not any(d.path == PROJECT_FILE for d in declared) and not _has_error(found, PROJECT_FILE):
        span = Span(PROJECT_FILE, 1, 1, 1, 2)
        found.append(_error(span, "PRJ008", "the file holds no project", "start it with `kind: project`"))
    return here[0] if here else None


def _has_error(found: Iterable[Diagnostic], path: str) -> bool:
    return any(finding.span.path == path and finding.severity is Severity.ERROR for finding in found)


def _sql_texts(sources: Sources) -> tuple[dict[str, str], list[Diagnostic]]:
    texts, found = {}, []
    for path, data in sources.sql.items():
        try:
            texts[path] = data.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            message = f"the file is not UTF-8 text (byte {error.start})"
            found.append(_error(Span(path, 1, 1, 1, 2), "PRJ009", message, "save it as UTF-8"))
    return texts, found


def _catalog(
    project: Project, document: Document, sources: Sources, texts: Mapping[str, str]
) -> tuple[Catalog, list[Diagnostic]]:
    found = []
    missing = [path for path in sources.schema if path not in sources.sql and path not in sources.unreadable]
    if document.has("schema"):  # the default may be missing: a project without tables
        for path in missing:
            written = (n for n, item in enumerate(project.schema_files) if item and path.endswith(item.lstrip("./")))
            place = document.at("schema", next(written, 0))
            help_ = "paths under `schema:` are relative to specs/; `pg_dump --schema-only` prints such a file"
            found.append(_error(place, "PRJ009", f"there is no schema file `{path}`", help_))
    files = [(path, texts[path]) for path in sources.schema if path in texts]
    catalog, problems = read_schema(files, tuple(project.search_path))
    if project.internal_schema in catalog.schemas:
        place = document.at("internal_schema") if document.has("internal_schema") else document.head()
        message = f"the internal schema `{project.internal_schema}` is already in the schema files"
        help_ = "pgspec creates it: choose another name with `internal_schema:`, or remove it from the schema files"
        found.append(_error(place, "PRJ011", message, help_))
    return catalog, [*found, *problems]


def _rules(built: Program, specs: Sequence[tuple[Spec, Document]]) -> list[Diagnostic]:
    """What the rules find, without what the specs allow, and what the specs allow in vain."""
    found, used = [], set()
    for rule in RULES.values():
        for subject, finding in rule.run(built):
            if finding.code in subject.spec.allow:
                used.add((id(subject.document), finding.code))
            else:
                found.append(finding)
    for spec, document in specs:
        for code in spec.allow:
            if code not in RULES or RULES[code].check is None:
                known = ", ".join(sorted(code for code, rule in RULES.items() if rule.check is not None))
                message = f"`{code}` cannot be accepted" if code in RULES else f"there is no rule `{code}`"
                found.append(_error(document.key("allow", code), "PRJ014", message, f"rules: {known}", _name(spec)))
            elif (id(document), code) not in used and _is_understood(built, document):
                message, help_ = f"nothing here needs `allow: {code}`", "remove it"
                place = document.key("allow", code)
                found.append(Diagnostic(place, "PRJ013", Severity.WARNING, message, help_, _name(spec)))
    return found


def _is_understood(built: Program, document: Document) -> bool:
    """Whether the rules could judge the spec at all: an unused `allow` is certain only then."""
    return any(subject.document is document and subject.understood for subject in built.subjects)


def _name(spec: Spec) -> str:
    return str(getattr(spec, "name", ""))


def _ignored(path: str) -> Diagnostic:
    message, help_ = "this file is not read: specs end in .yaml", "rename it"
    return Diagnostic(Span(path, 1, 1, 1, 2), "PRJ012", Severity.WARNING, message, help_)


def _unreadable(path: str, reason: str) -> Diagnostic:
    help_ = "make it readable, or move it out of the project"
    return _error(Span(path, 1, 1, 1, 2), "PRJ009", f"the file cannot be read: {reason}", help_)


def _error(span: Span, code: str, message: str, help_: str, name: str = "") -> Diagnostic:
    return Diagnostic(span, code, Severity.ERROR, message, help_, name)


def _sorted(found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    return tuple(sorted(set(found)))
