"""The fixtures for a service's own tests, as a project uses them."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

import cfacl
from cfacl.testing.clock import START, Clock

POLICY: Final = """
policy = { name = "shop", purposes = ["support"] }
tables.account.families.id = { level = "sensitive", purposes = ["support"] }
tables.account.families.prof = { level = "personal", purposes = ["support"] }
principals.maya = { kind = "employee", roles = [{ role = "support", until = 2027-06-30T00:00:00Z }] }
principals.past = { kind = "employee", roles = [{ role = "support", until = 2026-06-30T00:00:00Z }] }
[roles.support]
clearance = "personal"
grants = [{ table = "account", families = ["prof"], actions = ["read", "write"], purposes = ["support"], why = "tickets" }]
"""
END: Final = datetime(2027, 6, 30, tzinfo=UTC)


@pytest.fixture
def cfacl_policy() -> cfacl.Policy:
    return cfacl.Policy.loads(POLICY)


def account(db: cfacl.Database, principal: str = "maya") -> cfacl.Table:
    return db.session(principal, purpose="support").table("account")


def test_its_tables_are_there_and_hold_nothing(cfacl_db: cfacl.Database) -> None:
    assert cfacl_db.drift() == []
    assert list(account(cfacl_db).scan()) == []
    account(cfacl_db).put(b"u17", {b"prof:country": b"SG"})


def test_nothing_of_the_test_before_is_in_it(cfacl_db: cfacl.Database) -> None:
    test_its_tables_are_there_and_hold_nothing(cfacl_db)


def test_a_grant_ends_when_the_clock_is_turned(cfacl_db: cfacl.Database, cfacl_clock: Clock) -> None:
    assert cfacl_clock.milliseconds == START
    table = account(cfacl_db)
    left = int(END.timestamp() * 1000) - START
    cfacl_clock.turn(left - 1)
    assert table.row(b"u17") == {}
    cfacl_clock.turn(1)
    with pytest.raises(cfacl.AccessDenied):
        table.row(b"u17")


class TestEarlier:
    """A project whose policy has windows before 2027 begins before them."""

    @pytest.fixture
    def cfacl_clock(self) -> Clock:
        clock = Clock()
        clock.turn_to(datetime(2026, 6, 29, tzinfo=UTC))
        return clock

    def test_it_begins_where_its_clock_says(self, cfacl_db: cfacl.Database, cfacl_clock: Clock) -> None:
        assert account(cfacl_db, "past").row(b"u17") == {}
        cfacl_clock.turn_to(END)
        with pytest.raises(cfacl.AccessDenied):
            account(cfacl_db, "past").row(b"u17")


def test_the_clock_turns_to_the_millisecond_of_an_instant() -> None:
    clock = Clock()
    clock.turn_to(END)
    assert clock.milliseconds == 1_814_313_600_000
    with pytest.raises(cfacl.RequestError, match="`at` is a datetime with an offset; give it a `tzinfo`"):
        clock.turn_to(datetime(2027, 6, 30))  # noqa: DTZ001  # without one is the point


def run(folder: Path, conftest: str, test: str) -> subprocess.CompletedProcess[str]:
    """Run a project's tests in a process of their own."""
    (folder / "shop.toml").write_text(POLICY, "utf-8")
    (folder / "conftest.py").write_text('pytest_plugins = ["cfacl.testing.database"]\n' + conftest, "utf-8")
    (folder / "test_mine.py").write_text("import cfacl, pytest\n" + test, "utf-8")
    inherited = {name: each for name, each in os.environ.items() if not name.startswith(("PYTEST_", "CFACL_"))}
    options = ["-W", "error", "-p", "no:cacheprovider", "-c", os.devnull, f"--rootdir={folder}"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, folder],
        cwd=folder,
        env=inherited,
        capture_output=True,
        text=True,
        check=False,
    )


SAYING: Final = """
import pytest
@pytest.fixture(scope="session")
def cfacl_policy():
    return "{path}"
"""


@pytest.mark.slow
def test_a_project_says_its_policy_and_each_test_has_a_database_that_is_closed_behind_it(tmp_path: Path) -> None:
    test = """
kept = []

def test_one(cfacl_db):
    account = cfacl_db.session("maya", purpose="support").table("account")
    account.put(b"u17", {b"prof:country": b"SG"})
    assert account.row(b"u17") == {b"prof:country": b"SG"}
    with pytest.raises(cfacl.AccessDenied):
        account.row(b"u17", columns=[b"id:email"])
    kept.append(account)

def test_two(cfacl_db):
    with pytest.raises(cfacl.Closed):
        kept[0].row(b"u17")
    assert cfacl_db.session("maya", purpose="support").table("account").row(b"u17") == {}
"""
    ran = run(tmp_path, SAYING.format(path="shop.toml"), test)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "2 passed" in ran.stdout


@pytest.mark.slow
def test_without_a_policy_it_says_what_to_write(tmp_path: Path) -> None:
    ran = run(tmp_path, "", "def test_one(cfacl_db): ...")
    assert ran.returncode == pytest.ExitCode.TESTS_FAILED
    said = "`cfacl_db` has no policy; write a fixture `cfacl_policy` that returns one, or the path of its file"
    assert f"\n{said}\n" in ran.stdout
    assert "Traceback" not in ran.stdout + ran.stderr
    assert "database.py" not in ran.stdout


@pytest.mark.slow
def test_a_policy_with_faults_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text(POLICY.replace('["read", "write"]', '["reed"]'), "utf-8")
    ran = run(tmp_path, SAYING.format(path="bad.toml"), "def test_one(cfacl_db): ...")
    assert ran.returncode == pytest.ExitCode.TESTS_FAILED
    assert "PolicyError" in ran.stdout
    assert "roles.support.grants[0].actions" in ran.stdout
