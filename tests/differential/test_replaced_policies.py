"""What is held across a replaced policy decides as what is fresh does, and as the oracle does on the new document."""

from __future__ import annotations

from copy import deepcopy
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cfacl
from cfacl.testing import strategies
from cfacl.testing.oracle import ACTIONS, Oracle


def causes(document, principal, purpose, table, families):
    """The errors that the names of a request deserve under a document; none of them where all are declared."""
    found = set()
    if principal not in document["principals"]:
        found.add("AccessDenied")
    if purpose not in document["policy"]["purposes"]:
        found.add("UnknownPurpose")
    if table not in document["tables"]:
        found.add("UnknownTable")
    elif not set(families) <= document["tables"][table]["families"].keys():
        found.add("UnknownFamily")
    return found


class Held:
    """Sessions and asks opened under one policy and kept."""

    def __init__(self, data, world, document):
        self.callers = list(product(document["principals"], document["policy"]["purposes"]))
        self.sessions = {caller: world.db.session(caller[0], purpose=caller[1]) for caller in self.callers}
        requests = data.draw(st.lists(strategies.requests(document), min_size=1, max_size=3))
        self.asks = {
            (each.action, each.table, each.families): world.db.prepare(each.action, each.table, *each.families)
            for each in requests
        }
        self.removed = set()

    def check(self, world, outcome, document, at):
        """Compare with a fresh session and ask, and with the oracle, after ``document`` was put in force."""
        self.removed |= {principal for principal, _ in self.callers if principal not in document["principals"]}
        for (principal, purpose), (request, ask) in product(self.callers, self.asks.items()):
            session = self.sessions[principal, purpose]
            found = outcome(lambda session=session, ask=ask: session.allows(ask))
            listed = outcome(lambda session=session, request=request: session.families(*request[:2]))
            errors = causes(document, principal, purpose, *request[1:])
            fresh = outcome(
                lambda caller=(principal, purpose), request=request: world.db.session(
                    caller[0], purpose=caller[1]
                ).allows(world.db.prepare(*request[:2], *request[2]))
            )
            if errors:
                assert fresh in errors
            else:
                assert fresh is Oracle(document).allows_all(principal, purpose, *request, at)
            if principal in self.removed:
                errors |= {"AccessDenied"}
            if errors:
                assert found in errors
            else:
                assert found is fresh
            table_errors = errors - {"UnknownFamily"}
            if table_errors:
                assert listed in table_errors
            else:
                assert listed == Oracle(document).families(principal, purpose, *request[:2], at)


@pytest.mark.rule("1d", "1e", "9e")
@given(st.data())
def test_held_sessions_and_asks_decide_as_fresh_ones_do(world_of, outcome, data):
    document = data.draw(strategies.documents(max_tables=2, max_families=4))
    at = data.draw(strategies.instants(document))
    world = world_of(document, at)
    held = [Held(data, world, document)]
    held[0].check(world, outcome, document, at)
    for _, edited in data.draw(strategies.edits(document, most=3)):
        at = max(at, data.draw(strategies.instants(edited)))
        world.turn(at)
        world.replace(edited)
        for each in held:
            each.check(world, outcome, edited, at)
        held.append(Held(data, world, edited))


@given(st.data())
def test_a_policy_that_was_edited_into_place_lists_what_a_fresh_one_lists(world_of, data):
    document = data.draw(strategies.documents())
    world = world_of(document)
    for _, edited in data.draw(strategies.edits(document, most=6)):
        world.replace(edited)
        document = edited
    at = data.draw(strategies.instants(document))
    fresh = world_of(document)
    for principal in document["principals"]:
        assert world.db.what(principal, at=at) == fresh.db.what(principal, at=at)
    for table, section in document["tables"].items():
        for family, action in product(section["families"], ACTIONS):
            assert world.db.who(action, table, family, at=at) == fresh.db.who(action, table, family, at=at)


