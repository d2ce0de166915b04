"""What else may listen where a gateway is expected: each is told as soon as the store is opened, and trusted in nothing."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from types import SimpleNamespace

import pytest

from cfacl.errors import StoreContractError, StoreError, StoreTimeout, StoreUnavailable
from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import Mutation, Put
from cfacl.stores.hbase import gateway, wire
from cfacl.stores.hbase.address import parse
from cfacl.stores.hbase.client import OutOfStep, connect
from cfacl.stores.hbase.definitions import IllegalArgument
from cfacl.stores.hbase.gateway import Gateway
from cfacl.stores.hbase.store import HBaseStore, open_store
from cfacl.testing.servers import ports
from cfacl.testing.servers.messages import Message, Stream, read

FAMILY = StoredFamily("t", "f", 1, "public")
REPLY, EXCEPTION = 2, 3
NOTHING = b"\0"
OTHER = "is it `hbase thrift start`, and its transport that of the URL, as in `?transport=framed`"


def failed(kind: int, text: bytes = b"") -> bytes:
    """What is in a message that says that the server itself failed."""
    return b"\x0b\0\1" + len(text).to_bytes(4) + text + b"\x08\0\2" + kind.to_bytes(4) + b"\0"


@contextmanager
def listening(talk: Callable[[socket.socket], object]) -> Iterator[str]:
    """Listen, and do to each connection what ``talk`` does; the URL."""

    class Talk(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError, EOFError, ValueError):
                talk(self.request)

    with socketserver.ThreadingTCPServer((ports.HOST, 0), Talk) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"hbase://{ports.HOST}:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def answering(answer: Callable[[Message], Message | bytes]) -> Callable[[socket.socket], None]:
    """Answer each message of Thrift's."""

    def talk(connection: socket.socket) -> None:
        stream = Stream(connection)
        while True:
            answered = answer(read(stream, framed=False))
            connection.sendall(answered if isinstance(answered, bytes) else answered.raw)

    return talk


def silent(connection: socket.socket) -> None:
    while connection.recv(1000):
        pass


def chattering(text: bytes) -> Callable[[socket.socket], None]:
    def talk(connection: socket.socket) -> None:
        connection.recv(10)
        connection.sendall(text)
        silent(connection)

    return talk


def echo(connection: socket.socket) -> None:
    while got := connection.recv(1000):
        connection.sendall(got)


def hanging_up(connection: socket.socket) -> None:
    connection.recv(1)


@pytest.mark.parametrize("transport", ["buffered", "framed"])
@pytest.mark.parametrize(
    ("talk", "buffered", "framed"),
    [
        (silent, StoreUnavailable, StoreUnavailable),
        (hanging_up, StoreUnavailable, StoreUnavailable),
        (chattering(b"HTTP/1.1 400 Bad Request\r\n\r\n<html>" + b"x" * 1000), StoreContractError, StoreUnavailable),
        (chattering(b"SSH-2.0-OpenSSH_9.2p1\r\n" + b"x" * 1000), StoreContractError, StoreUnavailable),
        (chattering(b"\xff" * 1000), StoreContractError, StoreUnavailable),
        (chattering(b"\0" * 1000), StoreContractError, StoreUnavailable),
        (echo, StoreContractError, StoreContractError),
    ],
    ids=["silent", "hanging up", "http", "ssh", "ones", "zeros", "echo"],
)
def test_a_stranger_is_told_when_the_store_is_opened(talk, buffered, framed, transport: str) -> None:
    with listening(talk) as url, pytest.raises(StoreError) as told:
        open_store(f"{url}?timeout=0.3&transport={transport}", clock=time.time_ns)
    assert type(told.value) is (framed if transport == "framed" else buffered)
    assert str(told.value) == f"what listens at `{url.removeprefix('hbase://')}` does not answer as a gateway; {OTHER}"
    assert told.value.__cause__ is not None


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (REPLY, NOTHING),  # it has a method of that name, and finds nothing wrong
        (EXCEPTION, failed(1, b"Invalid method name")),  # it has none, as that of `hbase thrift2 start`
    ],
)
def test_another_interface_is_told_when_the_store_is_opened(kind: int, body: bytes) -> None:
    def answer(asked: Message) -> Message:
        return asked._replace(kind=kind, body=body)

    with listening(answering(answer)) as url, pytest.raises(StoreContractError, match="does not answer as a gateway"):
        open_store(url, clock=time.time_ns)


