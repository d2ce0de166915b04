"""Reading and writing through the drop-in: what happybase's reference says of each method, on every store."""

from __future__ import annotations

import copy
import pickle
import re
import struct
from collections import OrderedDict
from numbers import Integral
from typing import Any

import pytest

import cfacl
from cfacl.compat.happybase import Table
from cfacl.filters import column
from cfacl.stores.memory import MemoryStore
from cfacl.testing.stores import CountingStore


def test_a_row_is_written_and_read(table: Table, key: bytes) -> None:
    data = {b"cf1:a": b"1", b"cf1:b": b"2", b"cf2:a": b"3"}
    assert table.put(key, data) is None
    assert table.row(key) == data
    assert table.row(key, [b"cf1"]) == {b"cf1:a": b"1", b"cf1:b": b"2"}
    assert table.row(key, (b"cf1:b", b"cf2:a")) == {b"cf1:b": b"2", b"cf2:a": b"3"}
    assert table.row(key, columns=[b"cf2:missing"]) == {}
    assert table.row(key + b"missing") == {}


def test_text_is_taken_for_its_utf_8(table: Table, key: bytes) -> None:
    text = key.decode() + "ü"
    table.put(text, {"cf1:ö": "ß"})
    column_name = "cf1:ö".encode()
    assert table.row(text) == {column_name: "ß".encode()}
    assert table.row(text.encode(), ["cf1:ö"]) == {column_name: "ß".encode()}
    assert table.cells(text, "cf1:ö") == ["ß".encode()]
    assert [name for name, _ in table.rows([text], ["cf1"])] == [text.encode()]
    assert [name for name, _ in table.scan(row_prefix=text)] == [text.encode()]
    table.delete(text, ["cf1:ö"])
    assert table.row(text) == {}


@pytest.mark.parametrize("columns", [[], ()])
def test_no_columns_named_is_none_named(table: Table, key: bytes, columns: Any) -> None:
    table.put(key, {b"cf1:a": b"1"})
    assert table.row(key, columns) == {b"cf1:a": b"1"}
    assert table.rows([key], columns) == [(key, {b"cf1:a": b"1"})]
    assert list(table.scan(row_prefix=key, columns=columns)) == [(key, {b"cf1:a": b"1"})]


def test_a_colon_behind_a_family_is_the_empty_qualifier(table: Table, key: bytes) -> None:
    table.put(key, {b"cf1:": b"0", b"cf1:a": b"1"})
    assert table.row(key, [b"cf1:"]) == {b"cf1:": b"0"}
    table.delete(key, [b"cf1:"])
    assert table.row(key) == {b"cf1:a": b"1"}


def test_a_row_says_what_was_withheld(db: cfacl.Database, table: Table, key: bytes) -> None:
    from cfacl.compat.happybase import Connection

    table.put(key, {b"cf1:a": b"1", b"cf2:a": b"2"})
    asked = Connection(cfacl=db, principal="ann", purpose="work").table("t")
    assert asked.row(key) == {b"cf1:a": b"1"}
    assert asked.row(key).withheld == {"cf2", "cf3"}
    assert [row.withheld for _, row in asked.scan(row_prefix=key, sorted_columns=True)] == [{"cf2", "cf3"}]
    with pytest.raises(cfacl.AccessDenied):
        asked.row(key, [b"cf2"])


def test_timestamps(table: Table, key: bytes) -> None:
    table.put(key, {b"cf1:a": b"old"}, timestamp=1_000)
    table.put(key, {b"cf1:a": b"new", b"cf2:a": b"x"}, 2_000)
    assert table.row(key, timestamp=2_000) == {b"cf1:a": b"old"}
    assert table.row(key, None, 1_000) == {}
    assert table.row(key, include_timestamp=True) == {b"cf1:a": (b"new", 2_000), b"cf2:a": (b"x", 2_000)}
    assert table.rows([key], timestamp=1_500, include_timestamp=True) == [(key, {b"cf1:a": (b"old", 1_000)})]
    assert list(table.scan(row_prefix=key, timestamp=1_500)) == [(key, {b"cf1:a": b"old"})]
    ((_, row),) = table.scan(row_prefix=key, include_timestamp=1)
    assert row[b"cf1:a"] == (b"new", 2_000)


