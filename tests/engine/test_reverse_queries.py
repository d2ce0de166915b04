"""The check asked backwards: who may, and what may she; since when, until when, by which grants."""

from __future__ import annotations

from typing import Any, Final

import pytest

import cfacl

FAMILIES: Final = {"t:prof": "personal", "t:id": "sensitive", "s:log": "internal"}


@pytest.mark.rule("11a")
def test_who_lists_principals_and_purposes_with_the_grants(house: Any) -> None:
    roles = {
        "lead": {"clearance": "sealed", "inherits": ["support"]},
        "support": {
            "clearance": "personal",
            "grants": [{"families": ["prof"]}, {"at_or_below": "personal", "purposes": ["support"]}],
        },
        "other": {"clearance": "personal", "grants": [{"families": ["prof"], "actions": ["write"]}]},
    }
    made = house(FAMILIES, roles, {"zoe": ["support"], "amy": ["lead"], "bob": ["lead"], "tom": ["other"], "nil": []})
    one, both = ("roles.support.grants[0]",), ("roles.support.grants[0]", "roles.support.grants[1]")
    assert made.who("read", "t", "prof") == [
        ("amy", "service", None, None, one),
        ("amy", "support", None, None, both),
        ("bob", "service", None, None, one),
        ("bob", "support", None, None, both),
        ("zoe", "service", None, None, one),
        ("zoe", "support", None, None, both),
    ]
    assert made.who("read", "t", "prof", purpose="support") == [
        ("amy", "support", None, None, both),
        ("bob", "support", None, None, both),
        ("zoe", "support", None, None, both),
    ]
    assert made.who("write", "t", "prof", purpose="service") == [
        ("tom", "service", None, None, ("roles.other.grants[0]",))
    ]
    assert made.who("read", "t", "id") == []
    assert made.who("admin", "t", "prof") == []


@pytest.mark.rule("11a")
def test_what_lists_tables_families_actions_and_purposes(house: Any) -> None:
    roles = {
        "support": {
            "clearance": "personal",
            "grants": [
                {"families": ["prof"], "actions": ["read", "write"], "purposes": ["support"]},
                {"table": "s", "families": ["log"], "until": 60},
                {"families": ["id"]},
            ],
            "restrictions": [{"purposes": ["service"], "actions": ["read"], "table": "s"}],
        }
    }
    made = house(FAMILIES, roles, {"maya": ["support"]})
    assert made.what() == [
        ("s:log", "read", "support", None, 60, ("roles.support.grants[1]",)),
        ("t:prof", "read", "support", None, None, ("roles.support.grants[0]",)),
        ("t:prof", "write", "support", None, None, ("roles.support.grants[0]",)),
    ]
    assert made.what(at=60) == made.what()[1:]


#: Windows of grants, restrictions and assignments, and the stretches in which `read t:prof` is allowed.
STRETCHES: Final[dict[str, tuple[Any, Any, list[tuple[int | None, int | None]]]]] = {
    "always": ([{}], ["r"], [(None, None)]),
    "until": ([{"until": 60}], ["r"], [(None, 60)]),
    "from": ([{"from": 60}], ["r"], [(60, None)]),
    "two that touch": ([{"until": 60}, {"from": 60, "until": 90}], ["r"], [(None, 90)]),
    "two that overlap": ([{"from": 0, "until": 60}, {"from": 30, "until": 90}], ["r"], [(0, 90)]),
    "two apart": ([{"until": 30}, {"from": 60}], ["r"], [(None, 30), (60, None)]),
    "the assignment ends first": ([{"until": 60}], [{"role": "r", "until": 30}], [(None, 30)]),
    "held twice": ([{}], [{"role": "r", "until": 30}, {"role": "r", "from": 60, "until": 90}], [(None, 30), (60, 90)]),
    "a restriction between": ([{}, {"gives": False, "from": 30, "until": 60}], ["r"], [(None, 30), (60, None)]),
    "a restriction at the end": ([{"until": 90}, {"gives": False, "from": 30}], ["r"], [(None, 30)]),
    "something else in between": ([{}, {"families": ["id"], "from": 30, "until": 60}], ["r"], [(None, None)]),
    "never": ([{"gives": False}, {}], ["r"], []),
}


