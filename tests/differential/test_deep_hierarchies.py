"""Inheritance that is too long or has too many paths to walk one by one; what must come out is known beforehand."""

from __future__ import annotations

import pytest

LAYERS = 60


def document(roles):
    return {
        "policy": {"name": "deep", "levels": ["low", "high"], "purposes": ["work"]},
        "tables": {"t": {"families": {each: {"level": each, "purposes": ["work"]} for each in ("low", "high")}}},
        "roles": roles,
        "principals": {"maya": {"kind": "employee", "roles": [next(iter(roles))]}},
    }


def role(clearance, parents=()):
    return {"clearance": clearance, "inherits": list(parents), "grants": []}


def grant():
    return {"table": "t", "families": ["low", "high"], "actions": ["read"], "purposes": ["work"], "why": "because"}


def granted(world_of, roles):
    db = world_of(document(roles)).db
    families = db.session("maya", purpose="work").families("read", "t")
    assert {each.family for each in db.what("maya")} == families
    assert {family for family in ("low", "high") if db.who("read", "t", family)} == families
    return families


def ladder(blocked=None):
    """Layers of two roles, of which each inherits both of the next: 2 ** LAYERS paths, one of them cleared all along."""
    roles = {"top": role("high", ["cleared 0", "not cleared 0"])}
    for layer in range(LAYERS):
        below = [f"{kind} {layer + 1}" for kind in ("cleared", "not cleared")] if layer + 1 < LAYERS else ["end"]
        roles[f"cleared {layer}"] = role("low" if layer == blocked else "high", below)
        roles[f"not cleared {layer}"] = role("low", below)
    roles["end"] = role("high") | {"grants": [grant()]}
    return roles


@pytest.mark.rule("2a")
def test_one_cleared_path_among_very_many_suffices(world_of):
    assert granted(world_of, ladder()) == {"low", "high"}


@pytest.mark.rule("2a")
@pytest.mark.parametrize("blocked", [0, LAYERS // 2, LAYERS - 1])
def test_no_path_is_cleared_where_one_layer_is_not(world_of, blocked):
    assert granted(world_of, ladder(blocked)) == {"low"}


@pytest.mark.rule("2d")
def test_a_restriction_is_reached_through_very_many_paths(world_of):
    roles = ladder()
    roles["end"]["restrictions"] = [{"families": ["high"]}]
    assert granted(world_of, roles) == {"low"}


@pytest.mark.rule("2a")
@pytest.mark.parametrize("blocked", [None, *(pytest.param(each, marks=pytest.mark.slow) for each in (0, 2_500, 4_999))])
def test_a_chain_of_five_thousand_roles_is_followed_to_its_end(world_of, blocked):
    length = 5_000
    roles = {
        f"r{number}": role("low" if number == blocked else "high", [f"r{number + 1}"] if number + 1 < length else [])
        for number in range(length)
    }
    roles[f"r{length - 1}"]["grants"] = [grant()]
    assert granted(world_of, roles) == ({"low", "high"} if blocked is None else {"low"})
