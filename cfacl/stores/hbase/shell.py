"""What `hbase shell` runs: a line for each right that is taken, then one for each that is given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cfacl.errors import one_line
from cfacl.stores.native import Right

__all__ = ["script"]

#: What stands between single quotes as it is.
_PLAIN: Final = frozenset(map(chr, range(32, 127))) - {"'", "\\"}


def script(revoked: Sequence[Right], granted: Sequence[Right], remarks: Sequence[str]) -> str:
    """Return the script, remarks last.

    A right is taken by its exact place and whole: taken by letters, HBase takes them from the first one that it finds of
    that user.  It is given whole, since whether a new one adds to the old depends on HBase's version.
    """
    lines = [f"revoke {_words(each.account, *_where(each))}" for each in revoked]
    lines += [f"grant {_words(each.account, each.letters, *_where(each))}" for each in granted]
    lines += [f"# {one_line(each)}" for each in remarks]
    return "".join(f"{each}\n" for each in lines)


def _where(right: Right) -> list[str | bytes]:
    return [right.place, *([right.family] if right.family else []), *([] if right.column is None else [right.column])]


def _words(*words: str | bytes) -> str:
    return ", ".join(map(_quoted, words))


def _quoted(word: str | bytes) -> str:
    """Return a string of Ruby's, of which nothing can get out."""
    raw = word.encode() if isinstance(word, str) else word
    text = raw.decode("latin-1")
    if _PLAIN.issuperset(text):
        return f"'{text}'"
    return '"' + "".join(c if c in _PLAIN and c not in '"#' else f"\\x{ord(c):02X}" for c in text) + '"'
