"""A guarded database in memory, for the unit tests of a service.

A plugin of pytest, for a project's `conftest.py`, or for one run with ``-p cfacl.testing.database``::

    pytest_plugins = ["cfacl.testing.database"]

    @pytest.fixture(scope="session")
    def cfacl_policy():
        return Path(__file__).with_name("home.toml")       # or a `Policy`

    def test_mine(cfacl_db, cfacl_clock, as_principal):
        service = Service(cfacl_db)
        account = as_principal("maya", purpose="support", table="account")
        cfacl_clock.turn_to(datetime(2027, 6, 30, tzinfo=UTC))   # or `turn(timedelta(days=90))`
        with assert_refused("prof"):                             # from `cfacl.testing`
            account.row(b"u17")

Each test has a database and a clock of its own.  When they begin says ``cfacl_clock_start``, an instant, in the settings
of pytest; left out, 2027-01-15T08:00:00Z.  It needs pytest, and
nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from cfacl.api.database import Database
from cfacl.audit.event import Hook
from cfacl.errors import RequestError
from cfacl.policy.policy import Policy
from cfacl.testing.clock import Clock
from cfacl.testing.memory import AsPrincipal, memory_database

__all__ = ["as_principal", "cfacl_clock", "cfacl_db", "cfacl_on_event", "cfacl_policy"]

_SETTING = "cfacl_clock_start"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the setting that says when tests begin."""
    parser.addini(_SETTING, "when the clock of cfacl_db begins, an instant such as 2026-12-01T00:00:00Z", default="")


@pytest.fixture
def cfacl_policy() -> Policy | str | Path:
    """The policy of `cfacl_db`, or the path of its TOML file; for the project to write."""
    pytest.fail(
        "`cfacl_db` has no policy; write a fixture `cfacl_policy` that returns one, or the path of its file",
        pytrace=False,
    )


@pytest.fixture
def cfacl_clock(pytestconfig: pytest.Config) -> Clock:
    """The clock of `cfacl_db`; it begins when ``cfacl_clock_start`` says, and moves only when it is turned, never back.

    Left out, it begins on 2027-01-15T08:00:00Z, and a policy with a window that this lies outside of is warned about.  A
    project, a module or a class that wants another time writes this fixture too, and returns a `Clock` of that time.
    """
    said = pytestconfig.getini(_SETTING)
    if not said:
        return Clock()
    try:
        return Clock(datetime.fromisoformat(said))
    except (RequestError, ValueError):
        pytest.fail(f"`{_SETTING}` is an instant such as 2026-12-01T00:00:00Z, with its offset", pytrace=False)


@pytest.fixture
def cfacl_on_event() -> Hook | Sequence[Hook] | None:
    """What is told of the events of `cfacl_db`; nothing, unless a project writes it, as that of `cfacl.connect`."""
    return None


@pytest.fixture
def cfacl_db(
    cfacl_policy: Policy | str | Path, cfacl_clock: Clock, cfacl_on_event: Hook | Sequence[Hook] | None
) -> Iterator[Database]:
    """An empty store in memory behind `cfacl_policy`, by `cfacl_clock`; its tables are there, and it is closed at the end.

    Raises:
        PolicyError: the policy has faults.
    """
    with memory_database(cfacl_policy, cfacl_clock, on_event=cfacl_on_event) as db:
        yield db


@pytest.fixture
def as_principal(cfacl_db: Database) -> Iterator[AsPrincipal]:
    """Opens sessions on `cfacl_db`, which are closed at the end.

    ``as_principal("maya", purpose="support")`` is a `Session`, with ``table="account"`` a `Table`.
    """
    with AsPrincipal(cfacl_db) as opened:
        yield opened
