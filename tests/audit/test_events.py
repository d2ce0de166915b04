"""What an event says of a denial, hooks of which there are several, and hooks that only watch."""

from __future__ import annotations

import contextlib
import copy
import logging
import pickle
import re
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any

import attrs
import pytest

import cfacl
from cfacl.api.administered import Administered
from cfacl.api.telling import MOST
from cfacl.audit.watcher import Watcher, shown
from cfacl.model.immutable import ByName
from cfacl.model.names import SUBJECT_LENGTH

# ----------------------------------------------------------------------------------------------------------- decisions


def test_a_denial_and_its_event_have_one_decision(shop: Callable[..., Any]) -> None:
    told: list[cfacl.Event] = []
    denied = shop(told.append).refused()
    assert (told[-1].allowed, told[-1].decision, told[-1].reason) == (False, denied.decision, "not_granted")
    assert re.fullmatch("[0-9a-f]{16}", denied.decision)


def test_what_is_allowed_has_none(shop: Callable[..., Any]) -> None:
    told: list[cfacl.Event] = []
    shop(told.append).read()
    assert {(each.allowed, each.decision, each.reason) for each in told} == {(True, None, None)}


def test_no_two_denials_have_the_same(shop: Callable[..., Any]) -> None:
    serving = shop()
    assert len({serving.refused().decision for _ in range(100)}) == 100


def test_it_is_made_when_it_is_first_read(shop: Callable[..., Any]) -> None:
    denied = shop().refused()
    assert "_decision" not in vars(denied)
    assert denied.decision == denied.decision == vars(denied)["_decision"]


@pytest.mark.parametrize(
    "again",
    [copy.copy, copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_a_copy_of_a_denial_has_the_same(shop: Callable[..., Any], again: Callable[[Any], Any]) -> None:
    denied = shop().refused()
    assert again(denied).decision == denied.decision


def test_an_unknown_principal_is_denied_by_a_decision_too(shop: Callable[..., Any]) -> None:
    with pytest.raises(cfacl.AccessDenied) as denied:
        shop().account("nobody")
    assert re.fullmatch("[0-9a-f]{16}", denied.value.decision)


def test_the_reason_is_told(shop: Callable[..., Any]) -> None:
    told: list[cfacl.Event] = []
    denied = shop(told.append).removed()
    assert (told[-1].reason, told[-1].decision) == ("removed_principal", denied.decision)


def test_what_is_done_to_a_whole_table_is_told_the_same_way(shop: Callable[..., Any]) -> None:
    told: list[cfacl.Event] = []
    db = shop(told.append).db
    with db.session("maya", purpose="support") as session, pytest.raises(cfacl.AccessDenied) as denied:
        Administered(db, session).compact("account", major=True)
    assert (told[-1].allowed, told[-1].reason, told[-1].decision) == (False, "not_granted", denied.value.decision)


# ----------------------------------------------------------------------------------------------------------- immutable


def spoil(event: cfacl.Event) -> None:
    """Try to make what others see of an event another one."""
    access: Any = event.access
    with contextlib.suppress(TypeError):
        access["read"] = frozenset({"spoilt"})
    with contextlib.suppress(TypeError):
        access.clear()
    with contextlib.suppress(AttributeError, KeyError):
        access["read"].add("spoilt")
    for name in attrs.fields_dict(cfacl.Event):
        with contextlib.suppress(attrs.exceptions.FrozenInstanceError):
            setattr(event, name, "spoilt")


def test_one_hook_changes_nothing_for_the_next(shop: Callable[..., Any]) -> None:
    told: list[cfacl.Event] = []
    serving = shop([spoil, told.append])
    told.clear()
    serving.read()
    serving.refused()
    assert [(each.access, each.withheld) for each in told] == [
        ({"read": {"prof"}}, {"id"}),
        ({"read": {"id"}}, frozenset()),
    ]


def test_whoever_made_it_changes_nothing_of_it_afterwards(denial: Callable[..., cfacl.Event]) -> None:
    families, withheld = {"id"}, {"a"}
    access = {"read": families}
    event = denial(access=access, withheld=withheld)
    families.add("spoilt")
    access["write"] = families
    withheld.add("spoilt")
    assert (event.access, event.withheld) == ({"read": {"id"}}, {"a"})


@pytest.mark.parametrize("field", ["access", "withheld"])
def test_one_name_is_not_taken_for_its_letters(denial: Callable[..., cfacl.Event], field: str) -> None:
    with pytest.raises(TypeError, match="families are a set of names"):
        denial(**{field: {"access": {"read": "id"}, "withheld": "id"}[field]})


def test_one_can_be_kept_in_a_set(denial: Callable[..., cfacl.Event], shop: Callable[..., Any]) -> None:
    seen: set[cfacl.Event] = set()
    serving = shop(seen.add)
    seen.clear()
    serving.read()
    serving.read()
    assert [each.access for each in seen] == [{"read": {"prof"}}]
    assert hash(denial()) == hash(denial())
    assert len({denial(), denial(access={"read": {"prof"}}), denial(access={"write": {"id"}})}) == 3


def test_each_field_is_of_what_nobody_can_change(denial: Callable[..., cfacl.Event]) -> None:
    """A field that is new is looked at here."""
    kinds = {name: type(value) for name, value in attrs.asdict(denial(why="ticket 7"), recurse=False).items()}
    access, withheld = kinds.pop("access"), kinds.pop("withheld")
    assert (access, withheld) == (ByName, frozenset)
    assert set(kinds.values()) == {str, bool, int}


@pytest.mark.parametrize(
    "again",
    [copy.copy, copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each)), attrs.evolve],
    ids=["copy", "deepcopy", "pickle", "evolve"],
)
def test_an_event_is_sent_to_another_process_as_it_is(
    denial: Callable[..., cfacl.Event], again: Callable[[Any], Any]
) -> None:
    event = denial()
    assert again(event) == event
    spoil(again(event))
    assert again(event).access == {"read": {"id"}}


