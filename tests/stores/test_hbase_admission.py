"""Which questions are asked to see what HBase would leave out of an answer; no server is asked."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.stores.hbase import admission
from cfacl.stores.hbase.admission import Admission
from cfacl.stores.hbase.rows import Reading
from cfacl.stores.native import Refused

A, B = (StoredFamily("t", name, number, "public") for number, name in enumerate("ab", 1))


class Gateway:
    """Refuses what it is told to refuse."""

    user = "ann"

    def __init__(self, *refuses: bytes) -> None:
        self.refuses = refuses
        self.asked: list[list[bytes]] = []

    def ask(self, question: Any) -> Any:
        return question(SimpleNamespace(getRowWithColumns=self._row))

    def _row(self, table: bytes, row: bytes, columns: list[bytes], attributes: object) -> list[Any]:
        assert (table, row, attributes) == (b"t", b"cfacl", {})
        self.asked.append(columns)
        if set(columns) <= set(self.refuses):
            raise Refused("no", "ann")
        return []


def reading(*slices: Slice) -> Reading:
    return Reading(b"t", Projection(slices), object())


def confirm(gateway: Gateway, made: Reading) -> Admission:
    found = Admission(gateway)  # type: ignore[arg-type]  # all that is asked of one
    found.confirm(made)
    return found


def test_one_family_or_column_is_refused_by_hbase_itself() -> None:
    gateway = Gateway(b"a+1", b"a+1:x")
    confirm(gateway, reading(Slice(A)))
    confirm(gateway, reading(Slice(A, (b"x",))))
    assert gateway.asked == []


def test_each_of_several_is_asked_for_alone() -> None:
    gateway = Gateway()
    confirm(gateway, reading(Slice(A), Slice(B, (b"x", b"y"))))
    assert gateway.asked == [[b"a+1"], [b"b+2:x"], [b"b+2:y"]]


@pytest.mark.parametrize("refuses", [b"a+1", b"b+2:x", b"b+2:y"])
def test_each_that_is_refused_is_told(refuses: bytes) -> None:
    gateway = Gateway(refuses)
    family = refuses.decode().partition(":")[0].replace("+", r"\+")
    with pytest.raises(Refused, match=f"^hbase refuses `R` on family `{family}`, or a column of it, to `ann`") as told:
        confirm(gateway, reading(Slice(A), Slice(B, (b"x", b"y"))))
    assert told.value.user == "ann"


def test_however_many_columns_each_is_asked_for_alone() -> None:
    gateway = Gateway()
    many = tuple(b"%03d" % number for number in range(100))
    confirm(gateway, reading(Slice(A), Slice(B, many)))
    assert gateway.asked == [[b"a+1"], *([b"b+2:" + each] for each in many)]


def test_it_is_asked_once_a_minute_and_again_where_it_was_refused(monkeypatch) -> None:
    seconds = [1000.0]
    monkeypatch.setattr(admission, "monotonic", lambda: seconds[0])
    gateway, both = Gateway(), reading(Slice(A), Slice(B))
    made = confirm(gateway, both)
    for passed, questions in ((0, 2), (59, 2), (1, 4), (59, 4)):
        seconds[0] += passed
        made.confirm(both)
        assert len(gateway.asked) == questions
    gateway.refuses = (b"b+2",)
    seconds[0] += 1
    for _ in range(2):
        with pytest.raises(Refused):
            made.confirm(both)
    gateway.refuses = ()
    made.confirm(both)
    assert len(gateway.asked) == 10


def test_not_all_are_remembered_for_ever(monkeypatch) -> None:
    monkeypatch.setattr(admission, "_READINGS", 3)
    gateway = Gateway()
    made = confirm(gateway, reading(Slice(A), Slice(B)))
    for _ in range(10):
        made.confirm(reading(Slice(A), Slice(B)))
    assert len(made._seen) <= 3
