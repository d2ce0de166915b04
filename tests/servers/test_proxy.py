"""The proxy passes messages on as they are, and breaks them where it is told to.  No HBase is started here."""

from __future__ import annotations

import socket
import socketserver
import threading
from contextlib import closing, suppress

import pytest
from thriftpy2.protocol import TBinaryProtocol
from thriftpy2.transport import TBufferedTransport, TFramedTransport, TSocket

from cfacl.stores.hbase.definitions import BatchMutation, ColumnDescriptor, Hbase, Mutation, TScan
from cfacl.testing.servers import Fault, Proxy, at_random, nth, ports
from cfacl.testing.servers.messages import CALL, Message, Stream, read

REPLY = 2
#: A struct with one number of 16 bits.
BODY = b"\x06\0\1\0\7\0"
PATIENCE = 60


@pytest.fixture(params=[False, True], ids=["buffered", "framed"])
def framed(request) -> bool:
    return request.param


@pytest.fixture
def server(framed: bool):
    """Answers each message with its own body; `quit` has it end the connection.  It notes what came, and each end."""

    class Answer(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            stream = Stream(self.request)
            with suppress(EOFError, OSError):
                while (message := read(stream, framed=framed)).name != "quit":
                    made.came.append(message)
                    self.request.sendall(message._replace(kind=REPLY).raw)
            made.ends.release()

    with socketserver.ThreadingTCPServer((ports.HOST, 0), Answer) as made:
        made.came, made.ends = [], threading.Semaphore(0)
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture
def proxy(server, framed: bool):
    with Proxy(*server.server_address, framed=framed) as made:
        yield made


class Client:
    """One connection."""

    def __init__(self, proxy: Proxy, framed: bool) -> None:
        self.socket = socket.create_connection((proxy.host, proxy.port), timeout=PATIENCE)
        self.stream = Stream(self.socket)
        self.framed = framed

    def message(self, number: int = 1, name: str = "get", kind: int = CALL) -> Message:
        return Message(name, kind, number, BODY, self.framed)

    def ask(self, number: int = 1, name: str = "get") -> None:
        self.socket.sendall(self.message(number, name).raw)

    def answered(self, number: int = 1, name: str = "get") -> bool:
        return read(self.stream, framed=self.framed) == self.message(number, name, REPLY)

    def rest(self) -> bytes:
        """What comes until the end, which is not that of a reset."""
        found = b""
        while more := self.socket.recv(1000):
            found += more
        return found

    def close(self) -> None:
        self.socket.close()


@pytest.fixture
def client(proxy: Proxy, framed: bool):
    with closing(Client(proxy, framed)) as made:
        yield made


WRITTEN = [Mutation(column=b"f:", value=b"x" * 99_999), Mutation(column=b"g:", isDelete=True)]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("getTableNames", {}),
        ("getRowWithColumns", {"row": b"\xff", "columns": [b"a", b"b:c"], "attributes": {b"a": b"b", b"": b""}}),
        ("createTable", {"tableName": b"t", "columnFamilies": [ColumnDescriptor(b"f:"), ColumnDescriptor(b"g:")]}),
        ("mutateRowsTs", {"rowBatches": [BatchMutation(b"r", WRITTEN)] * 2, "timestamp": 1 << 40}),
        ("scannerOpenWithScan", {"scan": TScan(columns=[b"f"], caching=5, reversed=True)}),
    ],
)
def test_a_message_is_read_as_the_driver_writes_it(name: str, arguments: dict[str, object], framed: bool) -> None:
    near, far = socket.socketpair()
    with near, far:
        transport = (TFramedTransport if framed else TBufferedTransport)(TSocket(sock=near))
        protocol = TBinaryProtocol(transport)

        def write() -> None:
            for number in (1, -2):
                protocol.write_message_begin(name, CALL, number)
                getattr(Hbase, name + "_args")(**arguments).write(protocol)
                transport.flush()
            near.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=write)
        thread.start()
        raw = Stream(far)
        with suppress(EOFError):
            raw.take(1 << 20)
        thread.join()
    near, far = socket.socketpair()
    with near, far:
        thread = threading.Thread(target=lambda: (near.sendall(raw._held), near.close()))
        thread.start()
        stream = Stream(far)
        found = [read(stream, framed=framed) for _ in range(2)]
        thread.join()
        assert [(each.name, each.kind, each.number) for each in found] == [(name, CALL, 1), (name, CALL, -2)]
        assert b"".join(each.raw for each in found) == raw._held
        with pytest.raises(EOFError):
            read(stream, framed=framed)


