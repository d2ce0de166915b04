"""What a page shows, packed small enough for hundreds of roles on thousands of families.

Texts, grants and paths of inheritance stand once each, and are meant by their numbers; `sheet.js` unpacks them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

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
        self._parts: list[list[Any]] = []
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

    def entry(self, what: str, purposes: Iterable[str], when: str, columns: str, via: Iterable[Ground]) -> list[int]:
        """Return one thing that stands in a cell: what is done, for what, when, to which columns, by which grants."""
        packed = [self._texts(each) for each in (what, ", ".join(purposes), when, columns)]
        for each in via:
            said = (each.path, each.why, ", ".join(each.purposes), during(each.since, each.until))
            packed.append(self._grounds(tuple(map(self._texts, said))))
            packed.append(self._chains(tuple(map(self._texts, each.roles))))
        return packed

    def fill(
        self, column: int, table: str, families: Iterable[str], label: str, spoken: str, entries: list[Any]
    ) -> None:
        """Put the same into the cells of some families of one table."""
        runs: list[int] = []
        for row in sorted(self._rows[table, family] for family in families):
            if runs and runs[-2] + runs[-1] == row:
                runs[-1] += 1
            else:
                runs += [row, 1]
        self._cells[column].append([len(self._parts), *runs])
        self._parts.append([self._texts(label), self._texts(spoken), *entries])

    def document(self) -> dict[str, Any]:
        """Return it all as a document for JSON."""
        return {
            "words": self._words,
            "levels": self._levels,
            "families": self._families,
            "columns": self._columns,
            "cells": self._cells,
            "parts": self._parts,
            "grounds": list(self._grounds.numbers),
            "chains": list(self._chains.numbers),
            "texts": list(self._texts.numbers),
        }


def during(since: datetime | None, until: datetime | None) -> str:
    """Say when something holds; nothing where it always does."""
    said = [f"from {stamp(since)}"] if since is not None else []
    return " ".join([*said, *([f"until {stamp(until)}"] if until is not None else [])])
