"""What stands whatever the purpose and the time, and on what the rest depends."""

from __future__ import annotations

from typing import Any, Final

import pytest

import cfacl
from cfacl.engine.standing import Standing, standing

START: Final = 1_780_272_000_000_000_000
FAMILIES: Final = {"t:prof": "personal", "t:id": {"level": "sensitive", "purposes": ["service"]}, "t:off": "internal"}


def found(made: Any, *principals: str, purpose: str | None = None, at: int = 0) -> dict[str, Any]:
    """By family and action: True, or (without, since, until) with times in seconds after the start."""
    return {
        f"{each.family} {each.action}": each.stands or (each.without, *edges(each))
        for each in standing(made.snapshot, principals or ("maya",), purpose, START + at * 1_000_000_000)
    }


def edges(each: Standing) -> list[float | None]:
    return [None if at is None else at.timestamp() - START / 1e9 for at in (each.since, each.until)]


def role(*grants: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"r": {"clearance": "sealed", "grants": [*grants], **keys}}


def test_what_holds_for_every_purpose_of_its_family_stands(house: Any) -> None:
    made = house(
        FAMILIES, role({"families": ["prof", "id"]}, {"families": ["id"], "actions": ["write"]}), {"maya": ["r"]}
    )
    assert found(made) == {"id read": True, "id write": True, "prof read": True}


def test_a_purpose_that_is_lacking_is_told(house: Any) -> None:
    made = house(FAMILIES, role({"families": ["prof", "id"], "purposes": ["service"]}), {"maya": ["r"]})
    assert found(made) == {"id read": True, "prof read": (("support",), None, None)}


def test_where_one_purpose_is_all_that_is_stated_it_is_all_that_counts(house: Any) -> None:
    made = house(FAMILIES, role({"families": ["prof", "id"], "purposes": ["service"]}), {"maya": ["r"]})
    assert found(made, purpose="service") == {"id read": True, "prof read": True}
    assert found(made, purpose="support") == {}
    with pytest.raises(cfacl.UnknownPurpose):
        found(made, purpose="sales")


@pytest.mark.parametrize(
    ("windows", "at", "expected"),
    [
        ([{}], 0, True),
        ([{"from": 60}], 0, ((), 60, None)),
        ([{"from": 60}], 60, True),
        ([{"until": 60}], 0, ((), None, 60)),
        ([{"until": 60}], 60, None),
        ([{"until": 60}, {"from": 60}], 0, True),
        ([{"until": 60}, {"from": 90}], 0, ((), None, 60)),
        ([{"until": 60}, {"from": 90}], 60, ((), 90, None)),
        ([{"from": 30, "until": 60}], 0, ((), 30, 60)),
        ([{"purposes": ["service"]}, {"purposes": ["support"], "until": 60}], 0, ((), None, 60)),
        ([{"purposes": ["service"], "from": 30}, {"purposes": ["support"], "from": 60}], 0, ((), 60, None)),
        ([{"purposes": ["service"], "until": 60}], 0, (("support",), None, 60)),
    ],
)
def test_what_is_to_begin_or_to_end_is_told(house: Any, windows: list[Any], at: int, expected: Any) -> None:
    made = house(FAMILIES, role(*({"families": ["prof"], **each} for each in windows)), {"maya": ["r"]})
    assert found(made, at=at) == ({} if expected is None else {"prof read": expected})


def test_a_restriction_takes_from_what_stands(house: Any) -> None:
    given = {"families": ["prof", "off"]}
    for taken, expected in (
        ({}, {"off read": True}),
        ({"purposes": ["service"]}, {"off read": True, "prof read": (("service",), None, None)}),
        ({"from": 60}, {"off read": True, "prof read": ((), None, 60)}),
        ({"until": 60}, {"off read": True, "prof read": ((), 60, None)}),
    ):
        made = house(FAMILIES, role(given, restrictions=[{"families": ["prof"], **taken}]), {"maya": ["r"]})
        assert found(made) == expected


def test_each_principal_has_its_own_and_an_unknown_one_is_refused(house: Any) -> None:
    made = house(FAMILIES, role({"families": ["off"]}), {"maya": ["r"], "bob": ["r"], "nil": []})
    told = standing(made.snapshot, ["maya", "nil", "bob"], None, START)
    assert [(each.principal, each.family) for each in told] == [("maya", "off"), ("bob", "off")]
    with pytest.raises(cfacl.AccessDenied):
        found(made, "may")
