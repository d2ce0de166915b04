"""What an axis of a plot says: values with their spread, in its unit, and plain numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.page.figure import SCALES
from benchmarks.page.numbers import spread


def spreads(samples: Iterable[Sequence[float]], unit: str) -> tuple[list[float], list[list[float]]]:
    """Return medians, in a unit, and how far below and above them the 10th and 90th percentiles are."""
    found = [[value * SCALES[unit] for value in spread(each)] for each in samples]
    below = [max(middle - low, 0.0) for low, middle, _ in found]  # nought may be rounded to less
    above = [max(high - middle, 0.0) for _, middle, high in found]
    return [middle for _, middle, _ in found], [below, above]


def plain(value: float, _: object) -> str:
    """Return a label of an axis: 1,000,000 and not 10 to the power of 6."""
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"
