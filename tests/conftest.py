"""What every test module may ask for."""

import pytest

from live import MAJORS, database, server
from queue_support import _queue_database, queue, queue_server

__all__ = ["_queue_database", "database", "queue", "queue_server", "server"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the long proofs too")
    parser.addoption("--update", action="store_true", help="accept what the named cases compile to (needs -k)")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--update") and not config.getoption("-k"):
        raise pytest.UsageError("--update takes named cases: add -k NAME")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow"):
        return
    for item in items:
        if item.get_closest_marker("slow"):  # the keywords hold the names of folders too
            item.add_marker(pytest.mark.skip(reason="a long proof; run with --slow"))
        elif item.get_closest_marker("newest") and _major(item) not in (None, MAJORS[-1]):
            item.add_marker(pytest.mark.skip(reason="on the newest server alone; run with --slow for the others"))


def _major(item: pytest.Item) -> int | None:
    """The server that a test runs on."""
    parameters = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    return parameters.get("server", parameters.get("major"))
