"""The columns that a request names, taken apart."""

from __future__ import annotations

from typing import NamedTuple

from cfacl.engine.ask import parse_column
from cfacl.engine.bits import TableBits
from cfacl.errors import RequestError, quoted
from cfacl.model.action import READ

#: A request for columns: the action's index; the table; columns (`None`: none named, so every family); strict
#: (`True`: all or nothing, `False`: what is granted, `None`: strict where columns are named or data is changed).
Want = tuple[int, str, tuple[bytes, ...] | None, bool | None]


def is_strict(want: Want) -> bool:
    """Whether all that a request wants must be granted, by rule 4."""
    index, _, columns, strict = want
    return strict if strict is not None else columns is not None or index != READ


class Selection(NamedTuple):
    """Columns taken apart: the families they lie in, and their qualifiers (``None``: the whole family)."""

    mask: int
    qualifiers: dict[bytes, set[bytes] | None]


def select(table: TableBits, columns: tuple[bytes, ...] | None) -> Selection:
    """Take the columns of a request apart; ``None`` selects every family whole.

    Raises:
        RequestError: an empty list; HBase would read it as everything.
        InvalidValue, UnknownFamily, UnknownColumn: from `parse_column`.
    """
    if columns is None:
        return Selection(table.every, {name.encode("ascii"): None for name in table.bit})
    if not columns:
        raise RequestError(f"`columns` of table {quoted(table.name)} is empty; leave it out or name at least one")
    mask = 0
    qualifiers: dict[bytes, set[bytes] | None] = {}
    for each in columns:
        family, bit, qualifier = parse_column(table, each)
        mask |= bit
        if qualifier is None:
            qualifiers[family] = None
        elif family not in qualifiers:
            qualifiers[family] = {qualifier}
        elif (known := qualifiers[family]) is not None:
            known.add(qualifier)
    return Selection(mask, qualifiers)
