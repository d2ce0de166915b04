"""What is asked of a store beside the projection: ranges of rows, and changes to a row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from cfacl.model.projection import StoredFamily

#: The longest row key, in bytes; HBase's limit, kept on every store so that data can move.
MAX_KEY: Final = 32_767
#: The longest qualifier, in bytes.
MAX_QUALIFIER: Final = 65_535
#: The longest value, in bytes.
MAX_VALUE: Final = 256 * 1024 * 1024 - 1

#: A cell's value, or with its timestamp (milliseconds since 1970).
Cell = bytes | tuple[bytes, int]
#: A row's cells by column name, ``b"family:qualifier"``.
Cells = dict[bytes, Cell]


class Span(NamedTuple):
    """The row keys ``lower <= key < upper``, ``None`` for no bound; ``reverse`` visits the highest first."""

    lower: bytes | None = None
    upper: bytes | None = None
    reverse: bool = False

    def __contains__(self, key: object) -> bool:
        return (
            isinstance(key, bytes)
            and (self.lower is None or self.lower <= key)
            and (self.upper is None or key < self.upper)
        )


def prefix_span(prefix: bytes) -> Span:
    """Return the row keys that start with ``prefix``."""
    stripped = prefix.rstrip(b"\xff")
    return Span(prefix or None, stripped[:-1] + bytes([stripped[-1] + 1]) if stripped else None)


class Put(NamedTuple):
    """Values by qualifier, for one family of a row; at a timestamp in milliseconds, or now."""

    family: StoredFamily
    values: Mapping[bytes, bytes]
    timestamp: int | None = None


class Delete(NamedTuple):
    """Removes the named cells of a family of a row, or all (``None``): every version, or those not after a timestamp."""

    family: StoredFamily
    qualifiers: tuple[bytes, ...] | None = None
    timestamp: int | None = None


class Mutation(NamedTuple):
    """What changes in one row, in the caller's order."""

    key: bytes
    changes: tuple[Put | Delete, ...]
