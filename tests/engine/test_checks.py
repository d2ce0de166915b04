"""The check: what it asks for, what it answers, what a hit costs, and who is still answered."""

from __future__ import annotations

import copy
import pickle
import threading
from typing import Any, Final

import pytest

import cfacl
from cfacl.engine import snapshot
from cfacl.engine.ask import Ask
from cfacl.engine.caller import Caller
from cfacl.engine.guard import Guard
from cfacl.engine.snapshot import Profile

FAMILIES: Final = {"t:prof": "personal", "t:id": "sensitive", "t:log": {"level": "internal", "columns": ["at", "what"]}}
ROLES: Final = {
    "support": {
        "clearance": "sealed",
        "grants": [{"families": ["prof", "log"]}, {"families": ["prof"], "actions": ["write"]}],
    }
}
HELD: Final = {"maya": ["support"], "tom": ["support"], "nil": []}


@pytest.fixture
def made(house: Any) -> Any:
    return house(FAMILIES, ROLES, HELD)


def counting(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> list[Any]:
    """Count the calls of a function that is found by name."""
    calls: list[Any] = []
    original = getattr(owner, name)

    def counted(*arguments: Any, **keys: Any) -> Any:
        calls.append(arguments)
        return original(*arguments, **keys)

    monkeypatch.setattr(owner, name, counted)
    return calls


# ------------------------------------------------------------------------------------------------------ the check


def test_every_family_that_is_asked_for_must_be_granted(made: Any) -> None:
    caller = made.caller()
    assert caller.allows("read", "t", "prof")
    assert caller.allows("read", "t", "prof", "log")
    assert caller.allows("read", "t", "log", "prof", "log")
    assert not caller.allows("read", "t", "id")
    assert not caller.allows("read", "t", "prof", "id")
    assert not caller.allows("write", "t", "prof", "log")
    assert caller.families("read", "t") == {"prof", "log"}


def test_require_names_what_is_denied_and_nothing_else(made: Any) -> None:
    caller = made.caller()
    for _ in range(2):
        assert caller.require("read", "t", "prof") is None
        with pytest.raises(cfacl.AccessDenied) as denied:
            caller.require("write", "t", "prof", "log", "id")
        assert denied.value.families == {"log", "id"}
        assert denied.value.epoch == 1
        assert (
            str(denied.value) == "`maya` may not `write` `t:id`, `t:log` for `support`; `explain` says what is missing"
        )


def test_prepared_and_named_asks_are_answered_alike(made: Any) -> None:
    caller = made.caller()
    for names in (["prof"], ["id"], ["prof", "log"], ["prof", "id"]):
        ask = made.guard.prepare("read", "t", tuple(names))
        assert made.guard.prepare("read", "t", tuple(names)) is ask
        assert (ask.action, ask.table, ask.families) == ("read", "t", tuple(names))
        for _ in range(2):
            assert caller.allows(ask) is caller.allows("read", "t", *names)
            assert caller.explain(ask).allowed is caller.allows(ask)


@pytest.mark.rule("3a")
def test_nothing_asked_is_not_everything_granted(made: Any) -> None:
    caller = made.caller()
    for ask in (caller.allows, caller.require, caller.explain):
        for _ in range(2):
            with pytest.raises(cfacl.RequestError, match="no family of `t` is named; name at least one"):
                ask("read", "t")
    with pytest.raises(cfacl.RequestError):
        made.guard.prepare("read", "t", ())


@pytest.mark.rule("1d")
def test_an_ask_whose_families_all_left_the_policy_is_no_empty_ask(made: Any) -> None:
    caller = made.caller()
    ask = made.guard.prepare("read", "t", ("prof",))
    assert caller.allows(ask)
    made.publish({"t:log": "internal"}, {"support": {"clearance": "sealed"}}, HELD)
    with pytest.raises(cfacl.UnknownFamily):
        caller.allows(ask)
    with pytest.raises(cfacl.UnknownFamily):
        made.guard.prepare("read", "t", ("prof",))
    made.publish({"s:prof": "internal"}, {"support": {"clearance": "sealed"}}, HELD)
    with pytest.raises(cfacl.UnknownTable):
        caller.allows(ask)


@pytest.mark.rule("1d", "1e")
def test_unknown_names_raise_whoever_asks(made: Any) -> None:
    for principal in ("maya", "nil"):
        caller = made.caller(principal)
        for ask in (caller.allows, caller.require, caller.explain):
            with pytest.raises(cfacl.UnknownAction):
                ask("reed", "t", "prof")
            with pytest.raises(cfacl.UnknownTable):
                ask("read", "s", "prof")
            with pytest.raises(cfacl.UnknownFamily):
                ask("read", "t", "prof", "pro")
        with pytest.raises(cfacl.UnknownAction):
            caller.families("reed", "t")
        with pytest.raises(cfacl.UnknownTable):
            caller.families("read", "s")
    with pytest.raises(cfacl.UnknownPurpose):
        made.caller(purpose="supprt")
    with pytest.raises(cfacl.AccessDenied):
        made.caller("may")


def test_an_ask_of_another_guard_is_refused(house: Any, made: Any) -> None:
    other = house(FAMILIES, ROLES, HELD)
    ask = other.guard.prepare("read", "t", ("prof",))
    assert other.caller().allows(ask)
    with pytest.raises(cfacl.RequestError, match="another database"):
        made.caller().allows(ask)


def test_an_ask_says_all_or_its_parts_do(made: Any) -> None:
    caller = made.caller()
    ask = made.guard.prepare("read", "t", ("prof",))
    for use in (caller.allows, caller.require, caller.explain):
        with pytest.raises(cfacl.RequestError, match="a prepared ask takes no further names"):
            use(ask, "t")
        with pytest.raises(cfacl.RequestError, match="no table is named"):
            use("read")


def test_an_ask_made_by_hand_belongs_to_nobody(made: Any) -> None:
    with pytest.raises(cfacl.RequestError, match="another database"):
        made.caller().allows(Ask(object(), "read", "t", ["prof"]))


def test_an_explanation_is_not_true_or_false(made: Any) -> None:
    with pytest.raises(TypeError, match=r"^an explanation is neither true nor false; ask for its `allowed`$"):
        bool(made.caller().explain("read", "t", "id"))


# ------------------------------------------------------------------------------------------------------ what a hit costs


def test_a_hit_reads_no_clock_where_nothing_can_end(made: Any) -> None:
    caller = made.caller()
    ask = made.guard.prepare("read", "t", ["prof", "log"])
    caller.allows(ask)
    caller.require("read", "t", "prof")
    made.reads = 0
    for _ in range(5):
        assert caller.allows(ask)
        caller.require("read", "t", "prof")
    assert made.reads == 0


@pytest.mark.rule("8b")
def test_a_hit_reads_the_clock_once_where_something_can(house: Any) -> None:
    roles = {"support": {"clearance": "sealed", "grants": [{"families": ["prof"], "until": 60}]}}
    made = house(FAMILIES, roles, HELD)
    caller = made.caller()
    ask = made.guard.prepare("read", "t", ("prof",))
    caller.allows(ask)
    made.reads = 0
    for number in range(1, 5):
        assert caller.allows(ask)
        assert made.reads == number
    caller.require(ask)
    assert made.reads == 5
    made.wait(60)
    with pytest.raises(cfacl.AccessDenied):
        caller.require(ask)


def test_a_hit_takes_no_lock(made: Any) -> None:
    """Another thread holds it for ever, and hits are answered all the same."""
    caller = made.caller()
    want = (0, "t", None, None)
    caller.allows("read", "t", "prof")
    caller.allows("read", "t", "id")
    caller._plan(want)
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with made.guard.lock:
            held.set()
            release.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    answers: list[object] = []

    def ask() -> None:
        answers.append(caller.allows("read", "t", "prof"))
        answers.append(caller.allows("read", "t", "id"))
        answers.append(caller.require("read", "t", "prof"))
        answers.append(caller._plan(want) is caller._plan(want))

    asker = threading.Thread(target=ask)
    asker.start()
    asker.join(30)
    release.set()
    holder.join()
    asker.join()
    assert answers == [True, False, None, True]


@pytest.mark.failure("policy-engine-12")
def test_a_denial_is_looked_up_as_seldom_as_an_allow(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    caller = made.caller("nil")
    looks = counting(monkeypatch, snapshot, "look")
    for _ in range(3):
        assert not caller.allows("read", "t", "prof")
        assert not caller.allows("write", "t", "id")
        assert caller.families("read", "t") == frozenset()
    assert len(looks) == 1


def test_a_second_table_is_looked_up_when_it_is_asked_for(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = house({"t:a": "public", "s:a": "public"}, {"support": {"clearance": "public"}}, HELD)
    looks = counting(monkeypatch, snapshot, "look")
    caller = made.caller()
    caller.allows("read", "t", "a")
    assert len(looks) == 1
    caller.allows("read", "s", "a")
    assert len(looks) == 2


# ------------------------------------------------------------------------------------------------------ closing, and coming back


def test_a_closed_caller_and_a_closed_guard_answer_nothing(made: Any) -> None:
    caller, other = made.caller(), made.caller("tom")
    assert caller.allows("read", "t", "prof")
    caller.close()
    caller.close()
    for use in (caller.allows, caller.require, caller.explain):
        with pytest.raises(cfacl.Closed, match="the session is closed"):
            use("read", "t", "prof")
    with pytest.raises(cfacl.Closed):
        caller._snapshot()
    assert other._snapshot() is made.snapshot
    made.guard.close()
    for use in (other.allows, other.require, other.explain):
        with pytest.raises(cfacl.Closed, match="the database is closed"):
            use("read", "t", "prof")
    with pytest.raises(cfacl.Closed):
        made.guard.prepare("write", "t", ("prof",))
    made.guard.close("gone for good")
    with pytest.raises(cfacl.Closed, match="gone for good"):
        made.caller()


def test_an_orphan_answers_nothing_whoever_holds_the_lock(made: Any) -> None:
    caller = made.caller()
    caller.allows("read", "t", "prof")
    made.guard.orphan("not of this process")
    with pytest.raises(cfacl.Closed, match="not of this process"):
        caller.allows("read", "t", "prof")


@pytest.mark.rule("9e")
def test_a_caller_follows_the_policy(made: Any) -> None:
    caller = made.caller()
    assert caller._snapshot() is made.snapshot
    made.publish(FAMILIES, {"support": {"clearance": "sealed", "grants": [{"families": ["id"]}]}}, HELD)
    assert caller._snapshot() is made.snapshot
    assert caller.families("read", "t") == {"id"}
    assert made.guard.epoch == 2
    assert caller.explain("read", "t", "id").epoch == 2


@pytest.mark.rule("1e")
def test_who_is_removed_stays_refused_and_who_comes_back_is_somebody_else(made: Any) -> None:
    caller = made.caller()
    made.publish(FAMILIES, ROLES, {"tom": ["support"]})
    made.publish(FAMILIES, ROLES, HELD)
    again = made.caller()
    for _ in range(2):
        with pytest.raises(cfacl.AccessDenied) as denied:
            caller.allows("read", "t", "prof")
        assert denied.value.reason == "removed_principal"
        assert again.allows("read", "t", "prof")
    made.publish(FAMILIES, ROLES, HELD)
    assert again.allows("read", "t", "prof")


def test_publishing_the_same_policy_anew_removes_nobody(made: Any) -> None:
    """As when only the store's families changed."""
    caller = made.caller()
    made.guard.publish(made.snapshot.bits, made.snapshot.stored)
    assert caller.allows("read", "t", "prof")
    assert made.guard.epoch == 2


def test_what_a_profile_knows_is_used_again(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = counting(monkeypatch, Profile, "check")
    caller = made.caller()
    ask = made.guard.prepare("read", "t", ("prof",))
    for _ in range(3):
        caller.allows(ask)
        made.caller("tom").allows(ask)
    # Tom's caller is a new one each time, and finds the profile by the long way.
    assert 1 <= len(calls) <= 4
    calls.clear()
    caller.allows(ask)
    assert calls == []


@pytest.mark.rule("12d")
def test_none_of_it_can_be_pickled_or_copied(made: Any) -> None:
    held: list[object] = [made.caller(), made.guard, made.guard.prepare("read", "t", ("prof",))]
    for each, kind in zip(held, (Caller, Guard, Ask), strict=True):
        for way in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(cfacl.RequestError, match=f"`{kind.__name__}` can't be pickled or copied"):
                way(each)
    assert repr(held[2]) == "<Ask to read t:prof>"


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ((b"read", "t", "prof"), "an action is a str, not bytes; say its name"),
        (("read", 5, "prof"), "a table is a str, not int; say its name"),
        (("read", "t", b"prof"), "a family is a str, not bytes; say its name"),
        (("read", "t", "prof", None), "a family is a str, not NoneType; say its name"),
    ],
)
def test_what_is_no_name_is_told_by_what_it_names(made: Any, names: tuple[Any, ...], told: str) -> None:
    action, table, *families = names
    with pytest.raises(cfacl.RequestError) as error:
        made.guard.prepare(action, table, tuple(families))
    assert str(error.value) == told
