"""Reads rows in parts, so that no more than a part of a wide one is in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from cfacl.model.request import Cells
from cfacl.stores.rocksdb.keys import END, after, unescaped
from cfacl.stores.rocksdb.rows import Range, Source

__all__ = ["Place", "parts"]


class Place(NamedTuple):
    """Where a part ended: the row's `head`, and the last column."""

    head: bytes
    column: bytes


def parts(sources: Sequence[Source], keys: Range, size: int, behind: Place | None) -> Iterator[tuple[bytes, Cells]]:
    """Yield (key, cells) of parts of at most ``size`` cells, of the first row those ``behind`` a place.

    Rows go in the order of the range; the cells of each go up, in either direction.
    """
    while rows := [row for each in sources if (row := each.first(keys)) is not None]:
        row = max(rows) if keys.reverse else min(rows)
        head = row + END
        left: list[tuple[Source, bytes | None]] = [(each, None) for each in sources]
        if behind is not None and behind.head == head:
            left = _behind(sources, behind.column)
        part: Cells = {}
        for each, skip in left:
            for _ in each.stream(head, skip, part):
                if len(part) == size:
                    yield unescaped(row), dict(part)
                    part.clear()
        if part:
            yield unescaped(row), part
        keys = keys._replace(upper=head) if keys.reverse else keys._replace(lower=after(head))


def _behind(sources: Sequence[Source], column: bytes) -> list[tuple[Source, bytes | None]]:
    """Return the sources that go on behind a column, the first of them with the qualifier to skip to."""
    at = next(number for number, each in enumerate(sources) if column.startswith(each.prefix))
    return [(sources[at], column[len(sources[at].prefix) :]), *((each, None) for each in sources[at + 1 :])]
