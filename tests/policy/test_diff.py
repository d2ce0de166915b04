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


@pytest.mark.rule("6c")
def test_equal_access_is_no_difference_however_it_is_written():
    split = f"{GRANT % ', until = 2027-01-01T00:00:00Z'}, {GRANT % ', from = 2027-01-01T00:00:00Z'}"
    assert told(policy(), policy()) == []
    assert told(policy(), policy(grants=split)) == []
    assert told(policy(grants=split), policy()) == []


@pytest.mark.rule("6c")
def test_lowering_a_level_lists_who_gains_and_raising_it_who_loses():
    low, high = policy(), policy(level="sensitive")
    assert told(high, low) == [("ann", "a", "read", "work", True, None, None)]
    assert told(low, high) == [("ann", "a", "read", "work", False, None, None)]


def columns_told(before, after, grants=GRANT % ""):
    """What changes for ann when family `b` declares other columns: by columns and but, `None` for any column."""

    def declaring(columns):
        said = "" if columns is None else f"columns = {columns}, "
        text = BASE.format(grants=grants, restrictions="", principals=ANN, level="internal")
        return cfacl.Policy.loads(text.replace("b = { ", f"b = {{ {said}"))

    return [
        (each.principal, each.family, each.action, each.gains, each.since, each.until, each.columns, each.but)
        for each in cfacl.diff(declaring(before), declaring(after))
    ]


@pytest.mark.rule("6c")
def test_declaring_other_columns_lists_who_gains_and_who_loses_which():
    row = ("ann", "b", "read")
    gains, loses = (*row, True, None, None), (*row, False, None, None)
    assert columns_told(["x"], ["x"]) == columns_told(None, None) == []
    assert columns_told(["x"], ["z", "x", "y"]) == [(*gains, (b"y", b"z"), ())]
    assert columns_told(["x", "y"], ["x"]) == [(*loses, (b"y",), ())]
    assert columns_told(["x", "ü"], ["x", ""]) == [(*gains, (b"",), ()), (*loses, ("ü".encode(),), ())]
    assert columns_told(["y", "x"], None) == [(*gains, None, (b"x", b"y"))]
    assert columns_told(None, ["x"]) == [(*loses, None, (b"x",))]


@pytest.mark.rule("6c")
def test_columns_are_gained_at_the_windows_of_the_access_and_by_who_names_columns():
    window = GRANT.replace('"read"', '"write", "admin"') % ", from = 2027-01-01T00:00:00Z, until = 2028-01-01T00:00:00Z"
    assert columns_told(["x"], ["x", "y"], window) == [("ann", "b", "write", True, YEAR[2027], YEAR[2028], (b"y",), ())]
    assert columns_told(["x"], ["x", "y"], "") == []


@pytest.mark.rule("6c")
def test_where_access_begins_or_ends_all_columns_of_the_family_are_meant():
    def one(columns, window):
        text = BASE.format(grants=GRANT % window, restrictions="", principals=ANN, level="sensitive")
        return cfacl.Policy.loads(text.replace("b = { ", f"b = {{ columns = {columns}, "))

    old = one(["x"], ", until = 2028-01-01T00:00:00Z")
    new = one(["x", "y"], ", from = 2027-01-01T00:00:00Z, until = 2029-01-01T00:00:00Z")
    assert [each[5:] for each in cfacl.diff(old, new)] == [
        (True, YEAR[2027], YEAR[2028], (b"y",), ()),
        (True, YEAR[2028], YEAR[2029], None, ()),
        (False, None, YEAR[2027], None, ()),
    ]


@pytest.mark.rule("6c")
def test_how_much_is_kept_is_outside():
    kept = BASE.replace("b = {{ ", 'b = {{ versions = 3, time_to_live = "1d", ')
    text = kept.format(grants=GRANT % "", restrictions="", principals=ANN, level="internal")
    assert cfacl.diff(policy(), cfacl.Policy.loads(text)) == []


@pytest.mark.parametrize("pair", [(policy(), "new.toml"), (None, policy())], ids=["new", "old"])
def test_what_is_no_policy_is_refused(pair):
    with pytest.raises(cfacl.RequestError, match=r"is no policy; load it with `Policy.load` or `Policy.loads`"):
        cfacl.diff(*pair)


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
