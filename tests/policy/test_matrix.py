"""The matrix tells each stretch of time by itself, and families that have the same rights together."""

from __future__ import annotations

from datetime import UTC, datetime

import cfacl
from cfacl.policy.matrix import Matrix, matrix

GRANT = '{{ table = "t", families = ["{}"], actions = ["read"], purposes = ["work"], why = "w"{} }}'
YEAR = {n: datetime(n, 1, 1, tzinfo=UTC) for n in range(2025, 2029)}


def found(*grants, restrictions="") -> Matrix:
    families = "\n".join(f'tables.t.families.{name} = {{ level = "public", purposes = ["work"] }}' for name in "abc")
    text = f"""
policy = {{ name = "p", purposes = ["work"] }}
{families}
[roles.r]
clearance = "public"
grants = [{", ".join(grants)}]
restrictions = [{restrictions}]
"""
    return matrix(cfacl.Policy.loads(text), YEAR[2026])


def told(matrix):
    return [(*part.families, each.since, each.until) for part in matrix.parts for each in part.rights]


def test_families_of_different_times_are_told_apart():
    one = GRANT.format("a", ", from = 2026-01-01T00:00:00Z")
    other = GRANT.format("b", ", until = 2027-01-01T00:00:00Z")
    assert told(found(one, other)) == [("a", YEAR[2026], None), ("b", None, YEAR[2027])]
    assert told(found(one, GRANT.format("b", ", from = 2026-01-01T00:00:00Z"))) == [
        ("a", YEAR[2026], None),
        ("b", YEAR[2026], None),
    ]


def test_families_of_one_grant_are_told_together():
    assert told(found(GRANT.format('a", "c", "b', ""))) == [("a", "b", "c", None, None)]
    split = '{ families = ["c"], from = 2028-01-01T00:00:00Z }'
    assert told(found(GRANT.format('a", "c", "b', ""), restrictions=split)) == [
        ("a", "b", None, None),
        ("c", None, YEAR[2028]),
    ]


def test_stretches_that_touch_are_one_and_name_what_counts_now():
    first = GRANT.format("a", ", until = 2026-06-01T00:00:00Z").replace('"w"', '"first"')
    then = GRANT.format("a", ", from = 2026-06-01T00:00:00Z, until = 2028-01-01T00:00:00Z")
    [part] = found(first, then).parts
    [right] = part.rights
    assert (right.since, right.until) == (None, YEAR[2028])
    assert [each.why for each in right.via] == ["first"]
    assert part.actions == ("read",)


def test_what_is_taken_away_or_not_yet_given_is_not_there():
    assert told(found(GRANT.format("a", ""), restrictions='{ families = ["a"] }')) == []
    assert told(found(GRANT.format("a", ", from = 2026-01-02T00:00:00Z"))) == []
    assert found().roles[0].name == "r"
    assert [family.name for _, family in found().families] == ["a", "b", "c"]
