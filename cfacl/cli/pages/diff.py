"""The page of a difference between two policies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from cfacl.cli.markdown import tally
from cfacl.cli.pages.packing import Packing, Same, during
from cfacl.cli.pages.page import page
from cfacl.cli.screen import counted
from cfacl.model.action import ACTIONS
from cfacl.policy.difference.grounds import Grounds

if TYPE_CHECKING:
    import cfacl
    from cfacl.model.catalog import Family
    from cfacl.policy.difference.remark import Remark

_WORDS: Final = {
    "kind": "diff",
    "columns": "principals",
    "may": "Change",
    "who": "Principals",
    "nothing": "no change",
    "none": "Nothing is gained or lost here.",
}
#: What a change begins with: gains, loses.
_VERBS: Final = {True: "gains", False: "loses"}
_SIGNS: Final = {True: "+", False: "\N{MINUS SIGN}"}


def diff_page(
    old: cfacl.Policy,
    new: cfacl.Policy,
    fingerprints: tuple[str, str],
    changes: Sequence[tuple[cfacl.Change, str]],
    remarks: Sequence[Remark],
) -> str:
    """Return the page of what changes from one policy to another.

    Args:
        fingerprints: of the text of the one and of the other: their names are often the same.
        changes: each with the columns that it is about.
        remarks: what else changed, what weakens first.
    """
    cells: dict[tuple[str, str, str], list[tuple[cfacl.Change, str]]] = {}
    for change, columns in changes:
        cells.setdefault((change.principal, change.table, change.family), []).append((change, columns))
    families = [_family(old, new, *place) for place in sorted({key[1:] for key in cells})]
    levels = _ladder(old.catalog.levels, new.catalog.levels)
    principals = sorted({principal for principal, _, _ in cells})
    packing = Packing(_WORDS, families, levels, ((each, _note(old, new, each)) for each in principals))
    column = {each: number for number, each in enumerate(principals)}
    grounds = {True: Grounds(new), False: Grounds(old)}
    for (principal, table, family), found in cells.items():
        said = _said([each for each, _ in found])
        packing.fill(column[principal], Same(table, [family], *said, _entries(packing, grounds, found)))
    return page(
        kind="Difference of access",
        name=new.name if old.name == new.name else f"{old.name} \N{RIGHTWARDS ARROW} {new.name}",
        facts=[
            ("From", f"{old.name}, SHA-256 {fingerprints[0]}"),
            ("To", f"{new.name}, SHA-256 {fingerprints[1]}"),
            *(
                (_VERBS[gains].capitalize(), _count([each for each, _ in changes if each.gains is gains]))
                for gains in (True, False)
            ),
            ("What else changed", tally(remarks) or "nothing"),
        ],
        meaning="A cell says what a principal may do under the second policy and not under the first, and what under the"
        " first and not under the second, at any time. Principals and families for which nothing changes are left out.",
        levels=levels,
        letters=[("+", "gains"), ("\N{MINUS SIGN}", "loses"), *((each[0], each) for each in ACTIONS)],
        notes=[] if changes else ["Nobody gains or loses anything."],
        remarks=remarks,
        columns="Principals",
        instead="cfacl diff OLD NEW --format json",
        data=packing.document(),
    )


def _family(old: cfacl.Policy, new: cfacl.Policy, table: str, family: str) -> tuple[str, Family]:
    """Return a family as the second policy has it, or else the first."""
    found = new.catalog.tables.get(table)
    policy = new if found is not None and family in found.families else old
    return table, policy.catalog.tables[table].families[family]


def _ladder(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """Return the levels of both: those of the second policy, and each that it lacks below the next that it has."""
    ladder = list(new)
    for place, level in reversed(list(enumerate(old))):
        if level not in ladder:
            above = next((each for each in old[place + 1 :] if each in ladder), None)
            ladder.insert(len(ladder) if above is None else ladder.index(above), level)
    return ladder


def _note(old: cfacl.Policy, new: cfacl.Policy, principal: str) -> str:
    if principal not in old.principals:
        return f"{new.principals[principal].kind}, new"
    return (
        f"{old.principals[principal].kind}, removed"
        if principal not in new.principals
        else new.principals[principal].kind
    )


def _count(changes: Sequence[cfacl.Change]) -> str:
    """Return how many principals there are in some changes, and of how many families."""
    if not changes:
        return "nobody"
    principals = counted(len({each.principal for each in changes}), "principal", "principals")
    families = counted(len({(each.table, each.family) for each in changes}), "family", "families")
    return f"{principals}, on {families}"


def _said(changes: Sequence[cfacl.Change]) -> tuple[str, str]:
    """Return what stands in a cell: in letters, and in words."""
    letters, words = [], []
    for gains in (True, False):
        given = {each.action for each in changes if each.gains is gains}
        actions = [each for each in ACTIONS if each in given]
        if actions:
            letters.append(_SIGNS[gains] + "".join(each[0] for each in actions))
            words.append(f"{_VERBS[gains]} {', '.join(actions)}")
    return " ".join(letters), "; ".join(words)


def _entries(
    packing: Packing, grounds: dict[bool, Grounds], found: Sequence[tuple[cfacl.Change, str]]
) -> list[tuple[int, ...]]:
    """Return the changes of a cell, those joined that differ in their purpose alone."""
    joined: dict[tuple[Any, ...], list[str]] = {}
    for change, columns in found:
        via = grounds[change.gains].of(change)
        joined.setdefault((change.gains, change.action, change.since, change.until, columns, via), []).append(
            change.purpose
        )
    return [
        packing.entry(f"{_VERBS[gains]} {action}", purposes, during(since, until), columns and f"column {columns}", via)
        for (gains, action, since, until, columns, via), purposes in joined.items()
    ]
