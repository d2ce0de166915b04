"""What holds for every test: Hypothesis profiles, the parts that a machine may lack, and what a whole run must contain.

A *part* is something that tests need and a machine may lack.  Where it is absent its tests are announced and left
out; where ``CFACL_REQUIRE`` names it (``CFACL_REQUIRE=rolemining``), they fail.  The suite for stores that ships leaves
out what a store says it lacks, and what its author excludes, each announced.  Nothing else may be skipped.
"""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings

from cfacl.testing import announcements

TESTS: Final = Path(__file__).parent
SECURITY: Final = TESTS / "security"

pytest_plugins = ["pytester", "cfacl.testing.database", "cfacl.testing.servers"]

ROLEMINING: Final = "a folder of `user permission` files, named by CFACL_ROLEMINING"
#: What CFACL_REQUIRE may name; the servers and the browser say for themselves what they lack.
PARTS: Final = {"browser", "cassandra", "compiled", "happybase", "hbase", "rolemining"}

#: A package of its own, which is not installed here: `testing/test_example_package.py` runs its tests.
collect_ignore = ["testing/example"]

#: How the reasons of the skips begin that are announced.
ANNOUNCED: Final = tuple(
    f"Skipped: {each}" for each in (announcements.ABSENT, announcements.LACKING, announcements.EXCLUDED)
)

# No deadline: on a busy machine it would time the machine.  Sizes of generated policies make "too slow" a false alarm.
settings.register_profile("quick", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("check", settings.get_profile("quick"), max_examples=10)
settings.register_profile("ci", settings.get_profile("quick"), max_examples=100, derandomize=True, database=None)
settings.register_profile("long", settings.get_profile("quick"), max_examples=5_000)
# A mutant gets the same few examples each time, so that it is killed or not, and never by luck.
settings.register_profile("mutants", settings.get_profile("ci"), max_examples=25)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(scope="session")
def rolemining() -> Path:
    """The folder with access-control matrices of real organisations: one ``user permission`` a line."""
    folder = os.environ.get("CFACL_ROLEMINING", "")
    if not folder or not any(Path(folder).glob("*.txt")):
        announcements.absent("rolemining", ROLEMINING)
    return Path(folder)


@pytest.fixture(scope="session")
def marks() -> dict[str, dict[str, list[str]]]:
    """Where each ``pytest.mark.NAME(argument, ...)`` stands: ``marks["rule"]["3a"]`` is a list of ``file:line``.

    Read from the sources, so that a run of one test tells the same as a run of all.
    """
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for path in [*TESTS.rglob("*.py"), *(TESTS.parent / "cfacl" / "testing").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="mark"), attr=name), args=arguments):
                    for each in arguments:
                        # A mark that cannot be read here counts for nothing, and its number is then missed.
                        if isinstance(each, ast.Constant):
                            found[name][str(each.value)].append(f"{path.relative_to(TESTS.parent)}:{node.lineno}")
    return found


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str, object], None]:
    """Record a figure that is no matter of right or wrong, such as a time; the end of the run tells it."""
    # Not `record_property`, which the format of pytest's own reports takes no more.
    return lambda name, value: request.node.user_properties.append((name, value))


@pytest.fixture(scope="session")
def cassandra_operator(cassandra: Any) -> Iterator[Any]:
    """A session of the driver's, of whoever may do everything."""
    with cassandra.session(timeout=60) as session:
        yield session


@pytest.fixture
def keyspaces(cassandra_operator: Any) -> Iterator[Callable[[], str]]:
    """Make keyspaces of one test, and drop them with it."""
    made: list[str] = []

    def make() -> str:
        made.append(f"t{uuid.uuid4().hex[:12]}")
        cassandra_operator.execute(
            f"CREATE KEYSPACE {made[-1]} WITH replication = {{'class': 'NetworkTopologyStrategy', 'eu': 1}}"
        )
        return made[-1]

    yield make
    for each in made:
        cassandra_operator.execute(f"DROP KEYSPACE IF EXISTS {each}")


