"""What was decided is decided again as the last thing before it is sent."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, Final

import pytest

import cfacl


def cells(*families: str) -> dict[bytes, bytes]:
    return {f"{name}:q".encode(): name.encode() for name in families}


def flush(t: cfacl.Table) -> None:
    with t.batch() as batch:
        batch.put(b"r1", {b"b:q": b"x"})
        batch.put(b"r1", {b"a:q": b"x"})


#: Every way to write.
WRITES: Final[dict[str, Callable[[cfacl.Table], Any]]] = {
    "put": lambda t: t.put(b"r1", {b"a:q": b"x", b"b:q": b"x"}),
    "delete": lambda t: t.delete(b"r1", [b"a"]),
    "batch": flush,
    "counter_set": lambda t: t.counter_set(b"r1", b"a:n", 1),
    "counter_inc": lambda t: t.counter_inc(b"r1", b"a:n"),
    "counter_dec": lambda t: t.counter_dec(b"r1", b"a:n"),
    "compare_and_set": lambda t: t.compare_and_set(b"r1", b"b:q", b"b", {b"a:q": b"x"}),
    "compare_and_set, read": lambda t: t.compare_and_set(b"r1", b"a:q", b"a", {b"b:q": b"x"}),
}


@pytest.mark.on_servers
@pytest.mark.rule("9a")
@pytest.mark.parametrize("name", WRITES)
def test_a_write_whose_grant_goes_after_it_was_decided_is_not_sent(world: Any, name: str) -> None:
    """The hook is told of a decision, and takes the grant away before anything is sent."""
    world.fill(b"r1")
    write = WRITES[name]
    table = world.table()
    world.granting("a", "b")()
    world.store.take()
    seen: list[cfacl.Event] = []

    def tell(event: cfacl.Event) -> None:
        seen.append(event)
        world.granting("b")()

    world.tell = tell
    with pytest.raises(cfacl.AccessDenied) as denied:
        write(table)
    assert denied.value.families == {"a"}
    assert [event.allowed for event in seen] == [True, False]
    assert world.calls() == []
    world.tell = lambda event: None
    world.granting("a", "b")()
    with contextlib.suppress(cfacl.Unsupported):  # of two families, which Cassandra does not compare together
        write(table)
    assert len(world.calls()) == 1


@pytest.mark.rule("9c")
@pytest.mark.parametrize("name", WRITES)
def test_a_write_that_is_granted_by_the_new_policy_too_is_sent_once(world: Any, name: str) -> None:
    world.fill(b"r1")
    write = WRITES[name]
    table = world.table()
    left = iter([world.granting("a", "b", "c"), world.granting("a", "b")])

    def tell(event: cfacl.Event) -> None:
        assert event.allowed
        next(left, lambda: None)()

    world.tell = tell
    write(table)
    assert len(world.calls()) == 1
    assert next(left, None) is None
    assert table.row(b"r1") != cells("a", "b")


@pytest.mark.rule("5a")
def test_what_was_collected_before_a_revocation_is_not_sent(world: Any) -> None:
    world.fill(b"r1")
    collect: list[Callable[[cfacl.Batch], None]] = [
        lambda batch: batch.put(b"r1", {b"a:q": b"x"}),
        lambda batch: batch.delete(b"r1", [b"a"]),
        lambda batch: (batch.put(b"r1", {b"b:q": b"x"}), batch.put(b"r1", {b"a:q": b"x"})),
    ]
    for each in collect:
        for keys in ({}, {"transaction": True}, {"batch_size": 10}):
            world.granting("a", "b")()
            batch = world.table().batch(**keys)
            each(batch)
            world.granting("b")()
            world.store.take()
            with pytest.raises(cfacl.AccessDenied):
                batch.send()
            with pytest.raises(cfacl.AccessDenied):
                batch.__exit__(None, None, None)
            assert world.store.take() == []
    assert world.table("root").row(b"r1") == cells("a", "b", "c", "d")


@pytest.mark.rule("5c")
def test_each_flush_is_decided_for_itself(world: Any) -> None:
    table = world.table()
    with pytest.raises(cfacl.AccessDenied), table.batch(batch_size=2) as batch:
        for n in range(6):
            if n == 3:
                world.revoking()()
            batch.put(b"r%d" % n, {b"a:q": b"x"})
    assert world.calls() == ["apply"]
    assert [key for key, _ in world.table("root").scan()] == [b"r0", b"r1"]


@pytest.mark.rule("4e")
def test_a_whole_row_is_what_the_catalog_says_when_it_is_sent(world: Any) -> None:
    """A family that was added after the deletion was collected must be granted, and is deleted with the rest."""
    world.fill(b"r1", b"r2")
    world.grants("reader")[0]["families"] = ["a", "b", "c", "d"]
    world.replace()
    batch = world.table().batch()
    batch.delete(b"r1")
    world.family("e")
    world.replace(create=True)
    world.store.take()
    with pytest.raises(cfacl.AccessDenied) as denied:
        batch.send()
    assert denied.value.families == {"e"}
    assert world.store.take() == []
    world.grants("reader")[0]["families"] = ["a", "b", "c", "d", "e"]
    world.replace()
    batch.send()
    assert world.data()[0].families == ("a", "b", "c", "d", "e")
    assert [key for key, _ in world.table("root").scan()] == [b"r2"]


@pytest.mark.rule("1c")
def test_a_column_that_is_no_longer_declared_is_not_written(world: Any) -> None:
    batch = world.table().batch()
    batch.put(b"r1", {b"a:q": b"x", b"a:r": b"y"})
    world.families["a"]["columns"] = ["q"]
    world.replace()
    world.store.take()
    with pytest.raises(cfacl.UnknownColumn):
        batch.send()
    assert world.store.take() == []


@pytest.mark.rule("1c", "9a")
@pytest.mark.parametrize("name", ["put", "compare_and_set, data", "compare_and_set, condition"])
def test_a_column_that_is_declared_no_more_once_it_is_decided_is_not_written(world: Any, name: str) -> None:
    """The policy changes between the taking apart of the columns and the decision."""
    table = world.table()

    def declare(_: Any) -> None:
        world.tell = lambda _: None
        world.families["a"]["columns"] = ["q"]
        world.replace()

    calls: dict[str, Any] = {
        "put": lambda: table.put(b"r1", {b"a:r": b"x"}),
        "compare_and_set, data": lambda: table.compare_and_set(b"r1", b"b:q", None, {b"a:r": b"x"}),
        "compare_and_set, condition": lambda: table.compare_and_set(b"r1", b"a:r", None, {b"b:q": b"x"}),
    }
    world.tell = declare
    world.store.take()
    with pytest.raises(cfacl.UnknownColumn):
        calls[name]()
    assert world.calls() == []


@pytest.mark.rule("1c", "9a")
@pytest.mark.parametrize(
    "name", ["put", "counter_inc", "compare_and_set, data", "compare_and_set, condition", "compare_and_set, both"]
)
def test_a_column_that_is_declared_no_more_while_it_is_decided_is_not_written(world: Any, name: str) -> None:
    """The policy changes once the columns were taken apart, just when the decision reads the clock."""
    table = world.table()
    calls: dict[str, Any] = {
        "put": lambda: table.put(b"r1", {b"a:r": b"x"}),
        "counter_inc": lambda: table.counter_inc(b"r1", b"a:r"),
        "compare_and_set, data": lambda: table.compare_and_set(b"r1", b"b:q", None, {b"a:r": b"x"}),
        "compare_and_set, condition": lambda: table.compare_and_set(b"r1", b"a:r", None, {b"b:q": b"x"}),
        "compare_and_set, both": lambda: table.compare_and_set(b"r1", b"a:r", None, {b"a:r": b"x"}),
    }
    clock = world.clock

    def declare() -> int:
        world.clock = clock
        world.families["a"]["columns"] = ["q"]
        world.replace()
        now: int = clock()
        return now

    world.clock = declare
    world.store.take()
    with pytest.raises(cfacl.UnknownColumn):
        calls[name]()
    assert world.clock is clock
    assert world.calls() == []


def test_what_comes_to_a_batch_while_it_is_sent_is_sent_next(world: Any) -> None:
    table = world.table()
    batch = table.batch()
    batch.put(b"r1", {b"a:q": b"1"})
    world.during("apply", lambda: batch.put(b"r2", {b"a:q": b"2"}))
    batch.send()
    assert [key for key, _ in table.scan()] == [b"r1"]
    world.tell = lambda event: batch.put(b"r4", {b"b:q": b"4"}) if not event.families - {"a"} else None
    batch.put(b"r3", {b"a:q": b"3"})
    batch.send()
    world.tell = lambda _: None
    assert [key for key, _ in table.scan()] == [b"r1", b"r2", b"r3"]
    batch.send()
    assert [key for key, _ in table.scan()] == [b"r1", b"r2", b"r3", b"r4"]


def test_what_could_not_be_sent_goes_before_what_came_meanwhile(world: Any) -> None:
    table = world.table()
    batch = table.batch()
    batch.put(b"r1", {b"a:q": b"first"})

    def later(_: Any) -> None:
        batch.put(b"r1", {b"a:q": b"second"})
        raise RuntimeError("not told")

    world.tell = later
    with pytest.raises(RuntimeError):
        batch.send()
    world.tell = lambda _: None
    batch.send()
    assert table.row(b"r1") == {b"a:q": b"second"}


@pytest.mark.rule("8a")
def test_a_grant_that_ends_before_a_batch_is_sent_is_gone(world: Any) -> None:
    world.grants("reader")[0]["until"] = world.at(60)
    batch = world.table().batch()
    batch.put(b"r1", {b"a:q": b"x"})
    world.wait(60)
    with pytest.raises(cfacl.AccessDenied):
        batch.send()
    assert world.calls() == []


@pytest.mark.rule("9b")
def test_a_batch_of_a_closed_session_sends_nothing(world: Any) -> None:
    session = world.session()
    batch = session.table("t").batch()
    batch.put(b"r1", {b"a:q": b"x"})
    session.close()
    for use in (batch.send, lambda: batch.put(b"r2", {b"a:q": b"x"}), lambda: batch.delete(b"r2")):
        with pytest.raises(cfacl.Closed):
            use()
    assert world.calls() == []
