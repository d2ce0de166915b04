"""The fixtures for a service's own tests, as a project uses them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Final

import pytest

import cfacl
from cfacl.testing import memory_database
from cfacl.testing.clock import START, Clock

POLICY: Final = """
policy = { name = "shop", purposes = ["support"] }
tables.account.families.id = { level = "sensitive", purposes = ["support"] }
tables.account.families.prof = { level = "personal", purposes = ["support"] }
principals.maya = { kind = "employee", roles = [{ role = "support", until = 2027-06-30T00:00:00Z }] }
[roles.support]
clearance = "personal"
grants = [{ table = "account", families = ["prof"], actions = ["read", "write"], purposes = ["support"], why = "tickets" }]
"""
#: With somebody who left before tests begin, unless they say when.
PAST: Final = POLICY.replace(
    "[roles.support]",
    'principals.past = { kind = "employee", roles = [{ role = "support", until = 2026-06-30T00:00:00Z }] }\n[roles.support]',
)
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
    def cfacl_policy(self) -> cfacl.Policy:
        return cfacl.Policy.loads(PAST)

    @pytest.fixture
    def cfacl_clock(self) -> Clock:
        return Clock(datetime(2026, 6, 29, tzinfo=UTC))

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


@pytest.mark.parametrize(
    ("by", "milliseconds"),
    [
        (0, 0),
        (5, 5),
        (5.0, 5),
        (0.25, 1),
        (1e9, 1_000_000_000),
        (timedelta(days=90), 7_776_000_000),
        (timedelta(seconds=1.5), 1_500),
        (timedelta(microseconds=1), 1),
        (timedelta(0), 0),
    ],
    ids=repr,
)
def test_a_clock_is_turned_by_numbers_and_by_timedeltas(by: float | timedelta, milliseconds: int) -> None:
    clock = Clock()
    clock.turn(by)
    assert clock.milliseconds == START + milliseconds
    assert type(clock()) is int


@pytest.mark.parametrize("by", [-1, -0.5, timedelta(seconds=-1)], ids=repr)
def test_a_clock_does_not_go_back(by: float | timedelta) -> None:
    clock = Clock()
    for turn in (lambda: clock.turn(by), lambda: clock.turn_to(datetime(2026, 12, 31, tzinfo=UTC))):
        with pytest.raises(cfacl.RequestError) as refused:
            turn()
        assert str(refused.value) == (
            "a clock does not go back, for decisions never do; begin earlier, with `Clock(datetime(...))`"
        )
    assert clock.milliseconds == START
    clock.turn_to(datetime(2027, 1, 15, 8, tzinfo=UTC))  # where it stands


@pytest.mark.parametrize("by", [float("nan"), float("inf"), True, "5", None], ids=repr)
def test_a_clock_is_turned_by_nothing_else(by: Any) -> None:
    with pytest.raises(cfacl.RequestError, match="a number of milliseconds, or by a `timedelta`"):
        Clock().turn(by)


@pytest.mark.parametrize("at", [datetime(2027, 6, 30), "2027", 1.5, True], ids=repr)  # noqa: DTZ001  # as above
def test_a_clock_begins_at_an_instant(at: Any) -> None:
    with pytest.raises(cfacl.RequestError):
        Clock(at)
    assert Clock(END).milliseconds == Clock(1_814_313_600_000).milliseconds == 1_814_313_600_000


# ------------------------------------------------------------------------------------------------------------- windows


FROM_LATER: Final = POLICY.replace('why = "tickets"', 'why = "tickets", from = 2027-02-01T00:00:00Z')
RESTRICTED: Final = POLICY + (
    'restrictions = [{ table = "account", actions = ["write"], why = "t", until = 2027-01-15T08:00:00Z }]\n'
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PAST, "when the window of `principals.past.roles[0]` is over; say when"),
        (FROM_LATER, "when the window of `roles.support.grants[0]` has not begun; say when"),
        (RESTRICTED, "when the window of `roles.support.restrictions[0]` is over; say when"),
        (PAST.replace('why = "tickets"', 'why = "tickets", until = 2026-01-01T00:00:00Z'), "is over, as 1 more; say"),
    ],
    ids=["assignment", "grant", "restriction", "two"],
)
def test_a_window_that_tests_begin_outside_of_is_warned_about(text: str, said: str) -> None:
    policy = cfacl.Policy.loads(text)
    with pytest.warns(UserWarning, match=f"tests begin on 2027-01-15, .*{re.escape(said)}"), memory_database(policy):
        pass
    with pytest.warns(UserWarning, match=re.escape(said)), memory_database(policy, Clock()):
        pass


@pytest.mark.parametrize(
    "clock", [Clock(START), Clock(END), lambda: START * 1_000_000], ids=["begin", "end", "another"]
)
def test_whoever_says_when_is_not_warned(clock: Any) -> None:
    with memory_database(cfacl.Policy.loads(PAST), clock):
        pass


async def later() -> int:
    return 1


@pytest.mark.parametrize(
    "said",
    [{"clock": "2026"}, {"clock": later}, {"clock": Clock}, {"on_event": "told"}, {"policy": 3}],
    ids=["a str", "a coroutine", "a class", "a hook", "a policy"],
)
def test_what_makes_no_sense_is_refused_as_by_connect(cfacl_policy: cfacl.Policy, said: dict[str, Any]) -> None:
    refused = []
    for opened in (memory_database, lambda **keys: cfacl.connect("memory://", **keys)):
        with pytest.raises(cfacl.CfaclError) as error, opened(**{"policy": cfacl_policy} | said):
            pass
        refused.append((type(error.value), str(error.value)))
    assert refused[0] == refused[1]


# -------------------------------------------------------------------------------------------------------------- events


def test_events_are_told_as_by_connect(cfacl_policy: cfacl.Policy) -> None:
    told: list[cfacl.Event] = []
    again: list[cfacl.Event] = []
    for hook in (told.append, (again.append, told.append), None):
        with memory_database(cfacl_policy, on_event=hook) as db:
            account(db).row(b"u17")
    assert [each.request for each in told] == ["row", "row"]
    assert [each.request for each in again] == ["row"]


@pytest.mark.parametrize("wrong", ["told", [print, 5]], ids=["a name", "a number"])
def test_what_is_no_function_is_refused_as_by_connect(cfacl_policy: cfacl.Policy, wrong: Any) -> None:
    with (
        pytest.raises(cfacl.RequestError, match="`on_event` is a function"),
        memory_database(cfacl_policy, on_event=wrong),
    ):
        raise AssertionError


class TestTold:
    """A project that looks at events."""

    told: ClassVar[list[cfacl.Event]] = []

    @pytest.fixture
    def cfacl_on_event(self) -> Any:
        return self.told.append

    def test_its_hook_is_told(self, cfacl_db: cfacl.Database) -> None:
        account(cfacl_db).row(b"u17")
        assert [each.principal for each in self.told] == ["maya"]


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


# ------------------------------------------------------------------------------------------- as a project's tests fail


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project with a policy, and nothing else."""
    pytester.makefile(".toml", shop=POLICY)
    pytester.makeconftest('pytest_plugins = ["cfacl.testing.database"]\n' + SAYING.format(path="shop.toml"))
    return pytester