class Another:
    """Another process, which does what it is told; it ends with the test, or by itself after twenty minutes."""

    LOOP: Final = """
import json, signal, sys
signal.alarm(1200)
names = {}
for line in sys.stdin:
    try:
        exec(json.loads(line), names)
        told = [names.pop("answer", None), None]
    except BaseException as error:
        told = [None, f"{type(error).__name__}: {error}"]
    print(json.dumps(told), flush=True)
"""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", self.LOOP], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def begin(self, code: str) -> None:
        """Have it do something; `end` waits for that."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(code) + "\n")
        self.process.stdin.flush()

    def end(self) -> Any:
        """Return what the code named ``answer``."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the other process ended: {self.process.wait()}"
        answer, error = json.loads(line)
        assert error is None, error
        return answer

    def do(self, code: str) -> Any:
        """Have it do something, and return what the code named ``answer``."""
        self.begin(code)
        return self.end()

    def kill(self) -> None:
        """End it as a crash does."""
        self.process.kill()
        self.process.wait()
        for each in (self.process.stdin, self.process.stdout):
            assert each is not None
            each.close()


@pytest.fixture
def another() -> Iterator[Callable[[], Another]]:
    """Start other processes."""
    started: list[Another] = []

    def start() -> Another:
        started.append(Another())
        return started[-1]

    yield start
    for each in started:
        each.kill()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--complete", action="store_true", help="fail unless the whole security suite is in this run")


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Trace nothing in a test that says `no_cover`: in a worker pytest-cov stops one of two tracers."""
    main, others = sys.gettrace(), threading.gettrace()
    if item.get_closest_marker("no_cover"):
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]  # as its documentation has it
    try:
        return (yield)
    finally:
        sys.settrace(main)
        threading.settrace(others)  # type: ignore[arg-type]  # none, where there was none


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores: tests of a server wait for it half of their time."""
    return (os.cpu_count() or 1) + 1


def pytest_configure(config: pytest.Config) -> None:
    # A shell that puts a run in the background has it ignore Ctrl-C, and so would each command that is to heed it.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if unknown := announcements.required() - PARTS:
        raise pytest.UsageError(f"CFACL_REQUIRE names {sorted(unknown)}; the parts are {sorted(PARTS)}")
    config.pluginmanager.register(Wholeness(config), "wholeness")


class Wholeness:
    """Fails a run that left something out: an unannounced skip, or with ``--complete`` a test of the security suite.

    And it tells the figures that tests recorded.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.complete = config.getoption("--complete")
        self.floor = int((SECURITY / "count.txt").read_text("ascii"))
        self.count = 0
        self.skipped: list[str] = []
        self.figures: list[str] = []

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        if item.path.is_relative_to(SECURITY):
            item.add_marker("security")

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.count = sum(item.get_closest_marker("security") is not None for item in session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Count what a worker collected, where several processes share the run and this one only tells of it."""
        self.count = sum(each.startswith("tests/security/") for each in ids)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._note(report)
        if report.when == "call":
            test = report.nodeid.rpartition("::")[2]
            self.figures += [f"{test}: {name}: {value}" for name, value in report.user_properties]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._note(report)

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail") and not self._announced(report.longrepr):
            self.skipped.append(report.nodeid)

    @staticmethod
    def _announced(skip: object) -> bool:
        """Whether a skip, which pytest gives as (file, line, reason), is one of those that are announced."""
        return isinstance(skip, tuple) and skip[2].startswith(ANNOUNCED)

    def faults(self) -> list[str]:
        found = [f"{nodeid} was skipped: only what tests/conftest.py announces may be" for nodeid in self.skipped]
        if self.complete and self.count < self.floor:
            found.append(f"the security suite has {self.count} tests, fewer than the {self.floor} of count.txt")
        return found

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if self.faults() and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for figure in self.figures:
            terminalreporter.write_line(figure)
        for fault in self.faults():
            terminalreporter.write_line(f"ERROR {fault}", red=True)
        if self.complete and self.count > self.floor:
            terminalreporter.write_line(f"the security suite grew to {self.count} tests: write that into count.txt")
