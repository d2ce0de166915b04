"""What a remedy says is so: its policy loads and allows the request, nothing smaller would, and what else changes is told."""

from __future__ import annotations

import tomllib
from copy import deepcopy
from datetime import UTC, datetime, timedelta

import attrs
import pytest
import tomli_w
from hypothesis import assume, event, given
from hypothesis import strategies as st

import cfacl
from cfacl.policy.remedy.search import Obstacle, Remedy, Request, remedy
from cfacl.testing import strategies
from cfacl.testing.documents import ladder
from cfacl.testing.oracle import ACTIONS, Oracle

pytestmark = pytest.mark.no_cover

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: The window of what is taken out, so that the numbers of the others stay.
NEVER = dict.fromkeys(("from", "until"), datetime.min.replace(tzinfo=UTC))


def asked(request, now):
    return Request(request.principal, request.purpose, request.action, request.table, request.families, now)


def nanoseconds(at):
    return (at - EPOCH) // EPOCH.resolution * 1000


def may(document, request, at):
    return Oracle(document).allows_all(*request, at)


def holds(document):
    return not Oracle(document).never_broken() and not Oracle(document).expect_broken()


@given(data=st.data())
def test_a_remedy_allows_what_was_asked_and_tells_what_else_it_changes(world_of, data):
    document = data.draw(strategies.documents(max_tables=2, max_families=4))
    for section, lines in (("never", strategies.never_lines), ("expect", strategies.expect_lines)):
        drawn = data.draw(st.lists(lines(document), max_size=2))
        document[section] = [each for each in drawn if holds({**document, section: [each]})]
    request = data.draw(strategies.requests(document))
    at = data.draw(strategies.instants(document))
    assume(not may(document, request, at))
    world = world_of(document, at)
    old = world.db.policy
    found = remedy(old, asked(request, world.now))
    if isinstance(found, Obstacle):
        event("an obstacle")
        assert {each.path.partition("[")[0] for each in found.lines} <= {"never", "expect"}
        assert found.lines
        told_alike(document, found, old, request)
        return
    event(f"{len(found.edits)} edits, {len({each.principal for each in found.others})} others")
    text = found.policy.dumps()
    assert cfacl.Policy.loads(text) == found.policy
    world.replace(text)
    assert world.db.session(request.principal, purpose=request.purpose).allows(
        request.action, request.table, *request.families
    )
    after = tomllib.loads(text)
    assert may(after, request, at)
    assert holds(after)
    told_alike(document, found, old, request)


def told_alike(document, found, old, request):
    """What is told of others is what `diff` finds, and as much is gained as the oracle says."""
    # A policy with a line that does not hold is not compared; nobody gains or loses by lines.
    before, after = (attrs.evolve(each, never=(), expect=()) for each in (old, found.policy))
    assert list(found.others) == [
        each
        for each in cfacl.diff(before, after)
        if not each.gains
        or (each.principal, each.purpose, each.action, each.table) != request[:4]
        or each.family not in request.families
    ]
    told = {(each.principal, each.table, each.family, each.action, each.purpose) for each in found.others if each.gains}
    assert len(told) == gained(document, tomllib.loads(found.policy.dumps()), request)


SMALL = {"max_tables": 2, "max_families": 3, "max_roles": 4}


@given(data=st.data())
def test_there_is_always_one_where_a_policy_says_nothing_of_itself_and_none_is_smaller(data):
    document = data.draw(strategies.documents(**SMALL))
    request = data.draw(strategies.requests(document))
    at = data.draw(strategies.instants(document))
    assume(not may(document, request, at))
    found = remedy(cfacl.Policy.loads(tomli_w.dumps(document)), asked(request, nanoseconds(at)))
    assert isinstance(found, Remedy)
    if found.left:  # it does not say that it is the smallest
        event("not all were compared")
        return
    assert not list(smaller(document, request, at, len(found.edits)))
    event(f"{len(found.edits)} edits")
    if len(found.edits) == 1:
        others = [edited for _, edited in edited_once(document, request, at) if may(edited, request, at)]
        own = gained(document, tomllib.loads(found.policy.dumps()), request)
        assert others
        assert own <= min(gained(document, each, request) for each in others)


