"""A document's text in pieces, line by line: what places and the format of a policy are worked out from.

It is for text that `tomllib` has taken, and relies on that: what is no TOML comes out as nonsense, not as an error.
TOML libraries that keep the text were looked at; docs/dependencies.md says why none of them is used.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

_STRING: Final = (
    r"""(?:"{3}(?:[^"\\]|\\[\s\S]|"(?!""))*+"{3,5}|'{3}(?:[^']|'(?!''))*+'{3,5}"""
    r"""|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')"""
)
#: Every piece, and nothing between them.  A date and a time that a space joins are one piece.
_PIECE: Final = re.compile(
    r"""(?P<space>[ \t]++)|(?P<newline>\r?\n)|(?P<comment>\#[^\r\n]*+)"""
    rf"""|(?P<string>{_STRING})"""
    r"""|(?P<mark>[][{},=])|(?P<bare>(?:\d{4}-\d\d-\d\d[ ](?=\d))?[^\s"'\#\[\]{},=]++)"""
)
#: How deep the arrays and tables of one entry nest, at most, for `skipped`: a policy's go two deep.
_NESTING: Final = 4
_INNER = _PLAIN = rf"""[^"'\#\[\]{{}}]++|{_STRING}|\#[^\n]*+"""
for _ in range(_NESTING - 1):
    _INNER = rf"{_PLAIN}|[\[{{](?:{_INNER})*+[\]}}]"
#: Lines that are no header: entries, comments, blank ones.
_ENTRIES: Final = re.compile(
    rf"""(?:[ \t]*+(?!\[)(?:[^"'\#\[\]{{}}\n]++|{_STRING}|[\[{{](?:{_INNER})*+[\]}}])*+(?:\#[^\n]*+)?\n)*+"""
)
#: A part of a key that has no quotes.
_PART: Final = re.compile(r"[A-Za-z0-9_-]+")


class Piece(NamedTuple):
    """A piece of text: ``newline``, ``comment``, ``string``, ``bare``, or for a mark the mark itself."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """The offset behind it."""
        return self.start + len(self.text)


class Part(NamedTuple):
    """A part of a dotted key: its name, and from where to where it is written."""

    name: str
    start: int
    end: int


class Statement(NamedTuple):
    """A line of TOML, or several where an array or a string goes on.

    Attributes:
        pieces: its text without spaces; empty for a line that is blank or only a comment.  Inside of arrays there
            are pieces for newlines and comments too.
        comment: what stands behind it, ``# why``, or an empty string.
    """

    pieces: list[Piece]
    comment: str

    @property
    def is_header(self) -> bool:
        """Whether it is ``[table]`` or ``[[array.of.tables]]``."""
        return self.pieces[0].kind == "["

    @property
    def is_array(self) -> bool:
        """Whether it is ``[[array.of.tables]]``, of a header."""
        return self.pieces[1].kind == "["


def statements(text: str) -> Iterator[Statement]:
    """Yield the statements of a document, blank lines and comments included."""
    start = 0
    while start < len(text):
        each, start = statement(text, start)
        yield each


def statement(text: str, start: int) -> tuple[Statement, int]:
    """Return the statement that begins at an offset, and the offset behind it."""
    pieces: list[Piece] = []
    depth = 0
    comment = ""
    for found in _PIECE.finditer(text, start):
        kind, piece = str(found.lastgroup), found[0]
        if kind == "space":
            continue
        if kind == "mark":
            kind = piece
            depth += (piece in "[{") - (piece in "]}")
        if depth == 0 and kind == "newline":
            return Statement(pieces, comment), found.end()
        if depth == 0 and kind == "comment":
            comment = piece
        else:
            pieces.append(Piece(kind, piece, found.start()))
    return Statement(pieces, comment), len(text)


@lru_cache(maxsize=64)
def header(line: str) -> tuple[Sequence[Part], bool]:
    """Return the parts of the key of a line that is a header, and whether it is ``[[array.of.tables]]``.

    Those of an array come again and again, and mostly one after the other.
    """
    found, _ = statement(line, 0)
    parts, _ = key(found.pieces, 2 if found.is_array else 1)
    return parts, found.is_array


def skipped(text: str, start: int) -> int:
    """Return where the next header stands, from the statement on that begins at an offset.

    It makes no pieces, and so is quick.  It stops before that at what nests deeper than a policy does, and at a last
    line without an end.
    """
    return next(_ENTRIES.finditer(text, start)).end()  # the first match is there, be it of nothing


def key(pieces: Sequence[Piece], start: int) -> tuple[list[Part], int]:
    """Return the parts of the key whose pieces begin at an index, and the index of the mark behind it."""
    parts: list[Part] = []
    i = start
    while (piece := pieces[i]).kind in ("string", "bare"):
        if piece.kind == "string":
            parts.append(Part(_unquoted(piece.text), piece.start, piece.end))
        else:
            found = _PART.finditer(piece.text)
            parts += (Part(each[0], piece.start + each.start(), piece.start + each.end()) for each in found)
        i += 1
    return parts, i


def _unquoted(text: str) -> str:
    if "\\" not in text or text.startswith("'"):
        return text[1:-1]
    return str(tomllib.loads(f"k={text}")["k"])
