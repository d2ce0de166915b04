"""What a set of roles may do to one table for one purpose at one instant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cfacl.engine.bits import BEGIN, END, NOTHING, Bound, Masks, TableBits


class Held(NamedTuple):
    """A role held during ``[start, until)``, in nanoseconds."""

    role: str
    start: int
    until: int


class View(NamedTuple):
    """The families denied, by action, and the instant until which that stays so (`END`: for ever).

    The denied mask is kept, not the granted one: a check is then one AND and no inversion.
    """

    table: TableBits
    denied: Masks
    until: int


def look(table: TableBits, purpose: str, bit: int, holdings: Iterable[tuple[Held, Sequence[Bound]]], now: int) -> View:
    """Return the view at ``now``: the union of what counts, minus what is taken away.

    Args:
        purpose, bit: the stated purpose, and its bit in rules.
        holdings: each role held, with the rules that come with it.
        now: nanoseconds since 1970.
    """
    given = list(NOTHING)
    taken = list(NOTHING)
    until = END
    for held, bounds in holdings:
        if now < held.start:
            until = min(until, held.start)
        elif now < held.until:
            until = min(until, held.until)
            for rule, mask, _ in bounds:
                if not rule.purposes & bit or now >= rule.until:
                    continue
                if now < rule.start:
                    until = min(until, rule.start)
                    continue
                until = min(until, rule.until)
                total = given if rule.gives else taken
                for i in rule.actions:
                    total[i] |= mask
    usable = table.for_purpose.get(purpose, 0)
    denied = tuple([table.every & ~(given[i] & ~taken[i] & usable) for i in range(len(given))])
    return View(table, denied, until)


class Segment(NamedTuple):
    """A stretch ``[start, until)`` of the time line on which the granted masks do not change."""

    start: int
    until: int
    granted: Masks


def timeline(
    table: TableBits, purpose: str, bit: int, holdings: Sequence[tuple[Held, Sequence[Bound]]]
) -> list[Segment]:
    """Return the whole time line, first to last, neighbours with equal masks joined."""
    segments: list[Segment] = []
    start = BEGIN
    while start < END:
        view = look(table, purpose, bit, holdings, start)
        granted = tuple([table.every & ~mask for mask in view.denied])
        if segments and segments[-1].granted == granted:
            segments[-1] = Segment(segments[-1].start, view.until, granted)
        else:
            segments.append(Segment(start, view.until, granted))
        start = view.until
    return segments
