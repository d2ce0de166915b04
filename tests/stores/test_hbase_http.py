"""HBase over HTTP: a gateway that acts as each principal, and one that is encrypted."""

from __future__ import annotations

import socket
import ssl
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest
import trustme

import cfacl
from cfacl.stores.hbase import admission
from cfacl.testing.servers import Running, ports

pytestmark = pytest.mark.slow

POLICY = cfacl.Policy.loads(
    """
[policy]
name = "acting"
purposes = ["work"]

[tables.t.families.a]
level = "personal"
purposes = ["work"]

[tables.t.families.b]
level = "personal"
purposes = ["work"]

[roles.staff]
clearance = "personal"

[[roles.staff.grants]]
table = "t"
families = ["a", "b"]
actions = ["read", "write"]
purposes = ["work"]
why = "test"

[principals.alice]
kind = "employee"
roles = ["staff"]

[principals.hbase]
kind = "service"
roles = ["staff"]
"""
)


def url(server: Running, query: str = "", *, scheme: str = "hbase+http", port: int | None = None) -> str:
    return f"{scheme}://{server.host}:{port or server.port('http')}/h{uuid.uuid4().hex[:12]}_{query}"


def test_everything_works_over_http(hbase: Running) -> None:
    with cfacl.connect(url(hbase), policy=POLICY) as db:
        db.create_tables()
        table = db.session("alice", purpose="work").table("t")
        with table.batch() as batch:
            for n in range(50):
                batch.put(b"r%02d" % n, {b"a:x": b"%d" % n, b"b:x": b"y"})
        assert table.row(b"r07") == {b"a:x": b"7", b"b:x": b"y"}
        assert [key for key, _ in table.scan(batch_size=7)] == [b"r%02d" % n for n in range(50)]
        assert table.counter_inc(b"r00", b"a:n") == 1
        assert db.stats()["connections_discarded"] == 0
        with pytest.raises(cfacl.SchemaMissing):
            db.drop_table("other")


def test_the_gateway_acts_as_each_principal(hbase_acl: Running) -> None:
    where = url(hbase_acl, "?doas=principal")
    with cfacl.connect(where, policy=POLICY) as db, hbase_acl.operator() as operator:
        db.create_tables()
        table = {name: db.session(name, purpose="work").table("t") for name in ("alice", "hbase")}
        table["hbase"].put(b"r", {b"a:x": b"1", b"b:x": b"2"})
        with pytest.raises(cfacl.StoreError, match=LEFT_OUT.format(r"a\+1")):
            table["alice"].row(b"r")
        name = where.rpartition("/")[2].partition("?")[0] + "t"
        operator.grant("alice", "R", name, "a+1")
        poll(lambda: table["alice"].row(b"r", columns=[b"a"]) == {b"a:x": b"1"})
        with pytest.raises(cfacl.StoreError, match="refuses `R` on this to the user whom the gateway acts as"):
            table["alice"].row(b"r", columns=[b"b"])
        with pytest.raises(cfacl.StoreError, match="refuses `W` on this"):
            table["alice"].put(b"r", {b"a:x": b"2"})
        assert table["hbase"].row(b"r") == {b"a:x": b"1", b"b:x": b"2"}


#: What is said of a family that HBase would leave out of an answer.
LEFT_OUT = (
    r"^hbase refuses `R` on family `{}`, or a column of it, to `alice`, and would leave it out of an answer without a word;"
    " `cfacl native plan` says what to grant$"
)


def test_what_hbase_would_leave_out_without_a_word_is_told(hbase_acl: Running, monkeypatch) -> None:
    """HBase narrows what names several families, or columns, of which it refuses some."""
    seconds = [1000.0]
    monkeypatch.setattr(admission, "monotonic", lambda: seconds[0])
    where = url(hbase_acl, "?doas=principal")
    with cfacl.connect(where, policy=POLICY) as db, hbase_acl.operator() as operator:
        db.create_tables()
        db.session("hbase", purpose="work").table("t").put(b"r", {b"a:x": b"1", b"b:x": b"2", b"b:y": b"3"})
        alice = db.session("alice", purpose="work").table("t")
        name = where.rpartition("/")[2].partition("?")[0] + "t"
        reads: dict[str, Callable[[], object]] = {
            "row": lambda: alice.row(b"r"),
            "rows": lambda: alice.rows([b"r", b"s"]),
            "scan": lambda: list(alice.scan()),
            "narrow": lambda: alice.row(b"r", strict=False),
            "columns": lambda: alice.row(b"r", columns=[b"a:x", b"b:x"]),
            "one family's": lambda: alice.row(b"r", columns=[b"b:x", b"b:y"]),
        }
        operator.grant("alice", "R", name, "a+1")
        operator.grant("alice", "R", name, "b+2", "y")
        poll(lambda: alice.row(b"r", columns=[b"a"]) and alice.row(b"r", columns=[b"b:y"]))
        plain = hbase_acl.connection("http", user="alice").table(name.encode())
        assert plain.row(b"r", columns=[b"a+1:x", b"b+2:x", b"b+2:y"]) == {b"a+1:x": b"1", b"b+2:y": b"3"}
        for read in (reads["columns"], reads["one family's"]):
            with pytest.raises(cfacl.StoreError, match=LEFT_OUT.format(r"b\+2")):
                read()
        operator.revoke("alice", "", name, "b+2", "y")
        poll(lambda: refused(lambda: alice.row(b"r", columns=[b"b:y"])))
        for read in reads.values():
            with pytest.raises(cfacl.StoreError, match=LEFT_OUT.format(r"b\+2")):
                read()
        operator.grant("alice", "R", name, "b+2")
        poll(lambda: alice.row(b"r", columns=[b"b"]))
        for read in reads.values():
            assert read()
        scan = alice.scan(batch_size=1)
        operator.revoke("alice", "", name, "b+2")
        poll(lambda: refused(lambda: alice.row(b"r", columns=[b"b"])))
        seconds[0] += 60  # until then HBase's silence is believed
        for read in (*reads.values(), lambda: next(scan)):
            with pytest.raises(cfacl.StoreError, match=r"^hbase refuses `R` on "):
                read()


