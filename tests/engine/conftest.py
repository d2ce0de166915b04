"""A guard over a policy that is written down in a few lines, with a clock that a test turns and no store at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import pytest
import tomli_w

import cfacl
from cfacl.engine.caller import Caller
from cfacl.engine.guard import Guard
from cfacl.engine.reverse import what, who
from cfacl.engine.snapshot import Snapshot
from cfacl.model.projection import StoredFamily
from cfacl.policy.compile import compile_policy

#: 2026-06-01T00:00:00Z, in nanoseconds.
START: Final = 1_780_272_000_000_000_000
SECOND: Final = 1_000_000_000


def instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(START // SECOND + seconds, UTC)


class House:
    """A policy as a document, published by a guard.

    ``families`` are ``{"t:prof": "personal"}``, or with keys of their own ``{"t:prof": {"level": …}}``; ``roles`` are
    ``{"support": {"clearance": …, "grants": […]}}``, where a grant has defaults for what a test does not speak of, and
    times are seconds after the start and ``None`` leaves a key out; ``held`` is ``{"maya": ["support", {"role": "fraud", "until": 60}]}``.
    """

    def __init__(
        self,
        families: Mapping[str, Any],
        roles: Mapping[str, Any],
        held: Mapping[str, list[Any]],
        *,
        purposes: tuple[str, ...] = ("service", "support"),
    ) -> None:
        self.now: Any = START
        self.reads = 0
        self.purposes = purposes
        self.guard = Guard(self._clock)
        self.document: dict[str, Any] = {}
        self.publish(families, roles, held)

    def _clock(self) -> Any:
        self.reads += 1
        return self.now

    def publish(
        self,
        families: Mapping[str, Any],
        roles: Mapping[str, Any],
        held: Mapping[str, list[Any]],
        *,
        lost: tuple[str, ...] = (),
    ) -> None:
        """Put a policy in force, over a store that has all its families but those that it ``lost``."""
        tables: dict[str, Any] = {}
        for name, keys in families.items():
            table, _, family = name.partition(":")
            made = {"purposes": [*self.purposes], **({"level": keys} if isinstance(keys, str) else keys)}
            tables.setdefault(table, {"families": {}})["families"][family] = made
        self.document = {
            "policy": {"name": "house", "purposes": [*self.purposes]},
            "tables": tables,
            "roles": {name: self._role(keys) for name, keys in roles.items()},
            "principals": {
                name: {"kind": "employee", "roles": [self._times(each) for each in roles]}
                for name, roles in held.items()
            },
        }
        bits = compile_policy(cfacl.Policy.loads(tomli_w.dumps(self.document)))
        stored = {
            (table.name, family.name): StoredFamily(table.name, family.name, number, family.level)
            for table in bits.tables.values()
            for number, family in enumerate(table.families, 1)
            if f"{table.name}:{family.name}" not in lost
        }
        self.guard.publish(bits, stored)

    def _role(self, keys: Mapping[str, Any]) -> dict[str, Any]:
        role = dict(keys)
        defaults = {"table": "t", "actions": ["read"], "purposes": [*self.purposes], "why": "test"}
        if "grants" in role:
            role["grants"] = [self._times(defaults | each) for each in role["grants"]]
        if "restrictions" in role:
            role["restrictions"] = [self._times({"why": "test"} | each) for each in role["restrictions"]]
        return role

    def _times(self, keys: Any) -> Any:
        if isinstance(keys, str):
            return keys
        return {
            key: instant(each) if key in ("from", "until") else each for key, each in keys.items() if each is not None
        }

    def wait(self, seconds: int) -> None:
        """Turn the clock to so many seconds after the start."""
        self.now = START + seconds * SECOND

    def caller(self, principal: str = "maya", purpose: str = "support") -> Caller:
        return Caller(self.guard, principal, purpose)

    def allows(self, *request: str, principal: str = "maya", purpose: str = "support") -> bool:
        return self.caller(principal, purpose).allows(*request)

    @property
    def snapshot(self) -> Snapshot:
        return self.guard.current()

    def who(self, *request: str, purpose: str | None = None, at: int = 0) -> list[tuple[Any, ...]]:
        """Return (principal, purpose, since, until, via); times are seconds after the start."""
        found = who(self.snapshot, *request, purpose, START + at * SECOND)
        return [(each.principal, each.purpose, *seconds(each), each.via) for each in found]

    def what(self, principal: str = "maya", at: int = 0) -> list[tuple[Any, ...]]:
        """Return (table:family, action, purpose, since, until, via)."""
        found = what(self.snapshot, principal, START + at * SECOND)
        return [(f"{each.table}:{each.family}", each.action, each.purpose, *seconds(each), each.via) for each in found]


def seconds(found: Any) -> tuple[int | None, int | None]:
    return tuple(None if each is None else (each - instant(0)).total_seconds() for each in (found.since, found.until))


@pytest.fixture(scope="session")
def house() -> Callable[..., House]:
    """Makes houses."""
    return House
