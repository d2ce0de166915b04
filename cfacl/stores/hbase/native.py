"""HBase's own rights: what the letters `R` and `W` can say, and what stands in `hbase:acl`.

`W` is to put and to delete, and to append and to increment too, which hand out what was in the cell: so it is only for
whoever may read, write and delete.  `A` and `C` give rights and alter tables: no action of ours is as much.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import ClassVar, Final

from cfacl.model.action import Action
from cfacl.stores.hbase.acl import NAMESPACE, rights
from cfacl.stores.hbase.gateway import Gateway
from cfacl.stores.hbase.names import ACCOUNT, RECORDS, family_name, identified
from cfacl.stores.hbase.schema import present
from cfacl.stores.hbase.shell import script
from cfacl.stores.hbase.stranger import unseen
from cfacl.stores.native import NativeRights, Need, Right, Said, Unsaid

__all__ = ["HBaseRights"]

_CHANGES: Final = frozenset({"read", "write", "delete"})
_WHY_NOT: Final[dict[Action, str]] = {
    "write": "`W` is to read, write and delete",
    "delete": "`W` is to read, write and delete",
    "admin": "`A` and `C` also give rights and alter tables",
}


class HBaseRights(NativeRights):
    """See `NativeRights`."""

    hidden: ClassVar[str] = "who is a superuser, who is in which group, and rights of single cells"

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def say(self, needs: Iterable[Need]) -> Said:
        said = Said([], [])
        for need in needs:
            self._say(need, said)
        return said

    def _say(self, need: Need, said: Said) -> None:
        def leave_out(what: str, why: str) -> None:
            said.unsaid.append(Unsaid(need.account, need.family.table, need.family.name, what, why))

        if not ACCOUNT.fullmatch(need.account):
            leave_out(", ".join(sorted(need.actions)), "hbase knows no account by this name")
            return
        letters = "RW" if need.actions >= _CHANGES else "R" if "read" in need.actions else ""
        for action in sorted(need.actions - (_CHANGES if letters == "RW" else {"read"})):
            leave_out(action, _WHY_NOT[action])
        if not letters:
            return
        place, family = self._gateway.table(need.family.table).decode(), family_name(need.family).decode()
        if need.columns is None:
            said.rights.append(Right(need.account, "family", place, family, None, letters))
            return
        if letters == "RW":
            leave_out("delete of the whole family", "it takes `W` on every column, declared or not")
        for column in sorted(need.columns):
            if why := _unsayable(column):
                leave_out(
                    f"{', '.join(sorted(need.actions))} of column `{column.decode(errors='backslashreplace')}`", why
                )
            else:
                said.rights.append(Right(need.account, "column", place, family, column, letters))

    def read(self, tables: Collection[str], spent: Callable[[int], bool]) -> list[Right]:
        prefix = self._gateway.address.prefix
        places = {self._gateway.table(each).decode() for each in tables}
        namespace = prefix.partition(":")[0] if ":" in prefix else NAMESPACE
        found = [each for each in rights(self._gateway) if _bears(each, places | {prefix + RECORDS}, namespace)]
        # One without an identity may come again by hand, and one of an identity that was not given yet will come.
        old: dict[str, set[bytes]] = {}
        for each in found:
            if each.place in places and spent(identified(each.family.encode())[1]):
                old.setdefault(each.place, set()).add(each.family.encode())
        gone = {place: names - present(self._gateway, place.encode(), names) for place, names in old.items()}
        return [each._replace(gone=each.family.encode() in gone.get(each.place, ())) for each in found]

    def unseen(self) -> str | None:
        return unseen(self._gateway)

    def script(self, revoked: Sequence[Right], granted: Sequence[Right], remarks: Sequence[str]) -> str:
        return script(revoked, granted, remarks)


def _unsayable(column: bytes) -> str:
    """Return why HBase cannot give a right on a column; nothing where it can."""
    if not column:
        return "hbase takes a right on the empty column for one on the whole family"
    try:
        column.decode("utf-8")
    except UnicodeDecodeError:
        return "hbase keeps names of columns in rights as text"
    return ""


def _bears(right: Right, tables: Collection[str], namespace: str) -> bool:
    """Return whether a right is on one of some tables, or on something that they are part of, or on HBase's own."""
    if right.scope == "namespace":
        return right.system or right.place == namespace
    return right.system or right.scope == "everything" or right.place in tables
