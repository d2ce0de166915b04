"""What was read is handed out only while the decision still stands; a scan may shrink, and never grows."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, Final

import pytest

import cfacl

#: 2026-06-01T00:00:00Z, in nanoseconds.
START: Final = 1_780_272_000_000_000_000

KEYS: Final = [b"r%d" % n for n in range(6)]


def cells(*families: str) -> dict[bytes, bytes]:
    return {f"{name}:q".encode(): name.encode() for name in families}


@pytest.mark.on_servers
@pytest.mark.rule("9a", "9c")
@pytest.mark.failure("policy-engine-6")
def test_a_narrow_read_is_decided_again_and_read_again(world: Any) -> None:
    world.fill(b"r1", b"r2")
    for read in (lambda t: t.row(b"r1"), lambda t: dict(t.rows([b"r1", b"r2"]))[b"r1"]):
        world.granting("a", "b")()
        world.store.take()
        world.told.clear()
        world.during("get", world.granting("b", "c"))
        row = read(world.table())
        assert row == cells("b", "c")
        assert row.withheld == {"a", "d"}
        assert [call.families for call in world.data()] == [("a", "b"), ("b", "c")]
        assert [(event.allowed, event.families) for event in world.told] == [(True, {"a", "b"}), (True, {"b", "c"})]


@pytest.mark.on_servers
@pytest.mark.rule("9a", "9c")
def test_a_strict_read_that_lost_a_family_raises(world: Any) -> None:
    world.fill(b"r1")
    reads: dict[str, Callable[[cfacl.Table], Any]] = {
        "row": lambda t: t.row(b"r1", columns=[b"a", b"b:q"]),
        "rows": lambda t: t.rows([b"r1"], columns=[b"a", b"b:q"]),
        "cells": lambda t: t.cells(b"r1", b"a:q"),
        "counter_get": lambda t: t.counter_get(b"r1", b"a:q"),
    }
    for name, read in reads.items():
        world.granting("a", "b")()
        world.store.take()
        world.during("get" if name in ("row", "rows") else "versions", world.granting("b", "c"))
        with pytest.raises(cfacl.AccessDenied) as denied:
            read(world.table())
        assert denied.value.families == {"a"}
        assert denied.value.epoch == world.db.stats()["epoch"]
        assert len(world.calls()) == 1


@pytest.mark.rule("9a", "9c")
def test_a_read_that_lost_everything_raises(world: Any) -> None:
    world.fill(b"r1")
    world.during("get", world.revoking())
    with pytest.raises(cfacl.AccessDenied):
        world.table().row(b"r1")
    assert [event.allowed for event in world.told] == [True, False]


@pytest.mark.rule("9a")
def test_a_read_of_a_policy_that_changes_and_changes_back_reads_again(world: Any) -> None:
    world.fill(b"r1")
    world.during("get", lambda: (world.granting("c")(), world.granting("a")()))
    assert world.table().row(b"r1") == cells("a")
    assert len(world.calls()) == 2


@pytest.mark.rule("9b")
def test_a_read_under_a_closed_session_or_database_is_dropped(world: Any) -> None:
    world.fill(b"r1")
    for close in (lambda: session.close(), lambda: world.db.close()):
        session = world.session()
        table = session.table("t")
        world.during("get", close)
        with pytest.raises(cfacl.Closed):
            table.row(b"r1")


@pytest.mark.rule("8c", "9a")
@pytest.mark.failure("policy-engine-1")
def test_a_grant_that_ends_while_the_store_answers_is_gone(world: Any) -> None:
    world.grants("reader")[0]["families"] = ["a"]
    world.grant("reader", "b", until=world.at(60))
    world.fill(b"r1")
    world.during("get", lambda: world.wait(60), lambda: None, lambda: world.wait(60))
    assert world.table().row(b"r1") == cells("a")
    world.now = START
    with pytest.raises(cfacl.AccessDenied):
        world.table().row(b"r1", columns=[b"b"])


@pytest.mark.rule("1e", "9a")
def test_a_principal_that_is_removed_while_the_store_answers_gets_nothing(world: Any) -> None:
    world.fill(b"r1")
    ann = world.document["principals"].pop("ann")
    gone = world.policy()
    world.document["principals"]["ann"] = ann
    world.during("get", lambda: (world.db.replace_policy(gone), world.replace()))
    with pytest.raises(cfacl.AccessDenied) as denied:
        world.table().row(b"r1")
    assert denied.value.reason == "removed_principal"


# --------------------------------------------------------------------------------------------------------------- scans


@pytest.mark.on_servers
@pytest.mark.rule("9c")
@pytest.mark.failure("store-acl-16")
@pytest.mark.parametrize("step", [1, 2, 3, 4])
@pytest.mark.parametrize("reverse", [False, True])
def test_a_narrow_scan_only_shrinks_and_skips_no_row(world: Any, step: int, reverse: bool) -> None:
    world.fill(*KEYS)
    world.during("scan.next", world.granting("b", "c"), at=step)
    rows = list(world.table().scan(batch_size=2, reverse=reverse))
    assert [key for key, _ in rows] == sorted(KEYS, reverse=reverse)
    before, after = rows[: 2 * (step - 1)], rows[2 * (step - 1) :]
    assert all(row == cells("a", "b") and row.withheld == {"c", "d"} for _, row in before)
    assert all(row == cells("b") and row.withheld == {"a", "c", "d"} for _, row in after)
    assert {call.families for call in world.data()} <= {("a", "b"), ("b",)}


@pytest.mark.on_servers
@pytest.mark.rule("9c")
def test_a_narrow_scan_shrinks_more_than_once(world: Any) -> None:
    world.granting("a", "b", "c")()
    world.fill(*KEYS)
    swaps = [world.granting(*names) for names in ("bcd", "cd", "abcd")]
    world.during("scan.next", lambda: None, *[edit for swap in swaps for edit in (swap, lambda: None)])
    rows = [sorted(row) for _, row in world.table().scan(batch_size=1)]
    assert rows[0] == [b"a:q", b"b:q", b"c:q"]
    assert rows[-1] == [b"c:q"]
    assert all(set(later) <= set(earlier) for earlier, later in itertools.pairwise(rows))
    assert len(rows) == 6


@pytest.mark.rule("9c")
@pytest.mark.parametrize("limit", [1, 3, 4, 6, 9])
@pytest.mark.parametrize("reverse", [False, True])
def test_a_scan_that_was_swapped_keeps_its_limit(world: Any, limit: int, reverse: bool) -> None:
    world.fill(*KEYS)
    for step in (1, 2, 3, 4, 5):
        world.granting("a", "b")()
        world.during("scan.next", world.granting("b"), at=step)
        found = [key for key, _ in world.table().scan(batch_size=2, limit=limit, reverse=reverse)]
        assert found == sorted(KEYS, reverse=reverse)[:limit]


@pytest.mark.rule("9c")
def test_rows_that_hold_only_what_was_lost_are_passed_over(world: Any) -> None:
    world.fill(*KEYS[:2], KEYS[5])
    world.fill(*KEYS[2:5], families="a")
    world.during("scan.next", lambda: None, world.granting("b"))
    assert [key for key, _ in world.table().scan(batch_size=1, limit=3)] == [KEYS[0], KEYS[1], KEYS[5]]


@pytest.mark.rule("9c")
def test_a_scan_that_nothing_is_left_of_raises(world: Any) -> None:
    world.fill(*KEYS)
    for edit in (world.revoking(), world.granting("c", "d")):
        world.granting("a", "b")() if world.grants("reader") else world.grant("reader", "a", "b")
        world.replace()
        world.during("scan.next", lambda: None, edit)
        found = []
        with pytest.raises(cfacl.AccessDenied) as denied:
            for key, _ in world.table().scan(batch_size=2):
                found.append(key)
        assert found == KEYS[:2]
        assert (denied.value.action, denied.value.table) == ("read", "t")
        assert denied.value.families >= {"a", "b"}


@pytest.mark.on_servers
@pytest.mark.rule("9c")
@pytest.mark.parametrize(
    "keys", [{"columns": [b"a", b"b"]}, {"columns": [b"a:q", b"b:q"]}, {"strict": True}], ids=["a", "b", "c"]
)
def test_a_strict_scan_that_lost_a_family_raises(world: Any, keys: dict[str, Any]) -> None:
    world.granting("a", "b", "c", "d")()
    world.fill(*KEYS)
    world.during("scan.next", lambda: None, world.granting("b", "c", "d"))
    found = []
    with pytest.raises(cfacl.AccessDenied) as denied:
        for key, _ in world.table().scan(batch_size=2, **keys):
            found.append(key)
    assert found == KEYS[:2]
    assert (denied.value.action, denied.value.table, denied.value.families) == ("read", "t", {"a"})


@pytest.mark.rule("8a", "9c")
def test_a_scan_that_shrank_ends_with_what_was_left_of_it(world: Any) -> None:
    world.granting("a", "b")()
    world.fill(*KEYS)

    def shrink() -> None:
        world.grants("reader").clear()
        world.grant("reader", "b", until=world.at(60))
        world.replace()

    world.during("scan.next", lambda: None, shrink, lambda: None, lambda: world.wait(60))
    found = []
    with pytest.raises(cfacl.AccessDenied):
        for _, row in world.table().scan(batch_size=1):
            found.append((row, row.withheld))
    assert found[0] == (cells("a", "b"), {"c", "d"})
    assert len(found) >= 2
    assert all(row == cells("b") and withheld == {"a", "c", "d"} for row, withheld in found[1:])


@pytest.mark.rule("9c")
def test_a_scan_that_shrank_withholds_what_it_lost_and_what_it_never_had(world: Any) -> None:
    world.granting("a", "b")()
    world.fill(*KEYS)
    world.during("scan.next", lambda: None, world.granting("b"))
    rows = world.table().scan(batch_size=1, columns=[b"a", b"b", b"d"], strict=False)
    withheld = [row.withheld for _, row in rows]
    assert withheld[0] == {"d"}
    assert withheld[-1] == {"a", "d"}


@pytest.mark.rule("9c")
def test_a_strict_scan_that_lost_nothing_goes_on(world: Any) -> None:
    world.fill(*KEYS)
    world.during("scan.next", lambda: None, world.granting("a", "b", "c"))
    rows = list(world.table().scan(batch_size=2, columns=[b"a", b"b"]))
    assert [row for _, row in rows] == [cells("a", "b")] * 6


@pytest.mark.rule("9c")
def test_a_scan_never_sees_a_column_that_was_declared_after_it_began(world: Any) -> None:
    """The family stays granted; what it declares grows, or is left open."""
    world.families["a"]["columns"] = ["q", "r"]
    world.grants("reader")[0]["families"] = ["a"]
    with world.table("root").batch() as batch:
        for key in KEYS:
            batch.put(key, {b"a:q": b"1", b"a:r": b"2"})
    for wider in (["q", "r"], None):
        world.families["a"]["columns"] = ["q"]
        world.replace()

        def widen(wider: list[str] | None = wider) -> None:
            if wider is None:
                del world.families["a"]["columns"]
            else:
                world.families["a"]["columns"] = wider
            world.replace()

        world.during("scan.next", lambda: None, widen)
        assert [row for _, row in world.table().scan(batch_size=2)] == [{b"a:q": b"1"}] * 6
        world.faulty.heal()
        assert world.table().row(KEYS[0]) == {b"a:q": b"1", b"a:r": b"2"}


@pytest.mark.rule("9c")
def test_a_scan_sees_no_column_that_is_no_longer_declared(world: Any) -> None:
    world.grants("reader")[0]["families"] = ["a"]
    with world.table("root").batch() as batch:
        for key in KEYS:
            batch.put(key, {b"a:q": b"1", b"a:r": b"2"})

    def narrow(*names: str) -> Callable[[], None]:
        return lambda: (world.families["a"].update(columns=[*names]), world.replace())

    world.during("scan.next", lambda: None, narrow("r", "s"))
    rows = [row for _, row in world.table().scan(batch_size=2)]
    assert rows == [{b"a:q": b"1", b"a:r": b"2"}] * 2 + [{b"a:r": b"2"}] * 4
    world.during("scan.next", lambda: None, narrow("q"))
    with pytest.raises(cfacl.SchemaMissing, match="`a` of table `t` declares other columns meanwhile; scan anew"):
        list(world.table().scan(batch_size=2))
    assert world.session().allows("read", "t", "a")  # so that a denial would have been a false one


@pytest.mark.on_servers
@pytest.mark.rule("9a")
@pytest.mark.failure("store-acl-16")
@pytest.mark.parametrize("batch_size", [1, 7, 1_000, 5_000])
def test_a_scan_ends_within_one_chunk_of_a_revocation(world: Any, batch_size: int) -> None:
    world.fill(*[b"%05d" % n for n in range(2_100)], families="a")
    scan = world.table().scan(batch_size=batch_size)
    found = [next(scan)]
    world.revoking()()
    with pytest.raises(cfacl.AccessDenied):
        found.extend(scan)
    assert len(found) == min(batch_size, 1_000)


@pytest.mark.rule("9a", "9b")
@pytest.mark.parametrize("batch_size", [1, 5_000])
def test_a_scan_ends_within_one_chunk_of_its_session_or_database_being_closed(world: Any, batch_size: int) -> None:
    world.fill(*[b"%05d" % n for n in range(1_100)], families="a")
    for close in (lambda: session.close(), lambda: world.db.close()):
        session = world.session()
        scan = session.table("t").scan(batch_size=batch_size)
        found = [next(scan)]
        close()
        with pytest.raises(cfacl.Closed):
            found.extend(scan)
        assert len(found) == min(batch_size, 1_000)


@pytest.mark.on_servers
@pytest.mark.rule("9a", "9c")
def test_a_grant_that_ends_in_the_middle_of_a_scan_shrinks_it(world: Any) -> None:
    world.grants("reader")[0]["families"] = ["a"]
    world.grant("reader", "b", until=world.at(60))
    world.grant("reader", "c", **{"from": world.at(60)})
    world.fill(*KEYS)
    scan = world.table().scan(batch_size=2)
    assert next(scan)[1] == cells("a", "b")
    world.wait(60)
    assert [row for _, row in scan] == [cells("a", "b")] + [cells("a")] * 4
    assert world.table().row(KEYS[0]) == cells("a", "c")


@pytest.mark.rule("9a")
def test_a_scan_whose_grant_ends_before_its_first_row_raises(world: Any) -> None:
    world.grants("reader")[0]["until"] = world.at(60)
    world.fill(*KEYS)
    scan = world.table().scan()
    world.wait(60)
    with pytest.raises(cfacl.AccessDenied):
        next(scan)


@pytest.mark.on_servers
@pytest.mark.rule("9c", "9d")
def test_a_scan_is_decided_when_it_is_called(world: Any) -> None:
    world.fill(*KEYS)
    with pytest.raises(cfacl.AccessDenied):
        world.table("nil").scan()
    scan = world.table().scan(batch_size=2)
    world.granting("b", "c")()
    assert [row for _, row in scan] == [cells("b")] * 6


@pytest.mark.rule("7c", "9a", "9b")
def test_a_scan_that_is_denied_closed_or_over_asks_the_store_no_more(world: Any) -> None:
    for begun in (False, True):
        for end, error in (
            (lambda: world.revoking()(), cfacl.AccessDenied),
            (lambda: session.close(), cfacl.Closed),
            (lambda: world.wait(60), cfacl.AccessDenied),
        ):
            world.wait(0)
            world.grants("reader").clear()
            world.grant("reader", "a", "b", until=world.at(60))
            world.replace()
            world.fill(*KEYS)
            session = world.session()
            scan = session.table("t").scan(batch_size=1)
            if begun:
                next(scan)
            world.store.take()
            end()
            with pytest.raises(error):
                next(scan)
            assert world.data() == []
            world.close()
            world._db = None


@pytest.mark.rule("4d", "9a", "9b")
@pytest.mark.parametrize("rows", [0, 2])
def test_a_scan_that_lost_all_while_the_store_said_that_no_row_is_left_raises(world: Any, rows: int) -> None:
    """Its end is no less an answer than a row is."""
    for end, error in ((world.revoking(), cfacl.AccessDenied), (lambda: session.close(), cfacl.Closed)):
        world.grants("reader") or world.grant("reader", "a", "b")
        world.replace()
        world.fill(*KEYS[:rows])
        session = world.session()
        inner, world.faulty.inner = world.faulty.inner, Last(world.faulty.inner, end)
        scan = session.table("t").scan(batch_size=10)
        for _ in range(rows):
            next(scan)
        with pytest.raises(error):
            next(scan)
        world.faulty.inner = inner


class Last:
    """A store in which something happens when a scan comes to its end."""

    def __init__(self, inner: Any, edit: Callable[[], object]) -> None:
        self.inner = inner
        self.edit = edit

    def acting_as(self, identity: str) -> Any:
        return self

    def scan(self, *arguments: Any, **keys: Any) -> Any:
        yield from self.inner.scan(*arguments, **keys)
        self.edit()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


@pytest.mark.rule("9c")
@pytest.mark.parametrize("columns", [None, [b"a"], [b"a:q"]])
def test_a_scan_goes_on_where_a_new_policy_names_a_family_that_is_not_made_yet(world: Any, columns: Any) -> None:
    world.fill(*KEYS)
    world.grants("reader")[0].pop("families")
    world.grants("reader")[0]["at_or_below"] = "personal"
    world.families["d"]["level"] = "sealed"
    world.document["roles"]["reader"]["clearance"] = "personal"
    world.replace()

    def name_another() -> None:
        world.family("z")
        world.replace()

    expected = cells("a", "b", "c") if columns is None else cells("a")
    world.during("scan.next", lambda: None, name_another)
    rows = [row for _, row in world.table().scan(batch_size=2, columns=columns)]
    assert rows == [expected] * 6
    assert [row.withheld for row in rows] == [{"d"} if columns is None else set()] * 2 + [
        {"d", "z"} if columns is None else set()
    ] * 4
    world.during("scan.next", lambda: None, lambda: (world.families.pop("b"), world.replace()))
    if columns is None:
        world.db.create_tables()
        rows = [row for _, row in world.table().scan(batch_size=2, columns=columns)]
        assert rows == [cells("a", "b", "c")] * 2 + [cells("a", "c")] * 4
        assert [row.withheld for row in rows] == [{"d"}] * 6


@pytest.mark.rule("4b", "9c")
@pytest.mark.parametrize("columns", [None, [b"a", b"b"]])
@pytest.mark.parametrize("parts", [None, 1])
def test_what_a_scan_may_not_take_up_again_is_withheld(world: Any, columns: Any, parts: int | None) -> None:
    world.fill(*KEYS)
    world.granting("a")()
    rows = world.table().scan(columns=columns, strict=False, batch_size=1, scan_batching=parts)
    begun = next(rows)[1]
    world.granting("a", "b")()
    left = [row for _, row in rows]
    assert [dict(row) for row in (begun, *left)] == [cells("a")] * 6
    assert {row.withheld for row in (begun, *left)} == {frozenset("bcd" if columns is None else "b")}


@pytest.mark.failure("store-acl-15")
def test_what_became_of_a_scan_is_told_as_it_is_answered(world: Any) -> None:
    world.granting("a", "b")()
    world.fill(*KEYS)
    world.document["roles"]["reader"]["grants"][0]["families"] = ["a", "b", "c", "d"]
    world.replace()
    for keys in ({"strict": True}, {"columns": [b"a", b"b"]}):
        world.granting("a", "b", "c", "d")()
        world.told.clear()
        scan = world.table().scan(batch_size=1, **keys)
        next(scan)
        world.granting("a", "c", "d")()
        with pytest.raises(cfacl.AccessDenied) as denied:
            next(scan)
        assert [event.allowed for event in world.told] == [True, False]
        assert world.told[-1].families == denied.value.families == {"b"}
    world.granting("a")()
    world.told.clear()
    scan = world.table().scan(batch_size=1)
    next(scan)
    world.granting("a", "b")()
    _, row = next(scan)
    assert (world.told[-1].families, world.told[-1].withheld) == ({"a"}, row.withheld)


@pytest.mark.rule("9c")
def test_a_scan_of_which_every_family_left_the_catalog_says_which(world: Any) -> None:
    world.fill(*KEYS)
    scan = world.table().scan(batch_size=1)
    next(scan)
    for name in "ab":
        del world.families[name]
    world.grants("reader")[0]["families"] = ["c"]
    world.replace()
    with pytest.raises(cfacl.AccessDenied, match="`t:a`, `t:b`") as denied:
        next(scan)
    assert denied.value.families == {"a", "b"}
