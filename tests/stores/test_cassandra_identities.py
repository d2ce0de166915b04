"""Who we are to a cluster, and that it is the one that we mean: passwords, rights, certificates."""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import trustme

import cfacl
from cfacl.errors import StoreError, StoreUnavailable
from cfacl.stores.cassandra.store import CassandraStore, open_store
from cfacl.stores.native import Refused
from cfacl.testing.servers import Relay, RunningCassandra

pytestmark = pytest.mark.slow

POLICY = """
policy = { name = "x", purposes = ["w"] }
tables.t.families.a = { level = "sealed", purposes = ["w"] }
tables.t.families.b = { level = "public", purposes = ["w"] }
stores.cassandra.require_tls = "sealed"
principals.p = { kind = "service", roles = ["r"] }
[roles.r]
clearance = "sealed"
grants = [{ table = "t", at_or_below = "sealed", actions = ["read", "write"], purposes = ["w"], why = "test" }]
"""


class Guarded:
    """A keyspace in a cluster that asks who comes."""

    def __init__(self, server: RunningCassandra, folder: Path, operator: Any) -> None:
        assert server.certificates is not None
        self.server, self.folder, self.operator, self.certificates = server, folder, operator, server.certificates
        self.keyspace = f"i{uuid.uuid4().hex[:12]}"
        operator.execute(
            f"CREATE KEYSPACE {self.keyspace} WITH replication = {{'class': 'NetworkTopologyStrategy', 'eu': 1}}"
        )

    def credentials(self, user: str, password: str) -> Path:
        file = self.folder / f"{user}-{password}"
        file.write_text(f"[PlainTextAuthProvider]\nusername = {user}\npassword = {password}\n", "utf-8")
        return file

    def url(
        self,
        user: str = "cassandra",
        password: str = "cassandra",
        host: str | None = None,
        port: int | None = None,
        **query: object,
    ) -> str:
        folder = self.certificates
        said: dict[str, object] = {
            "ca": folder / "ca.pem",
            "cert": folder / "client.pem",
            "key": folder / "client.key",
            "credentials": self.credentials(user, password),
            "timeout": 30,
            **query,
        }
        text = "&".join(f"{name}={value}" for name, value in said.items() if value is not None)
        return f"cassandra://{host or self.server.host}:{port or self.server.port}/{self.keyspace}?{text}"

    def user(self) -> str:
        name = f"u{uuid.uuid4().hex[:12]}"
        self.operator.execute(f"CREATE ROLE {name} WITH LOGIN = true AND PASSWORD = 'secret'")
        return name


@pytest.fixture(scope="module")
def superuser(cassandra_auth: RunningCassandra) -> Iterator[Any]:
    with cassandra_auth.session(timeout=60) as session:
        yield session


@pytest.fixture
def guarded(cassandra_auth: RunningCassandra, superuser: Any, tmp_path: Path) -> Iterator[Guarded]:
    made = Guarded(cassandra_auth, tmp_path, superuser)
    yield made
    superuser.execute(f"DROP KEYSPACE {made.keyspace}")


def test_with_a_password_and_a_certificate_all_is_as_ever(guarded: Guarded) -> None:
    with cfacl.connect(guarded.url(), policy=cfacl.Policy.loads(POLICY)) as db:
        db.create_tables()
        table = db.session("p", purpose="w").table("t")
        table.put(b"u", {b"a:q": b"1"})
        assert table.row(b"u") == {b"a:q": b"1"}
        assert db._store.plaintext is False


@pytest.mark.parametrize(("user", "password"), [("cassandra", "wrong"), ("nobody", "secret")])
def test_whom_the_cluster_does_not_know_is_told_so_and_nothing_of_the_password(
    guarded: Guarded, user: str, password: str
) -> None:
    with pytest.raises(StoreError, match=r"^the cluster does not let us in; see the file of `credentials`$") as error:
        open_store(guarded.url(user, password), clock=time.time_ns)
    assert not isinstance(error.value, StoreUnavailable)


def test_without_credentials_it_is_told(guarded: Guarded) -> None:
    """A certificate says who we are only where the cluster goes by it."""
    with pytest.raises(StoreError, match=r"^the cluster does not let us in; see the file of `credentials`$"):
        open_store(guarded.url(credentials=None), clock=time.time_ns)


