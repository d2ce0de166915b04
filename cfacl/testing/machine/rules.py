"""The steps: what can be asked of a guarded store, and what it should come to."""

from __future__ import annotations

import contextlib
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import rule

from cfacl.engine.ask import Ask
from cfacl.testing.machine.drawing import Caller, Drawn
from cfacl.testing.machine.scans import InstantScan, Scan
from cfacl.testing.machine.setting import Setting
from cfacl.testing.machine.world import Parts, Refused, plain
from cfacl.testing.oracle import ACTIONS

__all__ = ["StoreMachine"]

T = TypeVar("T")


class _Broken(Exception):
    """What a batch's block raises."""


class StoreMachine(Setting):
    """Any store behind a policy, through `cfacl.connect`, sessions and tables.

    Subclass it with `location`; its ``TestCase`` is what pytest collects.
    """

    callers, asks, scans = Setting.callers, Setting.asks, Setting.scans

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

    @rule(caller=callers, data=st.data())
    def delete(self, caller: Caller, data: st.DataObject) -> None:
        """Delete cells, families or a whole row, perhaps up to a timestamp."""
        drawn = Drawn(data, self.world)
        columns, parts = drawn.columns()
        timestamp = drawn.timestamp()
        self.changed()

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
        if not self.world.capable.given_clock:  # else nobody knows whether two of one cell are of one millisecond
            changes = list({each[0].key: each for each in changes}.values())
        if timestamp is not None and not all(
            values is None or self.world.sayable(first.table, drawn.key, values, timestamp)
            for drawn, values, _, _ in changes
        ):
            timestamp = None
        self.changed()

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
            wants: list[tuple[str, Parts | None]] = [
                ("delete", parts) if values is None else ("write", dict.fromkeys(family for family, _ in values))
                for _, values, _, parts in changes
            ]
            self.world.decide_all(caller.who, first.table, wants)
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
        self.changed()

        def expected() -> int:
            one: Parts = {family: frozenset([qualifier])}
            self.world.decide_all(caller.who, drawn.table, [("read", one), ("write", one)])
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
        if not self.world.capable.compare_and_set:
            values = {(family, qualifier): next(iter(values.values()))}
            wanted = b"v" if b"" in (there, wanted) else wanted
        self.changed()

        def expected() -> bool:
            put: Parts = dict.fromkeys(each for each, _ in values)
            one: Parts = {family: frozenset([qualifier])}
            self.world.decide_all(caller.who, drawn.table, [("read", one), ("write", put)])
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
            cells = self.world.row(drawn.table, drawn.key, granted.parts, before)
            return self.world.plain(plain(cells, stamps), stamps), granted.withheld

        def found_one() -> Any:
            row: Any = caller.session.table(drawn.table).row(drawn.key, **more)
            return self.world.plain(row.items(), stamps), row.withheld

        def several() -> Any:
            granted = self.world.decide(caller.who, "read", drawn.table, parts, strict)
            found = ((key, self.world.row(drawn.table, key, granted.parts, before)) for key in keys)
            return [
                (key, self.world.plain(plain(cells, stamps), stamps), granted.withheld) for key, cells in found if cells
            ]

        def found_several() -> Any:
            rows: Any = caller.session.table(drawn.table).rows(keys, **more)
            return [(key, self.world.plain(row.items(), stamps), row.withheld) for key, row in rows]

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
            found = self.world.versions(drawn.table, drawn.key, family, qualifier, before)[:most]
            return [self.world.dated(each) for each in found]

        def call() -> Any:
            table = caller.session.table(drawn.table)
            found: Any = table.cells(drawn.key, name, most, before, include_timestamp=True)
            return [self.world.dated(each) for each in found]

        name = b"%b:%b" % (family.encode(), qualifier)
        self.agree(call, expected)

    @rule(caller=callers, data=st.data(), strict=st.sampled_from([None, None, True, False]), stamps=st.booleans())
    def scan(self, caller: Caller, data: st.DataObject, strict: bool | None, stamps: bool) -> None:
        """Scan with every argument that there is."""
        drawn = Drawn(data, self.world)
        columns, parts = drawn.columns()
        before, limit = drawn.before(), data.draw(st.none() | st.integers(1, 5))
        snapshot = data.draw(st.booleans())
        bounds, within, reverse = drawn.bounds()
        ordered = self.world.capable.ordered_scan
        if not ordered:
            bounds, within, reverse, limit = {}, lambda _: True, False, None
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
            return [(key, self.world.plain(plain(rows[key], stamps), stamps), granted.withheld) for key in keys]

        def call() -> Any:
            found: Any = caller.session.table(drawn.table).scan(**more)
            rows = [(key, self.world.plain(row.items(), stamps), row.withheld) for key, row in found]
            return rows if ordered else sorted(rows, key=lambda each: each[0])

        self.agree(call, expected)

    @rule(target=scans, caller=callers, data=st.data(), reverse=st.booleans(), instant=st.booleans())
    def begin_a_scan(self, caller: Caller, data: st.DataObject, reverse: bool, instant: bool) -> Scan:
        """Begin to scan whatever is granted, and keep the scan whatever comes."""
        table = Drawn(data, self.world).table
        scan = Scan(caller, table, reverse and self.world.capable.ordered_scan)
        if instant and self.world.capable.snapshot_scans:
            scan = InstantScan(caller, table, reverse)
            self.instants.append(scan)
        self.agree(scan.begin, lambda: scan.begun(self.world))
        self.begun.append(scan)
        scan.under_way = scan.under_way and self.world.capable.ordered_scan  # else nobody knows which row is next
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
