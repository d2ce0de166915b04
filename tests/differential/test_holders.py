"""What the page of a matrix says of people is what the oracle and `Database.who` say, and who holds a role is who was given it."""

from __future__ import annotations

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

import cfacl
from cfacl.model.grants import nanoseconds
from cfacl.policy.holders import holders
from cfacl.policy.matrix import matrix
from cfacl.testing import strategies
from cfacl.testing.oracle import ACTIONS, Oracle


def told(found):
    """All (principal, table, family, action, purpose, since, until, paths) that are said of people; each once."""
    said = [
        (
            *(principal, table, family, right.action, right.purpose, right.since, right.until),
            tuple(dict.fromkeys(each.path for each in right.via)),
        )
        for alike in found
        for principal in alike.principals
        for table, families, rights in alike.parts
        for family in families
        for right in rights
    ]
    assert len(said) == len(set(said))
    return set(said)


@pytest.mark.rule("11a", "11b")
@given(st.data())
def test_what_people_may_is_what_the_oracle_says_and_who_tells(data):
    document = data.draw(strategies.documents())
    policy = cfacl.Policy.loads(tomli_w.dumps(document))
    oracle = Oracle(document)
    at = data.draw(strategies.instants(document))
    purpose = data.draw(st.sampled_from([None, *document["policy"]["purposes"]]))
    found = told(holders(policy, matrix(policy, at, purpose=purpose)))
    expected = {(name, *each) for name in document["principals"] for each in oracle.what(name, at)}
    assert {each[:5] for each in found} == {each for each in expected if purpose in (None, each[4])}
    with cfacl.connect("memory://", policy=policy, clock=lambda: nanoseconds(at)) as db:
        for table, listed in policy.catalog.tables.items():
            for family in listed.families:
                for action in ACTIONS:
                    here = {(each[0], *each[4:]) for each in found if each[1:4] == (table, family, action)}
                    assert here == {tuple(each) for each in db.who(action, table, family, purpose=purpose)}


@pytest.mark.rule("11b")
@given(st.data())
def test_who_holds_a_role_was_given_it_or_one_that_inherits_it(data):
    document = data.draw(strategies.documents(max_tables=2, max_families=3))
    policy = cfacl.Policy.loads(tomli_w.dumps(document))
    at = data.draw(strategies.instants(document))
    found = holders(policy, matrix(policy, at))
    assert sorted(name for alike in found for name in alike.principals) == sorted(policy.principals)
    for alike in found:
        for name in alike.principals:
            given = {
                (each.role, each.window.start, each.window.until)
                for each in policy.principals[name].assignments
                if (each.window.start is None or each.window.start <= at)
                and (each.window.until is None or at < each.window.until)
            }
            held = [(each.roles[0], each.roles[-1], each.since, each.until) for each in alike.holdings]
            assert len(held) == len(set(held))
            assert set(held) == {
                (role, reached, since, until) for role, since, until in given for reached in closure(policy, role)
            }
            for each in alike.holdings:
                for child, parent in zip(each.roles, each.roles[1:], strict=False):
                    assert parent in policy.roles[child].inherits


def closure(policy, role):
    """A role and all that it inherits from."""
    return {role}.union(*(closure(policy, each) for each in policy.roles[role].inherits))
