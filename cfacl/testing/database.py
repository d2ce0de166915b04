"""A guarded database in memory, for the unit tests of a service.

A plugin of pytest, for a project's `conftest.py`, or for one run with ``-p cfacl.testing.database``::

    pytest_plugins = ["cfacl.testing.database"]

    @pytest.fixture(scope="session")
    def cfacl_policy():
        return Path(__file__).with_name("home.toml")       # or a `Policy`

    def test_mine(cfacl_db, cfacl_clock):
        service = Service(cfacl_db)
        cfacl_clock.turn_to(datetime(2027, 6, 30, tzinfo=UTC))

Each test has a database and a clock of its own.  It needs the extra `testing`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cfacl.api.connection import connect
from cfacl.api.database import Database
from cfacl.policy.policy import Policy
from cfacl.testing.clock import Clock

__all__ = ["cfacl_clock", "cfacl_db", "cfacl_policy"]


@pytest.fixture
def cfacl_policy() -> Policy | str | Path:
    """The policy of `cfacl_db`, or the path of its TOML file; for the project to write."""
    pytest.fail(
        "`cfacl_db` has no policy; write a fixture `cfacl_policy` that returns one, or the path of its file",
        pytrace=False,
    )


@pytest.fixture
def cfacl_clock() -> Clock:
    """The clock of `cfacl_db`; it begins in 2027, and moves only when it is turned.

    Decisions never go back in time.  A project whose policy has earlier windows writes this fixture too, and returns a
    clock that begins before them.
    """
    return Clock()


@pytest.fixture
def cfacl_db(cfacl_policy: Policy | str | Path, cfacl_clock: Clock) -> Iterator[Database]:
    """An empty store in memory behind `cfacl_policy`, by `cfacl_clock`; its tables are there, and it is closed at the end.

    Raises:
        PolicyError: the policy has faults.
    """
    with connect("memory://", policy=cfacl_policy, clock=cfacl_clock) as db:
        db.create_tables()
        yield db
