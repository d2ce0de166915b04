"""Reads rows in parts, so that no more than a part of a wide one is in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from cfacl.model.request import Cells
from cfacl.stores.rocksdb.keys import END, after, unescaped
from cfacl.stores.rocksdb.rows import Range, Source

__all__ = ["Place", "parts"]


class Place(NamedTuple):
    """Where a part ended: the row's `head`, which of the sources, and the last qualifier."""

    head: bytes
    source: int
    qualifier: bytes


def parts(
    sources: Sequence[Source], keys: Range, size: int, behind: Place | None
) -> Iterator[tuple[bytes, Cells, Place]]:
    """Yield (key, cells, place) of parts of at most ``size`` cells, of the first row those ``behind`` a place.

    Rows go in the order of the range; the cells of each go up, in either direction.
    """
    while rows := [row for each in sources if (row := each.first(keys)) is not None]:
        row = max(rows) if keys.reverse else min(rows)
        head = row + END
        going_on = behind if behind is not None and behind.head == head else Place(head, 0, b"")
        part: Cells = {}
        place = going_on
        for number, each in enumerate(sources[going_on.source :], going_on.source):
            skip = going_on.qualifier if going_on is behind and number == going_on.source else None
            for qualifier in each.stream(head, skip, part):
                place = Place(head, number, qualifier)
                if len(part) == size:
                    yield unescaped(row), dict(part), place
                    part.clear()
        if part:
            yield unescaped(row), part, place
        keys = keys._replace(upper=head) if keys.reverse else keys._replace(lower=after(head))
