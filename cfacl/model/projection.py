"""What a store may touch for one request.

A projection is non-empty by construction and is the only thing that a store accepts: HBase's
Thrift server reads an empty column list as "the whole row".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from attrs import field, frozen

#: How many column names of whole families a projection remembers as its own before it forgets them all.
_SEEN_LIMIT: Final = 4096


@frozen(eq=False)
class StoredFamily:
    """A family as a store keeps it.

    Attributes:
        identity: given once by the database and never again; dropped and created anew is another
            family, with none of the old cells.
        level: its sensitivity, for stores that place or seal data by level.
        versions: how many values of a cell are kept.
        time_to_live: milliseconds, counted from a cell's timestamp; ``None`` for ever.
        prefix: what its column names start with, ``b"prof:"``.
    """

    table: str
    name: str
    identity: int
    level: str
    versions: int = 1
    time_to_live: int | None = None
    prefix: bytes = field(init=False, repr=False)

    @prefix.default
    def _prefix(self) -> bytes:
        return self.name.encode("ascii") + b":"


@frozen(eq=False)
class Slice:
    """One family of a projection: all of it, or the named qualifiers (sorted, no duplicates, at least one)."""

    family: StoredFamily
    qualifiers: tuple[bytes, ...] | None = None

    def __attrs_post_init__(self) -> None:
        if self.qualifiers is not None and not self.qualifiers:
            raise ValueError("a slice of no columns")


class Projection:
    """The families, and columns of them, that one request may touch; of one table, never empty.

    Shared between threads and requests; nothing but the memo of known columns ever changes.
    """

    __slots__ = ("_columns", "_prefixes", "known", "slices", "stored")

    #: by family name, in order
    slices: tuple[Slice, ...]
    #: the families by name, as column names begin
    stored: Mapping[bytes, StoredFamily]

    def __init__(self, slices: Iterable[Slice]) -> None:
        self.slices = tuple(sorted(slices, key=_by_family))
        if not self.slices:
            raise ValueError("an empty projection")
        self.stored = {each.family.prefix[:-1]: each.family for each in self.slices}
        if len(self.stored) != len(self.slices) or len({each.family.table for each in self.slices}) != 1:
            raise ValueError("a projection names families of one table, each once")
        self._prefixes = tuple(each.family.prefix for each in self.slices if each.qualifiers is None)
        self._columns = {each.family.prefix + q for each in self.slices for q in each.qualifiers or ()}
        #: whether all columns of a row were asked for, as far as they are known; `admits` knows the rest
        self.known = self._columns.issuperset

    def __repr__(self) -> str:
        return f"<Projection of {', '.join(sorted(each.family.name for each in self.slices))}>"

    def admits_all(self, rows: Iterable[tuple[bytes, Mapping[bytes, Any]]]) -> bool:
        """Whether each of ``rows`` is a dict that has columns, and all of them were asked for."""
        known = self.known
        for _, cells in rows:  # a loop, since a call for each row would be felt
            if type(cells) is not dict or not cells or not (known(cells) or self.admits(cells)):
                return False
        return True

    def admits(self, cells: Mapping[bytes, Any]) -> bool:
        """Judge columns of a row that were not seen before by their prefixes, and remember them."""
        fresh = [each for each in cells if each not in self._columns]
        if not self._prefixes or not all(type(each) is bytes and each.startswith(self._prefixes) for each in fresh):
            return False
        if len(self._columns) + len(fresh) <= _SEEN_LIMIT:
            self._columns.update(fresh)
        return True


def _by_family(each: Slice) -> str:
    return each.family.name
