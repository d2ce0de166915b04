"""What has outlived its family goes when an operator says so, or every so often."""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import cfacl
from cfacl.stores.base import Swept

POLICY = """
[policy]
name = "x"
purposes = ["work"]
[tables.t.families.brief]
level = "public"
purposes = ["work"]
time_to_live = "10s"
[tables.t.families.lasting]
level = "public"
purposes = ["work"]
[roles.r]
clearance = "public"
[[roles.r.grants]]
table = "t"
families = ["brief", "lasting"]
actions = ["read", "write"]
purposes = ["work"]
why = "works"
[principals.p]
kind = "service"
roles = ["r"]
"""
SECOND = 1_000_000_000


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000 * SECOND

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "rocksdb"])
def db(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[cfacl.Database]:
    location = "memory://" if request.param == "memory" else tmp_path / "store"
    with cfacl.connect(location, policy=cfacl.Policy.loads(POLICY), clock=clock) as opened:
        opened.create_tables()
        table = opened.session("p", purpose="work").table("t")
        for number in range(5):
            table.put(b"r%d" % number, {b"brief:q": b"v", b"lasting:q": b"v"})
        yield opened


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline, "it never came to this"
        time.sleep(0.002)


def sweepers() -> int:
    return sum(each.name == "cfacl-sweeper" for each in threading.enumerate())


def test_a_sweep_reports_what_it_looked_at_and_removed(db: cfacl.Database, clock: Clock) -> None:
    assert db.sweep() == [Swept("t", "brief", 5, 0)]
    clock.now += 10 * SECOND
    steps: list[Swept] = []
    assert db.sweep(steps.append) == [Swept("t", "brief", 5, 5)]
    assert sum(each.removed for each in steps) == 5
    assert db.sweep() in ([], [Swept("t", "brief", 0, 0)])
    table = db.session("p", purpose="work").table("t")
    assert [row for _, row in table.scan()] == [{b"lasting:q": b"v"}] * 5


def test_it_is_done_every_so_often_until_it_is_stopped(db: cfacl.Database, clock: Clock) -> None:
    db.sweep_every(0.002)
    clock.now += 10 * SECOND
    until(lambda: db.stats()["values_swept"] == 5 and int(db.stats()["sweeps"]) > 1)
    assert db.stats()["sweeps_failed"] == 0
    db.sweep_every(None)
    until(lambda: sweepers() == 0)


def test_a_sweep_that_failed_is_counted_told_and_tried_again(
    db: cfacl.Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> Iterator[Swept]:
        raise OSError("a key")

    with caplog.at_level(logging.WARNING, "cfacl"):
        monkeypatch.setattr(type(db._store), "sweep", fail)
        db.sweep_every(0.002)
        until(lambda: int(db.stats()["sweeps_failed"]) > 1)
    assert caplog.messages[0] == "a sweep failed with StoreError; it is tried again in 0.002 s"
    monkeypatch.undo()
    until(lambda: int(db.stats()["sweeps"]) > 0)
    db.sweep_every(None)


def test_it_ends_with_the_database(db: cfacl.Database, caplog: pytest.LogCaptureFixture) -> None:
    db.sweep_every(0.001)
    until(lambda: int(db.stats()["sweeps"]) > 0)
    db.close()
    until(lambda: sweepers() == 0)
    assert caplog.messages == []
    with pytest.raises(cfacl.Closed):
        db.sweep()
    with pytest.raises(cfacl.Closed):
        db.sweep_every(1)


def test_it_keeps_no_database_that_nobody_has() -> None:
    lost = cfacl.connect("memory://", policy=cfacl.Policy.loads(POLICY))
    lost.sweep_every(0.002)
    del lost
    gc.collect()
    until(lambda: sweepers() == 0)


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), "1", True, 1e12, 10**400])
def test_every_so_often_is_a_number_of_seconds(db: cfacl.Database, seconds: float) -> None:
    with pytest.raises(cfacl.RequestError, match=r"^`seconds` is a number above 0"):
        db.sweep_every(seconds)
