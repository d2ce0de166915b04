"""What a store says of timestamps is looked at wherever they were asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

import cfacl

#: Milliseconds; what the store holds is older.
BEFORE: Final = 1_780_272_000_500

Rows = list[Any]

#: Every read that returns rows with timestamps, by the call that it takes them from.
READS: Final[dict[str, tuple[str, Callable[..., Rows]]]] = {
    "row": ("get", lambda t, **keys: [t.row(b"r2", **keys)]),
    "rows": ("get", lambda t, **keys: [row for _, row in t.rows([b"r1", b"r2"], **keys)]),
    "scan": ("scan.next", lambda t, **keys: [row for _, row in t.scan(**keys)]),
    "parts": ("scan.next", lambda t, **keys: [row for _, row in t.scan(scan_batching=5, **keys)]),
    "one instant": ("scan.next", lambda t, **keys: [row for _, row in t.scan(snapshot=True, **keys)]),
    "parts of one": ("scan.next", lambda t, **keys: [row for _, row in t.scan(snapshot=True, scan_batching=5, **keys)]),
}

#: Cells that nobody asked for, whatever the bound.
CELLS: Final[dict[str, Any]] = {
    "a value alone": b"secret",
    "a value of two bytes alone": b"se",
    "nothing": None,
    "a list": [b"secret", 1],
    "one": (b"secret",),
    "three": (b"secret", 1, 1),
    "the other way round": (1, b"secret"),
    "a value that is str": ("secret", 1),
    "a value that is a bytearray": (bytearray(b"secret"), 1),
    "a value that is None": (None, 1),
    "a timestamp that is str": (b"secret", "1"),
    "a timestamp that is a float": (b"secret", 1.0),
    "a timestamp that is a bool": (b"secret", True),
    "a timestamp that is None": (b"secret", None),
}
#: Cells that are not older than the bound.
LATE: Final[dict[str, Any]] = {"at the bound": (b"secret", BEFORE), "past the bound": (b"secret", BEFORE + 1)}


def lying(cell: object) -> Callable[[Any], Any]:
    """Put a cell into the last row of an answer; the end of a scan stays one."""
    return lambda rows: rows and [*rows[:-1], (rows[-1][0], {**rows[-1][1], b"b:q": cell})]


@pytest.mark.rule("10b", "10c")
@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("cell", CELLS | LATE)
def test_a_cell_that_is_no_value_with_its_timestamp_is_dropped(memory_world: Any, read: str, cell: str) -> None:
    memory_world.fill(b"r1", b"r2")
    call, use = READS[read]
    memory_world.faulty.lie(call, lying((CELLS | LATE)[cell]))
    for bound in ({"timestamp": BEFORE}, {}) if cell in CELLS else ({"timestamp": BEFORE},):
        with pytest.raises(cfacl.StoreContractError) as failed:
            use(memory_world.table(), include_timestamp=True, **bound)
        assert "secret" not in str(failed.value)


@pytest.mark.rule("10b")
@pytest.mark.parametrize("read", READS)
def test_what_is_just_before_the_bound_is_handed_out(memory_world: Any, read: str) -> None:
    memory_world.fill(b"r1", b"r2")
    call, use = READS[read]
    memory_world.faulty.lie(call, lying((b"x", BEFORE - 1)))
    rows = use(memory_world.table(), include_timestamp=True, timestamp=BEFORE)
    assert rows[-1][b"b:q"] == (b"x", BEFORE - 1)


#: Answers to `versions`, of which at most three were asked for, beside those that hold such cells.
VERSIONS: Final[dict[str, Any]] = {
    "too many": [(b"w", 4), (b"x", 3), (b"y", 2), (b"z", 1)],
    "oldest first": [(b"x", 1), (b"y", 2)],
    "not in order": [(b"x", 3), (b"y", 1), (b"z", 2)],
    "two of one instant": [(b"x", 1), (b"y", 1)],
    "None": None,
    "a number": 7,
    "a tuple": ((b"x", 1),),
    "an iterator": iter([]),
}


@pytest.mark.rule("10a", "10b", "10c")
@pytest.mark.parametrize("answer", VERSIONS | CELLS | LATE)
def test_versions_that_were_not_asked_for_are_dropped(memory_world: Any, answer: str) -> None:
    memory_world.fill(b"r1")
    said = VERSIONS[answer] if answer in VERSIONS else [(CELLS | LATE)[answer], (b"x", 0)]
    memory_world.faulty.lie("versions", lambda _: said)
    table = memory_world.table()
    for keys in ({"versions": 3, "timestamp": BEFORE}, {"versions": 3}, {"timestamp": BEFORE}, {}):
        if (answer in LATE and "timestamp" not in keys) or (answer == "too many" and "versions" not in keys):
            continue
        for stamped in (False, True):
            with pytest.raises(cfacl.StoreContractError) as failed:
                table.cells(b"r1", b"a:q", include_timestamp=stamped, **keys)
            assert "secret" not in str(failed.value)


@pytest.mark.rule("10b", "10c")
@pytest.mark.parametrize("answer", sorted(VERSIONS | CELLS))
def test_a_counter_is_read_from_no_other_answer(memory_world: Any, answer: str) -> None:
    memory_world.fill(b"r1")
    memory_world.faulty.lie("versions", lambda _: VERSIONS[answer] if answer in VERSIONS else [CELLS[answer]])
    with pytest.raises(cfacl.StoreContractError):
        memory_world.table().counter_get(b"r1", b"a:n")


@pytest.mark.rule("10b")
def test_versions_newest_first_and_before_the_bound_are_handed_out(memory_world: Any) -> None:
    memory_world.fill(b"r1")
    said = [(b"x", BEFORE - 1), (b"y", 1), (b"", 0)]
    memory_world.faulty.lie("versions", lambda _: said)
    table = memory_world.table()
    assert table.cells(b"r1", b"a:q", versions=3, timestamp=BEFORE, include_timestamp=True) == said
