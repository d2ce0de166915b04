"""A plugin: a bug is caught by the first test that fails, and the others of its class would be run in vain."""

from __future__ import annotations

import pytest

CAUGHT: set[type] = set()
#: What takes seconds where others take milliseconds, and comes last: most bugs are caught before.
LONG = ("test_no_number_of_", "test_parts_")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.name.startswith(LONG))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        CAUGHT.add(item.cls)
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item):
    return True if item.cls in CAUGHT else None  # as if it had been run: even to skip so many takes minutes