# --------------------------------------------------------------------------------------------------------------- hooks


@pytest.mark.parametrize("kind", [list, tuple])
def test_several_hooks_are_told_in_their_order(shop: Callable[..., Any], kind: Callable[[Any], Any]) -> None:
    told: list[tuple[str, cfacl.Event]] = []
    hooks = kind([lambda event: told.append(("first", event)), lambda event: told.append(("second", event))])
    serving = shop(hooks)
    told.clear()
    serving.read()
    assert [name for name, _ in told] == ["first", "second"]
    assert told[0][1] is told[1][1]


def test_where_one_raises_the_request_ends_and_those_behind_it_are_not_told(shop: Callable[..., Any]) -> None:
    told: list[cfacl.Event] = []

    def refuse(event: cfacl.Event) -> None:
        if event.principal == "maya":
            raise LookupError

    serving = shop((refuse, told.append))
    told.clear()
    with pytest.raises(LookupError):
        serving.read()
    assert told == []


@pytest.mark.parametrize("none", [None, (), []], ids=["None", "no tuple", "no list"])
def test_there_may_be_none(shop: Callable[..., Any], none: Any) -> None:
    serving = shop(none)
    serving.read()
    assert serving.db._hook is None  # so that nothing is made for it


@pytest.mark.parametrize("wrong", [[print, "told"], ("told",), {print}], ids=["list", "tuple", "set"])
def test_each_has_to_be_a_function(shop: Callable[..., Any], wrong: Any) -> None:
    with pytest.raises(cfacl.RequestError, match=r"`on_event` is a function, not (str|set)"):
        shop(wrong)


async def awaited(event: cfacl.Event) -> None:
    raise AssertionError


def read_on(event: cfacl.Event) -> Iterator[None]:
    yield


async def awaited_on(event: cfacl.Event) -> AsyncIterator[None]:
    yield


class Late:
    """What is awaited and is no coroutine, as a future."""

    def __await__(self) -> Iterator[None]:
        raise AssertionError


class Awaited:
    async def __call__(self, event: cfacl.Event) -> None:
        raise AssertionError


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        (awaited, "a coroutine, which nobody awaits"),
        (Awaited(), "a coroutine, which nobody awaits"),
        (read_on, "a generator, which nobody reads"),
        (Awaited, "the class Awaited; make one of it"),
    ],
    ids=["coroutine", "of an object", "generator", "class"],
)
def test_what_records_nothing_by_being_called_is_refused(shop: Callable[..., Any], wrong: Any, what: str) -> None:
    for each in (wrong, [print, wrong]):
        with pytest.raises(cfacl.RequestError) as error:
            shop(each)
        assert str(error.value) == f"`on_event` is a function that has done its work when it returns, not {what}"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        (lambda event: awaited(event), "a coroutine, or another thing to await, which nobody awaits"),
        (partial(Awaited()), "a coroutine, or another thing to await, which nobody awaits"),
        (lambda event: Late(), "a coroutine, or another thing to await, which nobody awaits"),
        (lambda event: read_on(event), "a generator, which nobody reads"),
        (lambda event: awaited_on(event), "a generator, which nobody reads"),
    ],
    ids=["coroutine", "partial", "future", "generator", "of both"],
)
def test_what_turns_out_to_record_nothing_stops_the_first_request(
    shop: Callable[..., Any], wrong: Any, what: str
) -> None:
    """No more can be seen of it beforehand: a lambda is called like any other."""
    for each in (wrong, [print, wrong]):
        with pytest.raises(cfacl.RequestError) as error:
            shop(each)
        assert str(error.value) == f"`on_event` has to have done its work when it returns, and it returned {what}"


