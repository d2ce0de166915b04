"""What a filter is asked in a scan, and what it may answer."""

from __future__ import annotations

from typing import ClassVar, Final, NamedTuple

__all__ = ["COLUMN", "HINT", "ROW", "TAKEN", "Code", "Seen", "Step"]


class Seen(NamedTuple):
    """One value of a column, as a filter sees it; the timestamp in milliseconds."""

    family: bytes
    qualifier: bytes
    timestamp: int
    value: bytes


#: What is said of a cell: whether it is `TAKEN`, and where to go on: at the next value, at the next column, behind what
#: the row has in this family, or where the filter hints at.
Code = int
TAKEN: Final = 1
COLUMN: Final = 2
ROW: Final = 4
HINT: Final = 8


class Step:
    """What a filter is asked; the base of all, which lets everything pass."""

    #: Whether it says only at a row's end whether the row passes.
    late: ClassVar[bool] = False
    #: Whether it is asked for a hint even of cells that another has left out.
    hinting: ClassVar[bool] = False

    def reset(self) -> None:
        """Forget the row; the next begins."""

    def done(self) -> bool:
        """Whether nothing passes any more."""
        return False

    def skips(self, key: bytes) -> bool:
        """Whether a row is left out, by its key."""
        return self.done()

    def judge(self, cell: Seen) -> Code:
        """Say what becomes of a value."""
        return TAKEN

    def hint(self, cell: Seen) -> tuple[bytes, bytes] | None:
        """Return the family and the qualifier to go on at, behind one at which it hinted."""
        return None

    def changed(self, cell: Seen) -> Seen:
        """Return what is handed out for a value that is taken."""
        return cell

    def cut(self, cells: list[Seen]) -> list[Seen]:
        """Return what is left of a row, once all of it was seen."""
        return cells

    def drops(self) -> bool:
        """Whether the row, of which something is left, is left out; asked once."""
        return False
