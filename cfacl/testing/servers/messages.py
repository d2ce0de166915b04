"""Thrift's messages in its binary protocol, as far as they must be understood to be told apart.

Written apart from any driver, since what it reads is there to find a driver's faults.
"""

from __future__ import annotations

import socket
import struct
from typing import Final, NamedTuple

__all__ = ["CALL", "Message", "Stream", "read"]

#: What a message can be; others are a reply, an exception of the server's own, and a call without an answer.
CALL: Final = 1
_VERSION: Final = 0x8001 << 16
#: How many bytes a field of a type has, by the type's number; the others say it themselves.
_SIZES: Final = {2: 1, 3: 1, 4: 8, 6: 2, 8: 4, 10: 8}
_STRING, _STRUCT, _MAP, _SET, _LIST = 11, 12, 13, 14, 15
_CHUNK: Final = 1 << 16


class Message(NamedTuple):
    """A request or an answer.

    Attributes:
        name: the method's.
        kind: `CALL`, or what sort of an answer.
        number: the same in a request and in its answer.
        body: everything behind that.
        framed: whether its length stands before it.
    """

    name: str
    kind: int
    number: int
    body: bytes
    framed: bool = False

    @property
    def raw(self) -> bytes:
        """All of it as it passes."""
        name = self.name.encode()
        head = struct.pack(f">Ii{len(name)}si", _VERSION | self.kind, len(name), name, self.number)
        frame = struct.pack(">i", len(head) + len(self.body)) if self.framed else b""
        return frame + head + self.body


class Stream:
    """What comes from a socket, in the lengths that are asked for."""

    def __init__(self, source: socket.socket) -> None:
        self._source = source
        self._held = bytearray()
        self._taken = 0

    def __bool__(self) -> bool:
        """Whether something has come that nobody took."""
        return len(self._held) > self._taken

    def take(self, count: int) -> bytes:
        """Return the next so many bytes.

        Raises:
            EOFError: there are no more.
        """
        start, end = self._taken, self._taken + count
        while len(self._held) < end:
            more = self._source.recv(_CHUNK)
            if not more:
                raise EOFError
            self._held += more
        self._taken = end
        return bytes(self._held[start:end])

    def since(self) -> bytes:
        """Return all that was taken since this was last called."""
        taken = bytes(self._held[: self._taken])
        del self._held[: self._taken]
        self._taken = 0
        return taken


def read(stream: Stream, *, framed: bool) -> Message:
    """Return the next message.

    Raises:
        EOFError: there is none, or not the whole of one.
        ValueError: this is something else.
    """
    if framed:
        stream.take(4)
    (word,) = struct.unpack(">I", stream.take(4))
    if word & 0xFFFF0000 != _VERSION:
        raise ValueError("no message of thrift's binary protocol")
    name = stream.take(_integer(stream)).decode()
    number = _integer(stream)
    stream.since()
    _skip(stream, _STRUCT)
    return Message(name, word & 0xFF, number, stream.since(), framed)


def _integer(stream: Stream) -> int:
    value: int = struct.unpack(">i", stream.take(4))[0]
    return value


def _skip(stream: Stream, kind: int) -> None:
    if kind in _SIZES:
        stream.take(_SIZES[kind])
    elif kind == _STRING:
        stream.take(_integer(stream))
    elif kind == _STRUCT:
        while field := stream.take(1)[0]:
            stream.take(2)
            _skip(stream, field)
    elif kind == _MAP:
        key, value = stream.take(2)
        for _ in range(_integer(stream)):
            _skip(stream, key)
            _skip(stream, value)
    elif kind in (_SET, _LIST):
        (item,) = stream.take(1)
        for _ in range(_integer(stream)):
            _skip(stream, item)
    else:
        raise ValueError(f"no type of thrift's: {kind}")
