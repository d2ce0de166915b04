r"""Regular expressions that Java and RE2 read alike, in time linear in what they are searched for in.

HBase takes Java's.  A pattern means the same here, or is refused: what RE2 lacks, RE2 refuses (groups that look around or
are referred to, possessive quantifiers); what both take and read otherwise is written as RE2 has to read it, or refused by
what stands below.  What is left of differences: ``(?i)`` folds `k` and `s` with the Kelvin sign and the long s too,
``\b`` knows ASCII only, and categories are those of each one's version of Unicode.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from cfacl.errors import FilterError

__all__ = ["finder"]

#: How many patterns are kept ready, and of how many bytes each may have need, and what it has found so far.
_KNOWN: Final = 256
_MEMORY: Final = 1 << 18
#: The longest, in bytes.
_LONGEST: Final = 4_096
#: One piece of a pattern: text between `\Q` and `\E`, an escape, a set, the start of a group, a quantifier, or a character.
_PIECE: Final = re.compile(
    r"""\\Q(?:(?!\\E).)*(?:\\E)? | \\[pP](?:\{[^}]*\}|[A-Z]) | \\x\{[0-9A-Fa-f]+\} | \\x[0-9A-Fa-f]{2} | \\.
    | \[\^?(?:\\.|[^\\\]])*\]? | \(\?<[^>]*>? | \(\?[a-zA-Z\-]*[:)] | \(\?.? | \{[0-9]+(?:,[0-9]*)?\} | .""",
    re.VERBOSE | re.DOTALL,
)
#: What both take, and read otherwise.
_OTHERWISE: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"\\Q(?:\\E)?$"), "something stands between `\\Q` and `\\E`"),
    (re.compile(r"\(\?P"), "java writes names of groups as `(?<name>…)`"),
    (re.compile(r"\(\?(?=[a-zA-Z\-])(?![is]*(?:-i)?[:)])"), "of flags only `i` and `s` mean the same"),
    (re.compile(r"\(\?<(?![A-Za-z][A-Za-z0-9]*>)"), "the name of a group is ASCII letters and digits"),
    (re.compile(r"\{(?![0-9])|\{$"), "write a `{` that is no number of times as `\\{`"),
    (re.compile(r"\{(?:0[0-9]|[0-9]+,0[0-9])"), "write a number of times without a zero before it"),
    (re.compile(r"\[\^?+(?:\\.|[^\\])+?-\\[sS]", re.DOTALL), "write a `-` beside `\\s` in a set as `\\-`"),
    (re.compile(r"\[\^?\]"), "write a `]` in a set as `\\]`"),
    (re.compile(r"\[\^?(?:\\.|[^\\\[])*\[", re.DOTALL), "java joins sets within sets; write a `[` in a set as `\\[`"),
    (re.compile(r"\[.*&&", re.DOTALL), "java cuts sets by `&&`; write each `&` in a set as `\\&`"),
)
_ESCAPE: Final = re.compile(r"\\[pP](?:\{[^}]*\}|[A-Z])|\\x\{[^}]*\}|\\x..|\\.", re.DOTALL)
#: Escapes that mean the same, by what follows the backslash: what is neither a letter nor a digit stands for itself.
_ALIKE: Final = re.compile(
    r"\\(?:[^A-Za-z0-9]|[dDwWtnfra]|x[0-9A-Fa-f]{2}|x\{0*+(?!(?i:d[89a-f][0-9a-f]{2})\})[0-9A-Fa-f]+\}|[pP](?:[ABD-Z]|\{(?:[ABD-Z][a-z]?|C[cfos])\}))",
    re.DOTALL,
)
#: Those that do outside of sets alone.
_OUTSIDE: Final = re.compile(r"\\(?:[bBAz]|Q.*)", re.DOTALL)
#: Java's `\s` has a vertical tab, and RE2's has none.
_SPACES: Final = {r"\s": r"\t-\r\x20-\x20", r"\S": r"\x00-\x08\x0e-\x1f\x21-\x{10FFFF}"}
#: What java's `$` takes before the end; within a last `\r\n` it does not stand.
_END: Final = "(?:[\n\r\x85\u2028\u2029])?\\z"
_END_OF_LINE: Final = "(?:\r\n)?\\z"
_WITHOUT_CASE: Final = re.compile(r"\(\?s*i")
_FLAGS: Final = re.compile(r"\(\?[a-zA-Z\-]*\)")
_TIMES: Final = re.compile(r"[*+?]|\{[0-9]")
#: What is no character to either, which each replaces by another number of marks.
_SURROGATE: Final = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]?")
_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]|\\[pPx]")


@lru_cache(_KNOWN)
def finder(pattern: bytes) -> Callable[[bytes], bool]:
    """Return what says whether a pattern, in UTF-8, is found in a value; ``.`` is any character.

    Raises:
        FilterError: it is no pattern, or one that Java and RE2 do not read alike, or a very long one.
    """
    if len(pattern) > _LONGEST:
        raise FilterError(f"a regular expression is at most {_LONGEST:,} bytes, not {len(pattern):,}")
    text = pattern.decode()
    search = _compiled(_ours(text, _END))
    within_line = _compiled(_ours(text, _END_OF_LINE)) if "$" in text else search

    def found(value: bytes) -> bool:
        finds = within_line if value.endswith(b"\r\n") else search
        return finds(_readable(value)) is not None

    return found


def _readable(value: bytes) -> bytes:
    """Return a value, of which what is no UTF-8 is as java reads it."""
    try:
        value.decode()
    except UnicodeDecodeError:
        return _SURROGATE.sub(b"\xff", value).decode("utf-8", "replace").encode()
    return value


def _compiled(text: str) -> Callable[[bytes], Any]:
    import re2

    options = re2.Options()
    options.dot_nl = True
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        return re2.compile(text.encode(), options).search  # type: ignore[no-any-return]  # it has no types
    except re2.error as error:
        raise FilterError(
            f"a regular expression can't be read: {_said(error)}; it is one of RE2, without look-around and back-references"
        ) from None


def _said(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return text.partition(":")[0]  # behind it stands a piece of the pattern


def _otherwise(says: str) -> FilterError:
    return FilterError(f"a regular expression is read otherwise by java and by RE2: {says}")


def _ours(pattern: str, end: str) -> str:
    """Return a pattern as RE2 has to read it, with ``end`` for each `$`."""
    if _WITHOUT_CASE.search(pattern) and _NOT_ASCII.search(pattern):
        raise _otherwise("`(?i)` is about ASCII letters to one and about all to another; write both cases as a set")
    written: list[str] = []
    ends = [False]  # of each group that is open: whether a `$` in it has to be followed by its end
    closed = flags = False
    names: set[str] = set()
    for piece in _PIECE.findall(pattern):
        for found, says in _OTHERWISE:
            if found.match(piece):
                raise _otherwise(says)
        if closed and piece not in ("|", ")"):
            raise _otherwise("`$` stands before `|`, `)` or the end")
        closed = False
        if flags and _TIMES.match(piece):
            raise _otherwise("nothing stands between flags and how many times it is to come")
        flags = _FLAGS.fullmatch(piece) is not None
        if piece.startswith("(?<"):
            if piece in names:
                raise _otherwise("two groups have one name")
            names.add(piece)
        if piece.startswith("(") and not piece.endswith(")"):
            ends.append(False)
        elif piece == ")" and len(ends) > 1:
            closed = ends.pop()
            ends[-1] |= closed
        elif piece == "$":
            closed = ends[-1] = True
        written.append(end if piece == "$" else _rewritten(piece))
    return "".join(written)


def _rewritten(piece: str) -> str:
    if piece.startswith("["):
        return _ESCAPE.sub(lambda found: _escape(found[0], within=True), piece)
    return _escape(piece, within=False) if piece.startswith("\\") else piece


def _escape(escape: str, *, within: bool) -> str:
    if escape in _SPACES:
        return _SPACES[escape] if within else f"[{_SPACES[escape]}]"
    if not (_ALIKE.fullmatch(escape) or (not within and _OUTSIDE.fullmatch(escape))):
        raise _otherwise("it escapes what they do not share; write characters as `\\x41`, and categories as `\\p{Lu}`")
    return escape