@pytest.mark.rule("8a", "11a")
@pytest.mark.parametrize("name", STRETCHES)
def test_a_stretch_goes_from_the_first_to_the_last_instant_without_a_break(house: Any, name: str) -> None:
    rules, held, stretches = STRETCHES[name]
    role: dict[str, Any] = {"clearance": "sealed", "grants": [], "restrictions": []}
    for rule in rules:
        gives = rule.get("gives", True)
        keys = {"families": ["prof"], **{key: value for key, value in rule.items() if key != "gives"}}
        role["grants" if gives else "restrictions"].append(keys)
    made = house(FAMILIES, {"r": role}, {"maya": held})
    for at in (-30, 0, 29, 30, 45, 59, 60, 89, 90, 120):
        expected = [
            each for each in stretches if (each[0] is None or each[0] <= at) and (each[1] is None or at < each[1])
        ]
        found = made.who("read", "t", "prof", purpose="support", at=at)
        assert [each[2:4] for each in found] == expected, at
        forward = [each for each in made.what(at=at) if each[:3] == ("t:prof", "read", "support")]
        assert [each[3:5] for each in forward] == expected, at
        fresh = house(FAMILIES, {"r": role}, {"maya": held})
        fresh.wait(at)
        assert fresh.allows("read", "t", "prof") is bool(expected), at


def test_the_grants_are_those_that_count_now(house: Any) -> None:
    roles = {
        "r": {
            "clearance": "sealed",
            "grants": [{"families": ["prof"], "until": 60}, {"families": ["prof"], "from": 30}],
        }
    }
    made = house(FAMILIES, roles, {"maya": ["r", {"role": "r", "until": 10}]})
    first, second = "roles.r.grants[0]", "roles.r.grants[1]"
    assert [made.who("read", "t", "prof", purpose="support", at=at)[0][4] for at in (0, 30, 60)] == [
        (first,),
        (first, second),
        (second,),
    ]


@pytest.mark.rule("11a")
def test_forward_backward_and_the_check_agree(house: Any) -> None:
    roles = {
        "a": {
            "clearance": "sensitive",
            "inherits": ["b"],
            "grants": [{"families": ["id"], "actions": ["read", "delete"]}],
        },
        "b": {
            "clearance": "personal",
            "grants": [{"at_or_below": "sealed", "actions": ["write"]}, {"table": "s", "families": ["log"]}],
            "restrictions": [{"families": ["prof"], "purposes": ["service"]}],
        },
    }
    held = {"x": ["a"], "y": ["b"], "z": ["a", "b"], "nil": []}
    made = house(FAMILIES, roles, held)
    forward = {(principal, *each[:3]) for principal in held for each in made.what(principal)}
    backward = set()
    checked = set()
    for name in FAMILIES:
        table, _, family = name.partition(":")
        for action in ("read", "write", "delete", "admin"):
            backward |= {(each[0], name, action, each[1]) for each in made.who(action, table, family)}
            for principal in held:
                for purpose in ("service", "support"):
                    if made.caller(principal, purpose).allows(action, table, family):
                        checked.add((principal, name, action, purpose))
    assert forward == backward == checked
    assert len(checked) > 10


@pytest.mark.rule("1d")
def test_unknown_names_raise(house: Any) -> None:
    made = house(FAMILIES, {"r": {"clearance": "sealed"}}, {"maya": ["r"]})
    for request, kind in {
        ("reed", "t", "prof"): cfacl.UnknownAction,
        ("read", "u", "prof"): cfacl.UnknownTable,
        ("read", "t", "log"): cfacl.UnknownFamily,
    }.items():
        with pytest.raises(kind):
            made.who(*request)
    with pytest.raises(cfacl.UnknownPurpose):
        made.who("read", "t", "prof", purpose="sales")
    with pytest.raises(cfacl.AccessDenied) as denied:
        made.what("may")
    assert denied.value.reason == "unknown_principal"


def test_a_policy_without_principals_lists_nobody(house: Any) -> None:
    made = house(FAMILIES, {"r": {"clearance": "sealed", "grants": [{"families": ["prof"]}]}}, {})
    assert made.who("read", "t", "prof") == []