POLICY = {
    "policy": {"name": "held", "purposes": ["work"]},
    "tables": {
        "t": {"families": {each: {"level": "internal", "purposes": ["work"]} for each in ("a", "b", "c")}},
    },
    "roles": {
        "reader": {
            "clearance": "internal",
            "grants": [
                {"table": "t", "families": ["a", "c"], "actions": ["read"], "purposes": ["work"], "why": "because"}
            ],
        }
    },
    "principals": {name: {"kind": "employee", "roles": ["reader"]} for name in ("maya", "noor")},
}


@pytest.mark.rule("1e")
def test_a_removed_principal_stays_removed_for_the_sessions_that_it_had(world_of):
    without = deepcopy(POLICY)
    del without["principals"]["maya"]
    world = world_of(POLICY)
    used, unused = (world.db.session("maya", purpose="work") for _ in range(2))
    other = world.db.session("noor", purpose="work")
    ask = world.db.prepare("read", "t", "a")
    assert used.allows(ask)
    for document in (without, POLICY):
        world.replace(document)
        for session in (used, unused):
            for call in (
                lambda session=session: session.allows(ask),
                lambda session=session: session.require(ask),
                lambda session=session: session.families("read", "t"),
                lambda session=session: session.explain(ask),
            ):
                with pytest.raises(cfacl.AccessDenied) as denial:
                    call()
                assert denial.value.reason == "removed_principal"
        assert other.allows(ask)
    assert world.db.session("maya", purpose="work").allows(ask)


@pytest.mark.rule("1d")
@pytest.mark.parametrize("first", ["a", "b", "c"])
def test_an_ask_keeps_names_when_families_are_added_removed_and_reordered(world_of, outcome, first):
    world = world_of(POLICY)
    session = world.db.session("maya", purpose="work")
    asks = {family: world.db.prepare("read", "t", family) for family in "abc"}
    assert {family: session.allows(ask) for family, ask in asks.items()} == {"a": True, "b": False, "c": True}

    edited = deepcopy(POLICY)
    families = edited["tables"]["t"]["families"]
    families["0"] = families["z"] = families[first]
    edited["tables"]["t"]["families"] = dict(sorted(families.items(), reverse=True))
    edited["tables"]["a table before"[:1]] = {"families": {"a": families[first]}}
    world.replace(edited)
    assert {family: session.allows(ask) for family, ask in asks.items()} == {"a": True, "b": False, "c": True}

    del families[first]
    edited["tables"]["t"]["families"] = families
    grant = edited["roles"]["reader"]["grants"][0]
    grant["families"] = [each for each in grant["families"] if each != first]
    world.replace(edited)
    expected = {"a": True, "b": False, "c": True, first: "UnknownFamily"}
    assert {family: outcome(lambda ask=ask: session.allows(ask)) for family, ask in asks.items()} == expected

    world.replace(POLICY)
    assert {family: session.allows(ask) for family, ask in asks.items()} == {"a": True, "b": False, "c": True}


@pytest.mark.rule("2a", "2d", "9e")
def test_a_raised_level_and_a_lowered_clearance_bite_at_once(world_of):
    world = world_of(POLICY)
    session = world.db.session("maya", purpose="work")
    ask, both = world.db.prepare("read", "t", "a"), world.db.prepare("read", "t", "a", "c")
    for change, expected in (
        (lambda document: None, (True, True)),
        (lambda document: document["tables"]["t"]["families"]["c"].update(level="sensitive"), (True, False)),
        (lambda document: document["tables"]["t"]["families"]["a"].update(level="sensitive"), (False, False)),
        (lambda document: document["roles"]["reader"].update(clearance="public"), (False, False)),
        (lambda document: document["roles"]["reader"].update(clearance="sealed"), (True, True)),
        (lambda document: document["roles"]["reader"].update(restrictions=[{"families": ["c"]}]), (True, False)),
        (lambda document: document["principals"]["maya"].update(roles=[]), (False, False)),
    ):
        edited = deepcopy(POLICY)
        change(edited)
        world.replace(edited)
        assert (session.allows(ask), session.allows(both)) == expected
