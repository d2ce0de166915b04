"""Several changes, sent together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from threading import Lock
from types import TracebackType
from typing import Self

from cfacl.api.access import Access
from cfacl.api.changes import Change
from cfacl.engine.pinned import Pinned
from cfacl.errors import RequestError


class Batch(Pinned):
    """Collects changes and sends them in the order given, when its block ends or `send` is called.

    What is given is copied at once, and exactly those copies are sent.  Everything is decided before the
    first byte is sent; one denied change denies all.  A block that raised sends nothing more.

    With ``batch_size`` the changes are sent whenever so many have come; each time is a batch of its own.
    With ``transaction`` all are made or none, so the two exclude each other; what the store can't make so is `Unsupported`.

    Made by `Table.batch`.  Raises as `Table.put` and `Table.delete`: what makes no sense at once, what is
    not granted when it is sent.
    """

    __slots__ = ("_access", "_durable", "_failed", "_lock", "_pending", "_size", "_timestamp", "_whole")

    def __init__(
        self, access: Access, timestamp: int | None, size: int | None, *, transaction: bool, durable: bool
    ) -> None:
        if transaction and size is not None:
            raise RequestError("`transaction` sends everything at once; leave out `batch_size`")
        self._access = access
        self._timestamp = timestamp
        self._size = size
        self._pending: list[Change] = []
        self._lock = Lock()
        self._failed = False
        self._durable = durable
        self._whole = {"whole": True} if transaction else {}

    def put(self, row: bytes, data: Mapping[bytes, bytes]) -> None:
        """Add a put."""
        self._add(self._access.put("batch", row, data, self._timestamp))

    def delete(self, row: bytes, columns: Iterable[bytes] | None = None) -> None:
        """Add a deletion of columns, or of the whole row."""
        self._add(self._access.delete("batch", row, columns, self._timestamp))

    def _add(self, change: Change) -> None:
        self._confirm_sound()
        with self._lock:
            self._pending.append(change)
            full = self._size is not None and len(self._pending) >= self._size
        if full:
            self.send()

    def send(self) -> None:
        """Send what has come so far.  What fails to be sent stays, so that it can be sent again."""
        self._confirm_sound()
        with self._lock:
            sent, self._pending = self._pending, []
        if sent:
            try:
                self._access.apply("batch", sent, self._durable, **self._whole)
            except BaseException:
                with self._lock:
                    self._pending = sent + self._pending
                raise

    def _confirm_sound(self) -> None:
        if self._failed:
            raise RequestError("the batch's block raised, so it sends nothing more; make another one")

    def __enter__(self) -> Self:
        self._confirm_sound()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.send()
        else:
            self._failed = True
