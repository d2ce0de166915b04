"""What whoever runs a store does to a table of it, beside making and dropping it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from cfacl.errors import Unsupported
from cfacl.model.discovery import Discovered
from cfacl.model.projection import StoredFamily

__all__ = ["Administration", "Region"]


class Region(NamedTuple):
    """Rows that one server has: from a key on, up to another, which is left out; empty for no bound."""

    start_key: bytes = b""
    end_key: bytes = b""
    id: int = 0
    name: bytes = b""
    version: int = 0
    server_name: bytes = b""
    port: int = 0


class Administration:
    """One store's; as here where a store has nothing of the kind: a table is enabled, and in one piece."""

    def is_enabled(self, table: str) -> bool:
        """Return whether the store itself serves a table that it has."""
        return True

    def enable(self, table: str) -> None:
        """Have the store serve a table again; nothing, where it does."""

    def disable(self, table: str) -> None:
        """Have the store refuse a table to everybody until `enable`; nothing, where it does."""

    def compact(self, table: str, families: Sequence[StoredFamily], *, major: bool) -> None:
        """Have families put together on the disk, or begin it; nothing, where the store alone decides when.

        ``major``: all that is there, so that what was deleted takes no room.
        """

    def discover(self, rows: int) -> Iterator[Discovered]:
        """Yield the families of tables that cfacl never made, with the names of the columns of so many rows; no value is read.

        Raises:
            Unsupported: this store never has others.
        """
        raise Unsupported("only what is in an hbase can be looked through for a policy")

    def regions(self, table: str) -> list[Region]:
        """Return the pieces of a table in the order of their keys."""
        return [Region()]
