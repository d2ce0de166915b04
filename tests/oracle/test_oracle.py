"""The oracle judges the engine; here it is judged itself: by vectors reasoned by hand, and by plain-word theorems."""

from __future__ import annotations

import ast
import sys
import tomllib
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfacl.testing import oracle as module
from cfacl.testing import strategies, vectors
from cfacl.testing.documents import grants, restrictions
from cfacl.testing.oracle import ACTIONS, Breach, Oracle, Unknown

VECTORS = vectors.load()
CASES = [(vector, case) for vector in VECTORS for case in vector.cases]
ERRORS = {
    "principal": "AccessDenied",
    "purpose": "UnknownPurpose",
    "action": "UnknownAction",
    "table": "UnknownTable",
    "family": "UnknownFamily",
}
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def answer(oracle, case):
    try:
        allowed = oracle.allows_all(case.principal, case.purpose, case.action, case.table, case.families, case.at)
    except Unknown as unknown:
        return f"error:{ERRORS[unknown.what]}"
    except ValueError:
        return "error:RequestError"
    return "allowed" if allowed else "denied"


def everything(document):
    """All that anyone may do, at every instant that could differ."""
    oracle = Oracle(document)
    edges = oracle.instants()
    moments = [datetime(1, 1, 1, tzinfo=UTC), *edges]
    return {
        (at, principal, *access)
        for at in moments
        for principal in document["principals"]
        for access in oracle.what(principal, at)
    }


@pytest.mark.rule("1a", "1d", "1e", "2a", "2b", "2c", "2d", "2e", "2f", "2g", "3a", "8a")
@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_the_oracle_answers_every_vector_as_reasoned_by_hand(vector):
    oracle = Oracle(tomllib.loads(vector.policy))
    wrong = [(case, found) for case in vector.cases if (found := answer(oracle, case)) != case.expected]
    assert wrong == []


def test_the_vectors_cover_the_truth_table():
    assert len(CASES) >= 200
    assert {case.rule for _, case in CASES} == {"1a", "1d", "1e", *(f"2{each}" for each in "abcdefg"), "3a", "8a"}
    for vector in VECTORS:
        assert {"allowed", "denied"} <= {case.expected for case in vector.cases}
    assert {case.expected for _, case in CASES} - {"allowed", "denied"} == {
        "error:AccessDenied",
        "error:RequestError",
        "error:UnknownAction",
        "error:UnknownFamily",
        "error:UnknownPurpose",
        "error:UnknownTable",
    }
    questions = [(vector.name, *case[1:6], case.at.isoformat()) for vector, case in CASES]
    assert len(questions) == len(set(questions))
    assert all(case.why for _, case in CASES)


def test_the_oracle_imports_the_standard_library_only():
    tree = ast.parse(Path(module.__file__).read_text("utf-8"))
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {"datetime", "typing"} <= imported
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names


@pytest.mark.rule("1a")
@given(st.data())
def test_without_grants_nothing_is_allowed(data):
    document = data.draw(strategies.documents(max_tables=2, max_families=4))
    for role in document["roles"].values():
        role["grants"] = []
    assert everything(document) == set()


@pytest.mark.rule("2f")
@given(st.data())
def test_a_further_grant_never_takes_away(data):
    document = data.draw(strategies.documents(max_tables=2, max_families=4))
    more = deepcopy(document)
    role = data.draw(st.sampled_from(sorted(more["roles"])))
    # An always-open window, so that no edge is added and both are looked at at the same instants.
    grant = {key: value for key, value in data.draw(grants(document)).items() if key not in ("from", "until")}
    more["roles"][role]["grants"].append(grant)
    assert everything(document) <= everything(more)


@pytest.mark.rule("2f")
@given(st.data())
def test_a_further_restriction_never_gives(data):
    document = data.draw(strategies.documents(max_tables=2, max_families=4))
    more = deepcopy(document)
    role = data.draw(st.sampled_from(sorted(more["roles"])))
    restriction = {
        key: value for key, value in data.draw(restrictions(document)).items() if key not in ("from", "until")
    }
    more["roles"][role]["restrictions"].append(restriction)
    assert everything(more) <= everything(document)


@pytest.mark.rule("2f")
@given(st.data())
def test_order_and_repetition_mean_nothing(data):
    document = data.draw(strategies.documents(max_tables=2, max_families=4))
    turned = data.draw(strategies.shuffled(document))
    for role in turned["roles"].values():
        for key in ("inherits", "grants", "restrictions"):
            role[key] += deepcopy(role[key])
    for principal in turned["principals"].values():
        principal["roles"] += deepcopy(principal["roles"])
    assert everything(turned) == everything(document)


@pytest.mark.rule("8a")
@given(st.data())
def test_access_changes_at_edges_only(data):
    document = data.draw(strategies.documents(max_tables=2, max_families=4))
    oracle = Oracle(document)
    principal = data.draw(st.sampled_from(sorted(document["principals"])))
    for edge, later in pairwise(oracle.instants()):
        held = oracle.what(principal, edge)
        assert oracle.what(principal, edge + (later - edge) / 2) == held
        assert oracle.what(principal, later - timedelta(microseconds=1)) == held


@given(st.data())
def test_who_and_what_and_families_say_what_single_questions_say(data):
    document = data.draw(strategies.documents(max_tables=2, max_families=4))
    oracle, at = Oracle(document), data.draw(strategies.instants(document))
    table = data.draw(st.sampled_from(sorted(document["tables"])))
    family = data.draw(st.sampled_from(sorted(document["tables"][table]["families"])))
    action = data.draw(st.sampled_from(ACTIONS))
    holders = {
        (principal, purpose)
        for principal in document["principals"]
        for purpose in document["policy"]["purposes"]
        if oracle.allows(principal, purpose, action, table, family, at)
    }
    assert oracle.who(action, table, family, None, at) == holders
    for purpose in document["policy"]["purposes"]:
        assert oracle.who(action, table, family, purpose, at) == {each for each in holders if each[1] == purpose}
    for principal, purpose in ((p, q) for p in document["principals"] for q in document["policy"]["purposes"]):
        held = (principal, purpose) in holders
        assert ((table, family, action, purpose) in oracle.what(principal, at)) is held
        assert (family in oracle.families(principal, purpose, action, table, at)) is held