@given(data=st.data())
def test_where_a_policy_says_something_of_itself_no_smaller_one_keeps_that(data):
    document = data.draw(strategies.documents(**SMALL))
    request = data.draw(strategies.requests(document))
    at = data.draw(strategies.instants(document))
    assume(not may(document, request, at))
    for section, lines in (("never", strategies.never_lines), ("expect", strategies.expect_lines)):
        drawn = data.draw(st.lists(lines(document), min_size=1, max_size=3))
        document[section] = [each for each in drawn if holds({**document, section: [each]})]
    found = remedy(cfacl.Policy.loads(tomli_w.dumps(document)), asked(request, nanoseconds(at)))
    assert found.compared > 0
    event(f"{type(found).__name__}, {len(found.edits)} edits, all were compared: {found.left == 0}")
    if isinstance(found, Obstacle):
        assert {each.path.partition("[")[0] for each in found.lines} <= {"never", "expect"}
        broken = tomllib.loads(found.policy.dumps())
        assert may(broken, request, at)
        assert not holds(broken)
    if found.left:
        return
    most = len(found.edits) if isinstance(found, Remedy) else MOST + 1
    for edits, edited in smaller(document, request, at, most):
        assert not holds(edited), edits


#: How many edits are made in every combination.
MOST = 2


def smaller(document, request, at, edits):
    """Every document of fewer edits by which the request is allowed, and not without one of them."""
    once = list(edited_once(document, request, at))
    fit = {what for what, edited in once if is_met(edited, request, at)}
    if edits > 1:
        yield from (each for each in once if each[0] in fit)
    if edits > MOST:
        for what, edited in once:
            if what not in fit:
                for more, twice in edited_once(edited, request, at):
                    if more not in fit and is_met(twice, request, at):
                        yield (what, more), twice


def is_met(document, request, at):
    """Whether the request is allowed, and no `never` line forbids it."""
    if not may(document, request, at):
        return False
    principal, purpose, action, table, families = request
    return not any(
        (each.principal, each.purpose, each.action, each.table) == (principal, purpose, action, table)
        and each.family in families
        for each in Oracle(document).never_broken()
    )


def gained(before, after, request):
    """How many accesses are given at some instant that were not before, but for what was asked."""
    old, new = Oracle(before), Oracle(after)
    edges = sorted({*old.instants(), *new.instants()})
    found = set()
    for at in [NEVER["from"], *edges]:
        for name in before["principals"]:
            found |= {(name, *each) for each in new.what(name, at) - old.what(name, at)}
    principal, purpose, action, table, families = request
    return len(found - {(principal, table, family, action, purpose) for family in families})


