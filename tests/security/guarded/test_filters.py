"""A filter is a read: of what it names, and of nothing that was not granted."""

from __future__ import annotations

from itertools import groupby
from random import Random
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cfacl
from cfacl.filters import Filter, PageFilter, column, family
from cfacl.filters.evaluation import Evaluation
from cfacl.filters.reach import columns
from cfacl.filters.steps import Seen
from cfacl.stores.base import Capabilities
from cfacl.testing.filters import Filters

#: 2026-06-01T00:00:00Z, in milliseconds.
NOW: Final = 1_780_272_000_000
KEYS: Final = (b"a", b"ab", b"b", b"ba", b"c")
QUALIFIERS: Final = (b"", b"a", b"b")
VALUES: Final = (b"", b"a", b"b", b"ab")
TIMES: Final = (NOW - 2, NOW - 1, NOW)

#: Filters that name the family `c`, which ann may not read, in every way that there is.
NAMING: Final = {
    "value": "SingleColumnValueFilter('c', 'q', =, 'binary:c')",
    "value, excluded": "SingleColumnValueExcludeFilter('c', 'q', =, 'binary:c')",
    "column value": "ColumnValueFilter('c', 'q', =, 'binary:c')",
    "dependent": "DependentColumnFilter('c', 'q')",
    "family": "FamilyFilter(=, 'binary:c')",
    "not family": "FamilyFilter(!=, 'binary:c')",
    "within": "SKIP (PageFilter(1) OR (WHILE ColumnValueFilter('c', 'q', !=, 'binary:x')))",
    "beside": "ColumnValueFilter('a', 'q', =, 'binary:a') AND ColumnValueFilter('c', 'q', =, 'binary:c')",
}
#: Filters that could be about any family.
UNKNOWN: Final = {
    "value": "ValueFilter(=, 'binary:c')",
    "family, regular expression": "FamilyFilter(=, 'regexstring:c')",
    "family, prefix": "FamilyFilter(=, 'binaryprefix:c')",
    "family, order": "FamilyFilter(>, 'binary:b')",
    "qualifier": "QualifierFilter(=, 'binary:hidden')",
}


@pytest.mark.rule("4g")
@pytest.mark.parametrize("strict", [None, False, True])
@pytest.mark.parametrize("columns", [None, [b"a"]])
@pytest.mark.parametrize("name", NAMING)
def test_a_family_that_a_filter_names_is_read_and_has_to_be_granted(
    world: Any, name: str, columns: Any, strict: Any
) -> None:
    world.fill(b"a", b"b")
    with pytest.raises(cfacl.AccessDenied) as told:
        world.table().scan(columns=columns, filter=NAMING[name], strict=strict)
    assert "c" in told.value.families
    assert world.calls() == []
    assert [each.allowed for each in world.told] == [False]


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_filter_that_could_be_about_any_family_sees_what_is_granted_alone(world: Any, name: str) -> None:
    world.fill(b"a", b"b", families="ab")
    world.table("root").put(b"b", {b"c:hidden": b"c"})
    assert list(world.table().scan(filter=UNKNOWN[name])) == []
    assert len(list(world.table("root").scan(filter=UNKNOWN[name]))) == 1


def test_a_column_that_was_not_asked_for_is_missing(world: Any) -> None:
    world.fill(b"a", families="ab")
    table = world.table()
    has = column("b:q") == b"b"
    assert len(list(table.scan(filter=has))) == 1
    assert list(table.scan(columns=[b"a"], filter=has)) == []
    assert list(table.scan(columns=[b"a"], filter=column("b:q", or_missing=True) == b"x")) == [(b"a", {b"a:q": b"a"})]


def test_the_hook_is_told_of_what_a_filter_reads(world: Any) -> None:
    world.fill(b"a")
    list(world.table().scan(columns=[b"a"], filter="ColumnValueFilter('b', 'q', =, 'binary:b')"))
    assert [(each.request, each.access["read"]) for each in world.told] == [("scan", {"a", "b"})]


@pytest.mark.parametrize("filter_", ["FamilyFilter(=, 'binary:zz')", "ColumnValueFilter('zz', 'q', =, 'binary:b')"])
def test_a_family_that_is_not_there_is_told_with_the_nearest_names(world: Any, filter_: str) -> None:
    with pytest.raises(cfacl.UnknownFamily, match="unknown family `zz`"):
        world.table().scan(filter=filter_)
    assert world.calls() == []


