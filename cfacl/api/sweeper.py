"""Removes what has outlived its family, in the background."""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable, Iterable
from typing import Final

from cfacl.stores.base import Swept

_log: Final = logging.getLogger("cfacl")


def totals(steps: Iterable[Swept]) -> list[Swept]:
    """Return what all steps came to, for each family, sorted."""
    found: dict[tuple[str, str], Swept] = {}
    for step in steps:
        name = step.table, step.family
        before = found.get(name, Swept(*name, 0, 0))
        found[name] = Swept(*name, before.looked + step.looked, before.removed + step.removed)
    return [found[name] for name in sorted(found)]


class Sweeper:
    """A thread that sweeps every so often, until it is stopped or its owner is gone.

    Attributes:
        sweeps, failures: how many came to their end, and how many did not; those are logged, and tried again.
        removed: how many values all of them removed.
    """

    def __init__(self, sweep: weakref.WeakMethod[Callable[[], Iterable[Swept]]], seconds: float) -> None:
        self.sweeps = self.failures = self.removed = 0
        self._sweep = sweep
        self._seconds = seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cfacl-sweeper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Start no further sweep; one under way goes on to the end of its step."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(self._seconds):
            sweep = self._sweep()
            if sweep is None:
                return
            try:
                for swept in sweep():
                    self.removed += swept.removed
                    if self._stopped.is_set():
                        return
                self.sweeps += 1
            except Exception as error:  # noqa: BLE001  # the thread has nobody to raise it to
                if self._stopped.is_set():
                    return
                self.failures += 1
                _log.warning("a sweep failed with %s; it is tried again in %s s", type(error).__name__, self._seconds)
            del sweep
