"""What stands whatever the purpose and the time: all that a store's own rights can say.

They know no purpose and no clock.  So a permission stands if it holds for every purpose that its family may be used for,
now and ever after; what does not is told with what it depends on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from cfacl.engine.bits import BEGIN, END, TableBits
from cfacl.engine.snapshot import Snapshot
from cfacl.engine.view import Held, Segment
from cfacl.model.action import ACTIONS, Action
from cfacl.model.catalog import Family
from cfacl.model.grants import moment


class Standing(NamedTuple):
    """What a principal may do, now or later, for some purpose of a family.

    Attributes:
        without: purposes of the family for which it may not, sorted.
        since: the instant from which on it may, where that is to come.
        until: the first instant at which it may no longer.
    """

    principal: str
    table: str
    family: str
    action: Action
    without: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    @property
    def stands(self) -> bool:
        """Whether it depends on nothing."""
        return not self.without and self.since is None and self.until is None


def standing(snapshot: Snapshot, principals: Iterable[str], purpose: str | None, now: int) -> Iterator[Standing]:
    """Yield everything that ``principals`` may do at ``now`` or later; sorted, but for their own order.

    Args:
        purpose: the only one that they ever state; ``None`` where they may state any.

    Raises:
        AccessDenied: the policy knows no such principal.
        UnknownPurpose: the policy declares no such purpose.
    """
    known: dict[tuple[Held, ...], list[Standing]] = {}
    if purpose is not None:
        snapshot.profile((), purpose)  # pragma: no mutate  # whose does not matter: it raises for an unknown purpose
    for name in principals:
        held = snapshot.holds(name)
        if held not in known:
            known[held] = list(_of(snapshot, held, purpose, now))
        yield from (each._replace(principal=name) for each in known[held])


def _of(snapshot: Snapshot, held: tuple[Held, ...], purpose: str | None, now: int) -> Iterator[Standing]:
    for table in sorted(snapshot.granted_tables(held)):
        bits = snapshot.bits.tables[table]
        to_come = {
            each: [segment for segment in snapshot.profile(held, each).timeline(bits) if segment.until > now]
            for each in sorted(bits.for_purpose)
            if purpose in (None, each)
        }
        for family in bits.families:
            lines = {each: segments for each, segments in to_come.items() if each in family.purposes}
            for index, action in enumerate(ACTIONS):
                found = _joined(bits, family, action, index, lines)
                if found is not None:
                    yield found


def _joined(
    table: TableBits, family: Family, action: Action, index: int, lines: dict[str, list[Segment]]
) -> Standing | None:
    """Return what the time lines of all purposes come to; ``None`` where it is never granted."""
    bit = table.bit[family.name]
    without, since, until = [], BEGIN, END
    for purpose, segments in lines.items():
        granted = [bool(each.granted[index] & bit) for each in segments]
        if True not in granted:
            without.append(purpose)
            continue
        first = granted.index(True)
        if first:
            since = max(since, segments[first].start)
        if False in granted[first:]:
            until = min(until, segments[granted.index(False, first)].start)
    if len(without) == len(lines):
        return None
    return Standing(
        principal="",  # pragma: no mutate  # whoever holds the roles takes its place
        table=table.name,
        family=family.name,
        action=action,
        without=tuple(without),
        since=None if since == BEGIN else moment(since),
        until=None if until == END else moment(until),
    )
