"""A small guarded store whose policy and clock a test turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
import tomli_w

import cfacl

#: 2026-06-01T00:00:00Z, in nanoseconds.
START: Final = 1_780_272_000_000_000_000
SECOND: Final = 1_000_000_000
FAMILIES: Final = ("a", "b", "c", "d")


class House:
    """A policy as a document, a clock, and a database on the memory store that follows both.

    Table ``t`` has the families a to d, all personal, for purposes ``work`` and ``play``.  ``ann`` and ``bob`` hold
    the role ``reader``, which may read and write ``a`` for ``work``; ``root`` may do everything for ``work``.
    """

    def __init__(self) -> None:
        self.now = START
        self.told: Callable[[cfacl.Event], None] = lambda event: None
        self.document: dict[str, Any] = {
            "policy": {"name": "house", "purposes": ["work", "play"]},
            "tables": {"t": {"families": {}}},
            "roles": {"reader": {"clearance": "personal"}, "all": {"clearance": "sealed"}},
            "principals": {
                "ann": {"kind": "employee", "roles": ["reader"]},
                "bob": {"kind": "employee", "roles": ["reader"]},
                "root": {"kind": "service", "roles": ["all"]},
            },
        }
        for name in FAMILIES:
            self.family(name)
        self.grant("reader", "a")
        self.grant("all", *FAMILIES, actions=["read", "write", "delete", "admin"])
        self._db: cfacl.Database | None = None

    def family(self, name: str, table: str = "t", **keys: Any) -> None:
        families = self.document["tables"].setdefault(table, {"families": {}})["families"]
        families[name] = {"level": "personal", "purposes": ["work", "play"], **keys}

    def grant(self, role: str, *families: str, **keys: Any) -> dict[str, Any]:
        grant = {"table": "t", "families": list(families), "actions": ["read", "write"], "purposes": ["work"]}
        grant |= {"why": "test", **keys}
        self.document["roles"][role].setdefault("grants", []).append(grant)
        return grant

    def restrict(self, role: str, **keys: Any) -> None:
        self.document["roles"][role].setdefault("restrictions", []).append({"why": "test", **keys})

    def policy(self) -> cfacl.Policy:
        return cfacl.Policy.loads(tomli_w.dumps(self.document))

    @property
    def db(self) -> cfacl.Database:
        if self._db is None:
            self._db = cfacl.connect(
                "memory://", policy=self.policy(), clock=lambda: self.now, on_event=lambda event: self.told(event)
            )
            self._db.create_tables()
        return self._db

    def replace(self) -> None:
        """Put the document, as it is now, in force."""
        self.db.replace_policy(self.policy())
        self.db.create_tables()

    def session(self, principal: str = "ann", purpose: str = "work") -> cfacl.Session:
        return self.db.session(principal, purpose)

    def fill(self, *keys: bytes, table: str = "t") -> None:
        """Write one cell into every family of each row; its value is the family's name."""
        with self.session("root") as root:
            for key in keys:
                families = self.document["tables"][table]["families"]
                root.table(table).put(key, {f"{name}:q".encode(): name.encode() for name in families})

    def close(self) -> None:
        if self._db is not None:
            self._db.close()


@pytest.fixture
def house() -> Iterator[House]:
    made = House()
    yield made
    made.close()
