"""A real Cassandra: what it listens on, what it keeps, whom it lets in, and that several nodes are one."""

from __future__ import annotations

import ssl
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cassandra import AuthenticationFailed, InvalidRequest
from cassandra.cluster import NoHostAvailable

from cfacl.testing.servers import Cassandra, Missing, RunningCassandra
from cfacl.testing.servers.artifacts import java_of, resolve
from cfacl.testing.servers.cassandra import archive
from cfacl.testing.servers.cassandra.server import SOURCE

pytestmark = pytest.mark.slow


@contextmanager
def keyspace(session: Any, replication: str) -> Iterator[str]:
    name = f"s{uuid.uuid4().hex[:12]}"
    session.execute(f"CREATE KEYSPACE {name} WITH replication = {{'class': 'NetworkTopologyStrategy', {replication}}}")
    yield name
    session.execute(f"DROP KEYSPACE {name}")


def test_it_listens_on_the_loopback_address_alone(cassandra: RunningCassandra, system, tmp_path: Path) -> None:
    assert cassandra.folder is not None
    (pid,) = system.jvms(cassandra.folder / "conf")
    found = system.listens(pid)
    assert {address for address, _ in found} == {"0100007F"}
    assert cassandra.port in {port for _, port in found}


def test_a_session_has_plain_tuples_and_no_delay(cassandra: RunningCassandra) -> None:
    with cassandra.session() as session, keyspace(session, "'eu': 1") as name:
        session.execute(f"CREATE TABLE {name}.t (k int PRIMARY KEY, v blob)")
        session.execute(f"INSERT INTO {name}.t (k, v) VALUES (1, 0x02)")
        assert session.execute(f"SELECT k, v FROM {name}.t").all() == [(1, b"\2")]
        with pytest.raises(InvalidRequest):
            session.execute("SELECT k FROM nowhere.t")


def test_what_was_acknowledged_survives_a_kill_and_comes_back_with_its_port(tmp_path: Path, system) -> None:
    with Cassandra(tmp_path) as server:
        port = server.port
        with server.session() as session:
            session.execute("CREATE KEYSPACE k WITH replication = {'class': 'NetworkTopologyStrategy', 'eu': 1}")
            session.execute("CREATE TABLE k.t (k int PRIMARY KEY)")
            put = session.prepare("INSERT INTO k.t (k) VALUES (?)")
            for number in range(500):
                session.execute(put, (number,))
            server.kill("one")
        assert not system.jvms(tmp_path)
        server.restart("one")
        assert server.port == port
        with server.session() as session:
            assert {key for (key,) in session.execute("SELECT k FROM k.t")} == set(range(500))
            server.pause("one")
            future = session.execute_async("SELECT now() FROM system.local", timeout=60)
            assert not future._event.wait(1)
            server.resume("one")
            assert len(future.result().current_rows) == 1
        server.pause("one")
        pids = system.jvms(tmp_path)
        assert system.end(pids, server.stop)
    assert not (tmp_path / "data").exists()


def test_it_asks_for_a_password_where_it_was_told_to(cassandra_auth: RunningCassandra) -> None:
    with cassandra_auth.session() as session:
        assert session.execute("SELECT now() FROM system.local").all()
    with pytest.raises(NoHostAvailable) as error, cassandra_auth.session(user=("cassandra", "wrong")):
        pass
    assert isinstance(next(iter(error.value.errors.values())), AuthenticationFailed)


def test_it_speaks_tls_alone_and_asks_for_a_certificate(cassandra_auth: RunningCassandra) -> None:
    assert cassandra_auth.certificates is not None
    strangers = ssl.create_default_context(cafile=str(cassandra_auth.certificates / "ca.pem"))
    for context in (None, strangers, ssl.create_default_context()):
        with pytest.raises(NoHostAvailable), cassandra_auth.session(ssl_context=context, timeout=3):
            pass


def test_three_nodes_in_two_data_centres_are_one(cassandra_ring: RunningCassandra) -> None:
    assert cassandra_ring.data_centers == {"one": "eu", "two": "eu", "three": "us"}
    with cassandra_ring.session("one") as session, keyspace(session, "'eu': 2, 'us': 1") as name:
        session.execute(f"CREATE TABLE {name}.t (k int PRIMARY KEY)")
        session.execute(f"INSERT INTO {name}.t (k) VALUES (1)")
        for node, center in cassandra_ring.data_centers.items():
            with cassandra_ring.session(node, timeout=30) as other:
                assert other.execute("SELECT data_center FROM system.local").all() == [(center,)]
                peers = other.execute("SELECT peer FROM system.peers_v2").all()
                assert {str(peer) for (peer,) in peers} == set(cassandra_ring.addresses.values()) - {
                    cassandra_ring.addresses[node]
                }
                assert other.execute(f"SELECT k FROM {name}.t WHERE k = 1").all() == [(1,)]


def test_the_first_that_ends_leaves_an_archive_which_the_next_uses_unless_it_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archives = tmp_path / "archives"
    monkeypatch.setattr(archive, "_archives", lambda: archives)

    def used(server: Cassandra) -> bool:
        return bytes(archives) in Path(f"/proc/{server.pids['one']}/maps").read_bytes()

    with Cassandra(tmp_path / "first") as server:
        assert not used(server)
    (kept,) = archives.glob("*.jsa")
    with Cassandra(tmp_path / "second") as server:
        assert used(server)
    kept.chmod(0o600)
    with kept.open("r+b") as file:  # a JVM dies of one that is damaged
        file.seek(kept.stat().st_size // 2)
        file.write(bytes(4_096))
    artifacts = resolve(SOURCE, java_of(17))
    assert archive.find(artifacts) is None
    assert not kept.exists()


@pytest.mark.parametrize("data_centers", [(), ("a",) * 4])
def test_there_are_one_to_three_nodes(tmp_path: Path, data_centers: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="`data_centers` has one to three names"):
        Cassandra(tmp_path, data_centers=data_centers)


def test_without_the_driver_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "cassandra", None)
    with pytest.raises(Missing, match=r"^`cassandra-driver` is not installed: `pip install 'cfacl\[cassandra\]'`$"):
        Cassandra(tmp_path).start()
