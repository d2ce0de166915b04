r"""A line of the shell as words, which are bytes: a row key may hold anything.

Between blanks a word is as it stands, in UTF-8; in quotes, single or double, with blanks.  Everywhere ``\x00``, ``\n``,
``\r``, ``\t``, ``\\``, ``\'`` and ``\"`` are what they are in Python, and a ``b`` before a quote is too: what was shown can be
pasted.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from cfacl.errors import RequestError

__all__ = ["Word", "as_word", "escaped", "shown", "words"]

_PIECE: Final = re.compile(
    r"""(?P<blank>\s+)
    |b?(?P<quote>['"])(?P<quoted>(?:(?!(?P=quote))[^\\]|\\.)*)(?P=quote)
    |(?P<equals>=)
    |(?P<bare>(?:[^\s'"\\=]|\\.)+)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE: Final = re.compile(rb"\\(x[0-9A-Fa-f]{2}|.)", re.DOTALL)
_ESCAPES: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"\\": b"\\", b"'": b"'", b'"': b'"'}
_ESCAPED: Final = {byte: f"\\{name.decode()}" for name, (byte,) in _ESCAPES.items() if name in b"nrt\\"}
#: ASCII that is no control character.
_PRINTABLE: Final = range(32, 127)
#: What needs no quotes.
_PLAIN: Final = re.compile(rb"[A-Za-z0-9_.:@%+/-]+")
#: How much of a value people are shown, in bytes.
_SHOWN: Final = 400


class Word(NamedTuple):
    """One word; ``equals``: where the first `=` stands in it that no quotes are around."""

    value: bytes
    equals: int | None

    @property
    def text(self) -> str:
        """The word as a name, or as a number."""
        return self.value.decode("utf-8", "backslashreplace")


def words(line: str) -> list[Word]:
    """Return a line's words.

    Raises:
        RequestError: a quote has no end, or a backslash no meaning.
    """
    found: list[Word] = []
    value, equals, begun = b"", None, False
    at = 0
    while at < len(line):
        piece = _PIECE.match(line, at)
        if piece is None:
            raise RequestError(
                "a quote has no end, or a backslash nothing behind it; close it, or write `\\\\` or `\\'`"
            )
        at = piece.end()
        if piece["blank"] is not None:
            if begun:
                found.append(Word(value, equals))
            value, equals, begun = b"", None, False
            continue
        begun = True
        if piece["equals"] is not None and equals is None:
            equals = len(value)
        text = next(each for each in (piece["quoted"], piece["equals"], piece["bare"]) if each is not None)
        value += _unescaped(text.encode("utf-8", "surrogateescape"))
    return [*found, Word(value, equals)] if begun else found


def _unescaped(raw: bytes) -> bytes:
    def byte(found: re.Match[bytes]) -> bytes:
        name = found[1]
        if name in _ESCAPES:
            return _ESCAPES[name]
        if len(name) > 1:
            return bytes.fromhex(name[1:].decode())
        raise RequestError(
            "a backslash has no meaning here; take `\\x00`, `\\n`, `\\r`, `\\t`, `\\\\`, `\\'` or `\\\"`"
        )

    return _ESCAPE.sub(byte, raw)


def escaped(value: bytes) -> str:
    r"""Return bytes as text that says each of them: what is not printable ASCII as ``\x00``, and a backslash twice."""
    return "".join(_ESCAPED.get(each) or (chr(each) if each in _PRINTABLE else f"\\x{each:02x}") for each in value)


def shown(value: bytes) -> str:
    """Return bytes as Python writes them, and of a long value the beginning."""
    if len(value) <= _SHOWN:
        return repr(value)
    return f"{value[:_SHOWN]!r}... ({len(value):,} bytes; `--format json` has them all)"


def as_word(value: bytes) -> str:
    """Return bytes as they are typed."""
    return value.decode() if _PLAIN.fullmatch(value) else repr(value)
