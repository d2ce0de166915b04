"""How changes are sent: each with a time of its own, so that they take effect in the caller's order.

Where a row has one change in a family, the time of what it is sent with is its own: a time in each statement costs a
twentieth of a batch.

The changes of a row in one family are of one partition, and are seen together.  Those of a row in several families are a
*logged batch*, which is one mutation, for their tables have one partition key: all of them are made or none, and a reader
may see the one family before the other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Final, NamedTuple

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
            if change.timestamp is None or 0 <= change.timestamp <= _LATEST:
                continue
            if not isinstance(change, Delete) or change.qualifiers != ():
                raise InvalidValue(f"a timestamp is milliseconds since 1970, from 0 to {_LATEST} on cassandra")


#: A prepared one, and its values for each time that it is sent.
_Statements = tuple[Any, Sequence[Sequence[bytes]]]
#: What is sent at once, by table and partition.
_Batch = dict[tuple[str, bytes], list[_Statements]]


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
    batches = [_merged(rows.values())] if whole and rows else list(rows.values())
    for batch in batches:
        if _number(batch) > _MOST:
            what = "a transaction" if whole else "the changes of a row"
            raise RequestError(
                f"{what} on cassandra: at most {_MOST:,} statements, one for each cell, and up to three in a family that"
                " keeps several versions; name fewer columns in each call"
            )
    if len(batches) > 1:
        parts = list(_joined(rows))
        if len(parts) > 1:
            _send_all(ring, parts, stamps)
            return
        batches = [each.batch for each in parts]
    for batch in batches:
        ring.end(ring.begin(_statement(batch), stamp=stamps.take()), applied=True)


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
    kept: dict[tuple[bytes, FamilyTable], Kept] = {}
    if versioned:
        found = read_kept(ring, [(table, key, several) for (key, table), several in versioned.items()])
        kept.update(zip(versioned, found, strict=True))
    rows: dict[bytes, _Batch] = {}
    stamps.compare()  # once, and not for each of a thousand
    for key, several in changes.items():
        batch: _Batch = {}
        alone = len(several) == 1 or len({each.family for each in several}) == len(several)
        for change in several:
            table = tables[change.family]
            where = table.key(key)
            statements = (
                list(_versions(table, where, change, stamps.take(), kept[key, table]))
                if table.versioned
                else _plain(table, where, change, stamps, alone=alone)
            )
            if statements:
                batch.setdefault((table.name, where[0]), []).extend(statements)
        if batch:
            rows[key] = batch
    return rows


def _plain(
    table: FamilyTable, where: Sequence[bytes], change: Put | Delete, stamps: Stamps, *, alone: bool
) -> list[_Statements]:
    if isinstance(change, Put):
        if not change.values:
            return []
        if alone and change.timestamp is None:
            return [(table.put_then, [(value, *where, qualifier) for qualifier, value in change.values.items()])]
        time = bigint(stamps.take() if change.timestamp is None else change.timestamp * 1000)
        return [(table.put, [(time, value, *where, qualifier) for qualifier, value in change.values.items()])]
    if change.qualifiers == ():
        return []
    time = bigint(stamps.take() if change.timestamp is None else change.timestamp * 1000 + _LAST)
    if change.qualifiers is None:
        return [(table.delete, [(time, *where)])]
    return [(table.delete_cells, [(time, *where, blobs(change.qualifiers))])]


def _versions(
    table: FamilyTable, where: Sequence[bytes], change: Put | Delete, now: int, kept: Kept
) -> Iterator[_Statements]:
    """Yield what changes a family whose timestamps are keys: what is written last at one of them counts, whatever it says."""
    time = bigint(now)
    if isinstance(change, Put):
        timestamp = now // 1000 if change.timestamp is None else change.timestamp
        for qualifier, value in change.values.items():
            stays, before = kept.put(qualifier, timestamp, change.family.versions)
            if stays:
                yield table.put, [(time, value, *where, qualifier, bigint(timestamp))]
                yield table.mark, [(time, time, *where, qualifier)]
            if before is not None:
                yield table.trim, [(time, *where, qualifier, bigint(before))]
        return
    gone = kept.delete(change.qualifiers, change.timestamp)
    if change.timestamp is not None:
        for each in gone:
            yield table.delete_versions, [(time, *where, each, bigint(change.timestamp))]
            yield table.mark, [(time, time, *where, each)]
    elif change.qualifiers is None:
        yield table.delete, [(time, *where)]
    elif change.qualifiers:
        yield table.delete_cells, [(time, *where, blobs(change.qualifiers))]


def _number(batch: _Batch) -> int:
    """Return how many statements a batch has."""
    number = 0
    for statements in batch.values():
        for _, several in statements:
            number += len(several)
    return number


def _size(batch: _Batch) -> int:
    """Return about how many bytes it comes to."""
    size = 0
    for statements in batch.values():
        for _, several in statements:
            size += _BESIDE * len(several) + sum(map(len, chain.from_iterable(several)))
    return size


def _statement(batch: _Batch) -> Any:
    """Return what is executed: a single statement, or a batch, logged where it is of several partitions."""
    whole = BatchStatement(BatchType.UNLOGGED if len(batch) == 1 else BatchType.LOGGED)
    known: dict[Any, Any] = {}
    number, made = 0, None
    for statements in batch.values():
        for statement, several in statements:
            made = known[statement] = known.get(statement) or bound(statement, ())
            for values in several:
                made.values = values
                whole.add(made)  # which takes what it needs of it
            number += len(several)
    whole.is_idempotent = True
    return made if number == 1 else whole


def _joined(rows: dict[bytes, _Batch]) -> Iterator[_Part]:
    """Yield what is sent at once: rows of one partition together, and each row of several by itself."""
    open_parts: dict[tuple[str, bytes], _Part] = {}
    left: dict[tuple[str, bytes], tuple[int, int]] = {}
    for key, batch in rows.items():
        if len(batch) > 1:
            yield _Part({key}, batch)
            continue
        ((partition, statements),) = batch.items()
        number, size = _number(batch), _size(batch)
        part = open_parts.get(partition)
        if part is not None:
            most, bytes_left = left[partition]
            if number <= most and size <= bytes_left:
                part.keys.add(key)
                part.batch[partition] += statements
                left[partition] = most - number, bytes_left - size
                continue
            yield part
        open_parts[partition] = _Part({key}, batch)
        left[partition] = _STATEMENTS - number, _BYTES - size
    yield from open_parts.values()


def _merged(batches: Iterable[_Batch]) -> _Batch:
    merged: _Batch = {}
    for each in batches:
        for partition, statements in each.items():
            merged.setdefault(partition, []).extend(statements)
    return merged


def _send_all(ring: Ring, parts: Sequence[_Part], stamps: Stamps) -> None:
    """Send parts, some at a time, and no more of them once one failed."""
    done: set[bytes] = set()
    unknown: set[bytes] = set()
    refused: set[bytes] = set()
    failed: CfaclError | None = None
    under_way: deque[tuple[_Part, Any]] = deque()
    left = iter(parts)
    for part in left:
        try:
            under_way.append((part, ring.begin(_statement(part.batch), stamp=stamps.take())))
        except CfaclError as error:  # before anything of it was sent
            refused |= part.keys
            failed = error
            break
        if len(under_way) < _WINDOW:
            continue
        failed = _ended(ring, *under_way.popleft(), done, unknown, refused)
        if failed is not None:
            break
    while under_way:  # the last first: when its answer is there, so are most, and nobody is woken for each
        failed = _ended(ring, *under_way.pop(), done, unknown, refused) or failed
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
    ring: Ring, part: _Part, future: Any, done: set[bytes], unknown: set[bytes], refused: set[bytes]
) -> CfaclError | None:
    """Wait for a part, and note what became of its rows."""
    try:
        ring.end(future, applied=True)
    except CfaclError as error:
        (refused if isinstance(error, _UNMADE) else unknown).update(part.keys)
        return error
    done |= part.keys
    return None