def test_a_principal_is_a_session_or_a_table_for_one_test(project: pytest.Pytester) -> None:
    project.makepyfile("""
        import cfacl, pytest
        kept = []

        def test_one(as_principal):
            maya = as_principal("maya", purpose="support")
            account = as_principal("maya", purpose="support", table="account")
            account.put(b"u17", {b"prof:country": b"SG"})
            assert maya.table("account").row(b"u17") == account.row(b"u17") == {b"prof:country": b"SG"}
            assert type(maya) is cfacl.Session
            assert type(account) is cfacl.Table
            kept[:] = maya, account

        def test_two(as_principal, cfacl_db):
            assert as_principal("maya", purpose="support", table="account").row(b"u17") == {}
            for use in (lambda: kept[0].table("account"), lambda: kept[1].row(b"u17")):
                with pytest.raises(cfacl.Closed):
                    use()
            assert cfacl_db.stats()["store"] == "memory"
    """)
    project.runpytest("-p", "no:cacheprovider").assert_outcomes(passed=2)


@pytest.mark.parametrize("file", ["pytest.ini", "pyproject.toml"])
@pytest.mark.parametrize("said", ["2026-06-29T00:00:00Z", "2026-06-29T02:00:00+02:00", "2026-06-29 00:00:00+00:00"])
def test_the_settings_say_when_tests_begin(project: pytest.Pytester, said: str, file: str) -> None:
    project.makefile(".toml", shop=PAST)
    heading, value = ("[pytest]", said) if file == "pytest.ini" else ("[tool.pytest.ini_options]", f'"{said}"')
    (project.path / file).write_text(f"{heading}\ncfacl_clock_start = {value}\n", "utf-8")
    project.makepyfile("""
        def test_one(as_principal, cfacl_clock):
            assert cfacl_clock.milliseconds == 1782691200000
            assert as_principal("past", purpose="support").allows("read", "account", "prof")
    """)
    project.runpytest("-p", "no:cacheprovider", "--strict-config", "-W", "error").assert_outcomes(passed=1)


@pytest.mark.parametrize("said", ["tomorrow", "2026-06-29", "2026-06-29T00:00:00"])
def test_a_setting_that_is_no_instant_is_told(project: pytest.Pytester, said: str) -> None:
    (project.path / "pytest.ini").write_text(f"[pytest]\ncfacl_clock_start = {said}\n", "utf-8")
    project.makepyfile("def test_one(cfacl_db): ...")
    ran = project.runpytest("-p", "no:cacheprovider")
    ran.assert_outcomes(errors=1)
    ran.stdout.fnmatch_lines("`cfacl_clock_start` is an instant such as 2026-12-01T00:00:00Z, with its offset")
    assert "Traceback" not in ran.stdout.str()


def test_a_failing_assertion_points_at_the_test_and_shows_no_value(project: pytest.Pytester) -> None:
    project.makepyfile("""
        from cfacl.testing import assert_only_sees, assert_refused

        def test_refused(as_principal):
            account = as_principal("maya", purpose="support", table="account")
            with assert_refused("id"):
                account.row(b"u17")

        def test_seen(as_principal):
            account = as_principal("maya", purpose="support", table="account")
            account.put(b"can" + b"ary", {b"prof:can" + b"ary": b"can" + b"ary"})
            assert_only_sees(account.scan(), b"prof:country", withheld=())
    """)
    ran = project.runpytest("-p", "no:cacheprovider")
    ran.assert_outcomes(failed=2)
    said = ran.stdout.str()
    assert (
        "AssertionError: a request on `id` was to be refused, and was not: no `AccessDenied` came out of the block"
        in said
    )
    assert (
        "AssertionError: other columns of `prof` can be seen; nothing of `prof:country` is there;"
        " row 1 withheld `id`, and not nothing" in said
    )
    assert "canary" not in said
    assert "assertions.py" not in said
