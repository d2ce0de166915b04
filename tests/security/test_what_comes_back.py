"""What comes back from a guarded table: granted families only, names byte for byte, and one event for it all."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

import cfacl

SUBSETS: Final = [names for size in (1, 2, 3) for names in itertools.combinations("abcd", size)]


@pytest.mark.rule("4b")
@pytest.mark.failure("store-acl-1")
@pytest.mark.parametrize("granted", SUBSETS, ids="".join)
def test_a_denied_family_shows_nowhere(house: Any, granted: tuple[str, ...]) -> None:
    keys = [b"r1", b"r2", b"r3"]
    house.document["roles"]["reader"]["grants"][0]["families"] = list(granted)
    house.fill(*keys)
    table = house.session().table("t")
    expected = {f"{name}:q".encode(): name.encode() for name in granted}
    assert table.row(b"r1") == expected
    assert table.rows(keys) == [(key, expected) for key in keys]
    assert list(table.scan()) == [(key, expected) for key in keys]
    assert list(table.scan(row_prefix=b"r2", batch_size=1)) == [(b"r2", expected)]
    assert list(table.scan(reverse=True, limit=1)) == [(b"r3", expected)]
    assert list(table.scan(row_start=b"", row_stop=b"")) == [(key, expected) for key in keys]
    assert list(table.scan(row_start=b"", row_stop=b"", reverse=True)) == [(key, expected) for key in keys[::-1]]
    assert table.row(b"r1").withheld == set("abcd") - set(granted)
    for name in "abcd":
        if name in granted:
            assert table.cells(b"r1", f"{name}:q".encode()) == [name.encode()]
        else:
            with pytest.raises(cfacl.AccessDenied):
                table.cells(b"r1", f"{name}:q".encode())


@pytest.mark.rule("2f")
@pytest.mark.failure("store-acl-2")
def test_order_and_repetition_change_no_decision(house: Any) -> None:
    house.grant("reader", "b")
    house.restrict("reader", table="t", families=["c"])
    house.grant("reader", "c", "d")
    fill = house.document["roles"]["reader"]["grants"]
    for grants in itertools.permutations([*fill]):
        house.document["roles"]["reader"]["grants"] = [*grants]
        house.replace()
        session = house.session()
        assert session.families("read", "t") == {"a", "b", "d"}
        for names in itertools.permutations(["a", "d", "a"]):
            assert session.allows("read", "t", *names)
        for names in itertools.permutations(["a", "c", "d"]):
            assert not session.allows("read", "t", *names)


@pytest.mark.failure("store-acl-12")
def test_a_family_without_a_level_or_without_purposes_does_not_load(house: Any) -> None:
    for key in ("level", "purposes"):
        kept = house.document["tables"]["t"]["families"]["a"].pop(key)
        with pytest.raises(cfacl.PolicyError, match=rf"tables\.t\.families\.a\.{key}"):
            house.policy()
        house.document["tables"]["t"]["families"]["a"][key] = kept


@pytest.mark.rule("1a")
@pytest.mark.failure("store-acl-12")
def test_a_family_that_is_new_is_granted_to_nobody(house: Any) -> None:
    house.family("e")
    session = house.session("root")
    assert not session.allows("read", "t", "e")
    assert [each.principal for each in house.db.who("read", "t", "e")] == []


@pytest.mark.failure("store-acl-15")
def test_one_request_is_one_event(house: Any) -> None:
    keys = [f"r{n}".encode() for n in range(50)]
    house.fill(*keys)
    told: list[cfacl.Event] = []
    house.told = told.append
    table = house.session().table("t")
    assert len(table.rows(keys)) == 50
    assert len(list(table.scan(batch_size=7))) == 50
    with pytest.raises(cfacl.AccessDenied):
        table.row(b"r1", columns=[b"b", b"c"])
    assert [(each.request, each.allowed, each.families) for each in told] == [
        ("rows", True, {"a"}),
        ("scan", True, {"a"}),
        ("row", False, {"b", "c"}),
    ]


HOSTILE: Final = [
    b"a",
    b"a\x00",
    b"a\x00\x00",
    b"a\x00\xff",
    b"a\x01",
    b"a:",
    b"a:q",
    b"a,",
    b",",
    b":",
    b"\x00",
    b"\xff",
]
HOSTILE += [b"\xff\xff", b"A", "\u00e9".encode(), "e\u0301".encode(), b"a/b", b"a%00", b"%", b" ", b"\n", b"x" * 300]


@pytest.fixture(params=["memory", "rocksdb"])
def everything(request: pytest.FixtureRequest, house: Any, tmp_path: Path) -> Iterator[cfacl.Session]:
    """A session that may do everything, on either store."""
    house.family("A")
    house.document["roles"]["all"]["grants"][0]["families"] = ["A", "a", "b", "c", "d"]
    location = "memory://" if request.param == "memory" else f"rocksdb://{tmp_path}/store"
    with cfacl.connect(location, policy=house.policy(), clock=lambda: house.now) as db:
        db.create_tables()
        yield db.session("root", "work")


@pytest.mark.rule("3c", "3d", "Names")
@pytest.mark.failure("store-acl-5")
def test_hostile_row_keys_and_qualifiers_are_told_apart(everything: cfacl.Session) -> None:
    table = everything.table("t")
    cells = {(key, q): repr((key, q)).encode() for key in HOSTILE for q in [b"", *HOSTILE]}
    for (key, qualifier), value in cells.items():
        table.put(key, {b"a:" + qualifier: value})
    for key in HOSTILE:
        assert table.row(key) == {b"a:" + q: cells[key, q] for q in [b"", *HOSTILE]}
    assert [key for key, _ in table.scan()] == sorted(HOSTILE)
    for key in HOSTILE:
        table.delete(key, [b"a:"])
        assert table.row(key) == {b"a:" + q: cells[key, q] for q in HOSTILE}


@pytest.mark.rule("1d", "Names")
@pytest.mark.failure("policy-engine-21")
def test_names_that_differ_in_case_are_different_names(everything: cfacl.Session) -> None:
    table = everything.table("t")
    table.put(b"Row", {b"a:Q": b"1", b"a:q": b"2", b"A:q": b"3"})
    table.put(b"row", {b"a:q": b"4"})
    assert table.row(b"Row") == {b"A:q": b"3", b"a:Q": b"1", b"a:q": b"2"}
    assert table.row(b"row") == {b"a:q": b"4"}
    assert table.row(b"ROW") == {}
    with pytest.raises(cfacl.UnknownTable):
        everything.table("T")
    with pytest.raises(cfacl.UnknownFamily):
        table.row(b"row", columns=[b"B:q"])


def test_a_row_that_no_read_made_withholds_nothing() -> None:
    """As in a test of a service."""
    row = cfacl.Row({b"a:q": b"1"})
    assert row.withheld == frozenset()
    assert repr(row) == "Row({b'a:q': b'1'}, withheld=[])"
    assert row.copy() == pickle.loads(pickle.dumps(row)) == row
    row.withheld = frozenset({"b"})
    assert row.copy().withheld == pickle.loads(pickle.dumps(row)).withheld == {"b"}
    with pytest.raises(AttributeError, match="a row has no `columns`; its cells are its items"):
        row.columns  # noqa: B018  # what is asked for is not there
