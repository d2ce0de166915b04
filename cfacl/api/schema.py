"""Which families the store holds for the catalog, and under which identity.

The store's system table has one record a family, its identity, and whether it is retired; and one for each table that is
disabled.  An
identity is given once: what is dropped and created again is another family, with none of the old
cells.  A family that the policy no longer names is retired: kept, and out of reach until the
operator adopts it by name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from cfacl.errors import RequestError, SchemaMissing, StoreContractError, quoted
from cfacl.model.catalog import Catalog, Family
from cfacl.model.projection import StoredFamily
from cfacl.stores.base import Store

Name = tuple[str, str]

_NEXT = "identity"
#: Families that are being made: a list of table, family and identity; there while `create_tables` is at it.
_BEGUN = "begun"
#: How often an identity may be taken by somebody else first, before the store is not believed any more.
_RACES = 1_000
_PREFIX = "family/"
#: Tables that are disabled, each with nothing in it.
_DISABLED = "disabled/"


class Difference(NamedTuple):
    """Where the store and the catalog differ.

    ``altered``: the store keeps it in fewer versions than the policy says, or not as long, or longer.
    ``missing``: in the catalog, not in the store.  ``retired``: kept for a family that the policy dropped, or
    named again without being adopted.  ``unknown``: in the store, and cfacl has no record of it.  ``lost``: cfacl
    has a record, and the store has no cells.  ``disabled``: out of reach until its table is enabled.
    """

    table: str
    family: str
    what: Literal["altered", "disabled", "missing", "retired", "unknown", "lost"]


class _Record(NamedTuple):
    identity: int
    retired: bool


class Schema:
    """The records of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known = self._records()
        #: tables that are out of reach until they are enabled
        self.disabled = self._disabled_tables()
        #: out of reach in this process, whatever the records say
        self._forgotten: set[Name] = set()

    def reload(self) -> bool:
        """Read the records again, which another process may have changed; return whether it did."""
        before = self._known, self.disabled
        self._known, self.disabled = self._records(), self._disabled_tables()
        return (self._known, self.disabled) != before

    @property
    def recorded(self) -> frozenset[Name]:
        """(table, family) of all families with a record, retired ones too."""
        return frozenset(self._known)

    def spent(self) -> Callable[[int], bool]:
        """Return what tells whether an identity was given to a family that is no more, by the records as they are now.

        One that was not given yet will be, and one that is recorded, or being made, is some family's.
        """
        # First, so that what is given meanwhile is greater; then what is begun, which becomes a record before it ends.
        last = self._last()
        _, begun = self._begun()
        used = {*begun.values(), *(each.identity for each in self._records().values())}
        return lambda identity: 0 < identity <= last and identity not in used

    @staticmethod
    def names(catalog: Catalog) -> frozenset[Name]:
        """Return (table, family) of all families of a catalog."""
        return frozenset(_families(catalog))

    def usable(self, catalog: Catalog) -> dict[Name, StoredFamily]:
        """Return the families of the catalog that may be used, by (table, family).

        The store is not asked, so that a policy can be replaced whatever state it is in.  Families that the
        catalog lacks are out of reach from now on, unless the store is read only.
        """
        named = _families(catalog)
        if not self._store.read_only:  # where it is, the records say what the policy of the writer left out
            self._forgotten.update(self._known.keys() - named.keys())
        return {
            name: _stored(name, family, self._known[name].identity)
            for name, family in named.items()
            if name in self._known
            and not self._known[name].retired
            and name not in self._forgotten
            and name[0] not in self.disabled
        }

    def tables(self, catalog: Catalog) -> list[str]:
        """Return the tables of the catalog that the store has, or some families of them, by the records as they are now."""
        kept = {table for (table, _), record in self._records().items() if not record.retired}
        return sorted(kept & catalog.tables.keys())

    def is_enabled(self, table: str) -> bool:
        """Return whether a table is served, by the records as they are now.

        Raises:
            SchemaMissing: the store has none of that name.
        """
        self.confirm_there(table)
        return self._store.system.get(_DISABLED + table) is None and self._store.administration().is_enabled(table)

    def enable(self, table: str) -> None:
        """Serve a table again; raises as `is_enabled`."""
        self.confirm_there(table)
        self._store.administration().enable(table)
        self._mark(table, disabled=False)

    def disable(self, table: str) -> None:
        """Refuse a table to everybody, here at once, until it is enabled; raises as `is_enabled`."""
        self.confirm_there(table)
        self._mark(table, disabled=True)
        self._store.administration().disable(table)

    def held(self, table: str) -> list[StoredFamily]:
        """Return the families that the store has of a table; raises as `is_enabled`."""
        self.confirm_there(table)
        return [StoredFamily(*name, each.identity, "") for name, each in self._records().items() if name[0] == table]

    def retire(self, catalog: Catalog) -> None:
        """Record that the families which the catalog lacks are out of reach; in a read-only store, record nothing."""
        if self._store.read_only:
            return
        named = _families(catalog)
        for name, record in self._records().items():
            if name not in named and not record.retired:
                self._replace(name, record, record._replace(retired=True))
        self._known = self._records()

    def create(self, catalog: Catalog, adopt: Collection[str], only: Collection[str] | None = None) -> None:
        """Make what the catalog has and the store lacks; everything is checked before anything is made.

        ``only``: of these tables; ``None`` for all.

        Raises:
            SchemaMissing: a family was retired, or the store lost it.
            RequestError: ``adopt`` names what the catalog does not.
        """
        records = self._records()
        named = {name: family for name, family in _families(catalog).items() if only is None or name[0] in only}
        present = self._present()
        last = self._last()  # behind it, for whoever makes a family takes its identity first
        adopted = {name for name in named if ":".join(name) in adopt}
        # What these records never gave an identity: it was there before, or they were lost.
        strange: dict[Name, list[int]] = {}
        for table, family, identity in present:
            if (table, family) not in records and not 0 < identity <= last:
                strange.setdefault((table, family), []).append(identity)
        for name in named:
            record = records.get(name)
            if record is not None and (*name, record.identity) not in present:
                raise SchemaMissing(f"the store lost {_say(name)}; restore it, or drop its table to begin anew")
            if record is not None and (record.retired or name in self._forgotten) and name not in adopted:
                raise SchemaMissing(
                    f"{_say(name)} holds cells of an earlier policy;"
                    f' `create_tables(adopt=["{":".join(name)}"])` makes them readable'
                )
            if name in strange and name not in adopted:
                raise SchemaMissing(
                    f"{_say(name)} holds cells of which cfacl has no record;"
                    f' `create_tables(adopt=["{":".join(name)}"])` makes them readable'
                )
            if len(strange.get(name, ())) > 1:
                raise SchemaMissing(
                    f"{_say(name)} is there more than once; remove all but the one to adopt, then try again"
                )
        needless = sorted(set(adopt) - {":".join(name) for name in adopted})
        if needless:
            raise RequestError(
                f"nothing to adopt: {', '.join(map(quoted, needless))}; say `table:family` as the policy has it"
            )
        self.retire(catalog)
        new = {name: family for name, family in named.items() if name not in records}
        if new:
            self._make(new, {name: strange[name][0] for name in new.keys() & strange.keys()}, records)
        for name in named:
            record = records.get(name)
            if record is not None and record.retired:
                self._replace(name, record, record._replace(retired=False))
        self._forgotten.difference_update(named)
        self._known = self._records()

    def _make(
        self, families: Mapping[Name, Family], taken: Mapping[Name, int], records: Mapping[Name, _Record]
    ) -> None:
        """Make families in the store, then record them, with as few calls for many as for one.

        Which identities they get is noted first.  So what a crash leaves behind is taken up by the next call: nobody
        can have written to it, for it never had a record.
        """
        noted, begun = self._begun()
        made = {**{name: begun[name] for name in families.keys() & begun.keys()}, **taken}
        fresh = [name for name in families if name not in made]
        made.update(zip(fresh, self._identities(len(fresh), max(taken.values(), default=0)), strict=True))
        self._note(noted, begun | made)
        self._store.create_families([_stored(name, family, made[name]) for name, family in families.items()])
        noted, begun = self._begun()
        changes: dict[str, tuple[bytes | None, bytes | None]] = {
            _key(name): (None, _bytes(_Record(identity, retired=False))) for name, identity in made.items()
        }
        changes[_BEGUN] = noted, _noted({name: begun[name] for name in begun.keys() - made.keys() - records.keys()})
        if not self._store.system.compare_and_set_all(changes):
            raise SchemaMissing("a family was made by someone else at the same time; try again")

    def drop(self, table: str) -> None:
        """Forget a table's families, then remove their cells."""
        records = {name: record for name, record in self._records().items() if name[0] == table}
        if not records:
            raise SchemaMissing(f"the store has no table {quoted(table)}")
        noted, begun = self._begun()
        if any(name in records for name in begun):  # else one that is made again could get the identity of this one
            self._note(noted, {name: identity for name, identity in begun.items() if name not in records})
        if table in self._disabled_tables():  # first, or one that is made again would be disabled
            self._mark(table, disabled=False)
        for name, record in records.items():
            self._replace(name, record, None)
            self._known.pop(name, None)
        self._store.drop_table(
            table, [StoredFamily(table, name[1], record.identity, "") for name, record in records.items()]
        )

    def drift(self, catalog: Catalog) -> list[Difference]:
        """Return where the store differs from the catalog, sorted."""
        records = self._records()
        disabled = self._disabled_tables()
        present = self._present()
        named = _families(catalog)
        found = [Difference(*name, "missing") for name in named if name not in records]
        for name, record in records.items():
            if (*name, record.identity) not in present:
                found.append(Difference(*name, "lost"))
            elif record.retired or name not in named:
                found.append(Difference(*name, "retired"))
            elif name[0] in disabled:
                found.append(Difference(*name, "disabled"))
        stored = [
            _stored(name, family, records[name].identity)
            for name, family in named.items()
            if name in records and (*name, records[name].identity) in present
        ]
        found += [Difference(each.table, each.name, "altered") for each in self._store.altered(stored)]
        recorded = {(*name, record.identity) for name, record in records.items()}
        found += [
            Difference(table, family, "unknown")
            for table, family, identity in present
            if (table, family, identity) not in recorded
        ]
        return sorted(found)

    def names_of(self, table: str) -> frozenset[str]:
        """Return the families that the store has of a table, retired ones too, by the records as they are now."""
        return frozenset(family for name, family in self._records() if name == table)

    def confirm_there(self, table: str) -> None:
        """Raise `SchemaMissing` for a table of which the store has no family, by the records as they are now."""
        if not self.names_of(table):
            raise SchemaMissing(
                f"the store has no table {quoted(table)}; `create_tables()` makes it, if the policy has it"
            )

    def _mark(self, table: str, *, disabled: bool) -> None:
        """Note whether a table is disabled; where it was noted already, nothing changes."""
        self._store.system.compare_and_set(_DISABLED + table, *((None, b"") if disabled else (b"", None)))
        self.disabled = self._disabled_tables()

    def _disabled_tables(self) -> frozenset[str]:
        return frozenset(each.removeprefix(_DISABLED) for each in self._store.system.items(_DISABLED))

    def _present(self) -> set[tuple[str, str, int]]:
        return {(table, *each) for table, families in self._store.tables().items() for each in families}

    def _records(self) -> dict[Name, _Record]:
        records: dict[Name, _Record] = {}
        for key, value in self._store.system.items(_PREFIX).items():
            table, _, family = key.removeprefix(_PREFIX).partition("/")
            try:
                fields = json.loads(value)
                records[table, family] = _Record(int(fields["identity"]), bool(fields["retired"]))
            except (ValueError, KeyError, TypeError) as error:
                raise StoreContractError(f"the record of {_say((table, family))} can't be read") from error
        return records

    def _replace(self, name: Name, old: _Record | None, new: _Record | None) -> None:
        if not self._store.system.compare_and_set(_key(name), _bytes(old), _bytes(new)):
            raise SchemaMissing(f"{_say(name)} was changed by someone else at the same time; try again")

    def _begun(self) -> tuple[bytes | None, dict[Name, int]]:
        """Return the note of families that were about to be made, as it is written and as it reads."""
        noted = self._store.system.get(_BEGUN)
        try:
            return noted, {(table, family): identity for table, family, identity in json.loads(noted or b"[]")}
        except (ValueError, TypeError) as error:
            raise StoreContractError("the record of what is being made can't be read") from error

    def _note(self, old: bytes | None, begun: Mapping[Name, int]) -> None:
        if not self._store.system.compare_and_set(_BEGUN, old, _noted(begun)):
            raise SchemaMissing("a family is being made by someone else at the same time; try again")

    def _last(self) -> int:
        """Return the identity that was given last."""
        return int(self._store.system.get(_NEXT) or b"0")

    def _identities(self, number: int, above: int) -> Sequence[int]:
        """Return identities that were never given before, and have it noted that those up to ``above`` were."""
        for _ in range(_RACES):
            last = self._store.system.get(_NEXT)
            given = max(int(last or b"0"), above)
            upto = given + number
            if upto == int(last or b"0") or self._store.system.compare_and_set(_NEXT, last, b"%d" % upto):
                return range(given + 1, upto + 1)
        raise StoreContractError("the store never writes what it was asked to compare and set")


def _bytes(record: _Record | None) -> bytes | None:
    return None if record is None else json.dumps(record._asdict(), sort_keys=True).encode()


def _key(name: Name) -> str:
    return f"{_PREFIX}{'/'.join(name)}"


def _noted(begun: Mapping[Name, int]) -> bytes | None:
    return json.dumps([[*name, identity] for name, identity in sorted(begun.items())]).encode() if begun else None


def _families(catalog: Catalog) -> Mapping[Name, Family]:
    return {
        (table.name, family.name): family for table in catalog.tables.values() for family in table.families.values()
    }


def _stored(name: Name, family: Family, identity: int) -> StoredFamily:
    return StoredFamily(
        table=name[0],
        name=name[1],
        identity=identity,
        level=family.level,
        versions=family.versions,
        time_to_live=None if family.time_to_live is None else family.time_to_live * 1000,
    )


def _say(name: Iterable[str]) -> str:
    return f"family {quoted(':'.join(name))}"
