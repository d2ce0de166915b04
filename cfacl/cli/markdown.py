"""How a comparison of two policies is told where it is reviewed: as Markdown for a pull request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from cfacl.cli.screen import counted
from cfacl.errors import quoted_path
from cfacl.policy.difference.remark import EFFECTS

if TYPE_CHECKING:
    from cfacl import Change
    from cfacl.policy.difference.remark import Effect, Remark

__all__ = ["joined", "markdown", "tally"]

#: How many principals of a line are named, and how many places of one in what else changed.
_NAMED: Final = 3
_PLACES: Final = 20


def markdown(
    changes: Iterable[Change],
    levels: Mapping[tuple[str, str], str],
    columns: Mapping[Change, str],
    remarks: Sequence[Remark],
) -> Iterator[str]:
    """Yield the lines: who gains, then who loses; all for whom the same changes are one line.  Then what else changed.

    Args:
        levels: of each (table, family), what to say of its level.
        columns: what is said of a change's columns.
        remarks: what weakens first.
    """
    sides: dict[bool, dict[tuple[str, ...], list[str]]] = {True: {}, False: {}}
    for each in changes:
        since, until = (when.isoformat() if when else "" for when in (each.since, each.until))
        level = levels[each.table, each.family]
        what: tuple[str, ...] = (
            each.action,
            f"{each.table}:{each.family}",
            level,
            columns[each],
            each.purpose,
            since,
            until,
        )
        sides[each.gains].setdefault(what, []).append(each.principal)
    for gains, title in ((True, "⚠️ Who gains"), (False, "Who loses")):
        if not sides[gains]:
            continue
        accesses = sum(map(len, sides[gains].values()))
        yield f"### {title}: {counted(accesses, 'access', 'accesses')}"
        yield ""
        yield "| who | action | family | level | columns | purpose | since | until |"
        yield "|---|---|---|---|---|---|---|---|"
        for what, principals in sides[gains].items():
            yield f"| {' | '.join((_some(principals, _NAMED), *map(_cell, what)))} |"
        yield ""
    if not any(sides.values()):
        yield "Nobody gains or loses anything."
        if remarks:
            yield ""
    if remarks:
        yield from _else(remarks)


def _else(remarks: Sequence[Remark]) -> Iterator[str]:
    """Yield the lines of what else changed; all that is remarked in the same words is one line."""
    weakens = any(each.effect == "weakens" for each in remarks)
    yield f"### {'⚠️ ' if weakens else ''}What else changed: {tally(remarks)}"
    yield ""
    yield "| effect | where | what |"
    yield "|---|---|---|"
    for (effect, message), paths in joined(remarks).items():
        yield f"| {effect} | {_some(paths, _PLACES)} | {_cell(message.replace('`', ''))} |"
    yield ""


def joined(remarks: Iterable[Remark]) -> dict[tuple[Effect, str], list[str]]:
    """Return the places of which the same is remarked, by its effect and message, in the order of the first of them."""
    found: dict[tuple[Effect, str], list[str]] = {}
    for each in remarks:
        found.setdefault((each.effect, each.message), []).append(each.path)
    return found


def tally(remarks: Iterable[Remark]) -> str:
    """Return how many remarks weaken a policy, and how many do what else: ``2 weaken, 1 strengthens``."""
    count = Counter(each.effect for each in remarks)
    return ", ".join(f"{count[each]:,} {each if count[each] == 1 else each[:-1]}" for each in EFFECTS if count[each])


def _some(names: list[str], most: int) -> str:
    told = ", ".join(map(_cell, names[:most]))
    return told if len(names) <= most else f"{told} and {len(names) - most:,} more"


def _cell(text: str) -> str:
    """Return text as code, in which nothing is markup, a mention or a link; it is never cut."""
    return quoted_path(text).replace("|", f"\\u{ord('|'):04x}") if text else ""
