"""How changes are sent: each with a time of its own, so that they take effect in the caller's order.

The changes of a row in one family are of one partition, and are seen together.  Those of a row in several families are a
*logged batch*, which is one mutation, for their tables have one partition key: all of them are made or none, and a reader
may see the one family before the other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from attrs import define, field
from cassandra.query import BatchStatement, BatchType

from cfacl.errors import (
    CfaclError,
    InvalidKey,
    InvalidValue,
    PartlyWritten,
    RequestError,
    SchemaMissing,
    StoreUnavailable,
)
from cfacl.model.projection import StoredFamily
from cfacl.model.request import MAX_KEY, Delete, Mutation, Put
from cfacl.stores.cassandra.errors import Otherwise
from cfacl.stores.cassandra.kept import Kept, read_kept
from cfacl.stores.cassandra.ring import Ring
from cfacl.stores.cassandra.stamps import Stamps
from cfacl.stores.cassandra.tables import FamilyTable
from cfacl.stores.cassandra.values import bigint, blobs, bound
from cfacl.stores.native import Refused

__all__ = ["confirm_keys", "confirm_timestamps", "send"]

#: At most so many batches are on their way at once.
_WINDOW: Final = 64
#: Rows of one partition are sent together up to so many bytes, as far as is known of them, and statements.
_BYTES: Final = 32 * 1024
_STATEMENTS: Final = 200
#: The most that a batch can have.
_MOST: Final = 65_535
#: What says of a change that it was not made; of all else it is not known.
_UNMADE: Final = (RequestError, StoreUnavailable, SchemaMissing, Otherwise, Refused)
#: What a statement comes to beside its value, in bytes.
_BESIDE: Final = 100
#: The last microsecond of a millisecond: what is deleted up to one has it all.
_LAST: Final = 999
#: Cassandra counts in microseconds, in 64 bits.
_LATEST: Final = ((1 << 63) - 1) // 1000 - 1


def confirm_keys(keys: Sequence[bytes]) -> None:
    """Raise `InvalidKey` for a row key that other stores do not take, or cassandra: an empty one, or a longer one."""
    for key in keys:
        if not 0 < len(key) <= MAX_KEY:
            raise InvalidKey(f"a row key is 1 to {MAX_KEY} bytes, not {len(key)}")


def confirm_timestamps(mutations: Sequence[Mutation]) -> None:
    """Raise `InvalidValue` for one that cassandra can't keep."""
    for mutation in mutations:
        for change in mutation.changes:
            nothing = isinstance(change, Delete) and change.qualifiers == ()
            if change.timestamp is not None and not nothing and not 0 <= change.timestamp <= _LATEST:
                raise InvalidValue(f"a timestamp is milliseconds since 1970, from 0 to {_LATEST} on cassandra")


#: A prepared one, and its values.
_Statement = tuple[Any, Sequence[bytes]]


@define
class _Batch:
    """What is sent at once: statements by partition, and about how many bytes they come to."""

    partitions: dict[tuple[str, bytes], list[_Statement]] = field(factory=dict)
    size: int = 0

    def add(self, partition: tuple[str, bytes], statements: Iterable[_Statement]) -> None:
        here = self.partitions.setdefault(partition, [])
        for each in statements:
            here.append(each)
            self.size += sum(map(len, each[1])) + _BESIDE
        if not here:
            del self.partitions[partition]

    def __len__(self) -> int:
        return sum(map(len, self.partitions.values()))

    def statement(self) -> Any:
        """Return what is executed: a single statement, or a batch, logged where it is of several partitions."""
        statements = [each for several in self.partitions.values() for each in several]
        if len(statements) == 1:
            return bound(*statements[0])
        batch = BatchStatement(BatchType.UNLOGGED if len(self.partitions) == 1 else BatchType.LOGGED)
        for statement, values in statements:
            batch.add(bound(statement, values))
        batch.is_idempotent = True
        return batch


class _Part(NamedTuple):
    """The rows of a batch."""

    keys: set[bytes]
    batch: _Batch


def send(
    ring: Ring,
    tables: dict[StoredFamily, FamilyTable],
    mutations: Sequence[Mutation],
    stamps: Stamps,
    *,
    whole: bool = False,
) -> None:
    """Send changes in their order.

    Args:
        tables: by family, of all that are changed.
        whole: as one batch, or not at all.

    Raises:
        PartlyWritten: some rows may be written and others not.
        CfaclError: none was written, or it is not known of the only row that there is.
    """
    rows = _rows(ring, tables, mutations, stamps)
    parts = [_Part(set(rows), _merged(rows.values()))] if whole and rows else list(_joined(rows))
    if any(len(each.batch) > _MOST for each in parts):
        what = "a transaction" if whole else "the changes of a row"
        raise RequestError(
            f"{what} on cassandra: at most {_MOST:,} statements, one for each cell, and up to three in a family that keeps"
            " several versions; name fewer columns in each call"
        )
    if len(parts) == 1:
        ring.end(ring.begin(parts[0].batch.statement()), applied=True)
    elif parts:
        _send_all(ring, parts)


