"""The seam that every store fills.

A store sees projections, never principals, roles or masks, and imports neither the policy
nor the engine.  What it is given is immutable and stays valid for the length of the call.

* Every method is safe from any number of threads.
* Ids are byte-exact: nothing folds case or normalises.
* A family is addressed by its name *and* identity.  One that the store does not hold is
  `SchemaMissing`, for reads as for writes; it is never created on the fly.
* `memory` is the reference: any visible difference of another store from it, beyond its
  capabilities, is a bug.
* Every failure is a `StoreError` (or a `RequestError` where the caller can mend it), with the
  driver's exception as its cause.  Failing to answer is never an empty answer.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from attrs import frozen

from cfacl.errors import RequestError, Unsupported, quoted
from cfacl.model.projection import Projection, StoredFamily
from cfacl.model.request import Cells, Mutation, Span
from cfacl.model.settings import StoreSettings
from cfacl.stores.administration import Administration
from cfacl.stores.native import NativeRights
from cfacl.stores.posture import Sign

if TYPE_CHECKING:
    from cfacl.filters.tree import Filter

#: What the `Unsupported` says that a change meets in what was opened with ``read_only=True``.
READ_ONLY: Final = "this is open for reading only; make the change in the process that has the store open for writing"


@frozen
class Capabilities:
    """What a store can do with one family; tests ask for these, never for a class.

    Attributes:
        atomic_row: of all puts to one row in one call, across its families, all are made or none, and so are all deletes.
        atomic_mix: of puts and deletes of one row in one call too.
        isolated_row: what is atomic by these two is also seen together; otherwise family by family.
        atomic_batch: all mutations of one call are seen together, and so are all changes of records.
        ordered_scan: scans go in byte order of the row keys, forward and in reverse, and may have bounds; otherwise they
            are of all rows, in any order.
        versions: keeps as many values of a cell as the family says.
        timestamps: explicit timestamps are kept exactly.
        replaces_ties: a put at the timestamp of a value replaces it; otherwise the larger of the two stays.
        latest_wins: a plain write always replaces what is there, also a value stamped in the future.
        given_clock: plain writes are stamped by the clock that the store was opened with; otherwise by its server's.
        no_markers: a delete leaves nothing behind, so that a later write is seen whatever its timestamp.
        live_scans: each batch of a scan is read when it is asked for; otherwise as it was when the scan began, perhaps.
        snapshot_reads: one call sees one instant, across keys and families.
        snapshot_scans: a whole scan can see one instant.
        compare_and_set: several conditions and several families in one row, and empty values told from none;
            otherwise one condition on a value that is not empty, or on none, and one put.
        filters: it leaves out by a filter what need not be sent; see `Store.scan_passing`.
        conditions_and_puts: a plain put that is made meanwhile is not lost by a condition or a counter that did not see it;
            otherwise these are safe from each other only.
    """

    atomic_row: bool = True
    atomic_mix: bool = True
    isolated_row: bool = True
    atomic_batch: bool = True
    ordered_scan: bool = True
    versions: bool = True
    timestamps: bool = True
    replaces_ties: bool = True
    latest_wins: bool = True
    given_clock: bool = True
    no_markers: bool = True
    live_scans: bool = True
    snapshot_reads: bool = True
    snapshot_scans: bool = True
    compare_and_set: bool = True
    conditions_and_puts: bool = True
    filters: bool = False


#: All that a store in this process can do; made once, for to make it takes longer than all else that comes before a scan.
CAPABLE: Final = Capabilities()


class Swept(NamedTuple):
    """How many values of a family a sweep looked at, and how many of them it removed."""

    table: str
    family: str
    looked: int
    removed: int


class Copied(NamedTuple):
    """How many bytes of how many are in a backup, and were read again as they should be."""

    size: int
    total: int


class SystemTable(abc.ABC):
    """A few small records that the database keeps in its store; not reachable through sessions."""

    @abc.abstractmethod
    def get(self, key: str) -> bytes | None:
        """Return a record, or ``None``."""

    @abc.abstractmethod
    def items(self, prefix: str) -> dict[str, bytes]:
        """Return all records whose key starts with ``prefix``, in key order."""

    @abc.abstractmethod
    def compare_and_set(self, key: str, expected: bytes | None, value: bytes | None) -> bool:
        """Replace ``expected`` by ``value`` atomically and durably; ``None`` means no record.

        Returns whether the record was as expected, and so was replaced.
        """

    def compare_and_set_all(self, changes: Mapping[str, tuple[bytes | None, bytes | None]]) -> bool:
        """Make changes by key, each as `compare_and_set` does, up to the first whose record is not as expected.

        Returns whether all were made.  A store that has `atomic_batch` makes all of them at once, or none.
        """
        return all(self.compare_and_set(key, *change) for key, change in changes.items())


#: Is told a scheme, and what `Store.plaintext` will be, before a store sends anything; raises where it must not.
Admit = Callable[[str, bool], object]


class Store(abc.ABC):
    """A wide-column store.

    Times are milliseconds since 1970-01-01T00:00Z.  A cell whose timestamp plus its family's
    ``time_to_live`` is not after the store's clock is not returned by anything.
    """

    #: What its URLs start with, for messages.
    scheme: ClassVar[str]
    system: SystemTable
    #: Whether it was opened to be read only, while another process writes it.  Then it is asked for no change, be it of
    #: cells, of the schema or of a record; one that it is asked for all the same is `Unsupported`.
    read_only: bool = False

    #: Whether what it sends can be read on the way, so that a policy may refuse it for some levels (`require_tls`).
    plaintext: bool = False

    def acting_as(self, identity: str) -> Store:  # for stores that act as several users
        """Return this store for calls on behalf of somebody, by an opaque name; itself, where it is all one to it.

        Closing this store closes what was returned.
        """
        return self

    def settle(self, settings: StoreSettings) -> None:  # noqa: B027  # most need to know nothing of it
        """Take over what a policy that is put in force says for stores; called before anything is asked under it."""

    @abc.abstractmethod
    def capabilities(self, family: StoredFamily) -> Capabilities:
        """Return what can be done with ``family``."""

    @abc.abstractmethod
    def create_table(self, table: str, families: Sequence[StoredFamily]) -> None:
        """Make room for families, each by name and identity; those that exist are left as they are."""

    def create_families(self, families: Sequence[StoredFamily]) -> None:
        """Make room for families of any tables, as `create_table` does; a store that is faster so does all at once."""
        for table in dict.fromkeys(each.table for each in families):
            self.create_table(table, [each for each in families if each.table == table])

    @abc.abstractmethod
    def drop_table(self, table: str, families: Sequence[StoredFamily]) -> None:
        """Remove families and their cells; those that do not exist are passed over.

        Reads and scans under way either end with the rows as they were or raise `SchemaMissing`.
        """

    @abc.abstractmethod
    def tables(self) -> dict[str, frozenset[tuple[str, int]]]:
        """Return (family, identity) of all that the store holds, by table; those that cfacl never made have identity 0."""

    @abc.abstractmethod
    def get(
        self,
        table: str,
        keys: Sequence[bytes],
        projection: Projection,
        *,
        before: int | None = None,
        timestamps: bool = False,
    ) -> list[tuple[bytes, Cells]]:
        """Return (key, cells) for each of ``keys`` that has a cell in the projection, in the order asked.

        A key given twice is answered twice.  Columns come sorted by family, then qualifier.

        Args:
            before: only cells with a smaller timestamp, the newest of those; ``None`` for all.
            timestamps: return (value, timestamp) instead of the value.
        """

    @abc.abstractmethod
    def versions(
        self,
        table: str,
        key: bytes,
        family: StoredFamily,
        qualifier: bytes,
        *,
        limit: int | None = None,
        before: int | None = None,
    ) -> list[tuple[bytes, int]]:
        """Return (value, timestamp) of the versions of one cell, newest first, at most ``limit``."""

    @abc.abstractmethod
    def scan(
        self,
        table: str,
        projection: Projection,
        span: Span,
        *,
        batch_size: int,
        limit: int | None = None,
        before: int | None = None,
        timestamps: bool = False,
        cells: int | None = None,
        snapshot: bool = False,
    ) -> Iterator[list[tuple[bytes, Cells]]]:
        """Yield non-empty batches of at most ``batch_size`` rows of the span, in key order.

        Rows without a cell in the projection are neither returned nor counted.  The iterator has
        ``close()``.  Each batch is read when it is asked for, so that a whole scan is not one snapshot.

        Args:
            limit: at most so many rows in all.
            before, timestamps: as for `get`.
            cells: at most so many cells of a row at once: one that has more comes in several parts, one after the
                other, its columns going on in their order in either direction.  What is said of rows above is then
                said of parts.
            snapshot: all batches are as the store was when this was called, but for cells that expired since; asked
                for only where every family can have ``snapshot_scans``.  It is `StoreUnavailable` from the next batch on
                if what is held for it was lost, and `SchemaMissing` if a family was dropped.
        """

    def scan_passing(
        self,
        table: str,
        projection: Projection,
        span: Span,
        passing: Filter,
        *,
        batch_size: int,
        timestamps: bool = False,
    ) -> Iterator[list[tuple[bytes, Cells]]]:
        """Scan, and leave out rows and cells that a filter does not let pass, or some of them; otherwise as `scan`.

        Asked for only where every family has ``filters``.  Who asks does not rely on what is left out, and asks the filter
        again; what is not there could be for this reason alone.
        """
        raise Unsupported("this store leaves nothing out by a filter")

    @abc.abstractmethod
    def apply(self, table: str, mutations: Sequence[Mutation], *, durable: bool = True, whole: bool = False) -> None:
        """Apply mutations in order, and the changes of each in order.

        Args:
            durable: on the disk when this returns, so that it survives the death of the machine.  Otherwise it
                survives that of the process at once, and that of the machine from the next `flush` on.
            whole: all of them are made or none, also where the store has no `atomic_batch`; what it cannot make so is
                `Unsupported`, or a `RequestError` where it is too much at once, and nothing is made.

        A put without a timestamp is stamped max(now, highest timestamp accepted in its family); where the process died,
        what it left may say up to a second more than that was, so that the highest need not be written with each put.
        A put with a timestamp that a newer version outranks is kept only as far as ``versions`` go.
        A delete removes what is there; it leaves no marker that would hide a later write.
        """

    @abc.abstractmethod
    def compare_and_set(
        self,
        table: str,
        key: bytes,
        conditions: Sequence[tuple[StoredFamily, bytes, bytes | None]],
        mutation: Mutation,
        *,
        durable: bool = True,
    ) -> bool:
        """Apply ``mutation`` if every (family, qualifier, value) is as given, ``None`` for no such cell; atomically.

        Returns whether it was applied.

        Args:
            key: the row that is looked at, and that ``mutation`` changes: the caller sees to it that both are the same.
            durable: as for `apply`.
        """

    @abc.abstractmethod
    def increment(
        self, table: str, key: bytes, family: StoredFamily, qualifier: bytes, amount: int, *, durable: bool = True
    ) -> int:
        """Add to a counter, atomically; return its new value.  ``durable``: as for `apply`.

        A counter is 8 bytes, big-endian, signed (as HBase has it); a missing one is 0.  A cell that is not
        8 bytes, or a sum beyond 64 bits, is `InvalidValue`, and nothing is written.
        """

    @abc.abstractmethod
    def flush(self) -> None:
        """Have everything on the disk that was acknowledged before."""

    def altered(self, families: Sequence[StoredFamily]) -> list[StoredFamily]:
        """Return those that the store keeps otherwise than they say, in how many versions or how long.

        A store that goes by what each call says has none.
        """
        return []

    def native_rights(self) -> NativeRights:
        """Return the store's own rights, a second wall for whoever reaches it by another way.

        Raises:
            Unsupported: it has none.
        """
        raise Unsupported(f"a store of {quoted(self.scheme)} has no rights of its own; hbase and cassandra have")

    def administration(self) -> Administration:
        """Return what whoever runs the store does to a table of it."""
        return Administration()

    def posture(self) -> Iterator[Sign]:
        """Yield how the store stands, and what of that cannot be seen from here; change nothing."""
        yield Sign("unseen", "store", f"a store of {quoted(self.scheme)} tells nothing of itself")

    def statistics(self) -> dict[str, int | str]:
        """Return what the store knows of its size and its work, by name; no name or value of a row's."""
        return {}

    @abc.abstractmethod
    def sweep(self, family: StoredFamily) -> Iterator[Swept]:
        """Remove what has outlived a family, and yield after each step what it came to; the iterator has ``close()``.

        Nothing that is removed was returned by anything any more.  A store whose server does it yields nothing.
        """

    @abc.abstractmethod
    def back_up(self, target: Path) -> Iterator[Copied]:
        """Copy all that the store holds at one instant to the new directory ``target``; yield as it goes.

        Raises:
            Unsupported: the store has no files here.
        """

    @abc.abstractmethod
    def reopen(self) -> None:
        """Close and open again in place, whatever state it is in; what was acknowledged is kept.

        Raises:
            Closed: it was closed for good.
            StoreError: it cannot be opened yet; calls raise `StoreUnavailable` until this succeeds.
        """

    def watch(self, watcher: Callable[[], None]) -> None:  # noqa: B027  # nothing to do where nobody else has the schema
        """Have ``watcher`` called where another process changed the schema or the system table.

        A read that noticed calls it before it returns or raises, and every other that comes before it has returned
        does as well.  It reads the system table and waits for locks of its owner: those reads do not call it, and none
        of the store's locks may be held.  What it raises, the read raises, and the next one calls it again.
        """

    def refresh(self) -> bool:
        """Look now whether another process changed the schema, whatever may lag; the watcher is told.

        Returns whether it was.  A store whose schema nobody else changes has nothing to look for.
        """
        return False

    @abc.abstractmethod
    def close(self) -> None:
        """Write what is pending and let go of everything; a second call does nothing."""

    @abc.abstractmethod
    def abandon(self) -> None:
        """Let go without writing, in a forked child: the parent still owns what is open."""


def confirm_scan(batch_size: int, limit: int | None, cells: int | None) -> None:
    """Refuse a scan whose numbers make no sense.

    Raises:
        RequestError: they do not.
    """
    if batch_size < 1 or (limit is not None and limit < 0):
        raise RequestError("a batch has at least 1 row, and a limit is not negative")
    if cells is not None and cells < 1:
        raise RequestError("a part of a row has at least 1 cell")