def test_nobody_is_told_when_the_store_is_opened() -> None:
    where = f"{ports.HOST}:{ports.free(1)[0]}"  # of a range from which no outgoing connection takes one
    with pytest.raises(StoreUnavailable) as told:
        open_store(f"hbase://{where}", clock=time.time_ns)
    assert str(told.value) == f"no gateway answers at `{where}`; start it with `hbase thrift start`, or mend the URL"
    assert isinstance(told.value.__cause__, ConnectionRefusedError)


def test_a_name_that_nobody_has_is_told_when_the_store_is_opened() -> None:
    with pytest.raises(StoreUnavailable, match=r"^no gateway answers at `nobody.invalid:9090`") as told:
        open_store("hbase://nobody.invalid", clock=time.time_ns)
    assert isinstance(told.value.__cause__, socket.gaierror)


def test_a_stranger_is_waited_for_only_as_long_as_a_gateway_needs_to_say_what_it_knows(monkeypatch) -> None:
    waited = []

    def connecting(address):
        waited.append(address.timeout)
        raise ConnectionRefusedError

    monkeypatch.setattr(gateway, "connect", connecting)
    for url in ("hbase://host", "hbase://host?timeout=9999", "hbase://host?timeout=0.5"):
        with pytest.raises(ConnectionRefusedError):
            Gateway(parse(url)).greet()
    assert waited == [5.0, 5.0, 0.5]


def test_to_connect_takes_no_longer_either(monkeypatch) -> None:
    waited = []

    def connecting(where, timeout):
        waited.append((where, timeout))
        raise TimeoutError

    monkeypatch.setattr(wire.socket, "create_connection", connecting)
    for url in ("hbase://host", "hbase://[::1]:1?timeout=0.5"):
        with pytest.raises(StoreUnavailable):
            connect(parse(url))
    assert waited == [(("host", 9090), 5.0), (("::1", 1), 0.5)]


def test_a_change_is_not_acknowledged_by_what_sends_back_all_that_it_gets() -> None:
    """As a socket does that was connected to itself, which a system grants where nobody else listens at the port."""
    with listening(echo) as url, closing(connect(parse(url))) as connected, pytest.raises(OutOfStep):
        connected.mutateRows(b"t", [], {})


@pytest.mark.parametrize(
    "altered",
    [{"number": 2}, {"number": 0}, {"name": "mutateRow"}, {"kind": 1}, {"kind": 4}, {"name": "mutateRowsTs"}],
)
def test_an_answer_is_to_the_question_that_was_asked(altered) -> None:
    def answer(asked: Message) -> Message:
        return asked._replace(kind=REPLY, body=NOTHING)

    with listening(answering(answer)) as url, closing(connect(parse(url))) as connected:
        connected.mutateRows(b"t", [], {})
    other = answering(lambda asked: answer(asked)._replace(**altered))
    with listening(other) as url, closing(connect(parse(url))) as connected, pytest.raises(OutOfStep):
        connected.mutateRows(b"t", [], {})


def test_an_answer_in_time_is_one_whose_last_byte_came_in_time() -> None:
    def drip(connection: socket.socket) -> None:
        asked = read(Stream(connection), framed=False)
        for each in asked._replace(kind=REPLY, body=NOTHING).raw:
            connection.sendall(bytes([each]))
            ended.wait(0.05)

    ended = threading.Event()
    with listening(drip) as url, closing(connect(parse(f"{url}?timeout=0.3"))) as connected:
        with pytest.raises(TimeoutError):
            connected.mutateRows(b"t", [], {})
        ended.set()


def test_each_answer_has_its_own_time() -> None:
    def answer(asked: Message) -> Message:
        ended.wait(0.2)
        return asked._replace(kind=REPLY, body=NOTHING)

    ended = threading.Event()
    with listening(answering(answer)) as url, closing(connect(parse(f"{url}?timeout=1"))) as connected:
        for _ in range(6):
            connected.mutateRows(b"t", [], {})


