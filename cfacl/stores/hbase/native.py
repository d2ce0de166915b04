"""HBase's own rights, as they stand in `hbase:acl`; what they can say is in `cfacl.stores.rights.hbase`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import ClassVar

from cfacl.stores.hbase.acl import rights
from cfacl.stores.hbase.gateway import Gateway
from cfacl.stores.hbase.names import RECORDS, family_name, identified
from cfacl.stores.hbase.schema import present
from cfacl.stores.hbase.shell import script
from cfacl.stores.hbase.stranger import unseen
from cfacl.stores.native import NativeRights, Need, Right, Said, sorted_out
from cfacl.stores.rights.hbase import HIDDEN, NAMESPACE, said

__all__ = ["HBaseRights"]


class HBaseRights(NativeRights):
    """See `NativeRights`."""

    hidden: ClassVar[str] = HIDDEN

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def say(self, needs: Iterable[Need]) -> Said:
        return sorted_out(
            each
            for need in needs
            for each in said(need, self._gateway.table(need.family.table).decode(), family_name(need.family).decode())
        )

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


def _bears(right: Right, tables: Collection[str], namespace: str) -> bool:
    """Return whether a right is on one of some tables, or on something that they are part of, or on HBase's own."""
    if right.scope == "namespace":
        return right.system or right.place == namespace
    return right.system or right.scope == "everything" or right.place in tables
