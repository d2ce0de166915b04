"""How changes are cut into calls, and which rows are known to be written where one of these fails."""

from __future__ import annotations

import pytest

from cfacl.errors import Closed, InvalidValue, PartlyWritten, StoreTimeout, StoreUnavailable
from cfacl.model.projection import StoredFamily
from cfacl.model.request import Delete, Mutation, Put
from cfacl.stores.hbase import changes
from cfacl.stores.hbase.address import parse
from cfacl.stores.hbase.definitions import IllegalArgument, PutCell, ServerError
from cfacl.stores.hbase.stamps import Stamps

F, G = (StoredFamily("t", name, 1, "public") for name in "fg")
PUT, DELETE = Put(F, {b"a": b"1"}), Delete(F)


class Gateway:
    """Keeps what is sent, and fails at one call: before it is sent, or behind."""

    def __init__(self) -> None:
        self.address = parse("hbase://host")
        self.calls: list[tuple[int | None, bool, dict[bytes, list[tuple[bytes, bytes | None]]]]] = []
        self.again: list[bool] = []
        self.failing: tuple[int, Exception, bool] | None = None

    def tell(self, call, *, again: bool) -> None:
        self.again.append(again)
        number, error, sent = self.failing or (0, None, True)
        if len(self.again) != number:
            call(self)
        else:
            if sent:
                call(self)
            raise error

    def mutateRows(self, table, batch, attributes) -> None:  # noqa: N802  # HBase's name
        self.mutateRowsTs(table, batch, None, attributes)

    def mutateRowsTs(self, table, batch, timestamp, attributes) -> None:  # noqa: N802  # as above
        assert (table, attributes) == (b"t", {})
        kinds = {not isinstance(change, PutCell) and change.isDelete for row in batch for change in row.mutations}
        assert len(kinds) == 1
        sent = {row.row: [(change.column, change.value) for change in row.mutations] for row in batch}
        assert len(sent) == len(batch)
        self.calls.append((timestamp, kinds.pop(), sent))


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


def send(gateway: Gateway, *mutations: tuple[bytes, Put | Delete], stamps: Stamps | None = None) -> list[object]:
    """Send changes, each a row's, and return the calls: the timestamp, `put` or `delete`, and the rows."""
    changes.send(gateway, b"t", [Mutation(key, (change,)) for key, change in mutations], stamps)
    return [(stamp, "delete" if deletes else "put", sorted(rows)) for stamp, deletes, rows in gateway.calls]


def caused(error: Exception, cause: Exception | None) -> Exception:
    error.__cause__ = cause
    return error


def test_puts_of_many_rows_are_one_call(gateway: Gateway) -> None:
    assert send(gateway, (b"1", PUT), (b"2", Put(G, {b"": b"2", b"b": b""})), (b"1", Put(F, {b"b": b"3"}))) == [
        (None, "put", [b"1", b"2"])
    ]
    assert gateway.calls[0][2] == {b"1": [(b"f+1:a", b"1"), (b"f+1:b", b"3")], b"2": [(b"g+1:", b"2"), (b"g+1:b", b"")]}
    assert gateway.again == [False]


def test_deletes_name_a_family_or_columns(gateway: Gateway) -> None:
    send(gateway, (b"1", DELETE), (b"2", Delete(F, (b"", b"a"))))
    assert gateway.calls == [(None, True, {b"1": [(b"f+1", None)], b"2": [(b"f+1:", None), (b"f+1:a", None)]})]


def test_puts_and_deletes_are_calls_of_their_own_in_their_order(gateway: Gateway) -> None:
    assert send(gateway, (b"1", PUT), (b"1", DELETE), (b"2", DELETE), (b"1", PUT)) == [
        (None, "put", [b"1"]),
        (None, "delete", [b"1", b"2"]),
        (None, "put", [b"1"]),
    ]


def test_each_timestamp_is_a_call_of_its_own(gateway: Gateway) -> None:
    some = [Put(F, {b"a": b"1"}, timestamp) for timestamp in (5, 5, 0, None, 5)]
    assert send(gateway, *((b"%d" % number, each) for number, each in enumerate(some))) == [
        (5, "put", [b"0", b"1"]),
        (0, "put", [b"2"]),
        (None, "put", [b"3"]),
        (5, "put", [b"4"]),
    ]


