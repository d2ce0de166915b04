"""Scans of a store without an order: all rows come, what was not asked for does not, and a loss on the way ends them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from attrs import evolve

import cfacl
from cfacl.stores.memory import MemoryStore

ROWS: Final = 60
ALL: Final = {b"%03d" % number for number in range(ROWS)}


class Unordered(MemoryStore):
    """A store whose rows come in any order, in which they are told how."""

    scheme = "unordered"
    asked = 0
    spoil: Callable[[list[Any]], list[Any]] = staticmethod(lambda rows: rows)

    def capabilities(self, family: Any) -> Any:
        return evolve(super().capabilities(family), ordered_scan=False)

    def scan(self, table: str, projection: Any, span: Any, *, batch_size: int, **more: Any) -> Iterator[list[Any]]:
        if span != (None, None, False):
            raise cfacl.Unsupported("no order")
        limit = more.pop("limit", None)
        parts: dict[bytes, list[Any]] = {}
        for batch in super().scan(table, projection, span, batch_size=1_000, **more):
            for key, cells in batch:
                parts.setdefault(key, []).append((key, cells))
        several = list(parts.values())
        random.Random(1).shuffle(several)
        rows = self.spoil([each for one in several for each in one][:limit])
        for first in range(0, len(rows), batch_size):
            self.asked += 1
            yield rows[first : first + batch_size]


def policy(*families: str) -> cfacl.Policy:
    granted = ", ".join(f'"{each}"' for each in families)
    return cfacl.Policy.loads(
        f"""
policy = {{ name = "x", purposes = ["w"] }}
tables.t.families.a = {{ level = "personal", purposes = ["w"] }}
tables.t.families.b = {{ level = "personal", purposes = ["w"] }}
principals.p = {{ kind = "service", roles = ["r"] }}
[roles.r]
clearance = "personal"
grants = [{{ table = "t", families = [{granted}], actions = ["read", "write"], purposes = ["w"], why = "test" }}]
"""
    )


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Unordered:
    made = Unordered(clock=lambda: 10**18)
    monkeypatch.setattr("cfacl.api.connection.open_store", lambda url, **keys: made)
    return made


@pytest.fixture
def db(store: Unordered) -> cfacl.Database:
    opened = cfacl.connect("unordered://", policy=policy("a", "b"), clock=lambda: 10**18)
    opened.create_tables()
    table = opened.session("p", purpose="w").table("t")
    for key in ALL:
        table.put(key, {b"a:q": key, b"b:q": key, b"b:r": key})
    return opened


def table(db: cfacl.Database) -> Any:
    return db.session("p", purpose="w").table("t")


@pytest.mark.rule("Order")
@pytest.mark.parametrize("batch_size", [1, 7, 1_000])
def test_all_rows_come_in_any_order(db: cfacl.Database, batch_size: int) -> None:
    found = list(table(db).scan(batch_size=batch_size))
    assert {key for key, _ in found} == ALL
    assert len(found) == ROWS
    assert [key for key, _ in found] != sorted(ALL)
    assert all(dict(row) == {b"a:q": key, b"b:q": key, b"b:r": key} for key, row in found)


def test_at_most_so_many_come(db: cfacl.Database) -> None:
    assert len(list(table(db).scan(batch_size=4, limit=10))) == 10


def test_wide_rows_come_in_parts(db: cfacl.Database) -> None:
    found: dict[bytes, list[bytes]] = {}
    for key, row in table(db).scan(scan_batching=2, batch_size=5):
        found.setdefault(key, []).extend(row)
    assert found == {key: [b"a:q", b"b:q", b"b:r"] for key in ALL}


@pytest.mark.rule("Order")
def test_bounds_are_the_stores_to_refuse(db: cfacl.Database) -> None:
    with pytest.raises(cfacl.Unsupported):
        list(table(db).scan(row_prefix=b"0"))


@pytest.mark.parametrize("cells", [None, 5])
def test_a_row_that_was_not_asked_for_is_dropped(db: cfacl.Database, store: Unordered, cells: int | None) -> None:
    store.spoil = lambda rows: [(b"x", {b"c:q": b"1"}), *rows]
    with pytest.raises(cfacl.StoreContractError):
        list(table(db).scan(scan_batching=cells))


def test_a_row_that_comes_twice_is_dropped(db: cfacl.Database, store: Unordered) -> None:
    store.spoil = lambda rows: [*rows[:3], rows[0]]
    with pytest.raises(cfacl.StoreContractError):
        list(table(db).scan())


@pytest.mark.parametrize("cells", [None, 2])
def test_it_goes_on_under_a_policy_that_takes_nothing_of_it(db: cfacl.Database, cells: int | None) -> None:
    scan = table(db).scan(batch_size=4, scan_batching=cells)
    keys = {next(scan)[0]}
    db.replace_policy(policy("a", "b"))
    assert keys | {key for key, _ in scan} == ALL


@pytest.mark.parametrize("cells", [None, 2])
def test_it_ends_where_something_of_it_is_taken(db: cfacl.Database, store: Unordered, cells: int | None) -> None:
    """It can't be opened again behind a row; and what is taken is not read on."""
    scan = table(db).scan(batch_size=4, scan_batching=cells)
    found = [next(scan)]
    asked = store.asked
    db.replace_policy(policy("a"))
    with pytest.raises(cfacl.AccessDenied):
        found.extend(scan)
    assert len(found) <= 4
    assert store.asked == asked
    assert {key for key, _ in table(db).scan()} == ALL