def test_unknown_names_are_no_answer():
    oracle = Oracle(tomllib.loads(VECTORS[-1].policy))
    for ask in (
        lambda: oracle.what("mallory", NOON),
        lambda: oracle.who("read", "account", "prfo", None, NOON),
        lambda: oracle.who("read", "account", "id", "works", NOON),
        lambda: oracle.families("maya", "work", "read", "accounts", NOON),
    ):
        with pytest.raises(Unknown):
            ask()


# --- a policy's lines about itself

POLICY = """
[policy]
name = "lines"
purposes = ["work", "marketing.own"]
[tables.t.families]
a = { level = "public", purposes = ["work", "marketing.own"] }
b = { level = "sensitive", purposes = ["work"] }
[roles.base]
clearance = "sensitive"
[[roles.base.grants]]
table = "t"
families = ["a", "b"]
actions = ["read"]
purposes = ["work"]
why = "reads"
[roles.heir]
clearance = "sensitive"
inherits = ["base"]
[[roles.heir.grants]]
table = "t"
families = ["a"]
actions = ["write"]
purposes = ["marketing.own"]
from = 2026-06-01T00:00:00Z
until = 2026-06-01T00:00:00.000001Z
why = "for one microsecond"
[principals.maya]
kind = "employee"
roles = ["base"]
[principals.firm]
kind = "third_party"
roles = [{ role = "heir", from = 2026-01-01T00:00:00Z }]
"""


def lines(text):
    return Oracle(tomllib.loads(POLICY + text))


@pytest.mark.rule("13a")
@pytest.mark.parametrize(
    ("line", "holds"),
    [
        ('kinds = ["service"]', True),
        ('kinds = ["third_party"]', False),
        ('kinds = ["service", "third_party"]', False),
        ('kinds = ["third_party"]\nprincipals = ["maya"]', True),
        ('principals = ["firm"]\nactions = ["delete", "admin"]', True),
        ('principals = ["firm"]\nactions = ["delete", "write"]', False),
        ('purposes = ["marketing.*"]', False),
        ('purposes = ["marketing.*"]\nprincipals = ["maya"]', True),
        ('purposes = ["marketing.*"]\nfamilies = ["b"]', True),
        ('levels = ["sensitive"]\nkinds = ["third_party"]', False),
        ('levels = ["sensitive"]\npurposes = ["marketing.own"]', True),
        ('levels = ["sealed", "personal"]', True),
        ('roles = ["heir"]\nprincipals = ["maya"]', True),
        ('roles = ["base"]\nprincipals = ["firm"]', False),
        ('tables = ["t"]\nfamilies = ["a"]\nactions = ["write"]\npurposes = ["work"]', True),
    ],
)
def test_a_never_line_is_broken_where_an_access_matches_a_name_of_every_key(line, holds):
    assert (lines(f"[[never]]\n{line}\n").never_broken() == []) is holds


@pytest.mark.rule("13b")
def test_a_never_line_is_held_against_every_instant():
    start = datetime(2026, 6, 1, tzinfo=UTC)
    broken = lines('[[never]]\nkinds = ["service"]\n[[never]]\nactions = ["write"]\n').never_broken()
    assert broken == [Breach(1, start, "firm", "marketing.own", "write", "t", "a")]


@pytest.mark.rule("13d")
@pytest.mark.parametrize(
    ("line", "holds"),
    [
        ('principal = "maya"\npurpose = "work"\nallowed = ["read t:a", "read t:b"]', True),
        ('principal = "maya"\npurpose = "work"\nallowed = ["read t:a"]\nexact = true', False),
        ('principal = "maya"\npurpose = "work"\nallowed = ["read t:a", "read t:b"]\nexact = true', True),
        ('principal = "maya"\npurpose = "work"\nallowed = ["write t:a"]', False),
        ('principal = "maya"\npurpose = "work"\nrefused = ["write t:a", "read t:b"]', False),
        ('principal = "maya"\npurpose = "work"\nrefused = ["write t:a"]', True),
        ('principal = "maya"\npurpose = "marketing.own"\nexact = true', True),
        ('principal = "firm"\npurpose = "work"\nallowed = ["read t:a"]', False),
        ('principal = "firm"\npurpose = "work"\nallowed = ["read t:a"]\nat = 2026-01-01T00:00:00Z', True),
        ('principal = "firm"\npurpose = "work"\nrefused = ["read t:a"]\nat = 2025-12-31T23:59:59.999999Z', True),
        ('principal = "firm"\npurpose = "marketing.own"\nrefused = ["write t:a"]', False),
        (
            'principal = "firm"\npurpose = "marketing.own"\nrefused = ["write t:a"]\nat = 2026-06-01T00:00:00.000001Z',
            True,
        ),
        ('principal = "firm"\npurpose = "marketing.own"\nallowed = ["write t:a"]\nat = 2026-06-01T00:00:00Z', True),
        ('principal = "firm"\npurpose = "marketing.own"\nexact = true\nat = 2026-06-01T00:00:00Z', False),
    ],
)
def test_an_expect_line_holds_at_its_instant_or_at_all(line, holds):
    assert (lines(f"[[expect]]\n{line}\n").expect_broken() == []) is holds
