"""Beside a difference stand the grants that give it: those of its time, of its action, and of the holder's roles."""

from __future__ import annotations

from datetime import UTC, datetime

import cfacl
from cfacl.policy.difference.grounds import Ground, Grounds

POLICY = """
policy = { name = "p", purposes = ["work", "play"] }
tables.t.families.a = { level = "public", purposes = ["work", "play"] }
tables.t.families.b = { level = "sealed", purposes = ["work"] }
[roles.base]
clearance = "sealed"
grants = [
    { table = "t", at_or_below = "sealed", actions = ["read"], purposes = ["work", "play"], why = "first", until = 2027-01-01T00:00:00Z },
    { table = "t", families = ["a"], actions = ["read"], purposes = ["work"], why = "second", from = 2027-01-01T00:00:00Z },
    { table = "t", families = ["a"], actions = ["write"], purposes = ["work"], why = "another action" },
    { table = "t", families = ["a"], actions = ["read"], purposes = ["play"], why = "another purpose" },
    { table = "t", families = ["b"], actions = ["read"], purposes = ["work"], why = "another family" },
]
[roles.r]
clearance = "public"
inherits = ["base"]
restrictions = [{ families = ["b"] }]
[principals]
ann = { kind = "employee", roles = ["r", { role = "r", until = 2026-01-01T00:00:00Z }] }
bob = { kind = "employee", roles = [{ role = "base", from = 2028-01-01T00:00:00Z }] }
"""
YEAR = {n: datetime(n, 1, 1, tzinfo=UTC) for n in (2026, 2027, 2028)}


def grounds(principal="ann", since=None, until=None):
    change = cfacl.Change(principal, "t", "a", "read", "work", True, since, until)
    return Grounds(cfacl.Policy.loads(POLICY)).of(change)


def test_a_ground_is_a_grant_with_the_way_by_which_it_comes_and_stands_once():
    assert grounds(until=YEAR[2027]) == (
        Ground("roles.base.grants[0]", ("r", "base"), "first", ("play", "work"), None, YEAR[2027]),
    )


def test_all_grants_of_the_time_are_told_and_no_others():
    assert [each.why for each in grounds()] == ["first", "second"]
    assert [each.why for each in grounds(since=YEAR[2027])] == ["second"]
    assert [each.why for each in grounds(since=YEAR[2026], until=YEAR[2028])] == ["first", "second"]


def test_a_role_counts_while_it_is_held():
    assert [(each.why, each.roles) for each in grounds("bob")] == [("second", ("base",))]
    assert grounds("bob", until=YEAR[2028]) == ()
