"""Streams are merged as if all had been read first, however they come in pages."""

from __future__ import annotations

from collections import deque
from itertools import chain
from operator import itemgetter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cfacl.stores.cassandra.runs import Stream, merged

#: Few and short, so that the same come in several streams; and of how many cells a row is.
ROWS = st.dictionaries(st.binary(min_size=1, max_size=2), st.integers(1, 5), max_size=12)
FAMILIES = st.lists(st.lists(ROWS, min_size=1, max_size=3), min_size=1, max_size=3)


class Paged:
    """Tuples in pages of given sizes, some of which are empty, as `Pages` gives them."""

    def __init__(self, found: list[Any], sizes: list[int]) -> None:
        self.taken = 0
        self.asked = False
        #: how many tuples and rows were told to be whole
        self.counted: list[tuple[int, int]] = []
        self._pages = []
        for size in sizes:
            self._pages.append(found[:size])
            found = found[size:]
        self._pages.append(found)

    def more(self) -> bool:
        return bool(self._pages)

    def ask(self) -> None:
        self.asked = True

    def count(self, cells: int, rows: int) -> None:
        self.counted.append((cells, rows))

    def take(self) -> list[Any]:
        self.taken += 1
        self.asked = False
        return self._pages.pop(0)


def tuples(rows: dict[bytes, int], *, reverse: bool) -> list[tuple[bytes, int]]:
    return [(key, cell) for key in sorted(rows, reverse=reverse) for cell in range(rows[key])]


def gather(family: int) -> Any:
    def made(found: Any) -> Any:
        rows: dict[Any, Any] = {}
        for key, cell in found:
            rows.setdefault(key, {})[family, cell] = key
        return rows

    return made


@given(FAMILIES, st.booleans(), st.data())
def test_rows_come_whole_and_in_order(
    families: list[list[dict[bytes, int]]], reverse: bool, data: st.DataObject
) -> None:
    expected: dict[bytes, dict[Any, bytes]] = {}
    streams = []
    for number, several in enumerate(families):
        seen: set[bytes] = set()
        for rows in several:  # a row is in one stream of a family at most
            mine = {key: cells for key, cells in rows.items() if key not in seen}
            seen |= mine.keys()
            for key, cells in mine.items():
                expected.setdefault(key, {}).update({(number, cell): key for cell in range(cells)})
            pages = Paged(tuples(mine, reverse=reverse), data.draw(st.lists(st.integers(0, 7), max_size=5)))
            streams.append(Stream(pages, itemgetter(0), gather(number), reverse=reverse))
    found = list(chain.from_iterable(merged(streams, reverse=reverse)))
    assert found == [(key, expected[key]) for key in sorted(expected, reverse=reverse)]
    assert [list(cells) for _, cells in found] == [sorted(cells) for _, cells in found]  # by family


def test_a_row_is_given_out_before_the_page_behind_the_next_is_asked_for() -> None:
    pages = Paged(tuples({b"a": 2, b"b": 2, b"c": 2}, reverse=False), [3, 2])
    rows = chain.from_iterable(merged([Stream(pages, itemgetter(0), gather(0), reverse=False)], reverse=False))
    assert next(rows)[0] == b"a"
    assert pages.taken == 1


def test_whole_rows_are_counted_with_their_cells() -> None:
    pages = Paged(tuples({b"a": 3, b"b": 3, b"c": 3}, reverse=False), [7])
    deque(merged([Stream(pages, itemgetter(0), gather(0), reverse=False)], reverse=False), maxlen=0)
    assert pages.counted == [(6, 2), (3, 1)]


def test_all_that_have_no_row_left_are_asked_before_one_is_waited_for() -> None:
    # No page but the last holds a whole row.
    several = [Paged(tuples({key: 4}, reverse=False), [0, 1, 1]) for key in (b"a", b"b", b"c")]

    class Waiting(Stream):
        def fill(self) -> None:
            mine = several[streams.index(self)]
            asked.append([each.asked or each.taken > mine.taken for each in several])
            super().fill()

    asked: list[list[bool]] = []
    streams = [Waiting(each, itemgetter(0), gather(0), reverse=False) for each in several]
    assert [key for key, _ in chain.from_iterable(merged(streams, reverse=False))] == [b"a", b"b", b"c"]
    assert len(asked) == 4 * len(several)
    assert all(map(all, asked))


def test_who_has_rows_left_is_asked_for_no_more() -> None:
    long, short = (
        Paged(tuples(rows, reverse=False), [5]) for rows in ({b"a": 2, b"c": 2, b"d": 2}, {b"b": 2, b"e": 2, b"f": 2})
    )
    runs = merged([Stream(each, itemgetter(0), gather(0), reverse=False) for each in (long, short)], reverse=False)
    assert [key for key, _ in next(runs)] == [b"a", b"b", b"c"]
    assert [key for key, _ in next(runs)] == [b"d"]
    assert (long.taken, short.taken) == (2, 1)
    assert not short.asked
