"""Every way to ask the engine gives what the vectors say.

Cases are asked in the order of their instants: a clock that went back would not be believed.
"""

from __future__ import annotations

import pytest

import cfacl
from cfacl.testing import vectors

VECTORS = vectors.load()


def by_name(db, case):
    return db.session(case.principal, purpose=case.purpose).allows(case.action, case.table, *case.families)


def prepared(db, case):
    session = db.session(case.principal, purpose=case.purpose)
    return session.allows(db.prepare(case.action, case.table, *case.families))


def required(db, case):
    session = db.session(case.principal, purpose=case.purpose)
    try:
        session.require(case.action, case.table, *case.families)
    except cfacl.AccessDenied as denial:
        return False if denial.reason == "not_granted" else denial.reason
    return True


def explained(db, case):
    return db.session(case.principal, purpose=case.purpose).explain(case.action, case.table, *case.families).allowed


@pytest.mark.rule("1a", "1d", "1e", "2a", "2b", "2c", "2d", "2e", "2f", "2g", "3a", "8a")
@pytest.mark.parametrize("ask", [by_name, prepared, required, explained])
@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_the_engine_answers_every_vector_as_reasoned_by_hand(world_of, outcome, vector, ask):
    world = world_of(vector.policy)
    words = {True: "allowed", False: "denied"}
    wrong = []
    for case in sorted(vector.cases, key=lambda case: case.at):
        world.turn(case.at)
        found = outcome(lambda case=case: ask(world.db, case))
        if words.get(found, f"error:{found}") != case.expected:
            wrong.append((case, found))
    assert wrong == []


@pytest.mark.rule("11a")
@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_the_lists_agree_with_every_vector(world_of, vector):
    world = world_of(vector.policy)
    wrong = []
    for case in sorted(vector.cases, key=lambda case: case.at):
        if case.expected.startswith("error:"):
            continue
        world.turn(case.at)
        session = world.db.session(case.principal, purpose=case.purpose)
        granted = session.families(case.action, case.table) >= set(case.families)
        able = all(
            any(holder[:2] == (case.principal, case.purpose) for holder in world.db.who(case.action, case.table, each))
            for each in case.families
        )
        held = {permission[:4] for permission in world.db.what(case.principal)}
        may = {(case.table, each, case.action, case.purpose) for each in case.families} <= held
        if {granted, able, may} != {case.expected == "allowed"}:
            wrong.append((case, granted, able, may))
    assert wrong == []
