"""Principals with the same roles share what was worked out for them, and what is remembered is bounded."""

from __future__ import annotations

import gc
import itertools
from collections import Counter
from typing import Any, Final

import pytest

import cfacl
from cfacl.engine import guard, snapshot

BOUND: Final = 3


def staff(world: Any, number: int, *roles: str) -> list[str]:
    names = [f"p{n}" for n in range(number)]
    for name in names:
        world.document["principals"][name] = {"kind": "employee", "roles": [*roles]}
    return names


def current(world: Any) -> snapshot.Snapshot:
    return world.db._guard.current()


def objects() -> Counter[type]:
    gc.collect()
    return Counter(type(each) for each in gc.get_objects())


def test_the_same_roles_are_one_view_and_one_projection(memory_world: Any) -> None:
    names = staff(memory_world, 50, "reader")
    memory_world.fill(b"r1")
    sessions = [memory_world.session(name) for name in names]
    for session in sessions:
        assert session.allows("read", "t", "a")
        assert session.table("t").row(b"r1")
    assert len({id(session._profile) for session in sessions}) == 1
    projections = {id(plan.projection) for session in sessions for plan in session._profile.plans.values()}
    assert len(projections) == 1
    assert len({id(profile) for profile in current(memory_world).callers["work"].values()}) <= 3


def test_roles_that_come_to_the_same_share_a_view(memory_world: Any) -> None:
    """Whatever they are called, and for whatever purpose."""
    for name, purposes in {"x": ["work"], "y": ["work", "play"], "z": ["play"]}.items():
        memory_world.document["roles"][name] = {"clearance": "personal", "grants": []}
        memory_world.grant(name, "a", purposes=purposes)
        memory_world.document["principals"][name] = {"kind": "employee", "roles": [name]}
    asked = [("x", "work"), ("y", "work"), ("y", "play"), ("z", "play")]
    for name, purpose in asked:
        assert memory_world.session(name, purpose).allows("read", "t", "a")
    views = {id(memory_world.session(*each)._profile.views["t"]) for each in asked}
    assert len(views) == 1
    assert not memory_world.session("z", "work").allows("read", "t", "a")


def test_views_that_differ_in_anything_are_not_shared(memory_world: Any) -> None:
    """An end that comes later, or an action more, is another view."""
    variants: list[dict[str, Any]] = [
        {},
        {"actions": ["read"]},
        {"until": memory_world.at(60)},
        {"until": memory_world.at(61)},
        {"from": memory_world.at(60)},
    ]
    for number, keys in enumerate(variants):
        name = f"v{number}"
        memory_world.document["roles"][name] = {"clearance": "personal", "grants": []}
        memory_world.grant(name, "a", **keys)
        memory_world.document["principals"][name] = {"kind": "employee", "roles": [name]}
    allowed = [memory_world.session(f"v{number}").allows("read", "t", "a") for number in range(5)]
    assert allowed == [True, True, True, True, False]
    assert len(current(memory_world).interned) == 5
    memory_world.wait(60)
    allowed = [memory_world.session(f"v{number}").allows("read", "t", "a") for number in range(5)]
    assert allowed == [True, True, False, True, True]


def test_more_principals_with_the_same_roles_make_no_more_objects(memory_world: Any) -> None:
    names = staff(memory_world, 600, "reader")
    memory_world.fill(b"r1")

    def use(some: list[str]) -> None:
        for name in some:
            with memory_world.session(name) as session:
                assert session.allows("read", "t", "a")
                assert session.table("t").row(b"r1")

    use(names[:100])
    memory_world.told.clear()
    memory_world.store.take()
    before = objects()
    use(names[100:])
    memory_world.told.clear()
    memory_world.store.take()
    more = objects() - before
    # Names are strings and their roles one tuple, so that 500 principals are entries of one dict.
    assert sum(more.values()) < 100, more


