"""What a request for columns may touch, how that shrinks, and how columns are taken apart."""

from __future__ import annotations

from typing import Any, Final

import pytest

import cfacl
from cfacl.engine.ask import parse_column
from cfacl.engine.caller import Caller
from cfacl.engine.selection import select
from cfacl.engine.snapshot import Denial, Plan, remember
from cfacl.model.request import MAX_QUALIFIER

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


def plan(made: Any, action: int, columns: list[bytes] | None, strict: bool | None = None) -> Any:
    """What may be touched, as {family: qualifiers}, and what is withheld; or what is denied."""
    try:
        found = made.caller()._plan((action, "t", None if columns is None else tuple(columns), strict))
    except cfacl.AccessDenied as denied:
        return denied.families
    return {each.family.name: each.qualifiers for each in found.projection.slices}, found.withheld


@pytest.mark.rule("4a", "4b", "4c", "4d", "4e")
def test_a_read_without_columns_is_narrow_and_everything_else_is_strict(made: Any) -> None:
    assert plan(made, 0, None) == ({"log": (b"at", b"what"), "prof": None}, {"id"})
    assert plan(made, 0, None, strict=True) == {"id"}
    assert plan(made, 0, [b"prof", b"id"]) == {"id"}
    assert plan(made, 0, [b"prof", b"id"], strict=False) == ({"prof": None}, {"id"})
    assert plan(made, 0, [b"id"], strict=False) == {"id"}
    assert plan(made, 1, None) == {"id", "log"}
    assert plan(made, 1, [b"prof"]) == ({"prof": None}, frozenset())
    assert plan(made, 2, None) == {"id", "log", "prof"}
    assert plan(made, 3, [b"prof"]) == {"prof"}


@pytest.mark.rule("1c", "3d")
def test_columns_are_taken_apart(made: Any) -> None:
    assert plan(made, 0, [b"prof:q"]) == ({"prof": (b"q",)}, frozenset())
    assert plan(made, 0, [b"prof:"]) == ({"prof": (b"",)}, frozenset())
    assert plan(made, 0, [b"prof:b", b"prof:a", b"prof:b"]) == ({"prof": (b"a", b"b")}, frozenset())
    assert plan(made, 0, [b"prof:b", b"prof"]) == ({"prof": None}, frozenset())
    assert plan(made, 0, [b"prof", b"prof:b"]) == ({"prof": None}, frozenset())
    assert plan(made, 0, [b"prof:a:b"]) == ({"prof": (b"a:b",)}, frozenset())
    assert plan(made, 0, [b"log"]) == ({"log": (b"at", b"what")}, frozenset())
    assert plan(made, 0, [b"log:at", b"prof:\x00"]) == ({"log": (b"at",), "prof": (b"\x00",)}, frozenset())


@pytest.mark.rule("1c", "1d", "3a")
def test_columns_that_make_no_sense_are_refused(made: Any) -> None:
    table = made.snapshot.bits.tables["t"]
    for name, kind in {
        b"pro:q": cfacl.UnknownFamily,
        b"": cfacl.UnknownFamily,
        b"PROF:q": cfacl.UnknownFamily,
        b"log:": cfacl.UnknownColumn,
        b"log:who": cfacl.UnknownColumn,
        b"prof:" + b"q" * (MAX_QUALIFIER + 1): cfacl.InvalidValue,
        "prof:q": cfacl.InvalidValue,
        None: cfacl.InvalidValue,
    }.items():
        with pytest.raises(kind):
            parse_column(table, name)
    assert parse_column(table, b"prof:" + b"q" * MAX_QUALIFIER)
    with pytest.raises(cfacl.RequestError, match="`columns` of table `t` is empty"):
        select(table, ())
    with pytest.raises(cfacl.UnknownTable):
        made.caller()._plan((0, "s", None, None))
    with pytest.raises(cfacl.UnknownTable):
        made.snapshot.column("s", b"prof:q")
    assert made.snapshot.column("t", b"prof:q") == (b"prof", 4, b"q")


