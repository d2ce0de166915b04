"""A port that leads to a server's."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from cfacl.testing.servers.ports import HOST

__all__ = ["Relay"]

_CHUNK: Final = 1 << 16


class Relay:
    """Passes on what comes, as it is, and takes connections or not as it is told; a context manager.

    Args:
        host, port: the server's.
        at: the loopback address where it listens itself.

    Attributes:
        host, port: where clients connect to it.
    """

    def __init__(self, host: str, port: int, *, at: str = HOST) -> None:
        self.host = at
        self.port = 0
        self._server = host, port
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._closing = threading.Event()
        self._listener: socket.socket | None = None
        self.accept()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def accept(self) -> None:
        """Take connections again, at the same port."""
        if self._listener is None:
            self._listener = socket.create_server((self.host, self.port))
            self.port = self._listener.getsockname()[1]
            self._listening = self._run(self._listen, self._listener)

    def refuse(self) -> None:
        """Take no more connections; those that there are go on."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with suppress(OSError):
                socket.create_connection((self.host, self.port)).close()  # so that it no longer waits for one
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

    def _run(self, target: Callable[..., None], *arguments: object) -> threading.Thread:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
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
                self._pass(client, server)
            finally:
                with self._lock:
                    self._open -= {client, server}

    def _pass(self, client: socket.socket, server: socket.socket) -> None:
        """Pass on what comes, until one of them ends."""
        back = threading.Thread(target=_copy, args=(server, client), daemon=True)
        back.start()
        _copy(client, server)
        back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(_CHUNK):
            target.sendall(data)
    for each in (source, target):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)  # so that the other direction ends too
