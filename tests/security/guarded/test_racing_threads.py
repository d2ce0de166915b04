"""Many threads ask while the policy is swapped: each answer is the old one or the new one, and afterwards only the new."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

import cfacl
from cfacl.engine import snapshot

START: Final = 1_780_272_000_000_000_000
SECOND: Final = 1_000_000_000
SWAPS: Final = 60
THREADS: Final = 4


@pytest.fixture(autouse=True)
def nervous() -> Iterator[None]:
    """Let threads take turns as often as the interpreter can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


class Race:
    """Runs something in threads while a step is taken again and again, and keeps what went wrong.

    ``begun`` and ``done`` number the steps: what is read from ``done`` before a call and from ``begun`` after it are the
    first and the last step that the call may have seen.
    """

    def __init__(self) -> None:
        self.begun = 0
        self.done = 0
        self.wrong: list[object] = []
        self.calls = 0
        self._stop = False
        self._ended = threading.Event()

    def run(
        self, step: Callable[[int], object], call: Callable[[], object], right: Callable[[object, int], bool]
    ) -> None:
        """Take all steps; every answer must be right for one of the steps that its call may have seen."""
        barrier = threading.Barrier(THREADS + 1)

        def loop() -> None:
            barrier.wait()
            while not self._stop:
                first = self.done
                try:
                    answer = call()
                except BaseException as error:  # noqa: BLE001  # whatever it is, it was not to happen
                    self.wrong.append(error)
                    self._stop = True
                else:
                    last = self.begun
                    if not any(right(answer, each) for each in range(first, last + 1)):
                        self.wrong.append((answer, first, last))
                    self.calls += 1
                self._ended.set()

        threads = [threading.Thread(target=loop) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        barrier.wait()
        for number in range(1, SWAPS + 1):
            if self._stop:
                break
            self.begun = number
            step(number)
            self.done = number
            # Some call ends after each step, however the threads take turns.
            self._ended.clear()
            while not self._ended.wait(1) and not self._stop:
                pass
        self._stop = True
        for thread in threads:
            thread.join()
        assert self.wrong == []
        assert self.calls


def policies(world: Any) -> list[cfacl.Policy]:
    """Return two policies: ann may do everything with ``a`` and ``c`` by the first, with ``b`` and ``c`` by the second."""
    made = []
    for names in (["a", "c"], ["b", "c"]):
        world.grants("reader")[0]["families"] = names
        made.append(world.policy())
    return made


def row(*names: str) -> tuple[set[bytes], frozenset[str]]:
    return {f"{name}:q".encode() for name in names}, frozenset("abcd") - {*names}


def outcome(use: Callable[[], Any]) -> Any:
    try:
        return use()
    except cfacl.AccessDenied as denied:
        return denied.families, denied.reason


def seen(found: Any) -> Any:
    return set(found), found.withheld


Session = cfacl.Session
#: What is asked: what it answers by the first policy, and by the second.
ASKED: Final[dict[str, tuple[Callable[[Any, Session], Any], Any, Any]]] = {
    "allows a": (lambda w, s: s.allows("read", "t", "a"), True, False),
    "allows c": (lambda w, s: s.allows("read", "t", "c"), True, True),
    "allows a and b": (lambda w, s: s.allows("read", "t", "a", "b"), False, False),
    "allows, prepared": (lambda w, s: s.allows(w.db.prepare("write", "t", "b")), False, True),
    "require": (lambda w, s: outcome(lambda: s.require("read", "t", "b")), ({"b"}, "not_granted"), None),
    "families": (lambda w, s: s.families("read", "t"), {"a", "c"}, {"b", "c"}),
    "explain": (lambda w, s: s.explain("read", "t", "a").allowed, True, False),
    "a new session": (lambda w, s: w.session().allows("read", "t", "a"), True, False),
    "row": (lambda w, s: seen(s.table("t").row(b"r1")), row("a", "c"), row("b", "c")),
    "row, columns": (
        lambda w, s: outcome(lambda: dict(s.table("t").row(b"r1", columns=[b"a"]))),
        {b"a:q": b"a"},
        ({"a"}, "not_granted"),
    ),
    "cells": (lambda w, s: outcome(lambda: s.table("t").cells(b"r1", b"b:q")), ({"b"}, "not_granted"), [b"b"]),
    "put": (lambda w, s: outcome(lambda: s.table("t").put(b"r2", {b"a:q": b"a"})), None, ({"a"}, "not_granted")),
    "compare_and_set": (
        lambda w, s: outcome(lambda: s.table("t").compare_and_set(b"r1", b"c:q", b"x", {b"b:q": b"b"})),
        ({"b"}, "not_granted"),
        False,
    ),
}


@pytest.mark.rule("9c", "9e")
@pytest.mark.failure("store-acl-3")
@pytest.mark.failure("policy-engine-6")
@pytest.mark.failure("policy-engine-7")
@pytest.mark.parametrize("name", ASKED)
def test_an_answer_is_the_old_one_or_the_new_one(memory_world: Any, name: str) -> None:
    swapped = policies(memory_world)
    memory_world.fill(b"r1")
    memory_world.db.replace_policy(swapped[0])
    session = memory_world.session()
    use, *answers = ASKED[name]
    Race().run(
        lambda number: memory_world.db.replace_policy(swapped[number % 2]),
        lambda: use(memory_world, session),
        lambda answer, number: answer == answers[number % 2],
    )


@pytest.mark.rule("9c")
@pytest.mark.failure("store-acl-16")
def test_a_scan_shrinks_to_what_both_policies_grant(world: Any) -> None:
    swapped = policies(world)
    world.fill(*[b"r%02d" % n for n in range(20)])
    world.db.replace_policy(swapped[0])
    session = world.session()

    def scan() -> list[frozenset[bytes]]:
        return [frozenset(row) for _, row in session.table("t").scan(batch_size=3)]

    whole = [frozenset(row("a", "c")[0]), frozenset(row("b", "c")[0])]
    common = frozenset([b"c:q"])

    def right(rows: Any, number: int) -> bool:
        cut = rows.index(common) if common in rows else 20
        return len(rows) == 20 and rows == [whole[number % 2]] * cut + [common] * (20 - cut)

    Race().run(lambda number: world.db.replace_policy(swapped[number % 2]), scan, right)


@pytest.mark.failure("policy-engine-19")
def test_memos_that_are_emptied_all_the_time_change_no_answer(
    memory_world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "MEMO", 1)
    swapped = policies(memory_world)
    memory_world.fill(b"r1")
    memory_world.db.replace_policy(swapped[0])
    sessions = [memory_world.session("ann"), memory_world.session("bob"), memory_world.session("ann", "play")]

    def ask() -> list[Any]:
        ann, bob, play = sessions
        return [
            ann.allows("read", "t", "c"),
            ann.allows("read", "t", "a", "b"),
            bob.allows("write", "t", "c"),
            play.allows("read", "t", "c"),
            set(ann.table("t").row(b"r1", columns=[b"c:q", b"c:z"])),
        ]

    Race().run(
        lambda number: memory_world.db.replace_policy(swapped[number % 2]),
        ask,
        lambda answer, number: answer == [True, False, True, False, {b"c:q"}],
    )


@pytest.mark.rule("8b")
@pytest.mark.parametrize("name", ["allows", "row"])
def test_a_grant_that_ended_for_one_thread_ended_for_all(memory_world: Any, name: str) -> None:
    """The clock goes forward by a second a step, and the grant holds up to the middle."""
    memory_world.grants("reader")[0]["until"] = memory_world.at(SWAPS // 2)
    memory_world.fill(b"r1")
    session = memory_world.session()
    uses: dict[str, Callable[[], Any]] = {
        "allows": lambda: session.allows("read", "t", "a"),
        "row": lambda: outcome(lambda: dict(session.table("t").row(b"r1", columns=[b"a"]))) == {b"a:q": b"a"},
    }

    def turn(number: int) -> None:
        memory_world.now = START + number * SECOND

    Race().run(turn, uses[name], lambda answer, number: answer is (number < SWAPS // 2))


@pytest.mark.rule("9b")
def test_after_a_session_was_closed_no_thread_gets_an_answer(memory_world: Any) -> None:
    memory_world.fill(b"r1")
    kept = [memory_world.session()]

    def step(number: int) -> None:
        if number % 2:
            kept[0].close()
        else:
            kept[0] = memory_world.session()

    def ask() -> object:
        try:
            return kept[0].allows("read", "t", "a") and bool(kept[0].table("t").row(b"r1"))
        except cfacl.Closed:
            return "closed"

    Race().run(step, ask, lambda answer, number: answer == ("closed" if number % 2 else True))


@pytest.mark.rule("1e", "9e")
@pytest.mark.failure("policy-engine-16")
def test_a_principal_that_was_removed_once_is_refused_by_all_threads_for_good(memory_world: Any) -> None:
    session, other = memory_world.session("ann"), memory_world.session("bob")
    swapped = [memory_world.policy()]
    del memory_world.document["principals"]["ann"]
    swapped.append(memory_world.policy())

    def ask() -> object:
        return outcome(lambda: session.allows("read", "t", "a")), other.allows("read", "t", "a")

    Race().run(
        lambda number: memory_world.db.replace_policy(swapped[number % 2]),
        ask,
        lambda answer, number: answer == ((frozenset(), "removed_principal") if number else True, True),
    )


@pytest.mark.failure("store-acl-14")
@pytest.mark.failure("policy-engine-24")
def test_threads_that_share_everything_get_their_own_answers(memory_world: Any) -> None:
    """One session, one table; each thread reads and counts in rows of its own."""
    memory_world.fill(*[b"r%d" % n for n in range(THREADS)])
    table = memory_world.table()
    wrong: list[object] = []
    barrier = threading.Barrier(THREADS)

    def loop(number: int) -> None:
        key = b"r%d" % number
        barrier.wait()
        for n in range(1, 151):
            names = [b"a"] if n % 2 else [b"a:q", b"b:q"]
            found = [*table.row(key, columns=names)], table.counter_inc(key, b"b:n"), [*table.row(key)]
            expected = [b"a:q"] if n % 2 else [b"a:q", b"b:q"], n, [b"a:q", b"b:n", b"b:q"]
            if found != expected:
                wrong.append((found, expected))

    threads = [threading.Thread(target=loop, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert table.rows([b"r%d" % n for n in range(THREADS)], columns=[b"b:n"]) == [
        (b"r%d" % n, {b"b:n": (150).to_bytes(8, "big")}) for n in range(THREADS)
    ]
