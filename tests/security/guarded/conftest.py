"""A guarded store, on either of the embedded ones, that counts what it is asked and fails and lies when told to.

Tests marked `on_servers` have it on a real HBase and a real Cassandra too.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import lru_cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
import tomli_w

import cfacl
from cfacl.policy.compile import compile_policy
from cfacl.stores.registry import open_store
from cfacl.testing.stores import DATA, Call, CountingStore, FaultyStore, LeavingOutStore

#: 2026-06-01T00:00:00Z, in nanoseconds.
START: Final = 1_780_272_000_000_000_000
SECOND: Final = 1_000_000_000
ACTIONS: Final = ("read", "write", "delete", "admin")


@lru_cache(maxsize=256)
def loaded(text: str) -> cfacl.Policy:
    """Load a policy; each is loaded once, since none ever changes."""
    return cfacl.Policy.loads(text)


class World:
    """A policy as a document, a clock, and a guarded store that follows both.

    Table ``t`` has the families a to d, all personal, for the purposes ``work`` and ``play``.  ``ann`` and ``bob`` may
    read, write and delete ``a`` and ``b`` for ``work``; ``root`` may do everything for ``work``; ``nil`` nothing.
    """

    def __init__(self, location: str, *, leaves_out: bool = False) -> None:
        self.location = location
        self.leaves_out = leaves_out
        self.now: Any = START
        self.clock: Callable[[], Any] = lambda: self.now
        #: the store's own clock, which never fails
        self.store_now = START
        #: whether there is a hook to tell; where there is none, the way to the store is shorter
        self.hooked = True
        self.told: list[cfacl.Event] = []
        self.tell: Callable[[cfacl.Event], None] = lambda event: self.told.append(event)
        self.document: dict[str, Any] = {
            "policy": {"name": "world", "purposes": ["work", "play"]},
            "tables": {"t": {"families": {}}},
            "roles": {
                "reader": {"clearance": "personal", "grants": []},
                "all": {"clearance": "sealed", "grants": []},
                "none": {"clearance": "sealed"},
            },
            "principals": {
                "ann": {"kind": "employee", "roles": ["reader"]},
                "bob": {"kind": "employee", "roles": ["reader"]},
                "nil": {"kind": "employee", "roles": ["none"]},
                "root": {"kind": "service", "roles": ["all"]},
            },
        }
        for name in "abcd":
            self.family(name)
        self.grant("reader", "a", "b")
        self.grants("all").append(
            {"table": "t", "at_or_below": "sealed", "actions": [*ACTIONS], "purposes": ["work"], "why": "test"}
        )
        self._made = ExitStack()
        self._db: cfacl.Database | None = None
        self.faulty: FaultyStore
        self.store: CountingStore

    def family(self, name: str, **keys: Any) -> dict[str, Any]:
        family = {"level": "personal", "purposes": ["work", "play"], **keys}
        self.families[name] = family
        return family

    @property
    def families(self) -> dict[str, Any]:
        """Of the table, as the document has them."""
        return self.document["tables"]["t"]["families"]

    def grants(self, role: str) -> list[dict[str, Any]]:
        return self.document["roles"][role]["grants"]

    def grant(self, role: str, *families: str, **keys: Any) -> dict[str, Any]:
        grant = {"table": "t", "families": [*families], "actions": ["read", "write", "delete"], "purposes": ["work"]}
        grant |= {"why": "test", **keys}
        self.grants(role).append(grant)
        return grant

    def policy(self) -> cfacl.Policy:
        return loaded(tomli_w.dumps(self.document))

    @property
    def db(self) -> cfacl.Database:
        if self._db is None:
            inner = open_store(self.location, clock=lambda: self.store_now)
            self.faulty = FaultyStore(LeavingOutStore(inner) if self.leaves_out else inner)
            self.store = CountingStore(self.faulty)
            self._made.callback(self.faulty.inner.close)
            policy = self.policy()
            self._db = cfacl.Database(
                self.store,
                policy,
                compile_policy(policy),
                (lambda event: self.tell(event)) if self.hooked else None,
                lambda: self.clock(),
                durable=True,
            )
            self._db.create_tables()
            self.store.take()
        return self._db

    def replace(self, *, create: bool = False) -> None:
        """Put the document, as it is now, in force."""
        self.db.replace_policy(self.policy())
        if create:
            self.db.create_tables()

    def session(self, principal: str = "ann", purpose: str = "work") -> cfacl.Session:
        return self.db.session(principal, purpose)

    def table(self, principal: str = "ann") -> cfacl.Table:
        return self.session(principal).table("t")

    def fill(self, *keys: bytes, families: str = "abcd") -> None:
        """Write a cell into each family of each row; its value is the family's name."""
        with self.session("root") as root, root.table("t").batch() as batch:
            for key in keys:
                batch.put(key, {f"{name}:q".encode(): name.encode() for name in families})
        self.store.take()
        self.told.clear()

    def furnish(self) -> dict[str, Any]:
        """Put families with names like those of real ones in place of the others, and a row; return what to try.

        ``ann`` has ``prof``, ``id`` and ``log``, which declares its columns, and not ``auth``.
        """
        for name in "abcd":
            del self.families[name]
        self.grants("reader").clear()
        for name in ("prof", "auth", "id"):
            self.family(name)
        self.family("log", columns=["name", "mail"])
        self.grant("reader", "prof", "log", "id")
        session = self.session()
        table = session.table("t")
        table.put(b"canary-key", {b"prof:q": b"canary-value"})
        self.store.take()
        self.told.clear()
        return {"table": table, "session": session, "database": self.db}

    def calls(self) -> list[str]:
        """Return the calls for data since the last time, the steps of scans apart, by method."""
        return [call.method for call in self.data() if call.method != "scan.next"]

    def data(self) -> list[Call]:
        """Return the calls for data since the last time."""
        return [call for call in self.store.take() if call.method in DATA]

    def at(self, seconds: int) -> datetime:
        """Return the instant so many seconds after the start."""
        return datetime.fromtimestamp(START // SECOND + seconds, UTC)

    def wait(self, seconds: int) -> None:
        """Turn the clock to so many seconds after the start; both clocks."""
        self.now = self.store_now = START + seconds * SECOND

    def during(self, call: str, *edits: Callable[[], object], at: int = 1) -> None:
        """Do something while the store answers a call: at its first answers, or from the one numbered ``at``."""
        left = iter([None] * (at - 1) + list(edits))

        def change(answer: Any) -> Any:
            edit = next(left, None)
            if edit is not None:
                edit()
            return answer

        self.faulty.lie(call, change)

    def granting(self, *families: str) -> Callable[[], None]:
        """Return what puts a policy in force that grants ann these families."""

        def edit() -> None:
            self.grants("reader")[0]["families"] = [*families]
            self.replace()

        return edit

    def revoking(self) -> Callable[[], None]:
        """Return what puts a policy in force that grants ann nothing."""

        def edit() -> None:
            self.grants("reader").clear()
            self.replace()

        return edit

    def close(self) -> None:
        self._made.close()


#: Files in memory, where the machine has such: nothing here is about disks, and hundreds of stores are opened.
FAST: Final = Path("/dev/shm")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """An empty folder on what is fast."""
    with TemporaryDirectory(dir=FAST if os.access(FAST, os.W_OK) else tmp_path) as made:
        yield Path(made)


@pytest.fixture
def worlds(request: pytest.FixtureRequest, folder: Path) -> Iterator[Callable[[str], World]]:
    """Makes worlds, by the name of a store; nothing is open before a world's ``db`` is asked for."""
    with ExitStack() as made:
        numbers = count()

        def where(store: str) -> str:
            if store in ("memory", "leaving out"):
                return "memory://"
            if store == "rocksdb":
                return f"rocksdb://{folder}/{next(numbers)}"
            if store == "cassandra":
                server = request.getfixturevalue("cassandra")
                return f"cassandra://{server.host}:{server.port}/{request.getfixturevalue('keyspaces')()}"
            server = request.getfixturevalue("hbase")
            return f"hbase://{server.host}:{server.port()}/w{uuid.uuid4().hex[:12]}_"

        def make(store: str) -> World:
            world = World(where(store), leaves_out=store == "leaving out")
            made.callback(world.close)
            return world

        yield make


SERVERS: Final = [pytest.param(each, marks=pytest.mark.slow) for each in ("hbase", "cassandra")]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Have a test's world on each store."""
    if "world" in metafunc.fixturenames:
        more = SERVERS if metafunc.definition.get_closest_marker("on_servers") else []
        metafunc.parametrize("world", ["memory", "rocksdb", *more], indirect=True)


@pytest.fixture
def world(request: pytest.FixtureRequest, worlds: Callable[[str], World]) -> World:
    """A world on each store."""
    return worlds(request.param)


@pytest.fixture
def memory_world(worlds: Callable[[str], World]) -> World:
    """A world on the memory store, where the store makes no difference."""
    return worlds("memory")
