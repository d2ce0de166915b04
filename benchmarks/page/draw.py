"""Draws plots as SVG: in black and white, with text as text, and the same file from the same results."""

from __future__ import annotations

from io import StringIO
from typing import Any, Final

from cycler import cycler
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

from benchmarks.page import beside
from benchmarks.page.axis import plain, spreads
from benchmarks.page.fit import grown
from benchmarks.page.numbers import Results, values
from benchmarks.page.plot import Curves, Marks, Plot, Ratios, Tails

#: What a line looks like: told apart by its marker and its dashes, since not everybody sees or prints a colour.
_LINES: Final = (
    cycler(linestyle=["-", "--", ":", "-."])
    + cycler(marker=["o", "s", "^", "D"])
    + cycler(markerfacecolor=["black", "white", "0.6", "white"])
)
_STYLE: Final[dict[Any, Any]] = {  # matplotlib's own type of it lists three hundred names
    "axes.axisbelow": True,
    "axes.edgecolor": "0.4",
    "axes.grid": True,
    "axes.prop_cycle": _LINES,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "errorbar.capsize": 3,
    "figure.constrained_layout.use": True,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # what it is laid out with; a reader who lacks it has another one
    "font.size": 9.5,
    "grid.color": "0.88",
    "legend.frameon": False,
    "lines.color": "black",
    "lines.linewidth": 1.2,
    "lines.markeredgecolor": "black",
    "lines.markersize": 5.5,
    "svg.fonttype": "none",  # text, which is small, found by a search, and read out
    "svg.hashsalt": "cfacl",  # else ids are drawn by lot
}
_WIDTH: Final = 7.2
#: A flat line is seen to be one where there is room above and below it: a decade each, so that two are labelled.
_ROOM: Final = 10.0


@rc_context(_STYLE)
def svg(results: Results, plot: Plot) -> str:
    """Return a plot."""
    text = StringIO()
    drawn(results, plot).savefig(text, format="svg", metadata={"Title": plot.title, "Date": None, "Creator": None})
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"


@rc_context(_STYLE)
def drawn(results: Results, plot: Plot) -> Figure:
    """Return a plot as matplotlib has it."""
    height = 3.4 + 0.17 * len(plot.series) if isinstance(plot, Curves) else beside.height(results, plot)
    figure = Figure(figsize=(_WIDTH, height))
    axes = figure.subplots()
    axes.set_title(plot.title)
    match plot:
        case Curves():
            _curves(results, plot, axes)
        case Marks():
            beside.marks(results, plot, axes)
        case Ratios():
            beside.ratios(results, plot, axes)
        case Tails():
            beside.tails(results, plot, axes)
    return figure


def _curves(results: Results, plot: Curves, axes: Axes) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(plot.size)
    axes.set_ylabel(f"{plot.unit}: median, p10 to p90")
    for each in plot.series:
        middle, off = spreads([values(results, name) for name in each.names()], plot.unit)
        axes.errorbar(
            [size for size, _ in each.points],
            middle,
            yerr=off,
            color="black",
            elinewidth=0.8,
            label=f"{each.what.replace('`', '')}: {grown(results, each)}",
        )
    bottom, top = axes.get_ylim()
    axes.set_ylim(bottom / _ROOM, top * _ROOM)
    axes.set_xticks([size for size, _ in plot.series[0].points])
    axes.xaxis.set_minor_locator(NullLocator())
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(plain))
        axis.set_minor_formatter(NullFormatter())
    axes.figure.legend(loc="outside lower left")