@pytest.mark.parametrize("filter_", ["Nonsense()", b"PageFilter(", 3, ["PageFilter(1)"]])
def test_what_is_no_filter_is_refused_before_the_store_is_asked(world: Any, filter_: Any) -> None:
    with pytest.raises(cfacl.RequestError):
        world.table().scan(filter=filter_)
    assert world.calls() == []


@pytest.mark.parametrize("columns", [None, [b"a"]])
def test_what_a_filter_names_may_not_be_taken_away_on_the_way(world: Any, columns: Any) -> None:
    world.fill(*[b"r%d" % number for number in range(6)])
    scan = world.table().scan(
        columns=columns, filter=column("b:q") != b"x" if columns is None else family != b"b", batch_size=2
    )
    next(scan)
    world.grants("reader").clear()
    world.grant("reader", "a")
    world.replace()
    with pytest.raises(cfacl.AccessDenied):
        list(scan)


def test_what_a_filter_does_not_name_may_be_taken_away_on_the_way(world: Any) -> None:
    world.fill(*[b"r%d" % number for number in range(6)])
    scan = world.table().scan(filter=PageFilter(5), batch_size=2)
    assert next(scan) == (b"r0", {b"a:q": b"a", b"b:q": b"b"})
    world.grants("reader").clear()
    world.grant("reader", "a")
    world.replace()
    assert [dict(row) for _, row in scan] == [{b"a:q": b"a", b"b:q": b"b"}, *[{b"a:q": b"a"}] * 3]


@pytest.mark.parametrize("store", ["memory", "leaving out"])
def test_what_is_given_back_on_the_way_was_taken_away(worlds: Any, store: str) -> None:
    """A scan that lost a family goes on without it; a filter that names it would take it for missing in every row."""
    world = worlds(store)
    world.grants("reader").clear()
    world.grant("reader", "a", "b")
    world.fill(*[b"r%d" % number for number in range(6)])
    world.during("scan.next", lambda: None, world.granting("a"), world.granting("a", "b"))
    scan = world.table().scan(filter=column("b:q", or_missing=True) == b"b", batch_size=2)
    assert [key for key, _ in (next(scan), next(scan))] == [b"r0", b"r1"]
    world.told.clear()
    with pytest.raises(cfacl.AccessDenied) as told:
        next(scan)
    assert told.value.families == {"b"}
    assert [each.allowed for each in world.told][-1] is False


@pytest.mark.parametrize("store", ["memory", "leaving out"])
@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_the_end_is_not_told_where_what_is_named_was_taken_away(worlds: Any, store: str, at: int) -> None:
    world = worlds(store)
    world.fill(*[b"r%d" % number for number in range(6)])
    world.during("scan.next", world.granting("a"), at=at)
    with pytest.raises(cfacl.AccessDenied):
        list(world.table().scan(filter=column("b:q") == b"b", batch_size=2))


def declaring(world: Any, *columns: str) -> Any:
    """Return what puts a policy in force whose family `b` has these columns."""

    def edit() -> None:
        world.families["b"]["columns"] = [*columns]
        world.replace()

    return edit


def test_what_was_not_asked_for_is_dropped_of_a_store_that_leaves_out(worlds: Any) -> None:
    world = worlds("leaving out")
    world.fill(b"r1", b"r2")
    for lie in (
        lambda _: [(b"r1", {b"c:q": b"c"})],
        lambda chunk: [*chunk, (b"a", {b"a:q": b"a"})],
        lambda chunk: [(b"other", row) for _, row in chunk],
    ):
        world.faulty.lie("scan.next", lie)
        with pytest.raises(cfacl.StoreContractError):
            list(world.table().scan(filter=column("a:q") == b"a", row_prefix=b"r"))
        assert "scan_passing" in world.calls()
        world.faulty.heal()


