"""`expect` and `never` in words: what a line that does not hold is told as."""

from __future__ import annotations

import gc
import sys
import time
from datetime import UTC, datetime
from types import BuiltinFunctionType, FrameType

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
IMPOSSIBLE = "which must be impossible"
NARROW = "narrow what gives it, or add a restriction"


def faults(line):
    with pytest.raises(cfacl.PolicyError) as refused:
        cfacl.Policy.loads(POLICY + line)
    return [str(each) for each in refused.value.faults]


@pytest.mark.rule("13b", "13d")
@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            '[[expect]]\nprincipal = "ann"\npurpose = "work"\nallowed = ["read t:a"]',
            [
                f"expect[0]: `ann` may not `read t:a` for `work` {FROM}, and should; `roles.r.grants[0]` does not count: the rule ended at 2027-01-01T00:00:00+00:00"
            ],
        ),
        (
            '[[expect]]\nprincipal = "ann"\npurpose = "work"\nat = 2026-01-01T00:00:00Z\nrefused = ["read t:a"]',
            [f"expect[0]: `ann` may `read t:a` for `work` {UNTIL}, by `roles.r.grants[0]`, and should not"],
        ),
        (
            '[[expect]]\nprincipal = "ann"\npurpose = "work"\nexact = true\nallowed = ["write t:a"]\nrefused = ["read t:a"]',
            [
                f"expect[0]: `ann` may `read t:a` for `work` {UNTIL}, by `roles.r.grants[0]`, and should not",
                f"expect[0]: `ann` may `read t:b` for `work` {UNTIL}, by `roles.r.grants[0]`, and should not",
            ],
        ),
        (
            '[[never]]\nactions = ["write"]',
            [f"never[0]: `ann` may `write t:a` for `work` {UNTIL}, by `roles.r.grants[1]`, {IMPOSSIBLE}; {NARROW}"],
        ),
        (
            '[[never]]\nfamilies = ["b"]',
            [f"never[0]: `ann` may `read t:b` for `work` {UNTIL}, by `roles.r.grants[0]`, {IMPOSSIBLE}; {NARROW}"],
        ),
    ],
)
def test_a_line_that_does_not_hold_says_who_what_and_when(line, said):
    assert faults(line) == said


def test_a_broken_line_gives_its_own_reason_on_one_line():
    line = '[[never]]\nactions = ["write"]\nwhy = """nobody\n  writes\\u001b `t`"""'
    said = r"which must be impossible (nobody writes\u001b `t`); narrow what gives it, or add a restriction"
    [fault] = faults(line)
    assert fault.endswith(f"by `roles.r.grants[1]`, {said}")


def test_a_broken_line_names_one_of_those_who_break_it_and_counts_the_others():
    more = """
roles.s = { clearance = "public", inherits = ["r"], grants = [
    { table = "t", families = ["a"], actions = ["write"], purposes = ["work"], why = "w" },
    { table = "t", at_or_below = "public", actions = ["write"], purposes = ["work"], why = "w" },
    { table = "t", families = ["a", "b"], actions = ["write"], purposes = ["work"], why = "w" }] }
roles.idle = { clearance = "public" }
principals.eve = { kind = "employee", roles = ["r"] }
principals.ada = { kind = "employee", roles = ["s", { role = "s", until = 2030-01-01T00:00:00Z }] }
principals.bob = { kind = "service", roles = ["r"] }
principals.cat = { kind = "employee", roles = ["idle"] }
"""
    by = ", ".join(f"`roles.s.grants[{i}]`" for i in range(3))
    [fault] = faults(more + '[[never]]\nkinds = ["employee"]\nfamilies = ["a"]\nactions = ["write"]')
    access = f"`ada` may `write t:a` for `work` {UNTIL}"
    assert fault == f"never[0]: {access}, by {by} and 1 more, {IMPOSSIBLE}, and 2 more break this line; {NARROW}"


