"""How a comparison of two policies is told where it is reviewed: as Markdown for a pull request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from cfacl.cli.screen import counted
from cfacl.errors import printable, quoted_path
from cfacl.policy.difference.remark import EFFECTS

if TYPE_CHECKING:
    from cfacl import Change
    from cfacl.policy.difference.remark import Effect, Remark

__all__ = ["joined", "markdown", "tally"]

#: How many principals of a line are named, and how many places of one in what else changed.
_NAMED: Final = 3
_PLACES: Final = 20
#: For how many characters of rows there is room; headings and the last line are some hundreds.  GitHub takes 65,536 in a
#: comment ("Body is too long (maximum is 65536 characters)"), and whoever posts it may say something before.
_ROOM: Final = 60_000
#: What is told of access, as gains and as losses.
_ACCESS: Final = ("who gains", "who loses")


class _Section(NamedTuple):
    """A heading, which is never left out, and a table below it.

    Attributes:
        what: what its rows are of, for whoever is told that some are left out.
        rows: each with how soon it is left out: the higher, the sooner.
    """

    title: str
    what: str
    columns: tuple[str, ...]
    rows: list[tuple[int, str]]


def markdown(
    changes: Iterable[Change],
    levels: Mapping[tuple[str, str], str],
    columns: Mapping[Change, str],
    remarks: Sequence[Remark],
) -> Iterator[str]:
    """Yield the lines: who gains, then who loses; all for whom the same changes are one line.  Then what else changed.

    What would be too long for a comment is left out by rows, and the last line says so: first what else strengthens or
    changes, then who loses, then who gains, and only then what else weakens.

    Args:
        changes: what matters most first.
        levels: of each (table, family), what to say of its level.
        columns: what is said of a change's columns.
        remarks: what weakens first.
    """
    sections = [*_access(changes, levels, columns), *_else(remarks)]
    if not any(each.what in _ACCESS for each in sections):
        yield "Nobody gains or loses anything."
        if sections:
            yield ""
    kept = _kept([row for each in sections for row in each.rows])
    for each in sections:
        yield f"### {each.title}"
        yield ""
        if rows := [row for row in each.rows if row in kept]:
            yield f"| {' | '.join(each.columns)} |"
            yield f"|{'---|' * len(each.columns)}"
            yield from (row for _, row in rows)
            yield ""
    left = {each.what: sum(row not in kept for row in each.rows) for each in sections}
    if any(left.values()):
        said = ", ".join(f"{number:,} of {what}" for what, number in left.items() if number)
        total = counted(sum(left.values()), "row is", "rows are")
        yield f"**{total} left out**, for length: {said}. `cfacl diff OLD NEW` has all, with `--format csv` for a spreadsheet."


def _kept(rows: Iterable[tuple[int, str]]) -> set[tuple[int, str]]:
    """Return the rows for which there is room; one that is very long does not take the place of all behind it."""
    kept, room = set(), _ROOM
    for each in sorted(rows, key=lambda row: row[0]):
        size = len(printable(each[1])) + 1
        if size <= room:
            kept.add(each)
            room -= size
    return kept


def _access(
    changes: Iterable[Change], levels: Mapping[tuple[str, str], str], columns: Mapping[Change, str]
) -> Iterator[_Section]:
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
    heading = ("who", "action", "family", "level", "columns", "purpose", "since", "until")
    for rank, (side, who, mark) in enumerate(zip(sides.values(), _ACCESS, ("⚠️ ", ""), strict=True), 1):
        if side:
            accesses = counted(sum(map(len, side.values())), "access", "accesses")
            rows = [(rank, _row(_some(names, _NAMED), *map(_cell, cells))) for cells, names in side.items()]
            yield _Section(f"{mark}{who.capitalize()}: {accesses}", who, heading, rows)


def _else(remarks: Sequence[Remark]) -> Iterator[_Section]:
    """Yield what else changed, if anything; all that is remarked in the same words is one row."""
    if remarks:
        mark = "⚠️ " if any(each.effect == "weakens" for each in remarks) else ""
        rows = [
            (0 if effect == "weakens" else 3, _row(effect, _some(paths, _PLACES), _cell(message.replace("`", ""))))
            for (effect, message), paths in joined(remarks).items()
        ]
        title = f"{mark}What else changed: {tally(remarks)}"
        yield _Section(title, "what else changed", ("effect", "where", "what"), rows)


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


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _some(names: list[str], most: int) -> str:
    told = ", ".join(map(_cell, names[:most]))
    return told if len(names) <= most else f"{told} and {len(names) - most:,} more"


def _cell(text: str) -> str:
    """Return text as code, in which nothing is markup, a mention or a link; it is never cut."""
    return quoted_path(text).replace("|", f"\\u{ord('|'):04x}") if text else ""
