"""Requests by name: what callers prepare once and hold, whatever policy comes."""

from __future__ import annotations

from collections.abc import Sequence

from cfacl.engine.bits import PolicyBits, TableBits
from cfacl.engine.pinned import Pinned
from cfacl.errors import (
    InvalidValue,
    RequestError,
    UnknownAction,
    UnknownColumn,
    UnknownFamily,
    UnknownTable,
    quoted,
)
from cfacl.model.action import ACTIONS, Action
from cfacl.model.names import LISTED, nearest
from cfacl.model.request import MAX_QUALIFIER


class Ask(Pinned):
    """One action on families of a table, prepared.  It keeps names, so that it outlives policies.

    It can't be changed, since everyone who prepares the same names is given the same one.  ``owner`` is a
    token of the database that prepared it; another one refuses it.
    """

    __slots__ = ("_action", "_families", "_index", "_owner", "_table")

    def __init__(self, owner: object, action: str, table: str, families: Sequence[str]) -> None:
        self._owner = owner
        self._index = action_index(action)
        self._action: Action = ACTIONS[self._index]
        self._table = table
        self._families = tuple(families)

    @property
    def action(self) -> Action:
        """The action's name."""
        return self._action

    @property
    def index(self) -> int:
        """The place of the action's masks, as in `ACTIONS`."""
        return self._index

    @property
    def table(self) -> str:
        """The table's name."""
        return self._table

    @property
    def families(self) -> tuple[str, ...]:
        """The families' names, in the order given."""
        return self._families

    @property
    def owner(self) -> object:
        """A token of the database that prepared it."""
        return self._owner

    def __repr__(self) -> str:
        return f"<Ask to {self._action} {self._table}:{','.join(self._families)}>"


def name_of(what: str, name: object) -> str:
    """Return ``name`` if it is a str, or raise `RequestError`."""
    if type(name) is not str:
        article = "an" if what[0] in "aeiou" else "a"
        raise RequestError(f"{article} {what} is a str, not {type(name).__name__}; say its name")
    return name


def action_index(action: object) -> int:
    """Return the place of an action's masks, or raise `UnknownAction`."""
    for i, each in enumerate(ACTIONS):
        if each == action:
            return i
    raise UnknownAction(f"unknown action {quoted(action)}; actions are {', '.join(f'`{a}`' for a in ACTIONS)}")


def find_table(bits: PolicyBits, name: object) -> TableBits:
    """Return the table of that name, or raise `UnknownTable` with the nearest ones."""
    table = bits.tables.get(name) if type(name) is str else None
    if table is None:
        raise UnknownTable(f"unknown table {quoted(name)}{nearest(name, bits.tables) or LISTED}")
    return table


def find_family(table: TableBits, name: object) -> int:
    """Return the bit of the family of that name, or raise `UnknownFamily` with the nearest ones."""
    bit = table.bit.get(name) if type(name) is str else None
    if bit is None:
        hint = nearest(name, table.bit) or LISTED
        raise UnknownFamily(f"unknown family {quoted(name)} of table {quoted(table.name)}{hint}")
    return bit


def resolve(bits: PolicyBits, ask: Ask) -> tuple[TableBits, int]:
    """Return the table of an ask and the mask that it requests, never 0.

    Raises:
        UnknownTable, UnknownFamily: the catalog has no such name (any more).
        RequestError: no family is asked for; nothing asked is not everything granted.
    """
    table = find_table(bits, ask.table)
    mask = 0
    for name in ask.families:
        mask |= find_family(table, name)
    if mask == 0:
        raise RequestError(f"no family of {quoted(ask.table)} is named; name at least one")
    return table, mask


#: A column name taken apart, ``b"prof:country"``: the family, its bit, the qualifier (``None`` for a whole family,
#: ``b"prof"``).  A plain tuple, since each cell of a put has one unpacked.
Column = tuple[bytes, int, bytes | None]


def not_bytes(name: object) -> InvalidValue:
    """Return the error for a column name that is something else."""
    return InvalidValue(f'column names are bytes, not {type(name).__name__}; write `b"family:qualifier"`')


def parse_column(table: TableBits, name: object) -> Column:
    """Take ``family`` or ``family:qualifier`` apart; ``b"prof:"`` is the empty qualifier, which is legal.

    Raises:
        InvalidValue: not bytes, or a qualifier of over 65,535 bytes.
        UnknownFamily: the table has no such family.
        UnknownColumn: the family declares its columns, and this is not one of them.
    """
    if type(name) is not bytes:
        raise not_bytes(name)
    prefix, colon, qualifier = name.partition(b":")
    family = prefix.decode("ascii", "backslashreplace")
    bit = find_family(table, family)
    if not colon:
        return prefix, bit, None
    if len(qualifier) > MAX_QUALIFIER:
        raise InvalidValue(
            f"a qualifier of {quoted(family)} is {len(qualifier)} bytes; at most {MAX_QUALIFIER} are kept"
        )
    declared = table.families[bit.bit_length() - 1].columns
    if declared is not None and qualifier not in declared:
        raise UnknownColumn(
            f"family {quoted(family)} of table {quoted(table.name)} declares its columns, and one that was named is not"
            " among them; name a declared one or declare it in the policy"
        )
    return prefix, bit, qualifier
