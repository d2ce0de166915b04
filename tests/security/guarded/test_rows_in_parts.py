"""Rows in parts are guarded as whole ones are: in the middle of a row too, a scan only shrinks, and repeats nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

import cfacl

KEYS: Final = [b"r1", b"r2", b"r3"]
QUALIFIERS: Final = [b"", b"p", b"q"]

Part = tuple[bytes, dict[bytes, bytes]]


def fill(world: Any, families: str = "abcd") -> None:
    with world.table("root").batch() as batch:
        for key in KEYS:
            batch.put(key, {b"%c:%b" % (name, each): b"v" for name in families.encode() for each in QUALIFIERS})
    world.store.take()
    world.told.clear()


def flat(parts: list[Any]) -> list[tuple[bytes, bytes]]:
    return [(key, column) for key, row in parts for column in row]


def columns(*families: str, reverse: bool = False) -> list[tuple[bytes, bytes]]:
    keys = sorted(KEYS, reverse=reverse)
    return [(key, f"{name}:".encode() + each) for key in keys for name in families for each in QUALIFIERS]


@pytest.mark.rule("4b")
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("size", [1, 2, 4, 6, 100])
@pytest.mark.parametrize("batch_size", [1, 2, 1000])
def test_parts_hold_what_is_granted_and_say_what_is_withheld(
    world: Any, size: int, batch_size: int, reverse: bool
) -> None:
    fill(world)
    parts = list(world.table().scan(scan_batching=size, batch_size=batch_size, reverse=reverse))
    assert flat(parts) == columns("a", "b", reverse=reverse)
    assert all(0 < len(row) <= size and row.withheld == {"c", "d"} for _, row in parts)
    assert world.calls() == ["scan"]


@pytest.mark.rule("9c")
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("size", [1, 2, 4])
def test_in_the_middle_of_a_row_it_shrinks_and_repeats_nothing(world: Any, size: int, reverse: bool) -> None:
    fill(world)
    for step in range(1, 10):
        world.granting("a", "b")()
        world.during("scan.next", world.granting("b", "c"), at=step)
        parts = list(world.table().scan(scan_batching=size, batch_size=1, reverse=reverse))
        before = [part for part in parts if part[1].withheld == {"c", "d"}]
        after = [part for part in parts if part[1].withheld == {"a", "c", "d"}]
        assert before + after == parts
        whole = columns("a", "b", reverse=reverse)
        done = len(flat(before))
        assert flat(before) == whole[:done]
        assert flat(after) == [each for each in whole[done:] if each[1].startswith(b"b")]
        assert {call.families for call in world.data()} <= {("a", "b"), ("b",)}


@pytest.mark.rule("9c")
@pytest.mark.parametrize("limit", [1, 2, 5, 8, 100])
def test_a_limit_holds_where_the_policy_changed(world: Any, limit: int) -> None:
    fill(world)
    for step in (1, 2, 3, 4):
        world.granting("a", "b")()
        world.during("scan.next", world.granting("a", "b", "c"), at=step)
        parts = list(world.table().scan(scan_batching=1, batch_size=2, limit=limit))
        assert flat(parts) == columns("a", "b")[:limit]


@pytest.mark.rule("9c")
@pytest.mark.parametrize("keys", [{"columns": [b"a", b"b"]}, {"strict": True}])
def test_a_strict_one_that_lost_a_family_raises(world: Any, keys: dict[str, Any]) -> None:
    world.granting(*"abcd")()
    fill(world)
    world.during("scan.next", lambda: None, world.granting("b", "c", "d"))
    found = []
    with pytest.raises(cfacl.AccessDenied):
        found.extend(iter(world.table().scan(scan_batching=1, batch_size=1, **keys)))
    world.during("scan.next", lambda: None, world.revoking())
    with pytest.raises(cfacl.AccessDenied):
        list(world.table().scan(scan_batching=1, batch_size=1))


@pytest.mark.rule("9a")
def test_it_is_decided_again_before_each_chunk_of_few_cells(memory_world: Any) -> None:
    with memory_world.table("root").batch() as batch:
        batch.put(b"r", {b"a:%05d" % number: b"v" for number in range(25_000)})
    scan = memory_world.table().scan(scan_batching=100)
    found = [len(next(scan)[1]) for _ in range(100)]
    assert sum(found) == 10_000
    memory_world.revoking()()
    with pytest.raises(cfacl.AccessDenied):
        next(scan)


@pytest.mark.rule("14b")
@pytest.mark.parametrize("size", [1, 2, 3])
def test_what_is_hidden_shows_in_no_part_and_no_call(worlds: Any, size: int) -> None:
    answers = []
    for store in ("memory", "rocksdb"):
        for families in ("ab", "abcd"):
            world = worlds(store)
            fill(world, families)
            parts = list(world.table().scan(scan_batching=size, batch_size=2))
            answers.append((parts, [(call.method, call.families) for call in world.data()]))
    assert all(each == answers[0] for each in answers)


def change(edit: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Change a chunk; the end of a scan stays one."""
    return lambda parts: parts and edit(parts)


