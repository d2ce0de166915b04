"""Breaks what passes between a client and a Thrift server, as networks and servers do.

::

    with Proxy(server.host, server.port()) as proxy:
        store = open_store(f"hbase://{proxy.host}:{proxy.port}", clock=time.time_ns)
        proxy.plan = nth(3, Fault(answer=10))               # of the third answer ten bytes pass, then all ends

It passes whole messages on, one after the other, so a fault hits a request or its answer at a byte that is known.
"""

from __future__ import annotations

import select
import socket

from cfacl.testing.servers.faults import Breaker
from cfacl.testing.servers.messages import Stream, read

__all__ = ["Proxy"]


class Proxy(Breaker):
    """A port of the loopback address that leads to a Thrift server's; a context manager."""

    def __init__(self, host: str, port: int, *, framed: bool = False) -> None:
        self._framed = framed
        super().__init__(host, port)

    def _pass(self, client: socket.socket, server: socket.socket) -> None:
        asked, answered = Stream(client), Stream(server)
        while not self._closing.is_set():
            if not asked and client not in select.select([client, server], [], [])[0]:
                return  # the server has ended it
            if not self._exchange(asked, answered, client, server):
                return

    def _exchange(self, asked: Stream, answered: Stream, client: socket.socket, server: socket.socket) -> bool:
        """Pass a request and its answer on; return whether the connection goes on."""
        exchange, fault = self._begun(read(asked, framed=self._framed))
        exchange.sent = exchange.request.raw[: fault.request]
        server.sendall(exchange.sent)
        if fault.request is not None:
            fault.end(server, client)
            return False
        exchange.answer = read(answered, framed=self._framed)
        if fault.late and not asked:
            select.select([client], [], [])
        self._answer(exchange, fault, client)
        if fault.answer is not None:
            fault.end(client, server)
        return fault.answer is None
