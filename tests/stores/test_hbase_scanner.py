"""A scan's rows: what is dropped of an answer, what is refused, and which scanner is ended.  No server is asked."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cfacl.errors import StoreContractError
from cfacl.model.request import Span
from cfacl.stores.hbase import scanning
from cfacl.stores.hbase.definitions import IllegalArgument
from cfacl.stores.hbase.pool import Pool
from cfacl.stores.hbase.scanning import Scanner

COLUMNS = {b"f+1:a": b"1", b"f+1:b": b"2"}


class Client:
    """Answers what it was told to, page by page: keys, or an error."""

    def __init__(self, pages: list[Any]) -> None:
        self.pages = pages
        self.calls: list[tuple[str, object]] = []
        self.filters: list[bytes | None] = []
        self.asked: list[int] = []
        self.now = self.takes = 0.0

    def scannerOpenWithScan(self, table: bytes, scan: Any, attributes: object) -> int:  # noqa: N802  # HBase's name
        self.calls.append(("open", scan.stopRow if scan.reversed else scan.startRow))
        self.filters.append(scan.filterString)
        if self.pages and isinstance(self.pages[0], Exception):
            raise self.pages.pop(0)
        return 40 + len(self.calls)

    def scannerGetList(self, number: int, count: int) -> list[Any]:  # noqa: N802  # as above
        self.calls.append(("get", number))
        self.asked.append(count)
        self.now += self.takes
        page = self.pages.pop(0) if self.pages else []
        if isinstance(page, Exception):
            raise page
        return [SimpleNamespace(row=key, columns=COLUMNS) for key in page]

    def scannerClose(self, number: int) -> None:  # noqa: N802  # as above
        self.calls.append(("close", number))

    def is_fresh(self) -> bool:
        return True

    def close(self) -> None:
        self.calls.append(("end", None))


def scanner(*pages: Any, span: Span | None = None, cells: int | None = None) -> tuple[Scanner, Client]:
    client = Client([*pages])
    pool = Pool(lambda: client)  # type: ignore[arg-type,return-value]  # all that a scan asks of one
    return Scanner(pool, b"t", [b"f+1"], span or Span(), cells), client


def read(scan: Scanner, count: int = 2) -> list[bytes]:
    return [key for key, _ in scan.read(count)]


def test_rows_come_page_by_page_and_the_scanner_is_ended_behind_the_last() -> None:
    scan, client = scanner([b"a", b"b"], [b"c"])
    assert [read(scan), read(scan), read(scan)] == [[b"a", b"b"], [b"c"], []]
    assert client.calls == [("open", None), ("get", 41), ("get", 41), ("close", 41)]


@pytest.mark.parametrize(
    ("pages", "span"),
    [
        ([[b"b", b"a"]], Span()),
        ([[b"a", b"c"], [b"b", b"d"]], Span()),
        ([[b"c", b"d"], [b"a", b"b"]], Span()),
        ([[b"a", b"b"]], Span(reverse=True)),
        ([[b"d", b"c"], [b"e", b"b"]], Span(reverse=True)),
    ],
)
def test_rows_that_are_not_in_the_order_of_the_scan_are_another_scans(pages: list[list[bytes]], span: Span) -> None:
    scan, client = scanner(*pages, span=span)
    with pytest.raises(
        StoreContractError, match=r"^the store answered rows out of their order; the answer was dropped$"
    ):
        for _ in pages:
            read(scan)
    assert client.calls[-1] == ("end", None)


@pytest.mark.parametrize(
    ("page", "span"), [([b"a"], Span(b"b")), ([b"d"], Span(None, b"c")), ([b"d"], Span(None, b"c", reverse=True))]
)
def test_a_row_beyond_the_span_is_another_scans(page: list[bytes], span: Span) -> None:
    scan, client = scanner(page, span=span)
    with pytest.raises(StoreContractError, match=r"^the store answered a row that was not asked for"):
        read(scan)
    assert client.calls[-1] == ("end", None)


def test_where_the_connection_breaks_it_goes_on_behind_the_last_row() -> None:
    scan, client = scanner([b"a", b"b"], EOFError(), [b"c"])
    assert [read(scan), read(scan)] == [[b"a", b"b"], [b"c"]]
    assert client.calls == [
        ("open", None), ("get", 41), ("get", 41), ("end", None),
        ("open", b"b\0"), ("get", 45), ("close", 45),
    ]  # fmt: skip


def test_in_reverse_the_last_row_comes_again_and_is_left_out() -> None:
    scan, _ = scanner([b"d", b"c"], EOFError(), [b"c", b"b"], span=Span(reverse=True))
    assert [read(scan), read(scan)] == [[b"d", b"c"], [b"b"]]


def test_a_scan_that_is_not_opened_ends_none() -> None:
    """A scanner's number is counted by the gateway for all who ask."""
    scan, client = scanner(IllegalArgument(b"no"), [b"a"])
    with pytest.raises(IllegalArgument):
        read(scan)
    scan.close()
    assert client.calls == [("open", None)]


