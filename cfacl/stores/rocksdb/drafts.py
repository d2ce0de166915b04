"""Writes mutations: what needs no read goes into the batch as it comes, the rest by way of `changes`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from rocksdict import WriteBatch

from cfacl.errors import InvalidValue
from cfacl.model.projection import StoredFamily
from cfacl.model.request import Mutation, Put
from cfacl.stores.rocksdb.changes import Changes
from cfacl.stores.rocksdb.families import Database, Held
from cfacl.stores.rocksdb.keys import head, stamp

__all__ = ["write"]

#: Milliseconds by which what is on disk runs ahead of the highest timestamp, so that few writes must renew it.
_AHEAD: Final = 1000
_TOP: Final = (1 << 63) - 1


class _Draft:
    """What one call does to one family, until it is written.

    Attributes:
        highest: the highest timestamp accepted, with those of this call.
        changes: ``None`` as long as nothing needs to be read first.
    """

    __slots__ = ("changes", "held", "highest")

    def __init__(self, held: Held) -> None:
        self.held = held
        self.highest = held.highest
        self.changes: Changes | None = None if held.older is None else Changes(held)

    @property
    def ceiling(self) -> int:
        return min(self.highest + _AHEAD, _TOP)

    def stamped(self, put: Put, now: int) -> int:
        """Return the timestamp of a put; a plain one is never below another that was accepted, so it wins."""
        timestamp = max(now, self.highest) if put.timestamp is None else put.timestamp
        if put.values:
            self.highest = max(timestamp, self.highest)
        return timestamp


def write(database: Database, table: str, mutations: Sequence[Mutation], now: int) -> None:
    """Write mutations as one batch, ``now`` in milliseconds; the lock is held.

    Raises:
        SchemaMissing: the store lacks a family; nothing is written.
        InvalidValue: a timestamp is none; nothing is written.
    """
    drafts: Collection[_Draft] = ()

    def made() -> WriteBatch:
        nonlocal drafts
        drafts, batch = _drafted(database, table, mutations, now)
        return batch

    database.write(made)
    for draft in drafts:
        draft.held.highest = draft.highest
        if draft.highest > draft.held.ceiling:
            draft.held.ceiling = draft.ceiling


def _drafted(
    database: Database, table: str, mutations: Sequence[Mutation], now: int
) -> tuple[Collection[_Draft], WriteBatch]:
    """Return what mutations do, as drafts and as a batch."""
    drafts = _drafts(database, table, mutations)
    batch = WriteBatch(raw_mode=True)
    for key, changes in mutations:
        start = head(key)
        for change in changes:
            draft = drafts[change.family]
            handle, careful = draft.held.cells.write, draft.changes
            if isinstance(change, Put):
                timestamp = draft.stamped(change, now)
                if careful is None:
                    packed = stamp(timestamp)
                    for qualifier, value in change.values.items():
                        batch.put(start + qualifier, packed + value, handle)
                else:
                    for qualifier, value in change.values.items():
                        careful.put(start, qualifier, (value, timestamp), change.family.versions)
            elif careful is None:
                for qualifier in change.qualifiers or ():
                    batch.delete(start + qualifier, handle)
            else:
                careful.delete(start, change.qualifiers, change.timestamp)
    distinct = set(drafts.values())
    for draft in distinct:
        if draft.changes is not None:
            draft.changes.write(batch, database)
        if draft.highest > draft.held.ceiling:
            batch.put(draft.held.ceiling_key, stamp(draft.ceiling), database.system.write)
    return distinct, batch


def _drafts(database: Database, table: str, mutations: Sequence[Mutation]) -> dict[StoredFamily, _Draft]:
    """Return a draft for each family that is changed, one for those of one name and identity."""
    drafts: dict[StoredFamily, _Draft] = {}
    for _, changes in mutations:
        for change in changes:
            family, what, timestamp = change
            draft = drafts.get(family)
            if draft is None:
                held = database.find(table, family)
                draft = next((each for each in drafts.values() if each.held is held), None) or _Draft(held)
                drafts[family] = draft
            if timestamp is not None and not 0 <= timestamp <= _TOP:
                raise InvalidValue("a timestamp is milliseconds since 1970, from 0 to 2**63 - 1")
            # What is None: all cells of the row are to be deleted, and have to be found.
            if draft.changes is None and (timestamp is not None or what is None or family.versions > 1):
                draft.changes = Changes(draft.held)
    return drafts
