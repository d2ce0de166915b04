"""A fault as compilers show one: its place, what it is, the line of the document, a caret below what is meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from cfacl.errors import Fault, printable
from cfacl.policy.text.places import SYNTAX, Spot

#: What stands for the part of a long line that is not shown.
_MORE: Final = "..."
#: How many columns of a line are shown before what is meant, where not all of it fits.
_BEFORE: Final = 20
#: The fewest columns of a document that are shown, however narrow the terminal.
_FEWEST: Final = 10


def pointed_out(faults: Sequence[Fault], spots: Mapping[str, Spot], name: str, text: str, width: int) -> Iterator[str]:
    """Yield the lines that tell faults: ``home.toml:3:1: policy.purposs: ...``, and below it the line and a caret.

    Args:
        faults: in the order in which they are told.
        spots: where they stand, by their paths; a fault without one is told without a line.
        name: what the document is called.
        text: the document.
        width: of the terminal, in columns.
    """
    lines = text.split("\n") if spots else []
    for fault in faults:
        spot = spots.get(fault.path)
        if spot is None:
            yield f"{name}: {fault}"
            continue
        told = fault.message if SYNTAX.fullmatch(fault.path) else fault
        yield f"{name}:{spot.line}:{spot.column}: {told}"
        margin = f"{spot.line} | "
        shown, carets = _excerpt(
            lines[spot.line - 1].replace("\t", " ").rstrip("\r"), spot, max(width - len(margin), _FEWEST)
        )
        yield f"{margin}{shown}"
        yield f"{'| ':>{len(margin)}}{carets}"


def _excerpt(line: str, spot: Spot, width: int) -> tuple[str, str]:
    """Return what of a line fits, and the carets below it; a terminal writes some characters two columns wide."""
    from rich.cells import cell_len, chop_cells

    start = spot.column - 1
    before, meant, after = (
        printable(each) for each in (line[:start], line[start : start + spot.length], line[start + spot.length :])
    )
    if cell_len(before) + cell_len(meant) + cell_len(after) > width:
        room = min(_BEFORE, width // 3)
        if cell_len(before) > room:
            tail = chop_cells(before[::-1], max(room - len(_MORE), 1))[0]
            before = _MORE + tail[::-1]
        rest = chop_cells(f"{meant}{after}", max(width - cell_len(before) - len(_MORE), 1))
        shown = rest[0] if rest else ""  # it ends there
        meant, after = shown[: len(meant)], shown[len(meant) :] + (_MORE if len(rest) > 1 else "")
    return f"{before}{meant}{after}", " " * cell_len(before) + "^" * max(cell_len(meant), 1)
