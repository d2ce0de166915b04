"""A scan of one instant is guarded as any other is; what it has open can't be cut down, so it loses nothing, or ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

import cfacl
from cfacl.stores.base import Capabilities

KEYS: Final = [b"r1", b"r2", b"r3"]


def row(*families: str) -> dict[bytes, bytes]:
    return {f"{name}:q".encode(): name.encode() for name in families}


@pytest.fixture
def filled(world: Any) -> Any:
    world.fill(*KEYS)
    return world


@pytest.mark.rule("4b", "Scans")
@pytest.mark.parametrize("batching", [None, 1])
def test_it_sees_what_is_granted_of_what_was_there_when_it_was_called(filled: Any, batching: int | None) -> None:
    scan = filled.table().scan(snapshot=True, batch_size=1, scan_batching=batching)
    filled.table().put(b"r1", {b"a:q": b"later"})
    first = next(scan)
    filled.table().delete(b"r2", [b"a", b"b"])
    filled.table().put(b"r3", {b"a:q": b"later", b"a:z": b"new"})
    filled.table().put(b"r4", {b"a:q": b"new"})
    found = [first, *scan]
    assert {hidden for _, each in found for hidden in each.withheld} == {"c", "d"}
    cells = [(key, column, value) for key, each in found for column, value in each.items()]
    assert cells == [(key, column, value) for key in KEYS for column, value in row("a", "b").items()]
    assert len(found) == (3 if batching is None else 6)


@pytest.mark.rule("9c")
@pytest.mark.parametrize("batching", [None, 1])
@pytest.mark.parametrize("keys", [{}, {"columns": [b"a:q", b"b"], "strict": False}, {"columns": [b"a", b"b:q"]}])
def test_it_ends_where_anything_that_it_reads_is_taken_away(
    filled: Any, keys: dict[str, Any], batching: int | None
) -> None:
    filled.granting("a", "b")()
    scan = filled.table().scan(snapshot=True, batch_size=1, scan_batching=batching, **keys)
    next(scan)
    filled.told.clear()
    filled.granting("a", "c")()
    with pytest.raises(cfacl.AccessDenied) as denied:
        next(scan)
    assert denied.value.families == {"b"}
    assert [(event.request, event.allowed, event.families) for event in filled.told] == [("scan", False, {"b"})]
    assert list(scan) == []


@pytest.mark.rule("9a", "9c")
def test_what_the_store_gave_is_not_handed_out_when_it_was_taken_away_meanwhile(filled: Any) -> None:
    for step in (1, 2):
        filled.granting("a", "b")()
        filled.during("scan.next", filled.granting("a"), at=step)
        found = []
        with pytest.raises(cfacl.AccessDenied):
            found.extend(iter(filled.table().scan(snapshot=True, batch_size=1)))
        assert len(found) == step - 1


@pytest.mark.rule("9c")
@pytest.mark.parametrize("batching", [None, 1])
def test_it_goes_on_under_a_policy_that_takes_nothing_away(filled: Any, batching: int | None) -> None:
    filled.during("scan.next", filled.granting("a", "b", "c"), at=2)
    found = list(filled.table().scan(snapshot=True, batch_size=1, scan_batching=batching))
    assert {column for _, each in found for column in each} == {b"a:q", b"b:q"}
    assert sum(len(each) for _, each in found) == 6
    assert {each.withheld for _, each in found} == {frozenset("cd")}
    assert filled.calls() == ["scan"]


@pytest.mark.rule("9c")
def test_a_family_that_declares_its_columns_meanwhile_ends_it(filled: Any) -> None:
    scan = filled.table().scan(snapshot=True, batch_size=1)
    next(scan)
    filled.families["b"]["columns"] = ["q"]
    filled.replace()
    with pytest.raises(cfacl.SchemaMissing, match="scan anew"):
        next(scan)
    assert filled.session().allows("read", "t", "b")  # so that a denial would have been a false one


@pytest.mark.rule("Scans")
@pytest.mark.parametrize("edit", [{"time_to_live": "1d"}, {"versions": 2}])
def test_a_family_that_is_kept_otherwise_ends_it_and_is_no_denial(filled: Any, edit: dict[str, Any]) -> None:
    scan = filled.table().scan(snapshot=True, batch_size=1)
    next(scan)
    filled.families["a"] |= edit
    filled.replace()
    with pytest.raises(cfacl.SchemaMissing, match="scan anew"):
        next(scan)


@pytest.mark.rule("9c", "Scans")
def test_what_was_taken_away_is_told_before_what_was_dropped(filled: Any) -> None:
    scan = filled.table().scan(snapshot=True, batch_size=1)
    next(scan)

    def drop() -> None:
        filled.db.drop_table("t")

    drop()
    with pytest.raises(cfacl.SchemaMissing):
        next(scan)
    filled.db.create_tables()
    filled.fill(*KEYS)
    scan = filled.table().scan(snapshot=True, batch_size=1)
    next(scan)
    drop()
    filled.revoking()()
    with pytest.raises(cfacl.AccessDenied):
        next(scan)


@pytest.mark.rule("9c")
def test_what_is_taken_away_while_it_is_dropped_is_told_first(filled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    begin = filled.faulty.inner.scan

    def drop(*arguments: Any, **keys: Any) -> Iterator[Any]:
        yield next(begin(*arguments, **keys))
        filled.revoking()()
        raise cfacl.SchemaMissing("gone")

    monkeypatch.setattr(filled.faulty.inner, "scan", drop)
    scan = filled.table().scan(snapshot=True, batch_size=1)
    next(scan)
    with pytest.raises(cfacl.AccessDenied):
        next(scan)


@pytest.mark.rule("9a", "9b")
def test_a_closed_session_and_a_clock_that_passed_an_edge_end_it(world: Any) -> None:
    world.grants("reader").clear()
    world.grant("reader", "a", until=world.at(10))
    world.fill(*KEYS)
    session = world.session()
    scan = session.table("t").scan(snapshot=True, batch_size=1)
    next(scan)
    session.close()
    with pytest.raises(cfacl.Closed):
        next(scan)
    scan = world.table().scan(snapshot=True, batch_size=1)
    next(scan)
    world.wait(10)
    with pytest.raises(cfacl.AccessDenied):
        next(scan)


@pytest.mark.rule("7b")
@pytest.mark.parametrize("method", ["scan", "scan.next", "capabilities"])
def test_a_store_that_fails_never_ends_it_quietly(filled: Any, method: str) -> None:
    filled.faulty.fail(method, RuntimeError("secret"))
    with pytest.raises(cfacl.StoreError) as failed:
        list(filled.table().scan(snapshot=True, batch_size=1))
    assert "secret" not in str(failed.value)


@pytest.mark.rule("7c")
def test_a_denied_one_asks_the_store_nothing(filled: Any) -> None:
    for keys in ({"columns": [b"a", b"c"]}, {"strict": True}):
        with pytest.raises(cfacl.AccessDenied):
            filled.table().scan(snapshot=True, **keys)
    with pytest.raises(cfacl.AccessDenied):
        filled.table("nil").scan(snapshot=True)
    with pytest.raises(cfacl.RequestError, match="`snapshot` is True or False"):
        filled.table().scan(snapshot=1)
    assert filled.store.take() == []


#: Chunks of one row that nobody asked for.
LIES: Final[dict[str, Any]] = {
    "the same row again": lambda chunk: chunk and [(b"r1", row("a"))],
    "a row outside": lambda chunk: chunk and [(b"s", row("a"))],
    "a hidden family": lambda chunk: chunk and [(chunk[0][0], row("a", "c"))],
    "too many rows": lambda chunk: chunk and [*chunk, (b"r9", row("a"))],
    "nothing": lambda chunk: chunk and [],
    "a tuple": lambda chunk: chunk and tuple(chunk),
}


@pytest.mark.rule("10a", "10c")
@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("batching", [None, 100])
def test_what_was_not_asked_for_is_dropped(filled: Any, lie: str, batching: int | None) -> None:
    filled.faulty.lie("scan.next", LIES[lie])
    scan = filled.table().scan(snapshot=True, batch_size=1, row_prefix=b"r", scan_batching=batching)
    with pytest.raises(cfacl.StoreContractError):
        [next(scan) for _ in range(2)]


@pytest.mark.parametrize("limit", [1, 2])
@pytest.mark.parametrize("reverse", [False, True])
def test_it_stops_at_the_limit(filled: Any, limit: int, reverse: bool) -> None:
    scan = filled.table().scan(snapshot=True, batch_size=2, limit=limit, reverse=reverse)
    assert [key for key, _ in scan] == sorted(KEYS, reverse=reverse)[:limit]


@pytest.mark.rule("14b")
@pytest.mark.parametrize("batching", [None, 1])
def test_what_is_hidden_shows_in_nothing(worlds: Any, batching: int | None) -> None:
    answers = []
    for store in ("memory", "rocksdb"):
        for hidden in ("ab", "abcd"):
            world = worlds(store)
            world.fill(*KEYS, families=hidden)
            if hidden == "abcd":
                with world.session("root") as root:
                    root.table("t").put(b"r2x", row("c"))
                world.store.take()
            rows = list(world.table().scan(snapshot=True, batch_size=2, scan_batching=batching))
            answers.append((rows, world.store.take()))
    assert all(each == answers[0] for each in answers)


def test_a_store_that_cannot_says_so_before_it_is_asked(filled: Any) -> None:
    filled.faulty.lie("capabilities", lambda _: Capabilities(snapshot_scans=False))
    with pytest.raises(cfacl.Unsupported, match="can't scan family `a` of table `t` as of one instant; scan without"):
        filled.table().scan(snapshot=True)
    assert filled.calls() == []


def test_one_that_was_never_begun_is_let_go(filled: Any) -> None:
    scan = filled.table().scan(snapshot=True)
    scan.close()
    assert list(scan) == []
    filled.table().scan(snapshot=True)
    assert len(list(filled.table().scan())) == 3
