"""The plugin: the fixtures, and who owns what they start."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, Final

import pytest

from cfacl.testing.announcements import absent
from cfacl.testing.servers.cassandra.running import RunningCassandra
from cfacl.testing.servers.errors import Missing, ServerError
from cfacl.testing.servers.hbase.running import Running
from cfacl.testing.servers.run import Run

__all__ = [
    "cassandra",
    "cassandra_auth",
    "cassandra_ring",
    "hbase",
    "hbase_acl",
    "pytest_configure",
    "pytest_configure_node",
    "pytest_terminal_summary",
    "pytest_unconfigure",
]

_RUN: Final = pytest.StashKey[Run]()
#: What a worker of pytest-xdist is told: the folder of the run.
_FOLDER: Final = "cfacl_servers"
#: What each variable names.
_KINDS: Final = {"CFACL_CASSANDRA": "a node of Cassandra", "CFACL_HBASE": "a buffered Thrift server"}


@pytest.fixture(scope="session")
def hbase(request: pytest.FixtureRequest) -> Running:
    """An HBase that lets everybody do everything, over `buffered`, `framed` and `http`."""
    if address := os.environ.get("CFACL_HBASE"):
        return _named(address)
    return _started(request, authorization=False)


@pytest.fixture(scope="session")
def hbase_acl(request: pytest.FixtureRequest) -> Running:
    """An HBase with AccessController and VisibilityController, whose superuser is `hbase`."""
    if os.environ.get("CFACL_HBASE"):
        absent("hbase", "one with authorization is started only where CFACL_HBASE names none: unset it")
    return _started(request, authorization=True)


@pytest.fixture(scope="session")
def cassandra(request: pytest.FixtureRequest) -> RunningCassandra:
    """A Cassandra of one node that lets everybody do everything."""
    if address := os.environ.get("CFACL_CASSANDRA"):
        host, port = _place("CFACL_CASSANDRA", address)
        return RunningCassandra(port, {"one": host}, {})
    return _cassandra(request, "cassandra", ("eu",), secured=False)


@pytest.fixture(scope="session")
def cassandra_auth(request: pytest.FixtureRequest) -> RunningCassandra:
    """A Cassandra of one node that asks for passwords, and who may do what, and speaks TLS with those that it knows."""
    return _cassandra(request, "cassandra_auth", ("eu",), secured=True)


@pytest.fixture(scope="session")
def cassandra_ring(request: pytest.FixtureRequest) -> RunningCassandra:
    """A Cassandra of three nodes, two of them in the data centre `eu`, and one in `us`."""
    return _cassandra(request, "cassandra_ring", ("eu", "eu", "us"), secured=False)


def pytest_configure(config: pytest.Config) -> None:
    """Own the run's servers, in the process that has no other above it."""
    told: dict[str, Any] | None = getattr(config, "workerinput", None)
    run = Run(Path(told[_FOLDER] if told else tempfile.mkdtemp(prefix="cfacl-servers-")))
    if told is None:
        run.own()
    config.stash[_RUN] = run


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist whose servers it shares."""
    node.workerinput[_FOLDER] = str(node.config.stash[_RUN].folder)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config) -> None:
    """Tell what the servers complained of where tests failed, for a server that ended fails tests that are not to blame."""
    if exitstatus == pytest.ExitCode.TESTS_FAILED and (told := config.stash[_RUN].complaints()):
        terminalreporter.section("what the servers complained of last")
        for each in told:
            terminalreporter.write_line(each)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what the run started; its other processes have ended before."""
    if not hasattr(config, "workerinput") and _RUN in config.stash:
        config.stash[_RUN].close()


def _started(request: pytest.FixtureRequest, *, authorization: bool) -> Running:
    try:
        return request.config.stash[_RUN].hbase(authorization=authorization)
    except Missing as missing:
        absent("hbase", str(missing))


def _cassandra(
    request: pytest.FixtureRequest, name: str, data_centers: tuple[str, ...], *, secured: bool
) -> RunningCassandra:
    if os.environ.get("CFACL_CASSANDRA"):
        absent("cassandra", "one with passwords, or of several nodes, is started only where CFACL_CASSANDRA names none")
    try:
        return request.config.stash[_RUN].cassandra(name, data_centers, secured=secured)
    except Missing as missing:
        absent("cassandra", str(missing))


def _named(address: str) -> Running:
    host, port = _place("CFACL_HBASE", address)
    return Running({"buffered": port}, host=host)


def _place(variable: str, address: str) -> tuple[str, int]:
    host, colon, port = address.rpartition(":")
    if not (host and colon and port.isdecimal()):
        raise ServerError(f"{variable} is `host:port` of {_KINDS[variable]}, and not `{address}`")
    return host, int(port)
