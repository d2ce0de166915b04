"""Scans over a line that breaks: the right rows in their order, or an error behind the first of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

import pytest

from cfacl.errors import StoreError
from cfacl.filters import Comparator, SingleColumnValueFilter, parse
from cfacl.model.request import Span
from cfacl.testing.servers import Fault, Proxy, at_random, nth

pytestmark = pytest.mark.slow

#: Seconds after which a store gives an answer up.
PATIENCE: Final = 15
SERIOUS: Final = ("close", "reset", "half")


def scanned(scan: Iterator[list[tuple[bytes, dict[bytes, bytes]]]]):
    """Return the rows of a scan, and the error that ended it, if one did."""
    found = []
    try:
        for batch in scan:
            found += batch
    except StoreError as error:
        return found, error
    return found, None


SCANS: Final = {
    "forward": {},
    "reverse": {"span": Span(reverse=True)},
    "a span": {"span": Span(b"w00020", b"w00180")},
    "a span in reverse": {"span": Span(b"w00020", b"w00180", reverse=True)},
    "a limit": {"limit": 150},
    "in parts": {"cells": 2},
    "in parts in reverse": {"cells": 2, "span": Span(reverse=True)},
}


@pytest.mark.parametrize("scan", SCANS)
def test_a_scan_over_a_broken_line_has_the_right_rows_in_order_or_an_error(
    ground, rows, proxy: Proxy, scan: str
) -> None:
    faults = [
        lambda chance: Fault(answer=chance.randrange(3_000), then=chance.choice(SERIOUS)),
        lambda chance: Fault(request=chance.randrange(60), then=chance.choice(SERIOUS)),
    ]
    asked = {"span": Span(), **SCANS[scan]}
    whole, none = scanned(ground.store().scan(ground.TABLE, ground.whole, batch_size=17, **asked))
    assert none is None
    keys = {key for key, _ in whole}
    assert [row for row in rows if row[0] in keys] == (
        rows[20:180] if "span" in scan else rows[:150] if "limit" in scan else rows
    )
    store = ground.store(proxy.port, timeout=PATIENCE)
    ground.read(store, rows[0][0])
    proxy.plan = at_random(3, 0.12, faults)
    ended: Counter[str] = Counter()
    for _ in range(30):
        found, error = scanned(store.scan(ground.TABLE, ground.whole, batch_size=17, **asked))
        assert found == (whole if error is None else whole[: len(found)])
        ended["right" if error is None else type(error).__name__] += 1
    assert ended.keys() == {"right", "StoreUnavailable"}
    assert min(ended.values()) >= 4


def test_a_scan_goes_on_behind_the_last_row_where_its_line_is_cut(ground, rows, proxy: Proxy, warm) -> None:
    scan = warm.scan(ground.TABLE, ground.whole, Span(), batch_size=10)
    found = next(scan) + next(scan)
    proxy.cut()
    found += next(scan)
    proxy.plan = nth(1, Fault(answer=300), "scannerGetList")
    found += next(scan)
    assert found + [row for batch in scan for row in batch] == rows
    assert len(proxy.requests("scannerOpenWithScan")) == 3


def test_a_scan_that_could_not_be_opened_ends_nobody_elses(ground, rows, proxy: Proxy, warm) -> None:
    """A scanner is known by a small number, counted by the gateway for all: one that was not given is another's."""
    text = b"java.io.IOException"
    failed = b"\x0c\0\1\x0b\0\1" + len(text).to_bytes(4) + text + b"\0\0"
    proxy.plan = nth(1, Fault(altered=lambda answer: answer._replace(body=failed)), "scannerOpenWithScan")
    with pytest.raises(StoreError, match=r"^hbase answered `IOException`; read its log$"):
        next(warm.scan(ground.TABLE, ground.whole, Span(), batch_size=10))
    assert proxy.requests("scannerClose") == []
    assert ground.opened(warm) == (1, 0)


def test_a_scan_that_nobody_reads_to_its_end_gives_its_connection_back(ground, rows, proxy: Proxy, warm) -> None:
    scan = warm.scan(ground.TABLE, ground.whole, Span(), batch_size=10)
    next(scan)
    scan.close()
    assert len(proxy.requests("scannerClose")) == 1
    assert ground.read(warm, rows[0][0]) == rows[:1]
    assert ground.opened(warm) == (1, 0)


OF: Final = parse("SingleColumnValueFilter('one', 'a', =, 'binary:none', true, true)")


@pytest.mark.parametrize("reverse", [False, True])
def test_what_is_left_out_is_not_sent(ground, rows, proxy: Proxy, warm, reverse: bool) -> None:
    of = SingleColumnValueFilter(b"one", b"key", ">=", Comparator("binary", rows[150][0]))
    scan = warm.scan_passing(ground.TABLE, ground.whole, Span(reverse=reverse), of, batch_size=20)
    assert [row for batch in scan for row in batch] == rows[150:][:: -1 if reverse else 1]
    assert b"SingleColumnValueFilter('one+1'" in proxy.requests("scannerOpenWithScan")[-1].raw
    answers = b"".join(each.answer.raw for each in proxy.exchanges if each.request.name == "scannerGetList")
    assert rows[150][0] in answers
    assert rows[149][0] not in answers


def test_where_an_answer_takes_too_long_it_goes_on_without_leaving_out(ground, rows, proxy: Proxy, hasty) -> None:
    proxy.plan = nth(1, Fault(delay=4 * ground.SHORT), "scannerGetList")
    found = [
        row for batch in hasty.scan_passing(ground.TABLE, ground.whole, Span(), OF, batch_size=50) for row in batch
    ]
    assert found == rows
    with_it = [b"SingleColumnValueFilter" in each.raw for each in proxy.requests("scannerOpenWithScan")]
    assert with_it == [True, False]
