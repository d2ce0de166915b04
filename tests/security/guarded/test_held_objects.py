"""Sessions, tables and asks that were held while the policy changed decide as those that are made afterwards."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Any, Final

import pytest

import cfacl


def cells(*families: str) -> dict[bytes, bytes]:
    return {f"{name}:q".encode(): name.encode() for name in families}


def edited(world: Any, name: str) -> None:
    families, roles = world.families, world.document["roles"]
    match name:
        case "a family that sorts first":
            world.family("A")
        case "families in another order":
            world.document["tables"]["t"]["families"] = dict(reversed(families.items()))
        case "a family removed":
            del families["a"]
            world.grants("reader")[0]["families"] = ["b"]
        case "a family removed from the middle":
            del families["b"]
            world.grants("reader")[0]["families"] = ["a"]
        case "a level raised":
            families["a"]["level"] = "sealed"
        case "a level lowered":
            families["c"]["level"] = "public"
        case "a clearance lowered":
            roles["reader"]["clearance"] = "internal"
        case "a purpose taken from a family":
            families["b"]["purposes"] = ["play"]
        case "a restriction":
            roles["reader"]["restrictions"] = [{"table": "t", "actions": ["write"], "why": "test"}]
        case "a grant more":
            world.grant("reader", "d", actions=["read"])
        case "an action less":
            world.grants("reader")[0]["actions"] = ["read"]
        case "columns declared":
            families["a"]["columns"] = ["r"]
        case "a table more":
            world.document["tables"]["s"] = {"families": {"a": {"level": "public", "purposes": ["work"]}}}
        case "levels in another order":
            world.document["policy"]["levels"] = ["sealed", "sensitive", "personal", "internal", "public"]
        case "a role less":
            world.document["principals"]["ann"]["roles"] = []
        case "purposes in another order":
            world.document["policy"]["purposes"] = ["apart", "play", "work"]


EDITS: Final = (
    "a family that sorts first",
    "families in another order",
    "a family removed",
    "a family removed from the middle",
    "a level raised",
    "a level lowered",
    "a clearance lowered",
    "a purpose taken from a family",
    "a restriction",
    "a grant more",
    "an action less",
    "columns declared",
    "a table more",
    "levels in another order",
    "a role less",
    "purposes in another order",
)


def outcome(use: Callable[[], Any]) -> Any:
    """What comes of something, in a form that can be compared."""
    try:
        found = use()
    except cfacl.CfaclError as error:
        return type(error), str(error), getattr(error, "families", None)
    return (found, found.withheld) if isinstance(found, cfacl.Row) else found


#: What ann sees nothing of.
UNNOTICED: Final = {
    "families in another order",
    "a level lowered",
    "a table more",
    "levels in another order",
    "purposes in another order",
}


class Hold:
    """A session with all that can be held of it."""

    def __init__(self, world: Any) -> None:
        self.session = world.session()
        self.table = self.session.table("t")
        self.asks = [
            outcome(lambda action=action, names=names: world.db.prepare(action, "t", *names))
            for action in ("read", "write")
            for size in (1, 2, 4)
            for names in itertools.combinations("abcd", size)
        ]

    def outcomes(self) -> list[Any]:
        session, table = self.session, self.table
        uses: list[Callable[[], Any]] = [lambda ask=ask: session.allows(ask) for ask in self.asks]
        uses += [lambda name=name: session.allows("read", "t", name) for name in "Aabcd"]
        uses += [lambda action=action: session.families(action, "t") for action in ("read", "write", "delete", "admin")]
        uses += [lambda: table.row(b"r1"), lambda: table.row(b"r1", strict=True)]
        uses += [lambda: list(table.scan(row_prefix=b"r1")), lambda: table.rows([b"r1", b"r2"])]
        uses += [
            lambda columns=columns: table.row(b"r1", columns=columns)
            for columns in ([b"a:q"], [b"b:q"], [b"a", b"b"], [b"c:q"], [b"a:r"])
        ]
        uses += [lambda: table.row(b"r1", columns=[b"a", b"b", b"c", b"d"], strict=False)]
        uses += [lambda name=name: table.cells(b"r1", name) for name in (b"a:q", b"b:q", b"d:q")]
        uses += [lambda name=name: table.put(b"r9", {name: b"x"}) for name in (b"a:q", b"b:q", b"c:q", b"a:r")]
        uses += [lambda name=name: table.delete(b"r9", [name]) for name in (b"a", b"b", b"c")]
        uses += [lambda: table.delete(b"r9"), lambda: table.put(b"r9", {b"a:q": b"x", b"b:q": b"x"})]
        uses += [lambda: session.explain("read", "t", "a", "b")]
        return [outcome(use) for use in uses]


@pytest.mark.rule("9e")
@pytest.mark.failure("store-acl-4")
@pytest.mark.failure("policy-engine-10")
@pytest.mark.parametrize("name", EDITS)
def test_what_was_held_decides_as_what_is_fresh(world: Any, worlds: Any, name: str) -> None:
    world.fill(b"r1", b"r2")
    held = Hold(world)
    before = held.outcomes()
    edited(world, name)
    world.replace(create=True)
    fresh = Hold(world)
    fresh.asks = held.asks
    assert held.outcomes() == fresh.outcomes()
    # Nor does it matter that anything was asked before: here nothing was.
    other = worlds(world.location.partition(":")[0])
    other.fill(b"r1", b"r2")
    edited(other, name)
    other.replace(create=True)
    assert held.outcomes()[len(held.asks) :] == Hold(other).outcomes()[len(held.asks) :]
    # The last is an explanation, which names the epoch.
    assert (held.outcomes()[:-1] == before[:-1]) is (name in UNNOTICED)


@pytest.mark.rule("9e")
@pytest.mark.failure("policy-engine-10")
@pytest.mark.parametrize("seed", range(4))
def test_what_was_held_through_many_edits_decides_as_what_is_fresh(world: Any, seed: int) -> None:
    generator = random.Random(seed)
    removals = [name for name in EDITS if name.startswith("a family removed")]
    order = generator.sample([name for name in EDITS if name not in removals], k=len(EDITS) - len(removals))
    world.fill(b"r1", b"r2")
    held = [Hold(world)]
    for name in [*order, generator.choice(removals)]:
        edited(world, name)
        world.replace()
        for each in held:
            fresh = Hold(world)
            fresh.asks = each.asks
            assert each.outcomes() == fresh.outcomes()
        held.append(Hold(world))
