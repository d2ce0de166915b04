"""A policy loads where the oracle finds none of its `never` and `expect` lines broken, and only there."""

from __future__ import annotations

import re
from copy import deepcopy

import pytest
import tomli_w
from hypothesis import event, given
from hypothesis import strategies as st

import cfacl
from cfacl.testing import strategies
from cfacl.testing.oracle import Oracle

LINES = {"never": strategies.never_lines, "expect": strategies.expect_lines}


def refused_lines(document):
    """The lines that stop a policy from loading, such as ``never[0]``."""
    try:
        cfacl.connect("memory://", policy=cfacl.Policy.loads(tomli_w.dumps(document)))
    except cfacl.PolicyError as error:
        return {fault.path.partition("]")[0] + "]" for fault in error.faults}
    return set()


@pytest.mark.rule("13a", "13b", "13d")
@pytest.mark.parametrize("section", sorted(LINES))
@given(data=st.data())
def test_a_line_stops_a_policy_from_loading_where_the_oracle_finds_it_broken(section, data):
    document = data.draw(strategies.documents(max_tables=2, max_families=4))
    document[section] = data.draw(st.lists(LINES[section](document), min_size=1, max_size=4))
    oracle = Oracle(document)
    broken = {breach.line for breach in (oracle.never_broken() if section == "never" else oracle.expect_broken())}
    event(f"{len(broken)} of {len(document[section])} broken")
    assert refused_lines(document) == {f"{section}[{line}]" for line in broken}


@pytest.mark.no_cover
@pytest.mark.rule("13a")
@given(data=st.data())
def test_a_broken_line_names_the_first_of_those_who_break_it_and_counts_them(data):
    document = data.draw(strategies.documents(max_tables=2, max_families=3, max_principals=6))
    document["never"] = data.draw(st.lists(strategies.never_lines(document), min_size=1, max_size=4))
    breaking = {}
    for breach in Oracle(document).never_broken():
        breaking.setdefault(f"never[{breach.line}]", set()).add(breach.principal)
    told = {}
    try:
        cfacl.Policy.loads(tomli_w.dumps(document))
    except cfacl.PolicyError as error:
        for fault in error.faults:
            more = re.search(r", and ([0-9]+) more break", fault.message)
            told[fault.path] = (re.match("`(.*?)` may", fault.message)[1], 1 + int(more[1] if more else 0))
    event(f"at most {max((count for _, count in told.values()), default=0)} break a line")
    assert told == {line: (min(names), len(names)) for line, names in breaking.items()}


@pytest.mark.rule("13b")
@given(data=st.data())
def test_a_policy_with_a_broken_line_replaces_nothing(world_of, data):
    document = data.draw(strategies.documents(max_tables=2, max_families=3))
    at = data.draw(strategies.instants(document))
    world = world_of(document, at)
    edited = deepcopy(data.draw(strategies.edits(document))[-1].document)
    edited["never"] = [data.draw(strategies.never_lines(edited))]
    before = {principal: world.db.what(principal) for principal in document["principals"]}
    if Oracle(edited).never_broken():
        with pytest.raises(cfacl.PolicyError):
            world.replace(edited)
        assert {principal: world.db.what(principal) for principal in document["principals"]} == before
    else:
        world.replace(edited)
        assert {each[:4] for principal in edited["principals"] for each in world.db.what(principal)} == {
            each for principal in edited["principals"] for each in Oracle(edited).what(principal, at)
        }
