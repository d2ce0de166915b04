"""Which tables and families there are, and what only an operator can change.

Thrift makes tables and removes them; it can neither add a family to one nor take one away.  What needs that is told with
the line for `hbase shell`.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence
from types import TracebackType
from typing import Any, Final

from cfacl.errors import RequestError, SchemaMissing, StoreError, StoreUnavailable, quoted
from cfacl.model.projection import StoredFamily
from cfacl.stores.hbase.client import Client
from cfacl.stores.hbase.definitions import ColumnDescriptor, ServerError
from cfacl.stores.hbase.errors import TableExists
from cfacl.stores.hbase.gateway import Gateway
from cfacl.stores.hbase.names import RECORDS, family_name, identified, options, time_to_live
from cfacl.stores.native import Refused

__all__ = ["NO_ROW", "Schema", "make", "present"]

#: How long a table that somebody else makes may take, and how long between two looks; seconds.
_PATIENCE: Final = 30.0
_PAUSE: Final = 0.05
#: A cell that nobody means, of which nothing is told.
NO_ROW: Final = b"cfacl"
_NO_COLUMN: Final = b"cfacl"


class Schema:
    """The tables of one gateway below one prefix, and what is known of their families."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        #: HBase's names of families that were seen, by table; they may be gone since
        self._known: dict[str, frozenset[bytes]] = {}
        #: another object whenever something is no longer known
        self.since = object()

    def forget(self, table: str | None = None) -> None:
        """Look anew before the next call."""
        self.since = object()
        if table is None:
            self._known.clear()
        else:
            self._known.pop(table, None)

    def confirm(self, table: str, families: Iterable[StoredFamily]) -> None:
        """Raise `SchemaMissing` for a family that is not there; the server is asked only for what was not seen yet."""
        self._gateway.pool.confirm_open()
        known = self._known.get(table, frozenset())
        wanted = {family_name(each): each for each in families}
        if not wanted.keys() <= known:
            known = self._known[table] = present(self._gateway, self._gateway.table(table), wanted)
            for name, each in wanted.items():
                if name not in known:
                    raise SchemaMissing(
                        f"the store lacks family {quoted(each.name)} of table {quoted(table)}; `create_tables()` makes it"
                    )

    def told(self, table: str, families: Iterable[StoredFamily]) -> Told:
        """Say in a block which family the server does not find; of several rows it says no more than that it failed."""
        return Told(self, table, families)

    def names(self) -> list[bytes]:
        """Return HBase's names of all tables below the prefix, those of records aside, which may be another prefix's."""
        prefix = self._gateway.address.prefix.encode("ascii")
        found = self._gateway.ask(lambda client: client.getTableNames())
        records = RECORDS.encode()
        return [
            each
            for each in found
            if each.startswith(prefix) and not each.endswith(records) and b":" not in each[len(prefix) :]
        ]

    def tables(self) -> dict[str, frozenset[tuple[str, int]]]:
        """Return (family, identity) of all families by table."""
        prefix = len(self._gateway.address.prefix)
        names = [each[prefix:].decode("ascii", "backslashreplace") for each in self.names()]
        found = {name: frozenset(identified(each) for each in self._families(name)) for name in sorted(names)}
        return {name: families for name, families in found.items() if families}

    def create(self, families: Sequence[StoredFamily]) -> None:
        """Make what is not there; those that are, stay as they are.

        Raises:
            RequestError: a family has no identity.
            SchemaMissing: a table is there and lacks a family; the message has the lines that give it one.
        """
        self._gateway.pool.confirm_open()
        by_table = {
            name: [each for each in families if each.table == name] for name in {each.table for each in families}
        }
        lacking = {}
        for table, wanted in by_table.items():
            there = self._families(table)
            lacking[table] = there, {name: each for each in wanted if (name := family_name(each)) not in there}
        if any(each.identity < 1 for _, new in lacking.values() for each in new.values()):
            raise RequestError("the identity of a stored family is at least 1")
        lines = []
        for table, (there, new) in lacking.items():
            if new and not there:
                self._make(table, new.values())
            elif new:
                lines.append(self._alter(table, [options(each) for each in new.values()]))
        if lines:
            raise SchemaMissing(
                f"hbase adds no family through its gateway; in `hbase shell` run {_lines(lines)}, then try again"
            )

    def drop(self, table: str, families: Sequence[StoredFamily]) -> None:
        """Remove families, and the table with the last of them; what is not there is passed over.

        Raises:
            SchemaMissing: the table has others, which are to stay; the message has the line that removes these.
        """
        there = self._families(table)
        gone = [each for each in dict.fromkeys(map(family_name, families)) if each in there]
        self.forget(table)
        if there and not there - set(gone):
            name = self._gateway.table(table)
            self._gateway.tell(lambda client: _remove(client, name))
        elif gone:
            line = self._alter(table, [f"{{NAME => '{each.decode()}', METHOD => 'delete'}}" for each in gone])
            raise SchemaMissing(f"hbase removes no family through its gateway; in `hbase shell` run {_lines([line])}")

    def altered(self, families: Sequence[StoredFamily]) -> list[StoredFamily]:
        """Return those that are kept in fewer versions than they say, or longer or less long."""
        found = {table: self._described(table) for table in {each.table for each in families}}
        return [
            each
            for each in families
            if (there := found[each.table].get(family_name(each)))
            and (there.maxVersions < each.versions or there.timeToLive != time_to_live(each))
        ]

    def _families(self, table: str) -> frozenset[bytes]:
        return frozenset(self._described(table))

    def _described(self, table: str) -> dict[bytes, Any]:
        return _described(self._gateway, self._gateway.table(table))

    def _make(self, table: str, families: Collection[StoredFamily]) -> None:
        # The gateway's own defaults have neither a filter nor a cache, and read twice as slowly.
        made = [
            ColumnDescriptor(
                name=family_name(each) + b":",
                maxVersions=each.versions,
                bloomFilterType="ROW",
                blockCacheEnabled=True,
                timeToLive=time_to_live(each),
            )
            for each in families
        ]
        make(self._gateway, self._gateway.table(table), made)

    def _alter(self, table: str, changes: Iterable[str]) -> str:
        return f"alter '{self._gateway.table(table).decode()}', {', '.join(changes)}"