def test_of_a_cell_that_is_put_twice_the_last_value_counts(gateway: Gateway) -> None:
    send(gateway, (b"1", PUT), (b"2", PUT), (b"1", Put(F, {b"a": b"2"})))
    assert gateway.calls[0][2][b"1"] == [(b"f+1:a", b"2")]


def test_a_call_is_not_too_large_and_a_row_stays_whole(gateway: Gateway) -> None:
    rows = [(b"%04d" % number, PUT) for number in range(1_001)]
    calls = send(gateway, *rows, (b"0000", Put(G, {b"a": b"1"})), (b"1000", Put(G, {b"a": b"1"})))
    assert [len(keys) for _, _, keys in calls] == [1_000, 2]
    assert len(gateway.calls[0][2][b"0000"]) == 1
    assert len(gateway.calls[1][2][b"1000"]) == 2


def test_a_call_is_not_longer_than_a_frame(gateway: Gateway) -> None:
    """Of 2 MB, as HBase has it; keys and names count."""
    gateway.address = parse("hbase://host?transport=framed")
    row = Put(F, {b"%032d" % n: b"x" * 32 for n in range(32)})
    send(gateway, *((b"%0100d" % number, row) for number in range(1_000)))
    sizes = [
        sum(len(key) + sum(len(column) + len(value) for column, value in cells) for key, cells in rows.items())
        for _, _, rows in gateway.calls
    ]
    assert sum(sizes) > 2_000_000
    assert max(sizes) < 1_100_000
    assert len(sizes) < 4


def test_what_comes_behind_a_plain_delete_waits_for_the_next_millisecond(gateway: Gateway, monkeypatch) -> None:
    """What is put in the delete's own would be hidden by it."""
    slept: list[tuple[float, int]] = []
    monkeypatch.setattr(changes.time, "sleep", lambda seconds: slept.append((seconds, len(gateway.calls))))
    send(gateway, (b"1", PUT), (b"1", DELETE), (b"1", PUT), (b"1", Delete(F, (b"a",), 5)), (b"2", DELETE))
    assert slept == [(0.001, 2), (0.001, 5)]


def test_a_call_is_not_too_long(gateway: Gateway) -> None:
    large = Put(F, {b"a": b"x" * (3 << 20)})
    calls = send(gateway, *((b"%d" % number, large) for number in range(4)), (b"3", Put(G, {b"a": b"x" * (9 << 20)})))
    assert [keys for _, _, keys in calls] == [[b"0", b"1", b"2"], [b"3"]]


def test_nothing_is_no_call(gateway: Gateway) -> None:
    assert send(gateway) == []
    assert send(gateway, (b"1", Put(F, {})), (b"2", Delete(F, ()))) == []
    changes.send(gateway, b"t", [Mutation(b"1", ())])
    assert gateway.calls == []


LOST = caused(StoreTimeout("no answer; it may have been applied"), TimeoutError())
REFUSED = caused(InvalidValue("too large"), IllegalArgument(b"KeyValue size too large"))
FAILED = caused(StoreUnavailable("busy"), ServerError(b"RegionTooBusyException"))
UNSENT = caused(StoreUnavailable("nobody there"), ConnectionRefusedError())


@pytest.mark.parametrize(
    ("failing", "written", "unknown", "unwritten"),
    [
        ((1, LOST, True), "", "ab", "cd"),
        ((1, FAILED, True), "", "ab", "cd"),
        ((2, LOST, True), "a", "bc", "d"),
        ((2, FAILED, True), "a", "bc", "d"),
        ((2, REFUSED, True), "a", "b", "cd"),
        ((2, UNSENT, False), "a", "b", "cd"),
        ((2, Closed("closed"), False), "a", "b", "cd"),
        ((3, LOST, True), "ac", "bd", ""),
        ((3, REFUSED, True), "ac", "b", "d"),
    ],
)
def test_of_a_batch_that_failed_it_says_which_rows_are_written(gateway, failing, written, unknown, unwritten) -> None:
    """`b` is put, deleted and put again, so that it is known to be written or not only before and behind all three."""
    gateway.failing = failing
    with pytest.raises(PartlyWritten) as told:
        send(gateway, (b"a", PUT), (b"b", PUT), (b"b", DELETE), (b"c", DELETE), (b"b", PUT), (b"d", PUT))
    error = told.value
    assert [b"".join(sorted(each)).decode() for each in (error.written, error.unknown, error.unwritten)] == [
        written,
        unknown,
        unwritten,
    ]
    assert error.__cause__ is (failing[1].__cause__ or failing[1])
    counts = f"rows written: {len(written)}, not written: {len(unwritten)}, not known: {len(unknown)}"
    assert str(error) == f"{failing[1]}; {counts}"


