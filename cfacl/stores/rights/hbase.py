"""What HBase's letters `R` and `W` can say of actions, and what of actions they say.

`W` is to put and to delete, and to append and to increment too, which hand out what was in the cell: so it is only for
whoever may read, write and delete.  `A` and `C` give rights and alter tables, and `X` runs what the table's owner put
there: no action of ours is as much.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from cfacl.model.action import Action
from cfacl.stores.native import Need, Right, Unsaid

__all__ = ["ACCOUNT", "HIDDEN", "NAMESPACE", "meant", "said", "unmeant"]

#: Names by which HBase knows an account as we do.  `@` begins a group, and realms and hosts are cut off behind `@` and
#: `/`; a comma ends a name in `hbase:acl`.
ACCOUNT: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*")
#: What a look into HBase's rights does not show.
HIDDEN: Final = "who is a superuser, who is in which group, and rights of single cells"
#: Of tables whose names say none.
NAMESPACE: Final = "default"
_CHANGES: Final = frozenset[Action]({"read", "write", "delete"})
_WHY_NOT: Final[dict[Action, str]] = {
    "write": "`W` is to read, write and delete",
    "delete": "`W` is to read, write and delete",
    "admin": "`A` and `C` also give rights and alter tables",
}
_NO_ACTION: Final = {
    "W": "without `R` it also hands out what was in a cell, by append and increment",
    "X": "no action is to run what stands behind a table",
    "C": "no action is to alter a table",
    "A": "no action is to give rights",
}


def said(need: Need, place: str, family: str) -> Iterator[Right | Unsaid]:
    """Yield the rights that give what is needed and nothing more, and what they cannot give exactly.

    Args:
        place: what the table is called there.
        family: what the family is called there.
    """

    def left_out(what: str, why: str) -> Unsaid:
        return Unsaid(need.account, need.family.table, need.family.name, what, why)

    if not ACCOUNT.fullmatch(need.account):
        yield left_out(", ".join(sorted(need.actions)), "hbase knows no account by this name")
        return
    letters = "RW" if need.actions >= _CHANGES else "R" if "read" in need.actions else ""
    for action in sorted(need.actions - (_CHANGES if letters == "RW" else {"read"})):
        yield left_out(action, _WHY_NOT[action])
    if not letters:
        return
    if need.columns is None:
        yield Right(need.account, "family", place, family, None, letters)
        return
    if letters == "RW":
        yield left_out("delete of the whole family", "it takes `W` on every column, declared or not")
    for column in sorted(need.columns):
        if why := _unsayable(column):
            what = f"{', '.join(sorted(need.actions))} of column `{column.decode(errors='backslashreplace')}`"
            yield left_out(what, why)
        else:
            yield Right(need.account, "column", place, family, column, letters)


def meant(letters: str) -> frozenset[Action]:
    """Return the actions that letters on a whole family give exactly."""
    if "R" not in letters:
        return frozenset()
    return _CHANGES if "W" in letters else frozenset({"read"})


def unmeant(letters: str) -> Iterator[tuple[str, str]]:
    """Yield each letter that no action is, and why."""
    for letter in letters:
        if letter in _NO_ACTION and not (letter == "W" and "R" in letters):
            yield letter, _NO_ACTION[letter]


def _unsayable(column: bytes) -> str:
    """Return why HBase cannot give a right on a column; nothing where it can."""
    if not column:
        return "hbase takes a right on the empty column for one on the whole family"
    try:
        column.decode("utf-8")
    except UnicodeDecodeError:
        return "hbase keeps names of columns in rights as text"
    return ""
