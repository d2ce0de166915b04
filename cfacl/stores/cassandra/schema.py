"""Which tables there are, and the families in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from types import TracebackType
from typing import Final

from attrs import evolve

from cfacl.errors import (
    PartlyWritten,
    RequestError,
    SchemaMissing,
    StoreContractError,
    StoreError,
    StoreUnavailable,
    quoted,
)
from cfacl.model.projection import StoredFamily
from cfacl.model.settings import CassandraLayout, StoreSettings
from cfacl.stores.base import Capabilities
from cfacl.stores.cassandra.errors import Otherwise
from cfacl.stores.cassandra.names import RECORDS, Described, described, ours, table_name
from cfacl.stores.cassandra.ring import ITSELF, Ring
from cfacl.stores.cassandra.tables import FamilyTable, definition, time_to_live

__all__ = ["Schema"]

Name = tuple[str, str, int]

_TABLES: Final = "SELECT table_name, comment, default_time_to_live FROM system_schema.tables WHERE keyspace_name = ?"


class Schema:
    """The tables of one keyspace."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self.settings = StoreSettings()
        self._known: dict[Name, FamilyTable] = {}
        #: another object whenever something is no longer known
        self.since = object()

    def forget(self) -> None:
        """Look anew before the next call."""
        self.since = object()
        self._known = {}

    def confirm(self, table: str, families: Iterable[StoredFamily]) -> list[FamilyTable]:
        """Return the tables of families; the cluster is asked only for what was not seen yet.

        Raises:
            SchemaMissing: one is not there.
        """
        self._ring.confirm_open()
        known, found = self._known, []
        for each in families:
            name = (table, each.name, each.identity)
            if name not in known:
                known = self._known = self._there()
            if name not in known:
                raise SchemaMissing(
                    f"the store lacks family {quoted(each.name)} of table {quoted(table)}; `create_tables()` makes it"
                )
            found.append(known[name])
        return found

    def told(self, table: str, families: Iterable[StoredFamily], tables: Iterable[FamilyTable]) -> Told:
        """Say in a block which family is gone, or was made anew since ``tables`` were confirmed; the cluster says neither."""
        return Told(self, table, families, tables)

    def tables(self) -> dict[str, frozenset[tuple[str, int]]]:
        """Return (family, identity) of all families by table; a table of somebody else's has one without a name."""
        found: dict[str, set[tuple[str, int]]] = {}
        for name, comment, _ in self._rows():
            known = ours(name, comment)
            if known is not None:
                found.setdefault(known.table, set()).add((known.family, known.identity))
            elif name != RECORDS:
                found.setdefault(name, set()).add(("", 0))
        return {table: frozenset(found[table]) for table in sorted(found)}

    def create(self, families: Sequence[StoredFamily]) -> None:
        """Make what is not there; those that are, stay as they are.

        Raises:
            RequestError: a family has no identity.
        """
        self._ring.confirm_open()
        if any(each.identity < 1 for each in families):
            raise RequestError("the identity of a stored family is at least 1")
        there = self._there()
        # A row's families have one layout, whatever the policy says since: else a scan could not put them together.
        layouts = {known.described.table: known.described.layout for known in there.values()}
        for each in families:
            if (each.table, each.name, each.identity) not in there:
                self._make(each, layouts.get(each.table, self.layout(each.table)))
        self.forget()

    def drop(self, table: str, families: Sequence[StoredFamily]) -> None:
        """Remove families with their cells; what is not there is passed over."""
        there = self._there()
        self.forget()
        for each in families:
            found = there.get((table, each.name, each.identity))
            if found is not None:
                self._ring.define(f"DROP TABLE IF EXISTS {found.name}")
        self.forget()

    def altered(self, families: Sequence[StoredFamily]) -> list[StoredFamily]:
        """Return those that are kept in fewer versions than they say, longer or less long, or in another layout."""
        lives = {known: seconds for name, comment, seconds in self._rows() if (known := ours(name, comment))}
        there = {(each.table, each.family, each.identity): each for each in lives}
        found = []
        for each in families:
            known = there.get((each.table, each.name, each.identity))
            if known is not None and (
                known.layout != self.layout(each.table)
                or (each.versions > 1 and not known.versioned)
                or lives[known] != time_to_live(each)
            ):
                found.append(each)
        return found

    def capable(self, family: StoredFamily, ordered: Capabilities) -> Capabilities:
        """Return what can be done with a family, of ``ordered``, which one of that layout can."""
        name = (family.table, family.name, family.identity)
        if name not in self._known:  # it may be laid out otherwise than the policy has it now
            self._known = self._there()
        known = self._known.get(name)
        layout = self.layout(family.table) if known is None else known.described.layout
        return _capable(layout.layout == "ordered", known is None or known.versioned or family.versions == 1, ordered)

    def layout(self, table: str) -> CassandraLayout:
        """Return how the policy has a table laid out."""
        return self.settings.cassandra_layouts.get(table, CassandraLayout())

    def _make(self, family: StoredFamily, layout: CassandraLayout) -> None:
        name = table_name(family)
        made = Described(family.table, family.name, family.identity, layout, family.versions > 1)
        self._ring.define(definition(f'"{self._ring.address.keyspace}"."{name}"', family, made))
        for other, comment, _ in self._rows():
            if other == name and described(comment) != made:
                raise StoreContractError(
                    f"table {quoted(name)} is there, and is none of family {quoted(family.name)}; rename or drop it"
                )

    def _there(self) -> dict[Name, FamilyTable]:
        found = {}
        for name, comment, _ in self._rows():
            known = ours(name, comment)
            if known is not None:
                place = (known.table, known.family, known.identity)
                held = self._known.get(place)
                found[place] = held if held and held.described == known else FamilyTable(self._ring, name, known)
        return found

    def _rows(self) -> list[tuple[str, str, int]]:
        found = self._ring.ask(self._ring.prepare(_TABLES, ITSELF), (self._ring.address.keyspace,))
        return [(name, comment or "", seconds or 0) for name, comment, seconds in found]


@cache
def _capable(is_ordered: bool, has_versions: bool, most: Capabilities) -> Capabilities:
    return evolve(most, ordered_scan=is_ordered, versions=has_versions)


class Told:
    """See `Schema.told`; no generator, since each call goes through it."""

    __slots__ = ("_families", "_schema", "_table", "_tables")

    def __init__(
        self, schema: Schema, table: str, families: Iterable[StoredFamily], tables: Iterable[FamilyTable]
    ) -> None:
        self._schema = schema
        self._table = table
        self._families = families
        self._tables = tables

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, PartlyWritten):  # of which the reason may be one of these
            self._schema.forget()
        if not isinstance(error, (SchemaMissing, Otherwise)) or error.__cause__ is None:
            return
        self._schema.forget()
        try:
            found = self._schema.confirm(self._table, self._families)
        except SchemaMissing as named:
            raise named from error.__cause__
        except StoreError:
            return  # then nobody knows more
        if [each.described for each in found] != [each.described for each in self._tables]:
            raise StoreUnavailable(
                f"table {quoted(self._table)} was made anew with another layout; try again"
            ) from error.__cause__