def edited_once(document, request, at):
    """All documents that differ by one edit of a kind that a remedy knows."""

    def edited(what, change):
        copy = deepcopy(document)
        change(copy)
        return what, copy

    day = timedelta(days=1)
    second = at.replace(microsecond=0)
    midnight = (at + day).replace(hour=0, minute=0, second=0, microsecond=0)

    def windows(line, around):
        """What a window may be instead, so that ``at`` lies in it, or no longer does."""
        if around and "from" in line and at < line["from"]:
            yield {"from": second}
        if around and "until" in line and line["until"] <= at:
            yield {"until": midnight}
        if not around and line.get("from", NEVER["from"]) < second and ("until" not in line or at < line["until"]):
            yield {"until": second}

    ranks = ladder(document)
    families = document["tables"][request.table]["families"]
    for family in request.families:
        if request.purpose not in families[family]["purposes"]:
            yield edited(
                ("purpose", family),
                lambda d: d["tables"][request.table]["families"][family]["purposes"].append(request.purpose),
            )
    for name, role in document["roles"].items():
        for level in ranks[ranks.index(role["clearance"]) + 1 :]:
            yield edited(("clearance", name, level), lambda d: d["roles"][name].update(clearance=level))
        for number, grant in enumerate(role.get("grants", [])):
            for key, values in (
                ("actions", [request.action]),
                ("purposes", [request.purpose]),
                ("families", list(request.families)),
            ):
                if key in grant and grant["table"] == request.table and not {*values} <= {*grant[key]}:
                    more = sorted({*grant[key], *values})
                    yield edited(
                        ("grant", name, number, key), lambda d: d["roles"][name]["grants"][number].update({key: more})
                    )
            if "at_or_below" in grant:
                for level in ranks[ranks.index(grant["at_or_below"]) + 1 :]:
                    yield edited(
                        ("grant", name, number, level),
                        lambda d: d["roles"][name]["grants"][number].update(at_or_below=level),
                    )
            for window in windows(grant, around=True):
                yield edited(
                    ("grant", name, number, *window), lambda d: d["roles"][name]["grants"][number].update(window)
                )
        for number, line in enumerate(role.get("restrictions", [])):
            place = ("restriction", name, number)
            yield edited(place, lambda d: d["roles"][name]["restrictions"][number].update(NEVER))
            for key, left in narrower(document, line, request):
                yield edited((*place, key), lambda d: d["roles"][name]["restrictions"][number].update(left))
            for window in windows(line, around=False):
                yield edited((*place, "until"), lambda d: d["roles"][name]["restrictions"][number].update(window))
        for parent in role.get("inherits", []):
            yield edited(("inherits", name, parent), lambda d: d["roles"][name]["inherits"].remove(parent))
        grant = {
            "table": request.table,
            "families": list(request.families),
            "actions": [request.action],
            "purposes": [request.purpose],
            "why": "w",
        }
        yield edited(("new grant", name), lambda d: d["roles"][name].setdefault("grants", []).append(grant))
        yield edited(("holding", name), lambda d: d["principals"][request.principal]["roles"].append(name))
    for number, held in enumerate(document["principals"][request.principal]["roles"]):
        place = ("assignment", number)
        line = {"role": held} if isinstance(held, str) else held
        yield edited(
            place, lambda d: d["principals"][request.principal]["roles"].__setitem__(number, {**line, **NEVER})
        )
        for window in (*windows(line, around=True), *windows(line, around=False)):
            new = {**line, **window}
            yield edited(
                (*place, *window, window.get("until") == second),
                lambda d: d["principals"][request.principal]["roles"].__setitem__(number, new),
            )


def narrower(document, line, request):
    """What keys of a restriction may say instead, so that it spares the request."""
    every = document["policy"]["purposes"]
    patterns = line.get("purposes", every)
    purposes = [
        each
        for each in every
        if any(each == one or (one.endswith(".*") and each.startswith(one[:-1])) for one in patterns)
    ]
    yield from _left("purposes", purposes, [request.purpose])
    yield from _left("actions", line.get("actions", ACTIONS), [request.action])
    if "families" in line:
        yield from _left("families", line["families"], request.families)
    elif "table" in line and "at_or_below" not in line:
        yield from _left("families", list(document["tables"][line["table"]]["families"]), request.families)


def _left(key, names, without):
    left = [each for each in names if each not in without]
    if left:
        yield key, {key: left}


def test_nothing_makes_a_principal_of_somebody_unknown(world_of):
    policy = world_of(
        {
            "policy": {"name": "p", "purposes": ["w"]},
            "tables": {"t": {"families": {"f": {"level": "public", "purposes": []}}}},
        }
    ).db.policy
    with pytest.raises(cfacl.AccessDenied, match="unknown principal `eve`"):
        remedy(policy, Request("eve", "w", "read", "t", ("f",), 0))
