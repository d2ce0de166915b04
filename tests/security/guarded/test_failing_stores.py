"""A store that fails, or answers what nobody asked for, yields no data and is never taken for a denial."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

import cfacl


class Odd(BaseException):
    """Not an `Exception`: as Ctrl-C, it goes through as it is."""


#: What stores have been seen to raise; to call it a `StoreError` keeps it from ending a loop, or from looking like a no.
ERRORS: Final[dict[str, Callable[[], Exception]]] = {
    "bare": lambda: Exception("secret"),
    "key": lambda: KeyError(b"secret"),
    "lookup": lambda: IndexError("secret"),
    "value": lambda: ValueError("secret"),
    "type": lambda: TypeError("secret"),
    "stop": lambda: StopIteration(b"secret"),
    "generator": lambda: RuntimeError("generator raised StopIteration"),
    "memory": MemoryError,
    "recursion": RecursionError,
    "os": lambda: OSError("secret"),
    "permission": lambda: PermissionError("secret"),
    "timeout": lambda: TimeoutError("secret"),
    "assertion": AssertionError,
    "attribute": lambda: AttributeError("secret"),
    "denied": lambda: cfacl.AccessDenied("secret", principal="secret"),
}

Use = Callable[[cfacl.Table], Any]


def flush(t: cfacl.Table) -> None:
    with t.batch() as batch:
        batch.put(b"r1", {b"a:q": b"x"})
        batch.delete(b"r2", [b"b"])


#: Every way to data, by the call that it makes.
WAYS: Final[dict[str, tuple[str, Use]]] = {
    "row": ("get", lambda t: t.row(b"r1")),
    "row, columns": ("get", lambda t: t.row(b"r1", columns=[b"a:q"])),
    "rows": ("get", lambda t: t.rows([b"r1", b"r2"])),
    "cells": ("versions", lambda t: t.cells(b"r1", b"a:q")),
    "counter_get": ("versions", lambda t: t.counter_get(b"r1", b"a:n")),
    "scan": ("scan", lambda t: list(t.scan())),
    "scan, first step": ("scan.next", lambda t: list(t.scan())),
    "put": ("apply", lambda t: t.put(b"r1", {b"a:q": b"x"})),
    "delete": ("apply", lambda t: t.delete(b"r1", [b"a"])),
    "batch": ("apply", flush),
    "counter_set": ("apply", lambda t: t.counter_set(b"r1", b"a:n", 1)),
    "counter_inc": ("increment", lambda t: t.counter_inc(b"r1", b"a:n")),
    "compare_and_set": ("compare_and_set", lambda t: t.compare_and_set(b"r1", b"a:q", b"a", {b"b:q": b"x"})),
}


@pytest.mark.rule("7b", "Failures")
@pytest.mark.failure("store-acl-8")
@pytest.mark.parametrize("way", WAYS)
def test_a_store_that_raises_is_a_failure_of_the_store(world: Any, way: str) -> None:
    world.fill(b"r1", b"r2")
    call, use = WAYS[way]
    t = world.table()
    for error in ERRORS.values():
        raised = error()
        world.faulty.fail(call, raised)
        with pytest.raises(cfacl.StoreError) as failed:
            use(t)
        assert raised in (failed.value.__cause__, getattr(failed.value.__cause__, "__cause__", None))
        assert "secret" not in str(failed.value)
        assert world.calls() == [call.partition(".")[0]]
    use(t)


@pytest.mark.rule("7b", "Failures")
@pytest.mark.parametrize("way", WAYS)
def test_what_a_store_says_by_its_contract_is_handed_on(memory_world: Any, way: str) -> None:
    memory_world.fill(b"r1", b"r2")
    call, use = WAYS[way]
    for kind in (cfacl.StoreUnavailable, cfacl.StoreTimeout, cfacl.SchemaMissing, cfacl.InvalidValue):
        said = kind("the store says so")
        memory_world.faulty.fail(call, said)
        with pytest.raises(kind) as failed:
            use(memory_world.table())
        assert failed.value is said


@pytest.mark.parametrize("way", WAYS)
def test_an_interrupt_goes_through_as_it_is(memory_world: Any, way: str) -> None:
    memory_world.fill(b"r1", b"r2")
    call, use = WAYS[way]
    memory_world.faulty.fail(call, Odd())
    with pytest.raises(Odd):
        use(memory_world.table())


@pytest.mark.rule("7b")
def test_a_failure_ends_no_loop_quietly(world: Any) -> None:
    world.fill(b"r1", b"r2", b"r3")
    world.faulty.fail("get", StopIteration(), at=2)
    with pytest.raises(cfacl.StoreError):
        list(map(world.table().row, [b"r1", b"r2", b"r3"]))


@pytest.mark.rule("7b")
@pytest.mark.parametrize("step", [1, 2, 3, 6])
def test_a_scan_that_breaks_off_never_ends_as_if_it_were_whole(world: Any, step: int) -> None:
    world.fill(*[b"r%d" % n for n in range(10)])
    for error in ERRORS.values():
        world.faulty.fail("scan.next", error(), at=step)
        found = []
        with pytest.raises(cfacl.StoreError):
            for key, _ in world.table().scan(batch_size=2):
                found.append(key)
        assert found == [b"r%d" % n for n in range(2 * (step - 1))]


@pytest.mark.rule("7b", "Failures")
@pytest.mark.parametrize(
    "call",
    [
        "system.items",
        "system.compare_and_set",
        "system.compare_and_set_all",
        "system.get",
        "create_families",
        "tables",
    ],
)
def test_what_fails_below_the_operators_methods_is_no_denial(memory_world: Any, call: str) -> None:
    memory_world.fill(b"r1")
    memory_world.family("e")
    memory_world.replace()
    for error in ERRORS.values():
        raised = error()
        memory_world.faulty.fail(call, raised)
        with pytest.raises(cfacl.StoreError) as failed:
            memory_world.db.create_tables()
        assert failed.value.__cause__ is raised
        assert "secret" not in str(failed.value)
    memory_world.db.create_tables()
    assert memory_world.db.drift() == []
    assert memory_world.table().row(b"r1") == {b"a:q": b"a", b"b:q": b"b"}


# ------------------------------------------------------------------------------------------------------------- answers


def mutated(change: Callable[[bytes, dict[Any, Any]], Any]) -> Callable[[Any], Any]:
    """Change the last row of an answer; the end of a scan stays one."""
    return lambda rows: rows and [*rows[:-1], change(*rows[-1])]


#: Answers to a `get` of rows r1 and r2, or a step of a scan, that nobody asked for.
LIES: Final[dict[str, Callable[[Any], Any]]] = {
    "a row too many": lambda rows: rows and [*rows, (b"r9", {b"a:q": b"secret"})],
    "a row before": lambda rows: rows and [(b"q", {b"a:q": b"secret"}), *rows],
    "another row": mutated(lambda key, cells: (b"s9", cells)),
    "a row twice": lambda rows: rows and [*rows, rows[-1]],
    "a row twice, not too many": lambda rows: rows and [rows[0], rows[0]],
    "backwards": lambda rows: rows and rows[::-1],
    "a hidden family": mutated(lambda key, cells: (key, {**cells, b"c:q": b"secret"})),
    "only a hidden family": mutated(lambda key, cells: (key, {b"c:q": b"secret"})),
    "an unknown family": mutated(lambda key, cells: (key, {**cells, b"zz:q": b"secret"})),
    "a family that begins alike": mutated(lambda key, cells: (key, {**cells, b"aa:q": b"secret"})),
    "a column without a family": mutated(lambda key, cells: (key, {**cells, b"q": b"secret"})),
    "a family without a column": mutated(lambda key, cells: (key, {**cells, b"a": b"secret"})),
    "an empty column name": mutated(lambda key, cells: (key, {**cells, b"": b"secret"})),
    "a column that is str": mutated(lambda key, cells: (key, {**cells, "a:q": b"secret"})),
    "a column that is None": mutated(lambda key, cells: (key, {**cells, None: b"secret"})),
    "no cells": mutated(lambda key, cells: (key, {})),
    "cells that are None": mutated(lambda key, cells: (key, None)),
    "cells that are a list": mutated(lambda key, cells: (key, list(cells.items()))),
    "a key that is str": mutated(lambda key, cells: ("r2", cells)),
    "a key that only equals one": mutated(lambda key, cells: (memoryview(key), cells)),
    "a key that is None": mutated(lambda key, cells: (None, cells)),
    "a row that is no pair": mutated(lambda key, cells: (key, cells, b"secret")),
    "a row that is a key": mutated(lambda key, cells: key),
    "a row that is None": mutated(lambda key, cells: None),
    "a number": lambda rows: rows and 7,
    "a dict": lambda rows: rows and dict(rows),
    "an iterator": lambda rows: rows and iter(rows),
}
#: These are wrong for `get` only, whose answer is never None and may be empty.
NO_LIST: Final[dict[str, Callable[[Any], Any]]] = {"None": lambda rows: None, "False": lambda rows: False}


@pytest.mark.rule("10a", "10c")
@pytest.mark.parametrize("lie", LIES | NO_LIST)
def test_rows_that_were_not_asked_for_are_dropped(world: Any, lie: str) -> None:
    world.fill(b"r1", b"r2")
    world.faulty.lie("get", (LIES | NO_LIST)[lie])
    for columns in (None, [b"a", b"b"], [b"a:q", b"b:q"], [b"a:q", b"b"]):
        with pytest.raises(cfacl.StoreContractError) as failed:
            world.table().rows([b"r1", b"r2"], columns=columns)
        assert "secret" not in str(failed.value)
        assert world.calls() == ["get"]


@pytest.mark.rule("10a", "10c")
@pytest.mark.parametrize("lie", sorted(LIES.keys() - {"a row twice, not too many", "backwards"} | NO_LIST.keys()))
def test_a_row_that_was_not_asked_for_is_dropped(memory_world: Any, lie: str) -> None:
    memory_world.fill(b"r1", b"r2")
    memory_world.faulty.lie("get", (LIES | NO_LIST)[lie])
    with pytest.raises(cfacl.StoreContractError):
        memory_world.table().row(b"r1")


@pytest.mark.rule("10a", "10c")
def test_another_column_of_a_granted_family_is_dropped_where_columns_were_named(world: Any) -> None:
    world.fill(b"r1", b"r2")
    world.faulty.lie("get", mutated(lambda key, cells: (key, {**cells, b"a:z": b"secret"})))
    assert world.table().row(b"r1", columns=[b"a"]) == {b"a:q": b"a", b"a:z": b"secret"}
    for columns in ([b"a:q"], [b"a:q", b"b"]):
        with pytest.raises(cfacl.StoreContractError):
            world.table().row(b"r1", columns=columns)


@pytest.mark.rule("10a", "10c")
def test_a_column_that_the_family_does_not_declare_is_dropped(world: Any) -> None:
    world.families["a"]["columns"] = ["q", "r"]
    world.fill(b"r1", b"r2")
    world.faulty.lie("get", mutated(lambda key, cells: (key, {**cells, b"a:z": b"secret"})))
    with pytest.raises(cfacl.StoreContractError):
        world.table().row(b"r1")


@pytest.mark.rule("10a", "10c")
@pytest.mark.parametrize("lie", LIES)
def test_a_step_of_a_scan_that_was_not_asked_for_is_dropped(world: Any, lie: str) -> None:
    world.fill(b"r1", b"r2")
    world.faulty.lie("scan.next", LIES[lie])
    for reverse in (False, True):
        for columns in (None, [b"a:q", b"b:q"]):
            found: list[object] = []
            with pytest.raises(cfacl.StoreContractError) as failed:
                found.extend(world.table().scan(row_prefix=b"r", limit=2, reverse=reverse, columns=columns))
            assert found == []
            assert "secret" not in str(failed.value)


#: Steps of a scan of five rows, two at a time.
STEPS: Final[dict[str, Callable[[Any], Any]]] = {
    "an empty step": lambda rows: rows and [],
    "a longer step": lambda rows: rows and [*rows, (rows[-1][0] + b"\0", {b"a:q": b"secret"})],
    "a step back": lambda rows: rows and [(b"r0", {b"a:q": b"x"})],
    "no end": lambda rows: rows or [(b"r5", {b"a:q": b"x"})],
}


@pytest.mark.rule("10a", "10c")
@pytest.mark.parametrize("lie", STEPS)
def test_steps_keep_to_the_size_and_the_order(world: Any, lie: str) -> None:
    world.fill(*[b"r%d" % n for n in range(5)])
    world.faulty.lie("scan.next", STEPS[lie])
    with pytest.raises(cfacl.StoreContractError):
        list(world.table().scan(batch_size=2))


@pytest.mark.rule("10a")
def test_no_scan_has_more_rows_than_its_limit(world: Any) -> None:
    world.fill(*[b"r%d" % n for n in range(5)])
    scan = world.faulty.inner.scan
    world.faulty.inner.scan = lambda *arguments, **keys: scan(*arguments, **{**keys, "limit": None})
    for limit in (1, 2, 3):
        assert len(list(world.table().scan(batch_size=1, limit=limit))) == limit
    with pytest.raises(cfacl.StoreContractError):
        list(world.table().scan(batch_size=2, limit=3))


@pytest.mark.rule("10a", "10c")
@pytest.mark.parametrize(
    "bounds",
    [{"row_start": b"r2"}, {"row_stop": b"r2"}, {"row_prefix": b"r1"}, {"row_start": b"r1", "reverse": True}],
    ids=str,
)
def test_rows_outside_the_bounds_are_dropped(world: Any, bounds: dict[str, Any]) -> None:
    world.fill(b"r1", b"r2", b"r3")
    outside = b"r1" if bounds.get("row_start") == b"r2" else b"r3"
    world.faulty.lie("scan.next", lambda rows: rows and [(outside, {b"a:q": b"secret"})])
    with pytest.raises(cfacl.StoreContractError):
        list(world.table().scan(**bounds))


@pytest.mark.rule("7b")
@pytest.mark.parametrize("answer", [None, 7, b"secret", [None], [b"secret"]], ids=repr)
def test_a_scan_that_is_no_scan_is_a_failure(memory_world: Any, answer: object) -> None:
    memory_world.fill(b"r1")
    memory_world.db._store.scan = lambda *_, **__: answer
    with pytest.raises(cfacl.StoreError) as failed:
        list(memory_world.table().scan())
    assert "secret" not in str(failed.value)


@pytest.mark.rule("10b", "10c")
@pytest.mark.parametrize("answer", [None, "1", 1.0, True, b"\0" * 8], ids=repr)
def test_a_counter_that_is_no_number_is_dropped(memory_world: Any, answer: object) -> None:
    memory_world.fill(b"r1")
    memory_world.faulty.lie("increment", lambda _: answer)
    with pytest.raises(cfacl.StoreContractError):
        memory_world.table().counter_inc(b"r1", b"a:n")


@pytest.mark.rule("10b", "10c")
@pytest.mark.parametrize("answer", [None, 1, 0, "yes", b""], ids=repr)
def test_a_comparison_that_is_neither_true_nor_false_is_dropped(memory_world: Any, answer: object) -> None:
    memory_world.fill(b"r1")
    memory_world.faulty.lie("compare_and_set", lambda _: answer)
    with pytest.raises(cfacl.StoreContractError):
        memory_world.table().compare_and_set(b"r1", b"a:q", b"a", {b"b:q": b"x"})


def test_a_scan_that_broke_off_lets_go_of_the_store(memory_world: Any) -> None:
    memory_world.fill(b"r1", b"r2")
    closed: list[bool] = []

    class Steps:
        def __init__(self, *steps: Any) -> None:
            self.steps = iter(steps)

        def __iter__(self) -> Any:
            return self

        def __next__(self) -> Any:
            return next(self.steps)

        def close(self) -> None:
            closed.append(True)

    good, bad = [(b"r1", {b"a:q": b"a"})], [(b"r2", {b"c:q": b"secret"})]
    memory_world.db._store.scan = lambda *_, **__: Steps(good, bad)
    with pytest.raises(cfacl.StoreContractError):
        list(memory_world.table().scan(batch_size=1))
    assert closed
    closed.clear()
    scan = memory_world.table().scan(batch_size=1)
    next(scan)
    scan.close()
    assert closed


@pytest.mark.rule("7b")
def test_a_record_of_the_schema_that_cannot_be_read_is_a_failure(memory_world: Any) -> None:
    memory_world.fill(b"r1")
    for garbage in (b"", b"null", b"{}", b"[]", b"\xff", b'{"identity": "x", "retired": false}'):
        memory_world.faulty.lie("system.items", lambda records, garbage=garbage: dict.fromkeys(records, garbage))
        for use in (memory_world.db.drift, memory_world.db.create_tables):
            with pytest.raises(cfacl.StoreContractError):
                use()
    memory_world.faulty.heal()
    assert memory_world.table().row(b"r1")
