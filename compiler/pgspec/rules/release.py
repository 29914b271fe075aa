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
    Keep the line of the release that is deployed, remove the other release's folder, run `pgspec build` and release
    again.
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
