"""The stores that ship for tests: one records, one fails and lies where it is told to, one takes its time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from cfacl.errors import StoreUnavailable, Unsupported
from cfacl.filters import parse
from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import Delete, Mutation, Put, Span
from cfacl.stores.base import Capabilities, Store, SystemTable
from cfacl.stores.memory import MemoryStore
from cfacl.testing.stores import CALLS, DATA, Call, CountingStore, FaultyStore, LatencyStore, LeavingOutStore

A: Final = StoredFamily("t", "a", 1, "personal")
B: Final = StoredFamily("t", "b", 2, "personal")
BOTH: Final = Projection([Slice(A), Slice(B)])
KEY: Final = b"canary-key"
PUT: Final = Mutation(KEY, (Put(A, {b"q": b"canary-value"}), Put(B, {b"canary": b"v"})))

#: Each call of the seam, what is recorded of it and what it answers on a store with one row.
SEAM: Final[list[tuple[Callable[[Store], Any], Call, Any]]] = [
    (lambda store: store.capabilities(A), Call("capabilities", None, ("a",)), Capabilities()),
    (lambda store: store.create_table("t", [A, B]), Call("create_table", "t", ("a", "b")), None),
    (lambda store: store.create_families([B, A]), Call("create_families", None, ("b", "a")), None),
    (lambda store: store.tables(), Call("tables"), {"t": frozenset({("a", 1), ("b", 2)})}),
    (lambda store: store.apply("t", [PUT]), Call("apply", "t", ("a", "b"), 1, durable=True), None),
    (
        lambda store: store.get("t", [KEY, b"other"], BOTH, timestamps=True),
        Call("get", "t", ("a", "b"), 2),
        [(KEY, {b"a:q": (b"canary-value", 0), b"b:canary": (b"v", 0)})],
    ),
    (lambda store: store.get("t", [KEY], BOTH, before=0), Call("get", "t", ("a", "b"), 1), []),
    (
        lambda store: store.versions("t", KEY, A, b"q", limit=3),
        Call("versions", "t", ("a",), 3),
        [(b"canary-value", 0)],
    ),
    (
        lambda store: store.compare_and_set("t", KEY, [(A, b"q", b"x")], Mutation(KEY, (Delete(B),)), durable=False),
        Call("compare_and_set", "t", ("a", "b"), 1, durable=False),
        False,
    ),
    (lambda store: store.increment("t", KEY, B, b"n", 5), Call("increment", "t", ("b",), durable=True), 5),
    (lambda store: store.system.get("x"), Call("system.get"), None),
    (lambda store: store.system.compare_and_set("x", None, b"1"), Call("system.compare_and_set"), True),
    (
        lambda store: store.system.compare_and_set_all({"y": (None, b"1"), "x": (b"0", b"2")}),
        Call("system.compare_and_set_all", size=2),
        False,
    ),
    (lambda store: store.system.items(""), Call("system.items"), {"x": b"1"}),
    (lambda store: list(store.sweep(A)), Call("sweep", "t", ("a",)), []),
    (lambda store: store.flush(), Call("flush"), None),
    (lambda store: store.reopen(), Call("reopen"), None),
    (lambda store: unsupported(store.back_up), Call("back_up"), None),
    (lambda store: store.drop_table("t", [A]), Call("drop_table", "t", ("a",)), None),
    (lambda store: store.close(), Call("close"), None),
    (lambda store: store.abandon(), Call("abandon"), None),
]


def unsupported(back_up: Callable[[Path], object]) -> None:
    with pytest.raises(Unsupported):
        back_up(Path("nowhere"))


def public(seam: type) -> set[str]:
    return {name for name in vars(seam) if not name.startswith("_")}


def memory() -> MemoryStore:
    return MemoryStore(clock=lambda: 0)


def filled(*around: type) -> Any:
    store: Any = memory()
    for each in around:
        store = each(store)
    store.create_table("t", [A, B])
    for number in range(5):
        store.apply("t", [Mutation(b"r%d" % number, (Put(A, {b"q": b"v"}),))])
    return store


def test_each_call_is_recorded_and_handed_on() -> None:
    store = CountingStore(LatencyStore(FaultyStore(memory()), sleep=pytest.fail))
    for use, recorded, answer in SEAM:
        assert use(store) == answer
        assert store.take() == [recorded]
    assert store.take() == []


def test_every_call_of_the_seam_is_tried_here() -> None:
    methods = Store.__abstractmethods__ | {f"system.{name}" for name in public(SystemTable)} | {"create_families"}
    assert {call.method for _, call, _ in SEAM} | {"scan"} == methods == set(CALLS) - {"scan.next", "scan_passing"}
    assert set(DATA) < set(CALLS)


def test_nothing_that_is_recorded_is_data() -> None:
    store = CountingStore(memory())
    for use, _, _ in SEAM[:10]:
        use(store)
    list(store.scan("t", BOTH, Span(KEY), batch_size=1))
    assert "canary" not in repr(store.calls)


def test_each_step_of_a_scan_is_a_call() -> None:
    store = filled(CountingStore)
    store.take()
    chunks = store.scan("t", BOTH, Span(reverse=True), batch_size=2, limit=4)
    assert store.take() == [Call("scan", "t", ("a", "b"), 4)]
    assert [key for key, _ in next(chunks)] == [b"r4", b"r3"]
    assert store.take() == [Call("scan.next", "t", ("a", "b"))]
    assert len(list(chunks)) == 1
    assert [call.method for call in store.take()] == ["scan.next", "scan.next"]
    chunks = store.scan("t", BOTH, Span(), batch_size=2)
    next(chunks)
    chunks.close()
    assert list(chunks) == []
    assert [call.method for call in store.take()] == ["scan", "scan.next"]


def test_a_store_that_leaves_out_leaves_out_what_does_not_pass() -> None:
    inner = memory()
    inner.create_table("t", [A, B])
    inner.apply("t", [Mutation(b"r%d" % n, (Put(A, {b"q": b"%d" % (n % 2), b"x": b"x"}),)) for n in range(5)])
    store = CountingStore(LeavingOutStore(inner))
    assert store.capabilities(A).filters
    assert not inner.capabilities(A).filters
    store.take()
    of = parse("SingleColumnValueFilter('a', 'q', =, 'binary:1') AND ColumnPrefixFilter('q')")
    found = list(store.scan_passing("t", BOTH, Span(), of, batch_size=2))
    assert found == [[(b"r1", {b"a:q": b"1"})], [(b"r3", {b"a:q": b"1"})]]
    assert [call.method for call in store.take()] == ["scan_passing"] + ["scan.next"] * 3
    with pytest.raises(Unsupported):
        inner.scan_passing("t", BOTH, Span(), of, batch_size=2)


def test_a_call_fails_once_where_it_is_told_to() -> None:
    store = filled(FaultyStore)
    down = StoreUnavailable("down")
    store.fail("get", down, at=2)
    assert store.get("t", [b"r1"], BOTH)
    with pytest.raises(StoreUnavailable) as failed:
        store.get("t", [b"r1"], BOTH)
    assert failed.value is down
    assert store.get("t", [b"r1"], BOTH)
    store.fail("apply", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        store.apply("t", [PUT])
    assert store.get("t", [KEY], BOTH) == []
    for call in ("scan", "system.get"):
        store.fail(call, down)
        store.heal()
    assert len(list(store.scan("t", BOTH, Span(), batch_size=9))) == 1


def test_a_step_that_stops_is_not_the_end_of_a_scan() -> None:
    store = filled(FaultyStore)
    store.fail("scan.next", StopIteration(), at=2)
    chunks = store.scan("t", BOTH, Span(), batch_size=2)
    next(chunks)
    with pytest.raises(RuntimeError):
        next(chunks)


def test_a_lie_is_told_until_it_is_healed() -> None:
    store = filled(FaultyStore)
    store.lie("get", lambda rows: rows * 2)
    for _ in range(2):
        assert len(store.get("t", [b"r1"], BOTH)) == 2
    store.lie("scan.next", lambda chunk: chunk and chunk[:1])
    assert [len(chunk) for chunk in store.scan("t", BOTH, Span(), batch_size=2)] == [1, 1, 1]
    store.heal()
    assert len(store.get("t", [b"r1"], BOTH)) == 1


def test_a_call_takes_longer_where_it_is_told_to_before_or_after() -> None:
    told: list[tuple[float, int]] = []
    faulty = filled(FaultyStore)
    counting = CountingStore(faulty)
    store = LatencyStore(counting, sleep=lambda seconds: told.append((seconds, len(counting.calls))))
    store.delay("get", 0.5)
    store.delay("get", 0.25, after=True)
    store.delay("scan.next", 2)
    assert len(store.get("t", [b"r1"], BOTH)) == 1
    assert told == [(0.5, 0), (0.25, 1)]
    assert len(list(store.scan("t", BOTH, Span(), batch_size=2))) == 3
    assert [seconds for seconds, _ in told[2:]] == [2] * 4
    faulty.fail("get", StoreUnavailable("down"))
    told.clear()
    with pytest.raises(StoreUnavailable):
        store.get("t", [b"r1"], BOTH)
    assert [seconds for seconds, _ in told] == [0.5]
    told.clear()
    store.delay("get", 0)
    store.get("t", [b"r1"], BOTH)
    store.heal()
    store.get("t", [b"r1"], BOTH)
    assert [seconds for seconds, _ in told] == [0.25]


@pytest.mark.parametrize("seconds", [-1, float("inf"), float("nan")])
def test_a_delay_that_is_none_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="a delay is 0 seconds or more"):
        LatencyStore(memory()).delay("get", seconds)


def test_what_is_no_call_is_refused() -> None:
    store = FaultyStore(memory())
    with pytest.raises(ValueError, match="no call of a store: gett"):
        LatencyStore(store).delay("gett", 1)
    with pytest.raises(ValueError, match="no call of a store: gett"):
        store.fail("gett", KeyError())
    with pytest.raises(ValueError, match="no call of a store: next"):
        store.lie("next", list)


def test_what_goes_around_a_store_says_what_it_is() -> None:
    assert (CountingStore.scheme, FaultyStore.scheme, LatencyStore.scheme) == ("counting", "faulty", "latency")


@pytest.mark.parametrize("kind", [CountingStore, FaultyStore, LatencyStore])
def test_what_a_store_noticed_of_another_process_passes(
    kind: Callable[[MemoryStore], CountingStore | FaultyStore | LatencyStore],
) -> None:
    class Reading(MemoryStore):
        read_only = True

        def watch(self, watcher: Callable[[], None]) -> None:
            self.watcher = watcher

        def refresh(self) -> bool:
            self.watcher()
            return True

    told: list[str] = []
    store = kind(Reading(clock=lambda: 0))
    store.watch(lambda: told.append("changed"))
    assert store.read_only
    assert store.refresh()
    assert told == ["changed"]
    assert not kind(MemoryStore(clock=lambda: 0)).refresh()


@pytest.mark.parametrize("around", [CountingStore, FaultyStore, LatencyStore])
def test_everything_that_a_store_has_is_handed_on(around: Callable[[Store], Store]) -> None:
    store = around(memory())
    for made, seam in ((store, Store), (store.system, SystemTable)):
        kinds = type(made).__mro__
        own = {name for kind in kinds[: kinds.index(seam)] for name in vars(kind)} | vars(made).keys()
        assert public(seam) - own == set()


@pytest.mark.parametrize("around", [CountingStore, FaultyStore, LatencyStore])
def test_many_families_and_records_are_asked_for_at_once(around: Callable[[Store], Store]) -> None:
    asked = CountingStore(memory())
    store = around(asked)
    store.create_families([A, B, StoredFamily("u", "a", 3, "personal")])
    assert store.system.compare_and_set_all({"x": (None, b"1"), "y": (None, b"1")})
    assert not store.system.compare_and_set_all({"x": (b"1", b"2"), "y": (b"0", b"2")})
    assert store.system.items("") == {"x": b"1", "y": b"1"}
    changed = "system.compare_and_set_all"
    assert [call.method for call in asked.take()] == ["create_families", changed, changed, "system.items"]


class Acting(MemoryStore):
    """A store that acts as somebody."""

    identity = ""

    def acting_as(self, identity: str) -> Store:
        acting = Acting(clock=lambda: 0)
        acting.identity = identity
        return acting


def test_who_a_store_acts_as_is_handed_on_and_all_of_it_is_recorded_together() -> None:
    faulty = FaultyStore(Acting(clock=lambda: 0))
    store = CountingStore(faulty)
    acting: Any = store.acting_as("ann")
    assert acting.inner.inner.identity == "ann"
    acting.tables()
    assert store.take() == [Call("tables")]
    acting.system.items("x")
    assert store.take() == [Call("system.items")]
    faulty.fail("flush", StoreUnavailable("no"))
    with pytest.raises(StoreUnavailable):
        acting.flush()
    plain = CountingStore(MemoryStore(clock=lambda: 0))
    assert plain.acting_as("ann") is plain