def refused(read: Callable[[], object]) -> bool:
    try:
        read()
    except cfacl.StoreError:
        return True
    return False


def poll(holds: Callable[[], bool]) -> None:
    """Wait until HBase has heard of a grant."""
    for _ in range(1000):
        with suppress(cfacl.StoreError):
            if holds():
                return
    pytest.fail("it never came to hold")


class Encrypting:
    """Takes encrypted connections, and hands them on in plain to somebody on this machine."""

    def __init__(self, context: ssl.SSLContext, port: int) -> None:
        self._context = context
        self._to = port
        self._stack = ExitStack()
        self._listening = self._stack.enter_context(socket.create_server((ports.HOST, 0)))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                plain, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        with suppress(OSError, ssl.SSLError), ExitStack() as stack:
            stack.callback(plain.close)
            theirs = stack.enter_context(self._context.wrap_socket(plain, server_side=True))
            ours = stack.enter_context(socket.create_connection((ports.HOST, self._to)))
            back = threading.Thread(target=self._pump, args=(ours, theirs), daemon=True)
            back.start()
            self._pump(theirs, ours)
            back.join()

    @staticmethod
    def _pump(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError, ssl.SSLError):
            while data := source.recv(65536):
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._stack.close()


@pytest.fixture
def encrypted(hbase: Running) -> Iterator[Callable[[ssl.SSLContext], int]]:
    """Start what encrypts, and return its port."""
    with ExitStack() as stack:
        yield lambda context: stack.enter_context(closing(Encrypting(context, hbase.port("http")))).port


def context(ca: trustme.CA, name: str = ports.HOST) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(name).configure_cert(made)
    return made


def pem(ca: trustme.CA, folder: Path) -> Path:
    path = folder / f"{uuid.uuid4().hex}.pem"
    ca.cert_pem.write_to_path(path)
    return path


def test_an_encrypted_gateway_is_known_by_its_certificate_and_its_name(hbase, encrypted, tmp_path: Path) -> None:
    ca, other = trustme.CA(), trustme.CA()
    port = encrypted(context(ca))
    with cfacl.connect(url(hbase, f"?ca={pem(ca, tmp_path)}", scheme="hbase+https", port=port), policy=POLICY) as db:
        db.create_tables()
        table = db.session("alice", purpose="work").table("t")
        table.put(b"r", {b"a:x": b"1"})
        assert list(table.scan()) == [(b"r", {b"a:x": b"1"})]
    elsewhere = encrypted(context(ca, "gateway.example"))
    for asked, why in (
        (url(hbase, f"?ca={pem(other, tmp_path)}", scheme="hbase+https", port=port), "who signs it is not trusted"),
        (url(hbase, "", scheme="hbase+https", port=port), "this machine does not trust it"),
        (url(hbase, f"?ca={pem(ca, tmp_path)}", scheme="hbase+https", port=elsewhere), "it is for another name"),
    ):
        with pytest.raises(cfacl.StoreError, match="certificate"):
            pytest.fail(f"connected though {why}: {cfacl.connect(asked, policy=POLICY)}")


def test_what_is_older_than_tls_1_2_is_refused(hbase, encrypted, tmp_path: Path) -> None:
    ca = trustme.CA()
    old = context(ca)
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version = ssl.TLSVersion.TLSv1
    asked = url(hbase, f"?ca={pem(ca, tmp_path)}", scheme="hbase+https", port=encrypted(old))
    with pytest.raises(cfacl.StoreError):
        cfacl.connect(asked, policy=POLICY)


def test_a_gateway_may_ask_who_we_are(hbase, encrypted, tmp_path: Path) -> None:
    ca = trustme.CA()
    asking = context(ca)
    asking.verify_mode = ssl.CERT_REQUIRED
    ca.configure_trust(asking)
    port = encrypted(asking)
    ours = ca.issue_cert("service@example.org")
    certificate, key = tmp_path / "our.pem", tmp_path / "our.key"
    ours.cert_chain_pems[0].write_to_path(certificate)
    ours.private_key_pem.write_to_path(key)
    known = f"?ca={pem(ca, tmp_path)}"
    with cfacl.connect(
        url(hbase, f"{known}&cert={certificate}&key={key}", scheme="hbase+https", port=port), policy=POLICY
    ):
        pass
    with pytest.raises(cfacl.StoreError):
        cfacl.connect(url(hbase, known, scheme="hbase+https", port=port), policy=POLICY)


def test_a_gateway_that_is_not_encrypted_is_not_spoken_to_as_if_it_were(hbase: Running) -> None:
    with pytest.raises(cfacl.StoreError):
        cfacl.connect(url(hbase, scheme="hbase+https"), policy=POLICY)


def test_files_that_are_no_certificates_are_told(hbase: Running, tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("no")
    for each in ("no.pem", "missing.pem"):
        with pytest.raises(cfacl.RequestError, match="can't be read as certificates"):
            cfacl.connect(url(hbase, f"?ca={tmp_path / each}", scheme="hbase+https"), policy=POLICY)
