"""Who waits for a server has turns: each comes first as often as last, and what does not count is called all the same."""

from __future__ import annotations

import pytest

from benchmarks import turns


class Watch:
    """A clock that goes on by what is called."""

    def __init__(self) -> None:
        self.now = 0.0
        self.called = ""

    def __call__(self) -> float:
        return self.now

    def call(self, name: str) -> None:
        self.called += name
        # What comes behind another finds its server as that left it.
        self.now += 1.0 if self.called[-2:] == name * 2 else 9.0


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    made = Watch()
    monkeypatch.setattr(turns, "perf_counter", made)
    return made


def timed(watch: Watch, names: str, rounds: int, uncounted: int) -> dict[str, list[float]]:
    contestants = {name: lambda name=name: watch.call(name) for name in names}
    return {each.get_name(): list(each.get_values()) for each in turns.turns(contestants, rounds, uncounted)}


def test_turns_are_there_and_back(watch: Watch) -> None:
    found = timed(watch, "abc", 2, 0)
    assert watch.called == "abc" + "abc" + "cba"
    assert found == {"a": [9.0, 9.0], "b": [9.0, 9.0], "c": [9.0, 1.0]}


def test_where_several_wait_what_the_one_before_left_does_not_count(watch: Watch) -> None:
    found = timed(watch, "abc", 2, 1)
    assert watch.called == "abc" + "aabbcc" + "ccbbaa"
    assert found == {name: [1.0, 1.0] for name in "abc"}


def test_pairs_are_by_themselves_and_follow_one_another_alike(watch: Watch) -> None:
    contestants = {f"{what}.{side}": lambda side=side: watch.call(side) for what in ("x", "y") for side in "ab"}
    found = {each.get_name(): list(each.get_values()) for each in turns.pairs(contestants, 1)}
    assert watch.called == ("ab" + "abbaabba") * 2
    assert found["x.a"] == [9.0, 9.0, 1.0, 9.0]
    assert found["x.b"] == [9.0, 1.0, 9.0, 1.0]
