"""happybase's `Batch`: changes that are sent together, by whoever asked when it was made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

from cfacl.compat.happybase.failures import telling
from cfacl.compat.happybase.wire import at_least_one, data_of, durable_of, encoded, names_of, time_of
from cfacl.engine.pinned import Pinned

if TYPE_CHECKING:
    from cfacl.compat.happybase.table import Table

__all__ = ["Batch"]


class _Change(NamedTuple):
    """A change by the name of the native method, and what else it is given."""

    method: Literal["put", "delete"]
    row: Any
    what: Any
    wal: bool


class Batch(Pinned):
    """Collects copies of changes, and sends them in their order when its block ends or `send` is called.

    All are decided before the first is sent, for whoever asked when the batch was made.  ``batch_size`` counts columns.
    A block that raised still sends what it has, as happybase has it, unless it is a ``transaction``; of that nothing more is
    meant.  ``wal``: where every change of a send is without, it is `durable=False`.

    Raises:
        TypeError: ``timestamp`` or ``batch_size`` is no integer, or a transaction has a ``batch_size``.
        ValueError: ``batch_size`` is below 1.
    """

    def __init__(
        self,
        table: Table,
        timestamp: int | None = None,
        batch_size: int | None = None,
        transaction: bool = False,
        wal: bool = True,
    ) -> None:
        stamp = time_of(timestamp)
        if batch_size is not None:
            if transaction:
                raise TypeError("`transaction` sends everything at once; leave out `batch_size`")
            batch_size = at_least_one("batch_size", batch_size)
        self._native = table._asked()
        self._connection = table.connection
        #: what the deletion of a row counts as
        self._row = 1 if batch_size is None else table._number_of_families()
        self._timestamp = stamp
        self._batch_size = batch_size
        self._transaction = transaction
        self._wal = wal
        self._lock = Lock()
        self._changes: list[_Change] = []
        self._columns = 0

    @telling
    def send(self) -> None:
        """Send what has come so far.  What fails to be sent stays, so that it can be sent again."""
        with self._lock:
            changes, self._changes = self._changes, []
            columns, self._columns = self._columns, 0
        if not changes:
            return
        try:
            self._connection._confirm_open()
            batch = self._native.batch(self._timestamp, durable=durable_of(any(each.wal for each in changes)))
            for each in changes:
                (batch.put if each.method == "put" else batch.delete)(each.row, each.what)
            batch.send()
        except BaseException:
            with self._lock:
                self._changes = changes + self._changes
                self._columns += columns
            raise

    def put(self, row: str | bytes, data: Mapping[Any, Any], wal: bool | None = None) -> None:
        """Add a put; of no columns, nothing."""
        copied = dict(data_of(data))
        if copied:
            self._add(_Change("put", encoded(row), copied, self._lasting(wal)), len(copied))

    def delete(self, row: str | bytes, columns: Iterable[Any] | None = None, wal: bool | None = None) -> None:
        """Add a deletion of columns, or of the whole row (``None``); of no columns, nothing."""
        names = names_of(columns)
        if names != []:
            number = self._row if names is None else len(names)
            self._add(_Change("delete", encoded(row), names, self._lasting(wal)), number)

    def _lasting(self, wal: bool | None) -> bool:
        return durable_of(self._wal if wal is None else wal) is None

    def _add(self, change: _Change, columns: int) -> None:
        with self._lock:
            self._changes.append(change)
            self._columns += columns
            full = self._batch_size is not None and self._columns >= self._batch_size
        if full:
            self.send()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None or not self._transaction:
            self.send()
