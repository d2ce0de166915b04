"""What is drawn of a run; `draw.py` draws it."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence

from attrs import frozen


@frozen
class Series:
    """The same thing measured at several sizes.

    Attributes:
        what: what it is.
        points: of each size, how large it is, and the benchmark.
    """

    what: str
    points: tuple[tuple[int, str], ...]

    @classmethod
    def of(cls, what: str, prefix: str, sizes: Sequence[int]) -> Series:
        """Return the series of benchmarks that are named by a prefix and their size."""
        return cls(what, tuple((size, f"{prefix}.{size}") for size in sizes))

    def names(self) -> Iterator[str]:
        """Yield its benchmarks."""
        for _, name in self.points:
            yield name


@frozen
class Curves:
    """How times grow with the size of something; both axes are logarithmic.

    Attributes:
        name: of its file.
        title: what it shows.
        size: what grows.
        unit: of the times, one of `figure.SCALES`.
        series: what is drawn, one line each.
    """

    name: str
    title: str
    size: str
    unit: str
    series: tuple[Series, ...]

    def names(self) -> Iterator[str]:
        """Yield the benchmarks that it shows."""
        for each in self.series:
            yield from each.names()


@frozen
class Marks:
    """Times of several things beside each other, on a logarithmic axis.

    Attributes:
        name, title, unit: as of `Curves`.
        rows: of each thing what it is, and its benchmark.
        ours: the benchmarks of cfacl among them, which are drawn filled.
    """

    name: str
    title: str
    unit: str
    rows: tuple[tuple[str, str], ...]
    ours: frozenset[str]

    def names(self) -> Iterator[str]:
        """Yield the benchmarks that it shows."""
        for _, name in self.rows:
            yield name


@frozen
class Ratio:
    """How many times as much one benchmark is as another, round by round.

    Attributes:
        bound: what it was promised to be, where it was.
    """

    top: str
    bottom: str
    bound: float | None = None

    def within(self, names: Container[str]) -> bool:
        """Whether both were measured."""
        return self.top in names and self.bottom in names


@frozen
class Ratios:
    """Ratios of several things beside each other, with a line at 1, where both sides are alike.

    Attributes:
        name, title: as of `Curves`.
        what: what is divided by what.
        series: what each marker stands for; where there is one only, values stand behind the marks.
        rows: of each thing what it is, and a ratio for each of the series.
    """

    name: str
    title: str
    what: str
    series: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Ratio, ...]], ...]

    def names(self) -> Iterator[str]:
        """Yield the benchmarks that it shows."""
        for _, ratios in self.rows:
            for each in ratios:
                yield from (each.top, each.bottom)


@frozen
class Tails:
    """Percentiles of times, of several things beside each other, on a logarithmic axis.

    Attributes:
        name, title, unit: as of `Curves`.
        series: the percentiles, one marker each.
        rows: of each thing what it is, and the benchmark that its percentiles are named by.
        ours: as of `Marks`, of those.
    """

    name: str
    title: str
    unit: str
    series: tuple[str, ...]
    rows: tuple[tuple[str, str], ...]
    ours: frozenset[str]

    def names(self) -> Iterator[str]:
        """Yield the benchmarks that it shows, and how many calls these are of."""
        for _, name in self.rows:
            yield from (f"{name}.{each}" for each in (*self.series, "calls"))


Plot = Curves | Marks | Ratios | Tails
