"""What stands in `hbase:acl`: a row for each table, for each namespace (`@home`), and `hbase:acl` itself for everything.

Its columns are `l:user`, `l:user,family` or `l:user,family,qualifier`, unescaped, and its values letters of `RWXCA`.  They
are taken apart as HBase takes them apart, at the first two commas.
"""

from __future__ import annotations

from typing import Any, Final

from cfacl.errors import SchemaMissing, StoreError
from cfacl.stores.hbase.client import Client
from cfacl.stores.hbase.definitions import TScan
from cfacl.stores.hbase.gateway import Gateway
from cfacl.stores.hbase.refusal import refused
from cfacl.stores.native import Refused, Right, RightsOff

__all__ = ["ACL", "SYSTEM", "parsed", "rights"]

ACL: Final = b"hbase:acl"
#: Of HBase's own tables: where regions are, labels, rights.
SYSTEM: Final = "hbase"
_FAMILY: Final = b"l"
_PAGE: Final = 1_000
#: In the order in which HBase writes them.
_LETTERS: Final = "RWXCA"


def rights(gateway: Gateway) -> list[Right]:
    """Return all rights that are given to anybody, but for those of single cells, which stand in these.

    Raises:
        RightsOff: there is no such table.
        Refused: the gateway's user may not read it.
    """
    try:
        rows = gateway.ask(_scanned)
    except SchemaMissing as error:
        raise RightsOff(
            "hbase has no table `hbase:acl`, so whoever reaches it may do everything; load `AccessController`,"
            " and set `hbase.security.authorization`"
        ) from error
    except StoreError as error:
        if (found := refused(error)) is None:
            raise
        raise Refused(
            "the gateway's user may not read `hbase:acl`; ask through a gateway of the operators', for `R` on this table"
            " is `R` on everything, and hbase has no narrower way: no gateway that services use should have it",
            found.user,
        ) from error
    return [parsed(row, key.removeprefix(_FAMILY + b":"), value) for row, cells in rows for key, value in cells]


def parsed(row: bytes, key: bytes, value: bytes) -> Right:
    """Return what a cell of `hbase:acl` says."""
    right = _parsed(row, key, value)
    own = right.place == SYSTEM if right.scope == "namespace" else right.place.startswith(f"{SYSTEM}:")
    return right._replace(system=own)


def _parsed(row: bytes, key: bytes, value: bytes) -> Right:
    account, place = key.decode("utf-8", "replace"), row.decode("utf-8", "replace")
    letters = letters_of(value)
    if row == ACL:
        return Right(account, "everything", "", "", None, letters)
    if row.startswith(b"@"):
        return Right(account, "namespace", place[1:], "", None, letters)
    first, _, rest = account.partition(",")
    if not first or not rest:
        return Right(account, "table", place, "", None, letters)
    family, _, column = rest.partition(",")
    if not family or not column:
        return Right(first, "family", place, rest, None, letters)
    return Right(first, "column", place, family, column.encode(), letters)


def letters_of(value: bytes) -> str:
    """Return letters in HBase's order, behind them what is none."""
    return "".join(sorted(set(value.decode("latin-1")), key=lambda each: (_LETTERS + each).index(each)))


def _scanned(client: Client) -> list[tuple[bytes, list[tuple[bytes, bytes]]]]:
    found: list[Any] = []
    number = client.scannerOpenWithScan(ACL, TScan(columns=[_FAMILY], caching=_PAGE), {})
    while page := client.scannerGetList(number, _PAGE):
        found += page
    client.scannerClose(number)
    return [(each.row, [(key, cell.value) for key, cell in sorted(each.columns.items())]) for each in found]
