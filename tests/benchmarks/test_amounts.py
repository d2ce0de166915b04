"""So much is measured as is said: policies are as large, sessions as new, decisions as fresh, hooks told and checks made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from attrs import evolve

import cfacl
from benchmarks import checks, cold, decisions, growth, memory, policies, population, projection, stores
from benchmarks.both import Both
from benchmarks.crowd import Crowd
from benchmarks.dimensions import ASKED, ASKS, BEYOND, PRINCIPALS, ROLES, TABLES
from benchmarks.rounds import Effort
from cfacl.api.telling import Telling
from cfacl.engine.caller import Caller
from cfacl.engine.snapshot import Profile
from cfacl.stores.registry import open_store

SMALL = Effort(sample=1e-6, rounds=3, processes=1, share=0.01)


def counted(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> list[Any]:
    """Have each call of something leave its first argument; what it does, it does."""
    calls: list[Any] = []
    done = getattr(owner, name)

    def called(*arguments: Any, **named: Any) -> Any:
        calls.append(arguments[0])
        return done(*arguments, **named)

    monkeypatch.setattr(owner, name, called)
    return calls


def test_a_hook_is_told_of_each_row_where_it_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    told = counted(monkeypatch, Telling, "__call__")
    found = {}
    for name, timer in stores.hooks(1).items():
        told.clear()
        timer(3)
        found[name] = [type(each._hook).__name__ for each in told]
    assert found == {
        "hook.none": [],
        "hook.empty": ["function"] * 3,
        "hook.log": ["Log"] * 3,
        "hook.decisions": ["Decisions"] * 3,
    }


def test_a_session_is_opened_and_closed_for_each_check_that_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    timers = checks.ours()
    opened = counted(monkeypatch, Caller, "__init__")
    closed = counted(monkeypatch, Caller, "close")
    for name, timer in timers.items():
        timer(3)
        assert len(opened) == len(closed) == (3 if name.endswith(".opened") else 0)
        opened.clear()
        closed.clear()


@pytest.mark.parametrize("granted", [1, 4, 8])
def test_who_reads_all_and_drops_the_rest_has_no_guard(monkeypatch: pytest.MonkeyPatch, granted: int) -> None:
    with Both(open_store("memory://", clock=lambda: 10**18)) as both:
        projection.fill(both, SMALL)
        pairs = projection.ways("memory", both, 64, granted, SMALL)
        decided = [counted(monkeypatch, Caller, name) for name in ("_plan", "_stands")]
        for pair in pairs:
            for name, call in pair.items():
                call()
                assert any(decided) != name.endswith(".dropped")
                for each in decided:
                    each.clear()


def test_a_first_decision_is_made_by_who_was_never_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    timer = cold.first(2)
    seen = counted(monkeypatch, Profile, "check")
    timer(5)
    assert len(seen) == len({id(each.snapshot) for each in seen}) == 5


def test_what_is_timed_after_a_revoke_is_the_first_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    clock: list[int] = []
    looked = counted(monkeypatch, Profile, "check")

    def perf_counter() -> float:
        clock.append(len(looked))
        return float(len(clock))

    monkeypatch.setattr(decisions, "perf_counter", perf_counter)
    list(decisions.revokes(policies.made(10), SMALL))
    assert clock
    assert [after - before for before, after in zip(clock[::2], clock[1::2], strict=True)] == [1] * (len(clock) // 2)


def test_policies_grow_as_it_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    effort = evolve(SMALL, share=1e-3)
    tables, roles = counted(monkeypatch, growth, "many_tables"), counted(monkeypatch, growth, "holding")
    made, people = counted(monkeypatch, policies, "made"), counted(monkeypatch, population, "population")
    growth.by_tables(evolve(effort, share=0.1))
    growth.by_roles(effort)
    growth.by_askers(effort)
    list(population.by_principals(effort))
    assert tables == [10, 10, 100, 1_000]
    assert roles == list(ROLES)
    assert made == [max(effort.size(each), ASKED[0]) for each in ASKED]
    assert people == [effort.size(each) for each in (PRINCIPALS[-1], *PRINCIPALS[:-1])]


def test_whoever_is_asked_in_turn_is_another_request_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def each(_: Callable[..., object], some: Sequence[object]) -> Callable[[int], float]:
        asked.append(len(set(some)))
        return float

    monkeypatch.setattr(growth, "each", each)
    timers = growth.by_asks(SMALL)
    most = 30 * SMALL.size(TABLES[-1])
    assert asked == [*(min(number, most) for number in ASKS for _ in range(2)), min(BEYOND, most)]
    assert len(timers) == len(asked)


def test_of_few_and_of_all_so_many_were_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, list[int]] = {"sweep": [], "reopened": []}
    for what, found in seen.items():

        def timer(crowd: Crowd, _: Sequence[str], found: list[int] = found) -> Callable[[int], float]:
            found.append(crowd.db.stats()["memo_principals"])
            return float

        monkeypatch.setattr(population, what, timer)
    monkeypatch.setattr(population, "interleaved", lambda *_: ())
    list(population.by_principals(evolve(SMALL, share=0.005)))
    assert seen == {"sweep": [1_000, 5_000], "reopened": [1_000, 5_000]}


@pytest.mark.parametrize("threads", [1, 4, 16])
def test_threads_make_all_checks_among_them(threads: int) -> None:
    made: list[int] = []

    def run(loops: int) -> float:
        made.append(loops)
        return float(loops)

    assert growth.shared(run, threads)(1_000) == 1_000
    assert len(made) == threads
    assert sum(made) >= 1_000


def test_all_principals_are_seen_before_they_are_weighed() -> None:
    crowds: list[Crowd] = []
    with pytest.MonkeyPatch.context() as patched:
        made = memory.Crowd
        patched.setattr(memory, "Crowd", lambda everybody: crowds.append(made(everybody)) or crowds[0])
        memory.of_principals(2_345, lambda: 0)
    (crowd,) = crowds
    assert crowd.db.stats()["memo_principals"] == 2_345
    assert isinstance(crowd.db, cfacl.Database)