@pytest.mark.rule("13a", "13b")
def test_a_line_about_roles_is_broken_while_they_are_held():
    more = """
roles.s = { clearance = "public" }
principals.bob = { kind = "service", roles = ["r",
    { role = "s", from = 2020-01-01T00:00:00Z, until = 2021-01-01T00:00:00Z },
    { role = "s", from = 2022-01-01T00:00:00Z, until = 2023-01-01T00:00:00Z },
    { role = "s", from = 2022-06-01T00:00:00Z, until = 2024-01-01T00:00:00Z },
    { role = "s", from = 2028-01-01T00:00:00Z, until = 2029-01-01T00:00:00Z }] }
"""
    line = more + '[[never]]\nroles = ["s"]\nfamilies = ["b"]\nactions = ["%s"]'
    [fault] = faults(line % "read")
    when = "from 2020-01-01T00:00:00+00:00 until 2021-01-01T00:00:00+00:00"
    assert fault == f"never[0]: `bob` may `read t:b` for `work` {when}, by `roles.r.grants[0]`, {IMPOSSIBLE}; {NARROW}"
    assert cfacl.Policy.loads(POLICY + line % "write")
    later = more.replace("2020", "2027").replace("2021", "2028").replace("2022", "2028").replace("2023", "2029")
    assert cfacl.Policy.loads(POLICY + later.replace("2024", "2030") + line.removeprefix(more) % "read")


@pytest.mark.parametrize(
    ("more", "access", "lack"),
    [
        ("", "read t:c", "no role that it holds has a grant of that"),
        (
            'restrictions = [{ families = ["b"] }], ',
            "read t:b",
            "`roles.r.restrictions[0]` takes it away",
        ),
    ],
)
def test_what_should_be_allowed_and_is_not_says_what_is_missing(more, access, lack):
    text = POLICY.replace("roles.r = { ", f"roles.r = {{ {more}")
    text += 'tables.t.families.c = { level = "public", purposes = ["work"] }\n'
    with pytest.raises(cfacl.PolicyError) as refused:
        cfacl.Policy.loads(f'{text}[[expect]]\nprincipal = "ann"\npurpose = "work"\nallowed = ["{access}"]')
    assert refused.value.faults[0].message.endswith(f"and should; {lack}")


@pytest.mark.rule("13b", "13d")
@pytest.mark.parametrize(
    "line",
    [
        '[[expect]]\nprincipal = "ann"\npurpose = "work"\nat = 2027-01-01T00:00:00Z\nallowed = ["write t:a"]\nrefused = ["read t:a"]\nexact = true',
        '[[never]]\nfamilies = ["b"]\nactions = ["write"]',
    ],
)
def test_a_line_that_holds_lets_the_policy_load(line):
    assert cfacl.Policy.loads(POLICY + line)


@pytest.mark.rule("13a", "13b")
@pytest.mark.parametrize(
    ("restriction", "window", "holds"),
    [
        ("{}", "", True),
        ('{ table = "t", families = ["b"], actions = ["read"] }', "", True),
        ('{ families = ["a"] }', "", False),
        ('{ actions = ["write"] }', "", False),
        ("{}", ", until = 2026-01-01T00:00:00Z", False),
        ("{}", ", until = 2027-01-01T00:00:00Z", True),
    ],
)
@pytest.mark.parametrize("role", ["s", "below"])
def test_a_line_holds_where_another_role_that_is_held_takes_it_away(role, restriction, window, holds):
    text = f"""{POLICY.replace('roles = ["r"]', f'roles = ["r", {{ role = "{role}"{window} }}]')}
roles.s = {{ clearance = "public", restrictions = [{restriction}] }}
roles.below = {{ clearance = "public", inherits = ["s"] }}
[[never]]
families = ["b"]
"""
    if holds:
        assert cfacl.Policy.loads(text)
    else:
        with pytest.raises(cfacl.PolicyError, match="`ann` may `read t:b`"):
            cfacl.Policy.loads(text)


def clocks_read_by(use):
    """The functions that read a clock, of those that Python calls on the way."""
    read = []

    def watch(frame: FrameType, event: str, function: BuiltinFunctionType) -> None:
        if event == "c_call" and (function.__module__ == "time" or function.__name__ in ("now", "today", "utcnow")):
            read.append(function.__name__)

    gc.disable()  # who watches the collector, as Hypothesis does, times it
    sys.setprofile(watch)
    try:
        use()
    finally:
        sys.setprofile(None)
        gc.enable()
    return read


@pytest.mark.rule("13e")
def test_loading_reads_no_clock():
    lines = """
[[expect]]
principal = "ann"
purpose = "work"
allowed = ["write t:a"]
[[never]]
families = ["b"]
actions = ["write"]
"""
    cfacl.Policy.loads(POLICY)  # what is imported by the first may do as it likes
    assert clocks_read_by(lambda: cfacl.Policy.loads(POLICY + lines)) == []
    assert clocks_read_by(lambda: (datetime.now(UTC), time.time_ns())) == ["now", "time_ns"]
