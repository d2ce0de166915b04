"""Which names may be given to things.  All are compared byte for byte; nothing folds case."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Final

#: Tables, families and levels: ASCII that HBase takes too (HBase reference guide, "Namespace" and "ColumnFamily").
IDENTIFIER: Final = r"^[A-Za-z0-9_][A-Za-z0-9_.\-]{0,127}$"
#: Purposes: words joined by dots, so that `marketing.*` can mean all below `marketing`.
PURPOSE: Final = r"^[A-Za-z0-9_\-]+(\.[A-Za-z0-9_\-]+)*$"
#: Roles and principals: what a directory hands out, e-mail addresses included.
SUBJECT_LENGTH: Final = 255

#: What a message says of names that are not near any.
LISTED: Final = "; the policy lists them"
#: How many names a message lists.
_FEW: Final = 12

_identifier = re.compile(IDENTIFIER.replace("$", r"\Z"))


def is_identifier(name: str) -> bool:
    """Whether ``name`` can name a table, a family or a level."""
    return _identifier.match(name) is not None


def is_subject(name: str) -> bool:
    """Whether ``name`` can name a role or a principal: printable, no backtick, no outer space."""
    return 0 < len(name) <= SUBJECT_LENGTH and name.isprintable() and "`" not in name and name == name.strip()


def offered(known: Iterable[str]) -> str:
    """Return what there is to choose from, to be said after a message; where these are many, who lists them."""
    names = [f"`{each}`" for each in known]
    if not names:
        return "; the policy declares none"
    if len(names) > _FEW:
        return LISTED
    *most, last = names
    return f"; there are {', '.join(most)} and {last}" if most else f"; there is {last}"


def nearest(name: object, known: Iterable[str]) -> str:
    """Return a hint such as ``; did you mean `prof`?`` or an empty string."""
    if not isinstance(name, str):
        return ""
    found = difflib.get_close_matches(name[:SUBJECT_LENGTH], list(known), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(f'`{each}`' for each in found)}?" if found else ""