def test_a_scanner_that_the_server_forgot_is_ended_and_another_is_opened() -> None:
    lost = IllegalArgument(b"scanner ID is invalid")
    scan, client = scanner([b"a", b"b"], lost, IllegalArgument(b"no"), [b"c"])
    read(scan)
    with pytest.raises(IllegalArgument):
        read(scan)
    scan.close()
    assert [each for each in client.calls if each[0] == "close"] == [("close", 41)], "and none that was not given"


class Parts(Client):
    """Answers a row of six parts, two columns each, and breaks behind some of them, once."""

    def __init__(self, breaks: int) -> None:
        super().__init__([])
        self.left = 0
        self.breaks = breaks

    def scannerOpenWithScan(self, table: bytes, scan: Any, attributes: object) -> int:  # noqa: N802  # HBase's name
        self.left = 6
        return 1

    def scannerGetList(self, number: int, count: int) -> list[Any]:  # noqa: N802  # as above
        first = 6 - self.left
        if first == self.breaks:
            self.breaks = -1
            raise EOFError
        found = range(first, min(first + count, 6))
        self.left -= len(found)
        return [
            SimpleNamespace(row=b"r", columns={b"f+1:%02d" % (2 * n): n, b"f+1:%02d" % (2 * n + 1): n}) for n in found
        ]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("breaks", range(1, 6))
def test_a_row_in_parts_goes_on_behind_the_last_column_however_many_come_again(breaks, count, reverse) -> None:
    client = Parts(breaks - breaks % count)
    pool = Pool(lambda: client)  # type: ignore[arg-type,return-value]  # all that a scan asks of one
    scan = Scanner(pool, b"t", [b"f+1"], Span(reverse=reverse), 2)
    columns: list[bytes] = []
    while found := scan.read(count):
        columns += [column for _, cells in found for column in cells]
    assert sorted(columns) == sorted(b"f+1:%02d" % n for n in range(12))


AGAIN = r"^the store answered a row again and again; the answer was dropped$"


@pytest.mark.parametrize("pages", [[[b"a", b"a"]], [[b"a", b"b"], [b"b", b"b"]], [[b"a"], [b"a"]]])
@pytest.mark.parametrize("cells", [None, 2])
def test_a_row_that_comes_again_and_again_ends_the_scan(pages: list[list[bytes]], cells: int | None) -> None:
    """Or it would never end."""
    scan, client = scanner(*pages, *[pages[-1]] * 10, cells=cells)
    with pytest.raises(StoreContractError, match=AGAIN):
        while True:
            read(scan, len(pages[-1]))
    assert client.calls[-1] == ("end", None)
    assert len(client.calls) < 8


def test_a_row_without_cells_is_none_that_may_be_passed_over(monkeypatch) -> None:
    monkeypatch.setitem(globals(), "COLUMNS", {})
    scan, _ = scanner([b"a"])
    with pytest.raises(StoreContractError, match=r"^the store answered a row without cells"):
        read(scan)


# ---------------------------------------------------------------------------------------- what leaves out by a filter


def leaving_out(client: Client, monkeypatch: pytest.MonkeyPatch, *, reverse: bool = False) -> Scanner:
    """Return a scan whose answers may take 8 seconds; time passes by the client's answers alone."""
    monkeypatch.setattr(scanning, "monotonic", lambda: client.now)
    pool = Pool(lambda: client)  # type: ignore[arg-type,return-value]  # all that a scan asks of one
    return Scanner(pool, b"t", [b"f+1"], Span(reverse=reverse), None, b"KeyOnlyFilter()", 8.0)


