"""Compare-and-set, and counters: a *lightweight transaction* in one partition, which is of one family and one row.

What it writes bears the time at which the coordinator began, and Cassandra takes no other.  So whatever bears a later time
would hide it without a word: a put of a client whose clock is ahead, or a deletion, which cannot be seen at all.  Therefore
the cell is read first, by the coordinator that is then to decide, and that one's clock must have passed all of these.

Versioned cells have a *guard* besides, which each put changes too: it is what is compared.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple
from uuid import UUID

from cassandra.query import BatchStatement, BatchType

from cfacl.errors import StoreUnavailable, Unsupported
from cfacl.model.counter import counted, counter
from cfacl.model.projection import StoredFamily
from cfacl.model.request import Delete, Mutation, Put
from cfacl.stores.cassandra.errors import Contended
from cfacl.stores.cassandra.kept import Kept
from cfacl.stores.cassandra.ring import ITSELF, Ring
from cfacl.stores.cassandra.stamps import Stamps
from cfacl.stores.cassandra.tables import GUARD, FamilyTable
from cfacl.stores.cassandra.values import Value, bigint, blobs, bound
from cfacl.stores.wanted import Wanted

__all__ = ["NOW", "Conditions", "microseconds"]

Condition = tuple[StoredFamily, bytes, bytes | None]

#: What time it is there.
NOW: Final = "SELECT now() FROM system.local"
#: What is decided of one partition at once only gets in its own way.
_LOCKS: Final = 64
#: How long a clock is waited for, in microseconds; what is further ahead was stamped by somebody.
_PATIENCE: Final = 1_000_000
#: A coordinator counts in milliseconds.
_STEP: Final = 1_000
#: Between the epoch of time-based UUIDs and that of the rest, in units of 100 ns.
_EPOCH: Final = 0x01B21DD213814000
_CHANGED: Final = "the cell was changed by others each time that it was tried; try again"
#: How long is waited at most until a row is asked for again, on which others decide; in seconds.
_APART: Final = 0.05


def microseconds(now: UUID) -> int:
    """Return the time of a time-based UUID, as the cluster's `now()` is, in microseconds since 1970."""
    return (now.time - _EPOCH) // 10


class Seen(NamedTuple):
    """A cell as it was read.

    Attributes:
        value: its newest value, whatever its age; ``None`` for none.
        timestamp: that value's, in milliseconds.
        guard: of a versioned cell.
        versions: the timestamps that are there of one, newest first.
    """

    value: bytes | None = None
    timestamp: int = 0
    guard: bytes | None = None
    versions: tuple[int, ...] = ()