def test_messages_pass_as_they_are_and_are_kept(server, proxy: Proxy, client: Client, framed: bool) -> None:
    with closing(Client(proxy, framed)) as second:
        for number, each in enumerate([client, second, client]):
            each.ask(number, "put")
            assert each.answered(number, "put")
    assert proxy.requests() == server.came == [client.message(number, "put") for number in range(3)]
    assert proxy.requests("get") == []
    for number, each in enumerate(proxy.exchanges):
        assert each.sent == client.message(number, "put").raw
        assert each.received == each.answer.raw == client.message(number, "put", REPLY).raw


def test_requests_that_come_at_once_are_passed_one_by_one(proxy: Proxy, client: Client) -> None:
    client.socket.sendall(client.message(1).raw + client.message(2).raw)
    assert client.answered(1)
    assert client.answered(2)
    assert len(proxy.requests()) == 2


def test_of_an_answer_some_bytes_pass_and_then_both_sides_are_closed(server, proxy: Proxy, client: Client) -> None:
    proxy.plan = nth(2, Fault(answer=9))
    client.ask(1)
    assert client.answered(1)
    client.ask(2)
    assert client.rest() == client.message(2, kind=REPLY).raw[:9] == proxy.exchanges[1].received
    assert server.ends.acquire(timeout=PATIENCE)
    assert len(server.came) == 2


def test_an_answer_that_is_no_longer_passes_whole_before_the_end(proxy: Proxy, client: Client) -> None:
    proxy.plan = nth(1, Fault(answer=1000))
    client.ask()
    assert client.answered()
    assert client.rest() == b""


def test_a_connection_is_reset(server, proxy: Proxy, client: Client) -> None:
    proxy.plan = nth(1, Fault(answer=0, then="reset"))
    client.ask()
    with pytest.raises(ConnectionResetError):
        client.rest()
    assert server.ends.acquire(timeout=PATIENCE)


def test_a_half_is_closed_and_the_other_goes_on(server, proxy: Proxy, client: Client) -> None:
    proxy.plan = nth(1, Fault(answer=3, then="half"))
    client.ask(1)
    assert client.rest() == client.message(kind=REPLY).raw[:3]
    for number in range(2, 100):
        client.ask(number)  # nobody resets it, and nobody answers
    assert not server.ends.acquire(blocking=False)
    client.close()
    assert server.ends.acquire(timeout=PATIENCE)
    assert len(server.came) == 1


def test_an_answer_hangs_and_the_connection_stays(server, proxy: Proxy, client: Client) -> None:
    proxy.plan = nth(1, Fault(answer=5, then="hang"))
    client.ask(1)
    assert client.stream.take(5) == client.message(kind=REPLY).raw[:5]
    client.ask(2)
    client.socket.settimeout(0.05)
    with pytest.raises(TimeoutError):
        client.stream.take(1)
    client.close()
    assert server.ends.acquire(timeout=PATIENCE)
    assert len(server.came) == 1


@pytest.mark.parametrize("then", ["close", "reset", "half"])
def test_of_a_request_some_bytes_pass(server, proxy: Proxy, client: Client, then: str) -> None:
    proxy.plan = nth(1, Fault(request=7, then=then))
    client.ask()
    with suppress(ConnectionResetError):
        assert client.rest() == b""
    assert server.ends.acquire(timeout=PATIENCE)
    assert server.came == []
    assert proxy.exchanges[0].sent == client.message().raw[:7]
    assert proxy.exchanges[0].answer is None


def test_a_request_hangs_until_the_client_gives_up(server, proxy: Proxy, client: Client) -> None:
    proxy.plan = nth(1, Fault(request=7, then="hang"))
    client.ask()
    client.close()
    assert server.ends.acquire(timeout=PATIENCE)
    assert server.came == []