@pytest.mark.parametrize(
    ("kind", "message", "changed"),
    [
        (6, "the gateway failed at this and says no more; read its log", True),
        (1, f"the gateway at `{{where}}` does not know this call; {OTHER}", False),
    ],
)
def test_a_failure_without_detail_is_a_failure_and_no_answer(kind: int, message: str, changed: bool) -> None:
    with listening(answering(lambda asked: asked._replace(kind=EXCEPTION, body=failed(kind)))) as url:
        store = HBaseStore(parse(url), clock=time.time_ns)
        message = message.format(where=url.removeprefix("hbase://"))
        with pytest.raises(StoreError) as told:
            store.get("t", [b"k"], Projection([Slice(FAMILY)]))
        assert type(told.value) is StoreError
        assert str(told.value) == message
        store._schema._known["t"] = frozenset([b"f+1"])
        with pytest.raises(StoreError) as told:
            store.apply("t", [Mutation(b"k", (Put(FAMILY, {b"a": b"1"}),))])
        perhaps = "; it may have been applied, or still be, so look before it is sent again" if changed else ""
        assert str(told.value) == message + perhaps
        store.close()


def test_an_answer_without_a_result_is_no_empty_row() -> None:
    with listening(answering(lambda asked: asked._replace(kind=REPLY, body=NOTHING))) as url:
        store = HBaseStore(parse(url), clock=time.time_ns)
        store._schema._known["t"] = frozenset([b"f+1"])
        with pytest.raises(StoreError):
            store.get("t", [b"k"], Projection([Slice(FAMILY)]))
        store.close()


def test_a_gateway_that_becomes_a_stranger_is_told_at_the_next_call() -> None:
    with listening(silent) as url:
        store = HBaseStore(parse(f"{url}?timeout=0.3"), clock=time.time_ns)
        with pytest.raises(StoreTimeout, match=r"^the gateway did not answer in time: is hbase behind it up"):
            store.tables()
        store.close()
    with listening(chattering(b"HTTP/1.1 400 Bad Request\r\n\r\n<html>" + b"x" * 1000)) as url:
        store = HBaseStore(parse(f"{url}?timeout=0.3"), clock=time.time_ns)
        with pytest.raises(StoreContractError, match=r"^what came from `.*` is no answer of a gateway; is it"):
            store.tables()
        store.close()


def test_what_is_greeted_is_let_go_again(monkeypatch) -> None:
    ended = []

    class Greeted:
        def scannerClose(self, number: int) -> None:  # noqa: N802  # HBase's name
            assert number == -1
            raise IllegalArgument(b"scanner ID is invalid")

        def close(self) -> None:
            ended.append(True)

    monkeypatch.setattr(gateway, "connect", lambda address: Greeted())
    Gateway(parse("hbase://host")).greet()
    assert ended == [True]


# ------------------------------------------------------------------------------------------------------- over http