def test_rows_come_in_the_order_asked_and_only_those_that_are_there(table: Table, key: bytes) -> None:
    names = [key + each for each in (b"c", b"a", b"b")]
    for name in names:
        table.put(name, {b"cf1:a": name})
    assert table.rows([*names, key + b"missing"]) == [(name, {b"cf1:a": name}) for name in names]
    assert table.rows(tuple(names[:1]), [b"cf1:a"]) == [(names[0], {b"cf1:a": names[0]})]


def test_rows_of_no_keys_is_an_empty_dict(table: Table) -> None:
    assert table.rows([]) == {}
    assert type(table.rows(())) is dict


def test_versions_of_a_cell_come_newest_first(table: Table, key: bytes) -> None:
    for number in range(1, 5):
        table.put(key, {b"cf1:a": b"%d" % number}, timestamp=number * 1_000)
    assert table.cells(key, b"cf1:a") == [b"4", b"3", b"2"]  # as many as the policy says
    assert table.cells(key, b"cf1:a", 2) == [b"4", b"3"]
    assert table.cells(key, b"cf1:a", versions=1, timestamp=4_000) == [b"3"]
    assert table.cells(key, b"cf1:a", timestamp=3_500, include_timestamp=True) == [(b"3", 3_000), (b"2", 2_000)]
    assert table.cells(key, b"cf1:missing") == []


def fill(table: Table, key: bytes, number: int = 10) -> list[bytes]:
    names = [key + b"%02d" % each for each in range(number)]
    with table.batch() as batch:
        for name in names:
            batch.put(name, {b"cf1:a": b"1", b"cf1:b": b"2", b"cf2:a": b"3"})
    return names


def test_bounds_of_a_scan(table: Table, key: bytes) -> None:
    names = fill(table, key)
    assert [name for name, _ in table.scan(row_prefix=key)] == names
    assert [name for name, _ in table.scan(names[2], names[5])] == names[2:5]
    assert [name for name, _ in table.scan(row_start=names[8], row_stop=key + b"~")] == names[8:]
    assert [name for name, _ in table.scan(names[5], names[2], reverse=True)] == names[5:2:-1]
    assert [name for name, _ in table.scan(row_prefix=key, reverse=True)] == names[::-1]
    assert list(table.scan(row_start=key + b"x", row_stop=key + b"y")) == []


def test_a_prefix_in_reverse_has_the_row_that_is_the_prefix_and_none_behind(table: Table, key: bytes) -> None:
    """happybase leaves the first out, and hands out the row whose key comes just behind."""
    behind = key[:-1] + b"."
    for each in (key, key + b"1", behind):
        table.put(each, {b"cf1:a": b"1"})
    assert [name for name, _ in table.scan(row_prefix=key, reverse=True)] == [key + b"1", key]


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_limits_and_batches_of_a_scan(table: Table, key: bytes, size: int) -> None:
    names = fill(table, key)
    assert [name for name, _ in table.scan(row_prefix=key, batch_size=size)] == names
    assert [name for name, _ in table.scan(row_prefix=key, batch_size=size, limit=4)] == names[:4]


def test_parts_of_rows(table: Table, key: bytes) -> None:
    fill(table, key, 2)
    parts = [(name, sorted(row)) for name, row in table.scan(row_prefix=key, scan_batching=2)]
    assert [(name[-2:], row) for name, row in parts] == [
        (b"00", [b"cf1:a", b"cf1:b"]),
        (b"00", [b"cf2:a"]),
        (b"01", [b"cf1:a", b"cf1:b"]),
        (b"01", [b"cf2:a"]),
    ]


def test_filters(table: Table, key: bytes) -> None:
    names = fill(table, key)
    table.put(names[3], {b"cf1:a": b"other"})
    text = "SingleColumnValueFilter('cf1', 'a', =, 'binary:other')"
    for each in (text, text.encode(), column("cf1:a") == b"other"):
        assert [name for name, _ in table.scan(row_prefix=key, filter=each)] == [names[3]]


def test_sorted_columns(table: Table, key: bytes) -> None:
    data = {b"cf1:%03d" % number: b"" for number in range(50, 0, -1)}
    table.put(key, data)
    ((_, row),) = table.scan(row_prefix=key, sorted_columns=True)
    assert isinstance(row, OrderedDict)
    assert list(row.items()) == sorted(data.items())


