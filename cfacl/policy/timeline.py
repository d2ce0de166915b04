"""What somebody may do to a table over all time, by one sweep over the edges of windows.

It says what `cfacl.engine.view.timeline` says, and tests hold the two together.  That one looks at
every rule anew at every edge, as a decision does; with thousands of windows this one takes a second
where that takes minutes.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from cfacl.engine.bits import BEGIN, END, NOTHING, TableBits
from cfacl.engine.snapshot import Profile
from cfacl.engine.view import Segment

_OPENS: Final = 1
_CLOSES: Final = -1


def timeline(profile: Profile, table: TableBits) -> list[Segment]:
    """Return the whole time line, first to last, neighbours with equal masks joined."""
    given, taken = _Total(), _Total()
    edges: defaultdict[int, list[tuple[_Total, tuple[int, ...], int, int]]] = defaultdict(list, {BEGIN: []})
    usable = table.for_purpose.get(profile.purpose, 0)
    for held, bounds in profile.holdings(table):
        for rule, mask, _ in bounds:
            start, until = max(held.start, rule.start), min(held.until, rule.until)
            if rule.purposes & profile.bit and mask & usable and start < until:
                total = given if rule.gives else taken
                edges[start].append((total, rule.actions, mask & usable, _OPENS))
                edges[until].append((total, rule.actions, mask & usable, _CLOSES))
    edges.pop(END, None)
    segments: list[Segment] = []
    for edge in sorted(edges):
        for total, actions, mask, change in edges[edge]:
            total.count(actions, mask, change)
        granted = tuple([gives & ~takes for gives, takes in zip(given.masks, taken.masks, strict=True)])
        if segments and segments[-1].granted == granted:
            continue
        if segments:
            segments[-1] = segments[-1]._replace(until=edge)
        segments.append(Segment(edge, END, granted))
    return segments


class _Total:
    """The union of masks, one an action, from which each can be taken out again."""

    def __init__(self) -> None:
        self.masks = list(NOTHING)
        self._counts: list[defaultdict[int, int]] = [defaultdict(int) for _ in NOTHING]

    def count(self, actions: tuple[int, ...], mask: int, change: int) -> None:
        for action in actions:
            counts, left = self._counts[action], mask
            while left:
                bit = left & -left
                left &= ~bit
                counts[bit] += change
                if counts[bit]:
                    self.masks[action] |= bit
                else:
                    self.masks[action] &= ~bit
