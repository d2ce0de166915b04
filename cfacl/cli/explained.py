"""How an explanation is told: as a tree, as lines for a pipe, as rows, as a document; on a denial with its remedy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from cfacl.cli.screen import console, counted, say
from cfacl.errors import one_line, printable, quoted

if TYPE_CHECKING:
    from rich.tree import Tree

    from cfacl import Change
    from cfacl.engine.explain import Explanation, FamilyExplanation, Reason
    from cfacl.errors import Fault
    from cfacl.policy.remedy.search import Obstacle, Remedy
    from cfacl.policy.text.places import Spot

__all__ = ["COLUMNS", "as_document", "remedied", "rows", "tell"]

#: The columns of an explanation as rows.
COLUMNS: Final = ("table", "family", "level", "allowed", "what", "path", "roles", "why", "missing")
#: How many of those who gain or lose are told to people; JSON has all.
_TOLD: Final = 8
#: What is no way to allow anything, said where none of the others will do.
_NEVER_PROPOSED: Final = (
    "never proposed: another `never` or `expect` line, another level of a family or kind of a principal,"
    " and to take roles from anybody else"
)
#: What a reason of each kind is told as.
_KINDS: Final = (
    ("grants", "grant", "granted by"),
    ("restrictions", "restriction", "taken away by"),
    ("near_misses", "near miss", "does not count:"),
)


def as_document(explanation: Explanation) -> dict[str, Any]:
    """Return an explanation as a document for JSON."""
    import attrs

    return attrs.asdict(explanation)


def remedied(found: Remedy | Obstacle, file: str, spots: Mapping[str, Spot]) -> dict[str, Any]:
    """Return what would allow it, or what stands against that and where, as a document for JSON."""
    lines = _against(found)
    return {
        "loads": not lines,
        "smallest": not lines and not found.left,
        "compared": found.compared,
        "left": found.left,
        "edits": [each._asdict() for each in found.edits],
        "adds": list(found.adds),
        "others": [
            {key: value for key, value in each._asdict().items() if key not in ("columns", "but")}
            for each in found.others
        ],
        "against": [
            {
                "file": file,
                **each._asdict(),
                "line": spots[each.path].line if each.path in spots else None,
                "column": spots[each.path].column if each.path in spots else None,
            }
            for each in lines
        ],
    }


def _against(found: Remedy | Obstacle) -> Sequence[Fault]:
    """Return the lines that stand against a change."""
    from cfacl.policy.remedy.search import Remedy

    return () if isinstance(found, Remedy) else found.lines


def rows(explanation: Explanation, found: Remedy | Obstacle | None) -> Iterator[dict[str, Any]]:
    """Yield a row for each reason and each edit: a grant, a restriction, a near miss, what is missing, a change."""
    import attrs

    empty = dict.fromkeys(COLUMNS, "") | {"table": explanation.table, "allowed": explanation.allowed}
    for each in explanation.families:
        family = {**empty, "family": each.family, "level": each.level, "allowed": each.allowed}
        for name, what, _ in _KINDS:
            for reason in getattr(each, name):
                yield {**family, "what": what, **attrs.asdict(reason)}
        for line in each.missing:
            yield {**family, "what": "missing", "missing": line}
    if found is None:
        return
    lines = _against(found)
    for edit in found.edits:
        yield {
            **empty,
            "what": "change that breaks a line" if lines else "change",
            "path": edit.path,
            "missing": edit.write,
        }
    for change in found.others:
        yield {
            **empty,
            "what": "by the change",
            "family": change.family,
            "table": change.table,
            "missing": _change(change),
        }
    for fault in lines:
        yield {**empty, "what": "line that it breaks", "path": fault.path, "missing": fault.message}


def tell(explanation: Explanation, found: Remedy | Obstacle | None, file: str, spots: Mapping[str, Spot]) -> None:
    """Print an explanation: a tree on a terminal, and elsewhere lines that stay whole.

    Args:
        file: what the policy's document is called.
        spots: where the lines stand in it that a change breaks, by their paths.
    """
    screen = console()
    if not screen.is_terminal:
        say(*str(explanation).split("\n"))
        if found is not None:
            head, *lines = _remedy(found, file, spots)
            say(head, *(f"  {each}" for each in lines))
        return
    screen.print(_tree(explanation))
    if found is not None:
        head, *lines = _remedy(found, file, spots)
        tree = _branch(head)
        for line in lines:
            tree.add(_text(line))
        screen.print(tree)


def _tree(explanation: Explanation) -> Tree:
    head, *_ = str(explanation).split("\n")
    tree = _branch(head)
    for each in explanation.families:
        verdict, style = ("granted", "green") if each.allowed else ("denied", "red")
        family = tree.add(_text(f"{explanation.table}:{each.family} ({each.level}) is {verdict}", style))
        _reasons(family, each)
    return tree


def _reasons(tree: Tree, explained: FamilyExplanation) -> None:
    for name, _, words in _KINDS:
        for reason in getattr(explained, name):
            branch = tree.add(_text(f"{words} {reason.path}"))
            for line in _parts(reason):
                branch.add(_text(line))
    for line in explained.missing:
        tree.add(_text(f"missing: {line}", "yellow"))


def _parts(reason: Reason) -> Iterator[str]:
    yield f"by {' > '.join(reason.roles)}"
    if reason.why:
        yield one_line(reason.why)
    if reason.missing:
        yield reason.missing


def _remedy(found: Remedy | Obstacle, file: str, spots: Mapping[str, Spot]) -> Iterator[str]:
    """Yield what to write, a line each, behind a line that says what it is."""
    lines = _against(found)
    size = counted(len(found.edits), "edit", "edits")
    if lines:
        compared = counted(found.compared, "change", "changes")
        yield f"of {compared} compared none keeps what the policy says of itself; the nearest is of {size}:"
        yield from map(str, found.edits)
        for role in found.adds:
            yield f"{quoted(role)} is no role of the policy yet: this adds it"
        for each in lines:
            spot = spots.get(each.path)
            yield f"it breaks {file}:{spot.line}: {each}" if spot else f"it breaks {file}: {each}"
        yield from _others(found.others)
        if found.left:
            yield f"{counted(found.left, 'more change was', 'more changes were')} not compared"
        yield _NEVER_PROPOSED
        return
    if found.left:
        left = counted(found.left, "other was", "others were")
        yield f"a small change that allows it, of {size}; {left} not compared, and may be smaller:"
    else:
        yield f"the smallest change that allows it, of {size}:"
    yield from map(str, found.edits)
    yield from _others(found.others)


def _others(others: Sequence[Change]) -> Iterator[str]:
    """Yield who gains or loses what was not asked for, behind a line that says how much is gained."""
    accesses = dict.fromkeys(_change(each) for each in others)
    gains = len({_change(each) for each in others if each.gains})
    if gains:
        yield f"beside what was asked, {counted(gains, 'access is', 'accesses are')} gained by it"
    else:
        yield "nothing else is gained by it"
    told = list(accesses)
    yield from told[:_TOLD]
    if len(told) > _TOLD:
        yield f"and {len(told) - _TOLD:,} more, which `--format json` lists"


def _change(change: Change) -> str:
    verb = "gains" if change.gains else "loses"
    what = f"{change.action} {change.table}:{change.family}"
    return f"{quoted(change.principal)} {verb} {quoted(what)} for {quoted(change.purpose)}"


def _branch(line: str) -> Tree:
    from rich.tree import Tree

    return Tree(_text(line, "bold"))


def _text(line: str, style: str = "") -> Any:
    from rich.text import Text

    return Text(printable(line), style=style)
