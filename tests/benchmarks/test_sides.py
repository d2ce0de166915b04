"""What is timed is what it is called: guarded goes through a guard, a first decision is one, a thread does its share."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import cfacl
from benchmarks import command, decisions, loops, memory, openloop, population, stores, threads, workloads
from benchmarks.both import Both, both_sides
from benchmarks.crowd import Crowd
from benchmarks.dimensions import GRANTS
from benchmarks.rounds import Effort, Timer
from benchmarks.ycsb import key
from cfacl.engine.caller import Caller
from cfacl.engine.guard import Guard
from cfacl.policy.policy import Policy
from cfacl.stores.registry import open_store

SMALL = Effort(sample=1e-6, rounds=3, processes=1, share=0.0005)


@pytest.fixture
def both() -> Iterator[Both]:
    with Both(open_store("memory://", clock=lambda: 10**18)) as made:
        loops.fill(made, SMALL)
        yield made


def test_guarded_is_refused_what_unguarded_is_not(both: Both) -> None:
    guarded, unguarded = loops.guarded(both), loops.unguarded(both)
    assert dict(guarded.row(key(0))) == dict(unguarded.row(key(0))) != {}
    nobody = both_sides()
    both.db.replace_policy(evolve(nobody, roles={name: evolve(each, grants=()) for name, each in nobody.roles.items()}))
    uses: list[Callable[[Any], object]] = [
        lambda who: who.row(key(0)),
        lambda who: who.put(key(0), {b"f00:x": b"x"}),
        lambda who: who.scan(key(0), 2),
    ]
    for use in uses:
        with pytest.raises(cfacl.AccessDenied):
            use(guarded)
        use(unguarded)


def test_whoever_is_guarded_on_rocksdb_is_refused_however_it_is_used(tmp_path: Path) -> None:
    house = stores.House(tmp_path / "house", 4)
    hand = stores.by_hand(tmp_path / "hand", 4)
    sides = (house, stores.Unguarded(house.store, "account"), hand, 4)
    timers = stores.single_rows(*sides) | stores.puts(*sides)
    nothing = evolve(house.policy, roles={name: evolve(each, grants=()) for name, each in house.policy.roles.items()})
    house.db.replace_policy(nothing)
    kept = {name for name, timer in timers.items() if not _refused(timer)}
    assert kept == {f"{what}.{side}" for what in ("row", "put", "put.one") for side in ("unguarded", "hand")} | {
        "row.told",  # of a database of its own, whose policy is as it was
        "put.told",
    }
    house.db.close()
    hand.driver.close()


def _refused(timer: Timer) -> bool:
    try:
        timer(1)
    except cfacl.AccessDenied:
        return True
    return False


def test_a_hook_that_is_timed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = stores.House(tmp_path / "house", 2)
    told: list[object] = []
    made = stores.Database

    def database(*arguments: Any, **more: Any) -> Any:
        store, policy, bits, hook, *rest = arguments
        assert hook is not None
        return made(store, policy, bits, told.append, *rest, **more)

    monkeypatch.setattr(stores, "Database", database)
    house.told("account").row(b"u")
    assert told
    house.db.close()


def test_latencies_are_those_of_whoever_was_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "latencies", lambda some, _: [each() for each in some])
    calls = {name: [lambda name=name: name] * 20 for name in ("one", "other")}
    assert loops.opened(calls, 1) == {"one": ["one"] * 20, "other": ["other"] * 20}


def test_of_each_part_the_first_calls_do_not_count_and_both_sides_come_last_as_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[tuple[str, int]] = []
    counted: list[str] = []

    def latencies(some: list[Callable[[], tuple[str, int]]], _: int) -> list[int]:
        before = len(made)
        for each in some:
            each()
        counted.append(made[before][0])
        assert [number for _, number in made[before:]] == list(range(made[before][1], made[-1][1] + 1))
        assert len(made) - before == 8
        return [number for _, number in made[before:]]

    monkeypatch.setattr(loops, "latencies", latencies)
    calls = {name: [lambda at=(name, n): made.append(at) for n in range(60)] for name in ("unguarded", "guarded")}
    found = loops.opened(calls, 1)
    assert sorted(made) == sorted((name, n) for name in calls for n in range(60))
    assert found["guarded"] == [n for n in range(60) if n % 10 >= 2]
    assert counted[1::2].count("guarded") == counted[1::2].count("unguarded") == 3


def test_calls_are_due_at_half_of_the_rate_of_the_slowest(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    intervals: list[int] = []

    def opened(calls: dict[str, list[Callable[[], object]]], interval: int) -> dict[str, list[int]]:
        intervals.append(interval)
        return {name: [1] * len(each) for name, each in calls.items()}

    monkeypatch.setattr(loops, "closed", lambda calls, *_: ({name: [0.25] for name in calls}, 0.5))
    monkeypatch.setattr(loops, "opened", opened)
    pace = loops.Pace(5, 3, openloop.perf_counter_ns)
    found = list(loops.workloads("memory", {"guarded": loops.guarded(both)}, pace, SMALL))
    assert set(intervals) == {10**9}
    assert {each.get_values()[0] for each in found if each.get_name().endswith(".arrivals")} == {1.0}


def test_threads_make_their_checks_all_at_once() -> None:
    class Session:
        def __init__(self) -> None:
            self.asked: list[int] = []

        def allows(self, ask: object) -> None:
            assert ask == "ask"
            self.asked.append(threading.get_ident())

    session: Any = Session()
    threads.checks(session, "ask", 12)
    assert len(session.asked) == 12
    session.asked.clear()
    with ThreadPoolExecutor(4) as pool:
        threads.shared(pool, lambda number: threads.checks(session, "ask", number), 40, 4)
    assert [session.asked.count(each) for each in {*session.asked}] == [10] * 4


def test_a_first_decision_was_not_made_before(monkeypatch: pytest.MonkeyPatch) -> None:
    known: list[bool] = []

    class Watched(Caller):
        def allows(self, *asked: Any) -> bool:
            snapshot = self._guard.snapshot
            assert snapshot is not None
            known.append(any(asked[0] in profile.hits for profile in snapshot._profiles.values()))
            return super().allows(*asked)

    monkeypatch.setattr(decisions, "Caller", Watched)
    found = {each.get_name() for each in decisions.first_decisions()}
    assert found == {"first.opened", "first.decided", "first.missed"}
    assert len(known) > 100
    assert not any(known)


def test_late_is_when_nearly_everybody_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    crowds: list[Recorded] = []

    class Recorded(Crowd):
        def __init__(self, everybody: Policy) -> None:
            super().__init__(everybody)
            self.came: list[int] = []
            crowds.append(self)

        def come(self, number: int) -> float:
            self.came.append(number)
            return super().come(number)

    monkeypatch.setattr(population, "Crowd", Recorded)
    effort = evolve(SMALL, share=0.02)
    measured = population.by_principals(effort)
    assert [next(measured).get_name() for _ in range(2)] == ["crowd.first.early", "crowd.first.late"]
    late, early, _ = crowds
    assert sum(late.came) == 20_000
    assert sum(early.came) < 1_000
    assert late.came[1:] == early.came[1:] == [4] * effort.rounds
    assert late.db.stats()["memo_principals"] == 20_000


def test_a_session_is_opened_for_each_check_that_is_to_have_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []

    class Opened(Crowd):
        def __init__(self, everybody: Policy) -> None:
            super().__init__(everybody)
            session = self.db.session
            self.db = Watched(session)  # type: ignore[assignment]  # it has all that is used

    class Watched:
        def __init__(self, session: Callable[..., cfacl.Session]) -> None:
            self._session = session

        def session(self, principal: str, purpose: str) -> cfacl.Session:
            names.append(principal)
            return self._session(principal, purpose)

    crowd = Opened(workloads.population(20))
    timers = population.sweep(crowd, ["user-0000001"]), population.reopened(crowd, ["user-0000001", "user-0000002"])
    names.clear()
    for timer in timers:
        timer(4)
    assert names == ["user-0000001", "user-0000002"] * 2


def test_policies_have_as_many_grants_as_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    publish = population.published

    def published(policy: Policy) -> Guard:
        sizes.append(sum(len(each.grants) for each in policy.roles.values()))
        return publish(policy)

    monkeypatch.setattr(population, "published", published)
    population.by_grants(evolve(SMALL, share=0.01))
    assert sizes == [max(round(each * 0.01), 10) // 10 * 10 for each in GRANTS]


def test_a_weight_is_of_one() -> None:
    held = iter([1_000, 3_000, 7_000])
    assert memory.of_grants(20, lambda: next(held)) == {"grant.policy": 100.0, "grant.compiled": 200.0}


def test_seconds_of_a_process_are_those_of_the_system_too() -> None:
    system = "import os\nat = os.open('/dev/zero', os.O_RDONLY)\nwhile os.times().system < 0.3: os.read(at, 1 << 24)"
    assert command.seconds([sys.executable, "-c", system], (0,), {}) >= 0.3
    user = "import os\nwhile os.times().user < 0.3: pass"
    assert command.seconds([sys.executable, "-c", user], (0,), {}) >= 0.3
