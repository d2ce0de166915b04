"""What a part of the page is made of: figures that were promised, tables of what was measured, what to compare with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from attrs import field, frozen

#: The unit of a ratio.
TIMES: Final = "\N{MULTIPLICATION SIGN}"

#: How many of a unit there are in pyperf's.
SCALES: Final = {TIMES: 1.0, "s": 1.0, "ms": 1e3, "µs": 1e6, "B": 1.0, "MiB": 1 / (1 << 20)}

#: A benchmark whose time is shown, or two whose ratio is.
Cell = str | tuple[str, str]


@frozen
class Figure:
    """Something that was promised.

    Attributes:
        what: what is measured, over what it is divided by.
        top, bottom: the benchmarks that are divided, round by round; without ``bottom`` the values of ``top`` count.
        bound: what the median is held against, in ``unit``.
        least: whether the bound is a lower one.
        unit: `TIMES` for ratios, else one of `SCALES`.
        because: why it was missed, where it was.
    """

    what: str
    top: str
    bottom: str | None
    bound: float
    least: bool = False
    unit: str = TIMES
    because: str = ""


@frozen
class Table:
    """A table of what was measured.

    Attributes:
        columns: its header, a name for each column.
        rows: of each row what it is, and its cells.
        above, below: what is to be said of it.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, *tuple[Cell, ...]], ...]
    above: str = ""
    below: str = ""


@frozen
class Part:
    """A part of the page.

    Attributes:
        title: its headline.
        figures: what was promised of it.
        tables: what is listed.
        rivals: what else could be done, its benchmark, and that of cfacl which does the same.
        optional: of benchmarks that a machine may not be able to run, what is missing then.
        absent: the same, where it is so for all of them.
    """

    title: str
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    rivals: tuple[tuple[str, str, str], ...] = ()
    optional: Mapping[str, str] = field(factory=dict)
    absent: str = ""

    def names(self) -> Iterator[str]:
        """Yield every benchmark that the part speaks of."""
        for each in self.figures:
            yield each.top
            if each.bottom is not None:
                yield each.bottom
        for table in self.tables:
            for _, *cells in table.rows:
                for cell in cells:
                    yield from (cell,) if isinstance(cell, str) else cell
        for _, theirs, ours in self.rivals:
            yield theirs
            yield ours

    def lacking(self) -> dict[str, str]:
        """Return what may be missing from a run, and why."""
        return {**(dict.fromkeys(self.names(), self.absent) if self.absent else {}), **self.optional}
