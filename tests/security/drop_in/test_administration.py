"""What is done to a table as a whole takes `admin` on all of its families, whoever asks, and is told to the hook."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

import cfacl
from cfacl.compat.happybase import Connection
from cfacl.stores.administration import Administration

Use = Callable[[Connection], Any]

#: What is done, and the actions that it takes on every family.
WAYS: Final[dict[str, tuple[tuple[str, ...], Use]]] = {
    "create_table": (("admin",), lambda c: c.create_table("spare", {"a": {}})),
    "delete_table": (("admin", "delete"), lambda c: c.delete_table("t", disable=True)),
    "enable_table": (("admin",), lambda c: c.enable_table("t")),
    "disable_table": (("admin",), lambda c: c.disable_table("t")),
    "compact_table": (("admin",), lambda c: c.compact_table("t", major=True)),
    "regions": (("admin", "read"), lambda c: c.table("t").regions()),
}
FAMILIES: Final = frozenset("abcd")
#: What only shows names, which everybody knows.
HARMLESS: Final[dict[str, Use]] = {
    "tables": lambda c: c.tables(),
    "is_table_enabled": lambda c: c.is_table_enabled("t"),
    "families": lambda c: c.table("t").families(),
    "name": lambda c: c.table("t").name,
}


@pytest.fixture
def filled(house: Any) -> Any:
    """A house with a table that is not there, and a role `keeper` that holds nothing yet."""
    for name in FAMILIES:
        house.family(name, table="spare")
    house.document["roles"]["keeper"] = {"clearance": "sealed"}
    house.document["principals"]["kim"] = {"kind": "employee", "roles": ["keeper"]}
    house.db.drop_table("spare")
    house.fill(b"r1")
    house.events = []
    house.told = house.events.append
    return house


def state(house: Any) -> Any:
    return house.db.tables(), house.db.is_table_enabled("t"), house.db.session("root", "work").table("t").row(b"r1")


def kim(house: Any, purpose: str = "work") -> Connection:
    return Connection(cfacl=house.db, principal="kim", purpose=purpose)


@pytest.mark.parametrize("name", WAYS)
def test_without_a_grant_nothing_is_done(filled: Any, name: str) -> None:
    before = state(filled)
    filled.events.clear()
    with pytest.raises(cfacl.AccessDenied) as denied:
        WAYS[name][1](kim(filled))
    assert denied.value.families == FAMILIES
    (event,) = filled.events
    assert (event.request, event.allowed, event.access) == (name, False, {"admin": FAMILIES})
    assert (event.principal, event.purpose, event.withheld) == ("kim", "work", frozenset())
    assert event.epoch == denied.value.epoch == filled.db.stats()["epoch"]
    assert state(filled) == before


@pytest.mark.rule("Disabled tables")
@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("lacking", sorted(FAMILIES))
def test_it_takes_every_action_on_every_family(filled: Any, name: str, lacking: str) -> None:
    actions, use = WAYS[name]
    table = "spare" if name == "create_table" else "t"
    for action in actions:
        filled.document["roles"]["keeper"] = {"clearance": "sealed"}
        for each in actions:
            families = FAMILIES - {lacking} if each == action else FAMILIES
            filled.grant("keeper", *sorted(families), table=table, actions=[each])
        filled.db.replace_policy(filled.policy())
        before = state(filled)
        with pytest.raises(cfacl.AccessDenied) as denied:
            use(kim(filled))
        assert (denied.value.action, denied.value.families) == (action, {lacking})
        assert state(filled) == before


@pytest.mark.parametrize("name", WAYS)
def test_with_just_these_it_is_done_and_told(filled: Any, name: str) -> None:
    actions, use = WAYS[name]
    table = "spare" if name == "create_table" else "t"
    filled.grant("keeper", *sorted(FAMILIES), table=table, actions=list(actions))
    filled.db.replace_policy(filled.policy())
    filled.events.clear()
    epoch = filled.db.stats()["epoch"]
    use(kim(filled))
    (event,) = filled.events
    assert (event.request, event.allowed, event.access) == (name, True, dict.fromkeys(actions, FAMILIES))
    assert (event.table, event.epoch) == (table, epoch)
    with pytest.raises(cfacl.AccessDenied):
        use(kim(filled, "play"))


@pytest.mark.parametrize("name", WAYS)
def test_a_hook_that_raises_stops_it(filled: Any, name: str) -> None:
    before = state(filled)
    root = Connection(cfacl=filled.db, principal="root", purpose="work")
    filled.grant("all", *sorted(FAMILIES), table="spare", actions=["admin"])
    filled.db.replace_policy(filled.policy())

    def stop(event: cfacl.Event) -> None:
        raise RuntimeError("the log is full")

    filled.told = stop
    with pytest.raises(RuntimeError):
        WAYS[name][1](root)
    filled.told = filled.events.append
    assert state(filled) == before


@pytest.mark.parametrize("name", HARMLESS)
def test_names_are_known_to_everybody(filled: Any, name: str) -> None:
    filled.events.clear()
    HARMLESS[name](kim(filled))
    assert filled.events == []


@pytest.mark.parametrize("name", [*WAYS, *[each for each in HARMLESS if each != "name"]])
def test_whoever_was_removed_is_refused(filled: Any, name: str) -> None:
    connection = kim(filled)
    del filled.document["principals"]["kim"]
    filled.db.replace_policy(filled.policy())
    with pytest.raises(cfacl.AccessDenied) as denied:
        (WAYS[name][1] if name in WAYS else HARMLESS[name])(connection)
    assert denied.value.reason == "removed_principal"


@pytest.mark.rule("Disabled tables")
def test_what_the_policy_does_not_name_is_nobodys_to_remove(filled: Any) -> None:
    """Retired families are kept, until the operator removes them."""
    filled.grant("keeper", *sorted(FAMILIES), actions=["admin", "delete", "read"])
    del filled.document["tables"]["t"]["families"]["d"]
    for role in filled.document["roles"].values():
        for grant in role.get("grants", ()):
            grant["families"] = [each for each in grant["families"] if each != "d"]
    filled.db.replace_policy(filled.policy())
    filled.events.clear()
    for name in ("delete_table", "disable_table", "enable_table", "compact_table", "regions"):
        with pytest.raises(cfacl.AccessDenied) as denied:
            WAYS[name][1](kim(filled))
        assert denied.value.families == {"d"}
    assert [each.allowed for each in filled.events] == [False] * 5
    assert ("t", "d", "retired") in filled.db.drift()
    filled.db.drop_table("t")
    assert filled.db.tables() == []


def test_nor_what_another_process_made_since(filled: Any) -> None:
    filled.grant("keeper", *sorted(FAMILIES), actions=["admin", "delete", "read"])
    filled.db.replace_policy(filled.policy())
    record = filled.db._store.system.get("family/t/a")
    assert filled.db._store.system.compare_and_set("family/t/new", None, record)
    for name in ("delete_table", "disable_table", "regions"):
        with pytest.raises(cfacl.AccessDenied) as denied:
            WAYS[name][1](kim(filled))
        assert denied.value.families == {"new"}
    assert filled.db._store.system.get("family/t/new") == record


@pytest.mark.rule("9a")
def test_what_was_revoked_while_the_store_told_it_is_not_handed_out(
    filled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.grant("keeper", *sorted(FAMILIES), actions=["admin", "read"])
    filled.db.replace_policy(filled.policy())
    tell = Administration.regions

    def regions(administration: Any, table: str) -> Any:
        filled.document["roles"]["keeper"] = {"clearance": "sealed"}
        filled.db.replace_policy(filled.policy())
        return tell(administration, table)

    monkeypatch.setattr(Administration, "regions", regions)
    with pytest.raises(cfacl.AccessDenied):
        kim(filled).table("t").regions()


@pytest.mark.rule("9a")
@pytest.mark.parametrize("name", ["create_table", "delete_table", "enable_table", "disable_table"])
def test_what_is_revoked_before_it_is_done_is_not_done(filled: Any, name: str) -> None:
    """The hook, which is told in between, revokes."""
    actions, use = WAYS[name]
    table = "spare" if name == "create_table" else "t"
    filled.grant("keeper", *sorted(FAMILIES), table=table, actions=list(actions))
    filled.db.replace_policy(filled.policy())
    before = state(filled)

    def revoke(event: cfacl.Event) -> None:
        filled.told = filled.events.append
        filled.document["roles"]["keeper"] = {"clearance": "sealed"}
        filled.db.replace_policy(filled.policy())

    filled.told = revoke
    filled.events.clear()
    with pytest.raises(cfacl.AccessDenied):
        use(kim(filled))
    assert [each.allowed for each in filled.events] == [False]
    assert state(filled) == before


def test_the_hook_is_told_with_no_lock_held(filled: Any) -> None:
    """Else one that waits for somebody who waits for the lock would wait for ever."""
    filled.grant("keeper", *sorted(FAMILIES), actions=["admin"])
    filled.db.replace_policy(filled.policy())
    done: list[Any] = []

    def wait(event: cfacl.Event) -> None:
        filled.told = filled.events.append
        with ThreadPoolExecutor(1) as other:
            done.append(other.submit(filled.db.replace_policy, filled.policy()).result(timeout=30))

    filled.told = wait
    kim(filled).disable_table("t")
    assert done == [None]
    assert not filled.db.is_table_enabled("t")


def test_to_list_tables_changes_nothing_and_keeps_nobody_waiting(filled: Any) -> None:
    epoch = filled.db.stats()["epoch"]
    with filled.db._lock, ThreadPoolExecutor(1) as other:
        assert other.submit(kim(filled).tables).result(timeout=30) == [b"t"]
    assert filled.db.stats()["epoch"] == epoch


#: What happybase's users call on a connection or a table.
PUBLIC: Final = {
    "Connection": {
        *("close", "client", "compact_table", "create_table", "delete_table", "disable_table", "enable_table"),
        *("is_table_enabled", "open", "table", "tables"),
    },
    "Table": {
        *("batch", "cells", "check_and_delete", "check_and_put", "counter_dec", "counter_get", "counter_inc"),
        *("counter_set", "delete", "families", "put", "regions", "row", "rows", "scan"),
    },
    "Batch": {"delete", "put", "send"},
    "ConnectionPool": {"connection"},
}


def test_every_public_name_is_known_here() -> None:
    """A new one is to be tried above, or in the tests of who asks."""
    from cfacl.compat import happybase

    for name, known in PUBLIC.items():
        kind = getattr(happybase, name)
        assert {each for each in dir(kind) if not each.startswith("_")} == known
