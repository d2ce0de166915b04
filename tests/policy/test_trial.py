"""Which grants a policy's own lines test: those without which a line would fail, and no others."""

from __future__ import annotations

from copy import deepcopy

import tomli_w
from hypothesis import event, given
from hypothesis import strategies as st

from cfacl.policy.document.reader import read
from cfacl.policy.faults import path
from cfacl.policy.trial import trial
from cfacl.testing import strategies

POLICY = """
policy = { name = "p", purposes = ["work"] }
tables.t.families.a = { level = "public", purposes = ["work"] }
principals.ann = { kind = "employee", roles = ["r"] }
expect = [{ principal = "ann", purpose = "work", allowed = ["read t:a"] }]
[roles.r]
clearance = "public"
grants = [
    { table = "t", families = ["a"], actions = ["read"], purposes = ["work"], until = 2027-01-01T00:00:00Z, why = "w" },
    { table = "t", families = ["a"], actions = ["read"], purposes = ["work"], from = 2026-01-01T00:00:00Z, why = "w" },
    { table = "t", families = ["a"], actions = ["read"], purposes = ["work"], from = 2026-03-01T00:00:00Z, until = 2026-04-01T00:00:00Z, why = "w" },
    { table = "t", families = ["a"], actions = ["write"], purposes = ["work"], why = "w" },
]
"""


def told(text):
    return [(each.exercised, each.tested) for each in trial(read(text)).grants]


def test_a_grant_that_only_helps_another_is_exercised_and_not_tested():
    assert told(POLICY) == [(True, True), (True, True), (True, False), (False, False)]
    at = POLICY.replace('allowed = ["read t:a"]', 'allowed = ["read t:a"], at = 2025-03-01T00:00:00Z')
    assert told(at) == [(True, True), (False, False), (False, False), (False, False)]


def test_a_line_that_fails_tests_nothing():
    failing = POLICY.replace('allowed = ["read t:a"]', 'allowed = ["read t:a"], refused = ["write t:a"]')
    assert told(failing) == [(False, False)] * 4
    assert not trial(read(failing)).holds


@given(data=st.data())
def test_a_grant_is_tested_exactly_where_the_lines_do_not_hold_without_it(data):
    document = data.draw(strategies.documents(max_tables=2, max_families=3, max_principals=3))
    document["expect"] = data.draw(st.lists(strategies.expect_lines(document), max_size=4))
    document["never"] = data.draw(st.lists(strategies.never_lines(document), max_size=1))
    tried = trial(read(tomli_w.dumps(document)))
    held = {each.path for each in tried.lines if each.holds}
    paths = []
    tested = {each.path: each.tested for each in tried.grants}
    for name, role in document["roles"].items():
        for number in range(len(role.get("grants", []))):
            without = deepcopy(document)
            del without["roles"][name]["grants"][number]
            left = {each.path for each in trial(read(tomli_w.dumps(without))).lines if each.holds}
            paths.append(path(("roles", name, "grants", number), shown=1000))
            event(f"tested {tested[paths[-1]]}")
            assert tested[paths[-1]] == bool(held - left)
    assert sorted(paths) == sorted(tested)