def _rows(
    ring: Ring, tables: dict[StoredFamily, FamilyTable], mutations: Sequence[Mutation], stamps: Stamps
) -> dict[bytes, _Batch]:
    """Return what is sent by row; nothing of rows of which nothing changes."""
    changes: dict[bytes, list[Put | Delete]] = {}
    versioned: dict[tuple[bytes, FamilyTable], list[Put | Delete]] = {}
    for mutation in mutations:
        changes.setdefault(mutation.key, []).extend(mutation.changes)
        for change in mutation.changes:
            table = tables[change.family]
            table.confirm_fits(mutation.key, change.values if isinstance(change, Put) else change.qualifiers or ())
            if table.versioned:
                versioned.setdefault((mutation.key, table), []).append(change)
    found = read_kept(ring, [(table, key, several) for (key, table), several in versioned.items()])
    kept = dict(zip(versioned, found, strict=True))
    rows = {}
    for key, several in changes.items():
        batch = _Batch()
        for change in several:
            table = tables[change.family]
            where = table.key(key)
            batch.add(
                (table.name, where[0]),
                _versions(table, where, change, stamps.next(), kept[key, table])
                if table.versioned
                else _plain(table, where, change, stamps),
            )
        if batch.partitions:
            rows[key] = batch
    return rows


def _plain(table: FamilyTable, where: Sequence[bytes], change: Put | Delete, stamps: Stamps) -> Iterable[_Statement]:
    if isinstance(change, Put):
        put = table.put
        time = bigint(stamps.next() if change.timestamp is None else change.timestamp * 1000)
        return [(put, (time, value, *where, qualifier)) for qualifier, value in change.values.items()]
    if change.qualifiers == ():
        return []
    time = bigint(stamps.next() if change.timestamp is None else change.timestamp * 1000 + _LAST)
    if change.qualifiers is None:
        return [(table.delete, (time, *where))]
    return [(table.delete_cells, (time, *where, blobs(change.qualifiers)))]


def _versions(
    table: FamilyTable, where: Sequence[bytes], change: Put | Delete, now: int, kept: Kept
) -> Iterator[_Statement]:
    """Yield what changes a family whose timestamps are keys: what is written last at one of them counts, whatever it says."""
    time = bigint(now)
    if isinstance(change, Put):
        timestamp = now // 1000 if change.timestamp is None else change.timestamp
        for qualifier, value in change.values.items():
            stays, before = kept.put(qualifier, timestamp, change.family.versions)
            if stays:
                yield table.put, (time, value, *where, qualifier, bigint(timestamp))
                yield table.mark, (time, time, *where, qualifier)
            if before is not None:
                yield table.trim, (time, *where, qualifier, bigint(before))
        return
    gone = kept.delete(change.qualifiers, change.timestamp)
    if change.timestamp is not None:
        for each in gone:
            yield table.delete_versions, (time, *where, each, bigint(change.timestamp))
            yield table.mark, (time, time, *where, each)
    elif change.qualifiers is None:
        yield table.delete, (time, *where)
    elif change.qualifiers:
        yield table.delete_cells, (time, *where, blobs(change.qualifiers))


def _joined(rows: dict[bytes, _Batch]) -> Iterator[_Part]:
    """Yield what is sent at once: rows of one partition together, and each row of several by itself."""
    open_parts: dict[tuple[str, bytes], _Part] = {}
    for key, batch in rows.items():
        if len(batch.partitions) > 1:
            yield _Part({key}, batch)
            continue
        (partition,) = batch.partitions
        part = open_parts.get(partition)
        if part is None:
            open_parts[partition] = _Part({key}, batch)
        elif part.batch.size + batch.size > _BYTES or len(part.batch) + len(batch) > _STATEMENTS:
            yield part
            open_parts[partition] = _Part({key}, batch)
        else:
            part.keys.add(key)
            part.batch.partitions[partition] += batch.partitions[partition]
            part.batch.size += batch.size
    yield from open_parts.values()


def _merged(batches: Iterable[_Batch]) -> _Batch:
    merged = _Batch()
    for each in batches:
        for partition, statements in each.partitions.items():
            merged.partitions.setdefault(partition, []).extend(statements)
        merged.size += each.size
    return merged


def _send_all(ring: Ring, parts: Sequence[_Part]) -> None:
    """Send parts, some at a time, and no more of them once one failed."""
    done: set[bytes] = set()
    unknown: set[bytes] = set()
    refused: set[bytes] = set()
    failed: CfaclError | None = None
    under_way: deque[tuple[_Part, Any]] = deque()
    left = iter(parts)
    for part in left:
        try:
            under_way.append((part, ring.begin(part.batch.statement())))
        except CfaclError as error:  # before anything of it was sent
            refused |= part.keys
            failed = error
            break
        if len(under_way) < _WINDOW:
            continue
        failed = _ended(ring, under_way, done, unknown, refused)
        if failed is not None:
            break
    while under_way:
        failed = _ended(ring, under_way, done, unknown, refused) or failed
    if failed is not None:
        if not done and not unknown:
            raise failed
        unwritten = refused.union(*(each.keys for each in left))
        raise PartlyWritten(
            f"{failed}; rows written: {len(done)}, not written: {len(unwritten)}, not known: {len(unknown)}",
            written=done,
            unknown=unknown,
            unwritten=unwritten,
        ) from (failed.__cause__ or failed)


def _ended(
    ring: Ring,
    under_way: deque[tuple[_Part, Any]],
    done: set[bytes],
    unknown: set[bytes],
    refused: set[bytes],
) -> CfaclError | None:
    """Wait for the part that was sent first, and note what became of its rows."""
    part, future = under_way.popleft()
    try:
        ring.end(future, applied=True)
    except CfaclError as error:
        (refused if isinstance(error, _UNMADE) else unknown).update(part.keys)
        return error
    done |= part.keys
    return None
