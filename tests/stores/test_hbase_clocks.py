"""A clock that is not the server's is told before it makes the wrong write win, or one ahead misses what is there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Final

import pytest

from cfacl.errors import StoreError
from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import Mutation, Put, Span
from cfacl.stores.hbase import clocks
from cfacl.stores.hbase.address import parse
from cfacl.stores.hbase.store import HBaseStore, open_store
from cfacl.testing.servers import Proxy

pytestmark = pytest.mark.slow

APART: Final = r"^this clock and hbase's are \d+ seconds apart; let both follow one, or "
AHEAD: Final = (
    r"^this clock is \d+ seconds ahead of hbase's, so that what is there would be missed; let both follow one,"
    " or read no family that has a `time_to_live`$"
)
LASTING: Final = StoredFamily("clocks", "lasting", 3, "public")
PASSING: Final = StoredFamily("clocks", "passing", 4, "public", time_to_live=3_600_000)


@pytest.fixture
def made(ground) -> Iterator[HBaseStore]:
    """A store whose clock is the server's, with a table."""
    store = ground.store()
    store.create_table("clocks", [LASTING, PASSING])
    store.apply("clocks", [Mutation(b"k", (Put(LASTING, {b"a": b"1"}), Put(PASSING, {b"a": b"1"})))])
    yield store
    store.drop_table("clocks", [LASTING, PASSING])


def ahead(seconds: int) -> Callable[[], int]:
    return lambda: time.time_ns() + seconds * 1_000_000_000


def url(ground) -> str:
    return f"hbase://{ground.server.host}:{ground.server.port()}/{ground.prefix}"


@pytest.mark.parametrize("seconds", [-3600, -3, 3, 3600])
def test_it_is_told_when_a_store_is_opened_that_stamps_its_writes(ground, seconds: int) -> None:
    with pytest.raises(StoreError, match=APART + "leave out `retry_writes`$"):
        open_store(f"{url(ground)}?retry_writes=true", clock=ahead(seconds))
    open_store(f"{url(ground)}?retry_writes=false", clock=ahead(seconds)).close()
    open_store(f"{url(ground)}?retry_writes=true", clock=time.time_ns).close()


@pytest.mark.parametrize("seconds", [3, 3600])
def test_one_ahead_is_told_when_a_family_is_read_of_which_something_is_over_some_day(
    ground, made, seconds: int
) -> None:
    """A clock an hour ahead would miss all that was written this hour."""
    both, lasting = (Projection([Slice(each) for each in some]) for some in ((LASTING, PASSING), (LASTING,)))
    reads = {
        "get": lambda store: store.get("clocks", [b"k"], both),
        "scan": lambda store: list(store.scan("clocks", both, Span(), batch_size=10)),
        "versions": lambda store: store.versions("clocks", b"k", PASSING, b"a"),
    }
    for read in reads.values():
        assert read(made)
        with closing(HBaseStore(parse(url(ground)), clock=ahead(seconds))) as store:
            for _ in range(2):
                with pytest.raises(StoreError, match=AHEAD):
                    read(store)
            assert store.get("clocks", [b"k"], lasting) == [(b"k", {b"lasting:a": b"1"})]


def test_by_one_that_is_behind_nothing_is_missed(ground, made) -> None:
    with closing(HBaseStore(parse(url(ground)), clock=ahead(-3600))) as store:
        assert store.versions("clocks", b"k", PASSING, b"a")
        assert store.get("clocks", [b"k"], Projection([Slice(PASSING)])) == [(b"k", {b"passing:a": b"1"})]


class Drifting:
    """A clock that goes wrong by some seconds."""

    def __init__(self) -> None:
        self.seconds = 0

    def __call__(self) -> int:
        return time.time_ns() + self.seconds * 1_000_000_000


class Minutes:
    """What clocks are compared by, turned by hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def minutes(monkeypatch) -> Minutes:
    made = Minutes()
    monkeypatch.setattr(clocks, "monotonic", made)
    return made


def test_it_is_looked_at_once_a_minute_and_when_the_store_is_opened_again(
    ground, made, minutes: Minutes, proxy: Proxy
) -> None:
    made.system.now()  # so that the table of records is there
    store = ground.store(proxy.port)
    passing = Projection([Slice(PASSING)])
    for count, seconds in ((1, 0), (1, 59), (2, 1), (2, 59), (3, 1)):
        minutes.seconds += seconds
        for _ in range(3):
            assert store.versions("clocks", b"k", PASSING, b"a")
            assert store.get("clocks", [b"k"], passing)
            assert list(store.scan("clocks", passing, Span(), batch_size=1))
        assert len(proxy.requests("mutateRow")) == count
    store.reopen()
    store.versions("clocks", b"k", PASSING, b"a")
    assert len(proxy.requests("mutateRow")) == 4


def test_one_that_goes_ahead_later_is_told_within_a_minute(ground, made, minutes: Minutes) -> None:
    ours = Drifting()
    passing = Projection([Slice(PASSING)])
    with closing(HBaseStore(parse(url(ground)), clock=ours)) as store:
        scan = store.scan("clocks", passing, Span(), batch_size=1)
        assert next(scan)
        assert store.get("clocks", [b"k"], passing)
        ours.seconds = 7_200  # and what was written this hour would be missed
        minutes.seconds += 60
        for read in (
            lambda: store.get("clocks", [b"k"], passing),
            lambda: store.versions("clocks", b"k", PASSING, b"a"),
            lambda: list(store.scan("clocks", passing, Span(), batch_size=1)),
            lambda: next(scan),
        ):
            with pytest.raises(StoreError, match=AHEAD):
                read()
        ours.seconds = 0
        assert store.get("clocks", [b"k"], passing)


def test_one_that_drifts_later_stamps_nothing(ground, made, minutes: Minutes) -> None:
    ours = Drifting()
    change = [Mutation(b"drift", (Put(LASTING, {b"a": b"1"}),))]
    with closing(open_store(f"{url(ground)}?retry_writes=true", clock=ours)) as store:
        store.apply("clocks", change)
        ours.seconds = -7_200
        minutes.seconds += 60
        with pytest.raises(StoreError, match=APART + "leave out `retry_writes`$"):
            store.apply("clocks", [Mutation(b"late", (Put(LASTING, {b"a": b"1"}),))])
    keys = [key for key, _ in made.get("clocks", [b"drift", b"late"], Projection([Slice(LASTING)]))]
    assert keys == [b"drift"]
