"""A real HBase: it starts, answers over each transport, asks who may do what, and comes back when it was killed."""

from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import closing
from pathlib import Path

import pytest

from cfacl.testing.announcements import absent
from cfacl.testing.servers import HBase, Missing, Running, ServerError, ports

pytestmark = pytest.mark.slow


@pytest.fixture
def start(tmp_path: Path):
    """Start one that no other test has."""
    started = []

    def started_one(**options) -> HBase:
        server = HBase(tmp_path / "hbase", **options)
        started.append(server)
        try:
            server.start()
        except Missing as missing:
            absent("hbase", str(missing))
        return server

    yield started_one
    for each in started:
        each.stop()


@pytest.mark.parametrize("transport", ["buffered", "framed", "http"])
def test_a_cell_goes_there_and_back(hbase: Running, transport: str) -> None:
    name = f"round-{transport}".encode()
    with closing(hbase.connection(transport)) as connection:
        connection.create_table(name, {"id": {}, "prof": {}})
        table = connection.table(name)
        table.put(b"u\x0017", {b"id:email": b"ada@example.org", b"prof:": b"\xff"})
        assert table.row(b"u\x0017") == {b"id:email": b"ada@example.org", b"prof:": b"\xff"}
        assert list(table.scan(columns=[b"prof"])) == [(b"u\x0017", {b"prof:": b"\xff"})]
        connection.delete_table(name, disable=True)


def test_what_is_granted_can_be_done_and_what_is_revoked_cannot(hbase_acl: Running, system) -> None:
    def may_read(column: bytes) -> bool:
        from Hbase_thrift import IOError as Refused  # a module that thriftpy2 makes when happybase is loaded

        try:
            return alice.table(b"granted").row(b"u17", [column]) == {column: b"1"}
        except Refused as refused:
            if b"AccessDenied" not in refused.message:
                raise
            return False

    with closing(hbase_acl.connection()) as operator, closing(hbase_acl.connection("http", user="alice")) as alice:
        operator.create_table(b"granted", {"id": {}, "prof": {}})
        operator.table(b"granted").put(b"u17", {b"id:n": b"1", b"prof:n": b"1"})
        assert not may_read(b"id:n")
        with hbase_acl.operator() as acl:
            acl.grant("alice", "R", "granted", "id")
            assert system.comes(lambda: may_read(b"id:n"))
            assert not may_read(b"prof:n")
            acl.revoke("alice", "R", "granted", "id")
            assert system.comes(lambda: not may_read(b"id:n"))


def test_a_cell_with_a_label_is_for_those_who_were_allowed_it(hbase_acl: Running, system) -> None:
    with closing(hbase_acl.connection()) as operator, closing(hbase_acl.connection("http", user="zoë b")) as reader:
        operator.create_table(b"labelled", {"id": {}})
        table = reader.table(b"labelled")
        with hbase_acl.operator() as acl:
            acl.define("sealed", "open")
            acl.grant("zoë b", "R", "labelled")
            acl.put("labelled", b"u\xff 17", "id", b"", b"", "sealed&!open")
            acl.allow("zoë b", "sealed")
            assert system.comes(lambda: table.row(b"u\xff 17") == {b"id:": b""})
            acl.disallow("zoë b", "sealed")
            assert system.comes(lambda: table.row(b"u\xff 17") == {})


def test_what_cannot_be_granted_is_an_error_in_one_line(hbase_acl: Running) -> None:
    with hbase_acl.operator() as acl:
        for refused in (
            lambda: acl.grant("alice", "Q"),
            lambda: acl.allow("alice", "no such label"),
        ):
            with pytest.raises(ServerError, match=r"^`(grant|allow)` failed: .+$"):
                refused()


def test_an_operator_gives_a_table_a_family_and_takes_it(hbase: Running) -> None:
    with closing(hbase.connection()) as connection, hbase.operator() as operator:
        connection.create_table(b"altered", {"id": {}})
        operator.add("altered", "prof", versions=3, seconds=60)
        kept = connection.table(b"altered").families()[b"prof"]
        assert (kept["max_versions"], kept["time_to_live"]) == (3, 60)
        operator.remove("altered", "prof")
        assert set(connection.table(b"altered").families()) == {b"id"}
        connection.delete_table(b"altered", disable=True)


def test_without_authorization_there_is_nothing_to_grant_and_nobody_to_be(hbase: Running) -> None:
    with hbase.operator() as operator, pytest.raises(ServerError, match="`grant` failed: "):
        operator.grant("alice", "R")
    with pytest.raises(ServerError, match="start one with `HBase"):
        Running(hbase.ports).operator()
    with pytest.raises(ServerError, match="`buffered` cannot act as `alice`; use `http`"):
        hbase.connection(user="alice")
    with pytest.raises(ServerError, match="no Thrift server with transport `compact`; there is `buffered`"):
        hbase.port("compact")


def test_it_listens_on_the_loopback_address_alone_and_leaves_nothing(start, system, tmp_path: Path) -> None:
    server = start(authorization=True, transports=("framed", "http"))
    pids = system.jvms(tmp_path)
    assert pids == {*server.pids.values()}
    listening = {each for pid in pids for each in system.listens(pid)}
    assert {address for address, _ in listening} == {"0100007F"}
    assert {port for _, port in listening} >= {*server.ports.values()}
    assert len(listening) == len(("zookeeper", "master", "region server", "framed", "http"))
    assert system.end(pids, server.stop)
    server.stop()
    assert not (tmp_path / "hbase" / "data").exists()


def test_what_was_killed_comes_back_with_its_data_and_its_port(start) -> None:
    server = start(transports=("buffered", "framed"))
    with closing(server.connection("framed")) as connection:
        connection.create_table(b"kept", {"id": {}})
        connection.table(b"kept").put(b"u17", {b"id:n": b"1"})
    for name, transport in (("buffered", "buffered"), ("master", "framed")):
        before = server.pids[name], server.port(transport)
        server.kill(name)
        server.restart(name)
        assert (server.pids[name] != before[0], server.port(transport)) == (True, before[1])
        with closing(server.connection(transport)) as connection:
            assert connection.table(b"kept").row(b"u17") == {b"id:n": b"1"}
    server.kill("framed")
    port = server.port("framed")
    told = rf"^port `{port}` of `framed` is taken: end the process that has it"
    with socket.create_server((ports.HOST, port)), pytest.raises(ServerError, match=told):
        server.restart("framed")


def test_a_machine_that_stands_still_for_a_while_ends_nothing(start) -> None:
    server = start()
    os.kill(server.pids["master"], signal.SIGSTOP)
    time.sleep(14)  # a session with ZooKeeper, as it comes, is over after ten
    os.kill(server.pids["master"], signal.SIGCONT)
    until = time.monotonic() + 10  # it would have ended three seconds after it found out
    with closing(server.connection(timeout=60_000)) as connection:
        while time.monotonic() < until:
            connection.create_table(b"made", {"id": {}})
            connection.delete_table(b"made", disable=True)


def test_it_takes_other_ports_where_one_was_taken_meanwhile(start, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[list[int]] = []
    free = ports.free
    with socket.create_server((ports.HOST, 0)) as taken:

        def unlucky(count: int) -> list[int]:
            drawn.append(free(count))
            return [*drawn[0][:-1], taken.getsockname()[1]] if len(drawn) == 1 else drawn[-1]

        monkeypatch.setattr(ports, "free", unlucky)
        server = start()
        assert len(drawn) == 2
        assert server.port() == drawn[1][-1]
        with closing(server.connection()) as connection:
            assert connection.tables() == []
