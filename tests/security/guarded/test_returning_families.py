"""Families that are dropped and made again, or leave the policy and return; and a policy that the store was not told of."""

from __future__ import annotations

from typing import Any, Final

import pytest

import cfacl

KEYS: Final = [b"r%d" % n for n in range(6)]


def cells(*families: str) -> dict[bytes, bytes]:
    return {f"{name}:q".encode(): name.encode() for name in families}


@pytest.mark.rule("Identities")
@pytest.mark.failure("store-acl-12")
def test_a_table_that_is_dropped_is_missing_for_whoever_holds_it(world: Any) -> None:
    world.fill(*KEYS)
    table = world.table()
    assert table.row(b"r1") == cells("a", "b")
    scan = table.scan(batch_size=2)
    batch = table.batch()
    batch.put(b"r1", {b"a:q": b"old"})
    found = [next(scan), next(scan)]
    world.db.drop_table("t")
    for use in (lambda: table.row(b"r1"), lambda: list(table.scan()), lambda: list(scan), batch.send):
        with pytest.raises(cfacl.SchemaMissing):
            use()
    assert [key for key, _ in found] == KEYS[:2]


@pytest.mark.rule("Identities")
@pytest.mark.failure("store-acl-12")
@pytest.mark.failure("policy-engine-16")
def test_a_table_that_is_dropped_and_made_again_has_nothing_of_the_old_one(world: Any) -> None:
    world.fill(*KEYS)
    table = world.table()
    scans = [table.scan(batch_size=2), table.scan(batch_size=2)]
    next(scans[1])
    world.db.drop_table("t")
    world.db.create_tables()
    assert table.row(b"r1") == {}
    assert list(table.scan()) == []
    world.fill(b"s1")
    assert [key for key, _ in table.scan()] == [b"s1"]
    found = []
    with pytest.raises(cfacl.SchemaMissing):
        for key, _ in scans[1]:
            found.append(key)
    assert found == [b"r1"]
    with pytest.raises(cfacl.SchemaMissing):
        list(scans[0])
    assert table.row(b"s1") == cells("a", "b")


@pytest.mark.rule("Identities")
@pytest.mark.failure("store-acl-12")
def test_a_read_that_was_under_way_sees_the_table_of_now(world: Any) -> None:
    world.fill(b"r1")
    world.during("get", lambda: (world.db.drop_table("t"), world.db.create_tables()))
    assert world.table().row(b"r1") == {}
    world.fill(*KEYS)
    world.during("scan.next", lambda: None, lambda: (world.db.drop_table("t"), world.db.create_tables()))
    found = []
    with pytest.raises(cfacl.SchemaMissing):
        for key, _ in world.table().scan(batch_size=1):
            found.append(key)
    assert found == KEYS[:1]


@pytest.mark.rule("1b", "Identities")
@pytest.mark.failure("store-acl-12")
def test_a_family_that_left_the_policy_comes_back_only_when_it_is_adopted(world: Any) -> None:
    world.fill(b"r1")
    table = world.table("root")
    kept = world.families.pop("d")
    world.replace()
    assert table.row(b"r1") == cells("a", "b", "c")
    with pytest.raises(cfacl.UnknownFamily):
        table.row(b"r1", columns=[b"d"])
    assert ("t", "d", "retired") in world.db.drift()
    world.families["d"] = {**kept, "level": "public"}
    world.replace()
    for _ in range(2):
        for use in (
            lambda: table.row(b"r1"),
            lambda: table.row(b"r1", columns=[b"d:q"]),
            lambda: table.put(b"r1", {b"d:q": b"x"}),
            lambda: table.delete(b"r1"),
            lambda: table.cells(b"r1", b"d:q"),
            lambda: table.scan(),
            world.db.create_tables,
        ):
            with pytest.raises(cfacl.SchemaMissing):
                use()
    assert world.table("ann").row(b"r1") == cells("a", "b")
    with pytest.raises(cfacl.RequestError, match=r"nothing to adopt: `t:z`"):
        world.db.create_tables(adopt=["t:d", "t:z"])
    world.db.create_tables(adopt=["t:d"])
    assert table.row(b"r1") == cells("a", "b", "c", "d")
    assert world.db.drift() == []


@pytest.mark.rule("1b", "9e")
@pytest.mark.failure("store-acl-9")
@pytest.mark.parametrize("call", ["system.items", "system.compare_and_set", "system.get", "tables"])
def test_a_policy_is_in_force_whatever_state_the_store_is_in(world: Any, call: str) -> None:
    """A revocation that could not be told to the store still revokes; it is never undone by half."""
    world.fill(b"r1")
    session = world.session()
    assert session.table("t").row(b"r1") == cells("a", "b")
    world.grants("reader")[0]["families"] = ["b"]
    del world.families["d"]
    world.faulty.fail(call, cfacl.StoreUnavailable("the store is down"))
    try:
        world.replace()
    except cfacl.StoreUnavailable:
        assert call.startswith("system")
    assert session.table("t").row(b"r1") == cells("b")
    assert not session.allows("read", "t", "a")
    with pytest.raises(cfacl.UnknownFamily):
        session.allows("read", "t", "d")
    assert "d" not in world.db.policy.catalog.tables["t"].families
    world.faulty.heal()
    world.families["d"] = {"level": "public", "purposes": ["work"]}
    world.replace()
    with pytest.raises(cfacl.SchemaMissing):
        world.table("root").row(b"r1", columns=[b"d"])


@pytest.mark.rule("13b")
@pytest.mark.failure("policy-engine-5")
def test_a_policy_that_does_not_compile_changes_nothing(world: Any) -> None:
    world.fill(b"r1")
    session = world.session()
    epoch = world.db.stats()["epoch"]
    kept = world.db.policy
    world.grant("reader", "c")
    world.document["never"] = [{"principals": ["ann"], "families": ["c"]}]
    with pytest.raises(cfacl.PolicyError):
        world.replace()
    for wrong in ("home.toml", None, world.document):
        with pytest.raises(cfacl.RequestError):
            world.db.replace_policy(wrong)
    assert world.db.stats()["epoch"] == epoch
    assert world.db.policy is kept
    assert session.table("t").row(b"r1") == cells("a", "b")
