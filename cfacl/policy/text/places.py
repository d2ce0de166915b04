"""From the path of a fault to the line and the column that it is about."""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from cfacl.policy.faults import Place, path
from cfacl.policy.text.statements import Piece, header, key, skipped, statement

#: A step of a path, as `cfacl.policy.faults.path` writes it: a key, perhaps cut, or an index.
_STEP: Final = re.compile(r'(?:\A|\.)([A-Za-z0-9_-]+(?:\.\.\.)?|"[^"]*")|(\[\d+\])')
#: The path of a fault of syntax, which says its line and column itself.
SYNTAX: Final = re.compile(r"line (\d+), column (\d+)|end of document")


class Spot(NamedTuple):
    """A stretch of one line of a document.

    Attributes:
        line: from 1.
        column: of its first character, from 1, in characters.
        length: in characters, 1 at least.
    """

    line: int
    column: int
    length: int


def locate(text: str, paths: Collection[str]) -> dict[str, Spot]:
    """Return where the places stand that paths of faults and findings name: the header, the entry or the item.

    What is not written down, as a key that is required, is looked for at the table that it belongs to; a path is left
    out where that is the whole document.

    Args:
        text: the document; TOML, unless the paths are those of a fault of syntax.
        paths: as `cfacl.Fault` and `cfacl.policy.lint.Finding` have them, or with all keys whole.
    """
    lines = _Lines(text)
    found: dict[str, Spot] = {}
    wanted = _Wanted()
    nodes: dict[str, list[_Wanted]] = {}
    for each in paths:
        if syntax := SYNTAX.fullmatch(each):
            found[each] = (
                Spot(int(syntax[1]), int(syntax[2]), 1) if syntax[1] else lines.spot(*[len(text.rstrip())] * 2)
            )
        elif each:  # else it is of the whole document, which may be no TOML
            nodes[each] = wanted.follow([step[1] or step[2] for step in _STEP.finditer(each)])
    if nodes:
        _Reader(text, wanted).read()
    for each, way in nodes.items():
        spans = [node.span for node in way if node.span is not None]
        if spans:
            found[each] = lines.spot(*spans[-1])
    return found


class _Wanted:
    """A place that is looked for, or one on the way to it; and what was found."""

    def __init__(self) -> None:
        self.name: str | int | None = None  # of the place that was found
        self.below: dict[str, _Wanted] = {}
        self.span: tuple[int, int] | None = None
        self.is_several = False

    def follow(self, steps: Sequence[str]) -> list[_Wanted]:
        """Return the nodes of a path, made where they are missing."""
        way = [self]
        for step in steps:
            way.append(way[-1].below.setdefault(step, _Wanted()))
        return way[1:]

    def step(self, name: str | int, span: tuple[int, int]) -> _Wanted | None:
        """Return what is wanted below, one step further, which stands at ``span`` unless it was seen before."""
        cut, whole = _written(name)
        node = self.below.get(cut) or self.below.get(whole)
        if node is None or node.is_several:
            return None
        if node.name is None:
            node.name, node.span = name, span
        elif node.name != name:
            # Two long keys that paths cut to the same: nobody knows which is meant, so it is the table around them.
            node.is_several, node.span = True, None
            for each in node.below.values():
                each.span = None
            return None
        return node


class _Reader:
    """Goes through a document once, and notes the places that are wanted."""

    def __init__(self, text: str, wanted: _Wanted) -> None:
        self._text = text
        self._wanted = wanted
        self._table: _Wanted | None = wanted
        self._last: dict[Place, int] = {}  # of each array of tables that headers write, the index of the last

    def read(self) -> None:
        at = 0
        while at < len(self._text):
            if self._table is None or not self._table.below:  # nothing before the next header is wanted
                at = skipped(self._text, at)
            line = self._text[at : self._text.find("\n", at) + 1 or None]
            if line.lstrip(" \t").startswith("["):
                self._header(line, at)
                at += len(line)
                continue
            each, at = statement(self._text, at)
            if each.pieces and self._table is not None:
                self._entry(each.pieces, 0, self._table)

    def _header(self, line: str, at: int) -> None:
        parts, is_array = header(line)
        whole = (at + line.index("["), at + line.index("]", parts[-1].end) + (2 if is_array else 1))
        node: _Wanted | None = self._wanted
        place: Place = ()
        for each in parts:
            place = (*place, each.name)
            last = each is parts[-1]
            node = _step(node, each.name, whole if last and not is_array else (at + each.start, at + each.end))
            if node is None:
                break  # nothing below is wanted
            if last and is_array:
                self._last[place] = self._last.get(place, -1) + 1
            if place in self._last:
                place = (*place, self._last[place])
                node = _step(node, self._last[place[:-1]], whole)
        self._table = node

    def _entry(self, pieces: Sequence[Piece], i: int, table: _Wanted) -> int:
        """Note ``key = value``; return the index behind it."""
        parts, equals = key(pieces, i)
        end = _skipped(pieces, equals + 1)
        node: _Wanted | None = table
        last, until = parts[-1], pieces[end - 1].end
        if "\n" in self._text[last.start : until]:
            until = last.end
        for each in parts:
            node = _step(node, each.name, (each.start, until if each is last else each.end))
        self._value(pieces, equals + 1, node)
        return end

    def _value(self, pieces: Sequence[Piece], i: int, node: _Wanted | None) -> None:
        """Note the items of the array, or the entries of the table, that begins at an index."""
        opening = pieces[i].kind
        if node is None or not node.below or opening not in "[{":
            return
        i += 1
        number = 0
        while pieces[i].kind not in "]}":
            if pieces[i].kind in (",", "newline", "comment"):
                i += 1
            elif opening == "{":
                i = self._entry(pieces, i, node)
            else:
                end = _skipped(pieces, i)
                self._value(pieces, i, _step(node, number, (pieces[i].start, pieces[end - 1].end)))
                i, number = end, number + 1


@lru_cache(maxsize=256)
def _written(name: str | int) -> tuple[str, str]:
    """Return a key or an index as paths have it, cut and whole: most stand in a document again and again."""
    return path((name,)), path((name,), sys.maxsize)


def _step(node: _Wanted | None, name: str | int, span: tuple[int, int]) -> _Wanted | None:
    return None if node is None else node.step(name, span)


def _skipped(pieces: Sequence[Piece], i: int) -> int:
    """Return the index behind the value that begins at one."""
    depth = 0
    while True:
        depth += (pieces[i].kind in "[{") - (pieces[i].kind in "]}")
        i += 1
        if depth == 0:
            return i


class _Lines:
    def __init__(self, text: str) -> None:
        self._text = text
        self._starts: list[int] = []

    def spot(self, start: int, end: int) -> Spot:
        if not self._starts:
            self._starts = [0, *(each.end() for each in re.finditer(r"\n", self._text))]
        line = bisect_right(self._starts, start)
        shown, _, _ = self._text[start:end].partition("\n")
        return Spot(line, start - self._starts[line - 1] + 1, max(len(shown.rstrip()), 1))
