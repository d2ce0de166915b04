"""What counts, and what does not: rule 2 case by case."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

FAMILIES = {"t:prof": "personal", "t:id": "sensitive", "t:log": "internal", "t:auth": "sealed"}


def granting(*families: str, **keys: Any) -> dict[str, Any]:
    return {"families": [*families], **keys}


@pytest.mark.rule("1a")
def test_nothing_is_granted_to_begin_with(house: Any) -> None:
    made = house(FAMILIES, {"support": {"clearance": "sealed"}}, {"maya": ["support"], "tom": []})
    for principal in ("maya", "tom"):
        for action in ("read", "write", "delete", "admin"):
            assert made.caller(principal).families(action, "t") == frozenset()
            assert not made.allows(action, "t", "prof", principal=principal)


@pytest.mark.rule("1a", "2a")
def test_no_action_implies_another(house: Any) -> None:
    for granted in ("read", "write", "delete", "admin"):
        roles = {"support": {"clearance": "sealed", "grants": [granting("prof", actions=[granted])]}}
        made = house(FAMILIES, roles, {"maya": ["support"]})
        assert [a for a in ("read", "write", "delete", "admin") if made.allows(a, "t", "prof")] == [granted]


@pytest.mark.rule("2a")
def test_a_grant_counts_up_to_the_clearance(house: Any) -> None:
    for clearance, expected in {
        "public": set(),
        "internal": {"log"},
        "personal": {"log", "prof"},
        "sensitive": {"log", "prof", "id"},
        "sealed": {"log", "prof", "id", "auth"},
    }.items():
        grants = [granting("prof", "id", "log", "auth")]
        made = house(FAMILIES, {"support": {"clearance": clearance, "grants": grants}}, {"maya": ["support"]})
        assert made.caller().families("read", "t") == expected


@pytest.mark.rule("2b")
def test_at_or_below_means_the_families_of_its_table_up_to_a_level(house: Any) -> None:
    families = {**FAMILIES, "u:log": "internal"}
    roles = {"support": {"clearance": "sealed", "grants": [{"at_or_below": "personal"}]}}
    made = house(families, roles, {"maya": ["support"]})
    assert made.caller().families("read", "t") == {"log", "prof"}
    assert made.caller().families("read", "u") == frozenset()


@pytest.mark.rule("2a")
@pytest.mark.parametrize(
    ("lead", "support", "expected"),
    [
        ("personal", "personal", {"prof"}),
        ("personal", "sealed", {"prof"}),
        ("sealed", "personal", {"prof"}),
        ("sealed", "sealed", {"prof", "id"}),
        ("internal", "sealed", set()),
    ],
)
def test_a_path_reaches_no_higher_than_its_lowest_clearance(
    house: Any, lead: str, support: str, expected: set[str]
) -> None:
    roles = {
        "lead": {"clearance": lead, "inherits": ["support"]},
        "support": {"clearance": support, "grants": [granting("prof", "id")]},
    }
    made = house(FAMILIES, roles, {"maya": ["lead"]})
    assert made.caller().families("read", "t") == expected


@pytest.mark.rule("2a")
@pytest.mark.parametrize("order", [["low", "high"], ["high", "low"]])
def test_one_wide_path_is_enough(house: Any, order: list[str]) -> None:
    """The role that grants is reached twice; only the wider path matters, however far it leads and whichever is first."""
    roles = {
        "top": {"clearance": "sealed", "inherits": order},
        "low": {"clearance": "internal", "inherits": ["base"]},
        "high": {"clearance": "sealed", "inherits": ["between"]},
        "between": {"clearance": "sensitive", "inherits": ["base"]},
        "base": {"clearance": "sealed", "grants": [granting("log", "prof", "id", "auth")]},
    }
    made = house(FAMILIES, roles, {"maya": ["top"]})
    assert made.caller().families("read", "t") == {"log", "prof", "id"}
    (reached,) = [each for each in made.snapshot.reach("top") if each.role.name == "base"]
    assert reached.path == ("top", "high", "between", "base")


@pytest.mark.rule("2c")
def test_one_role_lifts_no_other(house: Any) -> None:
    """Neither two roles of one principal, nor two paths, add their clearances up."""
    roles = {
        "trusted": {"clearance": "sealed"},
        "support": {"clearance": "internal", "grants": [granting("id", "log")]},
    }
    made = house(FAMILIES, roles, {"maya": ["trusted", "support"]})
    assert made.caller().families("read", "t") == {"log"}


@pytest.mark.rule("2e")
def test_access_is_the_union_of_what_roles_give(house: Any) -> None:
    roles = {
        "one": {"clearance": "personal", "grants": [granting("prof")]},
        "two": {"clearance": "sensitive", "grants": [granting("id"), granting("prof", actions=["write"])]},
    }
    made = house(FAMILIES, roles, {"maya": ["one", "two"]})
    assert made.caller().families("read", "t") == {"prof", "id"}
    assert made.caller().families("write", "t") == {"prof"}
    assert made.allows("read", "t", "prof", "id")
    assert not made.allows("write", "t", "prof", "id")


@pytest.mark.rule("2d")
@pytest.mark.parametrize(
    ("restriction", "left"),
    [
        ({"families": ["prof"]}, {"t": {"id"}, "u": {"id"}}),
        ({"table": "t", "families": ["prof"]}, {"t": {"id"}, "u": {"prof", "id"}}),
        ({"table": "t"}, {"t": set(), "u": {"prof", "id"}}),
        ({"table": "u", "at_or_below": "personal"}, {"t": {"prof", "id"}, "u": {"id"}}),
        ({"actions": ["write"]}, {"t": {"prof", "id"}, "u": {"prof", "id"}}),
        ({"actions": ["read"]}, {"t": set(), "u": set()}),
        ({"purposes": ["service"]}, {"t": {"prof", "id"}, "u": {"prof", "id"}}),
        ({"purposes": ["support"]}, {"t": set(), "u": set()}),
        ({}, {"t": set(), "u": set()}),
    ],
    ids=partial(json.dumps, default=sorted),  # a name that is the same in every process
)
def test_a_key_that_a_restriction_leaves_out_means_all(house: Any, restriction: Any, left: dict[str, set[str]]) -> None:
    families = {"t:prof": "personal", "t:id": "sensitive", "u:prof": "personal", "u:id": "sensitive"}
    roles = {
        "support": {
            "clearance": "sealed",
            "grants": [granting("prof", "id"), granting("prof", "id", table="u")],
            "restrictions": [restriction],
        }
    }
    made = house(families, roles, {"maya": ["support"]})
    assert {table: made.caller().families("read", table) for table in "tu"} == left


@pytest.mark.rule("2d")
def test_a_restriction_counts_whatever_the_clearances(house: Any) -> None:
    """It is inherited by way of roles that are cleared for nothing, and beats grants of other roles."""
    roles = {
        "support": {"clearance": "sealed", "inherits": ["low"], "grants": [granting("id", "prof")]},
        "low": {"clearance": "public", "inherits": ["lower"]},
        "lower": {"clearance": "public", "restrictions": [{"families": ["id"]}]},
        "other": {"clearance": "sealed", "grants": [granting("id")]},
    }
    made = house(FAMILIES, roles, {"maya": ["support", "other"], "tom": ["other"]})
    assert made.caller().families("read", "t") == {"prof"}
    assert made.caller("tom").families("read", "t") == {"id"}


@pytest.mark.rule("2d")
def test_a_restriction_reaches_families_that_come_later(house: Any) -> None:
    roles = {
        "support": {
            "clearance": "sealed",
            "grants": [{"at_or_below": "sealed"}],
            "restrictions": [{"actions": ["read"]}],
        }
    }
    made = house(FAMILIES, roles, {"maya": ["support"]})
    caller = made.caller()
    made.publish({**FAMILIES, "t:new": "public", "s:new": "public"}, roles, {"maya": ["support"]})
    assert caller.families("read", "t") == frozenset()


@pytest.mark.rule("2a")
def test_a_purpose_must_be_in_the_grant_and_in_the_familys_own_list(house: Any) -> None:
    families = {
        "t:both": "public",
        "t:service": {"level": "public", "purposes": ["service"]},
        "t:none": {"level": "public", "purposes": []},
    }
    grants = [granting("both", "service", "none"), granting("both", purposes=["service"], actions=["write"])]
    made = house(families, {"r": {"clearance": "sealed", "grants": grants}}, {"maya": ["r"]})
    assert made.caller(purpose="support").families("read", "t") == {"both"}
    assert made.caller(purpose="service").families("read", "t") == {"both", "service"}
    assert made.caller(purpose="support").families("write", "t") == frozenset()
    assert made.caller(purpose="service").families("write", "t") == {"both"}


@pytest.mark.rule("2d")
def test_a_wildcard_restricts_every_purpose_below_a_word(house: Any) -> None:
    purposes = ("marketing.mail", "marketing.web.ads", "marketing", "marketingx")
    roles = {
        "r": {"clearance": "sealed", "grants": [granting("prof")], "restrictions": [{"purposes": ["marketing.*"]}]}
    }
    made = house(FAMILIES, roles, {"maya": ["r"]}, purposes=purposes)
    allowed = {purpose for purpose in purposes if made.allows("read", "t", "prof", purpose=purpose)}
    assert allowed == {"marketing", "marketingx"}


@pytest.mark.rule("8a", "8b")
@pytest.mark.parametrize("where", ["grant", "assignment", "both"])
def test_a_window_holds_its_first_instant_and_not_its_last(house: Any, where: str) -> None:
    window = {"from": 60, "until": 120}
    grant = granting("prof", **(window if where != "assignment" else {}))
    role = {"role": "r", **window} if where != "grant" else "r"
    made = house(FAMILIES, {"r": {"clearance": "sealed", "grants": [grant]}}, {"maya": [role]})
    held = made.caller()
    for edge, before, after in ((60, False, True), (120, True, False)):
        for step, expected in ((-1, before), (0, after), (1, after)):
            made.wait(edge)
            made.now += step
            assert made.allows("read", "t", "prof") is held.allows("read", "t", "prof") is expected


@pytest.mark.rule("2a", "2d", "8a", "8b")
def test_a_held_caller_follows_the_clock(house: Any) -> None:
    roles = {
        "r": {
            "clearance": "sealed",
            "grants": [granting("prof", until=60), granting("id", **{"from": 30, "until": 90})],
            "restrictions": [{"families": ["log"], "until": 45}, {"families": ["id"], "from": 75}],
        },
        "s": {"clearance": "sealed", "grants": [granting("log")]},
    }
    made = house(FAMILIES, roles, {"maya": ["r", {"role": "s", "from": 15, "until": 100}]})
    caller = made.caller()
    seen = []
    for second in range(0, 120, 5):
        made.wait(second)
        names = "".join(sorted(name[0] for name in caller.families("read", "t")))
        assert [caller.allows("read", "t", name) for name in ("id", "log", "prof")] == [c in names for c in "ilp"]
        if not seen or seen[-1][1] != names:
            seen.append((second, names))
    assert seen == [(0, "p"), (30, "ip"), (45, "ilp"), (60, "il"), (75, "l"), (100, "")]


@pytest.mark.rule("2d", "8a", "8b")
def test_a_restriction_that_ends_widens(house: Any) -> None:
    roles = {
        "r": {
            "clearance": "sealed",
            "grants": [granting("prof")],
            "restrictions": [{"families": ["prof"], "until": 60}],
        }
    }
    made = house(FAMILIES, roles, {"maya": ["r"]})
    caller = made.caller()
    assert not caller.allows("read", "t", "prof")
    made.wait(60)
    made.now -= 1
    assert not caller.allows("read", "t", "prof")
    made.now += 1
    assert caller.allows("read", "t", "prof")


@pytest.mark.rule("2d", "8b")
def test_an_assignment_that_ends_takes_its_restriction_along(house: Any) -> None:
    roles = {
        "probation": {"clearance": "public", "restrictions": [{"families": ["prof"]}]},
        "r": {"clearance": "sealed", "grants": [granting("prof")]},
    }
    made = house(FAMILIES, roles, {"maya": [{"role": "probation", "until": 60}, "r"]})
    caller = made.caller()
    assert not caller.allows("read", "t", "prof")
    made.wait(60)
    assert caller.allows("read", "t", "prof")


@pytest.mark.rule("2g")
def test_a_role_that_is_held_twice_is_held_in_either_window(house: Any) -> None:
    roles = {"r": {"clearance": "sealed", "grants": [granting("prof")]}}
    held = [{"role": "r", "until": 60}, {"role": "r", "from": 120, "until": 180}, {"role": "r", "from": 150}]
    made = house(FAMILIES, roles, {"maya": held, "tom": held[::-1]})
    assert made.snapshot.holds("maya") is made.snapshot.holds("tom")
    seen = []
    caller = made.caller()
    for second in (0, 59, 60, 119, 120, 160, 200):
        made.wait(second)
        seen.append(caller.allows("read", "t", "prof"))
    assert seen == [True, True, False, False, True, True, True]


def test_a_role_that_is_held_twice_alike_is_held_once(house: Any) -> None:
    roles = {"r": {"clearance": "sealed", "grants": [granting("prof")]}}
    made = house(FAMILIES, roles, {"maya": [{"role": "r", "until": 60}] * 2, "tom": [{"role": "r", "until": 60}]})
    assert made.snapshot.holds("maya") is made.snapshot.holds("tom")
    assert len(made.snapshot.holds("maya")) == 1


@pytest.mark.rule("2f")
def test_saying_a_thing_twice_or_in_another_order_changes_nothing(house: Any) -> None:
    one = {
        "r": {"clearance": "personal", "inherits": ["s"], "grants": [granting("prof"), granting("log")]},
        "s": {"clearance": "sealed", "grants": [granting("id")], "restrictions": [{"families": ["log"]}]},
    }
    other = {
        "s": {
            "clearance": "sealed",
            "grants": [granting("id"), granting("id", "prof")],
            "restrictions": [{"families": ["log"]}, {"families": ["log"]}],
        },
        "r": {
            "clearance": "personal",
            "inherits": ["s"],
            "grants": [granting("log"), granting("prof"), granting("prof")],
        },
    }
    made = [
        house(FAMILIES, one, {"maya": ["r", "s"]}),
        house(dict(reversed(FAMILIES.items())), other, {"maya": ["s", "r", "r"]}),
    ]
    seen = [each.caller().families("read", "t") for each in made]
    assert seen == [{"prof", "id"}] * 2


@pytest.mark.rule("2a")
def test_a_hierarchy_may_be_deep_and_wide(house: Any) -> None:
    roles: dict[str, Any] = {
        f"r{n}": {"clearance": "sealed", "inherits": [f"r{n + 1}", f"r{min(n + 2, 200)}"]} for n in range(199)
    }
    roles["r199"] = {"clearance": "sealed", "inherits": ["r200"]}
    roles["r200"] = {"clearance": "sealed", "grants": [granting("prof")]}
    made = house(FAMILIES, roles, {"maya": ["r0"]})
    assert made.allows("read", "t", "prof")
    assert len(made.snapshot.reach("r0")) == 201
