"""Until when what was worked out holds, and what becomes of it then."""

from __future__ import annotations

from typing import Any, Final

import pytest

import cfacl
from cfacl.engine.bits import END
from cfacl.engine.view import look

FAMILIES: Final = {"t:prof": "personal", "t:id": "sensitive", "t:log": {"level": "internal", "columns": ["at", "what"]}}
ROLES: Final = {
    "support": {
        "clearance": "sealed",
        "grants": [{"families": ["prof", "log"]}, {"families": ["prof"], "actions": ["write"]}],
    }
}
HELD: Final = {"maya": ["support"], "tom": ["support"], "nil": []}


@pytest.fixture
def made(house: Any) -> Any:
    return house(FAMILIES, ROLES, HELD)


@pytest.mark.rule("8c")
def test_time_never_goes_back(made: Any) -> None:
    assert made.guard.now() == made.now
    latest = made.now
    made.now -= 1
    assert made.guard.now() == latest
    made.now = latest + 1
    assert made.guard.now() == latest + 1
    for wrong in (None, 1.5, True, "1"):
        made.now = wrong
        with pytest.raises(TypeError, match=f"the clock returned {type(wrong).__name__}, not int nanoseconds"):
            made.guard.now()


def test_what_is_no_time_fails_and_is_forgotten(made: Any) -> None:
    maya = made.caller("maya")
    now, made.now = made.now, END
    with pytest.raises(ValueError, match="the clock returned what is no time, not nanoseconds since 1970"):
        made.guard.now()
    with pytest.raises(cfacl.AccessDenied, match="failed with ValueError") as denied:
        maya.allows("read", "t", "prof")
    assert denied.value.reason == "failed"
    made.now = now
    assert made.guard.now() == now
    assert maya.allows("read", "t", "prof")
    made.now = END - 1
    assert made.guard.now() == END - 1


@pytest.mark.rule("8b", "8c")
def test_when_a_window_ends_all_that_was_worked_out_is_let_go_and_the_policy_stays(house: Any) -> None:
    roles = {
        "short": {"clearance": "sealed", "grants": [{"families": ["prof"], "until": 60}]},
        "long": {"clearance": "sealed", "grants": [{"families": ["log"], "until": 120}]},
    }
    made = house(FAMILIES, roles, {"maya": ["short"], "tom": ["long"], "nil": []})
    maya, tom = made.caller("maya"), made.caller("tom")
    assert maya.allows("read", "t", "prof")
    first = made.snapshot
    made.wait(60)
    # What tom was told still holds, but nothing of him is known yet.
    assert tom.allows("read", "t", "log")
    assert made.snapshot is not first
    assert made.snapshot.bits is first.bits
    assert made.snapshot.epoch == first.epoch == made.guard.epoch
    assert not maya.allows("read", "t", "prof")
    made.wait(0)
    assert not maya.allows("read", "t", "prof")
    assert tom.allows("read", "t", "log")


def test_a_table_that_is_disabled_is_so_after_an_edge(house: Any) -> None:
    roles = {"support": {"clearance": "sealed", "grants": [{"families": ["prof"], "until": 60}]}}
    made = house(FAMILIES, roles, HELD)
    made.guard.publish(made.snapshot.bits, {}, frozenset({"t"}))
    first = made.snapshot
    made.wait(60)
    made.guard.now()
    assert made.snapshot is not first
    assert made.snapshot.disabled == {"t"}


def test_an_instant_before_anything_that_ends_lets_nothing_go(house: Any) -> None:
    roles = {"support": {"clearance": "sealed", "grants": [{"families": ["prof"], "until": 60}]}}
    made = house(FAMILIES, roles, HELD)
    caller = made.caller()
    assert caller.allows("read", "t", "prof")
    first = made.snapshot
    made.wait(60)
    made.now -= 1
    assert made.caller("nil").families("read", "t") == frozenset()
    assert made.snapshot is first


@pytest.mark.rule("8b")
def test_a_view_says_until_when_it_holds(house: Any) -> None:
    """Until the next start or end of anything that bears on it, and not of anything else."""
    base: dict[str, Any] = {"clearance": "sealed", "grants": [{"families": ["prof"]}]}
    cases: list[tuple[Any, Any, int | None]] = [
        ({}, ["r"], None),
        ({"grants": [{"families": ["prof"], "until": 60}]}, ["r"], 60),
        ({"grants": [{"families": ["prof"], "from": 60}]}, ["r"], 60),
        ({"grants": [{"families": ["prof"], "from": 30, "until": 60}]}, ["r"], 30),
        ({"grants": [{"families": ["prof"], "from": -60, "until": -30}]}, ["r"], None),
        ({"restrictions": [{"families": ["id"], "until": 60}]}, ["r"], 60),
        ({"restrictions": [{"families": ["id"], "from": 60}]}, ["r"], 60),
        ({"grants": [{"families": ["prof"], "until": 60, "purposes": ["service"]}]}, ["r"], None),
        ({"grants": [{"families": ["prof"], "until": 60}]}, [{"role": "r", "from": 90}], 90),
        ({"grants": [{"families": ["prof"], "until": 60}]}, [{"role": "r", "until": -1}], None),
        ({}, [{"role": "r", "until": 60}], 60),
        ({}, [{"role": "r", "from": 30}, {"role": "r", "until": 60}], 30),
    ]
    for keys, held, expected in cases:
        made = house(FAMILIES, {"r": base | keys}, {"maya": held})
        caller = made.caller()
        caller.allows("read", "t", "prof")
        profile = caller._profile
        assert profile is not None
        until = profile.views["t"].until
        assert (None if until == 1 << 80 else (until - made.now) // 1_000_000_000) == expected, (keys, held)


def test_a_mask_has_no_bit_beyond_its_table(made: Any) -> None:
    table = made.snapshot.bits.tables["t"]
    assert table.every == 0b111
    assert [family.name for family in table.families] == ["id", "log", "prof"]
    assert table.bit == {"id": 1, "log": 2, "prof": 4}
    assert table.mask(["prof", "id", "nothing"]) == 5
    assert table.names(6) == {"log", "prof"}
    assert table.at_or_below == (0, 2, 6, 7, 7)
    assert table.for_purpose == {"service": 7, "support": 7}
    view = look(table, "unheard", 0, [], made.now)
    assert view.denied == (7, 7, 7, 7)
