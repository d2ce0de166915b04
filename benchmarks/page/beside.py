"""Draws what stands beside each other: a row for each thing, a marker for each of what was measured of it."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log10
from textwrap import fill
from typing import Final

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter

from benchmarks.page import numbers
from benchmarks.page.axis import plain, spreads
from benchmarks.page.figure import SCALES, TIMES
from benchmarks.page.numbers import Results, number, telling, values
from benchmarks.page.plot import Marks, Ratio, Ratios, Tails

#: Told apart by form, and by what they are filled with.
_MARKERS: Final = ("o", "s", "^", "D")
_FILLED: Final = ("black", "white", "0.6", "white")
#: What a row has of its height; the rest is between it and the next.
_ROW: Final = 0.75
#: What a line of a legend has room for.
_COLUMNS: Final = 4
#: A longer name of a row of several marks has several lines.
_LETTERS: Final = 26
#: Beside marks, whose values stand behind them, there is room on a logarithmic axis.
_MARGIN: Final = 4.0


def height(results: Results, plot: Marks | Ratios | Tails) -> float:
    """Return how high a plot is, in inches."""
    match plot:
        case Marks():
            return 1.1 + 0.27 * len(plot.rows)
        case Tails():
            return 1.4 + 0.3 * len(plot.rows)
        case Ratios():
            rows, series = shown(results, plot)
            return 1.4 + (0.12 + 0.15 * len(series)) * len(rows)


def marks(results: Results, plot: Marks, axes: Axes) -> None:
    rows = [(what, name) for what, name in plot.rows if name in results]
    axes.set_xscale("log")
    axes.set_xlabel(f"{plot.unit}: median, p10 to p90; filled: cfacl")
    axes.xaxis.set_major_formatter(FuncFormatter(plain))
    _named([what for what, _ in rows], axes)
    middles, _ = spreads([values(results, name) for _, name in rows], plot.unit)
    axes.set_xlim(min(middles) / _MARGIN, max(middles) * _MARGIN)
    for place, (_, name) in enumerate(rows):
        middle = _mark(axes, values(results, name), plot.unit, place, "o", "black" if name in plot.ours else "white")
        axes.annotate(number(middle), (middle, place), (8, 0), textcoords="offset points", va="center")


def tails(results: Results, plot: Tails, axes: Axes) -> None:
    axes.set_xscale("log")
    axes.set_xlabel(f"{plot.unit}: median, p10 to p90; filled: guarded")
    axes.xaxis.set_major_formatter(FuncFormatter(plain))
    axes.xaxis.set_minor_formatter(NullFormatter())
    _named([what for what, _ in plot.rows], axes)
    told = {
        each: [(at, name) for at, (_, name) in enumerate(plot.rows) if telling(results, f"{name}.{each}")]
        for each in plot.series
    }
    every = [each for of, rows in told.items() for _, name in rows for each in values(results, f"{name}.{of}")]
    if not every:
        return
    least, most = (log10(each * SCALES[plot.unit]) for each in (min(every), max(every)))
    axes.set_xlim(10.0 ** floor(least), 10.0 ** (floor(most) + 1))  # whole decades, so that two are labelled
    for nth, (each, rows) in enumerate(told.items()):
        for at, name in rows:
            place, face = at + _off(nth, len(told)), "black" if name in plot.ours else "white"
            _mark(axes, values(results, f"{name}.{each}"), plot.unit, place, _MARKERS[nth], face)
        if rows:
            _legend(axes, each, _MARKERS[nth], "white")
    axes.figure.legend(loc="outside lower left", ncols=_COLUMNS)


def shown(results: Results, plot: Ratios) -> tuple[list[tuple[str, tuple[Ratio, ...]]], list[int]]:
    """Return of which rows there is something, and of which series."""
    rows = [(what, found) for what, found in plot.rows if any(each.within(results) for each in found)]
    return rows, [i for i in range(len(plot.series)) if any(found[i].within(results) for _, found in rows)]


def ratios(results: Results, plot: Ratios, axes: Axes) -> None:
    rows, series = shown(results, plot)
    axes.set_xlabel(f"{plot.what}: median, p10 to p90")
    _named([fill(what.replace("`", ""), _LETTERS) for what, _ in rows], axes)
    lane = _ROW / len(series)
    for place, (_, found) in enumerate(rows):
        for nth, i in enumerate(series):
            each = found[i]
            if not each.within(results):
                continue
            at = place + _off(nth, len(series))
            samples = numbers.ratios(results, each.top, each.bottom)
            middle = _mark(axes, samples, TIMES, at, _MARKERS[i], _FILLED[i])
            if len(plot.series) == 1:
                axes.annotate(
                    number(middle),
                    (1, at),
                    (4, 0),
                    xycoords=("axes fraction", "data"),
                    textcoords="offset points",
                    va="center",
                )
            if each.bound is not None:
                axes.vlines(each.bound, at - lane / 2, at + lane / 2, color="black", linestyle=":", linewidth=1.6)
    for i in series if len(plot.series) > 1 else ():
        _legend(axes, plot.series[i], _MARKERS[i], _FILLED[i])
    axes.axvline(1, color="black", linewidth=0.8, marker="", zorder=1, label="1: no difference")
    axes.plot([], [], color="black", linestyle=":", linewidth=1.6, marker="", label="promised, at least")
    axes.figure.legend(loc="outside lower left", ncols=_COLUMNS)


def _named(rows: Sequence[str], axes: Axes) -> None:
    """Give the rows their names, the first one above."""
    axes.grid(visible=False, axis="y")
    axes.set_yticks(range(len(rows)), rows)
    axes.set_ylim(len(rows) - 0.5, -0.5)


def _off(nth: int, many: int) -> float:
    """Return how far from the middle of its row one mark of many is, so that none hides another."""
    return (nth - (many - 1) / 2) * _ROW / many


def _mark(axes: Axes, samples: Sequence[float], unit: str, at: float, marker: str, face: str) -> float:
    """Draw one mark, and return where it is."""
    (middle,), off = spreads([samples], unit)
    axes.errorbar([middle], [at], xerr=off, color="black", linestyle="", marker=marker, markerfacecolor=face)
    return middle


def _legend(axes: Axes, what: str, marker: str, face: str) -> None:
    """Say what a marker stands for."""
    axes.plot([], [], color="black", linestyle="", marker=marker, markerfacecolor=face, label=what)