@pytest.mark.parametrize("strict", [None, True])
def test_what_was_named_and_is_gone_is_no_cell_that_is_missing(world: Any, strict: Any) -> None:
    """The filter names nothing, but whoever asks named all that it was to see."""
    table = holding(world)
    world.families["b"]["columns"] = ["flag", "x"]
    world.replace()
    world.during("scan.next", declaring(world, "x"))
    scan = table.scan(columns=[b"a", b"b"], filter="SKIP ValueFilter(!=, 'binary:hold')", batch_size=2, strict=strict)
    with pytest.raises(cfacl.SchemaMissing, match="declared otherwise during a scan"):
        list(scan)


def test_a_family_whose_cells_outlive_their_time_on_the_way_is_no_longer_left_to_the_store(worlds: Any) -> None:
    world = worlds("leaving out")
    world.fill(*[b"r%d" % number for number in range(6)])

    def edit() -> None:
        world.families["a"]["time_to_live"] = "1h"
        world.replace()

    world.faulty.inner.capabilities = lambda family: Capabilities(filters=family.time_to_live is None)
    world.during("scan.next", lambda: None, edit)
    found = list(world.table().scan(filter="FirstKeyOnlyFilter() AND KeyOnlyFilter()", batch_size=2))
    assert [key for key, _ in found] == [b"r%d" % number for number in range(6)]
    assert world.calls() == ["scan_passing", "scan"]


@pytest.mark.parametrize("store", ["memory", "leaving out"])
@pytest.mark.parametrize("name", [None, b"b"])
def test_a_column_that_is_declared_again_on_the_way_was_gone(worlds: Any, store: str, name: Any) -> None:
    """It would count as missing in every row that was read meanwhile."""
    world = worlds(store)
    world.families["b"]["columns"] = ["flag", "x"]
    for number in range(6):
        world.table("root").put(b"r%d" % number, {b"a:q": b"n", b"b:flag": b"hold"})
    world.during("scan.next", declaring(world, "x"), declaring(world, "flag", "x"))
    scan = world.table().scan(
        columns=None if name is None else [b"a", name],
        filter="SingleColumnValueFilter('b', 'flag', !=, 'binary:hold')",
        batch_size=2,
    )
    with pytest.raises(cfacl.SchemaMissing, match="declared otherwise during a scan"):
        list(scan)


# -------------------------------------------------------------------------------------------------------------- deleting


def holding(world: Any) -> cfacl.Table:
    """Return a table of six rows, of which the last five say that they are to stay, in a family that ann may read."""
    world.grants("reader").clear()
    world.grant("reader", *"abcd")
    table = world.table("root")
    for number in range(6):
        table.put(b"r%d" % number, {b"a:q": b"n", **({b"b:flag": b"hold"} if number else {})})
    world.store.take()
    return world.table()


@pytest.mark.parametrize("call", ["apply", "scan.next"])
def test_what_is_to_stay_stays_where_that_may_not_be_read_any_more(world: Any, call: str) -> None:
    table = holding(world)
    of = "SKIP ValueFilter(!=, 'binary:hold')"
    assert table.delete_where(of, dry_run=True) == (1, b"r0", True)

    def edit() -> None:
        world.grants("reader").clear()
        world.grant("reader", *"acd")
        world.grant("reader", "b", actions=["write", "delete"])
        world.replace()

    world.during(call, edit)
    with pytest.raises(cfacl.AccessDenied):
        table.delete_where(of, batch_size=1)
    left = {key for key, _ in world.table("root").scan()}
    assert left >= {b"r%d" % number for number in range(1, 6)}


def test_what_is_to_stay_stays_where_its_column_is_declared_again_on_the_way(world: Any) -> None:
    world.families["b"]["columns"] = ["flag", "x"]
    table = holding(world)
    world.during("scan.next", declaring(world, "x"), declaring(world, "flag", "x"))
    with pytest.raises(cfacl.SchemaMissing, match="declared otherwise during a scan"):
        table.delete_where("SKIP ValueFilter(!=, 'binary:hold')", batch_size=2)
    assert len(list(world.table("root").scan())) == 6