def test_what_a_hook_returns_is_its_own_matter_otherwise(shop: Callable[..., Any]) -> None:
    shop(lambda event: event).read()


def test_a_hook_may_replace_the_policy(shop: Callable[..., Any]) -> None:
    told: list[cfacl.Event] = []

    def replace(event: cfacl.Event) -> None:
        told.append(event)
        if len(told) % 2:
            serving.db.replace_policy(serving.db.policy)

    serving = shop(lambda event: told.append(event) if event.principal == "app" else replace(event))
    told.clear()
    serving.read()
    serving.read()
    assert [each.request for each in told] == ["row"] * 4


@pytest.mark.parametrize("use", ["read", "refused"])
def test_one_that_replaces_it_again_and_again_ends_the_request(shop: Callable[..., Any], use: str) -> None:
    """Also by the same policy; a denial ends it the first time."""
    told: list[cfacl.Event] = []

    def replace(event: cfacl.Event) -> None:
        told.append(event)
        if event.principal == "maya":
            serving.db.replace_policy(serving.db.policy)

    serving = shop(replace)
    told.clear()
    if use == "refused":
        serving.refused()
        return
    for _ in range(2):
        with pytest.raises(cfacl.RequestError, match="`on_event` replaced the policy each of the 10 times"):
            serving.read()
    assert len(told) == 2 * MOST


def test_other_threads_may_replace_it_while_the_hook_is_told(shop: Callable[..., Any]) -> None:
    left = [True] * 2 * MOST

    def wait(event: cfacl.Event) -> None:
        if event.principal == "maya" and left:
            left.pop()
            thread = threading.Thread(target=lambda: serving.db.replace_policy(serving.db.policy))
            thread.start()
            thread.join()

    serving = shop(wait)
    serving.read()
    assert left == []


# ------------------------------------------------------------------------------------------------------------ watching


class Broken(Watcher):
    def show(self, event: cfacl.Event) -> None:
        raise OSError("canary")


def test_what_a_watcher_raises_stops_no_request(shop: Callable[..., Any], caplog: pytest.LogCaptureFixture) -> None:
    watcher = Broken()
    serving = shop(watcher)
    before = watcher.failures
    serving.read()
    serving.refused()
    assert watcher.failures == before + 2
    records = [each for each in caplog.records if each.name == "cfacl.audit.watcher"]
    assert [each.getMessage() for each in records] == ["Broken could not show an event: OSError"]
    assert not any(each.exc_info for each in records)


def test_a_log_that_breaks_as_well_stops_none_either(shop: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(record: logging.LogRecord) -> bool:
        raise OSError

    monkeypatch.setattr(logging.getLogger("cfacl.audit.watcher"), "filters", [fail])
    shop(Broken()).read()


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_ends_the_request(shop: Callable[..., Any], interrupt: type[BaseException]) -> None:
    class Interrupted(Watcher):
        def show(self, event: cfacl.Event) -> None:
            raise interrupt

    with pytest.raises(interrupt):
        shop(Interrupted())


def test_what_is_shown_holds_names_alone_and_sorted(denial: Callable[..., cfacl.Event]) -> None:
    event = denial(access={"write": frozenset({"prof"}), "read": frozenset({"prof", "id"})}, withheld=frozenset("ba"))
    assert shown(event) == {
        "request": "row",
        "allowed": False,
        "principal": "maya",
        "purpose": "support",
        "table": "account",
        "actions": ["read", "write"],
        "families": ["read:id", "read:prof", "write:prof"],
        "withheld": ["a", "b"],
        "epoch": 3,
        "reason": "not_granted",
        "decision": "00ff",
    }
    assert not {"reason", "decision"} & shown(denial(allowed=True, reason=None, decision=None)).keys()
    assert "table" not in shown(denial(table=None, access={}))


def test_a_stranger_with_a_long_name_fills_no_log(denial: Callable[..., cfacl.Event]) -> None:
    longest = "m" * SUBJECT_LENGTH
    found = shown(denial(principal="m" * 100_000, purpose=longest))
    assert found["principal"] == longest[:-3] + "..."
    assert found["purpose"] == longest


def test_an_operator_can_forge_no_line(denial: Callable[..., cfacl.Event]) -> None:
    """Who goes around the guard says a name and a reason, which may be anything."""
    event = denial(principal="eve\nroot may", purpose="a\x1b[2J")
    assert (shown(event)["principal"], shown(event)["purpose"]) == ("eve\\u000aroot may", "a\\u001b[2J")
