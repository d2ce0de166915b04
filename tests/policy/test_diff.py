"""`diff` tells who gains and who loses what, and when: access, not lines."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

import cfacl

BASE = """
policy = {{ name = "p", purposes = ["work", "play"] }}
tables.t.families.a = {{ level = "{level}", purposes = ["work", "play"] }}
tables.t.families.b = {{ level = "public", purposes = ["work"] }}
[roles.r]
clearance = "internal"
grants = [{grants}]
restrictions = [{restrictions}]
[principals]
{principals}
"""
GRANT = '{ table = "t", at_or_below = "internal", actions = ["read"], purposes = ["work"], why = "w"%s }'
ANN = 'ann = { kind = "employee", roles = ["r"] }'
YEAR = {n: datetime(n, 1, 1, tzinfo=UTC) for n in range(2026, 2031)}


def policy(grants=GRANT % "", restrictions="", principals=ANN, level="internal"):
    text = BASE.format(grants=grants, restrictions=restrictions, principals=principals, level=level)
    return cfacl.Policy.loads(text)


def told(old, new):
    return [
        (each.principal, each.family, each.action, each.purpose, each.gains, each.since, each.until)
        for each in cfacl.diff(old, new)
    ]


@pytest.mark.rule(6)
def test_equal_access_is_no_difference_however_it_is_written():
    split = f"{GRANT % ', until = 2027-01-01T00:00:00Z'}, {GRANT % ', from = 2027-01-01T00:00:00Z'}"
    assert told(policy(), policy()) == []
    assert told(policy(), policy(grants=split)) == []
    assert told(policy(grants=split), policy()) == []


@pytest.mark.rule(6)
def test_lowering_a_level_lists_who_gains_and_raising_it_who_loses():
    low, high = policy(), policy(level="sensitive")
    assert told(high, low) == [("ann", "a", "read", "work", True, None, None)]
    assert told(low, high) == [("ann", "a", "read", "work", False, None, None)]


def test_a_window_is_lost_before_and_after_it():
    window = GRANT % ", from = 2027-01-01T00:00:00Z, until = 2028-01-01T00:00:00Z"
    for_b = [each for each in told(policy(), policy(grants=window)) if each[1] == "b"]
    assert for_b == [
        ("ann", "b", "read", "work", False, None, YEAR[2027]),
        ("ann", "b", "read", "work", False, YEAR[2028], None),
    ]


def test_a_restriction_cuts_a_stretch_out_and_a_neighbour_that_changes_for_another_family_is_joined():
    ends = '{ table = "t", families = ["a"], from = 2027-01-01T00:00:00Z, until = 2028-01-01T00:00:00Z }'
    assert told(policy(), policy(restrictions=ends)) == [("ann", "a", "read", "work", False, YEAR[2027], YEAR[2028])]
    moved = ends.replace("2028", "2029")
    both = f'{moved}, {{ table = "t", families = ["b"] }}'
    assert told(policy(restrictions=ends), policy(restrictions=both)) == [
        ("ann", "a", "read", "work", False, YEAR[2028], YEAR[2029]),
        ("ann", "b", "read", "work", False, None, None),
    ]


def test_people_tables_families_and_purposes_that_come_or_go():
    bob = f'{ANN}\nbob = {{ kind = "employee", roles = ["r"] }}'
    assert told(policy(), policy(principals=bob)) == [
        ("bob", family, "read", "work", True, None, None) for family in ("a", "b")
    ]
    assert told(policy(principals=bob), policy()) == [
        ("bob", family, "read", "work", False, None, None) for family in ("a", "b")
    ]
    nothing = cfacl.Policy.loads('policy = { name = "p", purposes = [] }')
    assert told(nothing, policy()) == [("ann", family, "read", "work", True, None, None) for family in ("a", "b")]
    assert told(policy(), nothing) == [("ann", family, "read", "work", False, None, None) for family in ("a", "b")]
