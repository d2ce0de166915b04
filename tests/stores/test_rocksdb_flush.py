"""A flush that threads share: it serves those alone that asked before it began."""

from __future__ import annotations

import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from cfacl.stores.rocksdb.flush import SharedFlush


class Disk:
    """Holds what had been written when a flush began, once that flush has succeeded."""

    def __init__(self, failing: float = 0.0, seed: int = 0) -> None:
        self.flush = SharedFlush()
        self.written = self.holds = self.running = self.flushes = 0
        self._failing, self._random = failing, random.Random(seed)
        self._counting = threading.Lock()

    def write(self) -> int:
        with self._counting:
            self.written += 1
            return self.written

    def work(self) -> None:
        began = self.written
        self.running += 1
        assert self.running == 1, "two flushes at a time"
        self.flushes += 1
        time.sleep(0.0001)
        self.running -= 1
        if self._random.random() < self._failing:
            raise OSError
        self.holds = began


@pytest.fixture
def pressed():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.parametrize("failing", [0.0, 0.3])
def test_who_returns_finds_on_the_disk_what_it_wrote(pressed, failing):
    disk = Disk(failing)
    failed: list[None] = []

    def write() -> None:
        for _ in range(200):
            mine = disk.write()
            try:
                disk.flush(disk.work)
            except OSError:
                failed.append(None)
            else:
                assert disk.holds >= mine

    with ThreadPoolExecutor(8) as pool:
        for each in [pool.submit(write) for _ in range(8)]:
            each.result()
    assert bool(failed) == bool(failing)
    assert disk.flushes < 1600 or failing


def test_who_comes_while_a_flush_runs_waits_for_the_next():
    disk = Disk()
    runs, goes_on = threading.Event(), threading.Event()

    def slow() -> None:
        runs.set()
        goes_on.wait(10)
        disk.work()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(disk.flush, slow)
        assert runs.wait(10)
        later = pool.submit(disk.flush, disk.work)
        goes_on.set()
        first.result()
        later.result()
    assert disk.flushes == 2


def test_a_flush_may_be_asked_for_inside_one():
    """As a signal's handler does, which runs between any two steps of the thread that it meets."""
    disk = Disk()
    disk.flush(lambda: disk.flush(disk.work))
    assert disk.flushes == 1