def test_a_scan_that_was_closed_ends(table: Table, key: bytes) -> None:
    fill(table, key)
    scan = table.scan(row_prefix=key, batch_size=2)
    next(scan)
    scan.close()
    with pytest.raises(StopIteration):
        next(scan)


def test_deletions(table: Table, key: bytes) -> None:
    data = {b"cf1:a": b"1", b"cf1:b": b"2", b"cf2:a": b"3"}
    table.put(key, data)
    table.delete(key, [])
    assert table.row(key) == data
    table.delete(key, [b"cf1:a"])
    assert table.row(key) == {b"cf1:b": b"2", b"cf2:a": b"3"}
    table.delete(key, (b"cf1",))
    assert table.row(key) == {b"cf2:a": b"3"}
    table.delete(key)
    assert table.row(key) == {}


def test_deletions_up_to_a_time(table: Table, key: bytes) -> None:
    table.put(key, {b"cf1:a": b"old"}, timestamp=1_000)
    table.put(key, {b"cf1:a": b"new"}, timestamp=3_000)
    table.delete(key, [b"cf1:a"], timestamp=2_000)
    assert table.cells(key, b"cf1:a") == [b"new"]
    table.delete(key, timestamp=2_500)
    assert table.row(key) == {b"cf1:a": b"new"}


def test_a_put_of_nothing_does_nothing(table: Table, key: bytes) -> None:
    table.put(key, {})
    assert table.row(key) == {}


@pytest.mark.parametrize(("wal", "durable"), [(True, True), (None, True), (False, False), (0, False)])
def test_what_goes_without_its_log_need_not_be_on_the_disk(around: Any, wal: Any, durable: bool) -> None:
    from cfacl.compat.happybase import Connection

    counting = CountingStore(MemoryStore(clock=lambda: 0))
    table = Connection(cfacl=around(counting), principal="root", purpose="work").table("t")
    counting.take()
    table.put(b"r", {b"cf1:a": b"1"}, wal=wal)
    table.check_and_put(b"r", b"cf1:a", b"1", {b"cf1:b": b"1"}, wal=wal)
    table.check_and_delete(b"r", b"cf1:a", b"1", [b"cf1:b"], wal=wal)
    table.delete(b"r", wal=wal)
    assert [call.durable for call in counting.take() if call.durable is not None] == [durable] * 4


def test_a_scan_fetches_as_many_at_a_time_as_is_said(around: Any) -> None:
    from cfacl.compat.happybase import Connection

    counting = CountingStore(MemoryStore(clock=lambda: 0))
    table = Connection(cfacl=around(counting), principal="root", purpose="work").table("t")
    fill(table, b"r")
    counting.take()
    assert len(list(table.scan(batch_size=4))) == 10
    assert [call.method for call in counting.take()].count("scan.next") == 4  # the last of which tells the end


@pytest.mark.parametrize("wal", [True, False, None])
def test_without_its_log_it_is_written_all_the_same(table: Table, key: bytes, wal: Any) -> None:
    table.put(key, {b"cf1:a": b"1", b"cf2:a": b"1"}, wal=wal)
    table.delete(key, [b"cf1:a"], wal=wal)
    assert table.row(key) == {b"cf2:a": b"1"}


def test_counters(table: Table, key: bytes) -> None:
    assert table.counter_get(key, b"cf1:n") == 0
    assert table.row(key) == {}, "reading one writes nothing"
    assert table.counter_inc(key, "cf1:n") == 1
    assert table.counter_inc(key, b"cf1:n", 10) == 11
    assert table.counter_dec(key, b"cf1:n") == 10
    assert table.counter_dec(key, b"cf1:n", -5) == 15
    assert table.counter_inc(key, b"cf1:n", value=-20) == -5
    assert table.counter_get(key, b"cf1:n") == -5
    assert table.row(key) == {b"cf1:n": struct.pack(">q", -5)}


def test_counters_that_are_set(table: Table, key: bytes) -> None:
    """Each but once: HBase stamps what it counts ahead, and a put of the same moment would be hidden by it."""
    table.counter_set(key, b"cf1:n", 7)
    assert table.counter_get(key, b"cf1:n") == 7
    assert table.counter_inc(key, b"cf1:n") == 8
    table.counter_set(key, "cf1:m")
    assert table.row(key, [b"cf1:m"]) == {b"cf1:m": bytes(8)}


