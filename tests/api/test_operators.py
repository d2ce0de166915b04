"""Connecting, and what an operator does: making, dropping and adopting families, and seeing where the store differs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

import cfacl
from cfacl.api.schema import Schema
from cfacl.errors import StoreLocked
from cfacl.model.projection import StoredFamily
from cfacl.policy.compile import compile_policy
from cfacl.stores.memory import MemoryStore
from cfacl.testing.stores import FaultyStore

#: 2026-06-01T00:00:00Z, in nanoseconds.
START: Final = 1_780_272_000_000_000_000


def over(store: Any, policy: cfacl.Policy, hook: Any = None) -> cfacl.Database:
    return cfacl.Database(store, policy, compile_policy(policy), hook, lambda: START, durable=True)


def table(db: cfacl.Database) -> cfacl.Table:
    return db.session("ann", "work").table("t")


@pytest.fixture
def store() -> FaultyStore:
    return FaultyStore(MemoryStore(clock=lambda: START))


# ---------------------------------------------------------------------------------------------------------- connecting


@pytest.mark.parametrize("given", ["text", "path", "policy"])
def test_a_policy_is_given_as_a_path_or_as_itself(file: Path, policy: cfacl.Policy, given: str) -> None:
    with cfacl.connect("memory://", policy={"text": str(file), "path": file, "policy": policy}[given]) as db:
        assert db.policy == policy
        assert db.stats() == {
            "policy": "home",
            "epoch": 1,
            "store": "memory",
            "tables": 1,
            "families": 2,
            "roles": 1,
            "principals": 1,
            "denied_not_granted": 0,
            "denied_unknown_principal": 0,
            "denied_removed_principal": 0,
            "denied_failed": 0,
            "asks_prepared": 0,
            "memo_principals": 0,
            "memo_profiles": 0,
            "memo_views": 0,
            "memo_plans": 0,
            "memo_checks": 0,
            "sweeps": 0,
            "sweeps_failed": 0,
            "values_swept": 0,
            "values": 0,
            "families_stored": 0,
        }


@pytest.mark.parametrize("given", ["url", "text", "path"])
def test_a_path_means_rocksdb_and_its_last_directory_is_made(tmp_path: Path, policy: cfacl.Policy, given: str) -> None:
    place = tmp_path / "home store"
    location: Any = {"url": f"rocksdb://{tmp_path}/home%20store", "text": str(place), "path": place}[given]
    with cfacl.connect(location, policy=policy) as db:
        db.create_tables()
        table(db).put(b"r", {b"a:q": b"v"})
    assert place.is_dir()
    with cfacl.connect(place, policy=policy) as db:
        assert db.drift() == []
        assert table(db).row(b"r") == {b"a:q": b"v"}
        assert repr(db) == "<Database of home on rocksdb>"


def test_more_than_the_last_directory_is_not_made(tmp_path: Path, policy: cfacl.Policy) -> None:
    with pytest.raises(cfacl.StoreError):
        cfacl.connect(tmp_path / "no" / "store", policy=policy)
    assert [*tmp_path.iterdir()] == []


def test_a_policy_with_faults_opens_no_store(tmp_path: Path, file: Path) -> None:
    file.write_text("[policy]\n", "utf-8")
    with pytest.raises(cfacl.PolicyError):
        cfacl.connect(tmp_path / "store", policy=file)
    assert not (tmp_path / "store").exists()


def test_a_store_that_cannot_be_used_is_closed_again(tmp_path: Path, policy: cfacl.Policy) -> None:
    with cfacl.connect(tmp_path / "store", policy=policy) as db:
        db.create_tables()
        key = "family/t/a"
        record = db._store.system.get(key)
        assert db._store.system.compare_and_set(key, record, b"garbage")
    for _ in range(2):
        with pytest.raises(cfacl.StoreContractError, match="the record of family `t:a` can't be read"):
            cfacl.connect(tmp_path / "store", policy=policy)


@pytest.mark.parametrize("nonsense", [{"clock": None}, {"clock": START}, {"on_event": "told"}])
def test_a_hook_that_is_no_function_is_refused_before_anything_is_opened(
    tmp_path: Path, policy: cfacl.Policy, nonsense: dict[str, Any]
) -> None:
    ((name, given),) = nonsense.items()
    with pytest.raises(cfacl.RequestError, match=f"`{name}` is a function, not {type(given).__name__}"):
        cfacl.connect(tmp_path / "store", policy=policy, **nonsense)
    assert not [*tmp_path.glob("store")]


@pytest.mark.parametrize(
    ("target", "message"),
    [(5, "a backup goes to a path, not to int"), ("a\0b", r"no directory can be called `a\\u0000b`")],
)
def test_a_backup_goes_to_something_that_can_be_a_directory(
    tmp_path: Path, policy: cfacl.Policy, target: Any, message: str
) -> None:
    with (
        cfacl.connect(tmp_path / "store", policy=policy) as db,
        pytest.raises(cfacl.RequestError, match=message),
    ):
        db.back_up(target)


def test_a_second_writer_is_told_so(tmp_path: Path, policy: cfacl.Policy) -> None:
    with cfacl.connect(tmp_path / "store", policy=policy), pytest.raises(StoreLocked):
        cfacl.connect(tmp_path / "store", policy=policy)


def test_the_clock_is_that_of_this_machine_unless_one_is_given(policy: cfacl.Policy) -> None:
    with cfacl.connect("memory://", policy=policy) as db:
        db.create_tables()
        table(db).put(b"r", {b"a:q": b"v"})
        ((_, stamp),) = table(db).row(b"r", include_timestamp=True).values()
    assert abs(stamp - datetime.now(UTC).timestamp() * 1000) < 600_000
    with cfacl.connect("memory://", policy=policy, clock=lambda: START) as db:
        db.create_tables()
        table(db).put(b"r", {b"a:q": b"v"})
        assert table(db).row(b"r", include_timestamp=True) == {b"a:q": (b"v", START // 1_000_000)}


def test_an_orphan_is_closed_and_its_store_let_go(policy: cfacl.Policy) -> None:
    """As in a forked child, without one."""
    db = cfacl.connect("memory://", policy=policy)
    db.create_tables()
    session = db.session("ann", "work")
    db._orphan()
    for use in (lambda: session.allows("read", "t", "a"), lambda: db.session("ann", "work"), db.stats):
        with pytest.raises(cfacl.Closed, match="connect after the fork"):
            use()
    with pytest.raises(cfacl.Closed, match="open it after the fork"):
        db._store.tables()
    db.close()


# --------------------------------------------------------------------------------------------------------- the families


def test_tables_are_made_once(store: FaultyStore, policy: cfacl.Policy) -> None:
    db = over(store, policy)
    assert db.drift() == [("t", "a", "missing"), ("t", "b", "missing")]
    with pytest.raises(cfacl.SchemaMissing):
        table(db).row(b"r")
    db.create_tables()
    made = store.tables()
    table(db).put(b"r", {b"a:q": b"v"})
    db.create_tables()
    assert store.tables() == made == {"t": frozenset({("a", 1), ("b", 2)})}
    assert db.drift() == []
    assert table(db).row(b"r") == {b"a:q": b"v"}


def test_what_a_family_declares_reaches_the_store(store: FaultyStore, policy: cfacl.Policy) -> None:
    usable = Schema(store).usable(policy.catalog)
    assert usable == {}
    db = over(store, policy)
    db.create_tables()
    kept = db._guard.current().stored["t", "b"]
    assert (kept.level, kept.versions, kept.time_to_live) == ("personal", 3, 7_200_000)
    assert db._guard.current().stored["t", "a"].time_to_live is None


@pytest.mark.rule("Identities")
def test_an_identity_is_never_given_twice(store: FaultyStore, policy: cfacl.Policy) -> None:
    db = over(store, policy)
    seen: set[tuple[str, int]] = set()
    for _ in range(3):
        db.create_tables()
        made = store.tables()["t"]
        assert not made & seen
        seen |= made
        db.drop_table("t")
        assert store.tables() == {}
    assert {identity for _, identity in seen} == {1, 2, 3, 4, 5, 6}


@pytest.mark.rule("6b")
def test_a_table_that_is_not_there_cannot_be_dropped(store: FaultyStore, policy: cfacl.Policy) -> None:
    db = over(store, policy)
    with pytest.raises(cfacl.SchemaMissing, match="the store has no table `t`"):
        db.drop_table("t")


def test_what_the_store_lost_is_told_and_not_made_anew(store: FaultyStore, policy: cfacl.Policy) -> None:
    db = over(store, policy)
    db.create_tables()
    table(db).put(b"r", {b"a:q": b"v", b"b:q": b"v"})
    store.inner.drop_table("t", [StoredFamily("t", "a", 1, "")])
    assert db.drift() == [("t", "a", "lost")]
    with pytest.raises(cfacl.SchemaMissing, match="the store lost family `t:a`; restore it, or drop its table"):
        db.create_tables()
    with pytest.raises(cfacl.SchemaMissing):
        table(db).row(b"r")
    assert table(db).row(b"r", columns=[b"b"]) == {b"b:q": b"v"}
    db.drop_table("t")
    db.create_tables()
    assert db.drift() == []
    assert table(db).row(b"r") == {}


@pytest.mark.rule("Identities")
@pytest.mark.parametrize("identity", [0, 1, 7])
def test_cells_of_which_cfacl_has_no_record_are_read_only_when_they_are_adopted(
    store: FaultyStore, policy: cfacl.Policy, identity: int
) -> None:
    """As in a store that had tables before, or whose records were lost, and so the identities that were given."""
    strange = StoredFamily("t", "a", identity, "")
    held = {strange}
    store.lie("tables", lambda made: {"t": frozenset((each.name, each.identity) for each in held)})
    make = store.inner.create_families
    store.inner.create_families = lambda families: (
        held.update(families)
        or make(  # type: ignore[method-assign]  # as another store
            [each for each in families if each.identity]
        )
    )
    db = over(store, policy)
    assert db.drift() == [("t", "a", "missing"), ("t", "a", "unknown"), ("t", "b", "missing")]
    with pytest.raises(
        cfacl.SchemaMissing, match=r"^family `t:a` holds cells of which cfacl has no record; `create_tables"
    ):
        db.create_tables()
    assert held == {strange}
    db.create_tables(adopt=["t:a"])
    names = {(each.name, each.identity) for each in held}
    assert names == {("a", identity), ("b", identity + 1)}
    assert db.drift() == []


@pytest.mark.rule("Identities")
def test_a_family_that_is_there_more_than_once_is_not_adopted(store: FaultyStore, policy: cfacl.Policy) -> None:
    store.lie("tables", lambda made: {"t": frozenset({("a", 0), ("a", 3)})})
    db = over(store, policy)
    with pytest.raises(
        cfacl.SchemaMissing, match=r"^family `t:a` is there more than once; remove all but the one to adopt"
    ):
        db.create_tables(adopt=["t:a"])


@pytest.mark.rule("Identities")
def test_what_was_dropped_and_is_still_there_is_nobodys(store: FaultyStore, policy: cfacl.Policy) -> None:
    """As after a crash between forgetting a family and removing its cells."""
    db = over(store, policy)
    db.create_tables()
    table(db).put(b"r", {b"a:q": b"old"})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(store.inner, "drop_table", lambda *given: None)
        db.drop_table("t")
    assert ("t", "a", "unknown") in db.drift()
    db.create_tables()
    assert table(db).row(b"r") == {}
    assert store.tables()["t"] == {("a", 1), ("b", 2), ("a", 3), ("b", 4)}


@pytest.mark.rule("Identities")
def test_a_family_that_left_the_policy_is_kept_out_of_reach(
    store: FaultyStore, policy: cfacl.Policy, smaller: cfacl.Policy
) -> None:
    db = over(store, policy)
    db.create_tables()
    table(db).put(b"r", {b"a:q": b"v", b"b:q": b"v"})
    db.replace_policy(smaller)
    assert db.drift() == [("t", "b", "retired")]
    db.create_tables()
    assert db.drift() == [("t", "b", "retired")]
    assert store.tables()["t"] == {("a", 1), ("b", 2)}
    again = over(store, policy)
    for each in (db, again):
        each.replace_policy(policy)
        with pytest.raises(cfacl.SchemaMissing):
            table(each).row(b"r")
        with pytest.raises(cfacl.SchemaMissing, match=r"holds cells of an earlier policy; `create_tables\(adopt="):
            each.create_tables()
    with pytest.raises(cfacl.RequestError, match="nothing to adopt: `b`, `t:c`"):
        again.create_tables(adopt=["t:b", "b", "t:c"])
    with pytest.raises(cfacl.RequestError, match="`adopt` is a list of `table:family`, not str"):
        again.create_tables(adopt="t:b")
    again.create_tables(adopt=["t:b"])
    again.create_tables(adopt=["t:b"])
    assert table(again).row(b"r") == {b"a:q": b"v", b"b:q": b"v"}


def test_a_retirement_that_the_store_was_not_told_of_holds_in_this_process(
    store: FaultyStore, policy: cfacl.Policy, smaller: cfacl.Policy
) -> None:
    db = over(store, policy)
    db.create_tables()
    table(db).put(b"r", {b"a:q": b"v", b"b:q": b"v"})
    store.fail("system.items", cfacl.StoreUnavailable("down"))
    with pytest.raises(cfacl.StoreUnavailable):
        db.replace_policy(smaller)
    assert db.policy is smaller
    assert table(db).row(b"r") == {b"a:q": b"v"}
    db.replace_policy(policy)
    with pytest.raises(cfacl.SchemaMissing):
        table(db).row(b"r", columns=[b"b"])
    db.create_tables(adopt=["t:b"])
    assert table(db).row(b"r", columns=[b"b"]) == {b"b:q": b"v"}


def losing(number: int) -> Callable[[bool], bool]:
    """Lose the race for a record at one call and no other."""
    left = [number]

    def change(done: bool) -> bool:
        left[0] -= 1
        return done and left[0] != 0

    return change


def test_a_record_that_somebody_else_changed_is_left_alone(store: FaultyStore, policy: cfacl.Policy) -> None:
    db = over(store, policy)
    # The first call takes identities, and takes others when those were taken; the second notes them.
    store.lie("system.compare_and_set", losing(1))
    db.create_tables()
    assert store.tables() == {"t": frozenset({("a", 3), ("b", 4)})}
    db.drop_table("t")
    store.lie("system.compare_and_set", losing(2))
    with pytest.raises(cfacl.SchemaMissing, match="a family is being made by someone else at the same time; try again"):
        db.create_tables()
    store.heal()
    store.lie("system.compare_and_set_all", losing(1))
    with pytest.raises(cfacl.SchemaMissing, match="a family was made by someone else at the same time; try again"):
        db.create_tables()
    store.heal()
    db.create_tables()
    store.lie("system.compare_and_set", losing(1))
    with pytest.raises(
        cfacl.SchemaMissing, match="family `t:a` was changed by someone else at the same time; try again"
    ):
        db.drop_table("t")


def test_a_store_that_never_lets_an_identity_be_taken_is_not_waited_for(
    store: FaultyStore, policy: cfacl.Policy
) -> None:
    db = over(store, policy)
    store.lie("system.compare_and_set", lambda answer: False)
    with pytest.raises(cfacl.StoreContractError, match="never writes what it was asked to compare and set"):
        db.create_tables()


@pytest.mark.parametrize(
    "call",
    [
        "system.items",
        "system.get",
        "system.compare_and_set",
        "system.compare_and_set_all",
        "create_families",
        "tables",
    ],
)
def test_making_tables_goes_on_where_it_failed(policy: cfacl.Policy, call: str) -> None:
    for at in (1, 2, 3, 4, 5):
        fresh = FaultyStore(MemoryStore(clock=lambda: START))
        db = over(fresh, policy)
        fresh.fail(call, cfacl.StoreUnavailable("down"), at=at)
        with suppress(cfacl.StoreUnavailable):
            db.create_tables()
        fresh.heal()
        db.create_tables()
        assert db.drift() == []
        table(db).put(b"r", {b"a:q": b"v", b"b:q": b"v"})
        assert len(table(db).row(b"r")) == 2
        # What came before is no way back to cells that were dropped, whenever the dropping is cut short.
        fresh.fail("drop_table", cfacl.StoreUnavailable("down"))
        with pytest.raises(cfacl.StoreUnavailable):
            db.drop_table("t")
        fresh.heal()
        db.create_tables()
        assert table(db).row(b"r") == {}


def test_a_note_of_what_is_being_made_that_cannot_be_read_is_no_empty_one(
    store: FaultyStore, policy: cfacl.Policy
) -> None:
    db = over(store, policy)
    for each in (b"x", b"[1]", b"{}1"):
        store.inner.system.compare_and_set("begun", store.inner.system.get("begun"), each)
        with pytest.raises(cfacl.StoreContractError, match="what is being made can't be read"):
            db.create_tables()


@pytest.mark.parametrize(
    ("call", "at"), [("system.compare_and_set", 1), ("system.compare_and_set", 2), ("drop_table", 1)]
)
def test_what_was_dropped_by_half_is_out_of_reach_at_once(
    store: FaultyStore, policy: cfacl.Policy, call: str, at: int
) -> None:
    db = over(store, policy)
    db.create_tables()
    table(db).put(b"r", {b"a:q": b"v", b"b:q": b"v"})
    store.fail(call, cfacl.StoreUnavailable("down"), at=at)
    with pytest.raises(cfacl.StoreUnavailable):
        db.drop_table("t")
    gone = {("system.compare_and_set", 1): "", ("system.compare_and_set", 2): "a", ("drop_table", 1): "ab"}[call, at]
    for name in "ab":
        if name in gone:
            with pytest.raises(cfacl.SchemaMissing):
                table(db).row(b"r", columns=[name.encode()])
        else:
            assert table(db).row(b"r", columns=[name.encode()])
    if call != "drop_table":
        db.drop_table("t")
    db.create_tables()
    assert table(db).row(b"r") == {}


# ------------------------------------------------------------------------------------------------------------- reports


def test_who_and_what_are_now_or_at_an_instant(text: str) -> None:
    policy = cfacl.Policy.loads(text.replace('why = "test"', 'why = "test"\nuntil = 2026-07-01T00:00:00Z'))
    db = over(MemoryStore(clock=lambda: START), policy)
    july = datetime(2026, 7, 1, tzinfo=UTC)
    assert db.who("read", "t", "a") == [("ann", "work", None, july, ("roles.r.grants[0]",))]
    assert db.who("read", "t", "a", at=july) == db.who("read", "t", "a", purpose="work", at=july) == []
    assert len(db.what("ann")) == 6
    assert db.what("ann", at=july) == []


def test_a_report_leaves_nothing_behind(store: FaultyStore, policy: cfacl.Policy) -> None:
    """It has memos of its own, so that a long one stops no decision."""
    db = over(store, policy)
    db.who("read", "t", "a")
    db.what("ann")
    current = db._guard.current()
    assert current._profiles == current._holders == current._bound == {}


# ---------------------------------------------------------------------------------------------------------- statistics


def figures(db: cfacl.Database, prefix: str) -> dict[str, int]:
    return {
        name.removeprefix(prefix): int(value)
        for name, value in db.stats().items()
        if name.startswith(prefix) and value != 0
    }


def test_denials_are_counted_by_their_reason(store: FaultyStore, policy: cfacl.Policy, file: Path) -> None:
    now: list[Any] = [START]
    db = cfacl.Database(store, policy, compile_policy(policy), None, lambda: now[0], durable=True)
    db.create_tables()
    session = db.session("ann", "work")
    refused: list[tuple[Callable[[], object], str]] = [
        (lambda: session.require("admin", "t", "a"), "not_granted"),
        (lambda: session.require(db.prepare("admin", "t", "a", "b")), "not_granted"),
        (lambda: db.session("eve", "work"), "unknown_principal"),
        (lambda: db.session("bob", "work"), "unknown_principal"),
    ]
    expected: dict[str, int] = {}
    for use, reason in refused:
        for _ in range(3):
            with pytest.raises(cfacl.AccessDenied) as denied:
                use()
            expected[reason] = expected.get(reason, 0) + 1
            assert denied.value.reason == reason
            assert figures(db, "denied_") == expected
    now[0] = None
    with pytest.raises(cfacl.AccessDenied, match="failed with TypeError"):
        session.families("read", "t")
    now[0] = START
    db.replace_policy(cfacl.Policy.loads(file.read_text().replace("principals.ann", "principals.bob")))
    with pytest.raises(cfacl.AccessDenied, match="was removed"):
        session.families("read", "t")
    assert figures(db, "denied_") == expected | {"failed": 1, "removed_principal": 1}


def test_a_denied_request_counts_once_and_what_is_allowed_not_at_all(store: FaultyStore, file: Path) -> None:
    db = over(store, cfacl.Policy.loads(file.read_text().replace('"read", "write", "delete"', '"read"')))
    db.create_tables()
    t = table(db)
    t.row(b"r")
    assert not db.session("ann", "work").allows("write", "t", "a")  # an answer, which is remembered as any other
    assert figures(db, "denied_") == {}
    for number, use in enumerate(
        [lambda: t.put(b"r", {b"a:q": b"v"}), lambda: t.delete(b"r"), lambda: t.counter_inc(b"r", b"a:n")]
    ):
        with pytest.raises(cfacl.AccessDenied):
            use()
        assert figures(db, "denied_") == {"not_granted": number + 1}


def test_memos_are_weighed(store: FaultyStore, file: Path) -> None:
    more = (
        file.read_text()
        + '[principals.bob]\nkind = "employee"\nroles = ["r"]\n[principals.eve]\nkind = "employee"\nroles = []\n'
    )
    db = over(store, cfacl.Policy.loads(more))
    db.create_tables()
    assert figures(db, "memo_") == {}
    for name in ("ann", "bob", "eve"):
        session = db.session(name, "work")
        assert session.allows("read", "t", "a") == (name != "eve")
        session.allows("read", "t", "a")
        session.allows("write", "t", "a", "b")
    table(db).row(b"r")
    table(db).row(b"r")
    assert figures(db, "memo_") == {"principals": 3, "profiles": 2, "views": 2, "plans": 1, "checks": 4}
    assert db.stats()["asks_prepared"] == 2
    db.replace_policy(db.policy)
    assert figures(db, "memo_") == {}


# -------------------------------------------------------------------------------------------------------------- events


@pytest.mark.rule("12f")
def test_the_hook_is_told_once_for_each_request(store: FaultyStore, policy: cfacl.Policy) -> None:
    told: list[cfacl.Event] = []
    db = over(store, policy, told.append)
    db.create_tables()
    t = table(db)
    both = frozenset("ab")
    uses: list[tuple[Callable[[], object], str, dict[str, frozenset[str]]]] = [
        (lambda: t.row(b"r"), "row", {"read": both}),
        (lambda: t.rows([b"r"], columns=[b"a"]), "rows", {"read": frozenset("a")}),
        (lambda: t.cells(b"r", b"a:q"), "cells", {"read": frozenset("a")}),
        (lambda: list(t.scan()), "scan", {"read": both}),
        (lambda: t.put(b"r", {b"a:q": b"v", b"b:q": b"v"}), "put", {"write": both}),
        (lambda: t.delete(b"r", [b"b"]), "delete", {"delete": frozenset("b")}),
        (lambda: t.delete(b"r"), "delete", {"delete": both}),
        (lambda: t.counter_set(b"r", b"a:n", 1), "counter_set", {"write": frozenset("a")}),
        (lambda: t.counter_get(b"r", b"a:n"), "counter_get", {"read": frozenset("a")}),
        (
            lambda: t.counter_dec(b"r", b"a:n"),
            "counter_dec",
            {"read": frozenset("a"), "write": frozenset("a")},
        ),
        (
            lambda: t.counter_inc(b"r", b"a:n"),
            "counter_inc",
            {"read": frozenset("a"), "write": frozenset("a")},
        ),
        (
            lambda: t.compare_and_set(b"r", b"a:q", None, {b"b:q": b"v"}),
            "compare_and_set",
            {"read": frozenset("a"), "write": frozenset("b")},
        ),
    ]
    for use, request, access in uses:
        use()
        (event,) = told
        assert (event.request, event.access) == (request, access)
        assert event.families == frozenset().union(*access.values())
        assert (event.allowed, event.table, event.epoch) == (True, "t", 2)
        told.clear()


@pytest.mark.rule("5a")
def test_a_batch_is_decided_once_for_each_action_and_families(store: FaultyStore, policy: cfacl.Policy) -> None:
    told: list[cfacl.Event] = []
    db = over(store, policy, told.append)
    db.create_tables()
    with table(db).batch() as batch:
        for number in range(5):
            batch.put(b"r%d" % number, {b"a:q": b"v", b"b:q": b"v"})
            batch.put(b"r%d" % number, {b"b:x": b"v", b"a:x": b"v"})
            batch.delete(b"r%d" % number, [b"b:x"])
            batch.delete(b"r%d" % number, [b"b:y", b"b:z"])
    assert [each.access for each in told] == [{"write": {"a", "b"}, "delete": {"b"}}]
    assert [row for _, row in table(db).scan()] == [{b"a:q": b"v", b"a:x": b"v", b"b:q": b"v"}] * 5


@pytest.mark.rule("5b")
def test_what_is_decided_is_what_is_sent(store: FaultyStore, policy: cfacl.Policy) -> None:
    """Changing what was given changes nothing."""
    db = over(store, policy)
    db.create_tables()
    data, columns = {b"a:q": b"given"}, [b"a:old"]
    table(db).put(b"r", {b"a:old": b"x", b"b:q": b"kept"})
    with table(db).batch() as batch:
        batch.put(b"r", data)
        batch.delete(b"r", columns)
        data[b"a:q"], data[b"b:q"] = b"changed", b"sneaked in"
        columns.append(b"b:q")
    assert table(db).row(b"r") == {b"a:q": b"given", b"b:q": b"kept"}


@pytest.mark.rule("5d")
def test_a_batch_whose_block_raised_sends_nothing_more(store: FaultyStore, policy: cfacl.Policy) -> None:
    db = over(store, policy)
    db.create_tables()
    for keys in ({}, {"transaction": True}, {"batch_size": 2}):
        with pytest.raises(ZeroDivisionError), table(db).batch(**keys) as batch:
            for number in range(3):
                batch.put(b"r%d" % number, {b"a:q": b"v"})
            raise ZeroDivisionError
        sent = [key for key, _ in table(db).scan()]
        assert sent == ([b"r0", b"r1"] if keys.get("batch_size") else [])
        puts = (lambda: batch.put(b"r9", {b"a:q": b"v"}), lambda: batch.delete(b"r9"))
        for use in (*puts, batch.send, batch.__enter__):
            with pytest.raises(cfacl.RequestError, match="the batch's block raised, so it sends nothing more"):
                use()
        assert [key for key, _ in table(db).scan()] == sent


def test_what_failed_to_be_sent_can_be_sent_again(store: FaultyStore, policy: cfacl.Policy) -> None:
    db = over(store, policy)
    db.create_tables()
    batch = table(db).batch()
    batch.put(b"r", {b"a:q": b"v"})
    store.fail("apply", cfacl.StoreTimeout("late"))
    with pytest.raises(cfacl.StoreTimeout):
        batch.send()
    assert table(db).row(b"r") == {}
    batch.send()
    assert table(db).row(b"r") == {b"a:q": b"v"}
    table(db).delete(b"r")
    batch.send()
    assert table(db).row(b"r") == {}


def test_a_scan_may_come_from_anything_that_can_be_gone_through(store: FaultyStore, policy: cfacl.Policy) -> None:
    """A list of chunks has no `close`."""
    db = over(store, policy)
    db.create_tables()
    store.inner.scan = lambda *_, **__: [[(b"r", {b"a:q": b"v"})]]  # type: ignore[method-assign]  # as said
    db._store.scan = store.inner.scan  # type: ignore[method-assign]  # as said
    assert list(table(db).scan()) == [(b"r", {b"a:q": b"v"})]
