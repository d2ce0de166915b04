"""Two worlds that differ only in what is hidden from somebody answer that somebody alike, to the last store call."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from random import Random
from typing import Any, Final

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cfacl
from cfacl.testing.filters import Filters

#: 2026-06-01T00:00:00Z, in milliseconds.
NOW: Final = 1_780_272_000_000
SECOND: Final = 1_000_000_000
#: Milliseconds that a cell of the family `e` lives.
LIFE: Final = 60_000

KEYS: Final = [b"a", b"b", b"b\x00", b"ba", b"bb", b"c", b"\xff"]
QUALIFIERS: Final = [b"", b"n", b"q"]
VALUES: Final = [b"", b"v", b"w", b"\x00" * 7 + b"\x05", b"\xff" * 8]

#: (row, column, value, timestamp in milliseconds)
CellSpec = tuple[bytes, bytes, bytes, int]


def cells(columns: list[bytes], times: st.SearchStrategy[int]) -> st.SearchStrategy[list[CellSpec]]:
    cell = st.tuples(st.sampled_from(KEYS), st.sampled_from(columns), st.sampled_from(VALUES), times)
    return st.lists(cell, max_size=8)


def columns(family: bytes, *qualifiers: bytes) -> list[bytes]:
    return [family + b":" + qualifier for qualifier in qualifiers or QUALIFIERS]


past: Final = st.integers(NOW - 10, NOW)
#: What ann may read: `a`, the declared columns of `b`, and the cells of `e` that live.
SHOWN: Final = cells([*columns(b"a"), *columns(b"b", b"n", b"q"), *columns(b"e")], past)
#: What she may not: `c` and `d`, `w` that she may write only, columns of `b` from before it declared any, dead cells.
HIDDEN: Final = st.builds(
    lambda *parts: [cell for part in parts for cell in part],
    cells([*columns(b"c"), *columns(b"d"), *columns(b"w")], st.integers(0, NOW + 4_000)),
    cells(columns(b"b", b"old", b""), past),
    cells(columns(b"e"), st.integers(0, NOW - LIFE)),
)


def inhabit(world: Any, *batches: list[CellSpec]) -> None:
    """Put a policy and cells into a world; the cells come first, under a policy that lets `b` have any column."""
    for name, keys in {
        "a": {"versions": 2},
        "b": {"versions": 2},
        "c": {"versions": 3},
        "e": {"versions": 3, "time_to_live": "60s"},
        "w": {},
    }.items():
        world.family(name, **keys)
    world.grants("reader").clear()
    world.grant("reader", "a", "b", "e")
    world.grant("reader", "w", actions=["write", "delete"])
    root = world.table("root")
    for key, column, value, timestamp in itertools.chain(*batches):
        root.put(key, {column: value}, timestamp=timestamp)
    world.families["b"]["columns"] = ["n", "q"]
    world.replace()
    world.store.take()
    world.told.clear()


# ---------------------------------------------------------------------------------------------------------- operations

Use = Callable[[Any, cfacl.Session, cfacl.Table], Any]

keys: Final = st.sampled_from(KEYS)
named: Final = st.sampled_from(
    [b"a", b"b", b"c", b"e", b"w", *columns(b"a"), *columns(b"b", b"n", b"q", b"old"), b"c:q", *columns(b"e"), b"w:q"]
)
whole: Final = named.filter(lambda name: b":" in name)
several: Final = st.none() | st.lists(named, max_size=3)
stamps: Final = st.none() | st.sampled_from([NOW - 5, NOW, NOW + 1, NOW - LIFE, 0])
data: Final = st.dictionaries(whole, st.sampled_from(VALUES), max_size=3)
strict: Final = st.sampled_from([None, True, False])
sizes: Final = st.sampled_from([1, 2, 1_000])


def row(key: bytes, names: Any, before: Any, stamped: bool, how: Any) -> Use:
    return lambda w, s, t: t.row(key, names, before, include_timestamp=stamped, strict=how)


def rows(wanted: list[bytes], names: Any, before: Any, stamped: bool, how: Any) -> Use:
    return lambda w, s, t: t.rows(wanted, names, before, include_timestamp=stamped, strict=how)


def scan(bounds: dict[str, Any], names: Any, before: Any, stamped: bool, how: Any, taken: Any) -> Use:
    def use(w: Any, s: cfacl.Session, t: cfacl.Table) -> Any:
        found = t.scan(columns=names, timestamp=before, include_timestamp=stamped, strict=how, **bounds)
        taking = list(itertools.islice(found, taken))
        found.close()
        return taking

    return use


def filtered(seed: int, bounds: dict[str, Any], names: Any, stamped: bool, parts: Any) -> Use:
    families = [b"a", b"b", b"e"] if seed % 4 else [b"a", b"b", b"c", b"d", b"e", b"w"]
    drawn = Filters(Random(seed), KEYS, families, QUALIFIERS, VALUES, [NOW - 5, NOW, NOW + 1]).drawn()
    return lambda w, s, t: list(
        t.scan(columns=names, filter=drawn, include_timestamp=stamped, scan_batching=parts, **bounds)
    )


def remove(seed: int, names: Any, limit: Any, dry: bool) -> Use:
    families = [b"a", b"b", b"e"] if seed % 4 else [b"a", b"b", b"c", b"d", b"e", b"w"]
    drawn = Filters(Random(seed), KEYS, families, QUALIFIERS, VALUES, [NOW - 5, NOW, NOW + 1]).drawn(2)
    return lambda w, s, t: t.delete_where(drawn, names, limit=limit, dry_run=dry)


def cell(key: bytes, name: bytes, versions: Any, before: Any) -> Use:
    return lambda w, s, t: t.cells(key, name, versions, before, include_timestamp=True)


def put(key: bytes, values: dict[bytes, bytes], at: Any) -> Use:
    return lambda w, s, t: t.put(key, values, at)


def delete(key: bytes, names: Any, at: Any) -> Use:
    return lambda w, s, t: t.delete(key, names, at)


def batch(changes: list[tuple[bytes, Any]], size: int | None, transaction: bool) -> Use:
    def use(w: Any, s: cfacl.Session, t: cfacl.Table) -> None:
        with t.batch(batch_size=None if transaction else size, transaction=transaction) as made:
            for key, change in changes:
                if isinstance(change, dict):
                    made.put(key, change)
                else:
                    made.delete(key, change)

    return use


def compare(key: bytes, name: bytes, expected: Any, values: dict[bytes, bytes]) -> Use:
    return lambda w, s, t: t.compare_and_set(key, name, expected, values)


def count(kind: str, key: bytes, name: bytes, value: int) -> Use:
    return lambda w, s, t: getattr(t, kind)(key, name, *([] if kind == "counter_get" else [value]))


def check(action: str, family: str) -> Use:
    return lambda w, s, t: (s.allows(action, "t", family), s.families(action, "t"), str(s.explain(action, "t", family)))


def wait(seconds: int) -> Use:
    return lambda w, s, t: w.wait(seconds)


bounds: Final = st.fixed_dictionaries(
    {"batch_size": sizes, "reverse": st.booleans(), "limit": st.none() | st.integers(1, 4)},
    optional={"row_start": keys, "row_stop": keys},
) | st.fixed_dictionaries({"batch_size": sizes, "row_prefix": st.sampled_from([b"", b"b", b"\xff"])})
OPERATIONS: Final = st.one_of(
    st.builds(row, keys, several, stamps, st.booleans(), strict),
    st.builds(rows, st.lists(keys, max_size=4), several, stamps, st.booleans(), strict),
    st.builds(scan, bounds, several, stamps, st.booleans(), strict, st.none() | st.integers(0, 3)),
    st.builds(scan, bounds, st.none(), st.none(), st.booleans(), st.none(), st.none()),
    st.builds(
        filtered,
        st.integers(0, 1 << 32),
        bounds,
        st.none() | several,
        st.booleans(),
        st.none() | st.integers(1, 3),
    ),
    st.builds(remove, st.integers(0, 1 << 32), several, st.none() | st.integers(1, 3), st.booleans()),
    st.builds(cell, keys, named, st.none() | st.integers(1, 3), stamps),
    st.builds(put, keys, data, stamps),
    st.builds(delete, keys, several, stamps),
    st.builds(batch, st.lists(st.tuples(keys, data | several), max_size=4), sizes, st.booleans()),
    st.builds(compare, keys, named, st.none() | st.sampled_from(VALUES), data),
    st.builds(
        count,
        st.sampled_from(["counter_get", "counter_set", "counter_inc", "counter_dec"]),
        keys,
        named,
        st.sampled_from([1, 0, -(1 << 63)]),
    ),
    st.builds(check, st.sampled_from(["read", "write", "delete", "admin"]), st.sampled_from("abcdew")),
    st.builds(wait, st.sampled_from([1, 59, 61])),
)


def answer(world: Any, session: cfacl.Session, use: Use) -> tuple[Any, ...]:
    """All that can be seen of an operation: what comes of it, what the hook is told and what the store is asked."""
    seen: Any
    try:
        seen = use(world, session, session.table("t"))
    except cfacl.CfaclError as error:
        seen = (type(error), str(error), getattr(error, "families", None), getattr(error, "reason", None))
    else:
        for each in seen if isinstance(seen, list) else [(None, seen)]:
            if isinstance(each, tuple) and isinstance(each[-1], cfacl.Row):
                seen = (seen, each[-1].withheld, list(each[-1]))
    told, world.told = [drawn_alike(each) for each in world.told], []
    return seen, told, world.store.take()


def drawn_alike(event: cfacl.Event) -> cfacl.Event:
    """Return an event with the id of its denial, which is drawn by chance each time, made the same."""
    return evolve(event, decision="drawn") if re.fullmatch("[0-9a-f]{16}", event.decision or "") else event


@pytest.mark.rule("14b")
@pytest.mark.failure("store-acl-1")
@pytest.mark.parametrize("store", ["memory", "leaving out", pytest.param("rocksdb", marks=pytest.mark.slow)])
@given(SHOWN, HIDDEN, HIDDEN, st.lists(OPERATIONS, min_size=1, max_size=8))
# The fixture is a factory: each example makes and closes worlds of its own.
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_what_is_hidden_has_no_shadow(
    worlds: Any, store: str, shown: list[CellSpec], one: list[CellSpec], other: list[CellSpec], uses: list[Use]
) -> None:
    has_no_shadow(worlds, store, shown, (one, other), uses)


# Servers stamp what is written plainly, and the two worlds at two times; so their timestamps of now are all one.
@pytest.mark.slow
@pytest.mark.parametrize("server", ["hbase", "cassandra"])
@pytest.mark.rule("14b")
@given(SHOWN, HIDDEN, HIDDEN, st.lists(OPERATIONS, min_size=1, max_size=8))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_what_is_hidden_has_no_shadow_on_a_server(
    worlds: Any, server: str, shown: list[CellSpec], one: list[CellSpec], other: list[CellSpec], uses: list[Use]
) -> None:
    has_no_shadow(worlds, server, shown, (one, other), uses, seen=unstamped)


def unstamped(seen: Any) -> Any:
    """Return what was seen with every timestamp of this run made the same."""
    if isinstance(seen, dict):
        return {name: unstamped(each) for name, each in seen.items()}
    if isinstance(seen, (list, tuple)):
        return [unstamped(each) for each in seen]
    return "now" if type(seen) is int and seen > NOW + 10_000 else seen


def has_no_shadow(
    worlds: Any,
    store: str,
    shown: list[CellSpec],
    hidden: tuple[list[CellSpec], list[CellSpec]],
    uses: list[Use],
    seen: Callable[[Any], Any] = lambda seen: seen,
) -> None:
    """Do the same in two worlds that differ in what is hidden, and compare all that can be seen."""
    pair = [worlds(store), worlds(store)]
    try:
        for world, each in zip(pair, hidden, strict=True):
            inhabit(world, each, shown)
        sessions = [world.session() for world in pair]
        for use in uses:
            first, second = [answer(world, session, use) for world, session in zip(pair, sessions, strict=True)]
            assert seen(first) == seen(second)
        for use in (scan({}, None, None, True, None, None), rows(KEYS, None, None, True, None)):
            first, second = [answer(world, session, use) for world, session in zip(pair, sessions, strict=True)]
            assert seen(first) == seen(second)
    finally:
        for world in pair:
            world.close()


@pytest.mark.rule("14b")
@pytest.mark.parametrize("store", ["memory", "rocksdb"])
def test_rows_that_hold_only_what_is_hidden_are_not_there(worlds: Any, store: str) -> None:
    """Nor do they fill a limit, a batch or a page, nor cost a call more."""
    shown = [(key, b"a:q", b"v", NOW) for key in (b"b", b"bb", b"c")]
    crowd = [(b"%c%d" % (letter, n), b"c:q", b"v", NOW) for letter in b"abc" for n in range(40)]
    crowd += [(b"%c%d" % (letter, n), b"e:q", b"v", NOW - LIFE) for letter in b"abc" for n in range(40)]
    crowd += [(b"%c%d" % (letter, n), b"b:old", b"v", NOW) for letter in b"abc" for n in range(40)]
    empty, full = worlds(store), worlds(store)
    inhabit(empty, shown)
    inhabit(full, shown, crowd)
    assert len(list(full.table("root").scan())) == 123
    full.told.clear()
    full.store.take()
    for limit, size, reverse, prefix in itertools.product((None, 1, 2, 3, 4), (1, 2, 9), (False, True), (None, b"b")):
        use = scan(
            {"limit": limit, "batch_size": size, "reverse": reverse, "row_prefix": prefix}, None, None, True, None, None
        )
        first, second = answer(empty, empty.session(), use), answer(full, full.session(), use)
        assert first == second
        assert "b:q" not in repr(first)
        assert repr(first).count("b'a:q'") >= min(limit or 3, 2 if prefix else 3)
    for key in (b"a1", b"b", b"zz"):
        use = row(key, None, None, True, None)
        assert answer(empty, empty.session(), use) == answer(full, full.session(), use)


@pytest.mark.rule("4b", "14b")
def test_what_is_withheld_is_the_same_for_a_missing_an_empty_and_a_full_row(world: Any) -> None:
    inhabit(
        world,
        [(b"full", name + b":q", b"v", NOW) for name in (b"a", b"b", b"c", b"d", b"e", b"w")],
        [(b"hidden", name + b":q", b"v", NOW) for name in (b"c", b"d", b"w")],
        [(b"dead", b"e:q", b"v", NOW - LIFE)],
    )
    table = world.table()
    found = [table.row(key) for key in (b"full", b"hidden", b"dead", b"missing")]
    assert [len(each) for each in found] == [3, 0, 0, 0]
    assert {each.withheld for each in found} == {frozenset("cdw")}
    assert [key for key, _ in table.rows([b"missing", b"dead", b"hidden", b"full"])] == [b"full"]
    assert [key for key, _ in table.scan()] == [b"full"]


@pytest.mark.parametrize("store", ["memory", "rocksdb"])
@pytest.mark.parametrize("column", [b"a:q", b"b:n", b"e:"])
def test_what_is_shown_makes_a_difference(worlds: Any, store: str, column: bytes) -> None:
    """So that the comparison above can fail."""
    one, other = worlds(store), worlds(store)
    inhabit(one, [(b"b", column, b"v", NOW)])
    inhabit(other, [(b"b", column, b"w", NOW)])
    use = row(b"b", None, None, False, None)
    assert answer(one, one.session(), use) != answer(other, other.session(), use)


@pytest.mark.rule("Time to live")
@pytest.mark.refusal(13)
def test_a_cell_that_has_died_is_gone_before_anything_swept_it(world: Any) -> None:
    inhabit(world, [(b"b", b"e:n", b"\x00" * 7 + b"\x05", NOW - LIFE + 1)])
    table = world.table()
    assert table.counter_get(b"b", b"e:n") == 5
    world.store_now += 1_000_000
    assert table.row(b"b") == {}
    assert table.rows([b"b"]) == []
    assert list(table.scan()) == []
    assert table.cells(b"b", b"e:n") == []
    assert table.counter_get(b"b", b"e:n") == 0
    assert table.compare_and_set(b"b", b"e:n", None, {b"a:q": b"v"})
    assert table.counter_inc(b"b", b"e:n") == 1


@pytest.mark.rule("14a")
def test_who_may_read_nothing_knows_the_names_and_not_whether_anything_is_there(worlds: Any) -> None:
    empty, full = worlds("memory"), worlds("memory")
    full.fill(b"a", b"b")
    pair = [(world, world.session("nil")) for world in (empty, full)]
    for _, session in pair:
        told = session.explain("read", "t", "a", "c")
        assert [(each.family, each.level, each.allowed) for each in told.families] == [
            ("a", "personal", False),
            ("c", "personal", False),
        ]
        with pytest.raises(cfacl.UnknownTable, match="did you mean `t`"):
            session.table("tt")
    empty.store.take()
    for use in (
        row(b"a", None, None, True, None),
        row(b"zz", None, None, True, None),
        rows([b"a", b"zz"], [b"a:q"], None, False, True),
        scan({"limit": 1}, None, None, False, None, None),
        cell(b"a", b"a:q", None, None),
        count("counter_get", b"a", b"a:q", 0),
        compare(b"a", b"a:q", b"a", {b"b:q": b"x"}),
    ):
        first, second = [answer(world, session, use) for world, session in pair]
        assert first == second
        assert first[0][0] is cfacl.AccessDenied
