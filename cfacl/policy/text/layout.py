"""The one layout of a policy's text, with its comments: what `cfacl fmt` writes.

What it settles, and all that it does:

* ``key = value`` at the margin, one space around the sign; no space within a key or a header.
* ``"text"`` rather than ``'text'``, and keys without quotes, where that says the same.
* An array stands on one line if it fits 120 characters and holds no comment, else each item has a line of its own.
  ``{ a = 1 }`` has a space within.
* Keys in the order of the reference within a run of lines without a blank line or a comment of its own between them,
  and within an inline table.  Nothing else moves: no section, no name, no item, no comment.
* One blank line before a header and the comments right above it; elsewhere one where there were some, none at the
  start and the end.
* Two spaces before a comment behind something; what it says stays as it is.

Values stay as they are written, numbers and times too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cfacl.policy.document.shape import keys_of
from cfacl.policy.faults import BARE
from cfacl.policy.text.statements import Piece, Statement, key, statements

#: How long a line may be that could be several.
WIDTH: Final = 120
_INDENT: Final = "    "

_Names = tuple[str, ...]


def laid_out(text: str) -> str:
    """Return a policy's text in the one layout; it says the same, and laid out again it stays as it is.

    Args:
        text: a document that `cfacl.Policy.loads` takes.
    """
    return _Layout(text.replace("\r\n", "\n")).written()


class _Layout:
    def __init__(self, text: str) -> None:
        self._text = text
        self._table: _Names = ()
        self._lines: list[str] = []
        self._run: list[tuple[int, str]] = []  # entries with nothing between them, each with its rank

    def written(self) -> str:
        for each in statements(self._text):
            if not each.pieces:
                self._end_run()
                if each.comment or (self._lines and self._lines[-1]):
                    self._lines.append(each.comment.rstrip())
            elif each.is_header:
                self._header(each)
            else:
                entry, _ = self._entry(each.pieces, 0, self._table, _INDENT, WIDTH)
                parts, _ = key(each.pieces, 0)
                self._run.append((_rank(self._table, parts[0].name), _with(entry, each.comment)))
        self._end_run()
        return "\n".join(self._lines).rstrip("\n") + "\n"

    def _end_run(self) -> None:
        self._lines += [entry for _, entry in sorted(self._run, key=lambda each: each[0])]
        self._run = []

    def _header(self, statement: Statement) -> None:
        self._end_run()
        first = len(self._lines)
        while first and self._lines[first - 1].startswith("#"):
            first -= 1
        if first and self._lines[first - 1]:
            self._lines.insert(first, "")
        marks = 2 if statement.is_array else 1
        parts, _ = key(statement.pieces, marks)
        self._table = tuple(each.name for each in parts)
        self._lines.append(_with(f"{'[' * marks}{self._key(statement.pieces, marks)}{']' * marks}", statement.comment))

    def _key(self, pieces: Sequence[Piece], i: int) -> str:
        parts, _ = key(pieces, i)
        return ".".join(
            each.name if BARE.match(each.name) else _string(self._text[each.start : each.end]) for each in parts
        )

    def _entry(self, pieces: Sequence[Piece], i: int, table: _Names, indent: str, width: int) -> tuple[str, int]:
        """Return ``key = value``, and the index behind it; what goes on is indented, and no line is longer if it can be."""
        parts, equals = key(pieces, i)
        head = f"{self._key(pieces, i)} = "
        place = (*table, *(each.name for each in parts))
        value, end = self._value(pieces, equals + 1, place, indent, width - len(head))
        return head + value, end

    def _value(self, pieces: Sequence[Piece], i: int, place: _Names, indent: str, width: int) -> tuple[str, int]:
        piece = pieces[i]
        if piece.kind == "{":
            return self._table_of(pieces, i, place, indent)
        if piece.kind == "[":
            return self._array(pieces, i, place, indent, width)
        return _string(piece.text), i + 1

    def _table_of(self, pieces: Sequence[Piece], i: int, place: _Names, indent: str) -> tuple[str, int]:
        entries: list[tuple[int, str]] = []
        i += 1
        while pieces[i].kind != "}":
            if pieces[i].kind == ",":
                i += 1
                continue
            parts, _ = key(pieces, i)
            entry, i = self._entry(pieces, i, place, indent, len(self._text))  # TOML breaks no inline table
            entries.append((_rank(place, parts[0].name), entry))
        inner = ", ".join(entry for _, entry in sorted(entries, key=lambda each: each[0]))
        return (f"{{ {inner} }}" if inner else "{}"), i + 1

    def _array(self, pieces: Sequence[Piece], i: int, place: _Names, indent: str, width: int) -> tuple[str, int]:
        items: list[list[str]] = []  # each with its comment; one that is empty is a comment of its own
        has_comments = False
        is_behind = False  # on the line of an item
        i += 1
        while pieces[i].kind != "]":
            kind = pieces[i].kind
            if kind in (",", "newline"):
                is_behind = is_behind and kind == ","
                i += 1
            elif kind == "comment":
                has_comments = True
                if is_behind:
                    items[-1][1] = pieces[i].text
                else:
                    items.append(["", pieces[i].text])
                i += 1
            else:
                item, i = self._value(pieces, i, place, indent + _INDENT, WIDTH - len(indent) - 1)
                items.append([item, ""])
                is_behind = True
        flat = f"[{', '.join(item for item, _ in items)}]"
        if not has_comments and len(flat) <= width and "\n" not in flat:
            return flat, i + 1
        lines = [indent + (_with(f"{item},", comment) if item else comment.rstrip()) for item, comment in items]
        return "\n".join(["[", *lines, f"{indent.removesuffix(_INDENT)}]"]), i + 1


def _with(text: str, comment: str) -> str:
    return f"{text}  {comment.rstrip()}" if comment else text


def _string(text: str) -> str:
    """Return a value or a quoted key, in double quotes if it stands in single ones and nothing in it minds."""
    if text.startswith("'") and not text.startswith("'''") and "\\" not in text and '"' not in text:
        return f'"{text[1:-1]}"'
    return text


def _rank(table: _Names, name: str) -> int:
    keys = keys_of(table)
    return keys.index(name) if name in keys else len(keys)
