"""What befalls requests and answers on their way, whatever the protocol."""

from __future__ import annotations

import random
import select
import socket
import struct
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, Protocol

from attrs import define, frozen

from cfacl.testing.servers.ports import HOST
from cfacl.testing.servers.relay import Relay

__all__ = ["Breaker", "Exchange", "Fault", "Passing", "Plan", "at_random", "nth"]

#: A connection that is closed so is told as reset.
_RESET: Final = struct.pack("ii", 1, 0)


class Passing(Protocol):
    """A request or an answer: what it is called, and its bytes."""

    @property
    def name(self) -> str:
        """What it asks for, by the name that the protocol has for it."""

    @property
    def raw(self) -> bytes:
        """All of it as it passes."""


@frozen
class Fault:
    """What befalls a request, or its answer.

    Attributes:
        request: only so many bytes of it reach the server.
        answer: only so many bytes of it reach the client; all of them, where it is no longer.
        then: what comes behind these bytes.  The connection is closed, or reset; or only half of it is, in the direction
            of what was cut off; or it hangs, and stays open.
        altered: returns another answer for the server's, of the same kind.
        damaged: of the answer's byte at this place, counted from 0 and again from the start, one bit is another.
        late: the answer waits for the client's next request, or for its end.
        delay: the answer waits so many seconds.
        piece: the answer comes so many bytes at a time, and each of them waits.
    """

    request: int | None = None
    answer: int | None = None
    then: Literal["close", "reset", "half", "hang"] = "close"
    altered: Callable[[Any], Passing] | None = None
    damaged: int | None = None
    late: bool = False
    delay: float = 0.0
    piece: int | None = None

    def of(self, answer: Passing) -> bytes:
        """Return what of an answer is to reach the client."""
        raw = (self.altered(answer) if self.altered else answer).raw
        if self.damaged is not None:
            place = self.damaged % len(raw)
            raw = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        return raw[: self.answer]

    def end(self, near: socket.socket, far: socket.socket) -> None:
        """Do what comes behind the last byte that passes to the ``near`` side; the caller then closes both."""
        if self.then == "reset":
            for each in (near, far):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        elif self.then != "close":
            if self.then == "half":
                near.shutdown(socket.SHUT_WR)
            while all(each.recv(1 << 16) for each in select.select([near, far], [], [])[0]):
                pass  # until a side gives up


@define
class Exchange:
    """A request that came from a client, and what became of it.

    Attributes:
        sent: what was passed on to the server.
        answer: the server's; none until it has come.
        received: what was passed on to the client.
    """

    request: Any
    sent: bytes = b""
    answer: Any = None
    received: bytes = b""


#: Says what befalls a request; asked once for each, in the order in which they come.
Plan = Callable[[Any], Fault | None]


def nth(number: int, fault: Fault, name: str | None = None) -> Plan:
    """Return a plan for the nth request from now on, counted from 1, of all or of those with a name."""
    left = number

    def plan(request: Passing) -> Fault | None:
        nonlocal left
        left -= name in (None, request.name)
        return fault if not left and name in (None, request.name) else None

    return plan


def at_random(seed: int, share: float, faults: Sequence[Callable[[random.Random], Fault]]) -> Plan:
    """Return a plan for a share of all requests, each with one of the faults, which may draw too."""
    drawn = random.Random(seed)  # noqa: S311  # the same again is what is asked for
    return lambda _: drawn.choice(faults)(drawn) if drawn.random() < share else None


class Breaker(Relay):
    """A relay that knows requests from answers, and has faults befall them.

    Attributes:
        plan: what befalls the requests from now on.
        exchanges: all that passed, in the order in which requests came.
    """

    def __init__(self, host: str, port: int, *, at: str = HOST) -> None:
        self.plan: Plan = lambda _: None
        self.exchanges: list[Exchange] = []
        super().__init__(host, port, at=at)

    def requests(self, name: str | None = None) -> list[Any]:
        """Return all requests so far, or those with a name."""
        return [each.request for each in list(self.exchanges) if name in (None, each.request.name)]

    def _begun(self, request: Passing) -> tuple[Exchange, Fault]:
        """Note a request, and return what befalls it."""
        exchange = Exchange(request)
        with self._lock:
            fault = self.plan(request) or Fault()
            self.exchanges.append(exchange)
        return exchange, fault

    def _answer(self, exchange: Exchange, fault: Fault, client: socket.socket) -> None:
        """Send what a fault leaves of an answer."""
        exchange.received = fault.of(exchange.answer)
        piece = fault.piece or len(exchange.received) or 1
        for start in range(0, len(exchange.received), piece):
            self._closing.wait(fault.delay)
            client.sendall(exchange.received[start : start + piece])
