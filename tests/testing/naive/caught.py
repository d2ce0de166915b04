"""A plugin: a bug is caught by the first test that fails, and the others of its class would be run in vain."""

from __future__ import annotations

import pytest

CAUGHT: set[type] = set()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        CAUGHT.add(item.cls)
    return report


def pytest_runtest_setup(item):
    if item.cls in CAUGHT:
        pytest.skip("caught already")  # one test is enough; the others would take their time in vain
