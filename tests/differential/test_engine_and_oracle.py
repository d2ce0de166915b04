"""The engine decides as the oracle does: on drawn policies of many tables, families, roles, purposes and windows."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfacl.testing import strategies
from cfacl.testing.documents import grants, restrictions
from cfacl.testing.oracle import ACTIONS, Oracle

MICROSECOND = timedelta(microseconds=1)
START, END = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
FEW_INSTANTS = {"min_size": 1, "max_size": 4}


def callers(document):
    return product(document["principals"], document["policy"]["purposes"])


def granted(sessions, document):
    """All that the sessions may do now, table by table."""
    return {
        (caller, table, action): session.families(action, table)
        for caller, session in sessions.items()
        for table in document["tables"]
        for action in ACTIONS
    }


def sessions_of(db, document):
    return {caller: db.session(caller[0], purpose=caller[1]) for caller in callers(document)}


@pytest.mark.rule("2a", "2b", "2c", "2d", "2e", "2g", "8a", "8b", "11b")
@given(st.data())
def test_families_are_those_of_the_oracle_while_time_passes(world_of, data):
    document = data.draw(strategies.documents())
    moments = sorted(data.draw(st.lists(strategies.instants(document), **FEW_INSTANTS)))
    oracle, world = Oracle(document), world_of(document, moments[0])
    sessions = sessions_of(world.db, document)
    for at in moments:
        world.turn(at)
        expected = {
            (caller, table, action): oracle.families(*caller, action, table, at)
            for caller in callers(document)
            for table in document["tables"]
            for action in ACTIONS
        }
        assert granted(sessions, document) == expected
        assert granted(sessions_of(world.db, document), document) == expected


@pytest.mark.rule("2a", "2b", "2c", "2d", "2e", "2g", "8a", "11b")
@given(st.data())
def test_a_request_is_answered_as_by_the_oracle_however_it_is_put(world_of, data):
    document = data.draw(strategies.documents())
    oracle, world = Oracle(document), world_of(document)
    asked = data.draw(st.lists(strategies.requests(document), min_size=1, max_size=8))
    asks = {each: world.db.prepare(each.action, each.table, *each.families) for each in asked}
    for at in sorted(data.draw(st.lists(strategies.instants(document), **FEW_INSTANTS))):
        world.turn(at)
        for request in asked:
            session = world.db.session(request.principal, purpose=request.purpose)
            expected = oracle.allows_all(*request, at)
            assert session.allows(request.action, request.table, *request.families) is expected
            assert session.allows(asks[request]) is expected
            assert session.explain(request.action, request.table, *request.families).allowed is expected
            # A request for several families is allowed where each of them is.
            single = {session.allows(request.action, request.table, each) for each in request.families}
            assert (single == {True}) is expected


@pytest.mark.rule("11a", "11b")
@given(st.data())
def test_who_and_what_and_the_check_and_the_oracle_agree(world_of, data):
    document = data.draw(strategies.documents(max_tables=2, max_families=4))
    oracle, world = Oracle(document), world_of(document)
    at = data.draw(strategies.instants(document))
    what = {
        (principal, *permission[:4])
        for principal in document["principals"]
        for permission in world.db.what(principal, at=at)
    }
    places = [(table, family) for table, section in document["tables"].items() for family in section["families"]]
    who, who_for_each = set(), set()
    for (table, family), action in product(places, ACTIONS):
        who |= {(*each[:2], table, family, action) for each in world.db.who(action, table, family, at=at)}
        for purpose in document["policy"]["purposes"]:
            holders = world.db.who(action, table, family, purpose=purpose, at=at)
            who_for_each |= {(*each[:2], table, family, action) for each in holders}
    expected = {(principal, *each) for principal in document["principals"] for each in oracle.what(principal, at)}
    assert what == expected
    assert {(principal, table, family, action, why) for principal, why, table, family, action in who} == expected
    assert who_for_each == who
    world.turn(at)
    assert {
        (principal, table, family, action, purpose)
        for ((principal, purpose), table, action), families in granted(
            sessions_of(world.db, document), document
        ).items()
        for family in families
    } == expected
    for principal in document["principals"]:
        assert world.db.what(principal) == world.db.what(principal, at=at)


@pytest.mark.rule("11b")
@given(st.data())
def test_what_is_listed_holds_from_since_to_until_and_no_longer(world_of, data):
    document = data.draw(strategies.documents(max_tables=2, max_families=3))
    oracle, world = Oracle(document), world_of(document)
    at = data.draw(strategies.instants(document))
    edges = oracle.instants()
    for principal in document["principals"]:
        for table, family, action, purpose, since, until, via in world.db.what(principal, at=at):
            ask = (principal, purpose, action, table, family)
            assert via
            assert since is None or (since <= at and not oracle.allows(*ask, since - MICROSECOND))
            assert until is None or (at < until and not oracle.allows(*ask, until))
            inside = [each for each in edges if (since is None or since <= each) and (until is None or each < until)]
            assert all(oracle.allows(*ask, each) for each in inside)
            holders = world.db.who(action, table, family, purpose=purpose, at=at)
            assert (principal, purpose, since, until, via) in [tuple(each) for each in holders]


@pytest.mark.rule("2f")
@given(st.data())
def test_order_means_nothing(world_of, data):
    document = data.draw(strategies.documents())
    turned = data.draw(strategies.shuffled(document))
    at = data.draw(strategies.instants(document))
    one, other = world_of(document, at), world_of(turned, at)
    assert granted(sessions_of(one.db, document), document) == granted(sessions_of(other.db, document), document)
    for principal in document["principals"]:
        assert [each[:6] for each in one.db.what(principal)] == [each[:6] for each in other.db.what(principal)]


@pytest.mark.rule("2f")
@given(st.data())
def test_a_grant_never_takes_away_and_a_restriction_never_gives(world_of, data):
    document = data.draw(strategies.documents())
    given_more, given_less = deepcopy(document), deepcopy(document)
    role = data.draw(st.sampled_from(sorted(document["roles"])))
    given_more["roles"][role]["grants"].append(data.draw(grants(document)))
    given_less["roles"][role]["restrictions"].append(data.draw(restrictions(document)))
    at = data.draw(strategies.instants(given_more))
    worlds = [world_of(each, at) for each in (given_less, document, given_more)]
    less, as_it_was, more = (granted(sessions_of(each.db, document), document) for each in worlds)
    assert all(less[place] <= as_it_was[place] <= more[place] for place in as_it_was)


@pytest.mark.rule("8c")
@given(st.data())
def test_a_clock_that_goes_back_revives_nothing(world_of, data):
    document = data.draw(strategies.documents(max_tables=2))
    oracle, world = Oracle(document), world_of(document, -(2**62))
    request = data.draw(strategies.requests(document))
    session = world.db.session(request.principal, purpose=request.purpose)
    ask = world.db.prepare(request.action, request.table, *request.families)
    latest, answer_then = None, None
    for now in data.draw(strategies.clocks(document)):
        world.turn(now)
        answer = session.allows(ask)
        if latest is None or now >= latest:
            latest, answer_then = now, answer
            # Edges lie on whole microseconds, so the nanoseconds below make no difference to the oracle.
            assert answer is oracle.allows_all(*request, strategies.moment(now))
        else:
            assert answer <= answer_then


@pytest.mark.rule("8a")
@pytest.mark.parametrize(
    ("window", "answers"),
    [
        ({"from": START}, [False, True, True, True, True]),
        ({"until": START + MICROSECOND}, [True, True, False, False, False]),
        ({"from": START, "until": END}, [False, True, True, False, False]),
        ({"from": END}, [False, False, False, True, True]),
        ({"until": END}, [True, True, True, False, False]),
    ],
)
def test_windows_reach_to_the_ends_of_the_calendar_and_clocks_beyond(world_of, window, answers):
    line = {"table": "t", "families": ["a"], "actions": ["read"], "purposes": ["work"], "why": "because"}
    document = {
        "policy": {"name": "ends", "purposes": ["work"]},
        "tables": {"t": {"families": {"a": {"level": "public", "purposes": ["work"]}}}},
        "roles": {"reader": {"clearance": "public", "grants": [line | window]}},
        "principals": {"maya": {"kind": "employee", "roles": ["reader"]}},
    }
    world = world_of(document, -(2**80))
    session = world.db.session("maya", purpose="work")
    found = [session.allows("read", "t", "a")]
    for at in (START, 0, END):
        world.turn(at)
        found.append(session.allows("read", "t", "a"))
    world.turn(2**80)
    assert [*found, session.allows("read", "t", "a")] == answers
