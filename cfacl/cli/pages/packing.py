"""What a page shows, packed small enough for hundreds of roles on thousands of families, and thousands of people.

Texts, grants and paths of inheritance stand once each, and are meant by their numbers; `sheet.js` unpacks them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from cfacl.cli.screen import stamp
from cfacl.model.catalog import Family
from cfacl.policy.difference.grounds import Ground

K = TypeVar("K", bound=Hashable)


class _Numbered(Generic[K]):
    """Things in the order in which they were first met, each with its number."""

    def __init__(self) -> None:
        self.numbers: dict[K, int] = {}

    def __call__(self, each: K) -> int:
        return self.numbers.setdefault(each, len(self.numbers))


class Same(NamedTuple):
    """What stands in the cells of some families of one table: in letters, in words, and entries from `Packing.entry`."""

    table: str
    families: Iterable[str]
    label: str
    spoken: str
    entries: Sequence[tuple[int, ...]]


class Packing:
    """Families down, roles or principals across, and what stands in the cells.

    Args:
        words: what the page calls things: see `page.js`.
        families: with the name of their table, in the order in which they are shown.
        levels: lowest first.
        columns: the name of each, and a note on it.
    """

    def __init__(
        self,
        words: dict[str, str],
        families: Sequence[tuple[str, Family]],
        levels: Sequence[str],
        columns: Iterable[tuple[str, str]],
    ) -> None:
        self._words = words
        self._levels = tuple(levels)
        self._texts: _Numbered[str] = _Numbered()
        self._grounds: _Numbered[tuple[int, ...]] = _Numbered()
        self._chains: _Numbered[tuple[int, ...]] = _Numbered()
        self._parts: _Numbered[tuple[Any, ...]] = _Numbered()
        self._rows = {(table, family.name): row for row, (table, family) in enumerate(families)}
        rank = {level: number for number, level in enumerate(levels)}
        self._families = [
            [
                self._texts(table),
                self._texts(family.name),
                rank[family.level],
                self._texts(", ".join(sorted(family.purposes))),
            ]
            for table, family in families
        ]
        self._columns = [[self._texts(name), self._texts(note)] for name, note in columns]
        self._cells: list[list[list[int]]] = [[] for _ in self._columns]
        self._people: list[list[Any]] = []  # who is alike, what they hold, what they may do

    def entry(
        self, what: str, purposes: Iterable[str], when: str, columns: str, via: Iterable[Ground]
    ) -> tuple[int, ...]:
        """Return one thing that stands in a cell: what is done, for what, when, to which columns, by which grants."""
        packed = [self._texts(each) for each in (what, ", ".join(purposes), when, columns)]
        for each in via:
            said = (each.path, each.why, ", ".join(each.purposes), during(each.since, each.until))
            packed.append(self._grounds(tuple(map(self._texts, said))))
            packed.append(self._chains(tuple(map(self._texts, each.roles))))
        return tuple(packed)

    def fill(self, column: int, same: Same) -> None:
        """Put the same into the cells of some families of one table."""
        self._cells[column].append(self._filled(same))

    def hold(
        self,
        principals: Iterable[tuple[str, str]],
        holdings: Iterable[tuple[int, Sequence[str], str]],
        may: Iterable[Same],
    ) -> None:
        """Say of principals that are alike what they hold, and what they may do.

        Args:
            principals: the name of each, and its kind.
            holdings: a column, through which roles it is held, and when.
        """
        names = [[self._texts(name), self._texts(kind)] for name, kind in principals]
        held = [
            [column, self._chains(tuple(map(self._texts, roles))), self._texts(when)]
            for column, roles, when in holdings
        ]
        self._people.append([names, held, [self._filled(each) for each in may]])

    def _filled(self, same: Same) -> list[int]:
        table, families, label, spoken, entries = same
        runs: list[int] = []
        for row in sorted(self._rows[table, family] for family in families):
            if runs and runs[-2] + runs[-1] == row:
                runs[-1] += 1
            else:
                runs += [row, 1]
        return [self._parts((self._texts(label), self._texts(spoken), *entries)), *runs]

    def document(self) -> dict[str, Any]:
        """Return it all as a document for JSON."""
        return {
            "words": self._words,
            "levels": self._levels,
            "families": self._families,
            "columns": self._columns,
            "cells": self._cells,
            "people": self._people,
            "parts": list(self._parts.numbers),
            "grounds": list(self._grounds.numbers),
            "chains": list(self._chains.numbers),
            "texts": list(self._texts.numbers),
        }


def during(since: datetime | None, until: datetime | None) -> str:
    """Say when something holds; nothing where it always does."""
    said = [f"from {stamp(since)}"] if since is not None else []
    return " ".join([*said, *([f"until {stamp(until)}"] if until is not None else [])])
