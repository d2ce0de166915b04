"""A scan: its place, the server's scanner, and the connection that this scanner belongs to."""

from __future__ import annotations

from time import monotonic
from typing import Any, Final, NamedTuple

from cfacl.errors import StoreContractError
from cfacl.model.request import MAX_KEY, Span
from cfacl.stores.hbase.client import Client
from cfacl.stores.hbase.definitions import TScan
from cfacl.stores.hbase.errors import BROKEN, text_of
from cfacl.stores.hbase.pace import Pace
from cfacl.stores.hbase.pool import ANSWERS, Pool

__all__ = ["Scanner"]

#: At most so many results are fetched at once, whatever is asked for at once.
_FETCHED: Final = 10_000
#: What the server says where it no longer knows a scanner: it was idle too long, or its region moved.
_LOST: Final = ("scanner ID is invalid", "UnknownScannerException", "ScannerResetException", "LeaseException")
#: Long enough that hardly a key lies between it and the one that it stands before; those that do are left out here.
_BEFORE: Final = b"\xff" * 16


class Place(NamedTuple):
    """A column of a row; those of one row sort as HBase has them."""

    row: bytes
    family: bytes
    qualifier: bytes


class Scanner:
    """The rows of a span, or parts of them, as the server has them; begun again behind the last where it was lost.

    The number of a scanner means something to one gateway only, and perhaps another's scan to the next.  So it is used
    on the connection on which it was given, and that is this scan's alone until it ends.

    Args:
        passing: the text of a filter that leaves rows out; when an answer is not there in time, it is gone on without it.
        patience: how many seconds an answer may take.
    """

    def __init__(
        self,
        pool: Pool,
        table: bytes,
        columns: list[bytes],
        span: Span,
        cells: int | None,
        passing: bytes | None = None,
        patience: float = 0.0,
    ) -> None:
        self._pool = pool
        self._table = table
        self._columns = columns
        self._cells = cells
        self._passing = passing
        self._pace = None if passing is None else Pace(patience)
        self._patience = patience
        self._reverse = span.reverse
        self._lower = _clamped(span.lower or b"")
        self._upper = _clamped(span.upper)
        self._client: Client | None = None
        self._number: int | None = None
        #: the last row, and in it the last column, that was handed out; and that the server's scanner has come to
        self._behind: Place | None = None
        self._at: Place | None = None
        # A row to stop at that is empty would mean none to HBase.
        self._over = self._lower is None or (self._upper is not None and self._upper <= self._lower)

    def read(self, number: int) -> list[tuple[bytes, dict[bytes, Any]]]:
        """Return (key, cells) of some results, at most ``number`` unless all come; none at the end.  What the driver raises passes."""
        self._pool.confirm_open()
        found: list[tuple[bytes, dict[bytes, Any]]] = []
        while not found and not self._over:
            found = self._again(number)
        return found

    def _wanted(self, number: int) -> int:
        """Return how many to ask for where so many are wanted; more where a filter was to leave out the rest, and did not."""
        if self._pace is None:
            return min(number, _FETCHED)
        return (
            min(number, self._pace.most) if self._passing is not None else min(max(number, self._pace.most), _FETCHED)
        )

    def close(self) -> None:
        """End the server's scanner too, and give the connection back."""
        client, self._client = self._client, None
        number, self._number = self._number, None
        if client is not None:
            try:
                if number is not None and not self._pool.abandoned:  # any other number is somebody else's scan
                    client.scannerClose(number)
            except ANSWERS:  # it was over already
                self._pool.give(client)
            except Exception:  # noqa: BLE001  # the server forgets a scanner by itself
                self._pool.discard(client)
            else:
                self._pool.give(client)

    def _again(self, number: int) -> list[tuple[bytes, dict[bytes, Any]]]:
        """Read, and once more where the connection or the scanner was lost, for reading changes nothing."""
        begun = self._client is not None
        again = False
        while True:
            try:
                return self._next(self._wanted(number))
            except ANSWERS as error:
                self.close()
                if again or not begun or not any(each in text_of(error) for each in _LOST):
                    raise
                again = True
            except BROKEN:
                self._drop()
                if again:
                    raise
                again = True
            except TimeoutError:
                self._drop()
                if self._passing is None:
                    raise
                self._passing = None  # it may have passed by so much, and the gateway goes on with it
                self._pace = Pace(self._patience)
            except BaseException:
                self._drop()
                raise

    def _next(self, number: int) -> list[tuple[bytes, dict[bytes, Any]]]:
        if self._client is None:
            self._open(number)
        if self._over or self._client is None:
            return []
        begun = monotonic()
        results = self._client.scannerGetList(self._number, number)
        keys = [each.row for each in results]
        behind = [] if self._behind is None else [self._behind.row]
        if behind + keys != sorted(behind + keys, reverse=self._reverse):
            raise StoreContractError("the store answered rows out of their order; the answer was dropped")
        place = self._advanced(results) if results else None
        found = [(each.row, columns) for each in results if (columns := self._fresh(each.row, each.columns))]
        if place is not None and (self._behind is None or self._behind.row != place.row or self._behind < place):
            self._behind = place  # and not back, where a row is read again in parts
        self._over = len(results) < number
        # What the gateway asks for at once is said where a scan begins.
        if self._over or (self._pace is not None and self._pace.learn(number, monotonic() - begun)):
            self.close()
        return found

    def _advanced(self, results: list[Any]) -> Place:
        """Return the place of the last result, behind which the server is to go on; it would not end if it came again."""
        if not all(each.columns for each in results):
            raise StoreContractError("the store answered a row without cells; the answer was dropped")
        last, at = results[-1], self._at
        place = self._at = Place(last.row, *max(map(_order, last.columns)))
        again = at is not None and at.row == place.row and at >= place
        if again or (self._cells is None and len({each.row for each in results}) < len(results)):
            raise StoreContractError("the store answered a row again and again; the answer was dropped")
        return place

    def _fresh(self, key: bytes, columns: dict[bytes, Any]) -> dict[bytes, Any]:
        """Return what was not read before; nothing of a row at the edge, where HBase stops too late."""
        above, below = self._upper is not None and key >= self._upper, key < (self._lower or b"")
        if above or below:
            if self._reverse and (below or key == self._upper):
                return {}
            raise StoreContractError("the store answered a row that was not asked for; the answer was dropped")
        if self._behind is None or self._behind.row != key:
            return columns
        if self._cells is None:
            return {}
        last = self._behind[1:]
        return {column: cell for column, cell in columns.items() if _order(column) > last}

    def _open(self, number: int) -> None:
        lower, upper = self._lower, self._upper
        self._at = None
        if self._behind is not None:
            last = self._behind.row
            if self._reverse:
                upper = last  # where it begins is included, so that it is read again
            else:
                lower = last if self._cells else following(last)
        if lower is None:  # the last row was the highest that there can be
            self._over = True
            return
        scan = TScan(
            columns=self._columns,
            caching=number,
            batchSize=self._cells,
            reversed=self._reverse,
            filterString=self._passing,
        )
        scan.startRow, scan.stopRow = (upper, _preceding(lower)) if self._reverse else (lower or None, upper)
        client = self._client = self._pool.take()
        self._number = client.scannerOpenWithScan(self._table, scan, {})

    def _drop(self) -> None:
        client, self._client = self._client, None
        self._number = None
        if client is not None:
            self._pool.discard(client)


def following(key: bytes) -> bytes | None:
    """Return the lowest key that is higher, of those that HBase takes, or None."""
    if len(key) < MAX_KEY:
        return key + b"\0"
    head = key.rstrip(b"\xff")
    return head[:-1] + bytes([head[-1] + 1]) if head else None


def _clamped(bound: bytes | None) -> bytes | None:
    return bound if bound is None or len(bound) <= MAX_KEY else following(bound[:MAX_KEY])


def _preceding(lower: bytes) -> bytes | None:
    """Return a key below ``lower`` with hardly a key between them, or None where there is no key below it."""
    if lower in (b"", b"\0"):
        return None
    lower = lower[: MAX_KEY - len(_BEFORE)]
    return lower[:-1] if lower.endswith(b"\0") else lower[:-1] + bytes([lower[-1] - 1]) + _BEFORE


def _order(column: bytes) -> tuple[bytes, bytes]:
    family, _, qualifier = column.partition(b":")
    return family, qualifier