def test_memos_that_hold_little_change_no_answer(memory_world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [*staff(memory_world, 6, "reader"), "ann", "root", "nil"]
    for number in range(4):
        memory_world.document["tables"][f"t{number}"] = {
            "families": {"x": {"level": "public", "purposes": ["work", "play"]}}
        }
        memory_world.grants("reader").append(
            {"table": f"t{number}", "families": ["x"], "actions": ["read"], "purposes": ["play"], "why": "test"}
        )
    memory_world.fill(b"r1", b"r2")

    def answers() -> list[Any]:
        found: list[Any] = []
        for name, purpose in itertools.product(names, ("work", "play")):
            session = memory_world.session(name, purpose)
            table = session.table("t")
            for size in (1, 2, 3):
                found += [session.allows("read", "t", *families) for families in itertools.combinations("abcd", size)]
            found += [session.families(action, "t") for action in ("read", "write", "delete", "admin")]
            found += [session.allows("read", f"t{number}", "x") for number in range(4)]
            for use in (
                lambda table=table: table.row(b"r1"),
                lambda table=table: list(table.scan()),
                lambda table=table: table.row(b"r1", columns=[b"a:q", b"b:x"]),
                lambda table=table: table.put(b"r1", {b"a:q": b"a", b"b:q": b"b"}),
            ):
                try:
                    found.append(use())
                except cfacl.AccessDenied as denied:
                    found.append((denied.families, denied.reason))
        return found

    expected = answers()
    assert answers() == expected
    monkeypatch.setattr(snapshot, "MEMO", BOUND)
    monkeypatch.setattr(snapshot, "PRINCIPALS", BOUND)
    for room in (snapshot, guard):
        monkeypatch.setattr(room, "ASKS", BOUND)
    memory_world.db._guard.asks.clear()
    memory_world.replace()
    assert answers() == expected
    assert answers() == expected
    now = current(memory_world)
    memos: list[Any] = [now.interned, now._reach, now._bound, now._holders, now._sets, now._profiles, now._projections]
    memos += [*now.callers.values(), *now.columns.values(), memory_world.db._guard.asks]
    for profile in now._profiles.values():
        memos += [profile.hits, profile.plans, profile.views]
    assert all(len(memo) <= BOUND for memo in memos)
    assert any(len(memo) == BOUND for memo in memos)


def test_requests_that_are_all_different_fill_no_memo_beyond_its_bound(
    memory_world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "MEMO", BOUND)
    for room in (snapshot, guard):
        monkeypatch.setattr(room, "ASKS", BOUND)
    memory_world.fill(b"r1")
    session = memory_world.session()
    table = session.table("t")
    for number in range(20):
        name = b"a:%d" % number
        table.put(b"r1", {name: b"v"})
        assert table.row(b"r1", columns=[name]) == {name: b"v"}
        assert table.cells(b"r1", name) == [b"v"]
        assert session.allows("read", "t", *("a" for _ in range(number + 1)))
    assert len(session._profile.plans) <= BOUND
    assert len(session._profile.hits) <= BOUND
    assert len(current(memory_world).columns["t"]) <= BOUND
    assert len(memory_world.db._guard.asks) <= BOUND


@pytest.mark.parametrize(
    "columns",
    [[b"a:%d" % number for number in range(snapshot.NAMES + 1)], [b"a:" + b"q" * snapshot.NAME_BYTES]],
    ids=["many", "long"],
)
def test_requests_of_many_or_long_names_are_answered_and_not_remembered(
    memory_world: Any, columns: list[bytes]
) -> None:
    session = memory_world.session()
    table = session.table("t")
    data = dict.fromkeys(columns, b"v")
    table.put(b"r1", data)
    for _ in range(2):
        assert table.row(b"r1", columns=columns) == data
    assert not any(columns[-1] in (want[2] or ()) for want in session._profile.plans)
    known = current(memory_world).columns.get("t", {})
    assert (columns[-1] in known) == (len(columns) > 1)


def test_what_was_worked_out_goes_with_its_policy(memory_world: Any) -> None:
    memory_world.fill(b"r1")
    sessions = [memory_world.session(name) for name in ("ann", "bob", "root")]

    def use() -> None:
        for session in sessions:
            session.allows("read", "t", "a")
            session.table("t").row(b"r1")

    use()
    before = objects()
    for _ in range(5):
        memory_world.replace()
        use()
    after = objects()
    for kind in (snapshot.Snapshot, snapshot.Profile, snapshot.Plan, snapshot.View):
        assert before[kind]
        assert after[kind] <= before[kind]


def test_who_asked_keeps_no_more_alive_than_there_may_be(memory_world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "MEMO", BOUND)
    for number in range(20):
        memory_world.document["roles"][f"r{number}"] = {"clearance": "personal", "grants": []}
        memory_world.grant(f"r{number}", "a")
        staff(memory_world, 1, f"r{number}")
        memory_world.document["principals"][f"q{number}"] = memory_world.document["principals"].pop("p0")
    for number in range(20):
        assert memory_world.session(f"q{number}").allows("read", "t", "a")
        kept = {id(profile) for profile in current(memory_world).callers["work"].values()}
        assert len(kept) <= BOUND