def keys(count: int, begin: int = 0) -> list[bytes]:
    return [b"%05d" % number for number in range(begin, begin + count)]


def test_more_is_asked_for_at_once_after_quick_answers_and_less_after_slow_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = Client([keys(16), keys(128, 16), keys(1_000, 144), keys(1_000, 1_144), keys(1_000, 2_144), keys(1, 9_000)])
    scan = leaving_out(client, monkeypatch)
    assert [len(read(scan, 1_000)) for _ in range(4)] == [16, 128, 1_000, 1_000]
    assert client.asked == [16, 128, 1_000, 1_000]
    assert [call for call, _ in client.calls if call == "open"] == ["open"] * 3
    client.takes = 3.0
    assert [len(read(scan, 1_000)) for _ in range(3)] == [1_000, 1, 0]
    assert client.asked[-2:] == [1_000, 125]


def test_a_slow_answer_is_followed_by_smaller_ones_behind_its_last_row(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client([keys(16), keys(2, 16), keys(1, 18)])
    client.takes = 3.0
    scan = leaving_out(client, monkeypatch)
    assert [len(read(scan, 1_000)) for _ in range(3)] == [16, 2, 1]
    assert client.asked == [16, 2, 2]
    assert [at for call, at in client.calls if call == "open"] == [None, b"00015\0"]


def test_where_it_is_asked_for_less_nothing_is_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client([keys(1, number) for number in range(5)])
    scan = leaving_out(client, monkeypatch)
    assert [read(scan, 1) for _ in range(6)] == [*([each] for each in keys(5)), []]
    assert [call for call, _ in client.calls].count("open") == 1


def test_in_reverse_it_goes_on_behind_the_row_that_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = keys(22)[::-1]
    client = Client([rows[:16], rows[15:17], rows[17:19], rows[19:21], rows[21:]])
    client.takes = 3.0
    scan = leaving_out(client, monkeypatch, reverse=True)
    found: list[bytes] = []
    while more := read(scan, 1_000):
        found += more
    assert found == rows


def test_without_an_answer_in_time_it_goes_on_without_the_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client([keys(16), TimeoutError(), keys(1_000, 16), keys(3, 1_016)])
    scan = leaving_out(client, monkeypatch)
    assert [len(read(scan, 1_000)) for _ in range(4)] == [16, 1_000, 3, 0]
    assert client.filters == [b"KeyOnlyFilter()", b"KeyOnlyFilter()", None]
    assert [at for call, at in client.calls if call == "open"][-1] == b"00015\0"


def test_once_it_is_without_the_filter_much_is_asked_for_at_once_however_little_is_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = Client([TimeoutError(), keys(16), keys(128, 16), keys(1_000, 144), keys(7, 1_144)])
    scan = leaving_out(client, monkeypatch)
    assert [len(read(scan, 1)) for _ in range(5)] == [16, 128, 1_000, 7, 0]
    assert client.asked == [16, 128, 1_000, 1_000]


@pytest.mark.parametrize("late_first", [False, True])
def test_it_goes_on_without_the_filter_behind_a_line_that_broke_too(
    monkeypatch: pytest.MonkeyPatch, late_first: bool
) -> None:
    faults = [TimeoutError(), EOFError()] if late_first else [EOFError(), TimeoutError()]
    client = Client([keys(16), *faults, keys(5, 16)])
    scan = leaving_out(client, monkeypatch)
    assert [len(read(scan, 1_000)) for _ in range(3)] == [16, 5, 0]
    assert client.filters[-1] is None


def test_a_second_time_it_is_the_stores_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    scan = leaving_out(Client([TimeoutError(), TimeoutError()]), monkeypatch)
    with pytest.raises(TimeoutError):
        read(scan, 1_000)


def test_a_scan_that_leaves_nothing_out_is_not_asked_twice_after_a_time_out() -> None:
    scan, client = scanner(TimeoutError(), [b"a"])
    with pytest.raises(TimeoutError):
        read(scan)
    assert [call for call, _ in client.calls] == ["open", "end"]
