"""What a policy may not say, and what it must not come to mean."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import cfacl


@pytest.mark.rule("6a")
@pytest.mark.failure("store-acl-6")
@pytest.mark.parametrize(
    "keys",
    [
        {"families": ["*"]},
        {"families": ["a*"]},
        {"families": []},
        {"families": ["a"], "at_or_below": "public"},
        {"families": ["nowhere"]},
        {"table": "*"},
        {"purposes": ["*"]},
        {"purposes": ["work.*"]},
        {"actions": ["*"]},
        {"actions": ["lookup"]},
        {"actions": []},
        {"columns": ["q"]},
        {"rows": ["r"]},
    ],
    ids=str,
)
def test_a_grant_that_means_more_than_can_be_held_is_refused(house: Any, keys: dict[str, Any]) -> None:
    house.document["roles"]["reader"]["grants"][0].update(keys)
    with pytest.raises(cfacl.PolicyError) as refused:
        house.policy()
    assert all(fault.path.startswith("roles.reader.grants[0]") for fault in refused.value.faults)


@pytest.mark.failure("policy-engine-22")
@pytest.mark.parametrize(
    "path",
    [
        ("policy", "purposes"),
        ("tables", "t", "families", "a", "level"),
        ("tables", "t", "families", "a", "purposes"),
        ("roles", "reader", "clearance"),
        ("roles", "reader", "grants", 0, "table"),
        ("roles", "reader", "grants", 0, "families"),
        ("roles", "reader", "grants", 0, "actions"),
        ("roles", "reader", "grants", 0, "purposes"),
        ("roles", "reader", "grants", 0, "why"),
        ("principals", "ann", "kind"),
    ],
    ids=lambda path: ".".join(map(str, path)),
)
def test_nothing_that_guards_can_be_left_out(house: Any, path: tuple[Any, ...]) -> None:
    house.policy()
    at = house.document
    for step in path[:-1]:
        at = at[step]
    del at[path[-1]]
    with pytest.raises(cfacl.PolicyError):
        house.policy()


@pytest.mark.failure("policy-engine-22")
def test_a_key_that_is_not_known_is_not_passed_over(house: Any) -> None:
    for place in (house.document, house.document["policy"], house.document["roles"]["reader"]):
        place["enforce"] = False
        with pytest.raises(cfacl.PolicyError, match="enforce"):
            house.policy()
        del place["enforce"]
    house.policy()


@pytest.mark.rule("12a")
@pytest.mark.failure("policy-engine-22")
def test_there_is_no_store_without_a_policy(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        cfacl.connect("memory://")  # type: ignore[call-arg]  # that it is missing is what is tested
    with pytest.raises(cfacl.PolicyError):
        cfacl.connect(tmp_path / "store", policy=tmp_path / "missing.toml")
    (tmp_path / "empty.toml").touch()
    with pytest.raises(cfacl.PolicyError):
        cfacl.connect(tmp_path / "store", policy=tmp_path / "empty.toml")
    assert not (tmp_path / "store").exists()


NAMES = ["m", "m.a", "m.a.b", "m.ab", "m-a", "ma", "ma.a", "x.m", "x.m.a", "M.a", "m.a-b", "n"]
WILDCARDS = ["m.*", "m.a.*", "x.*", "x.m.*"]


def below(wildcard: str, name: str) -> bool:
    """The slow way: word for word."""
    words = wildcard.split(".")[:-1]
    return name.split(".")[: len(words)] == words and len(name.split(".")) > len(words)


@pytest.mark.rule("2d")
@pytest.mark.failure("store-acl-17")
@pytest.mark.parametrize("wildcard", WILDCARDS)
def test_a_wildcard_takes_away_what_lies_below_it_and_nothing_else(house: Any, wildcard: str) -> None:
    house.document["policy"]["purposes"] = ["work", "play", *NAMES]
    house.document["tables"]["t"]["families"]["a"]["purposes"] = ["work", "play", *NAMES]
    house.document["roles"]["reader"]["grants"][0]["purposes"] = ["work", "play", *NAMES]
    house.restrict("reader", purposes=[wildcard])
    taken = {name for name in NAMES if not house.session(purpose=name).allows("read", "t", "a")}
    assert taken == {name for name in NAMES if below(wildcard, name)}
    assert taken


@pytest.mark.failure("store-acl-17")
@pytest.mark.parametrize("wildcard", ["*", "m*", "*.a", "m.*.b", "m.a*", "m.**", ".*", "nowhere.*"])
def test_a_wildcard_that_is_anything_else_is_refused(house: Any, wildcard: str) -> None:
    house.document["policy"]["purposes"] = ["work", "play", *NAMES]
    house.restrict("reader", purposes=[wildcard])
    with pytest.raises(cfacl.PolicyError, match=r"roles\.reader\.restrictions\[0\]\.purposes"):
        house.policy()


FORGED = ["ann\nallowed bob", "ann\r", "ann\x1b[2J", "ann`", "ann\u2028bob", "ann\x00", "\u202eann", "ann ", ""]


@pytest.mark.failure("store-acl-18")
@pytest.mark.parametrize("name", FORGED, ids=ascii)
def test_a_name_that_could_forge_a_record_is_refused(house: Any, name: str) -> None:
    house.document["principals"][name] = {"kind": "employee", "roles": []}
    with pytest.raises(cfacl.PolicyError) as refused:
        house.policy()
    assert str(refused.value).isprintable()
    house.document["principals"].pop(name)
    house.family(name)
    with pytest.raises(cfacl.PolicyError) as refused:
        house.policy()
    assert str(refused.value).isprintable()


@pytest.mark.failure("store-acl-18")
@pytest.mark.parametrize("name", [name for name in FORGED if name], ids=ascii)
def test_a_name_that_a_caller_gives_cannot_forge_a_message(house: Any, name: str) -> None:
    session = house.session()
    uses = [
        lambda: house.session(principal=name),
        lambda: house.session(purpose=name),
        lambda: session.table(name),
        lambda: session.allows(name, "t", "a"),
        lambda: session.allows("read", name, "a"),
        lambda: session.allows("read", "t", name),
        lambda: session.table("t").row(b"r", columns=[name.encode()]),
        lambda: cfacl.connect(f"{name}://x", policy=house.policy()),
    ]
    for use in uses:
        with pytest.raises(cfacl.CfaclError) as error:
            use()
        message = str(error.value)
        assert message.isprintable()
        assert message.count("`") % 2 == 0


@pytest.mark.rule("11a")
@pytest.mark.failure("policy-engine-23")
@pytest.mark.failure("policy-engine-13")
def test_lists_of_access_and_checks_agree(house: Any) -> None:
    house.family("e", level="sealed")
    house.document["roles"]["lead"] = {"clearance": "personal", "inherits": ["reader"]}
    house.grant("lead", "b", "e", until=datetime(2026, 6, 1, 0, 1, tzinfo=UTC))
    house.grant("lead", "c", purposes=["play"], actions=["delete"])
    house.restrict("lead", table="t", families=["a"], actions=["write"])
    house.document["principals"]["bob"]["roles"] = ["lead"]
    seen = set()
    for seconds in (0, 60):
        house.now += seconds * 10**9
        for principal in ("ann", "bob", "root"):
            may = {(each.table, each.family, each.action, each.purpose) for each in house.db.what(principal)}
            for purpose in ("work", "play"):
                session = house.session(principal, purpose)
                for action in ("read", "write", "delete", "admin"):
                    for family in "abcde":
                        allowed = session.allows(action, "t", family)
                        holders = {each.principal for each in house.db.who(action, "t", family, purpose=purpose)}
                        assert (principal in holders) == allowed
                        assert (("t", family, action, purpose) in may) == allowed
                        assert (family in session.families(action, "t")) == allowed
                        assert session.explain(action, "t", family).allowed == allowed
                        seen.add((principal, purpose, action, family, allowed))
    assert {("bob", "work", "read", "b", True), ("bob", "work", "read", "b", False)} <= seen


@pytest.mark.failure("policy-engine-25")
@pytest.mark.parametrize("length", [1, 2, 3, 50])
def test_a_cycle_of_roles_is_refused(house: Any, length: int) -> None:
    for n in range(length):
        house.document["roles"][f"r{n}"] = {"clearance": "personal", "inherits": [f"r{(n + 1) % length}"]}
    with pytest.raises(cfacl.PolicyError, match="inherit"):
        house.policy()


@pytest.mark.failure("policy-engine-25")
def test_a_deep_hierarchy_reaches_its_end(house: Any) -> None:
    depth = 2_000
    for n in range(depth):
        house.document["roles"][f"r{n}"] = {"clearance": "personal", "inherits": [f"r{n + 1}"]}
    house.document["roles"][f"r{depth}"] = {"clearance": "personal"}
    house.grant(f"r{depth}", "d")
    house.document["principals"]["ann"]["roles"] = ["r0"]
    session = house.session()
    assert session.allows("read", "t", "d")
    assert not session.allows("read", "t", "a")
    house.document["roles"]["r1000"]["clearance"] = "public"
    house.replace()
    assert not session.allows("read", "t", "d")