class Conditions:
    """Decides on cells of one keyspace; safe from any number of threads."""

    def __init__(self, ring: Ring, stamps: Stamps) -> None:
        self._ring = ring
        self._stamps = stamps
        self._locks = [threading.Lock() for _ in range(_LOCKS)]

    def compare_and_set(
        self, table: FamilyTable, key: bytes, conditions: Sequence[Condition], mutation: Mutation
    ) -> bool:
        """Apply puts of one family if all conditions hold; return whether they did.

        Raises:
            Unsupported: it states timestamps, or deletes.
            InvalidValue: a cell's key is too long.
        """
        if any(each.timestamp is not None for each in mutation.changes):
            raise Unsupported("cassandra stamps what is written under a condition; leave out `timestamp`")
        if any(isinstance(each, Delete) for each in mutation.changes):
            raise Unsupported("cassandra deletes nothing under a condition here; put a value that means none")
        puts = {q: value for each in mutation.changes if isinstance(each, Put) for q, value in each.values.items()}
        names = list(dict.fromkeys(qualifier for _, qualifier, _ in conditions))
        table.confirm_fits(key, [*names, *puts])
        number = mutation.changes[0].family.versions
        tries = self._tries()
        while True:  # a cell may have been changed, and the conditions hold all the same
            with self._alone(table, key):
                late = next(tries)
                seen, host = self._read(table, key, [*names, *(each for each in puts if each not in names)], late)
                for family, qualifier, expected in conditions:
                    if self._visible(family, seen[qualifier]) != expected:
                        return False
                # What is put to a versioned cell stands beside what others put: it is compared too.
                compared = seen if table.versioned else {each: seen[each] for each in names}
                if self._set(table, key, compared, puts, seen, number, host):
                    return True

    def increment(self, table: FamilyTable, key: bytes, family: StoredFamily, qualifier: bytes, amount: int) -> int:
        """Add to a counter, and return it."""
        table.confirm_fits(key, [qualifier])
        tries = self._tries()
        while True:
            with self._alone(table, key):
                late = next(tries)
                seen, host = self._read(table, key, [qualifier], late)
                total = amount + counted(self._visible(family, seen[qualifier]))
                if self._set(table, key, seen, {qualifier: counter(total)}, seen, family.versions, host):
                    return total

    def _tries(self) -> Iterator[float]:
        """Yield until when it is tried again, from the first time on; raise `StoreUnavailable` then."""
        late = time.monotonic() + self._ring.address.timeout
        yield late
        while time.monotonic() < late:
            yield late
        raise StoreUnavailable(_CHANGED)

    @contextmanager
    def _alone(self, table: FamilyTable, key: bytes) -> Iterator[None]:
        """Let nobody else of this process decide on the partition."""
        lock = self._locks[hash((table.name, table.key(key)[0])) % _LOCKS]
        if not lock.acquire(timeout=self._ring.address.timeout):
            raise StoreUnavailable("others of this process decide on this row, or on one beside it; try again")
        try:
            yield
        finally:
            lock.release()

    def _visible(self, family: StoredFamily, seen: Seen) -> bytes | None:
        if family.time_to_live is not None:
            self._stamps.confirm_not_ahead()
        if seen.value is None or not Wanted(self._stamps.now()).of(family, seen.timestamp):
            return None
        return seen.value

    def _read(
        self, table: FamilyTable, key: bytes, qualifiers: Sequence[bytes], late: float
    ) -> tuple[dict[bytes, Seen], Any]:
        """Return cells, and the coordinator that read them, when its clock has passed all that they bear."""
        if self._ring.is_kept_apart():  # then a data centre that may not read it does not get it by a condition either
            here = table.statement("SELECT q FROM {table} WHERE {where} AND q IN ?")
            self._ring.end(self._ring.begin(bound(here, (*table.key(key), blobs(qualifiers)))))
        columns = "q, w, t, guard, writetime(w)" if table.versioned else "q, v, writetime(v), guard, writetime(v)"
        text = f"SELECT {columns}, writetime(guard), now() FROM {{table}} WHERE {{where}} AND q IN ?"
        question = bound(self._ring.serial(table.statement(text)), (*table.key(key), blobs(qualifiers)))
        question.fetch_size = None  # of one instant, and so of one page
        answer, host = self._asked(question, late)
        rows = answer.current_rows
        seen = dict.fromkeys(qualifiers, Seen())
        latest, now = self._stamps.last, 0
        for qualifier, value, stamp, guard, written, guarded, there in rows:
            latest, now = max(latest, written or 0, guarded or 0), microseconds(there)
            before = seen[qualifier]
            if table.versioned:
                if stamp == GUARD:
                    seen[qualifier] = before._replace(guard=guard)
                else:
                    versions = (*before.versions, stamp)
                    if before.value is None:  # the newest comes first
                        before = before._replace(value=value, timestamp=stamp)
                    seen[qualifier] = before._replace(versions=versions)
            elif value is not None:
                seen[qualifier] = Seen(value, stamp // 1000)
        if not rows:  # and so no time either, of a cell that may just have been deleted
            ((there,),) = self._ring.end(self._ring.begin(self._ring.prepare(NOW, ITSELF), host=host)).current_rows
            now = microseconds(there)
        self._wait(latest, now)
        return seen, host

    def _asked(self, question: Any, late: float) -> tuple[Any, Any]:
        """Return an answer, and the coordinator that gave it."""
        while True:
            future = self._ring.begin(question)
            try:
                return self._ring.end(future), future.coordinator_host
            except Contended:
                if time.monotonic() > late:
                    raise
                time.sleep(random.random() * _APART)  # noqa: S311  # so that two do not meet again

    def _wait(self, latest: int, now: int) -> None:
        behind = latest - now + _STEP
        if behind > _PATIENCE:
            raise StoreUnavailable(
                f"a cell, or what was changed last, bears a time {behind // 1_000_000} seconds ahead of the cluster's, and would hide what is written now;"
                " try again then"
            )
        if behind > 0:
            time.sleep(behind / 1_000_000)

    def _set(
        self,
        table: FamilyTable,
        key: bytes,
        compared: dict[bytes, Seen],
        puts: dict[bytes, bytes],
        seen: dict[bytes, Seen],
        number: int,
        host: Any,
    ) -> bool:
        batch = BatchStatement(BatchType.UNLOGGED)
        add = self._add_versioned if table.versioned else self._add
        for statement, values in add(table, table.key(key), compared, puts, seen, number):
            batch.add(bound(statement, values))
        try:
            return self._ring.decide(batch, host)
        finally:  # also where it is not known what became of it
            self._stamps.passed()

    @staticmethod
    def _add(
        table: FamilyTable, where: Sequence[bytes], compared: dict[bytes, Seen], puts: dict[bytes, bytes], *_: object
    ) -> Iterable[tuple[Any, Sequence[Value]]]:
        """Yield statements: one for each cell that is compared, and for each that is put."""
        for qualifier, was in compared.items():
            if qualifier in puts:
                text = "UPDATE {table} SET v = ? WHERE {where} AND q = ? IF v = ?"
                yield table.statement(text), (puts[qualifier], *where, qualifier, was.value)
            else:  # there is no statement that only compares; this one removes what nothing has
                text = "DELETE guard FROM {table} WHERE {where} AND q = ? IF v = ?"
                yield table.statement(text), (*where, qualifier, was.value)
        for qualifier, value in puts.items():
            if qualifier not in compared:
                yield table.statement("UPDATE {table} SET v = ? WHERE {where} AND q = ?"), (value, *where, qualifier)

    def _add_versioned(
        self,
        table: FamilyTable,
        where: Sequence[bytes],
        compared: dict[bytes, Seen],
        puts: dict[bytes, bytes],
        seen: dict[bytes, Seen],
        number: int,
    ) -> Iterable[tuple[Any, Sequence[Value]]]:
        guard = self._stamps.next()
        for qualifier, was in compared.items():
            text = f"UPDATE {{table}} SET guard = ? WHERE {{where}} AND q = ? AND t = {GUARD} IF guard = ?"
            yield table.statement(text), (bigint(guard), *where, qualifier, was.guard)
        for qualifier, value in puts.items():
            text = "UPDATE {table} SET w = ? WHERE {where} AND q = ? AND t = ?"
            # Behind what is there: somebody may have said a time ahead.
            timestamp = max(guard // 1000, seen[qualifier].timestamp + (seen[qualifier].value is not None))
            yield table.statement(text), (value, *where, qualifier, bigint(timestamp))
            _, before = Kept({qualifier: list(seen[qualifier].versions)}).put(qualifier, timestamp, number)
            if before is not None:
                text = "DELETE FROM {table} WHERE {where} AND q = ? AND t >= 0 AND t < ?"
                yield table.statement(text), (*where, qualifier, bigint(before))
