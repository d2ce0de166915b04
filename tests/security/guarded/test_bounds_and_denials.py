"""What lies just inside the bounds is taken; and who is denied is told so in these words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import pytest

import cfacl

#: 2026-06-01T00:00:00Z, in milliseconds.
NOW: Final = 1_780_272_000_000
KEY: Final = b"canary-key"
VALUE: Final = b"canary-value"
COUNTER: Final = "a counter is an int of 64 bits, signed"

#: What only the cell can tell.
CELLS: Final[dict[str, tuple[Callable[[cfacl.Table], object], str]]] = {
    "a sum above 64 bits": (lambda t: t.counter_inc(KEY, b"prof:top"), COUNTER),
    "a sum below 64 bits": (lambda t: t.counter_dec(KEY, b"prof:low"), COUNTER),
    "no counter": (lambda t: t.counter_inc(KEY, b"prof:q"), "the cell is not a counter; a counter is 8 bytes"),
    "no counter, read": (lambda t: t.counter_get(KEY, b"prof:q"), "the cell is not a counter; a counter is 8 bytes"),
}


@pytest.mark.parametrize("name", CELLS)
def test_what_only_the_cell_can_tell_is_told_alike_and_changes_nothing(world: Any, name: str) -> None:
    table = world.furnish()["table"]
    table.counter_set(KEY, b"prof:top", (1 << 63) - 1)
    table.counter_set(KEY, b"prof:low", -(1 << 63))
    before = table.row(KEY, include_timestamp=True)
    use, message = CELLS[name]
    with pytest.raises(cfacl.InvalidValue) as refused:
        use(table)
    assert str(refused.value) == message
    assert table.row(KEY, include_timestamp=True) == before


@pytest.mark.rule("3b", "3c", "3d")
def test_what_lies_just_inside_the_bounds_is_taken(world: Any) -> None:
    table = world.furnish()["table"]
    for key in (b"\x00", b"\xff" * 32_767, b":", b"\n"):
        table.put(key, {b"prof:": b"", b"prof:" + b"q" * 65_535: b"v", b"prof:\x00:\xff": b"\x00"})
        assert table.row(key) == {b"prof:": b"", b"prof:" + b"q" * 65_535: b"v", b"prof:\x00:\xff": b"\x00"}
        assert table.cells(key, b"prof:") == [b""]
        assert table.row(key, columns=[b"prof:"]) == {b"prof:": b""}
        table.delete(key, [b"prof"])
    table.put(b"r", {b"prof:q": b"old"}, timestamp=0)
    table.put(b"r", {b"prof:q": b"new"}, timestamp=NOW + 5_000)
    assert table.row(b"r", include_timestamp=True) == {b"prof:q": (b"new", NOW + 5_000)}
    for far in (1 << 62, 1 << 64, 1 << 100):
        assert table.row(b"r", timestamp=far) == {b"prof:q": b"new"}
        assert [*table.scan(timestamp=far, limit=far, batch_size=far)]
        assert table.cells(b"r", b"prof:q", versions=far, timestamp=far) == [b"new"]
    assert table.counter_inc(b"r", b"prof:n", (1 << 63) - 1) == (1 << 63) - 1
    assert table.counter_dec(b"r", b"prof:n", (1 << 63) - 1) == 0
    assert table.counter_inc(b"r", b"prof:n", -(1 << 63)) == -(1 << 63)
    assert table.rows([]) == []
    assert table.rows(iter([KEY, KEY])) == [(KEY, {b"prof:q": VALUE})] * 2


@pytest.mark.slow
def test_a_value_of_nearly_256_mib_is_kept(world: Any) -> None:
    table = world.furnish()["table"]
    table.put(b"r", {b"prof:q": bytes(256 * 1024 * 1024 - 1)})
    assert len(table.row(b"r")[b"prof:q"]) == 256 * 1024 * 1024 - 1


@pytest.mark.rule("1e")
def test_an_unknown_principal_is_denied_in_these_words(memory_world: Any) -> None:
    memory_world.furnish()
    for name, said in {"an": "`an`", "": "``", "ANN": "`ANN`", "a\nb`": "`a\\u000ab\\u0060`"}.items():
        with pytest.raises(cfacl.AccessDenied) as denied:
            memory_world.db.session(name, "work")
        assert str(denied.value) == f"unknown principal {said}; the policy lists who may ask"
        assert denied.value.reason == "unknown_principal"
        assert denied.value.principal == name


@pytest.mark.rule("1e")
def test_a_removed_principal_is_denied_in_these_words(memory_world: Any) -> None:
    session = memory_world.furnish()["session"]
    ann = memory_world.document["principals"].pop("ann")
    memory_world.replace()
    with pytest.raises(cfacl.AccessDenied) as denied:
        memory_world.session()
    assert denied.value.reason == "unknown_principal"
    for _ in range(2):
        with pytest.raises(cfacl.AccessDenied) as denied:
            session.allows("read", "t", "prof")
        assert str(denied.value) == "`ann` was removed from the policy while this session was open"
        assert denied.value.reason == "removed_principal"
        assert denied.value.purpose == "work"
        memory_world.document["principals"]["ann"] = ann
        memory_world.replace()
    assert memory_world.session().allows("read", "t", "prof")


def test_a_denial_says_who_what_where_and_why(memory_world: Any) -> None:
    table = memory_world.furnish()["table"]
    with pytest.raises(cfacl.AccessDenied) as denied:
        table.put(KEY, {b"auth:q": VALUE, b"prof:q": VALUE})
    said = denied.value
    assert str(said) == "`ann` may not `write` `t:auth` for `work`; `explain` says what is missing"
    assert (said.principal, said.purpose, said.table, said.action) == ("ann", "work", "t", "write")
    assert (said.families, said.reason, said.epoch) == ({"auth"}, "not_granted", memory_world.db.stats()["epoch"])
    assert not isinstance(said, OSError | ValueError)
    with pytest.raises(cfacl.AccessDenied) as denied:
        table.delete(KEY)
    assert str(denied.value) == "`ann` may not `delete` `t:auth` for `work`; `explain` says what is missing"


@pytest.mark.rule("Identities")
def test_a_family_that_the_store_lacks_is_told_with_what_makes_it(memory_world: Any) -> None:
    things = memory_world.furnish()
    memory_world.family("new")
    memory_world.grant("reader", "new")
    memory_world.replace()
    for use in (lambda: things["table"].row(KEY), lambda: things["table"].put(KEY, {b"new:q": VALUE})):
        with pytest.raises(cfacl.SchemaMissing) as missing:
            use()
        assert str(missing.value) == (
            "the store has no family `new` of table `t` that may be used; `create_tables()` makes it, or says what to adopt;"
            " `drift()` says what differs"
        )
    assert things["session"].allows("read", "t", "new")
    memory_world.db.create_tables()
    assert things["table"].row(KEY) == {b"prof:q": VALUE}


@pytest.mark.parametrize("location", ["mongo://x", "memory://x", 5, None, b"memory://"], ids=repr)
def test_a_store_that_is_none_is_refused(memory_world: Any, location: Any, tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(cfacl.RequestError) as refused:
        cfacl.connect(location, policy=memory_world.policy())
    assert str(refused.value).isprintable()
    assert [*tmp_path.iterdir()] == []


def test_an_instant_far_away_is_answered(memory_world: Any) -> None:
    memory_world.furnish()
    for at in (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)):
        assert [each.family for each in memory_world.db.what("ann", at=at) if each.action == "read"] == [
            "id",
            "log",
            "prof",
        ]


@pytest.mark.parametrize("wrong", [["ann"], None, 7, b"ann"], ids=repr)
def test_a_report_on_what_is_no_name_is_refused(memory_world: Any, wrong: Any) -> None:
    db = memory_world.furnish()["database"]
    with pytest.raises(cfacl.RequestError):
        db.what(wrong)
    if wrong is not None:
        with pytest.raises(cfacl.RequestError):
            db.who("read", "t", "prof", purpose=wrong)
    with pytest.raises(cfacl.RequestError):
        db.who("read", "t", wrong)
    with pytest.raises(cfacl.RequestError):
        db.who("read", wrong, "prof")
    with pytest.raises(cfacl.RequestError):
        db.who(wrong, "t", "prof")
