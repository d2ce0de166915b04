"""A scan that is half read while policies, tables and cells change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from cfacl.errors import CfaclError
from cfacl.testing.machine.drawing import Caller
from cfacl.testing.machine.world import Kept, Parts, Refused, World, plain

__all__ = ["InstantScan", "Scan"]

#: What a family says of how its cells are kept.
_KEEPING: Final = ("level", "versions", "time_to_live")


class Scan:
    """A narrow scan of single rows, and what it may still return: rule 9 of the specification.

    Attributes:
        under_way: whether there is more to take.
    """

    def __init__(self, caller: Caller, table: str, reverse: bool) -> None:
        self._caller = caller
        self._table = table
        self._reverse = reverse
        self._rows: Iterator[Any] = iter(())
        self._parts: Parts = {}
        self._kept: dict[str, Kept] = {}
        self._last: bytes | None = None
        self._end: Any = (None, None)
        self.under_way = False

    def begin(self) -> None:
        """Begin it."""
        self._rows = self._caller.session.table(self._table).scan(batch_size=1, reverse=self._reverse)

    def begun(self, world: World) -> None:
        """Decide it, as it is when it begins."""
        self._parts = world.decide(self._caller.who, "read", self._table, None).parts
        self._kept = {family: world.kept(self._table, family) for family in self._parts}
        self.under_way = True

    def take(self) -> Any:
        """Take the next row; ``None`` at the end."""
        try:
            key, row = next(self._rows, self._end)
        except CfaclError:
            self.under_way = False
            raise
        if key is None:
            self.under_way = False
            return None
        hidden = self._parts.keys() & row.withheld
        return key, list(row.items()), hidden

    def taken(self, world: World) -> Any:
        """What the next row should be: behind the last, of what is granted now *and* was granted all the time.

        Raises:
            Refused: nothing is left, or a family was dropped, whatever is granted now.
        """
        lost = [each for each, kept in self._kept.items() if world.schema.get((self._table, each)) is not kept]
        try:
            world.allowed(self._caller.who, "read", self._table)
            asked: Parts = {each: None for each in self._parts if each in world.families(self._table)}
            granted = world.decide(self._caller.who, "read", self._table, asked, strict=False).parts
        except Refused as refused:
            raise Refused(*refused.names, *(["SchemaMissing"] if lost else [])) from None
        if lost:
            raise Refused("SchemaMissing")
        shared: Parts = {}
        for family, named in granted.items():
            if family in self._parts:
                before = self._parts[family]
                common = before if named is None else named if before is None else named & before
                if common is None or common:
                    shared[family] = common
        if not shared:
            raise Refused("AccessDenied")
        return self._next(world, shared)

    def _next(self, world: World, shared: Parts) -> Any:
        self._parts = shared
        self._kept = {family: self._kept[family] for family in shared}
        return self._row(world)

    def _row(self, world: World) -> Any:
        rows = world.rows(self._table, self._parts)
        for key in sorted(rows, reverse=self._reverse):
            if self._last is None or (key < self._last if self._reverse else key > self._last):
                self._last = key
                return key, plain(rows[key], timestamps=False), set()
        return None


class InstantScan(Scan):
    """A scan of one instant: what was there when it began, less what expired, and an error where anything is gone."""

    def begin(self) -> None:
        """Begin it."""
        table = self._caller.session.table(self._table)
        self._rows = table.scan(batch_size=1, reverse=self._reverse, snapshot=True)

    def begun(self, world: World) -> None:
        """Decide it, and keep what there is."""
        super().begun(world)
        self._world = world.frozen()

    def _next(self, world: World, shared: Parts) -> Any:
        if shared != self._parts:
            raise Refused("AccessDenied")
        before, now = self._world.families(self._table), world.families(self._table)
        if any(before[each].get(key) != now[each].get(key) for each in shared for key in _KEEPING):
            raise Refused("SchemaMissing")
        self._world.now = world.now
        return self._row(self._world)
