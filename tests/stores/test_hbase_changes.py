"""Changes whose answers are lost on the way: each is sent once, and it is said what is known of it."""

from __future__ import annotations

from typing import Final

import pytest

from cfacl.errors import PartlyWritten, StoreContractError, StoreError, StoreTimeout, StoreUnavailable
from cfacl.model.request import Mutation, Put
from cfacl.testing.servers import Fault, Proxy, nth

pytestmark = pytest.mark.slow

LOST: Final = {
    "no answer": (Fault(answer=0), True),
    "half an answer": (Fault(answer=20), True),
    "a reset": (Fault(answer=0, then="reset"), True),
    "a half-closed line": (Fault(answer=0, then="half"), True),
    "a late answer": (Fault(late=True), True),
    "a line that hangs": (Fault(answer=0, then="hang"), True),
    "half a request": (Fault(request=30), False),
    "another's number": (Fault(altered=lambda answer: answer._replace(number=answer.number + 1)), True),
    "another's name": (Fault(altered=lambda answer: answer._replace(name="mutateRow")), True),
}


@pytest.mark.parametrize("lost", LOST)
def test_a_change_whose_answer_is_lost_is_sent_once_and_says_that_it_may_be_made(
    ground, proxy: Proxy, hasty, lost
) -> None:
    fault, applied = LOST[lost]
    changes = {
        "mutateRows": lambda: ground.put(hasty, b"put"),
        "mutateRowsTs": lambda: ground.put(hasty, b"stamped", timestamp=5),
        "atomicIncrement": lambda: hasty.increment(ground.TABLE, b"counted", ground.one, b"n", 3),
        "checkAndPut": lambda: hasty.compare_and_set(
            ground.TABLE,
            b"compared",
            [(ground.one, b"a", None)],
            Mutation(b"compared", (Put(ground.one, {b"a": b"1"}),)),
        ),
    }
    for name, change in changes.items():
        if name != "mutateRows" and lost == "another's name":
            continue
        proxy.plan = nth(1, fault, name)
        with pytest.raises(
            StoreError, match=r"it may have been applied, or still be, so look before it is sent again$"
        ) as told:
            change()
        assert type(told.value) is (StoreContractError if "another" in lost else StoreTimeout)
        assert len(proxy.requests(name)) == 1
        made, discarded = ground.opened(hasty)
        assert made == discarded
    table = ground.plain()
    assert (table.row(b"put") == {b"one+1:a": b"1"}) is applied
    if lost != "another's name":
        assert (table.row(b"stamped", include_timestamp=True) == {b"one+1:a": (b"1", 5)}) is applied
        assert (table.row(b"counted") == {b"one+1:n": (3).to_bytes(8)}) is applied
        assert (table.row(b"compared") == {b"one+1:a": b"1"}) is applied


def test_a_change_that_was_never_sent_says_no_more_than_that(ground, proxy: Proxy, warm) -> None:
    proxy.refuse()
    proxy.cut()
    with pytest.raises(StoreUnavailable, match=r"^no gateway answers at"):
        ground.put(warm, b"put")
    with pytest.raises(StoreUnavailable, match=r"^no gateway answers at"):  # and no row is known to be anything else
        warm.apply(ground.TABLE, [Mutation(key, (Put(ground.one, {b"a": b"1"}),)) for key in (b"put", b"too")])
    proxy.accept()
    ground.put(warm, b"put", b"2")
    assert ground.plain().row(b"put") == {b"one+1:a": b"2"}


def test_of_a_batch_that_is_cut_it_is_known_what_is_written(ground, proxy: Proxy, warm) -> None:
    """Calls by timestamp: three rows each, of which the second call's answer is lost, or its request."""
    for fault in (Fault(answer=0), Fault(request=40)):
        name = b"answer" if fault.answer == 0 else b"request"
        keys = [name + b"%d" % number for number in range(9)]
        proxy.plan = nth(2, fault, "mutateRowsTs")
        sent = len(proxy.requests("mutateRowsTs"))
        changes = [Mutation(key, (Put(ground.one, {b"a": b"1"}, 1 + number // 3),)) for number, key in enumerate(keys)]
        with pytest.raises(PartlyWritten, match=r"rows written: 3, not written: 3, not known: 3$") as told:
            warm.apply(ground.TABLE, changes)
        error = told.value
        assert (error.written, error.unknown, error.unwritten) == (set(keys[:3]), set(keys[3:6]), set(keys[6:]))
        assert len(proxy.requests("mutateRowsTs")) == sent + 2
        table = ground.plain()
        there = {key for key, _ in table.rows(keys)}
        assert error.written <= there
        assert not error.unwritten & there
        assert (error.unknown <= there) is (fault.answer == 0)
