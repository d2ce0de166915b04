"""What the steps happen in: policies that change, a clock that goes on, tables that come and go."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Final, TypeVar

import tomli_w
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from cfacl import Database, connect
from cfacl.errors import CfaclError
from cfacl.model.projection import StoredFamily
from cfacl.policy.policy import Policy
from cfacl.testing import strategies
from cfacl.testing.documents import Document
from cfacl.testing.machine.drawing import Caller, Drawn, with_everything
from cfacl.testing.machine.scans import InstantScan, Scan
from cfacl.testing.machine.world import Held, Refused, World

__all__ = ["Setting"]

T = TypeVar("T")

_RAM: Final = Path("/dev/shm")  # noqa: S108  # only where Linux mounts it
#: So many nanoseconds our clock stays behind that of a store which stamps by its own: an hour.
_BEHIND: Final = 3_600_000_000_000
#: By how many milliseconds the clock goes on: about the lives of what `documents` draws.
_STEPS: Final = (1, 1_000, 89_999, 90_000, 400 * 86_400_000)


class Setting(RuleBasedStateMachine):
    """A database behind a policy, who has a session of it, and what should be."""

    callers = Bundle("callers")
    asks = Bundle("asks")
    scans = Bundle("scans")

    #: Whether the store keeps families as each policy says; else `drift()` tells where not, of which nothing is known here.
    follows: ClassVar[bool] = True

    def location(self, folder: Path) -> str | Path:
        """Return what `cfacl.connect` opens: a fresh store each time, in ``folder`` if it needs one."""
        raise NotImplementedError

    def suited(self, document: Document) -> Document:
        """Return a policy as the store can have it: as it is, unless a subclass knows what its store can't follow."""
        return document

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=_RAM if _RAM.is_dir() else None))
        self.db: Database | None = None
        self.held: list[Held] = []
        self.instants: list[InstantScan] = []
        self.begun: list[Scan] = []
        self.policies: list[Document] = []

    def teardown(self) -> None:
        """Close the store, and remove what it wrote."""
        if self.db is not None:
            self.db.close()
        shutil.rmtree(self.folder)

    @initialize(target=callers, data=st.data(), document=strategies.documents(max_tables=2, max_families=3))
    def connect(self, data: st.DataObject, document: Document) -> Caller:
        """Open the store behind a policy by which the first principal may do everything, unless something forbids it."""
        document = self.suited(with_everything(document))
        self.policies.append(document)
        self.world = World(document, data.draw(strategies.nanoseconds(document)))
        policy = Policy.loads(tomli_w.dumps(document))
        location = self.location(self.folder)
        with connect(location, policy=policy, clock=lambda: 0) as before:  # which may say where our clock begins
            store = before._store  # noqa: SLF001  # what it can do is told to nobody else
            self.world.capable = store.capabilities(StoredFamily(next(iter(document["tables"])), "any", 1, "public"))
        if not self.world.capable.given_clock:
            self.world.latest = time.time_ns() - _BEHIND
        self.turn_to(self.world.now)
        self.db = connect(location, policy=policy, clock=lambda: self.world.now)
        self.db.create_tables()
        self.world.create([])
        first = self._session(next(iter(document["principals"])), document["policy"]["purposes"][0])
        for table in document["tables"]:
            for key in (b"a", b"b", b"\xff"):
                self._put(first, Drawn(data, self.world, table, key), None)
        return first

    @property
    def open(self) -> Database:
        """The database, which is open from the first step on."""
        assert self.db is not None
        return self.db

    def _session(self, principal: str, purpose: str) -> Caller:
        who = Held(principal, purpose)
        self.held.append(who)
        return Caller(self.open.session(principal, purpose), who)

    def agree(self, call: Callable[[], T], expected: Callable[[], T]) -> None:
        """Hold what the store's side answers, or with which error it refuses, against what the world says."""
        due: frozenset[str] = frozenset()
        wanted: object = None
        try:
            wanted = expected()
        except Refused as refused:
            due = refused.names
        told: frozenset[str] = frozenset()
        found: object = None
        try:
            found = call()
        except CfaclError as error:
            told = frozenset([type(error).__name__])
            if not told <= due:
                raise
        assert (bool(told), found) == (bool(due), wanted), f"due was {due or wanted!r}"

    def _put(self, caller: Caller, drawn: Drawn, timestamp: int | None) -> None:
        values = drawn.values()
        if timestamp is not None and not self.world.sayable(drawn.table, drawn.key, values, timestamp):
            timestamp = None
        self.changed()

        def expected() -> None:
            self.world.decide(caller.who, "write", drawn.table, dict.fromkeys(family for family, _ in values))
            self.world.put(drawn.table, drawn.key, values, timestamp)

        self.agree(
            lambda: caller.session.table(drawn.table).put(drawn.key, drawn.columns_of(values), timestamp), expected
        )

    # --- who asks, under which policy, and when

    @rule(target=callers, data=st.data())
    def open_a_session(self, data: st.DataObject) -> Caller:
        """Open a session, and keep it whatever comes."""
        document = self.world.document
        principal = data.draw(st.sampled_from(list(document["principals"])))
        return self._session(principal, data.draw(st.sampled_from(document["policy"]["purposes"])))

    @rule(data=st.data())
    def replace_the_policy(self, data: st.DataObject) -> None:
        """Put an edited policy in force, or an earlier one again, while sessions, asks and scans are held."""
        if data.draw(st.booleans()):
            document = data.draw(strategies.edits(self.world.document, most=6))[-1].document
        else:
            document = data.draw(st.sampled_from(self.policies))
        document = self.suited(document)
        self.policies.append(document)
        self.world.replace(document)
        for each in self.held:
            each.removed = each.removed or each.principal not in document["principals"]
        self.open.replace_policy(Policy.loads(tomli_w.dumps(document)))

    @rule(data=st.data())
    def turn_the_clock(self, data: st.DataObject) -> None:
        """Go on to an edge of a window, or past the life of a cell; never back."""
        steps = [self.world.now + step * 1_000_000 for step in _STEPS]
        self.turn_to(data.draw(st.one_of(st.sampled_from(steps), strategies.nanoseconds(self.world.document))))

    def turn_to(self, later: int) -> None:
        """Go on to a time, if it comes, and not to where a store's own clock would be behind."""
        self.changed()
        self.world.now = int(min(max(self.world.now, later), self.world.latest))

    def changed(self) -> None:
        """Read no further where a scan may have read ahead of what now changes."""
        if not self.world.capable.live_scans:
            for each in self.begun:
                each.under_way = False

    @rule()
    def open_again_in_place(self) -> None:
        """Close and open the store, which shows in nothing but scans of one instant; those may end."""
        self.open.reopen()
        for each in self.instants:
            each.under_way = False

    @rule(data=st.data())
    def create_tables(self, data: st.DataObject) -> None:
        """Make what the policy names, and adopt some of what it names again."""
        back = sorted(name for name, kept in self.world.schema.items() if kept.retired and name in self.world.names())
        adopt = data.draw(st.one_of(st.just(back), st.lists(st.sampled_from(back), unique=True))) if back else []
        named = [":".join(each) for each in adopt]
        self.agree(lambda: self.open.create_tables(adopt=named), lambda: self.world.create(adopt))

    @rule(data=st.data())
    def drop_a_table(self, data: st.DataObject) -> None:
        """Drop a table that the policy names, or that is there."""
        known = sorted({table for table, _ in self.world.names() | self.world.schema.keys()})
        table = data.draw(st.sampled_from(known))
        self.agree(lambda: self.open.drop_table(table), lambda: self.world.drop(table))

    @invariant()
    def the_schema_is_as_it_should_be(self) -> None:
        """See that the store says itself how it differs from the policy."""
        found = set(self.open.drift())
        if not self.follows:
            found = {each for each in found if each[2] != "altered"}
        assert found == self.world.drift()
