"""What a part of the page is made of: figures that were promised, tables and plots of what was measured, rivals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Final

from attrs import field, frozen

from benchmarks.page.fit import exponents
from benchmarks.page.numbers import Results, ratios, values
from benchmarks.page.plot import Plot, Series

#: The unit of a ratio.
TIMES: Final = "\N{MULTIPLICATION SIGN}"

#: How many of a unit there are in pyperf's.
SCALES: Final = {TIMES: 1.0, "s": 1.0, "ms": 1e3, "µs": 1e6, "ns": 1e9, "B": 1.0, "MiB": 1 / (1 << 20)}

#: A benchmark whose time is shown, or two whose ratio is.
Cell = str | tuple[str, str]


@frozen
class Figure:
    """Something that was promised.

    Attributes:
        what: what is measured, over what it is divided by.
        top, bottom: the benchmarks that are divided, by `ratios`; without ``bottom`` the values of ``top`` count.
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

    def names(self) -> Iterator[str]:
        """Yield the benchmarks that it is made of."""
        yield self.top
        if self.bottom is not None:
            yield self.bottom

    def samples(self, results: Results) -> list[float]:
        """Return what was measured, of each round or as `ratios` has it, in ``unit``."""
        found = values(results, self.top) if self.bottom is None else ratios(results, self.top, self.bottom)
        return [value * SCALES[self.unit] for value in found]


@frozen
class Growth:
    """Something that was promised hardly to grow: the exponent of its size.

    Attributes:
        what: what is measured.
        series: at which sizes.
        bound: what the median of the exponents, one of each round, is held against.
        because: as of `Figure`.
    """

    what: str
    series: Series
    bound: float
    because: str = ""
    least: ClassVar[bool] = False
    unit: ClassVar[str] = ""

    def names(self) -> Iterator[str]:
        """Yield the benchmarks that it is made of."""
        return self.series.names()

    def samples(self, results: Results) -> list[float]:
        """Return the exponent of each round."""
        return exponents(results, self.series)


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
        plots: what is drawn.
        rivals: what else could be done, its benchmark, and that of cfacl which does the same.
        optional: of benchmarks that a machine may not be able to run, what is missing then.
        absent: the same, where it is so for all of them.
    """

    title: str
    figures: tuple[Figure | Growth, ...] = ()
    tables: tuple[Table, ...] = ()
    plots: tuple[Plot, ...] = ()
    rivals: tuple[tuple[str, str, str], ...] = ()
    optional: Mapping[str, str] = field(factory=dict)
    absent: str = ""

    def names(self) -> Iterator[str]:
        """Yield every benchmark that the part speaks of."""
        for each in (*self.figures, *self.plots):
            yield from each.names()
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
