"""Whatever breaks inside a decision, a clock included, it is a denial that says so, and never an answer."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import pytest

import cfacl
from cfacl.engine import snapshot
from cfacl.engine.bits import TableBits
from cfacl.engine.guard import Guard
from cfacl.engine.snapshot import Profile, Snapshot

START: Final = 1_780_272_000_000_000_000
SECOND: Final = 1_000_000_000

Use = Callable[[cfacl.Session, cfacl.Table], Any]


def flush(t: cfacl.Table) -> None:
    with t.batch() as batch:
        batch.put(b"r1", {b"a:q": b"x"})


#: Every way to ask for a decision; each is allowed as long as nothing breaks.
USES: Final[dict[str, Use]] = {
    "allows": lambda s, t: s.allows("read", "t", "a"),
    "require": lambda s, t: s.require("read", "t", "a"),
    "families": lambda s, t: s.families("read", "t"),
    "explain": lambda s, t: s.explain("read", "t", "a"),
    "row": lambda s, t: t.row(b"r1"),
    "row, columns": lambda s, t: t.row(b"r1", columns=[b"a:q"]),
    "rows": lambda s, t: t.rows([b"r1"]),
    "cells": lambda s, t: t.cells(b"r1", b"a:q"),
    "scan": lambda s, t: list(t.scan()),
    "put": lambda s, t: t.put(b"r1", {b"a:q": b"x"}),
    "put, a timestamp": lambda s, t: t.put(b"r1", {b"a:q": b"x"}, timestamp=1),
    "delete": lambda s, t: t.delete(b"r1", [b"a"]),
    "delete, a timestamp": lambda s, t: t.delete(b"r1", [b"a"], timestamp=1),
    "batch": lambda s, t: flush(t),
    "counter_get": lambda s, t: t.counter_get(b"r1", b"a:n"),
    "counter_set": lambda s, t: t.counter_set(b"r1", b"a:n", 1),
    "counter_inc": lambda s, t: t.counter_inc(b"r1", b"a:n"),
    "counter_dec": lambda s, t: t.counter_dec(b"r1", b"a:n"),
    "compare_and_set": lambda s, t: t.compare_and_set(b"r1", b"a:q", None, {b"a:q": b"x"}),
}


def refused(use: Use, session: cfacl.Session, table: cfacl.Table) -> cfacl.AccessDenied:
    with pytest.raises(cfacl.AccessDenied) as denied:
        use(session, table)
    assert denied.value.reason == "failed"
    assert denied.value.principal == "ann"
    assert denied.value.purpose == "work"
    assert denied.value.__cause__ is not None
    return denied.value


def denied(use: Callable[[], object]) -> None:
    with pytest.raises(cfacl.AccessDenied):
        use()


# -------------------------------------------------------------------------------------------------------------- clocks


#: What clocks return that have lost their time, a minute after all grants ended.
BROKEN: Final[dict[str, Callable[[], Any]]] = {
    "raises": lambda: 1 // 0,
    "stops": lambda: next(iter(())),
    "None": lambda: None,
    "not a number": lambda: float("nan"),
    "float": lambda: float(START + 120 * SECOND),
    "infinity": lambda: float("inf"),
    "str": lambda: str(START),
    "decimal": lambda: Decimal(START + 120 * SECOND),
    "datetime": lambda: datetime.now(UTC),
}


@pytest.mark.rule("7a", "8b")
@pytest.mark.failure("store-acl-8")
@pytest.mark.parametrize("clock", BROKEN)
def test_a_broken_clock_allows_nothing_that_can_end(memory_world: Any, clock: str) -> None:
    memory_world.grants("reader")[0]["until"] = memory_world.at(60)
    memory_world.fill(b"r1")
    warm, cold = memory_world.session(), memory_world.session("bob")
    for use in USES.values():
        use(warm, warm.table("t"))
    tables = {session: session.table("t") for session in (warm, cold)}
    memory_world.store.take()
    memory_world.clock = BROKEN[clock]
    for use in USES.values():
        refused(use, warm, tables[warm])
        with pytest.raises(cfacl.AccessDenied):
            use(cold, tables[cold])
    with pytest.raises(cfacl.AccessDenied) as denied:
        memory_world.session()
    assert denied.value.reason == "failed"
    assert memory_world.store.take() == []
    memory_world.clock = lambda: START
    for use in USES.values():
        use(warm, tables[warm])


@pytest.mark.rule("8c")
@pytest.mark.parametrize("clock", [0, -1, True, -(1 << 70), float("-inf"), 0.0], ids=repr)
def test_a_clock_that_fell_behind_answers_as_at_the_latest_instant_or_not_at_all(memory_world: Any, clock: Any) -> None:
    memory_world.grants("reader")[0].update({"families": ["a"], "until": memory_world.at(60)})
    memory_world.grant("reader", "b", until=memory_world.at(120))
    session = memory_world.session()
    held = {name: memory_world.db.prepare("read", "t", *name) for name in ("a", "b", "ab")}

    def answers() -> list[bool | str]:
        found: list[bool | str] = []
        for ask in held.values():
            try:
                found.append(session.allows(ask))
            except cfacl.AccessDenied as denied:
                found.append(denied.reason)
        return found

    def at_most(*allowed: bool) -> bool:
        return all(answer in (right, "failed") for answer, right in zip(answers(), allowed, strict=True))

    assert answers() == [True, True, True]
    for seconds, allowed in ((30, (True, True, True)), (60, (False, True, False)), (120, (False, False, False))):
        memory_world.clock = lambda seconds=seconds: START + seconds * SECOND
        assert answers() == [*allowed]
        memory_world.clock = lambda: clock
        assert at_most(*allowed)


@pytest.mark.rule("7a", "8b")
def test_a_clock_that_says_the_right_time_in_the_wrong_type_is_right_or_refused(memory_world: Any) -> None:
    memory_world.grants("reader")[0]["until"] = memory_world.at(60)
    session = memory_world.session()
    ask = memory_world.db.prepare("read", "t", "a")
    assert session.allows(ask)
    memory_world.clock = lambda: float(START + 59 * SECOND)
    with suppress(cfacl.AccessDenied):  # compiled, no float is looked at
        assert session.allows(ask)
    memory_world.clock = lambda: float(START + 60 * SECOND)
    with pytest.raises(cfacl.AccessDenied) as denied:
        session.allows(ask)
    assert denied.value.reason == "failed"


@pytest.mark.rule("7a")
def test_a_clock_that_is_not_needed_may_be_broken(memory_world: Any) -> None:
    memory_world.fill(b"r1")
    session = memory_world.session()
    table = session.table("t")
    assert session.allows("read", "t", "a")
    assert table.row(b"r1")
    memory_world.clock = BROKEN["raises"]
    assert session.allows("read", "t", "a")
    assert table.row(b"r1")
    refused(USES["put, a timestamp"], session, table)


@pytest.mark.rule("7a")
@pytest.mark.parametrize("clock", ["not a number", "infinity", "float", "None"])
def test_a_broken_clock_lets_no_future_write_in(memory_world: Any, clock: str) -> None:
    memory_world.fill(b"r1")
    table = memory_world.table()
    table.put(b"r1", {b"a:q": b"x"})
    memory_world.store.take()
    memory_world.clock = BROKEN[clock]
    ahead = START // 1_000_000 + 10**9
    for use in (
        lambda: table.put(b"r1", {b"a:q": b"x"}, timestamp=ahead),
        lambda: table.delete(b"r1", [b"a"], timestamp=ahead),
        lambda: table.batch(timestamp=ahead).put(b"r1", {b"a:q": b"x"}),
        lambda: table.batch(timestamp=ahead).delete(b"r1", [b"a"]),
    ):
        with pytest.raises(cfacl.AccessDenied):
            use()
    assert memory_world.store.take() == []


#: Ways to use what was decided for somebody else, whose own grant goes on.
HITS: Final[dict[str, Callable[[cfacl.Session, cfacl.Table], object]]] = {
    "another's check": lambda root, _: root.allows("read", "t", "a"),
    "another's requirement": lambda root, _: root.require("read", "t", "a"),
    "another's read": lambda _, table: table.row(b"r1"),
    "another's write": lambda _, table: table.put(b"r1", {b"a:q": b"a"}),
}


@pytest.mark.rule("8c")
@pytest.mark.parametrize(
    "seen_by", ["allows", "row", "put", "families", "another session", "a new session", "who", *HITS]
)
def test_a_clock_that_went_back_revives_nothing(memory_world: Any, seen_by: str) -> None:
    """Once anybody was decided at an instant, nobody is decided before it; also not where a cached answer decided."""
    memory_world.grants("reader")[0]["until"] = memory_world.at(60)
    memory_world.grants("all")[0]["until"] = memory_world.at(600)
    memory_world.fill(b"r1")
    root = memory_world.session("root")
    cached = root.table("t")
    for read in HITS.values():
        read(root, cached)
    session, other = memory_world.session(), memory_world.session("bob")
    table = session.table("t")
    held = [memory_world.db.prepare("read", "t", *names) for names in ("a", "b", "ab", "ba")]
    for use in USES.values():
        use(session, table)
    assert all(session.allows(ask) and other.allows(ask) for ask in held)
    scan = table.scan(batch_size=1)
    memory_world.now = START + 60 * SECOND
    see: dict[str, Callable[[], Any]] = {
        "allows": lambda: session.allows("read", "t", "a"),
        "row": lambda: denied(lambda: table.row(b"r1")),
        "put": lambda: denied(lambda: table.put(b"r1", {b"a:q": b"x"})),
        "families": lambda: session.families("read", "t"),
        "another session": lambda: other.allows("read", "t", "b"),
        "a new session": lambda: memory_world.session("nil"),
        "who": lambda: memory_world.db.who("read", "t", "a"),
        **{name: lambda hit=hit: hit(root, cached) for name, hit in HITS.items()},
    }
    see[seen_by]()
    memory_world.now = START
    assert not any(session.allows(ask) or other.allows(ask) for ask in held)
    assert session.families("read", "t") == frozenset()
    assert not session.explain("read", "t", "a").allowed
    memory_world.store.take()
    for name, use in USES.items():
        if name not in ("allows", "families", "explain"):
            with pytest.raises(cfacl.AccessDenied):
                use(session, table)
    with pytest.raises(cfacl.AccessDenied):
        list(scan)
    assert memory_world.calls() == []
    assert not memory_world.session("bob").allows("read", "t", "a")
    assert [each.principal for each in memory_world.db.who("read", "t", "a")] == ["root"]


@pytest.mark.rule("8c")
def test_a_clock_that_went_back_ends_no_restriction_early(memory_world: Any) -> None:
    memory_world.document["roles"]["reader"]["restrictions"] = [
        {"table": "t", "families": ["b"], "from": memory_world.at(60), "why": "test"}
    ]
    session = memory_world.session()
    assert session.allows("read", "t", "b")
    memory_world.now = START + 60 * SECOND
    assert not session.allows("read", "t", "b")
    memory_world.now = START
    assert not session.allows("read", "t", "b")
    assert not memory_world.session("bob").allows("read", "t", "a", "b")


@pytest.mark.rule("8c")
@pytest.mark.parametrize("hit", HITS)
def test_whoever_was_not_asked_about_yet_is_not_decided_in_the_past(memory_world: Any, hit: str) -> None:
    """Nothing of ann and bob is cached when the time is seen at which the one loses and the other is restricted."""
    memory_world.grants("reader")[0]["until"] = memory_world.at(60)
    memory_world.grants("all")[0]["until"] = memory_world.at(600)
    memory_world.document["roles"]["barred"] = {
        "clearance": "sealed",
        "grants": [{**memory_world.grants("all")[0], "until": memory_world.at(600)}],
        "restrictions": [{"table": "t", "families": ["b"], "from": memory_world.at(60), "why": "test"}],
    }
    memory_world.document["principals"]["bob"]["roles"] = ["barred"]
    memory_world.fill(b"r1")
    root = memory_world.session("root")
    table = root.table("t")
    HITS[hit](root, table)
    memory_world.now = START + 90 * SECOND
    HITS[hit](root, table)
    memory_world.now = START + 30 * SECOND
    assert not memory_world.session("ann").allows("read", "t", "a")
    assert not memory_world.session("bob").allows("read", "t", "b")
    assert memory_world.session("bob").allows("read", "t", "a")


@pytest.mark.rule("8c")
def test_a_policy_is_put_in_force_at_the_time_that_it_is(memory_world: Any) -> None:
    """Nothing that can end was decided before it; the clock goes back after it."""
    memory_world.fill(b"r1")
    session = memory_world.session()
    memory_world.now = START + 90 * SECOND
    assert session.allows("read", "t", "a")
    memory_world.grants("reader")[0]["until"] = memory_world.at(60)
    memory_world.replace()
    memory_world.now = START
    assert not session.allows("read", "t", "a")


@pytest.mark.rule("8c")
def test_a_policy_that_ends_what_it_grants_before_it_comes_into_force_grants_nothing(memory_world: Any) -> None:
    """Nobody asks between the two: it is the coming into force that notes the time."""
    ask = memory_world.db.prepare("read", "t", "a")
    session = memory_world.session()
    assert session.allows(ask)
    memory_world.wait(2)
    memory_world.grants("reader")[0]["until"] = memory_world.at(1)
    memory_world.replace()
    memory_world.wait(0)
    assert not session.allows(ask)
    denied(lambda: session.table("t").row(b"r1"))


@pytest.mark.rule("8c")
@pytest.mark.parametrize("seen_by", ["allows", "require", "row", "row, after the store", "put, before the store"])
def test_a_reading_of_the_clock_past_an_edge_is_not_forgotten(memory_world: Any, seen_by: str) -> None:
    """Also one that is followed by an earlier one at once."""
    memory_world.grants("reader")[0]["until"] = memory_world.at(10)
    memory_world.fill(b"r1")
    ask = memory_world.db.prepare("read", "t", "a")
    session = memory_world.session()
    table = session.table("t")
    session.allows(ask)
    table.row(b"r1")
    table.put(b"r1", {b"a:q": b"a"})
    past = {"row, after the store": 1, "put, before the store": 1}.get(seen_by, 0)
    readings = iter([START] * past + [START + 11 * SECOND])
    memory_world.clock = lambda: next(readings, START)
    if seen_by == "allows":
        assert not session.allows(ask)
    else:
        denied(
            {
                "require": lambda: session.require(ask),
                "row": lambda: table.row(b"r1"),
                "row, after the store": lambda: table.row(b"r1"),
                "put, before the store": lambda: table.put(b"r1", {b"a:q": b"b"}),
            }[seen_by]
        )
    assert next(readings, None) is None
    assert not session.allows(ask)
    denied(lambda: table.row(b"r1"))


@pytest.mark.rule("8b")
def test_between_two_edges_what_was_looked_up_is_kept(memory_world: Any) -> None:
    memory_world.grants("reader")[0]["until"] = memory_world.at(60)
    memory_world.grants("all")[0]["until"] = memory_world.at(600)
    session = memory_world.session("root")
    seen = []
    for seconds in (0, 59, 60, 599, 600, 10**6):
        memory_world.now = START + seconds * SECOND
        session.allows("read", "t", "a")
        seen.append(memory_world.db._guard.snapshot)
    assert [seen.index(each) for each in seen] == [0, 0, 2, 2, 4, 4]


# ------------------------------------------------------------------------------------------------------------ internals

#: What decisions are made of.
INTERNALS: Final[dict[str, tuple[object, str]]] = {
    "look": (snapshot, "look"),
    "bind": (snapshot, "bind"),
    "resolve": (snapshot, "resolve"),
    "select": (snapshot, "select"),
    "holdings": (snapshot, "holdings"),
    "remember": (snapshot, "remember"),
    "Snapshot.caller": (Snapshot, "caller"),
    "Snapshot.profile": (Snapshot, "profile"),
    "Snapshot.reach": (Snapshot, "reach"),
    "Snapshot.bound": (Snapshot, "bound"),
    "Snapshot.projection": (Snapshot, "projection"),
    "Profile.check": (Profile, "check"),
    "Profile.holdings": (Profile, "holdings"),
    "Profile.plan": (Profile, "plan"),
    "Profile.view": (Profile, "view"),
    "TableBits.mask": (TableBits, "mask"),
    "Guard.now": (Guard, "now"),
    "Guard.removed_since": (Guard, "removed_since"),
}
ERRORS: Final = (ValueError, KeyError, StopIteration, MemoryError, RecursionError, AttributeError, OSError, Exception)


@pytest.mark.rule("7a")
@pytest.mark.failure("store-acl-8")
@pytest.mark.parametrize("name", INTERNALS)
def test_whatever_breaks_inside_a_decision_is_a_denial(
    memory_world: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    memory_world.fill(b"r1")
    broken: list[Exception] = []
    told = False
    for kind, use in zip(itertools.cycle(ERRORS), USES.values(), strict=False):
        # A new policy, so that nothing is known yet.
        memory_world.replace()
        session = memory_world.session("ann")
        table = session.table("t")
        memory_world.replace()
        memory_world.store.take()

        def fail(*_: object, kind: type[Exception] = kind, **__: object) -> Any:
            broken.append(kind("secret"))
            raise broken[-1]

        with monkeypatch.context() as patch:
            patch.setattr(*INTERNALS[name], fail)
            denied = None
            try:
                use(session, table)
            except cfacl.AccessDenied as error:
                denied = error
            if denied is None:
                assert not broken, "it broke, and was answered all the same"
            else:
                told = True
                assert denied.reason == "failed"
                assert denied.__cause__ in broken
                assert "secret" not in str(denied)
                assert memory_world.data() == []
            broken.clear()
        use(session, table)
    assert told, "nothing asked for it"


@pytest.mark.rule("7a")
def test_a_session_whose_making_breaks_is_not_made(memory_world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    db = memory_world.db
    for name in ("Snapshot.caller", "Snapshot.profile", "holdings", "Guard.removed_since"):
        memory_world.replace()
        with monkeypatch.context() as patch:
            patch.setattr(*INTERNALS[name], lambda *_: 1 // 0)
            with pytest.raises(cfacl.AccessDenied) as denied:
                db.session("ann", "work")
            assert denied.value.reason == "failed"


@pytest.mark.rule("7a", "9a")
def test_what_breaks_between_the_store_and_the_caller_keeps_the_answer_back(
    memory_world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory_world.fill(b"r1", b"r2")
    for name in ("row", "row, columns", "rows", "cells", "scan"):
        session = memory_world.session()
        table = session.table("t")
        with monkeypatch.context() as patch:

            def swap(answer: Any) -> Any:
                memory_world.faulty.heal()
                memory_world.replace()
                patch.setattr(Profile, "view", lambda *_: 1 // 0)
                return answer

            memory_world.faulty.lie({"cells": "versions", "scan": "scan.next"}.get(name, "get"), swap)
            refused(USES[name], session, table)
        assert USES[name](session, table)


@pytest.mark.rule("7a")
def test_a_denial_that_failed_is_told_as_one(memory_world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    session = memory_world.session()
    monkeypatch.setattr(snapshot, "look", lambda *_: 1 // 0)
    told = refused(USES["allows"], session, session.table("t"))
    assert str(told) == "the decision for `ann` failed with ZeroDivisionError, so it is no"
    with pytest.raises(cfacl.AccessDenied):
        session.table("t").row(b"r1")
    assert [(event.request, event.allowed) for event in memory_world.told] == [("allows", False), ("row", False)]
