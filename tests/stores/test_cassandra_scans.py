"""What a scan has in memory is bounded, however much there is to scan and however slowly it is taken."""

from __future__ import annotations

import time
import tracemalloc
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, Final

import pytest

from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import Delete, Mutation, Put, Span
from cfacl.model.settings import CassandraLayout, StoreSettings
from cfacl.stores.cassandra import scanning
from cfacl.stores.cassandra.address import parse
from cfacl.stores.cassandra.store import CassandraStore
from cfacl.testing.servers import RunningCassandra

pytestmark = pytest.mark.slow

LAYOUTS: Final = {"ordered": CassandraLayout("ordered", 4), "row": CassandraLayout("row")}
FAMILIES: Final = {
    layout: tuple(StoredFamily(layout, name, number, "public") for number, name in enumerate(("one", "two"), first))
    for layout, first in (("ordered", 1), ("row", 3))
}
ROWS: Final = 6_000
#: Of a value, and of the pages of a scan.
BYTES, SIZE = 400, 256 << 10


@pytest.fixture
def store(
    cassandra: RunningCassandra, keyspaces: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[CassandraStore]:
    monkeypatch.setattr(scanning, "_SIZE", SIZE)
    url = f"cassandra://{cassandra.host}:{cassandra.port}/{keyspaces()}?timeout=60"
    with closing(CassandraStore(parse(url), clock=time.time_ns)) as made:
        made.settle(StoreSettings(cassandra_layouts=LAYOUTS))
        for layout, families in FAMILIES.items():
            made.create_table(layout, families)
            puts = tuple(Put(each, {b"a": b"x" * BYTES}) for each in families)
            for first in range(0, ROWS, 500):
                made.apply(layout, [Mutation(b"%05d" % number, puts) for number in range(first, first + 500)])
        yield made


def scan(store: CassandraStore, layout: str, upper: bytes | None = None) -> Iterator[list[Any]]:
    wanted = Projection([Slice(each) for each in FAMILIES[layout]])
    return store.scan(layout, wanted, Span(None, upper), batch_size=50)


def peak(batches: Iterator[list[Any]]) -> tuple[int, int]:
    """How many rows came, and how many bytes there were at most."""
    tracemalloc.start()
    try:
        return sum(map(len, batches)), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def asked_for(store: CassandraStore, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The most cells of each page that is asked for from now on."""
    begin, sizes = store._ring.begin, []

    def sized(statement: Any, *given: Any, **more: Any) -> Any:
        sizes.append(statement.fetch_size)
        return begin(statement, *given, **more)

    monkeypatch.setattr(store._ring, "begin", sized)
    return sizes


def test_four_times_as_many_rows_take_no_more_memory(store: CassandraStore) -> None:
    few, less = peak(scan(store, "ordered", b"%05d" % (ROWS // 4)))
    many, more = peak(scan(store, "ordered"))
    assert (few, many) == (ROWS // 4, ROWS)
    assert more < 1.5 * less
    assert more < 8 * SIZE < ROWS * 2 * BYTES


def test_as_long_as_nobody_knows_how_large_cells_are_little_is_asked_for(
    store: CassandraStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a node would have pages of large cells in memory for all streams at once."""
    sizes = asked_for(store, monkeypatch)
    next(scan(store, "ordered"))
    first = sizes[:8]
    assert first.count(32) == 2  # one stream of each family; by then it is known
    assert max(sizes) <= SIZE // 8 // BYTES


def test_who_wants_few_rows_asks_each_bucket_once(store: CassandraStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a scan has seen how many cells a row has, and how large these are."""
    one = FAMILIES["ordered"][0]
    wanted = Projection([Slice(one)])
    store.apply(
        "ordered",
        [
            Mutation(b"a%d" % row, (Put(one, dict.fromkeys([b"%d" % each for each in range(30)], b"")),))
            for row in range(200)
        ],
    )
    asked = asked_for(store, monkeypatch)
    buckets = LAYOUTS["ordered"].buckets
    for number in (1, 1, 5, 20):
        asked.clear()
        (rows,) = store.scan("ordered", wanted, Span(b"a"), batch_size=100, limit=number)
        assert [len(cells) for _, cells in rows] == [30] * number
    assert len(asked) < 2 * buckets, asked
    assert min(asked) > 30 * 20 // buckets


def test_where_a_first_page_does_not_suffice_there_is_one_ahead_again(
    store: CassandraStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = FAMILIES["ordered"][0]
    wanted = Projection([Slice(one)])
    buckets = LAYOUTS["ordered"].buckets
    alike = [key for number in range(2_000) if zlib.crc32(key := b"a%d" % number) % buckets == 0][:200]
    store.apply("ordered", [Mutation(key, (Put(one, {b"1": b"", b"2": b"", b"3": b""}),)) for key in alike])
    deque(store.scan("ordered", wanted, Span(b"a"), batch_size=50), maxlen=0)
    asked = asked_for(store, monkeypatch)
    (rows,) = store.scan("ordered", wanted, Span(b"a"), batch_size=100, limit=60)
    assert [key for key, _ in rows] == sorted(alike)[:60]
    assert len(asked) == buckets + 2  # one more that was needed, and the one behind it


def test_what_a_put_asks_for_says_nothing_of_how_large_cells_are(
    store: CassandraStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It asks for names and times alone; a scan that took these for cells would ask for thousands of megabytes."""
    kept = StoredFamily("ordered", "kept", 9, "public", versions=3)
    store.create_table("ordered", [kept])
    wanted = Projection([Slice(kept)])
    for first in range(0, 1_200, 400):
        values = {b"%04d" % number: b"x" * 1_000 for number in range(first, first + 400)}
        store.apply("ordered", [Mutation(b"u%d" % number, (Put(kept, values),)) for number in range(4)])
    list(store.scan("ordered", wanted, Span(), batch_size=50))
    # Nothing is as old; the row's names and times come in several pages.
    store.apply("ordered", [Mutation(b"u1", (Delete(kept, timestamp=1),))])
    sizes = asked_for(store, monkeypatch)
    next(store.scan("ordered", wanted, Span(), batch_size=50))
    assert max(sizes) <= 100  # half of its rows are guards, of 200 bytes; and a quarter of the size is for each stream


@pytest.mark.parametrize("layout", LAYOUTS)
def test_who_takes_no_more_is_sent_no_more(store: CassandraStore, layout: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each stream has a page in hand and one ahead."""
    asked = asked_for(store, monkeypatch)
    streams = 2 * (4 if layout == "ordered" else 1)
    batches = scan(store, layout)
    assert len(next(batches)) == 50
    assert len(asked) <= 3 * streams  # the first are small, for nobody knows how large cells are
    rows = 50 + sum(map(len, batches))
    assert rows == ROWS
    assert len(asked) > 4 * streams
