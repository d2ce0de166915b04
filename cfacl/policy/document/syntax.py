"""From bytes to the tables, arrays and values of a TOML document."""

from __future__ import annotations

import re
import tomllib
from datetime import datetime
from typing import Any, Final

from cfacl.errors import Fault, PolicyError

#: The longest document that is read, in bytes of UTF-8.
MAX_SIZE: Final = 64 * 1024 * 1024

_TOO_LONG: Final = Fault(
    "",
    f"is longer than {MAX_SIZE // 1024**2} MiB; a policy cannot be split; share roles, and grant by level, so that it says less",
)
#: What tomllib ends each of its messages with.
_PLACE: Final = re.compile(r" \(at (?:(line (\d+), column (\d+))|end of document)\)\Z")
#: A byte order mark, as text.
_MARK: Final = "\ufeff"
#: What looks like a date or a date-time.
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:\d\d)?)?")
#: A time of day that is finer than a microsecond; and such a time, strings and comments.
_FINER: Final = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}0*+[1-9]")
_TIME: Final = re.compile(
    r""""{3}(?:[^"\\]|\\[\s\S]|"(?!""))*+"{3,5}|'{3}(?:[^']|'(?!''))*+'{3,5}|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'|#[^\n]*+"""
    rf"|(?P<time>{_FINER.pattern})"
)
#: How many parts a dotted key may have.
_MAX_PARTS: Final = 100
#: A part of a dotted key; a string that has no end goes to the end of its line, so that nothing is looked at twice.
_PART: Final = re.compile(r"""[A-Za-z0-9_-]++|"(?:[^"\\\n]|\\.)*+"?|'[^'\n]*+'?""")
#: Strings of several lines, comments, and runs of parts: keys, and values of one line.
_TOKEN: Final = re.compile(
    r""""{3}(?:[^"\\]|\\[\s\S]|"(?!""))*+"{0,5}|'{3}(?:[^']|'(?!''))*+'{0,5}|#[^\n]*+"""
    rf"|(?P<key>(?:{_PART.pattern})(?:[ \t]*+\.[ \t]*+(?:{_PART.pattern}))*+)"
)


def decode(raw: bytes) -> str:
    """Return a document's text.

    Raises:
        PolicyError: it is longer than `MAX_SIZE`, or not UTF-8.
    """
    if len(raw) > MAX_SIZE:
        raise PolicyError([_TOO_LONG])
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        where = _position(raw[: error.start].decode("utf-8"), None)
    raise PolicyError([Fault(where, "is not utf-8; save the document as utf-8")])


def parse(text: str) -> dict[str, Any]:
    """Return a document's top table.

    Raises:
        PolicyError: it is longer than `MAX_SIZE`, or not TOML 1.0; with line and column where they are known.
    """
    if not isinstance(text, str):
        raise PolicyError([Fault("", "must be text; decode it as utf-8, or load the file by its path")])
    try:
        if len(text) > MAX_SIZE or len(text.encode("utf-8")) > MAX_SIZE:
            raise PolicyError([_TOO_LONG])
    except UnicodeEncodeError as error:
        raise PolicyError([Fault(_position(text, error.start), "is not text; take the lone surrogate out")]) from None
    if text.startswith(_MARK):
        raise PolicyError([Fault("line 1, column 1", "starts with a byte order mark; save the document without it")])
    _refuse_long_keys(text)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        fault = _fault(str(error), text)
    except RecursionError:
        fault = Fault("", "is nested too deeply; a policy's tables and arrays go seven deep at most")
    except ValueError:  # what int() says of thousands of digits, with advice that would be wrong here
        fault = Fault("", "is not valid toml: an integer has too many digits")
    else:
        _refuse_fine_times(text)
        return document
    raise PolicyError([fault])


def _impossible(text: str, line: int, column: int) -> str | None:
    """Return the date or date-time at a place, if it has the form of one and is none."""
    for found in _DATE.finditer(text.split("\n")[line - 1]):
        if found.start() < column <= found.end() + 1:
            try:
                datetime.fromisoformat(found[0].upper())
            except ValueError:
                return found[0]
    return None


def _position(text: str, end: int | None) -> str:
    before = text[:end]
    return f"line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))}"


def _refuse_long_keys(text: str) -> None:
    """Refuse a key of very many parts, with which tomllib takes minutes: each part is looked up from the top again.

    It is a matter of lines, since no key goes beyond one; where a line has many dots, strings and comments are told
    apart from keys.  In what is no TOML they may be mistaken for each other, but that is refused either way.
    """
    if all(line.count(".") < _MAX_PARTS for line in text.split("\n")):
        return
    for token in _TOKEN.finditer(text):
        key = token["key"] or ""
        if key.count(".") >= _MAX_PARTS and len(_PART.findall(key)) > _MAX_PARTS:
            where = _position(text, token.start())
            raise PolicyError(
                [Fault(where, f"is a key of more than {_MAX_PARTS} parts; a policy's have seven at most")]
            )


def _refuse_fine_times(text: str) -> None:
    """Refuse date-times that tomllib would cut to microseconds, and so move an edge of a window."""
    if not _FINER.search(text):
        return
    for token in _TIME.finditer(text):
        if token["time"]:
            where = _position(text, token.start())
            raise PolicyError([Fault(where, "is a time finer than a microsecond; give it six decimals at most")])


def _fault(said: str, text: str) -> Fault:
    found = _PLACE.search(said)
    where = (found[1] if found else None) or "end of document"
    what = said[: found.start()] if found else said
    if found and found[2] and (date := _impossible(text, int(found[2]), int(found[3]))):
        return Fault(where, f"is not valid toml: `{date}` is on no calendar or clock; write it as 2027-06-30T00:00:00Z")
    if what.startswith(("Cannot ", "Duplicate ")):
        return Fault(where, "is not valid toml: a key or a table is given a second time; keep one of the two")
    what = re.sub(r"""'([^']*)'|"(')\"""", r"`\1\2`", what[:1].lower() + what[1:])
    return Fault(where, f"is not valid toml: {what}")