def test_a_row_that_is_changed_again_later_is_not_known_although_the_call_that_failed_has_it_not(gateway) -> None:
    gateway.failing = (2, LOST, True)
    with pytest.raises(PartlyWritten) as told:
        send(gateway, (b"a", PUT), (b"b", DELETE), (b"a", PUT))
    assert told.value.unknown == {b"a", b"b"}
    assert not told.value.written | told.value.unwritten


@pytest.mark.parametrize("failing", [(1, REFUSED, True), (1, UNSENT, False), (1, Closed("closed"), False)])
def test_where_nothing_was_written_the_error_is_what_went_wrong(gateway, failing) -> None:
    gateway.failing = failing
    with pytest.raises(type(failing[1])) as told:
        send(gateway, (b"a", PUT), (b"b", PUT), (b"b", DELETE))
    assert told.value is failing[1]


def test_of_one_row_whose_only_call_is_lost_the_error_says_that_nobody_knows(gateway) -> None:
    gateway.failing = (1, LOST, True)
    with pytest.raises(StoreTimeout) as told:
        send(gateway, (b"a", PUT))
    assert told.value is LOST


@pytest.mark.parametrize("failing", [(2, LOST, True), (2, UNSENT, False)])
def test_one_row_may_be_half_written(gateway, failing) -> None:
    gateway.failing = failing
    with pytest.raises(PartlyWritten) as told:
        send(gateway, (b"a", PUT), (b"a", DELETE))
    assert (told.value.written, told.value.unknown, told.value.unwritten) == (set(), {b"a"}, set())


class Clock:
    def __init__(self) -> None:
        self.now = 10

    def __call__(self) -> int:
        return self.now * 1_000_000 + 999_999


def test_with_stamps_plain_changes_bear_the_clocks_time_and_all_may_be_sent_again(gateway: Gateway) -> None:
    clock = Clock()
    explicit = Put(F, {b"a": b"1"}, 3)
    assert send(gateway, (b"1", PUT), (b"2", explicit), (b"3", DELETE), stamps=Stamps(clock)) == [
        (10, "put", [b"1"]),
        (3, "put", [b"2"]),
        (10, "delete", [b"3"]),
    ]
    assert gateway.again == [True] * 3


def test_what_is_put_behind_a_delete_is_later_also_where_the_clock_stands(gateway: Gateway) -> None:
    calls = send(gateway, (b"1", DELETE), (b"1", PUT), (b"1", DELETE), (b"1", PUT), stamps=Stamps(Clock()))
    assert [stamp for stamp, _, _ in calls] == [10, 11, 11, 12]


def test_what_is_put_beside_a_delete_is_not_later_than_the_clock() -> None:
    stamps = Stamps(Clock())
    assert [stamps.delete(), stamps.put(), stamps.delete()] == [10, 10, 10]


def test_stamps_never_go_back() -> None:
    clock = Clock()
    stamps = Stamps(clock)
    assert stamps.put() == 10
    clock.now = 7
    assert stamps.delete() == stamps.put() == 10
    clock.now = 12
    assert stamps.put() == 12


def test_a_refusal_of_the_second_try_says_nothing_of_the_first(gateway: Gateway) -> None:
    class Twice(Gateway):
        def tell(self, call, *, again: bool) -> None:
            call(self)
            call(self)
            raise REFUSED

    with pytest.raises(PartlyWritten) as told:
        send(Twice(), (b"a", PUT), (b"b", PUT), stamps=Stamps(Clock()))
    assert told.value.unknown == {b"a", b"b"}
