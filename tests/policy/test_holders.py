"""Who holds roles at an instant: assignments that ended or are to come count for nothing, and twice the same is told once."""

from __future__ import annotations

from datetime import UTC, datetime

import attrs

import cfacl
from cfacl.policy.holders import holders
from cfacl.policy.matrix import matrix

AT = datetime(2026, 6, 1, tzinfo=UTC)
GRANT = '{{ table = "t", families = ["a"], actions = ["read"], purposes = ["work"], why = "{}" }}'
POLICY = cfacl.Policy.loads(f"""
policy = {{ name = "p", purposes = ["work"] }}
tables.t.families.a = {{ level = "public", purposes = ["work"] }}
roles.r = {{ clearance = "public", grants = [{GRANT.format("one")}] }}
roles.s = {{ clearance = "public", grants = [{GRANT.format("two")}] }}

[principals]
ann = {{ kind = "employee", roles = ["r", {{ role = "s", until = 2026-01-01T00:00:00Z }}] }}
bob = {{ kind = "employee", roles = [{{ role = "s", from = 2027-01-01T00:00:00Z }}] }}
cid = {{ kind = "employee", roles = ["r", {{ role = "r", until = 2027-01-01T00:00:00Z }}] }}
""")


def test_only_what_is_held_at_the_instant_counts():
    ann, bob, cid = holders(POLICY, matrix(POLICY, AT))
    assert [each.roles for each in ann.holdings] == [("r",)]
    assert [each.path for each in ann.parts[0][2][0].via] == ["roles.r.grants[0]"]
    assert (bob.principals, bob.holdings, bob.parts) == (("bob",), (), ())
    assert sorted(each.until or AT for each in cid.holdings) == [AT, datetime(2027, 1, 1, tzinfo=UTC)]
    assert [each.path for each in cid.parts[0][2][0].via] == ["roles.r.grants[0]"]


def test_who_holds_the_same_stands_together():
    alike = POLICY.principals | {"dan": cfacl.Policy.loads(POLICY.dumps().replace("ann", "dan")).principals["dan"]}
    policy = attrs.evolve(POLICY, principals=alike)
    assert holders(policy, matrix(policy, AT))[0].principals == ("ann", "dan")