def test_a_plan_is_made_once(made: Any) -> None:
    caller, other = made.caller(), made.caller("tom")
    want = (0, "t", (b"prof:q",), None)
    assert caller._plan(want) is caller._plan(want) is other._plan(want)
    narrow, strict = caller._plan((0, "t", None, None)), other._plan((0, "t", None, False))
    assert narrow is not strict
    assert narrow.projection is strict.projection
    made.publish(FAMILIES, ROLES, HELD)
    assert caller._plan(want) is not other._plan((0, "t", (b"prof",), None))
    assert caller._plan(want).profile.snapshot is made.snapshot


@pytest.mark.rule("8b", "9a", "9b")
def test_a_plan_stands_until_the_policy_the_clock_or_the_caller_goes_on(house: Any) -> None:
    roles = {"support": {"clearance": "sealed", "grants": [{"families": ["prof"], "until": 60}, {"families": ["log"]}]}}
    made = house(FAMILIES, roles, HELD)
    caller = made.caller()
    plan = caller._plan((0, "t", None, None))
    assert caller._stands(plan)
    assert made.caller("tom")._stands(plan)
    assert not made.caller("nil")._stands(plan)
    assert not made.caller(purpose="service")._stands(plan)
    made.now = None
    assert not caller._stands(plan)
    made.wait(59)
    assert caller._stands(plan)
    made.wait(60)
    assert not caller._stands(plan)
    later = caller._plan((0, "t", None, None))
    assert [each.family.name for each in later.projection.slices] == ["log"]
    assert caller._stands(later)
    made.publish(FAMILIES, roles, HELD)
    assert not caller._stands(later)
    last = caller._plan((0, "t", None, None))
    assert caller._stands(last)
    caller.close()
    assert not caller._stands(last)


def shrunk(caller: Caller, plan: Plan, *, whole: bool = False) -> tuple[dict[str, Any], frozenset[str]]:
    """What is left of a plan by the policy of now."""
    left = caller._shrink(plan, caller._plan(plan.want), whole=whole)
    return {each.family.name: each.qualifiers for each in left.projection.slices}, left.withheld


@pytest.mark.rule("9c")
def test_a_plan_shrinks_to_what_it_had_and_still_has(made: Any) -> None:
    caller = made.caller()
    narrow = caller._plan((0, "t", None, None))
    other = {"support": {"clearance": "sealed", "grants": [{"families": ["prof", "id"]}]}}
    made.publish(FAMILIES, other, HELD)
    assert shrunk(caller, narrow) == ({"prof": None}, {"id", "log"})
    none = {"support": {"clearance": "sealed", "grants": [{"families": ["id"]}]}}
    made.publish(FAMILIES, none, HELD)
    with pytest.raises(cfacl.AccessDenied) as denied:
        shrunk(caller, narrow)
    assert denied.value.families == {"log", "prof"}


@pytest.mark.rule("9c")
def test_columns_shrink_as_families_do(made: Any) -> None:
    caller = made.caller()
    narrow = caller._plan((0, "t", None, None))

    def declaring(prof: list[str] | None, log: list[str] | None) -> dict[str, Any]:
        families: dict[str, Any] = {"t:id": "sensitive"}
        for name, columns in (("t:prof", prof), ("t:log", log)):
            families[name] = {"level": "internal"} if columns is None else {"level": "internal", "columns": columns}
        return families

    for prof, log, left in (
        (None, None, {"prof": None, "log": (b"at", b"what")}),
        (["x"], ["at"], {"prof": (b"x",), "log": (b"at",)}),
        (["x"], ["at", "what", "who"], {"prof": (b"x",), "log": (b"at", b"what")}),
    ):
        made.publish(declaring(prof, log), ROLES, HELD)
        assert shrunk(caller, narrow) == (left, frozenset({"id", "log", "prof"} - left.keys()))


@pytest.mark.rule("9c")
def test_a_family_of_which_no_column_is_left_is_no_denial(made: Any) -> None:
    """It is granted as before, so nothing is withheld either; nobody is told that the rest is all there is."""
    caller = made.caller()
    plans = [caller._plan((0, "t", None, None))]
    plans += [caller._plan((0, "t", (b"log", b"prof"), strict)) for strict in (None, True, False)]
    made.publish({**FAMILIES, "t:log": {"level": "internal", "columns": ["who"]}}, ROLES, HELD)
    for plan in plans:
        for whole in (False, True):
            with pytest.raises(cfacl.SchemaMissing, match="family `log` of table `t` declares other columns meanwhile"):
                shrunk(caller, plan, whole=whole)
    made.publish(FAMILIES, ROLES, HELD)
    assert [shrunk(caller, plan)[0] for plan in plans] == [{"log": (b"at", b"what"), "prof": None}] * 4