def test_a_late_answer_comes_before_the_next(proxy: Proxy, client: Client) -> None:
    proxy.plan = nth(1, Fault(late=True))
    client.ask(1)
    client.socket.settimeout(0.05)
    with pytest.raises(TimeoutError):
        client.stream.take(1)
    client.socket.settimeout(PATIENCE)
    client.ask(2)
    assert client.answered(1)
    assert client.answered(2)


def test_an_answer_comes_in_pieces_each_after_a_while(proxy: Proxy, client: Client) -> None:
    proxy.plan = nth(1, Fault(piece=1, delay=0.001))
    client.ask()
    lengths = set()
    whole = client.message(kind=REPLY).raw
    found = b""
    while len(found) < len(whole):
        found += (more := client.socket.recv(1000))
        lengths.add(len(more))
    assert found == whole
    assert min(lengths) < len(whole)


def test_an_answer_is_altered(proxy: Proxy, client: Client) -> None:
    proxy.plan = nth(1, Fault(altered=lambda answer: answer._replace(number=answer.number + 1, name="put")))
    client.ask(1)
    assert client.answered(2, "put")
    assert proxy.exchanges[0].answer.number == 1


def test_the_nth_of_a_name_is_counted_from_when_it_was_planned(proxy: Proxy, client: Client) -> None:
    client.ask(0, "put")
    assert client.answered(0, "put")
    proxy.plan = nth(2, Fault(answer=0), "put")
    for number, name in enumerate(["get", "put", "get"]):
        client.ask(number, name)
        assert client.answered(number, name)
    client.ask(3, "put")
    assert client.rest() == b""


def test_chance_is_the_same_for_the_same_seed() -> None:
    def drawn(seed: int) -> list[Fault | None]:
        plan = at_random(seed, 0.3, [lambda chance: Fault(answer=chance.randrange(100)), lambda _: Fault(late=True)])
        return [plan(Message("get", CALL, 1, b"")) for _ in range(1000)]

    assert drawn(1) == drawn(1) != drawn(2)
    faults = [each for each in drawn(1) if each]
    assert 200 < len(faults) < 400
    assert {each.late for each in faults} == {True, False}
    assert len({each.answer for each in faults}) > 50


def test_connections_are_refused_and_taken_again_and_those_that_are_there_go_on(
    proxy: Proxy, client: Client, framed: bool
) -> None:
    client.ask(1)
    assert client.answered(1)
    proxy.refuse()
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        Client(proxy, framed)
    client.ask(2)
    assert client.answered(2)
    proxy.accept()
    proxy.accept()
    with closing(Client(proxy, framed)) as second:
        second.ask(3)
        assert second.answered(3)


def test_all_connections_are_cut(server, proxy: Proxy, client: Client, framed: bool) -> None:
    with closing(Client(proxy, framed)) as second:
        for each in (client, second):
            each.ask()
            assert each.answered()
        proxy.cut()
        assert client.rest() == second.rest() == b""
    for _ in range(2):
        assert server.ends.acquire(timeout=PATIENCE)


def test_what_the_server_ends_is_ended_for_the_client(proxy: Proxy, client: Client) -> None:
    client.ask(name="quit")
    assert client.rest() == b""


def test_what_is_no_message_ends_the_connection(server, proxy: Proxy, client: Client) -> None:
    client.socket.sendall(b"GET / HTTP/1.1\r\n\r\n")
    with suppress(ConnectionResetError):
        assert client.rest() == b""
    assert server.ends.acquire(timeout=PATIENCE)
    assert server.came == []


def test_closing_ends_all_also_what_waits(proxy: Proxy, client: Client, framed: bool) -> None:
    plans = [Fault(late=True), Fault(answer=0, then="hang"), Fault(delay=1000), Fault(request=3, then="hang")]
    clients = [Client(proxy, framed) for _ in plans]
    for each, fault in zip(clients, plans, strict=True):
        proxy.plan = nth(1, fault)
        seen = len(proxy.exchanges)
        each.ask()
        while len(proxy.exchanges) == seen:
            pass
    proxy.close()
    proxy.close()
    for each in [client, *clients]:
        with suppress(ConnectionResetError):
            each.rest()
        each.close()
