"""How a counter is kept in a cell: 8 bytes, big-endian, signed, as HBase has it."""

from __future__ import annotations

import struct
from typing import Final

from cfacl.errors import InvalidValue

__all__ = ["counted", "counter"]

_COUNTER: Final = struct.Struct(">q")


def counted(value: bytes | None) -> int:
    """Return what a counter's cell holds; no cell counts as 0.

    Raises:
        InvalidValue: the cell is not 8 bytes.
    """
    if value is None:
        return 0
    if len(value) != _COUNTER.size:
        raise InvalidValue("the cell is not a counter; a counter is 8 bytes")
    return int(_COUNTER.unpack(value)[0])


def counter(total: int) -> bytes:
    """Return a counter's cell.

    Raises:
        InvalidValue: beyond 64 bits, signed.
    """
    if type(total) is not int or not -1 << 63 <= total < 1 << 63:
        raise InvalidValue("a counter is an int of 64 bits, signed")
    return _COUNTER.pack(total)