def test_conditional_puts(table: Table, key: bytes) -> None:
    assert table.check_and_put(key, b"cf1:lock", None, {b"cf1:lock": b"ann"}) is True
    assert table.check_and_put(key, b"cf1:lock", None, {b"cf1:lock": b"bob"}) is False
    assert table.check_and_put(key, "cf1:lock", "ann", {"cf2:a": "1"}) is True
    assert table.row(key) == {b"cf1:lock": b"ann", b"cf2:a": b"1"}


def test_conditional_deletions_where_there_are_any(table: Table, db: cfacl.Database, key: bytes) -> None:
    table.put(key, {b"cf1:lock": b"ann", b"cf2:a": b"1"})
    if repr(db).endswith("hbase>"):
        with pytest.raises(cfacl.Unsupported):
            table.check_and_delete(key, b"cf1:lock", b"ann")
        assert table.row(key) == {b"cf1:lock": b"ann", b"cf2:a": b"1"}
        return
    assert table.check_and_delete(key, b"cf1:lock", b"bob") is False
    assert table.check_and_delete(key, "cf1:lock", "ann", ["cf2:a"]) is True
    assert table.row(key) == {b"cf1:lock": b"ann"}
    assert table.check_and_delete(key, b"cf1:lock", b"ann") is True
    assert table.row(key) == {}


def test_what_a_table_says_of_itself(table: Table, connection: Any) -> None:
    assert table.name == b"t"
    assert table.connection is connection
    assert repr(table) == "<cfacl.compat.happybase.table.Table name=b't'>"
    families = table.families()
    assert {name: (each["name"], each["max_versions"], each["time_to_live"]) for name, each in families.items()} == {
        b"cf1": (b"cf1:", 3, 2147483647),
        b"cf2": (b"cf2:", 3, 2147483647),
        b"cf3": (b"cf3:", 1, 400 * 86_400),
    }
    assert families[b"cf1"].keys() == {
        "name",
        "max_versions",
        "time_to_live",
        "compression",
        "in_memory",
        "bloom_filter_type",
        "bloom_filter_vector_size",
        "bloom_filter_nb_hashes",
        "block_cache_enabled",
    }
    regions = table.regions()
    assert regions[0]["start_key"] == regions[-1]["end_key"] == b""
    assert regions[0].keys() == {"start_key", "end_key", "id", "name", "version", "server_name", "port"}