def whole_request(stream: Stream) -> bytes:
    """Return a request's body, whose head says how long it is."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += stream.take(1)
    (length,) = (int(each.partition(b":")[2]) for each in head.splitlines() if each.startswith(b"Content-Length:"))
    return stream.take(length)


class Paging:
    """Answers each request over HTTP with the same page, which may say that it is longer than it is."""

    def __init__(self, status: int, body: bytes, length: int | None = None, *, ending: bool = False) -> None:
        self.asked: list[bytes] = []
        close = b"Connection: close\r\n" if ending else b""
        size = len(body) if length is None else length
        self._page = b"HTTP/1.1 %d X\r\n%sContent-Length: %d\r\n\r\n%s" % (status, close, size, body)
        self._ends = ending or size > len(body)

    def __call__(self, connection: socket.socket) -> None:
        stream = Stream(connection)
        while True:
            self.asked.append(whole_request(stream))
            connection.sendall(self._page)
            if self._ends:
                return


def over_http(url: str) -> HBaseStore:
    store = HBaseStore(parse(url.replace("hbase:", "hbase+http:") + "?timeout=2"), clock=time.time_ns)
    store._schema._known["t"] = frozenset([b"f+1"])
    return store


@pytest.mark.parametrize(
    ("status", "body", "length", "question", "change", "message"),
    [
        (200, b"half", 100, StoreUnavailable, StoreTimeout, "the gateway ended the connection"),
        (504, b"<html>", None, StoreUnavailable, StoreTimeout, "what answers at `.*` answered a page of status 504"),
        (200, b"<html>" * 9, None, StoreContractError, StoreContractError, "what came from `.*` is no answer of a gatew"),
        (403, b"<html>", None, StoreError, StoreError, "the gateway at `.*` refuses to act so; let its user act as oth"),
        (500, b"User: hbase is not allowed to impersonate maya", None, StoreError, StoreError, "the gateway at `.*` refus"),
    ],
    ids=["cut", "page", "nonsense", "refusal", "refusal of HBase's"],
)  # fmt: skip
def test_what_is_no_answer_over_http_is_an_error_and_a_change_is_sent_once(
    status: int, body: bytes, length: int | None, question, change, message: str
) -> None:
    talk = Paging(status, body, length)
    with listening(talk) as url, closing(over_http(url)) as store:
        with pytest.raises(StoreError, match=f"^{message}") as told:
            store.get("t", [b"k"], Projection([Slice(FAMILY)]))
        assert type(told.value) is question
        assert len(talk.asked) == (2 if length else 1)
        with pytest.raises(StoreError, match=f"^{message}") as told:
            store.apply("t", [Mutation(b"k", (Put(FAMILY, {b"a": b"1"}),))])
        assert type(told.value) is change
        perhaps = str(told.value).endswith("it may have been applied, or still be, so look before it is sent again")
        assert perhaps is ("refus" not in message)
        assert len(talk.asked) == (3 if length else 2)
        assert store.statistics()["connections_discarded"] == len(talk.asked)


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (404, b"<html>", StoreUnavailable, "answered a page of status 404; is it a gateway over http$"),
        (401, b"<html>", StoreError, "refuses to act so; let its user act as others by `hadoop.proxyuser`"),
        (200, b"<html>" * 9, StoreContractError, "does not answer as a gateway"),
    ],
)
def test_a_page_is_told_when_the_store_is_opened(status: int, body: bytes, kind, message: str) -> None:
    with listening(Paging(status, body)) as url, pytest.raises(StoreError, match=message) as told:
        open_store(url.replace("hbase:", "hbase+http:"), clock=time.time_ns)
    assert type(told.value) is kind


def test_a_change_that_found_nobody_over_http_was_never_sent() -> None:
    url = f"hbase://{ports.HOST}:{ports.free(1)[0]}"
    with (
        closing(over_http(url)) as store,
        pytest.raises(StoreUnavailable, match=r"^no gateway answers at .* mend the U"),
    ):
        store.apply("t", [Mutation(b"k", (Put(FAMILY, {b"a": b"1"}),))])


def test_a_connection_that_the_server_closes_with_its_answer_is_not_opened_again() -> None:
    """Behind a balancer the next may lead elsewhere, where the number of a scanner means another scan."""
    asked = Message("scannerClose", 1, 1, NOTHING)
    talk = Paging(200, asked._replace(kind=REPLY).raw, ending=True)
    address = "hbase+http://{}?timeout=2"
    with listening(talk) as url, closing(connect(parse(address.format(url.removeprefix("hbase://"))))) as connected:
        connected.scannerClose(1)
        assert not connected.is_fresh()
        with pytest.raises(ConnectionResetError):
            connected.scannerClose(1)
    assert len(talk.asked) == 1


def test_an_answer_over_http_is_in_time_as_a_whole() -> None:
    def drip(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        for each in b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n":
            connection.sendall(bytes([each]))
            ended.wait(0.05)

    ended = threading.Event()
    with listening(drip) as url:
        address = parse(f"{url.replace('hbase:', 'hbase+http:')}?timeout=0.3")
        with closing(connect(address)) as connected, pytest.raises(TimeoutError):
            connected.mutateRows(b"t", [], {})
        ended.set()


@pytest.mark.parametrize(
    "found",
    [
        [(b"k", {b"f+1:a": b"1"}), (b"k", {b"f+1:a": b"2"})],
        [(b"k", {})],
        [(b"k", {b"f+1:a": b"1"}), (b"l", {})],
    ],
    ids=["twice", "no cells", "one has none"],
)
def test_a_row_that_comes_twice_or_has_no_cells_is_no_answer(monkeypatch, found) -> None:
    rows = [
        SimpleNamespace(
            row=key, columns={name: SimpleNamespace(value=value, timestamp=1) for name, value in cells.items()}
        )
        for key, cells in found
    ]
    store = HBaseStore(parse("hbase://127.0.0.1:1"), clock=time.time_ns)
    monkeypatch.setattr(store._gateway, "ask", lambda question: rows)
    monkeypatch.setattr(store._schema, "confirm", lambda table, families: None)
    with pytest.raises(StoreContractError, match=r"^the store answered a row twice, or one without cells"):
        store.get("t", [b"k", b"l"], Projection([Slice(FAMILY)]))