@pytest.mark.rule("9c")
def test_a_strict_plan_that_lost_anything_is_denied(made: Any) -> None:
    caller = made.caller()
    strict = caller._plan((0, "t", (b"log", b"prof"), None))
    asked = caller._plan((0, "t", (b"log", b"prof"), True))
    lenient = caller._plan((0, "t", (b"log", b"prof"), False))
    made.publish(FAMILIES, {"support": {"clearance": "sealed", "grants": [{"families": ["prof"]}]}}, HELD)
    for plan in (strict, asked):
        with pytest.raises(cfacl.AccessDenied) as denied:
            shrunk(caller, plan)
        assert denied.value.families == {"log"}
    assert shrunk(caller, lenient) == ({"prof": None}, {"log"})
    made.publish(FAMILIES, ROLES, HELD)
    assert shrunk(caller, strict) == ({"log": (b"at", b"what"), "prof": None}, frozenset())


@pytest.mark.rule("9c")
def test_a_plan_that_is_to_be_kept_whole_is_denied_where_a_family_of_it_is_gone(made: Any) -> None:
    caller = made.caller()
    narrow = caller._plan((0, "t", None, None))
    named = caller._plan((0, "t", (b"log", b"prof"), False))
    for plan, withheld in ((narrow, {"id"}), (named, set())):
        made.publish(FAMILIES, {"support": {"clearance": "sealed", "grants": [{"families": ["log"]}]}}, HELD)
        with pytest.raises(cfacl.AccessDenied) as denied:
            shrunk(caller, plan, whole=True)
        assert denied.value.families == {"prof"}
        made.publish(FAMILIES, ROLES, HELD)
        assert shrunk(caller, plan, whole=True) == ({"log": (b"at", b"what"), "prof": None}, withheld)


@pytest.mark.rule("Identities")
def test_a_family_that_was_dropped_and_made_again_is_another(made: Any) -> None:
    caller = made.caller()
    plan = caller._plan((0, "t", None, None))
    made.publish({"t:a": "personal", **FAMILIES}, ROLES, HELD)
    with pytest.raises(cfacl.SchemaMissing, match="of table `t` was dropped meanwhile; scan anew"):
        shrunk(caller, plan)


def test_a_memo_is_emptied_when_it_is_full() -> None:
    memo: dict[int, str] = {}
    for number in range(7):
        assert remember(memo, number, str(number), 3) == str(number)
        assert len(memo) <= 3
    assert memo == {6: "6"}


def test_a_caller_says_who_it_is_and_what_time_it_goes_by(made: Any) -> None:
    caller = made.caller()
    assert (caller.principal, caller.purpose) == ("maya", "support")
    assert caller._now() == made.now
    made.now = "late"
    with pytest.raises(cfacl.AccessDenied):
        caller._now()


def test_names_are_str(made: Any) -> None:
    for request in (("read", "t", b"prof"), ("read", b"t", "prof"), (None, "t", "prof")):
        with pytest.raises(cfacl.RequestError):
            made.caller().allows(*request)
    for who in ((b"maya", "support"), ("maya", None)):
        with pytest.raises(cfacl.RequestError, match="is a str, not"):
            made.caller(*who)


def test_a_denial_is_not_kept_as_a_plan(made: Any) -> None:
    caller = made.caller()
    for _ in range(2):
        with pytest.raises(cfacl.AccessDenied):
            caller._plan((0, "t", (b"id",), None))
    profile = caller._profile
    assert profile is not None
    assert profile.plan((0, "t", (b"id",), None), made.now) == Denial(frozenset({"id"}))
    assert not profile.plans


@pytest.mark.rule("Identities")
def test_a_family_that_the_store_lacks_is_missing_and_not_denied(made: Any) -> None:
    made.publish(FAMILIES, ROLES, HELD, lost=("t:log",))
    caller = made.caller()
    assert caller.allows("read", "t", "log")
    for columns in (None, (b"log:at",), (b"prof", b"log")):
        with pytest.raises(cfacl.SchemaMissing, match="the store has no family `log` of table `t`"):
            caller._plan((0, "t", columns, None))
    assert caller._plan((0, "t", (b"prof",), None))
