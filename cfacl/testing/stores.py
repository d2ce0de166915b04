"""Stores around a store: they record what they are asked, fail and lie, take their time, or leave rows out.

::

    inner = MemoryStore(clock=clock)
    faulty = FaultyStore(inner)
    store = CountingStore(faulty)
    faulty.fail("get", TimeoutError())                # the next `get`, and only that
    faulty.lie("scan.next", lambda chunk: chunk and chunk[::-1])  # every chunk, until `heal`
    with pytest.raises(TimeoutError):
        store.get("account", [b"u17"], projection)
    assert [call.method for call in store.calls] == ["get"]

    slow = LatencyStore(inner)
    slow.delay("get", 0.002)                          # every `get` takes two milliseconds longer
    slow.delay("apply", 0.050, after=True)            # applied at once, acknowledged late

    assert LeavingOutStore(inner).capabilities(family).filters

Calls are named as `around` has them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from itertools import groupby
from operator import attrgetter
from typing import Any, ClassVar

from attrs import evolve

from cfacl.filters.evaluation import Evaluation
from cfacl.filters.steps import Seen
from cfacl.filters.tree import Filter
from cfacl.model.projection import Projection, StoredFamily
from cfacl.model.request import Cells, Span
from cfacl.stores.base import Capabilities, Store
from cfacl.testing.around import CALLS, DATA, Around, Call, T

__all__ = ["CALLS", "DATA", "Call", "CountingStore", "FaultyStore", "LatencyStore", "LeavingOutStore"]


class CountingStore(Around):
    """Records every call.

    Attributes:
        calls: in the order in which they began.
    """

    scheme: ClassVar[str] = "counting"

    def __init__(self, inner: Store) -> None:
        super().__init__(inner)
        self.calls: list[Call] = []

    def ask(self, call: Call, proceed: Callable[[], T]) -> T:
        """Record a call, then let it through."""
        self.calls.append(call)
        return proceed()

    def take(self) -> list[Call]:
        """Return what was recorded since the last time, and begin anew."""
        taken = self.calls[:]
        del self.calls[: len(taken)]  # the list stays: stores that act as somebody record into it as well
        return taken


class FaultyStore(Around):
    """Fails and lies where it is told to; everything else it hands on."""

    scheme: ClassVar[str] = "faulty"

    def __init__(self, inner: Store) -> None:
        super().__init__(inner)
        self._errors: dict[str, tuple[int, BaseException]] = {}
        self._lies: dict[str, Callable[[Any], Any]] = {}

    def fail(self, method: str, error: BaseException, *, at: int = 1) -> None:
        """Raise ``error`` instead of the ``at``-th call of ``method`` from now, once."""
        self._errors[_known(method)] = (at, error)

    def lie(self, method: str, change: Callable[[Any], Any]) -> None:
        """Answer ``change(answer)`` to each call of ``method``; the end of a scan is the answer ``None``."""
        self._lies[_known(method)] = change

    def heal(self) -> None:
        """Fail and lie no more."""
        self._errors.clear()
        self._lies.clear()

    def ask(self, call: Call, proceed: Callable[[], T]) -> T:
        """Fail, or let a call through and answer as told."""
        left, error = self._errors.pop(call.method, (0, None))
        if error is not None:
            if left == 1:
                raise error
            self._errors[call.method] = (left - 1, error)
        answer = proceed()
        lie = self._lies.get(call.method)
        return answer if lie is None else lie(answer)


class LatencyStore(Around):
    """Waits where it is told to, before or after a call; everything else it hands on at once."""

    scheme: ClassVar[str] = "latency"

    def __init__(self, inner: Store, *, sleep: Callable[[float], object] = time.sleep) -> None:
        """``sleep`` is called with the seconds of each delay; a test gives one that does not wait."""
        super().__init__(inner)
        self._sleep = sleep
        self._before: dict[str, float] = {}
        self._after: dict[str, float] = {}

    def delay(self, method: str, seconds: float, *, after: bool = False) -> None:
        """Wait so long before each call of ``method``, or between the inner store's answer and handing it on.

        A call that raises is not waited for afterwards.  0 takes a delay away.
        """
        if not 0 <= seconds < math.inf:
            raise ValueError(f"a delay is 0 seconds or more, not {seconds}")
        (self._after if after else self._before)[_known(method)] = seconds

    def heal(self) -> None:
        """Wait no more."""
        self._before.clear()
        self._after.clear()

    def ask(self, call: Call, proceed: Callable[[], T]) -> T:
        """Wait, let a call through, and wait."""
        if seconds := self._before.get(call.method):
            self._sleep(seconds)
        answer = proceed()
        if seconds := self._after.get(call.method):
            self._sleep(seconds)
        return answer


class LeavingOutStore(Around):
    """Leaves out all that it may, of what a filter does not let pass."""

    scheme: ClassVar[str] = "leaving-out"

    def ask(self, call: Call, proceed: Callable[[], T]) -> T:  # noqa: ARG002  # it is the same for all
        """Let a call through."""
        return proceed()

    def capabilities(self, family: StoredFamily) -> Capabilities:
        """Say that it does."""
        return evolve(self.inner.capabilities(family), filters=True)

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
        """Scan, and yield what passes."""
        evaluation = Evaluation(passing, reverse=span.reverse)
        for batch in self.inner.scan(table, projection, span, batch_size=batch_size, timestamps=timestamps):
            found: list[tuple[bytes, Cells]] = []
            for key, cells in batch:
                kept = evaluation.row(key, groupby(_seen(cells, timestamps), key=attrgetter("family")))
                if kept:
                    found.append(
                        (
                            key,
                            {
                                b"%b:%b" % each[:2]: (each.value, each.timestamp) if timestamps else each.value
                                for each in kept
                            },
                        )
                    )
            if found:
                yield found


def _seen(cells: Cells, timestamps: bool) -> Iterator[Seen]:
    for column, cell in cells.items():
        family, _, qualifier = column.partition(b":")
        value, timestamp = cell if timestamps else (cell, 0)
        yield Seen(family, qualifier, timestamp, value)  # type: ignore[arg-type]  # a cell is as it was asked for


def _known(method: str) -> str:
    if method not in CALLS:
        raise ValueError(f"no call of a store: {method}")
    return method
