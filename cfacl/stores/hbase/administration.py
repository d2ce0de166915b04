"""What whoever runs HBase can do to a table through its gateway."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final

from cfacl.model.discovery import Discovered
from cfacl.model.projection import StoredFamily
from cfacl.model.request import Span
from cfacl.stores.administration import Administration, Region
from cfacl.stores.hbase.client import Client
from cfacl.stores.hbase.gateway import Gateway
from cfacl.stores.hbase.names import FOREVER, identified
from cfacl.stores.hbase.scanning import Scanner
from cfacl.stores.hbase.schema import Schema

__all__ = ["HBaseAdministration"]

#: So many columns of a row say what kind of columns it has.
_COLUMNS: Final = 1_000


class HBaseAdministration(Administration):
    """See `Administration`; HBase compacts when it has time, after this returned."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def is_enabled(self, table: str) -> bool:
        name = self._gateway.table(table)
        enabled: bool = self._gateway.ask(lambda client: client.isTableEnabled(name))
        return enabled

    def enable(self, table: str) -> None:
        if not self.is_enabled(table):
            name = self._gateway.table(table)
            self._gateway.tell(lambda client: client.enableTable(name))

    def disable(self, table: str) -> None:
        if self.is_enabled(table):
            name = self._gateway.table(table)
            self._gateway.tell(lambda client: client.disableTable(name))

    def compact(self, table: str, families: Sequence[StoredFamily], *, major: bool) -> None:
        name = self._gateway.table(table)
        self._gateway.tell(lambda client: client.majorCompact(name) if major else client.compact(name))

    def discover(self, rows: int) -> Iterator[Discovered]:
        schema = Schema(self._gateway)
        for table in sorted(schema.tables()):
            name = self._gateway.table(table)
            described = self._gateway.ask(partial(_descriptors, name))
            seen = self._seen(name, [each.removesuffix(b":") for each in described], rows)
            for column, found in sorted(described.items()):
                family, identity = identified(column)
                if identity == 0:
                    life = None if found.timeToLive in (FOREVER, -1) else found.timeToLive
                    qualifiers = frozenset(seen.get(column.removesuffix(b":"), ()))
                    yield Discovered(table, family, found.maxVersions, life, qualifiers)

    def _seen(self, table: bytes, families: list[bytes], rows: int) -> dict[bytes, set[bytes]]:
        """Return the qualifiers of a table's first rows by family; of each row at most so many columns."""
        patience = self._gateway.address.timeout
        scanner = Scanner(self._gateway.pool, table, families, Span(), _COLUMNS, b"KeyOnlyFilter()", patience)
        seen: dict[bytes, set[bytes]] = {}
        keys: set[bytes] = set()
        try:
            while len(keys) < rows and (found := scanner.read(rows - len(keys))):
                for key, cells in found:
                    keys.add(key)
                    for column in cells:
                        family, _, qualifier = column.partition(b":")
                        seen.setdefault(family, set()).add(qualifier)
        except Exception as error:  # whatever the driver raises
            raise self._gateway.failure(error) from error
        finally:
            scanner.close()
        return seen

    def regions(self, table: str) -> list[Region]:
        name = self._gateway.table(table)
        found = self._gateway.ask(lambda client: client.getTableRegions(name))
        return [
            Region(each.startKey, each.endKey, each.id, each.name, each.version, each.serverName, each.port)
            for each in found
        ]


def _descriptors(table: bytes, client: Client) -> dict[bytes, Any]:
    found: dict[bytes, Any] = client.getColumnDescriptors(table)
    return found