def test_a_plain_connection_to_a_cluster_of_tls_ends(guarded: Guarded) -> None:
    with pytest.raises(StoreError):
        open_store(guarded.url(ca=None, cert=None, key=None), clock=time.time_ns)


def test_without_our_certificate_the_cluster_refuses(guarded: Guarded) -> None:
    with pytest.raises(StoreError):
        open_store(guarded.url(cert=None, key=None), clock=time.time_ns)


def test_a_cluster_that_another_signed_for_is_not_spoken_to(guarded: Guarded, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    for ca in (other, None):
        with pytest.raises(StoreError, match="can't agree on TLS"):
            open_store(guarded.url(ca=ca, tls="true"), clock=time.time_ns)


def test_a_node_whose_certificate_has_another_name_is_not_spoken_to(guarded: Guarded) -> None:
    """A name is looked up first, so that it is the address which the certificate has to bear."""
    server = guarded.server
    with Relay(server.host, server.port) as relay:
        open_store(guarded.url(port=relay.port), clock=time.time_ns).close()
    with (
        Relay(server.host, server.port, at="127.0.0.9") as relay,
        pytest.raises(StoreError, match="can't agree on TLS"),
    ):
        open_store(guarded.url(host=relay.host, port=relay.port), clock=time.time_ns)
    open_store(guarded.url(host="localhost"), clock=time.time_ns).close()


def test_what_the_cluster_refuses_is_a_failure_and_never_a_denial_or_an_empty_row(guarded: Guarded) -> None:
    policy = cfacl.Policy.loads(POLICY)
    with cfacl.connect(guarded.url(), policy=policy) as db:
        db.create_tables()
        db.session("p", purpose="w").table("t").put(b"u", {b"a:q": b"1", b"b:q": b"2"})
        tables = {each.described.family: each.name for each in db._store._schema._there().values()}
    user = guarded.user()
    guarded.operator.execute(f"GRANT SELECT ON {guarded.keyspace}.cfacl_records TO {user}")
    guarded.operator.execute(f"GRANT SELECT ON {tables['b']} TO {user}")
    with cfacl.connect(guarded.url(user, "secret"), policy=policy) as db:
        table = db.session("p", purpose="w").table("t")
        assert table.row(b"u", columns=[b"b"]) == {b"b:q": b"2"}
        for columns in (None, [b"a"], [b"a:q", b"b:q"]):
            with pytest.raises(
                cfacl.StoreError, match=rf"^the cluster refuses `SELECT` on this to .* `{user}`; `GRANT` it"
            ):
                table.row(b"u", columns=columns)
        with pytest.raises(cfacl.StoreError, match="refuses `MODIFY`"):
            table.put(b"u", {b"b:q": b"3"})
        with pytest.raises(cfacl.StoreError, match="refuses `SELECT`"):
            list(table.scan())
    guarded.operator.execute(f"DROP ROLE {user}")


def test_a_user_without_any_rights_can_connect_to_nothing(guarded: Guarded) -> None:
    with cfacl.connect(guarded.url(), policy=cfacl.Policy.loads(POLICY)) as db:
        db.create_tables()
    user = guarded.user()
    with pytest.raises(Refused, match="refuses `SELECT`"):
        cfacl.connect(guarded.url(user, "secret"), policy=cfacl.Policy.loads(POLICY))
    guarded.operator.execute(f"DROP ROLE {user}")


def test_plain_text_is_refused_for_the_level_that_the_policy_names(
    cassandra: RunningCassandra, keyspaces: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"cassandra://{cassandra.host}:{cassandra.port}/{keyspaces()}"
    monkeypatch.setattr(CassandraStore, "create_families", None)
    with pytest.raises(cfacl.TlsRequired, match=r"^`stores.cassandra.require_tls` is `sealed`"):
        cfacl.connect(url, policy=cfacl.Policy.loads(POLICY))


def test_what_is_no_cassandra_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            while True:
                try:
                    client, _ = listening.accept()
                except OSError:
                    return
                client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 3)
                client.close()

        Thread(target=answer, daemon=True).start()
        port = listening.getsockname()[1]
        with pytest.raises(
            StoreError, match=r"^what answers does not speak version 5 of the protocol; is it cassandra"
        ):
            open_store(f"cassandra://127.0.0.1:{port}/home?timeout=3", clock=time.time_ns)
        listening.shutdown(socket.SHUT_RDWR)
