"""How tables and families are called in HBase.

A table has its own name, behind the prefix of the URL.  A family has its identity behind its name, as in ``prof+3``: one
that was dropped and made again is another one there too, and whoever asks for the first is told that it is gone.  A family
that cfacl never made is called as it is, and has identity 0.

``+`` is in no name of ours, and sorts before everything that is, so that HBase's order of families is the order of names.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from cfacl.errors import InvalidKey, RequestError, quoted
from cfacl.model.names import is_identifier
from cfacl.model.projection import StoredFamily
from cfacl.model.request import MAX_KEY
from cfacl.stores.rights.hbase import ACCOUNT

__all__ = [
    "FOREVER",
    "RECORDS",
    "confirm_account",
    "confirm_keys",
    "family_name",
    "identified",
    "options",
    "table_name",
    "time_to_live",
]

#: The table of cfacl's own records.
RECORDS: Final = "cfacl.records"
#: A time to live that is none, in seconds.
FOREVER: Final = 0x7FFFFFFF
#: How many names of tables, and of families, are remembered.
_NAMES: Final = 4096


@lru_cache(_NAMES)
def table_name(prefix: str, table: str) -> bytes:
    """Return what a table is called there.

    Raises:
        RequestError: it can't have that name.
    """
    if not is_identifier(table) or table.endswith(RECORDS):
        raise RequestError(
            f"hbase has no table {quoted(table)}; a name is letters, digits, `_`, `.` and `-`, and does not end in `{RECORDS}`"
        )
    return (prefix + table).encode("ascii")


def confirm_account(name: str) -> None:
    """Raise `RequestError` for a principal whom HBase would take for another: ``boss@home`` and ``boss/home`` for ``boss``."""
    if not ACCOUNT.fullmatch(name):
        raise RequestError(
            f"hbase would take {quoted(name)} for somebody else; call principals by ASCII letters, digits, `_`, `.` and `-`,"
            " or leave out `doas`"
        )


def confirm_keys(keys: Iterable[bytes]) -> None:
    """Raise `InvalidKey` for a row key that HBase does not take: it says so too late, or tries it for a quarter of a minute."""
    for key in keys:
        if not 0 < len(key) <= MAX_KEY:
            raise InvalidKey(f"a row key is 1 to {MAX_KEY} bytes, not {len(key)}")


@lru_cache(_NAMES)
def family_name(family: StoredFamily) -> bytes:
    """Return what a family is called there, without a colon."""
    name = family.prefix[:-1]
    return b"%s+%d" % (name, family.identity) if family.identity else name


def identified(name: bytes) -> tuple[str, int]:
    """Return the name and the identity of a family as HBase calls it."""
    text = name.decode("ascii", "backslashreplace").removesuffix(":")
    stem, plus, number = text.rpartition("+")
    return (stem, int(number)) if plus and number.isdecimal() and is_identifier(stem) else (text, 0)


def time_to_live(family: StoredFamily) -> int:
    """Return a family's time to live in whole seconds, which HBase counts in."""
    return FOREVER if family.time_to_live is None else max(1, math.ceil(family.time_to_live / 1000))


def options(family: StoredFamily) -> str:
    """Return a family as `hbase shell` takes it."""
    return (
        f"{{NAME => '{family_name(family).decode()}', VERSIONS => {family.versions},"
        f" TTL => {time_to_live(family)}, BLOOMFILTER => 'ROW'}}"
    )
