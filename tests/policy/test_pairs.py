"""From pairs of a user and a permission to a policy."""

from __future__ import annotations

import string
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfacl.errors import Fault, PolicyError, RequestError
from cfacl.model.names import is_identifier, is_subject
from cfacl.policy.listings.pairs import policy_from_pairs, read_pairs
from cfacl.policy.policy import Policy
from cfacl.testing.oracle import Oracle

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PAIRS = [("maya", "read.mail"), ("sam", "7"), ("maya", "7"), ("eve", "7"), ("sam", "read.mail"), ("sam", "7")]


def access_of(policy: Policy, table: str = "resources") -> set[tuple[str, str]]:
    """Who may do what by the oracle, which must be to read under the one purpose."""
    oracle = Oracle(tomllib.loads(policy.dumps()))
    every = {(user, *each) for user in policy.principals for each in oracle.what(user, NOW)}
    assert {(found, action, purpose) for _, found, _, action, purpose in every} == {(table, "read", "work")}
    return {(user, family) for user, _, family, _, _ in every}


def faults_of(pairs: list[tuple[str, str]]) -> tuple[Fault, ...]:
    with pytest.raises(PolicyError) as caught:
        policy_from_pairs(pairs)
    return caught.value.faults


def test_users_with_equal_permissions_share_a_role() -> None:
    policy = policy_from_pairs(PAIRS)
    assert {name: role.grants[0].families for name, role in policy.roles.items()} == {
        "set-1": frozenset({"7"}),
        "set-2": frozenset({"7", "read.mail"}),
    }
    assert {name: [each.role for each in who.assignments] for name, who in policy.principals.items()} == {
        "eve": ["set-1"],
        "maya": ["set-2"],
        "sam": ["set-2"],
    }
    assert {who.kind for who in policy.principals.values()} == {"employee"}
    assert list(policy.catalog.tables) == ["resources"]
    assert policy.name == "imported"


def test_access_is_the_pairs_no_more_and_no_less() -> None:
    assert access_of(policy_from_pairs(PAIRS)) == set(PAIRS)


def test_table_and_policy_are_called_as_asked() -> None:
    policy = policy_from_pairs(PAIRS, table="mail", name="from the old system")
    assert access_of(policy, "mail") == set(PAIRS)
    assert policy.name == "from the old system"


#: Of characters that such names may have, so that hardly any is thrown away.
subjects = st.text([chr(code) for code in range(32, 127) if chr(code) != "`"], min_size=1, max_size=3)
identifiers = st.text(string.ascii_letters + string.digits + "_.-", min_size=1, max_size=3)


@given(
    st.lists(st.tuples(subjects.filter(is_subject), identifiers.filter(is_identifier)), min_size=1, max_size=12),
    st.data(),
)
def test_any_pairs_read_back_equal_in_any_order(pairs: list[tuple[str, str]], data: st.DataObject) -> None:
    policy = policy_from_pairs(pairs)
    assert Policy.loads(policy.dumps()) == policy
    assert access_of(policy) == set(pairs)
    assert policy_from_pairs(data.draw(st.permutations(pairs))).dumps() == policy.dumps()


def test_there_is_nothing_for_lint_to_find() -> None:
    assert policy_from_pairs(PAIRS).lint() == ()


def test_no_pairs_are_a_policy_that_gives_nobody_anything() -> None:
    policy = policy_from_pairs([])
    assert (policy.principals, policy.roles, policy.catalog.tables) == ({}, {}, {})
    assert Policy.loads(policy.dumps()) == policy


def test_all_names_that_no_policy_can_hold_are_told() -> None:
    faults = faults_of([("a", "b"), (" a", "b"), ("a`", "b c"), ("a", "é")])
    identifier = "take 1 to 128 ASCII letters, digits, `_`, `.` and `-`"
    user = "take 1 to 255 printable characters, no backtick"
    assert faults == (
        Fault("pairs[1]", f"` a` cannot name a user; {user}"),
        Fault("pairs[2]", rf"`a\u0060` cannot name a user; {user}"),
        Fault("pairs[2]", f"`b c` cannot name a permission; {identifier}"),
        Fault("pairs[3]", f"`é` cannot name a permission; {identifier}"),
    )


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"table": ""}, "`` cannot name a table; take 1 to 128 ASCII letters, digits, `_`, `.` and `-`"),
        ({"name": "x\n"}, r"`x\u000a` cannot name a policy; take printable characters"),
    ],
)
def test_a_table_or_policy_that_cannot_be_called_so_is_the_callers_mistake(names: Any, message: str) -> None:
    with pytest.raises(RequestError) as caught:
        policy_from_pairs([("a", "b")], **names)
    assert str(caught.value) == message


def test_lines_are_names_with_blanks_between() -> None:
    lines = ["1 2\n", "        3\t 4  \r\n", "\n", "", " \t\n", "5 6"]
    assert read_pairs(lines) == [("1", "2"), ("3", "4"), ("5", "6")]
    assert read_pairs([]) == []


def test_names_are_kept_byte_for_byte() -> None:
    assert read_pairs(["1 01", "01 1", "Maya a", "maya A"]) == [("1", "01"), ("01", "1"), ("Maya", "a"), ("maya", "A")]


def test_all_lines_that_are_no_pair_are_told_with_their_numbers() -> None:
    with pytest.raises(PolicyError) as caught:
        read_pairs(["1 2", "3", "", "4 5 6", "7 é", "a\u00a0b c", "a\x1cb c", "# generated", " #"])
    assert caught.value.faults == (
        Fault("line 2", "must be a user and a permission with a space between; names found: 1"),
        Fault("line 4", "must be a user and a permission with a space between; names found: 3"),
        Fault("line 5", "`é` cannot name a permission; take 1 to 128 ASCII letters, digits, `_`, `.` and `-`"),
        Fault("line 6", r"`a\u00a0b` cannot name a user; take 1 to 255 printable characters, no backtick"),
        Fault("line 7", r"`a\u001cb` cannot name a user; take 1 to 255 printable characters, no backtick"),
        Fault("line 8", "starts with `#`, and is no comment here; take it out"),
        Fault("line 9", "starts with `#`, and is no comment here; take it out"),
    )


@pytest.mark.parametrize("file", ["hc", "domino", "fire2", "emea", "americas_small", "customer"])
def test_the_roles_of_real_organisations_say_the_pairs(file: str, rolemining: Path) -> None:
    pairs = read_pairs((rolemining / f"{file}.txt").read_text("ascii").splitlines())
    policy = policy_from_pairs(pairs)
    said = {
        (user, family)
        for user, principal in policy.principals.items()
        for held in principal.assignments
        for grant in policy.roles[held.role].grants
        for family in grant.families or ()
    }
    assert said == set(pairs)


@pytest.mark.parametrize("file", ["hc", "domino"])
def test_the_access_of_real_organisations_is_the_pairs(file: str, rolemining: Path) -> None:
    pairs = read_pairs((rolemining / f"{file}.txt").read_text("ascii").splitlines())
    policy = policy_from_pairs(pairs)
    assert access_of(policy) == set(pairs)
    assert Policy.loads(policy.dumps()) == policy
