"""From bytes to the tables, arrays and values of a TOML document."""

from __future__ import annotations

import re
import tomllib
from typing import Any, Final

from cfacl.errors import Fault, PolicyError

#: The longest document that is read, in bytes of UTF-8.
MAX_SIZE: Final = 64 * 1024 * 1024

_TOO_LONG: Final = Fault("", f"is longer than {MAX_SIZE // 1024**2} MiB; split the policy or take names out of it")
#: What tomllib ends each of its messages with.
_PLACE: Final = re.compile(r" \(at (?:(line \d+, column \d+)|end of document)\)\Z")


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
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        fault = _fault(str(error))
    except RecursionError:
        fault = Fault("", "is nested too deeply; a policy's tables and arrays go seven deep at most")
    except ValueError:  # what int() says of thousands of digits, with advice that would be wrong here
        fault = Fault("", "is not valid toml: an integer has too many digits")
    raise PolicyError([fault])


def _position(text: str, end: int | None) -> str:
    before = text[:end]
    return f"line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))}"


def _fault(said: str) -> Fault:
    found = _PLACE.search(said)
    where = (found[1] if found else None) or "end of document"
    what = said[: found.start()] if found else said
    if what.startswith(("Cannot ", "Duplicate ")):
        return Fault(where, "is not valid toml: a key or a table is given a second time; keep one of the two")
    what = re.sub(r"""'([^']*)'|"(')\"""", r"`\1\2`", what[:1].lower() + what[1:])
    return Fault(where, f"is not valid toml: {what}")