#: Chunks of two parts, of two cells each, that nobody asked for.
LIES: Final[dict[str, Callable[[Any], Any]]] = {
    "a part twice": change(lambda parts: [parts[0], parts[0]]),
    "the parts of a row the other way round": change(lambda parts: parts[::-1]),
    "a column twice": change(lambda parts: [parts[0], (parts[0][0], dict([list(parts[0][1].items())[-1]]))]),
    "columns out of order": change(lambda parts: [(key, dict([*row.items()][::-1])) for key, row in parts]),
    "a part of too many cells": change(lambda parts: [(parts[0][0], {**parts[0][1], **parts[1][1]})]),
    "too many parts": change(lambda parts: [*parts, (b"r9", {b"a:": b"secret"})]),
    "a row before": change(lambda parts: [parts[0], (b"q", {b"a:": b"secret"})]),
    "a row outside": change(lambda parts: [parts[0], (b"s", {b"a:": b"secret"})]),
    "a hidden family": change(lambda parts: [parts[0], (b"r9", {b"c:": b"secret"})]),
    "a part of nothing": change(lambda parts: [parts[0], (b"r9", {})]),
    "a key that is str": change(lambda parts: [parts[0], ("r9", {b"a:": b"secret"})]),
    "no pairs": change(lambda parts: [7]),
    "a chunk of nothing": change(lambda parts: []),
    "an iterator": change(iter),
}


@pytest.mark.rule("10a", "10c")
@pytest.mark.parametrize("lie", LIES)
def test_parts_that_were_not_asked_for_are_dropped(world: Any, lie: str) -> None:
    fill(world)
    world.faulty.lie("scan.next", LIES[lie])
    found: list[object] = []
    with pytest.raises(cfacl.StoreContractError) as failed:
        found.extend(world.table().scan(scan_batching=2, batch_size=2, row_prefix=b"r"))
    assert found == []
    assert "secret" not in str(failed.value)


@pytest.mark.rule("10a", "10c")
def test_a_later_chunk_goes_on_behind_the_last(world: Any) -> None:
    fill(world)
    first: list[Any] = []

    def again(parts: Any) -> Any:
        first.append(parts)
        return first[0]

    world.faulty.lie("scan.next", again)
    found: list[object] = []
    with pytest.raises(cfacl.StoreContractError):
        found.extend(world.table().scan(scan_batching=2, batch_size=2))
    assert len(found) == 2


@pytest.mark.rule("7b")
def test_a_store_that_fails_in_the_middle_of_a_row_never_ends_it(world: Any) -> None:
    fill(world)
    world.faulty.fail("scan.next", RuntimeError("secret"), at=3)
    found: list[object] = []
    with pytest.raises(cfacl.StoreError) as failed:
        found.extend(world.table().scan(scan_batching=1, batch_size=2))
    assert len(found) == 4
    assert "secret" not in str(failed.value)


@pytest.mark.parametrize("size", [0, -1, 1.0, True, "1"])
def test_a_number_that_makes_no_sense_is_refused_before_the_store_is_asked(world: Any, size: Any) -> None:
    fill(world)
    with pytest.raises(cfacl.RequestError, match="`scan_batching` is an int of at least 1"):
        world.table().scan(scan_batching=size)
    assert world.calls() == []
