"""Breaks what passes between a client and a node of Cassandra, as networks and nodes do.

::

    with CassandraProxy(server.host, server.port) as proxy:
        store = open_store(f"cassandra://{proxy.host}:{proxy.port}/home", clock=time.time_ns)
        proxy.plan = nth(3, Fault(answer=10), "SELECT")     # of the third row read ten bytes pass, then all ends

A connection has many requests on their way at once, and answers come in any order: one that is late or delayed is overtaken
by others, and one that is cut off takes with it whatever else is on its way.  A prepared statement is called by its first
word, others by their opcode: `SELECT`, `UPDATE`, `BATCH`, `QUERY`; `Frame.statement` has the whole.

The node must be the only one: a driver learns the addresses of all others, and goes there.  TLS and compression are not read.
"""

from __future__ import annotations

import select
import socket
import time
from typing import Final, NamedTuple

from attrs import define, evolve, field

from cfacl.testing.servers.cassandra.frames import EVENTS, Frames, prepared, told
from cfacl.testing.servers.faults import Breaker, Exchange, Fault

__all__ = ["CassandraProxy"]

#: Of an answer that waits for the next request, and for no time.
_NEVER: Final = float("inf")


class _Held(NamedTuple):
    """An answer that waits, until a time of the monotonic clock."""

    until: float
    exchange: Exchange
    fault: Fault


@define
class _Line:
    """One connection: its two sides, and what is on its way.

    Attributes:
        asked: the requests whose answers have not come, by stream.
        held: the answers that wait.
    """

    client: socket.socket
    server: socket.socket
    requests: Frames
    answers: Frames
    asked: dict[int, tuple[Exchange, Fault]] = field(factory=dict)
    held: list[_Held] = field(factory=list)


class CassandraProxy(Breaker):
    """A port of the loopback address that leads to a node's; a context manager."""

    def __init__(self, host: str, port: int) -> None:
        self._statements: dict[bytes, str] = {}
        super().__init__(host, port)

    def _pass(self, client: socket.socket, server: socket.socket) -> None:
        line = _Line(client, server, Frames(client), Frames(server))
        while not self._closing.is_set():
            ready = [each for each in (line.requests, line.answers) if each] or self._wait(line)
            if line.requests in ready and not self._ask(line):
                return
            if line.answers in ready and not self._take(line):
                return
            now = time.monotonic()
            if not self._let_go(line, [each for each in line.held if each.until <= now]):
                return

    @staticmethod
    def _wait(line: _Line) -> list[Frames]:
        """Return the sides from which something comes, or none once a held answer is due."""
        first = min((each.until for each in line.held), default=_NEVER)
        patience = None if first == _NEVER else max(0.0, first - time.monotonic())
        ready = select.select([line.client, line.server], [], [], patience)[0]
        sides = ((line.client, line.requests), (line.server, line.answers))
        return [frames for side, frames in sides if side in ready]

    def _ask(self, line: _Line) -> bool:
        """Pass a request on; return whether the connection goes on."""
        request = told(line.requests.next(), self._statements)
        exchange, fault = self._begun(request)
        exchange.sent = request.raw[: fault.request]
        line.server.sendall(exchange.sent)
        if fault.request is not None:
            fault.end(line.server, line.client)
            return False
        line.asked[request.number] = exchange, fault
        return self._let_go(line, [each for each in line.held if each.until == _NEVER])

    def _take(self, line: _Line) -> bool:
        """Pass an answer on, or hold it; return whether the connection goes on."""
        answer = line.answers.next()
        if answer.number == EVENTS:
            line.client.sendall(answer.raw)
            return True
        exchange, fault = line.asked.pop(answer.number)
        exchange.answer = answer
        identity = prepared(answer)
        if identity is not None:
            self._statements[identity] = exchange.request.statement
        if fault.late or (fault.delay and fault.piece is None):
            until = _NEVER if fault.late else time.monotonic() + fault.delay
            line.held.append(_Held(until, exchange, fault))
            return True
        return self._finish(line, exchange, fault)

    def _let_go(self, line: _Line, due: list[_Held]) -> bool:
        """Pass held answers on; return whether the connection goes on."""
        for each in due:
            line.held.remove(each)
            if not self._finish(line, each.exchange, evolve(each.fault, delay=0.0)):
                return False
        return True

    def _finish(self, line: _Line, exchange: Exchange, fault: Fault) -> bool:
        self._answer(exchange, fault, line.client)
        if fault.answer is not None:
            fault.end(line.client, line.server)
        return fault.answer is None
