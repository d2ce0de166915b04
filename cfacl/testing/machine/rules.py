"""The steps: what can be asked of a guarded store, and what it should come to."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import tomli_w
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from cfacl import Database, connect
from cfacl.engine.ask import Ask
from cfacl.errors import CfaclError
from cfacl.model.projection import StoredFamily
from cfacl.policy.policy import Policy
from cfacl.testing import strategies
from cfacl.testing.documents import Document
from cfacl.testing.machine.drawing import Caller, Drawn, with_everything
from cfacl.testing.machine.scans import InstantScan, Scan
from cfacl.testing.machine.world import Held, Parts, Refused, World, plain
from cfacl.testing.oracle import ACTIONS

__all__ = ["StoreMachine"]

T = TypeVar("T")

_RAM: Final = Path("/dev/shm")  # noqa: S108  # only where Linux mounts it
#: By how many milliseconds the clock goes on: about the lives of what `documents` draws.
_STEPS: Final = (1, 1_000, 89_999, 90_000, 400 * 86_400_000)


class _Broken(Exception):
    """What a batch's block raises."""


class StoreMachine(RuleBasedStateMachine):
    """Any store behind a policy, through `cfacl.connect`, sessions and tables.

    Subclass it with `location`; its ``TestCase`` is what pytest collects.
    """

    callers = Bundle("callers")
    asks = Bundle("asks")
    scans = Bundle("scans")

    def location(self, folder: Path) -> str | Path:
        """Return what `cfacl.connect` opens: a fresh store each time, in ``folder`` if it needs one."""
        raise NotImplementedError

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=_RAM if _RAM.is_dir() else None))
        self.db: Database | None = None
        self.held: list[Held] = []
        self.instants: list[InstantScan] = []
        self.policies: list[Document] = []

    def teardown(self) -> None:
        """Close the store, and remove what it wrote."""
        if self.db is not None:
            self.db.close()
        shutil.rmtree(self.folder)

    @initialize(target=callers, data=st.data(), document=strategies.documents(max_tables=2, max_families=3))
    def connect(self, data: st.DataObject, document: Document) -> Caller:
        """Open the store behind a policy by which the first principal may do everything, unless something forbids it."""
        document = with_everything(document)
        self.policies.append(document)
        self.world = World(document, data.draw(strategies.nanoseconds(document)))
        policy = Policy.loads(tomli_w.dumps(document))
        self.db = connect(self.location(self.folder), policy=policy, clock=lambda: self.world.now)
        store = self.db._store  # noqa: SLF001  # what it can do is told to nobody else
        self.world.capable = store.capabilities(StoredFamily("any", "any", 1, "public"))
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
        self.policies.append(document)
        self.world.replace(document)
        for each in self.held:
            each.removed = each.removed or each.principal not in document["principals"]
        self.open.replace_policy(Policy.loads(tomli_w.dumps(document)))

    @rule(data=st.data())
    def turn_the_clock(self, data: st.DataObject) -> None:
        """Go on to an edge of a window, or past the life of a cell; never back."""
        steps = [self.world.now + step * 1_000_000 for step in _STEPS]
        later = data.draw(st.one_of(st.sampled_from(steps), strategies.nanoseconds(self.world.document)))
        self.world.now = max(self.world.now, later)

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
        assert set(self.open.drift()) == self.world.drift()

    # --- checks

    @rule(target=asks, data=st.data())
    def prepare(self, data: st.DataObject) -> Ask:
        """Prepare a request, and keep it whatever comes."""
        table = data.draw(st.sampled_from(list(self.world.document["tables"])))
        families = data.draw(st.lists(st.sampled_from(list(self.world.families(table))), min_size=1, unique=True))
        return self.open.prepare(data.draw(st.sampled_from(ACTIONS)), table, *families)

    @rule(caller=callers, ask=asks)
    def check(self, caller: Caller, ask: Ask) -> None:
        """Check a request that was prepared under this policy or an earlier one."""

        def expected() -> bool:
            allowed = self.world.allowed(caller.who, ask.action, ask.table)
            if not self.world.families(ask.table).keys() >= set(ask.families):
                raise Refused("UnknownFamily")
            return allowed >= set(ask.families)

        self.agree(lambda: caller.session.allows(ask), expected)

    # --- changes

    @rule(caller=callers, data=st.data())
    def put(self, caller: Caller, data: st.DataObject) -> None:
        """Put values, perhaps at a timestamp of the caller's."""
        drawn = Drawn(data, self.world)
        self._put(caller, drawn, drawn.timestamp())

    def _put(self, caller: Caller, drawn: Drawn, timestamp: int | None) -> None:
        values = drawn.values()

        def expected() -> None:
            self.world.decide(caller.who, "write", drawn.table, dict.fromkeys(family for family, _ in values))
            self.world.put(drawn.table, drawn.key, values, timestamp)

        self.agree(
            lambda: caller.session.table(drawn.table).put(drawn.key, drawn.columns_of(values), timestamp), expected
        )

    @rule(caller=callers, data=st.data())
    def delete(self, caller: Caller, data: st.DataObject) -> None:
        """Delete cells, families or a whole row, perhaps up to a timestamp."""
        drawn = Drawn(data, self.world)
        columns, parts = drawn.columns()
        timestamp = drawn.timestamp()

        def expected() -> None:
            self.world.decide(caller.who, "delete", drawn.table, parts)
            self._delete(drawn, parts, timestamp)

        self.agree(lambda: caller.session.table(drawn.table).delete(drawn.key, columns, timestamp), expected)

    def _delete(self, drawn: Drawn, parts: Parts | None, timestamp: int | None) -> None:
        whole: Parts = dict.fromkeys(self.world.families(drawn.table))
        self.world.delete(drawn.table, drawn.key, whole if parts is None else parts, timestamp)

    @rule(caller=callers, data=st.data(), fails=st.integers(0, 3))
    def batch(self, caller: Caller, data: st.DataObject, fails: int) -> None:
        """Send several changes as one, or none of them where the block raises."""
        first = Drawn(data, self.world)
        timestamp = first.timestamp()
        changes = []
        for _ in range(data.draw(st.integers(1, 4))):
            drawn = Drawn(data, self.world, first.table)
            changes.append((drawn, drawn.values() if data.draw(st.booleans()) else None, *drawn.columns()))

        def call() -> None:
            with (
                contextlib.suppress(_Broken),
                caller.session.table(first.table).batch(timestamp, transaction=True) as batch,
            ):
                for drawn, values, columns, _ in changes:
                    if values is None:
                        batch.delete(drawn.key, columns)
                    else:
                        batch.put(drawn.key, drawn.columns_of(values))
                if not fails:
                    raise _Broken

        def expected() -> None:
            self.world.allowed(caller.who, "read", first.table)
            if not fails:
                return
            for _, values, _, parts in changes:
                named: Parts | None = parts if values is None else dict.fromkeys(family for family, _ in values)
                self.world.decide(caller.who, "delete" if values is None else "write", first.table, named)
            for drawn, values, _, parts in changes:
                if values is None:
                    self._delete(drawn, parts, timestamp)
                else:
                    self.world.put(first.table, drawn.key, values, timestamp)

        self.agree(call, expected)

    @rule(caller=callers, data=st.data(), amount=st.integers(-3, 3) | st.just(1 << 62))
    def count(self, caller: Caller, data: st.DataObject, amount: int) -> None:
        """Add to a cell that may be a counter."""
        drawn = Drawn(data, self.world)
        family, qualifier = drawn.column()

        def expected() -> int:
            for action in ("read", "write"):
                self.world.decide(caller.who, action, drawn.table, {family: frozenset([qualifier])})
            found = self.world.newest(drawn.table, drawn.key, family, qualifier)
            total = int.from_bytes(found or b"", "big", signed=True) + amount
            if (found is not None and len(found) != 8) or not -(1 << 63) <= total < 1 << 63:
                raise Refused("InvalidValue")
            value = total.to_bytes(8, "big", signed=True)
            self.world.put(drawn.table, drawn.key, {(family, qualifier): value}, None)
            return total

        name = b"%b:%b" % (family.encode(), qualifier)
        self.agree(lambda: caller.session.table(drawn.table).counter_inc(drawn.key, name, amount), expected)

    @rule(caller=callers, data=st.data())
    def compare_and_set(self, caller: Caller, data: st.DataObject) -> None:
        """Put values if a cell is as it is, or as it is not."""
        drawn = Drawn(data, self.world)
        (family, qualifier), values = drawn.column(), drawn.values()
        kept = self.world.schema.get((drawn.table, family))
        there = kept.cells.get((drawn.key, qualifier), [(None, 0)])[0][0] if kept is not None else None
        wanted = data.draw(st.sampled_from([there, there, None, b""]))

        def expected() -> bool:
            self.world.decide(caller.who, "read", drawn.table, {family: frozenset([qualifier])})
            self.world.decide(caller.who, "write", drawn.table, dict.fromkeys(each for each, _ in values))
            if self.world.newest(drawn.table, drawn.key, family, qualifier) != wanted:
                return False
            self.world.put(drawn.table, drawn.key, values, None)
            return True

        name, change = b"%b:%b" % (family.encode(), qualifier), drawn.columns_of(values)
        self.agree(lambda: caller.session.table(drawn.table).compare_and_set(drawn.key, name, wanted, change), expected)

    # --- reads

    @rule(caller=callers, data=st.data(), strict=st.sampled_from([None, None, True, False]), stamps=st.booleans())
    def rows(self, caller: Caller, data: st.DataObject, strict: bool | None, stamps: bool) -> None:
        """Read rows, one by one and together."""
        drawn = Drawn(data, self.world)
        columns, parts = drawn.columns()
        before = drawn.before()
        keys = drawn.keys()
        more: dict[str, Any] = {"columns": columns, "timestamp": before, "include_timestamp": stamps, "strict": strict}

        def one() -> Any:
            granted = self.world.decide(caller.who, "read", drawn.table, parts, strict)
            return plain(self.world.row(drawn.table, drawn.key, granted.parts, before), stamps), granted.withheld

        def found_one() -> Any:
            row: Any = caller.session.table(drawn.table).row(drawn.key, **more)
            return list(row.items()), row.withheld

        def several() -> Any:
            granted = self.world.decide(caller.who, "read", drawn.table, parts, strict)
            found = ((key, self.world.row(drawn.table, key, granted.parts, before)) for key in keys)
            return [(key, plain(cells, stamps), granted.withheld) for key, cells in found if cells]

        def found_several() -> Any:
            rows: Any = caller.session.table(drawn.table).rows(keys, **more)
            return [(key, list(row.items()), row.withheld) for key, row in rows]

        self.agree(found_one, one)
        self.agree(found_several, several)

    @rule(caller=callers, data=st.data(), most=st.none() | st.integers(1, 3))
    def cells(self, caller: Caller, data: st.DataObject, most: int | None) -> None:
        """Read the versions of a cell."""
        drawn = Drawn(data, self.world)
        family, qualifier = drawn.column()
        before = drawn.before()

        def expected() -> Any:
            self.world.decide(caller.who, "read", drawn.table, {family: frozenset([qualifier])})
            return self.world.versions(drawn.table, drawn.key, family, qualifier, before)[:most]

        name = b"%b:%b" % (family.encode(), qualifier)
        self.agree(
            lambda: caller.session.table(drawn.table).cells(drawn.key, name, most, before, include_timestamp=True),
            expected,
        )

    @rule(caller=callers, data=st.data(), strict=st.sampled_from([None, None, True, False]), stamps=st.booleans())
    def scan(self, caller: Caller, data: st.DataObject, strict: bool | None, stamps: bool) -> None:
        """Scan with every argument that there is."""
        drawn = Drawn(data, self.world)
        columns, parts = drawn.columns()
        before, limit = drawn.before(), data.draw(st.none() | st.integers(1, 5))
        snapshot = data.draw(st.booleans())
        bounds, within, reverse = drawn.bounds()
        more: dict[str, Any] = {
            **bounds,
            "columns": columns,
            "timestamp": before,
            "include_timestamp": stamps,
            "batch_size": data.draw(st.integers(1, 4)),
            "limit": limit,
            "reverse": reverse,
            "strict": strict,
            "snapshot": snapshot and self.world.capable.snapshot_scans,
        }

        def expected() -> Any:
            granted = self.world.decide(caller.who, "read", drawn.table, parts, strict)
            rows = self.world.rows(drawn.table, granted.parts, before)
            keys = sorted(filter(within, rows), reverse=reverse)[:limit]
            return [(key, plain(rows[key], stamps), granted.withheld) for key in keys]

        def call() -> Any:
            found: Any = caller.session.table(drawn.table).scan(**more)
            return [(key, list(row.items()), row.withheld) for key, row in found]

        self.agree(call, expected)

    @rule(target=scans, caller=callers, data=st.data(), reverse=st.booleans(), instant=st.booleans())
    def begin_a_scan(self, caller: Caller, data: st.DataObject, reverse: bool, instant: bool) -> Scan:
        """Begin to scan whatever is granted, and keep the scan whatever comes."""
        table = Drawn(data, self.world).table
        scan = Scan(caller, table, reverse)
        if instant and self.world.capable.snapshot_scans:
            scan = InstantScan(caller, table, reverse)
            self.instants.append(scan)
        self.agree(scan.begin, lambda: scan.begun(self.world))
        return scan

    @rule(scan=scans, steps=st.integers(1, 3))
    def go_on_with_a_scan(self, scan: Scan, steps: int) -> None:
        """Take the next rows of a scan that was begun under this policy or an earlier one."""
        for _ in range(steps):
            if scan.under_way:
                self.agree(scan.take, lambda: scan.taken(self.world))

    @rule(caller=callers, data=st.data(), reverse=st.booleans(), instant=st.booleans())
    def scan_while_the_policy_changes(self, caller: Caller, data: st.DataObject, reverse: bool, instant: bool) -> None:
        """Scan, with another policy or a later time between one row and the next."""
        scan = self.begin_a_scan(caller, data, reverse, instant)
        for change in (self.replace_the_policy, self.turn_the_clock, self.replace_the_policy):
            self.go_on_with_a_scan(scan, 1)
            change(data)
        self.go_on_with_a_scan(scan, 9)
