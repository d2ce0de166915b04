"""Frames of Cassandra's protocol 5, as far as they must be understood to be told apart, and the segments that they come in.

Written apart from any driver, since what it reads is there to find a driver's faults.
"""

from __future__ import annotations

import socket
import struct
import zlib
from collections.abc import Mapping
from typing import Final, NamedTuple

from cfacl.testing.servers.messages import Stream

__all__ = ["EVENTS", "Frame", "Frames", "prepared", "told"]

#: The stream of what a server says unasked.
EVENTS: Final = -1
_VERSION: Final = 5
_HEAD: Final = struct.Struct(">BBhBi")
#: Opcodes by number; the fourth is no more.
_NAMES: Final = (
    *("ERROR", "STARTUP", "READY", "AUTHENTICATE", "", "OPTIONS", "SUPPORTED", "QUERY", "RESULT", "PREPARE", "EXECUTE"),
    *("REGISTER", "EVENT", "BATCH", "AUTH_CHALLENGE", "AUTH_RESPONSE", "AUTH_SUCCESS"),
)
#: Behind these, frames come in segments.
_LAST: Final = ("STARTUP", "READY", "AUTHENTICATE")
_PREPARED: Final = 4

#: The most that a segment carries, and the bit of its head that says that it carries whole frames.
_MOST: Final = (1 << 17) - 1
_WHOLE: Final = 1 << 17
_CRC24: Final = 0x875060, 0x1974F0B
_CRC32: Final = zlib.crc32(b"\xfa\x2d\x55\xca")


class Frame(NamedTuple):
    """A request or an answer.

    Attributes:
        kind: the opcode's name.
        number: the stream's, which is the same in a request and in its answer.
        segmented: whether it comes in segments.
        statement: of what is executed, or of all of a batch's, as far as it was seen to be prepared.
    """

    kind: str
    number: int
    body: bytes
    version: int = _VERSION
    flags: int = 0
    segmented: bool = True
    statement: str = ""

    @property
    def name(self) -> str:
        """The opcode's; of a prepared statement its first word, such as `SELECT`."""
        return self.statement.partition(" ")[0] if self.kind == "EXECUTE" and self.statement else self.kind

    @property
    def raw(self) -> bytes:
        """All of it as it passes: where it is segmented, in segments that have nothing else."""
        head = _HEAD.pack(self.version, self.flags, self.number, _NAMES.index(self.kind), len(self.body))
        frame = head + self.body
        if not self.segmented:
            return frame
        parts = [frame[start : start + _MOST] for start in range(0, len(frame), _MOST)]
        return b"".join(_segment(each, whole=len(parts) == 1) for each in parts)


class Frames:
    """What comes from a side of a connection, frame by frame."""

    def __init__(self, source: socket.socket) -> None:
        self._stream = Stream(source)
        self._held = b""
        self._segmented = False

    def __bool__(self) -> bool:
        """Whether something has come that nobody took."""
        return bool(self._held or self._stream)

    def next(self) -> Frame:
        """Return the next.

        Raises:
            EOFError: there is none, or not the whole of one.
            ValueError: this is something else, or its checksum is wrong.
        """
        segmented = self._segmented
        version, flags, number, opcode, length = _HEAD.unpack(self._take(_HEAD.size))
        if version & 0x7F != _VERSION or opcode >= len(_NAMES):
            raise ValueError("no frame of version 5 of cassandra's protocol")
        body = self._take(length)
        kind = _NAMES[opcode]
        if kind == "STARTUP" and b"COMPRESSION" in body:
            raise ValueError("compressed segments are not read; take the compression out of the client")
        self._segmented = segmented or kind in _LAST
        return Frame(kind, number, body, version, flags, segmented)

    def _take(self, count: int) -> bytes:
        if not self._segmented:
            taken = self._stream.take(count)
            self._stream.since()
            return taken
        parts, length = [self._held], len(self._held)
        while length < count:
            parts.append(self._payload())
            length += len(parts[-1])
        whole = b"".join(parts)
        self._held = whole[count:]
        return whole[:count]

    def _payload(self) -> bytes:
        head = self._stream.take(6)
        if head[3:] != _crc24(head[:3]):
            raise ValueError("the checksum of a segment's head is wrong")
        payload = self._stream.take(int.from_bytes(head[:3], "little") & _MOST)
        if self._stream.take(4) != _crc32(payload):
            raise ValueError("a segment's checksum is wrong")
        self._stream.since()
        return payload


def told(request: Frame, known: Mapping[bytes, str]) -> Frame:
    """Return a request with its statement, where that is known; ``known``: statements by what they are executed by."""
    body, kind = request.body, request.kind
    if kind in ("QUERY", "PREPARE"):
        return request._replace(statement=_text(body, 0)[0])
    if kind == "EXECUTE":
        return request._replace(statement=known.get(_short(body, 0)[0], ""))
    if kind == "BATCH":
        return request._replace(statement="; ".join(_batch(body, known)))
    return request


def prepared(answer: Frame) -> bytes | None:
    """Return what a statement is executed by, if this is the answer that says so."""
    if answer.kind != "RESULT" or answer.flags or answer.body[:4] != _PREPARED.to_bytes(4, "big"):
        return None
    return _short(answer.body, 4)[0]


def _batch(body: bytes, known: Mapping[bytes, str]) -> list[str]:
    found = []
    place = 3
    for _ in range(int.from_bytes(body[1:3], "big")):
        if body[place]:
            identity, place = _short(body, place + 1)
            found.append(known.get(identity, ""))
        else:
            text, place = _text(body, place + 1)
            found.append(text)
        values = int.from_bytes(body[place : place + 2], "big")
        place += 2
        for _ in range(values):
            length = int.from_bytes(body[place : place + 4], "big", signed=True)
            place += 4 + max(length, 0)
    return found


def _text(body: bytes, place: int) -> tuple[str, int]:
    end = place + 4 + int.from_bytes(body[place : place + 4], "big")
    return body[place + 4 : end].decode(), end


def _short(body: bytes, place: int) -> tuple[bytes, int]:
    end = place + 2 + int.from_bytes(body[place : place + 2], "big")
    return body[place + 2 : end], end


def _segment(payload: bytes, *, whole: bool) -> bytes:
    head = (len(payload) | _WHOLE * whole).to_bytes(3, "little")
    return head + _crc24(head) + payload + _crc32(payload)


def _crc24(head: bytes) -> bytes:
    found, polynomial = _CRC24
    for each in head:
        found ^= each << 16
        for _ in range(8):
            found <<= 1
            if found >> 24:
                found ^= polynomial
    return found.to_bytes(3, "little")


def _crc32(payload: bytes) -> bytes:
    return zlib.crc32(payload, _CRC32).to_bytes(4, "little")
