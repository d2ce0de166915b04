"""No row key, column and value of anybody gets into what is logged: errors, events, explanations, or a `repr`."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any, Final

import pytest

import cfacl

KEY: Final = b"canary-key"
VALUE: Final = b"canary-value"
Use = Callable[[cfacl.Session, cfacl.Table], Any]


def flush(t: cfacl.Table) -> None:
    with t.batch(transaction=True) as batch:
        batch.put(KEY, {b"a:q": VALUE})
        batch.delete(KEY, [b"c:q"])


#: What fails, one way or another.
FAILING: Final[dict[str, Use]] = {
    "denied row": lambda s, t: t.row(KEY, columns=[b"c:q"]),
    "denied rows": lambda s, t: t.rows([KEY, KEY], strict=True),
    "denied scan": lambda s, t: t.scan(row_prefix=KEY, columns=[b"d"]),
    "denied cells": lambda s, t: t.cells(KEY, b"c:q"),
    "denied put": lambda s, t: t.put(KEY, {b"c:q": VALUE}),
    "denied delete": lambda s, t: t.delete(KEY),
    "denied batch": lambda s, t: flush(t),
    "denied comparison": lambda s, t: t.compare_and_set(KEY, b"c:q", VALUE, {b"a:q": VALUE}),
    "denied counter": lambda s, t: t.counter_inc(KEY, b"c:n"),
    "unknown family": lambda s, t: t.put(KEY, {b"x:q": VALUE}),
    "undeclared column": lambda s, t: t.put(KEY, {b"b:q": VALUE}),
    "long key": lambda s, t: t.row(KEY * 4_000),
    "str key": lambda s, t: t.row(KEY.decode()),
    "str value": lambda s, t: t.put(KEY, {b"a:q": VALUE.decode()}),
    "str column": lambda s, t: t.put(KEY, {"a:q": VALUE}),
    "rows as one": lambda s, t: t.rows(KEY),
    "str bound": lambda s, t: t.scan(row_start=KEY.decode()),
    "str comparison": lambda s, t: t.compare_and_set(KEY, b"a:q", VALUE.decode(), {b"a:q": VALUE}),
    "data as a list": lambda s, t: t.put(KEY, [VALUE]),
    "no counter": lambda s, t: t.counter_inc(KEY, b"a:q"),
    "no counter, read": lambda s, t: t.counter_get(KEY, b"a:q"),
    "late": lambda s, t: t.put(KEY, {b"a:q": VALUE}, timestamp=1 << 60),
    "a later policy": lambda s, t: s.require("read", "t", "c"),
}


def said(error: BaseException) -> str:
    """All that an error says of itself."""
    parts = [str(error), repr(error), repr(error.args), repr(getattr(error, "__notes__", "")), repr(vars(error))]
    return " ".join([*parts, *traceback.format_exception_only(error)])


@pytest.fixture
def told(world: Any) -> Any:
    world.families["b"]["columns"] = ["known"]
    world.fill(families="a")
    world.table("root").put(KEY, {b"a:q": VALUE, b"c:q": VALUE})
    world.told.clear()
    return world


@pytest.mark.parametrize("name", FAILING)
def test_no_error_holds_a_key_or_a_value(told: Any, name: str) -> None:
    session = told.session()
    with pytest.raises(cfacl.CfaclError) as failed:
        FAILING[name](session, session.table("t"))
    assert "canary" not in said(failed.value)
    assert "canary" not in repr(told.told)


@pytest.mark.rule("7b", "10c")
def test_no_failure_of_the_store_holds_what_it_answered(told: Any) -> None:
    table = told.table()
    lies: dict[str, Callable[[Any], Any]] = {
        "get": lambda rows: [(KEY + b"x", {b"a:q": VALUE})],
        "versions": lambda cells: [("canary", VALUE)],
        "scan.next": lambda rows: [(KEY, {b"c:q": VALUE})],
        "increment": lambda total: VALUE,
        "compare_and_set": lambda done: VALUE,
    }
    uses: dict[str, Callable[[], Any]] = {
        "get": lambda: table.row(KEY),
        "versions": lambda: table.cells(KEY, b"a:q"),
        "scan.next": lambda: list(table.scan()),
        "apply": lambda: table.put(KEY, {b"a:q": VALUE}),
        "increment": lambda: table.counter_inc(KEY, b"a:n"),
        "compare_and_set": lambda: table.compare_and_set(KEY, b"a:q", VALUE, {b"a:q": VALUE}),
    }
    for call, lie in lies.items():
        told.faulty.lie(call, lie)
        with pytest.raises(cfacl.StoreContractError) as failed:
            uses[call]()
        assert "canary" not in said(failed.value)
        told.faulty.heal()
    for call, use in uses.items():
        told.faulty.fail(call, KeyError(KEY, VALUE))
        with pytest.raises(cfacl.StoreError) as failed:
            use()
        assert "canary" not in said(failed.value)


def test_nothing_that_is_held_shows_data(told: Any) -> None:
    session = told.session()
    table = session.table("t")
    batch = table.batch()
    batch.put(KEY, {b"a:q": VALUE})
    batch.delete(KEY, [b"a:canary"])
    plan = table._access.decide_one("row", (0, "t", (b"a:q",), None))
    held = [session, table, batch, table._access, *batch._pending, plan, plan.projection, told.db]
    held += [told.db.prepare("read", "t", "a"), session.explain("read", "t", "a", "c"), *told.told]
    held += [told.db.who("read", "t", "a"), told.db.what("ann"), told.db.stats(), told.db.drift(), table.scan()]
    for each in held:
        assert "canary" not in repr(each) + str(each)


@pytest.mark.rule("12h")
def test_events_hold_names_only(told: Any) -> None:
    session = told.session()
    table = session.table("t")
    uses: list[Callable[[], Any]] = [lambda: table.row(KEY), lambda: table.rows([KEY]), lambda: list(table.scan())]
    uses += [lambda: table.put(KEY, {b"a:canary": VALUE}), lambda: table.delete(KEY, [b"a:canary"])]
    uses += [lambda: table.cells(KEY, b"a:q"), lambda: table.counter_set(KEY, b"a:canary", 1)]
    uses += [
        lambda: table.counter_inc(KEY, b"a:canary"),
        lambda: table.compare_and_set(KEY, b"a:q", VALUE, {b"a:q": VALUE}),
    ]
    for use in uses:
        use()
        assert told.told, "the hook was not told"
        for event in told.told:
            assert isinstance(event.families, frozenset)
            assert event.families | event.withheld <= {"a", "b", "c", "d"}
            assert (event.principal, event.purpose, event.table, event.allowed) == ("ann", "work", "t", True)
            assert "canary" not in repr(event)
        told.told.clear()


def test_a_row_shows_its_own_cells_and_the_names_of_what_was_withheld(told: Any) -> None:
    assert repr(told.table().row(KEY)) == "Row({b'a:q': b'canary-value'}, withheld=['c', 'd'])"


def test_what_is_held_says_what_it_is(told: Any) -> None:
    session = told.session()
    assert repr(session) == "<Session of ann for work>"
    assert repr(session.table("t")) == "<Table t>"
    assert repr(told.db) == "<Database of world on counting>"
    assert repr(told.db.prepare("read", "t", "a", "b")) == "<Ask to read t:a,b>"
