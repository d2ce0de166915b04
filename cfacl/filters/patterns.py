r"""Regular expressions that Java and RE2 read alike, in time linear in what they are searched for in.

HBase takes Java's.  A pattern means the same here, or is refused: what RE2 lacks, RE2 refuses (groups that look around or
are referred to, possessive quantifiers); what both take and read otherwise is refused by what stands below.  What is left
of differences: ``(?i)`` folds `k` and `s` with the Kelvin sign and the long s too, and ``\b`` knows ASCII only.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from cfacl.errors import FilterError

__all__ = ["finder"]

#: How many patterns are kept ready.
_KNOWN: Final = 256
#: One piece of a pattern: text between `\Q` and `\E`, an escape, a set, the start of a group, a quantifier, or a character.
_PIECE: Final = re.compile(
    r"""\\Q(?:(?!\\E).)*(?:\\E)? | \\p\{\^?\w+\} | \\x\{[0-9A-Fa-f]+\} | \\.
    | \[\^?(?:\\.|[^\\\]])*\]? | \(\?<\w+> | \(\?[a-zA-Z\-]*[:)] | \(\?.? | \{\d+(?:,\d*)?\} | .""",
    re.VERBOSE | re.DOTALL,
)
#: What both take, and read otherwise; and what is written instead.
_OTHERWISE: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"\\v"), "`\\v` is one character to one and several to another; name them"),
    (re.compile(r"\\[0-9]"), "`\\` and a digit is a reference to one and a character to another; write `\\x41`"),
    (re.compile(r"\\C"), "`\\C` is a byte, of which java knows nothing"),
    (re.compile(r"\\[pP]\{\^?\w{3,}\}"), "java calls scripts and classes otherwise; write categories, as `\\p{Lu}`"),
    (re.compile(r"\\[pP]\{\^"), "java does not turn a category so; write `\\P{Lu}`"),
    (re.compile(r"\[\^?\]"), "write a `]` in a set as `\\]`"),
    (re.compile(r"\[\^?(?:\\.|[^\\\[])*\["), "java joins sets within sets; write a `[` in a set as `\\[`"),
    (re.compile(r"\[.*&&"), "java cuts sets by `&&`; write each `&` in a set as `\\&`"),
    (re.compile(r"\(\?P"), "java writes names of groups as `(?<name>…)`"),
    (re.compile(r"\(\?(?=[a-zA-Z\-])(?![is]*(?:-i)?[:)])"), "of flags only `i` and `s` mean the same"),
    (re.compile(r"\{(?!\d)|\{$"), "write a `{` that is no number of times as `\\{`"),
)
#: What java's `$` takes before the end.
_END: Final = "(?:\r\n|[\n\r\x85\u2028\u2029])?\\z"


@lru_cache(_KNOWN)
def finder(pattern: bytes) -> Callable[[bytes], bool]:
    """Return what says whether a pattern, in UTF-8, is found in a value; ``.`` is any character.

    Raises:
        FilterError: it is no pattern, or one that Java and RE2 do not read alike.
    """
    import re2

    options = re2.Options()
    options.dot_nl = True
    options.log_errors = False
    try:
        compiled = re2.compile(_ours(pattern.decode()).encode(), options)
    except re2.error as error:
        raise FilterError(
            f"a regular expression can't be read: {_said(error)}; it is one of RE2, without look-around and back-references"
        ) from None
    search = compiled.search

    def found(value: bytes) -> bool:
        # What is no UTF-8 is read as java reads it.
        return search(value.decode("utf-8", "replace").encode()) is not None

    return found


def _said(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return text.partition(":")[0]  # behind it stands a piece of the pattern


def _ours(pattern: str) -> str:
    """Return a pattern as RE2 has to read it."""
    written: list[str] = []
    ends = [False]  # of each group that is open: whether a `$` in it has to be followed by its end
    closed = False
    for piece in _PIECE.findall(pattern):
        for found, says in _OTHERWISE:
            if found.match(piece):
                raise FilterError(f"a regular expression is read otherwise by java and by RE2: {says}")
        if closed and piece not in ("|", ")"):
            raise FilterError(
                "a regular expression is read otherwise by java and by RE2: `$` stands before `|`, `)` or the end"
            )
        closed = False
        if piece.startswith("(") and not piece.endswith(")"):
            ends.append(False)
        elif piece == ")" and len(ends) > 1:
            closed = ends.pop()
            ends[-1] |= closed
        elif piece == "$":
            closed = ends[-1] = True
        written.append(_END if piece == "$" else piece)
    return "".join(written)
