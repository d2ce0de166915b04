"""What deleting rows by a filter came to; apart from the deleting, which needs the parser of filters."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Deleted"]


class Deleted(NamedTuple):
    """What a call of `Table.delete_where` came to.

    Attributes:
        rows: how many rows it deleted, or (``dry_run``) would have.
        last: the key of the last of them; ``None`` for none.
        done: whether it saw the last row; otherwise ``limit`` ended it.
    """

    rows: int
    last: bytes | None
    done: bool