#: Arguments that make no sense: what is called, what happybase raises, or `RequestError` where it has nothing.
WRONG: list[tuple[type[Exception], Any]] = [
    (TypeError, lambda t: t.row(b"r", b"cf1")),
    (TypeError, lambda t: t.row(b"r", {b"cf1"})),
    (TypeError, lambda t: t.row(b"r", 1)),
    (TypeError, lambda t: t.row(b"r", timestamp="1")),
    (TypeError, lambda t: t.row(b"r", timestamp=1.5)),
    (TypeError, lambda t: t.rows([b"r"], "cf1")),
    (TypeError, lambda t: t.rows([b"r"], timestamp=b"1")),
    (TypeError, lambda t: t.rows(5)),
    (TypeError, lambda t: t.cells(b"r", b"cf1:a", "1")),
    (TypeError, lambda t: t.cells(b"r", b"cf1:a", 1.0)),
    (ValueError, lambda t: t.cells(b"r", b"cf1:a", 0)),
    (ValueError, lambda t: t.cells(b"r", b"cf1:a", -1)),
    (TypeError, lambda t: t.cells(b"r", b"cf1:a", 1, "1")),
    (ValueError, lambda t: t.scan(batch_size=0)),
    (TypeError, lambda t: t.scan(batch_size=None)),
    (ValueError, lambda t: t.scan(limit=0)),
    (ValueError, lambda t: t.scan(limit=-3)),
    (ValueError, lambda t: t.scan(scan_batching=0)),
    (TypeError, lambda t: t.scan(row_prefix=b"a", row_start=b"b")),
    (TypeError, lambda t: t.scan(row_prefix=b"a", row_stop=b"b")),
    (TypeError, lambda t: t.put(b"r", {b"cf1:a": b"1"}, timestamp="1")),
    (TypeError, lambda t: t.delete(b"r", timestamp=1.0)),
    (TypeError, lambda t: t.batch(timestamp="1")),
    (TypeError, lambda t: t.batch(transaction=True, batch_size=1)),
    (ValueError, lambda t: t.batch(batch_size=0)),
    (ValueError, lambda t: t.batch(batch_size=-1)),
    (cfacl.InvalidKey, lambda t: t.row(5)),
    (cfacl.InvalidKey, lambda t: t.row(b"")),
    (cfacl.InvalidKey, lambda t: t.row(None)),
    (cfacl.InvalidKey, lambda t: t.rows([b"r", 5])),
    (cfacl.InvalidKey, lambda t: t.scan(row_start=5)),
    (cfacl.InvalidValue, lambda t: t.row(b"r", [5])),
    (cfacl.InvalidValue, lambda t: t.row(b"r", timestamp=-1)),
    (cfacl.InvalidValue, lambda t: t.put(b"r", {b"cf1:a": 5})),
    (cfacl.InvalidValue, lambda t: t.put(b"r", {5: b"1"})),
    (cfacl.InvalidValue, lambda t: t.counter_inc(b"r", b"cf1:a", "1")),
    (cfacl.InvalidValue, lambda t: t.counter_set(b"r", b"cf1:a", 1 << 63)),
    (cfacl.RequestError, lambda t: t.rows(b"r")),
    (cfacl.RequestError, lambda t: t.put(b"r", [(b"cf1:a", b"1")])),
    (cfacl.RequestError, lambda t: t.put(b"r", {b"cf1": b"1"})),
    (cfacl.RequestError, lambda t: t.cells(b"r", b"cf1")),
    (cfacl.RequestError, lambda t: t.delete(b"r", b"cf1")),
    (cfacl.RequestError, lambda t: t.scan(columns=b"cf1")),
    (TypeError, lambda t: t.scan(limit=1.5)),
    (TypeError, lambda t: t.scan(limit="5")),
    (TypeError, lambda t: t.batch(batch_size="5")),
    (cfacl.RequestError, lambda t: t.scan(columns="")),
    (cfacl.RequestError, lambda t: t.scan(columns=0)),
    (cfacl.UnknownFamily, lambda t: t.row(b"r", [b"cf9"])),
    (cfacl.FilterError, lambda t: t.scan(filter="Nothing()")),
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_what_makes_no_sense_is_told_as_happybase_tells_it_or_as_a_request_error(
    small: cfacl.Database, number: int
) -> None:
    from cfacl.compat.happybase import Connection

    kind, call = WRONG[number]
    with pytest.raises(kind) as told:
        call(Connection(cfacl=small, principal="root", purpose="work").table("t"))
    assert type(told.value) is kind
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("number", [each for each, (kind, _) in enumerate(WRONG) if kind in (TypeError, ValueError)])
def test_arguments_are_looked_at_before_anybody_is_asked(small: cfacl.Database, number: int) -> None:
    from cfacl.compat.happybase import Connection

    kind, call = WRONG[number]
    with pytest.raises(kind):
        call(Connection().table("no such table"))


@pytest.mark.parametrize(
    ("compat", "arguments"),
    [
        ("0.94", {"sorted_columns": True}),
        ("0.96", {"reverse": True}),
        ("0.90", {"filter": "KeyOnlyFilter()"}),
    ],
    ids=["sorted", "reverse", "filter"],
)
def test_an_old_compat_refuses_what_happybase_refuses_by_it(
    small: cfacl.Database, compat: str, arguments: dict[str, Any]
) -> None:
    from cfacl.compat.happybase import Connection

    old = Connection(compat=compat, cfacl=small, principal="root", purpose="work").table("t")
    with pytest.raises(NotImplementedError):
        old.scan(**arguments)
    assert list(old.scan()) == []


@Integral.register
class Number:
    """An integer of another library's."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __int__(self) -> int:
        return self.value

    def __lt__(self, other: int) -> bool:
        return self.value < other


def test_numbers_of_other_kinds_are_numbers(table: Any, key: bytes) -> None:
    table.put(key, {b"cf1:a": b"1"}, timestamp=Number(5_000))
    table.put(key + b"x", {b"cf1:a": b"1"}, timestamp=True)
    assert table.row(key, timestamp=Number(6_000), include_timestamp=True) == {b"cf1:a": (b"1", 5_000)}
    found = table.scan(row_prefix=key, limit=Number(1), batch_size=Number(7), timestamp=Number(9_000))
    assert [name for name, _ in found] == [key]
    assert table.counter_inc(key, b"cf1:n", Number(3)) == 3


class Bytes(bytes):
    """As numpy has them."""


@pytest.mark.parametrize("kind", [Bytes, bytearray, memoryview])
def test_what_holds_bytes_is_taken_for_them(table: Table, key: bytes, kind: Any) -> None:
    table.put(kind(key), {Bytes(b"cf1:a"): kind(b"1")})
    assert table.row(kind(key), [kind(b"cf1:a")]) == {b"cf1:a": b"1"}
    assert [type(each) for pair in table.row(key).items() for each in pair] == [bytes, bytes]


class Items:
    """Not a mapping, and has items, as a row of pandas does."""

    def items(self) -> Any:
        return [("cf1:a", "1"), (b"cf1:b", b"2")]


def test_whatever_has_items_is_put(table: Any, key: bytes) -> None:
    table.put(key, Items())
    with table.batch() as batch:
        batch.put(key + b"x", Items())
    assert [row for _, row in table.scan(row_prefix=key)] == [{b"cf1:a": b"1", b"cf1:b": b"2"}] * 2


@pytest.mark.parametrize(
    "call",
    [
        lambda t: t.row("secret\ud800"),
        lambda t: t.put(b"r", {"cf1:a": "secret\ud800"}),
        lambda t: t.put(b"r", {"cf1:secret\ud800": "1"}),
        lambda t: t.scan(row_prefix="secret\ud800"),
    ],
    ids=["key", "value", "column", "prefix"],
)
def test_text_that_is_none_is_told_without_it(small: cfacl.Database, call: Any) -> None:
    from cfacl.compat.happybase import Connection

    with pytest.raises(cfacl.InvalidValue) as told:
        call(Connection(cfacl=small, principal="root", purpose="work").table("t"))
    assert "secret" not in str(told.value)
    assert told.value.__suppress_context__


def test_a_sorted_row_that_is_copied_says_still_what_was_withheld(db: cfacl.Database, table: Table, key: bytes) -> None:
    from cfacl.compat.happybase import Connection

    table.put(key, {b"cf1:a": b"1", b"cf2:a": b"2"})
    asked = Connection(cfacl=db, principal="ann", purpose="work").table("t")
    ((_, row),) = asked.scan(row_prefix=key, sorted_columns=True)
    assert repr(row) == "SortedRow({b'cf1:a': b'1'}, withheld=['cf2', 'cf3'])"
    for again in (row.copy(), copy.copy(row), pickle.loads(pickle.dumps(row)), copy.deepcopy(row)):
        assert again == row == {b"cf1:a": b"1"}
        assert again.withheld == {"cf2", "cf3"}


def test_counters_need_what_they_do(policy: cfacl.Policy) -> None:
    from cfacl.compat.happybase import Connection

    text = policy.dumps()
    needs = {"counter_get": {"read"}, "counter_set": {"write"}, "counter_inc": {"read", "write"}}
    needs |= {
        "counter_dec": needs["counter_inc"],
        "check_and_put": {"read", "write"},
        "check_and_delete": {"read", "delete"},
    }
    more = {"check_and_put": (None, {b"cf1:b": b"1"}), "check_and_delete": (None, [b"cf1:b"])}
    for actions in ([], ["read"], ["write"], ["delete"], ["read", "write"], ["read", "delete"], ["write", "delete"]):
        granted = re.sub(
            r"(families = \[\s*\"cf1\",?\s*\]\s*actions = )\[[^]]*\]", rf"\g<1>{actions or ['read']}", text
        )
        with cfacl.connect("memory://", policy=cfacl.Policy.loads(granted)) as db:
            db.create_tables()
            assert db.session("ann", "work").families("write", "t") == ({"cf1"} if "write" in actions else set())
            asking = Connection(cfacl=db, principal="ann" if actions else "nil", purpose="work")
            table = asking.table("t")
            for name, needed in needs.items():
                if needed <= set(actions):
                    getattr(table, name)(b"r", b"cf1:n", *more.get(name, ()))
                else:
                    with pytest.raises(cfacl.AccessDenied):
                        getattr(table, name)(b"r", b"cf1:n", *more.get(name, ()))


def test_rows_are_copied_when_they_are_given(table: Table, key: bytes) -> None:
    data = {b"cf1:a": b"1"}
    with table.batch() as batch:
        batch.put(key, data)
        data[b"cf1:b"] = b"2"
    assert table.row(key) == {b"cf1:a": b"1"}
