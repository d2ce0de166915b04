"""`expect` and `never` in words: what a line that does not hold is told as."""

from __future__ import annotations

import pytest

import cfacl

POLICY = """
policy = { name = "p", purposes = ["work"] }
tables.t.families.a = { level = "public", purposes = ["work"] }
tables.t.families.b = { level = "public", purposes = ["work"] }
roles.r = { clearance = "public", grants = [
    { table = "t", families = ["a", "b"], actions = ["read"], purposes = ["work"], until = 2027-01-01T00:00:00Z, why = "w" },
    { table = "t", families = ["a"], actions = ["write"], purposes = ["work"], why = "w" }] }
principals.ann = { kind = "employee", roles = ["r"] }
"""
UNTIL = "until 2027-01-01T00:00:00+00:00"
FROM = "from 2027-01-01T00:00:00+00:00"


def faults(line):
    with pytest.raises(cfacl.PolicyError) as refused:
        cfacl.Policy.loads(POLICY + line)
    return [str(each) for each in refused.value.faults]


@pytest.mark.rule(13)
@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            '[[expect]]\nprincipal = "ann"\npurpose = "work"\nallowed = ["read t:a"]',
            [f"expect[0]: `ann` may not `read t:a` for `work` {FROM}, and should"],
        ),
        (
            '[[expect]]\nprincipal = "ann"\npurpose = "work"\nat = 2026-01-01T00:00:00Z\nrefused = ["read t:a"]',
            [f"expect[0]: `ann` may `read t:a` for `work` {UNTIL}, and should not"],
        ),
        (
            '[[expect]]\nprincipal = "ann"\npurpose = "work"\nexact = true\nallowed = ["write t:a"]\nrefused = ["read t:a"]',
            [
                f"expect[0]: `ann` may `read t:a` for `work` {UNTIL}, and should not",
                f"expect[0]: `ann` may `read t:b` for `work` {UNTIL}, and should not",
            ],
        ),
        (
            '[[never]]\nactions = ["write"]',
            [f"never[0]: `ann` may `write t:a` for `work` {UNTIL}, which must be impossible"],
        ),
        (
            '[[never]]\nfamilies = ["b"]',
            [f"never[0]: `ann` may `read t:b` for `work` {UNTIL}, which must be impossible"],
        ),
    ],
)
def test_a_line_that_does_not_hold_says_who_what_and_when(line, said):
    assert faults(line) == said


@pytest.mark.rule(13)
@pytest.mark.parametrize(
    "line",
    [
        '[[expect]]\nprincipal = "ann"\npurpose = "work"\nat = 2027-01-01T00:00:00Z\nallowed = ["write t:a"]\nrefused = ["read t:a"]\nexact = true',
        '[[never]]\nfamilies = ["b"]\nactions = ["write"]',
    ],
)
def test_a_line_that_holds_lets_the_policy_load(line):
    assert cfacl.Policy.loads(POLICY + line)