@pytest.mark.parametrize(
    "of", ["SKIP ValueFilter(!=, 'binary:hold')", "SKIP QualifierFilter(!=, 'binary:flag')", "KeyOnlyFilter()"]
)
def test_who_does_not_see_all_of_a_row_deletes_nothing_by_what_she_does_not_name(world: Any, of: str) -> None:
    table = holding(world)
    world.grants("reader").clear()
    world.grant("reader", *"acd")
    world.grant("reader", "b", actions=["write", "delete"])
    world.replace()
    world.told.clear()
    with pytest.raises(cfacl.AccessDenied) as told:
        table.delete_where(of)
    assert told.value.families == {"b"}
    assert world.calls() == []
    assert [each.allowed for each in world.told] == [False]
    assert len(list(world.table("root").scan())) == 6


def test_deleting_needs_to_read_what_is_named_and_to_delete_what_goes(world: Any) -> None:
    holding(world)
    world.grants("reader").clear()
    world.grant("reader", "a", actions=["read"])
    world.grant("reader", "c", actions=["delete"])
    world.replace()
    table = world.table()
    assert table.delete_where(column("a:q") == b"n", [b"c"]).rows == 6
    for of, gone in (
        (column("a:q") == b"n", None),
        (column("a:q") == b"n", [b"a"]),
        (column("b:flag") == b"hold", [b"c"]),
    ):
        world.store.take()
        with pytest.raises(cfacl.AccessDenied):
            table.delete_where(of, gone)
        assert world.calls() == []


def dropped(rows: dict[bytes, dict[bytes, tuple[bytes, int]]], seen: str, *, reverse: bool) -> list[Any]:
    """Return rows without what is hidden, those of which nothing is left too, in their order."""
    found = []
    for key in sorted(rows, reverse=reverse):
        kept = {name: cell for name, cell in sorted(rows[key].items()) if name[:1].decode() in seen}
        if kept:
            found.append((key, kept))
    return found


def naively(rows: list[Any], of: Filter, *, reverse: bool, stamped: bool) -> list[tuple[bytes, Any]]:
    """Return what passes of rows."""
    evaluation = Evaluation(of, reverse=reverse)
    found = []
    for key, row in rows:
        if evaluation.over:
            break
        seen = [Seen(*name.split(b":", 1), timestamp, value) for name, (value, timestamp) in row.items()]
        kept = evaluation.row(key, groupby(seen, key=lambda each: each.family))
        if kept:
            found.append(
                (key, {b"%b:%b" % each[:2]: (each.value, each.timestamp) if stamped else each.value for each in kept})
            )
    return found


@pytest.mark.parametrize("store", ["memory", "leaving out", pytest.param("rocksdb", marks=pytest.mark.slow)])
@given(
    st.integers(0, 1 << 32), st.sets(st.sampled_from("abcd"), min_size=1), st.booleans(), st.sampled_from([1, 2, 1_000])
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_what_passes_is_what_passes_when_all_that_is_hidden_was_dropped_before(
    worlds: Any, store: str, seed: int, granted: set[str], reverse: bool, size: int
) -> None:
    random = Random(seed)
    world = worlds(store)
    seen = "".join(sorted(granted))
    rows: dict[bytes, dict[bytes, tuple[bytes, int]]] = {}
    try:
        world.grants("reader").clear()
        world.grant("reader", *seen)
        root = world.table("root")
        for _ in range(random.randint(1, 20)):
            key, value, timestamp = random.choice(KEYS), random.choice(VALUES), random.choice(TIMES)
            name = b"%b:%b" % (random.choice((b"a", b"b", b"c", b"d")), random.choice(QUALIFIERS))
            root.put(key, {name: value}, timestamp=timestamp)
            if timestamp >= rows.get(key, {}).get(name, (b"", 0))[1]:
                rows.setdefault(key, {})[name] = value, timestamp
        table = world.table()
        for _ in range(10):
            families = tuple(each.encode() for each in (seen if random.random() < 0.8 else "abcd"))
            of = Filters(random, KEYS, families, QUALIFIERS, VALUES, TIMES).drawn()
            stamped = random.random() < 0.5
            named = {name.partition(b":")[0].decode() for name in columns(of)}
            if not named <= granted:
                with pytest.raises((cfacl.AccessDenied, cfacl.UnknownFamily)):
                    table.scan(filter=of)
                continue
            found = list(table.scan(filter=of, reverse=reverse, include_timestamp=stamped, batch_size=size))
            expected = naively(dropped(rows, seen, reverse=reverse), of, reverse=reverse, stamped=stamped)
            assert found == expected, str(of)
    finally:
        world.close()
