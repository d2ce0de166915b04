"""Rows: one question for each family of a row, all of them on their way at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Final

from cfacl.model.projection import Projection, Slice
from cfacl.model.request import Cell, Cells
from cfacl.stores.cassandra.pages import Pages
from cfacl.stores.cassandra.ring import Ring
from cfacl.stores.cassandra.tables import FamilyTable
from cfacl.stores.cassandra.values import blobs
from cfacl.stores.wanted import Wanted

__all__ = ["PLAIN", "Named", "Part", "Reading"]

#: A column's name and its cell.
Named = tuple[bytes, Cell]

#: How many questions are on their way at once, for all rows of a call.
_WINDOW: Final = 64
#: What a page of a row's family comes to, in bytes.
_SIZE: Final = 1 << 20

#: What is asked for where no time matters.
PLAIN: Final = "q, v"
_STAMPED: Final = "q, v, writetime(v)"
_VERSIONED: Final = "q, w, t"


class Part:
    """What one family gives to a row: shared between threads."""

    def __init__(self, table: FamilyTable, asked: Slice) -> None:
        self.table = table
        self.family = asked.family
        self.qualifiers = asked.qualifiers
        self._named = None if asked.qualifiers is None else blobs(asked.qualifiers)
        self.ages = asked.family.time_to_live is not None

    def columns(self, *, stamped: bool) -> str:
        """Return the columns of an answer; without need no times, which make an answer half as long again."""
        if self.table.versioned:
            return _VERSIONED
        return _STAMPED if stamped or self.ages else PLAIN

    def question(self, *, stamped: bool) -> Any:
        """Return the statement that reads a row of the family, or columns of it."""
        named = "" if self.qualifiers is None else " AND q IN ?"
        return self.table.statement(f"SELECT {self.columns(stamped=stamped)} FROM {{table}} WHERE {{where}}{named}")

    def pages(self, ring: Ring, question: Any, key: bytes) -> Pages:
        """Ask it of a row."""
        where = self.table.key(key)
        return Pages(ring, self.table, question, where if self._named is None else (*where, self._named), size=_SIZE)

    def cells(self, found: Iterable[Any], wanted: Wanted, *, timestamps: bool) -> Iterator[Named]:
        """Yield what is wanted of a row of the family: of (qualifier, value, time), newest first where there are several."""
        if timestamps or self.ages or self.table.versioned or wanted.before is not None:
            return self._chosen(found, wanted, timestamps)
        prefix = self.family.prefix
        return ((prefix + qualifier, value) for qualifier, value in found if value is not None)

    def _chosen(self, found: Iterable[Any], wanted: Wanted, timestamps: bool) -> Iterator[Named]:
        family, versioned = self.family, self.table.versioned
        last, left = None, 0
        for qualifier, value, time in found:
            if value is None:  # a guard
                continue
            if qualifier != last:
                last, left = qualifier, family.versions
            timestamp = time if versioned else time // 1000
            if left > 0 and wanted.of(family, timestamp):
                yield family.prefix + qualifier, (value, timestamp) if timestamps else value
                left = 0
            left -= 1

    def versions(self, ring: Ring, key: bytes, wanted: Wanted) -> Iterator[tuple[bytes, int]]:
        """Yield (value, timestamp) of the kept versions of its one column, newest first."""
        left = self.family.versions
        for page in self.pages(ring, self.question(stamped=True), key):
            for _, value, time in page:
                if value is None:  # as above
                    continue
                if not left:
                    return
                left -= 1
                timestamp = time if self.table.versioned else time // 1000
                if wanted.of(self.family, timestamp):
                    yield value, timestamp


class Reading:
    """How a projection is read; shared between threads.

    Attributes:
        since: what was known of the schema when its tables were seen there.
        ages: whether cells of one of its families are over some day.
    """

    def __init__(self, tables: Iterable[FamilyTable], projection: Projection, since: object) -> None:
        self.since = since
        self.families = tuple(projection.stored.values())
        self.tables = tuple(tables)
        self.parts = [Part(table, each) for table, each in zip(self.tables, projection.slices, strict=True)]
        self.ages = any(each.ages for each in self.parts)
        self._questions: dict[bool, list[Any]] = {}

    def rows(
        self, ring: Ring, keys: Sequence[bytes], wanted: Callable[[], Wanted], *, stamped: bool, timestamps: bool
    ) -> Iterator[tuple[bytes, Cells]]:
        """Yield each of the keys, none twice, with its cells, which may be none."""
        ahead = max(1, _WINDOW // len(self.parts))
        asked = deque(self._asked(ring, key, stamped=stamped) for key in keys[:ahead])
        for number, key in enumerate(keys, ahead):
            yield key, self._cells(asked.popleft(), wanted(), timestamps=timestamps)
            if number < len(keys):
                asked.append(self._asked(ring, keys[number], stamped=stamped))

    def row(self, ring: Ring, key: bytes, wanted: Wanted, *, stamped: bool, timestamps: bool) -> Cells:
        """Return the cells of a row, which may be none."""
        return self._cells(self._asked(ring, key, stamped=stamped), wanted, timestamps=timestamps)

    def _asked(self, ring: Ring, key: bytes, *, stamped: bool) -> list[Pages]:
        questions = self._questions.get(stamped)
        if questions is None:
            questions = self._questions[stamped] = [each.question(stamped=stamped) for each in self.parts]
        return [part.pages(ring, question, key) for part, question in zip(self.parts, questions, strict=True)]

    def _cells(self, asked: list[Pages], wanted: Wanted, *, timestamps: bool) -> Cells:
        cells: Cells = {}
        for part, pages in zip(self.parts, asked, strict=True):
            cells.update(part.cells(chain.from_iterable(pages), wanted, timestamps=timestamps))
        return cells
