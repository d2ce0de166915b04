"""How cells and families are written down: order-preserving, and injective for any bytes.

::

    newest version    row*  00 00  qualifier                                   → timestamp, value
    older versions    row*  00 00  qualifier*  00 00  2**64 - 1 - timestamp    → value

``row*`` is the row key with each ``00`` written ``00 01``.  So ``00 00`` occurs first where
the row ends, and a row sorts before all that it is a prefix of.  Timestamps are milliseconds
in 8 bytes, big-endian.  The newest version of a cell is in one column family, its older ones
are in a second: a read of what is current never steps over history, and how many versions
are kept can change at any time without rewriting anything.

A column family is named ``cells:7:account:prof`` (or ``older:…``): its identity and the
percent-encoded table and family, for RocksDB refuses NUL in names.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple
from urllib.parse import quote, unquote

__all__ = [
    "END",
    "STAMP",
    "SYSTEM",
    "FamilyName",
    "after",
    "escaped",
    "head",
    "inverted",
    "inverted_of",
    "ours",
    "stamp",
    "unescaped",
]

#: The column family of the system table and of what the store keeps for itself.
SYSTEM: Final = "system"
#: Ends a row, or an escaped qualifier.
END: Final = b"\0\0"
#: How many bytes a timestamp takes at the start of a value, or at the end of a key.
STAMP: Final = 8

_TOP: Final = (1 << 64) - 1


def escaped(raw: bytes) -> bytes:
    """Return ``raw`` free of ``00 00``, in the same order; a bound for the rows from ``raw`` on."""
    return raw.replace(b"\0", b"\0\1") if b"\0" in raw else raw


def unescaped(written: bytes) -> bytes:
    """Return what `escaped` was given."""
    return written.replace(b"\0\1", b"\0") if b"\0" in written else written


def head(key: bytes) -> bytes:
    """Return what all cells of the row ``key``, and no others, start with."""
    return escaped(key) + END


def after(start: bytes) -> bytes:
    """Return a bound above all keys that begin with ``start``, which ends in `END`, and below all others after it."""
    return start[:-1] + b"\1"


def stamp(timestamp: int) -> bytes:
    """Return a timestamp as it heads a value."""
    return timestamp.to_bytes(STAMP, "big")


def inverted(timestamp: int) -> bytes:
    """Return a timestamp as it ends a key, so that the newest comes first."""
    return (_TOP - timestamp).to_bytes(STAMP, "big")


def inverted_of(key: bytes) -> int:
    """Return the timestamp that ``key`` ends in."""
    return _TOP - int.from_bytes(key[-STAMP:], "big")


class FamilyName(NamedTuple):
    """What the name of a column family says."""

    kind: Literal["cells", "older"]
    identity: int
    table: str
    family: str

    def __str__(self) -> str:
        table, family = (quote(each, safe="", errors="surrogatepass") for each in (self.table, self.family))
        return f"{self.kind}:{self.identity}:{table}:{family}"

    @classmethod
    def parse(cls, name: str) -> FamilyName | None:
        """Return what ``name`` says, or ``None`` if it is no name of ours."""
        match name.split(":"):
            case [("cells" | "older") as kind, identity, *names]:
                try:
                    table, family = (unquote(each, errors="surrogatepass") for each in names)
                    parsed = cls("older" if kind == "older" else "cells", int(identity), table, family)
                except ValueError:
                    return None
                return parsed if parsed.identity > 0 and str(parsed) == name else None
        return None


def ours(names: list[str]) -> bool:
    """Whether all of these are names that this version gives to column families."""
    known = {SYSTEM, "default"}
    return all(each in known or FamilyName.parse(each) is not None for each in names)
