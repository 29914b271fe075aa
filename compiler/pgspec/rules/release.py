"""REL: releases and output.  Found when files are read and written, so these are pages without a check."""

from __future__ import annotations

from pgspec.rules.registry import page


@page("REL001")
def edited_release() -> None:
    """
    A sealed release was changed.

    Why
    ---
    A release is what was applied to databases.  `generated/releases/pgspec.sum` holds a hash of its files; an edit
    by hand would make the file and the databases disagree.  Restore the files from version control, and put the
    change into a new release.
    """


@page("REL002")
def broken_chain() -> None:
    """
    `pgspec.sum` does not match the folders in generated/releases/.

    Why
    ---
    Each line of the file continues the one before it, so two branches that both release conflict here, on purpose.
    Keep the releases of the branch that is deployed: `git checkout BRANCH -- generated/releases`.  Remove the folder of
    the other branch's release, run `pgspec build`, and release its changes again.
    """


@page("REL003")
def unusable_version() -> None:
    """
    The version or the name of a release cannot be used.

    Why
    ---
    A version is 14 digits (a time, such as 20250823191011) and greater than the last; a name is made of letters,
    digits, `_` and `-`.
    """


@page("REL004")
def nothing_to_release() -> None:
    """
    There is nothing to release.

    Why
    ---
    The specs describe what the last release already installs.
    """


@page("REL005")
def unwritable_output() -> None:
    """
    The output cannot be written.

    Why
    ---
    pgspec writes all files or none; the reason comes from the operating system.
    """


@page("REL006")
def file_in_the_way() -> None:
    """
    A file of a runner's layout is there, with another text.

    Why
    ---
    `pgspec release --layout` adds files to a folder that it shares with you, and never replaces one: what is there may
    have been edited, or applied to a database.  Compare it with the release in generated/releases/, then remove or
    rename it, and run the command again.
    """


@page("REL007")
def unusable_for_the_runner() -> None:
    """
    The migration runner could not use the release.

    Why
    ---
    Runners read names as more than names: Sqitch and node-pg-migrate take the version for a point in time, Sqitch
    allows no sign at the end of a name, Supabase passes over an `init` of before December 2021.  Alembic has to know
    which of several heads to continue.  Nothing is sealed then, since a release cannot be renamed.
    """


@page("REL008")
def unknown_former_name() -> None:
    """
    A view says that it was something that it cannot have been.

    Why
    ---
    `was: old_name` renames the view of the last release instead of dropping it and building a new one.  Where there is
    no view of that name, or another spec has it, a new view would be built and the old one dropped, which is what you
    did not want.  A view stays in its schema.  Once the renaming is released, `was` can go.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: orders_by_day
    was: order_daily
    unique_key: [placed_on]
    query: SELECT placed_on, count(*) AS orders FROM orders GROUP BY placed_on
    ```

    Good
    ----
    ```yaml
    kind: materialized_view
    name: orders_by_day
    unique_key: [placed_on]
    query: SELECT placed_on, count(*) AS orders FROM orders GROUP BY placed_on
    ```
    """
