"""YCSB's workloads are what they say: shares, skew, sizes, and the same for everybody."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks import loops, ycsb
from benchmarks.rounds import FULL
from benchmarks.ycsb import FIELD_BYTES, FIELDS, SCANNED, WORKLOADS, Client, Workload, inserted, key, operations

NUMBER = 20_000
THERE = 1_000
BY_NAME = {each.name: each for each in WORKLOADS}


def made(name: str) -> list[ycsb.Operation]:
    return operations(BY_NAME[name], NUMBER, THERE, THERE, b"f")


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda each: each.name)
def test_each_kind_of_operation_has_its_share(workload: Workload) -> None:
    found = Counter(each.kind for each in made(workload.name))
    assert found.keys() == workload.shares.keys()
    for kind, share in workload.shares.items():
        assert found[kind] / NUMBER == pytest.approx(share, abs=0.015)


def test_the_shares_are_those_of_the_core_workloads() -> None:
    assert {each.name: dict(each.shares) for each in WORKLOADS} == {
        "a": {"read": 0.5, "update": 0.5},
        "b": {"read": 0.95, "update": 0.05},
        "c": {"read": 1.0},
        "d": {"read": 0.95, "insert": 0.05},
        "e": {"scan": 0.95, "insert": 0.05},
        "f": {"read": 0.5, "modify": 0.5},
    }


@pytest.mark.parametrize("rank", [1, 2, 10, 100])
def test_popularity_is_that_of_zipf(rank: int) -> None:
    found = Counter(each.key for each in made("c"))
    total = sum(1 / each**0.99 for each in range(1, THERE + 1))
    assert found[key(rank - 1)] / NUMBER == pytest.approx(1 / rank**0.99 / total, rel=0.35)


def test_what_is_popular_does_not_lie_together() -> None:
    order = sorted(map(key, range(THERE)))
    places = [order.index(key(number)) for number in range(10)]
    assert places != sorted(places)
    assert max(places) - min(places) > THERE // 2


def test_the_newest_are_read_most_and_never_one_that_is_not_there_yet() -> None:
    numbers = {key(number): number for number in range(THERE + NUMBER)}
    newest = THERE - 1
    ages = []
    for each in made("d"):
        if each.kind == "insert":
            newest += 1
            assert each.key == key(newest)
        else:
            ages.append(newest - numbers[each.key])
    assert min(ages) == 0
    assert max(ages) < THERE
    assert Counter(ages).most_common(1)[0][0] == 0


def test_scans_are_of_any_number_of_rows_up_to_a_hundred() -> None:
    found = [each.rows for each in made("e") if each.kind == "scan"]
    assert (min(found), max(found)) == (1, SCANNED)
    assert sum(found) / len(found) == pytest.approx(50.5, abs=1)


def test_records_have_ten_fields_of_a_hundred_bytes_and_an_update_is_of_one() -> None:
    fields = {b"f:field%d" % field for field in range(FIELDS)}
    ((name, data),) = ycsb.records(1, b"f")
    assert name == key(0)
    assert data.keys() == fields
    for each in [*made("a"), *made("d"), *made("f")]:
        assert len(each.data) == {"update": 1, "modify": 1, "insert": FIELDS}.get(each.kind, 0)
        assert each.data.keys() <= fields
        assert all(len(value) == FIELD_BYTES for value in each.data.values())


def test_who_has_another_name_for_the_family_does_the_same() -> None:
    theirs = [
        each._replace(data={name.replace(b"x+1:", b"f:"): value for name, value in each.data.items()})
        for each in operations(BY_NAME["a"], NUMBER, THERE, THERE, b"x+1")
    ]
    assert theirs == made("a") == made("a")


def test_what_is_inserted_was_not_there_and_is_counted() -> None:
    new = [each.key for each in made("e") if each.kind == "insert"]
    assert new == [key(THERE + number) for number in range(inserted(made("e")))]


def test_what_others_inserted_is_not_touched_and_all_else_is_the_same() -> None:
    one, other = (operations(BY_NAME["d"], NUMBER, THERE, THERE + 5, b"f", whose=each) for each in ("one", "other"))
    loaded = {key(number) for number in range(THERE)}
    for mine, theirs in zip(one, other, strict=True):
        assert mine._replace(key=b"") == theirs._replace(key=b"")
        assert (mine.key in loaded) == (theirs.key in loaded) == (mine.key == theirs.key)
    assert {each.key for each in one if each.kind == "read"} - loaded <= {
        key(THERE + number, "one") for number in range(5 + inserted(one))
    }


def test_a_client_does_what_an_operation_says() -> None:
    did: list[object] = []
    client = Client(
        b"f",
        lambda at: did.append(("row", at)),
        lambda at, data: did.append(("put", at, data)),
        lambda start, rows: did.append(("scan", start, rows)) or [],
    )
    for each in (
        ycsb.Operation("read", b"a", {}, 0),
        ycsb.Operation("update", b"b", {b"f:x": b"1"}, 0),
        ycsb.Operation("insert", b"c", {b"f:x": b"2"}, 0),
        ycsb.Operation("scan", b"d", {}, 7),
        ycsb.Operation("modify", b"e", {b"f:x": b"3"}, 0),
    ):
        client.call(each)()
    assert did == [
        ("row", b"a"),
        ("put", b"b", {b"f:x": b"1"}),
        ("put", b"c", {b"f:x": b"2"}),
        ("scan", b"d", 7),
        ("row", b"e"),
        ("put", b"e", {b"f:x": b"3"}),
    ]


def test_in_the_closed_loop_everybody_has_every_turn_and_some_calls_do_not_count() -> None:
    now = 0.0
    order: list[str] = []

    def call(name: str, seconds: float) -> None:
        nonlocal now
        order.append(name)
        now += seconds

    turn, rounds = 5, 4
    # Each turn's first call is slow, and is the one in five that is not counted.
    calls = {
        name: [
            lambda name=name, place=place: call(name, 9.0 if place % turn == 0 else 1.0)
            for place in range(turn * rounds)
        ]
        for name in ("a", "b")
    }
    times, _ = loops.closed(calls, turn, lambda: now)
    assert times == {"a": [1.0] * rounds, "b": [1.0] * rounds}
    assert "".join(order) == ("a" * turn + "b" * turn + "b" * turn + "a" * turn) * 2


@pytest.mark.parametrize(
    ("interval", "counted"),
    [(1e-5, 48_000), (5e-4, 12_000), (1e-3, 8_000), (5e-3, 8_000), (0.02, 3_000), (0.25, 240), (12.5, 4.8)],
)
def test_slow_calls_are_due_for_longer_and_quick_ones_are_no_more_than_enough(interval: float, counted: float) -> None:
    assert loops.arrivals(interval, FULL) == counted * loops.UNCOUNTED / (loops.UNCOUNTED - 1)


def test_answers_that_differ_are_found_before_anything_is_timed() -> None:
    def client(value: bytes) -> Client:
        row = {b"f:field0": value}
        return Client(b"f", lambda at: row, lambda at, data: None, lambda start, rows: [(key(0), row)])

    loops.agree({"one": client(b"1"), "other": client(b"1")})
    with pytest.raises(AssertionError):
        loops.agree({"one": client(b"1"), "other": client(b"2")})


def test_everybody_inserts_rows_of_their_own_and_does_the_same_besides() -> None:
    did: dict[str, list[tuple[str, bytes]]] = {"one": [], "other": []}

    def client(name: str) -> Client:
        its = did[name]
        return Client(
            b"f", lambda at: its.append(("row", at)), lambda at, data: its.append(("put", at)), lambda start, rows: []
        )

    calls, new = loops.prepared(BY_NAME["d"], {name: client(name) for name in did}, 500, THERE, THERE)
    for each in (call for its in calls.values() for call in its):
        each()
    one, other = ({at for kind, at in its if kind == "put"} for its in did.values())
    assert len(one) == len(other) == new > 0
    assert one.isdisjoint(other)
    assert [kind for kind, _ in did["one"]] == [kind for kind, _ in did["other"]]
