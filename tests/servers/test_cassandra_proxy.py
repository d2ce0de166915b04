"""The proxy passes Cassandra's frames on as they are, and breaks them where it is told to.  No node is started here."""

from __future__ import annotations

import socket
import socketserver
import threading
from contextlib import closing, suppress

import pytest
from cassandra.protocol import ProtocolHandler, QueryMessage
from cassandra.segment import SegmentCodec

from cfacl.testing.servers import CassandraProxy, Fault, Relay, nth, ports
from cfacl.testing.servers.cassandra.frames import Frame, Frames, _crc24, _crc32

PATIENCE = 60
ANSWER = 0x85
#: What a statement is executed by, and its text.
KNOWN = b"\1" * 16
TEXT = "SELECT v FROM t WHERE k = ?"


def long(text: str) -> bytes:
    return len(text).to_bytes(4, "big") + text.encode()


def short(identity: bytes) -> bytes:
    return len(identity).to_bytes(2, "big") + identity


PREPARE = Frame("PREPARE", 7, long(TEXT))
EXECUTE = Frame("EXECUTE", 8, short(KNOWN) + b"rest")


@pytest.fixture
def server():
    """Answers each request with its own body, in the order of the list `order` where it holds some back."""

    class Answer(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            frames = Frames(self.request)
            held: list[Frame] = []
            with suppress(EOFError, OSError, ValueError):
                while True:
                    request = frames.next()
                    made.came.append(request)
                    held.append(self.answer(request))
                    if len(held) > made.hold:
                        for each in reversed(held):
                            self.request.sendall(each.raw)
                        held = []
            made.ends.release()

        @staticmethod
        def answer(request: Frame) -> Frame:
            kinds = {"STARTUP": "READY", "OPTIONS": "SUPPORTED"}
            answer = request._replace(kind=kinds.get(request.kind, "RESULT"), version=ANSWER)
            body = b"\0\0\0\4" + short(KNOWN) if request.kind == "PREPARE" else request.body
            return answer._replace(body=body)

    with socketserver.ThreadingTCPServer((ports.HOST, 0), Answer) as made:
        made.came, made.ends, made.hold = [], threading.Semaphore(0), 0
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture
def proxy(server):
    with CassandraProxy(*server.server_address) as made:
        yield made


class Client:
    """One connection, behind its handshake."""

    def __init__(self, proxy: Relay) -> None:
        self.socket = socket.create_connection((proxy.host, proxy.port), timeout=PATIENCE)
        self.frames = Frames(self.socket)
        for kind, answer in (("OPTIONS", "SUPPORTED"), ("STARTUP", "READY")):
            self.ask(Frame(kind, 0, b"", segmented=False))
            assert self.frames.next().kind == answer

    def ask(self, *requests: Frame) -> None:
        self.socket.sendall(b"".join(each.raw for each in requests))

    def rest(self) -> bytes:
        """What comes until the end, which is not that of a reset."""
        found = b""
        while more := self.socket.recv(1000):
            found += more
        return found

    def silent(self) -> bool:
        """Whether nothing comes for a moment."""
        self.socket.settimeout(0.05)
        with pytest.raises(TimeoutError):
            self.socket.recv(1)
        self.socket.settimeout(PATIENCE)
        return True

    def close(self) -> None:
        self.socket.close()


@pytest.fixture
def client(proxy: CassandraProxy):
    with closing(Client(proxy)) as made:
        yield made


def query(number: int, body: str = "USE k") -> Frame:
    return Frame("QUERY", number, long(body))


def answer(request: Frame) -> Frame:
    return request._replace(kind="RESULT", version=ANSWER)


@pytest.mark.parametrize("size", [0, 1, (1 << 17) - 30, 1 << 17, 300_000])
def test_segments_are_as_the_driver_has_them(size: int) -> None:
    """What it writes is read, and what is written here is the same."""
    text = "x" * size
    message = ProtocolHandler.encode_message(QueryMessage(text, 1), 9, 5, None, False)
    near, far = socket.socketpair()
    with near, far:
        codec = SegmentCodec()

        class Buffer:
            @staticmethod
            def write(data: bytes) -> None:
                raw.extend(data)

        raw = bytearray()
        codec.encode(Buffer, message)
        frames = Frames(far)
        frames._segmented = True
        thread = threading.Thread(target=near.sendall, args=(raw,))
        thread.start()
        frame = frames.next()
        thread.join()
        assert not frames
    assert (frame.kind, frame.number, frame.body) == ("QUERY", 9, message[9:])
    assert frame.raw == raw


def test_a_segment_that_is_damaged_is_not_read() -> None:
    whole = query(1).raw
    for place in range(len(whole)):
        near, far = socket.socketpair()
        with near, far:
            near.sendall(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            near.close()
            frames = Frames(far)
            frames._segmented = True
            with pytest.raises((ValueError, EOFError)):
                frames.next()


def test_frames_pass_as_they_are_and_are_kept(server, proxy: CassandraProxy, client: Client) -> None:
    with closing(Client(proxy)) as second:
        for number, each in enumerate([client, second, client]):
            each.ask(query(number, "x" * 200_000 * number))
            assert each.frames.next() == answer(query(number, "x" * 200_000 * number))
    assert [each.kind for each in proxy.requests()] == [*["OPTIONS", "STARTUP"] * 2, *["QUERY"] * 3]
    assert [each._replace(statement="") for each in proxy.requests()] == server.came
    for exchange in proxy.exchanges:
        assert exchange.sent == exchange.request.raw
        assert exchange.received == exchange.answer.raw


def test_several_frames_of_one_segment_are_told_apart(server, proxy: CassandraProxy, client: Client) -> None:
    both = [query(1), query(2)]
    bare = b"".join(each._replace(segmented=False).raw for each in both)
    head = (len(bare) | 1 << 17).to_bytes(3, "little")
    client.socket.sendall(head + _crc24(head) + bare + _crc32(bare))
    assert [client.frames.next() for _ in both] == [answer(each) for each in both]


def test_answers_come_in_any_order(server, proxy: CassandraProxy, client: Client) -> None:
    server.hold = 2
    client.ask(*map(query, (1, 2, 3)))
    assert [client.frames.next().number for _ in range(3)] == [3, 2, 1]
    assert [each.answer.number for each in proxy.exchanges[2:]] == [1, 2, 3]


def test_a_prepared_statement_is_called_by_its_first_word(proxy: CassandraProxy, client: Client) -> None:
    client.ask(EXECUTE)
    assert client.frames.next().number == EXECUTE.number
    client.ask(PREPARE)
    assert client.frames.next().number == PREPARE.number
    values = b"\0\2" + b"\0\0\0\3abc" + b"\xff\xff\xff\xff"
    batch = b"\0\0\2" + b"\0" + long("INSERT 1") + values + b"\1" + short(KNOWN) + values + b"\0\1\0"
    client.ask(EXECUTE, Frame("BATCH", 9, batch))
    for _ in range(2):
        client.frames.next()
    before, prepare, execute, several = proxy.requests()[2:]
    assert (before.name, before.statement) == ("EXECUTE", "")
    assert (prepare.name, prepare.statement) == ("PREPARE", TEXT)
    assert (execute.name, execute.statement) == ("SELECT", TEXT)
    assert (several.name, several.statement) == ("BATCH", f"INSERT 1; {TEXT}")
    assert proxy.requests("SELECT") == [execute]


def test_of_an_answer_some_bytes_pass_and_then_both_sides_are_closed(server, proxy, client: Client) -> None:
    proxy.plan = nth(2, Fault(answer=9))
    client.ask(query(1))
    assert client.frames.next() == answer(query(1))
    client.ask(query(2))
    assert client.rest() == answer(query(2)).raw[:9] == proxy.exchanges[3].received
    assert server.ends.acquire(timeout=PATIENCE)


def test_a_connection_is_reset(server, proxy: CassandraProxy, client: Client) -> None:
    proxy.plan = nth(1, Fault(answer=0, then="reset"))
    client.ask(query(1))
    with pytest.raises(ConnectionResetError):
        client.rest()
    assert server.ends.acquire(timeout=PATIENCE)


@pytest.mark.parametrize("then", ["close", "reset", "half"])
def test_of_a_request_some_bytes_pass(server, proxy: CassandraProxy, client: Client, then: str) -> None:
    proxy.plan = nth(1, Fault(request=7, then=then))
    client.ask(query(1))
    with suppress(ConnectionResetError):
        assert client.rest() == b""
    assert server.ends.acquire(timeout=PATIENCE)
    assert len(server.came) == 2
    assert proxy.exchanges[2].sent == query(1).raw[:7]
    assert proxy.exchanges[2].answer is None


def test_a_connection_hangs_until_the_client_gives_up(server, proxy: CassandraProxy, client: Client) -> None:
    proxy.plan = nth(1, Fault(answer=5, then="hang"))
    client.ask(query(1))
    assert client.socket.recv(5) == answer(query(1)).raw[:5]
    client.ask(query(2))
    assert client.silent()
    client.close()
    assert server.ends.acquire(timeout=PATIENCE)
    assert len(server.came) == 3


def test_a_late_answer_comes_with_the_next_request(proxy: CassandraProxy, client: Client) -> None:
    proxy.plan = nth(1, Fault(late=True))
    client.ask(query(1))
    assert client.silent()
    client.ask(query(2))
    assert [client.frames.next() for _ in range(2)] == [answer(query(1)), answer(query(2))]


def test_a_delayed_answer_is_overtaken(proxy: CassandraProxy, client: Client) -> None:
    proxy.plan = nth(1, Fault(delay=0.1))
    client.ask(query(1), query(2))
    assert [client.frames.next().number for _ in range(2)] == [2, 1]
    # And it holds nothing up, in which case this would be the only one that comes before the end.
    waits = iter([Fault(delay=1000), *[Fault(delay=0.01)] * 3])
    proxy.plan = lambda _: next(waits)
    client.ask(*map(query, (1, 2, 3, 4)))
    assert [client.frames.next().number for _ in range(3)] == [2, 3, 4]


def test_an_answer_comes_in_pieces_and_nothing_in_between(proxy: CassandraProxy, client: Client) -> None:
    proxy.plan = nth(1, Fault(piece=1, delay=0.001))
    client.ask(query(1), query(2))
    assert [client.frames.next().number for _ in range(2)] == [1, 2]


def test_an_answer_is_altered_and_has_its_checksum_or_is_damaged_and_has_it_not(proxy, client: Client) -> None:
    proxy.plan = nth(1, Fault(altered=lambda answer: answer._replace(number=2)))
    client.ask(query(1))
    assert client.frames.next() == answer(query(2))
    for place in (0, 8, -1):
        with closing(Client(proxy)) as another:
            proxy.plan = nth(1, Fault(damaged=place))
            another.ask(query(1))
            with pytest.raises(ValueError, match="checksum"):
                another.frames.next()


def test_what_the_server_says_unasked_passes() -> None:
    event = Frame("EVENT", -1, b"x", ANSWER, segmented=False)
    with (
        socket.create_server((ports.HOST, 0)) as listening,
        CassandraProxy(*listening.getsockname()) as proxy,
        socket.create_connection((proxy.host, proxy.port), timeout=PATIENCE) as client,
        listening.accept()[0] as node,
    ):
        node.sendall(event.raw)
        assert Frames(client).next() == event


@pytest.mark.parametrize("raw", [b"GET / HTTP/1.1\r\n\r\n", b"\4\0\0\0\5\0\0\0\0", b"\5\0\0\0\x7f\0\0\0\0"])
def test_what_is_no_frame_ends_the_connection(server, proxy: CassandraProxy, raw: bytes) -> None:
    with socket.create_connection((proxy.host, proxy.port), timeout=PATIENCE) as client:
        client.sendall(raw)
        with suppress(ConnectionResetError):
            assert client.recv(1) == b""
    assert server.ends.acquire(timeout=PATIENCE)
    assert server.came == []


def test_compression_is_not_passed(server, proxy: CassandraProxy) -> None:
    with socket.create_connection((proxy.host, proxy.port), timeout=PATIENCE) as client:
        client.sendall(Frame("STARTUP", 0, b"\0\1\0\x0bCOMPRESSION\0\3lz4", segmented=False).raw)
        with suppress(ConnectionResetError):
            assert client.recv(1) == b""
    assert server.came == []


def test_closing_ends_all_also_what_waits(proxy: CassandraProxy, client: Client) -> None:
    plans = [Fault(late=True), Fault(answer=0, then="hang"), Fault(delay=1000), Fault(delay=1000, piece=1)]
    clients = [Client(proxy) for _ in plans]
    for each, fault in zip(clients, plans, strict=True):
        proxy.plan = nth(1, fault)
        seen = len(proxy.exchanges)
        each.ask(query(1))
        while len(proxy.exchanges) == seen:
            pass
    proxy.close()
    proxy.close()
    for each in [client, *clients]:
        with suppress(ConnectionResetError):
            each.rest()
        each.close()


def test_a_relay_passes_on_what_it_does_not_know_and_refuses() -> None:
    with socket.create_server((ports.HOST, 0)) as listening:
        listening.settimeout(PATIENCE)
        with Relay(*listening.getsockname(), at="127.0.0.9") as relay:
            assert relay.host == "127.0.0.9"
            client = socket.create_connection((relay.host, relay.port), timeout=PATIENCE)
            server, _ = listening.accept()
            with client, server:
                for near, far in ((client, server), (server, client)):
                    near.sendall(b"\0anything")
                    assert far.recv(100) == b"\0anything"
                relay.refuse()
                with pytest.raises(ConnectionRefusedError):
                    socket.create_connection((relay.host, relay.port))
                server.close()
                assert client.recv(1) == b""