class Told:
    """See `Schema.told`; no generator, since each call goes through it."""

    __slots__ = ("_families", "_schema", "_table")

    def __init__(self, schema: Schema, table: str, families: Iterable[StoredFamily]) -> None:
        self._schema = schema
        self._table = table
        self._families = families

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, (SchemaMissing, StoreUnavailable)) and isinstance(error.__cause__, ServerError):
            self._schema.forget(self._table)
            try:
                self._schema.confirm(self._table, self._families)
            except SchemaMissing as named:
                raise named from error.__cause__
            except StoreError:
                pass  # then nobody knows more


def present(gateway: Gateway, table: bytes, wanted: Iterable[bytes]) -> frozenset[bytes]:
    """Return a table's families, or those of ``wanted`` that are there, where the gateway's user may not list them."""
    try:
        return frozenset(_described(gateway, table))
    except Refused:  # it takes `C` or `A`
        return frozenset(each for each in wanted if _there(gateway, table, each))


def _described(gateway: Gateway, table: bytes) -> dict[bytes, Any]:
    """Return a table's families by HBase's names; none where there is no table."""
    try:
        found = gateway.ask(lambda client: client.getColumnDescriptors(table))
    except SchemaMissing:
        return {}
    return {each.removesuffix(b":"): described for each, described in found.items()}


def _there(gateway: Gateway, table: bytes, family: bytes) -> bool:
    """Return whether there is a family, by a question that takes no right: HBase looks for it before it asks who may."""
    column = family + b":" + _NO_COLUMN
    try:
        gateway.ask(lambda client: client.getRowWithColumns(table, NO_ROW, [column], {}))
    except SchemaMissing:
        return False
    except Refused:
        return True
    return True


def make(gateway: Gateway, table: bytes, families: Sequence[Any]) -> None:
    """Make a table, or wait until somebody else has, who is at it; whoever may not make one may use what is there."""
    try:
        gateway.tell(lambda client: client.createTable(table, families))
    except Refused as refusal:  # to make it takes `C`, whether it is there or not
        try:
            gateway.ask(lambda client: client.isTableEnabled(table))
        except SchemaMissing:
            raise refusal from refusal.__cause__
    except TableExists:
        until = time.monotonic() + _PATIENCE
        while not gateway.ask(lambda client: client.isTableEnabled(table)):
            if time.monotonic() > until:
                raise
            time.sleep(_PAUSE)


def _lines(lines: Iterable[str]) -> str:
    return "; ".join(f"`{each}`" for each in lines)


def _remove(client: Client, table: bytes) -> None:
    if client.isTableEnabled(table):
        client.disableTable(table)
    client.deleteTable(table)
