"""A socket to a gateway, on which a question and its answer have so long together, and not each piece of them."""

from __future__ import annotations

import io
import select
import socket
import ssl
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Final

from cfacl.errors import StoreError, StoreUnavailable
from cfacl.stores.hbase.address import Address

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["Wire", "opened", "strange"]

#: How long a connection may take to open, in seconds, where an answer may take longer.
_OPENING: Final = 5.0
#: How much longer it may take than it should, so that the socket is seldom told anew.
_LATE: Final = 1.05


class Wire:
    """What thriftpy2's transports and `http.client` read from and write to."""

    def __init__(self, opened: socket.socket, timeout: float) -> None:
        self._socket = opened
        self._timeout = timeout
        self._until = self._left = 0.0
        self._waiting = select.poll()
        self._waiting.register(opened, select.POLLIN)

    def begin(self) -> None:
        """Count from now."""
        self._until = monotonic() + self._timeout

    def is_quiet(self) -> bool:
        """Whether it is open, and nothing waits to be read: neither a late answer nor the other side's good-bye."""
        return self.is_open() and not self._waiting.poll(0)

    def is_open(self) -> bool:
        return self._socket.fileno() >= 0

    def read(self, size: int) -> bytes:
        """Return at most so many bytes; none at the end."""
        self._wait()
        return self._socket.recv(size)

    def write(self, data: bytes) -> None:
        self._wait()
        try:
            self._socket.sendall(data)
        except ssl.SSLEOFError as error:  # what a broken pipe is called where it is encrypted
            raise BrokenPipeError from error

    def flush(self) -> None:
        """Do nothing: what is written is sent."""

    sendall = write

    def makefile(self, mode: str) -> io.BufferedReader:
        """Return a file that reads from it and leaves it open, as `http.client` asks for one."""
        return io.BufferedReader(_Reading(self))

    def close(self) -> None:
        """End it, for the other side too, also where another process holds it."""
        with suppress(OSError):  # it has ended already
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def let_go(self) -> None:
        """Close it here and nowhere else: a parent process goes on using it."""
        self._socket.close()

    def _wait(self) -> None:
        left = self._until - monotonic()
        if left <= 0:
            raise TimeoutError
        if not left <= self._left <= left * _LATE:
            self._socket.settimeout(left)
            self._left = left


class _Reading(io.RawIOBase):
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        data = self._wire.read(len(view))
        view[: len(data)] = data
        return len(data)


def opened(address: Address) -> Wire:
    """Return a new connection.

    Raises:
        RequestError: a file of certificates can't be read.
        StoreUnavailable: nobody takes a connection there.
        StoreError: it is not encrypted as the URL says.
    """
    context = None if address.tls is None else address.tls.context()
    try:
        made = socket.create_connection((address.host, address.port), min(address.timeout, _OPENING))
        try:
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if context is not None:
                made = context.wrap_socket(made, server_hostname=address.host)
        except BaseException:
            made.close()
            raise
    except ssl.SSLError as error:
        raise StoreError(strange(address)) from error
    except OSError as error:
        raise StoreUnavailable(
            f"no gateway answers at `{address}`; start it with `hbase thrift start`, or mend the URL"
        ) from error
    return Wire(made, address.timeout)


def strange(where: object) -> str:
    """Return what is said where an encrypted connection fails."""
    return (
        f"the gateway at `{where}` is not encrypted, or we know each other's certificates not; see `ca`, `cert`, `key`"
    )
