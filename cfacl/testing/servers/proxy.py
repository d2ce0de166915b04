"""Breaks what passes between a client and a Thrift server, as networks and servers do.

::

    with Proxy(server.host, server.port()) as proxy:
        store = open_store(f"hbase://{proxy.host}:{proxy.port}", clock=time.time_ns)
        proxy.plan = nth(3, Fault(answer=10))               # of the third answer ten bytes pass, then all ends

It passes whole messages on, one after the other, so a fault hits a request or its answer at a byte that is known.
"""

from __future__ import annotations

import random
import select
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Final, Literal, Self

from attrs import define, frozen

from cfacl.testing.servers.messages import Message, Stream, read
from cfacl.testing.servers.ports import HOST

__all__ = ["Exchange", "Fault", "Plan", "Proxy", "at_random", "nth"]

#: A connection that is closed so is told as reset.
_RESET: Final = struct.pack("ii", 1, 0)


@frozen
class Fault:
    """What befalls a request, or its answer.

    Attributes:
        request: only so many bytes of it reach the server.
        answer: only so many bytes of it reach the client; all of them, where it is no longer.
        then: what comes behind these bytes.  The connection is closed, or reset; or only half of it is, in the direction
            of what was cut off; or it hangs, and stays open.
        altered: returns another answer for the server's.
        late: the answer waits for the client's next request, or for its end.
        delay: the answer waits so many seconds.
        piece: the answer comes so many bytes at a time, and each of them waits.
    """

    request: int | None = None
    answer: int | None = None
    then: Literal["close", "reset", "half", "hang"] = "close"
    altered: Callable[[Message], Message] | None = None
    late: bool = False
    delay: float = 0.0
    piece: int | None = None


@define
class Exchange:
    """A request that came from a client, and what became of it.

    Attributes:
        sent: what was passed on to the server.
        answer: the server's; none until it has come.
        received: what was passed on to the client.
    """

    request: Message
    sent: bytes = b""
    answer: Message | None = None
    received: bytes = b""


#: Says what befalls a request; asked once for each, in the order in which they come.
Plan = Callable[[Message], Fault | None]


def nth(number: int, fault: Fault, name: str | None = None) -> Plan:
    """Return a plan for the nth request from now on, counted from 1, of all or of those with a name."""
    left = number

    def plan(request: Message) -> Fault | None:
        nonlocal left
        left -= name in (None, request.name)
        return fault if not left and name in (None, request.name) else None

    return plan


def at_random(seed: int, share: float, faults: Sequence[Callable[[random.Random], Fault]]) -> Plan:
    """Return a plan for a share of all requests, each with one of the faults, which may draw too."""
    drawn = random.Random(seed)  # noqa: S311  # the same again is what is asked for
    return lambda _: drawn.choice(faults)(drawn) if drawn.random() < share else None


class Proxy:
    """A port of the loopback address that leads to a server's; a context manager.

    Attributes:
        host, port: where clients connect to it.
        plan: what befalls the requests from now on.
        exchanges: all that passed, in the order in which requests came.
    """

    host: Final = HOST

    def __init__(self, host: str, port: int, *, framed: bool = False) -> None:
        self._server = host, port
        self._framed = framed
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._closing = threading.Event()
        self.plan: Plan = lambda _: None
        self.exchanges: list[Exchange] = []
        self.port = 0
        self._listener: socket.socket | None = None
        self.accept()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def requests(self, name: str | None = None) -> list[Message]:
        """Return all requests so far, or those with a name."""
        return [each.request for each in list(self.exchanges) if name in (None, each.request.name)]

    def accept(self) -> None:
        """Take connections again, at the same port."""
        if self._listener is None:
            self._listener = socket.create_server((HOST, self.port))
            self.port = self._listener.getsockname()[1]
            self._listening = self._run(self._listen, self._listener)

    def refuse(self) -> None:
        """Take no more connections; those that there are go on."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with suppress(OSError):
                socket.create_connection((HOST, self.port)).close()  # so that it no longer waits for one
            self._listening.join()  # or the system would take some more
            listener.close()

    def cut(self) -> None:
        """End all connections that there are."""
        with self._lock:
            for each in self._open:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End all; again, it does nothing."""
        self._closing.set()
        self.refuse()
        self.cut()
        for each in self._threads:
            each.join()

    def _run(self, target: Callable[[socket.socket], None], opened: socket.socket) -> threading.Thread:
        thread = threading.Thread(target=target, args=(opened,), daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _listen(self, listener: socket.socket) -> None:
        while listener is self._listener:
            with suppress(OSError):
                client, _ = listener.accept()
                if listener is self._listener:
                    self._run(self._serve, client)
                else:
                    client.close()

    def _serve(self, client: socket.socket) -> None:
        # Whatever ends, on either side, ends both.
        with suppress(OSError, EOFError, ValueError), client, socket.create_connection(self._server) as server:
            for each in (client, server):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open |= {client, server}
            try:
                asked, answered = Stream(client), Stream(server)
                while not self._closing.is_set():
                    if not asked and client not in select.select([client, server], [], [])[0]:
                        return  # the server has ended it
                    if not self._exchange(asked, answered, client, server):
                        return
            finally:
                with self._lock:
                    self._open -= {client, server}

    def _exchange(self, asked: Stream, answered: Stream, client: socket.socket, server: socket.socket) -> bool:
        """Pass a request and its answer on; return whether the connection goes on."""
        exchange = Exchange(read(asked, framed=self._framed))
        with self._lock:
            fault = self.plan(exchange.request) or Fault()
            self.exchanges.append(exchange)
        exchange.sent = exchange.request.raw[: fault.request]
        server.sendall(exchange.sent)
        if fault.request is not None:
            _end(fault, server, client)
            return False
        exchange.answer = answer = read(answered, framed=self._framed)
        if fault.late and not asked:
            select.select([client], [], [])
        exchange.received = (fault.altered(answer) if fault.altered else answer).raw[: fault.answer]
        piece = fault.piece or len(exchange.received) or 1
        for start in range(0, len(exchange.received), piece):
            self._closing.wait(fault.delay)
            client.sendall(exchange.received[start : start + piece])
        if fault.answer is not None:
            _end(fault, client, server)
        return fault.answer is None


def _end(fault: Fault, near: socket.socket, far: socket.socket) -> None:
    """Do what comes behind the last byte that passes to the ``near`` side; the caller then closes both."""
    if fault.then == "reset":
        for each in (near, far):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    elif fault.then != "close":
        if fault.then == "half":
            near.shutdown(socket.SHUT_WR)
        while all(each.recv(1 << 16) for each in select.select([near, far], [], [])[0]):
            pass  # until a side gives up
