"""What the matrix says of a role, the oracle says of somebody who holds just that role."""

from __future__ import annotations

import random
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from time import process_time

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

import cfacl
from cfacl.policy import faults
from cfacl.policy.matrix import matrix
from cfacl.testing import strategies
from cfacl.testing.oracle import ACTIONS, Oracle

MICROSECOND = timedelta(microseconds=1)
AT = datetime(2027, 1, 15, tzinfo=UTC)


def one_each(document):
    """A document in which each role has one holder, of its own name, and nobody else is there."""
    return document | {"principals": {role: {"kind": "employee", "roles": [role]} for role in document["roles"]}}


def told(found):
    """All (role, table, family, action, purpose) of a matrix; each once."""
    cells = [
        (part.role, part.table, family, right.action, right.purpose)
        for part in found.parts
        for family in part.families
        for right in part.rights
    ]
    assert len(cells) == len(set(cells))
    return set(cells)


def asked(oracle, at):
    return {(role, *each) for role in oracle.document["principals"] for each in oracle.what(role, at)}


@pytest.mark.rule("11a", "11b")
@given(st.data())
def test_the_matrix_is_what_the_oracle_says_of_whoever_holds_one_role(data):
    document = data.draw(strategies.documents())
    policy = cfacl.Policy.loads(tomli_w.dumps(document))
    oracle = Oracle(one_each(document))
    for at in data.draw(st.lists(strategies.instants(document), min_size=1, max_size=3)):
        expected = asked(oracle, at)
        assert told(matrix(policy, at)) == expected
        purpose = data.draw(st.sampled_from(document["policy"]["purposes"]))
        assert told(matrix(policy, at, purpose=purpose)) == {each for each in expected if each[4] == purpose}


@pytest.mark.rule("11b")
@given(st.data())
def test_a_right_holds_from_since_to_until_and_no_longer(data):
    document = data.draw(strategies.documents(max_tables=2, max_families=4))
    oracle = Oracle(one_each(document))
    at = data.draw(strategies.instants(document))
    edges = oracle.instants()
    for part in matrix(cfacl.Policy.loads(tomli_w.dumps(document)), at).parts:
        for family in part.families:
            for action, purpose, since, until, _ in part.rights:
                ask = (part.role, purpose, action, part.table, family)
                assert since is None or (since <= at and not oracle.allows(*ask, since - MICROSECOND))
                assert until is None or (at < until and not oracle.allows(*ask, until))
                inside = [
                    each for each in edges if (since is None or since <= each) and (until is None or each < until)
                ]
                assert all(oracle.allows(*ask, each) for each in inside)


@pytest.mark.rule("11a")
@given(st.data())
def test_the_grants_that_are_named_are_those_without_which_it_is_gone(data):
    document = data.draw(strategies.documents(max_tables=2, max_families=3, max_roles=4))
    policy = cfacl.Policy.loads(tomli_w.dumps(document))
    at = data.draw(strategies.instants(document))
    for part in matrix(policy, at).parts:
        for action, purpose, _, _, via in part.rights:
            paths = {each.path for each in via}
            for ground in via:
                assert ground.roles[0] == part.role
            for kept, left in ((True, paths), (False, every_path(document) - paths)):
                oracle = Oracle(one_each(only(document, left)))
                for family in part.families:
                    assert oracle.allows(part.role, purpose, action, part.table, family, at) is kept
            for path in paths:  # each of them suffices
                oracle = Oracle(one_each(only(document, {path})))
                assert all(
                    oracle.allows(part.role, purpose, action, part.table, family, at) for family in part.families
                )


def path_of(document, role, number):
    """Where a grant stands, as messages have it."""
    text = document["roles"][role]["grants"][number]["why"]
    assert text == "because"
    return faults.path(("roles", role, "grants", number), shown=10**6)


def every_path(document):
    return {
        path_of(document, role, number)
        for role, each in document["roles"].items()
        for number in range(len(each["grants"]))
    }


def only(document, paths):
    """The document with these grants and no others; restrictions stay."""
    left = deepcopy(document)
    for role, each in left["roles"].items():
        each["grants"] = [
            grant for number, grant in enumerate(each["grants"]) if path_of(document, role, number) in paths
        ]
    return left


def large(roles, tables, families, grants):
    """A policy of a size that organisations have: a fifth of the roles inherits, a tenth of the grants ends."""
    draw = random.Random(9)
    levels = ["public", "internal", "personal", "sensitive", "sealed"]
    purposes = ["service", "support", "fraud", "product", "audit"]
    names = [f"table{n:03}" for n in range(tables)]
    document = {
        "policy": {"name": "large", "purposes": purposes},
        "tables": {
            table: {
                "families": {
                    f"family{n:03}": {"level": draw.choice(levels), "purposes": draw.sample(purposes, 3)}
                    for n in range(families)
                }
            }
            for table in names
        },
        "roles": {},
    }
    for n in range(roles):
        document["roles"][f"role{n:03}"] = {
            "clearance": draw.choice(levels[1:]),
            "inherits": [f"role{draw.randrange(n):03}"] if n % 5 == 4 else [],
            "grants": [
                {
                    "table": table,
                    "at_or_below": draw.choice(levels),
                    "actions": draw.sample(ACTIONS, 2),
                    "purposes": draw.sample(purposes, 2),
                    "why": "because",
                    **({"until": datetime(2028, 1, 1, tzinfo=UTC)} if draw.random() < 0.1 else {}),
                }
                for table in draw.sample(names, grants)
            ],
        }
    return document


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize(("name", "grants"), [("some tables each", 20), ("all tables each", 100)], ids=["some", "all"])
def test_five_hundred_roles_on_two_thousand_families(figure, name, grants):
    document = large(500, 100, 20, grants)
    policy = cfacl.Policy.loads(tomli_w.dumps(document))
    started = process_time()
    found = matrix(policy, AT)
    seconds = process_time() - started
    cells = sum(len(part.families) for part in found.parts)
    figure(
        f"500 roles x 2,000 families, {name}",
        f"{seconds:.1f} s of processor, {cells:,} cells in {len(found.parts):,} parts",
    )
    oracle = Oracle(one_each(document))
    draw = random.Random(1)
    cells = told(found)
    for _ in range(2_000):
        role, table = draw.choice(sorted(document["roles"])), draw.choice(sorted(document["tables"]))
        family = draw.choice(sorted(document["tables"][table]["families"]))
        action, purpose = draw.choice(ACTIONS), draw.choice(document["policy"]["purposes"])
        assert oracle.allows(role, purpose, action, table, family, AT) is (
            (role, table, family, action, purpose) in cells
        )
