"""How something grows, as the exponent of its size: 0 where it does not, 1 where it is twice as much for twice as many."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Final

from benchmarks.page.numbers import Results
from benchmarks.page.plot import Series

#: With fewer samples there is no interval of confidence.
FEW: Final = 6
#: What grows otherwise where it is large has this much of another exponent there.
OTHERWISE: Final = 0.03
#: How many standard deviations of a normal distribution hold 95 % of it.
_DEVIATIONS: Final = statistics.NormalDist().inv_cdf(0.975)


def exponents(results: Results, series: Series) -> list[float]:
    """Return the exponent in each round: least squares of the logarithm of time on that of size."""
    sizes = [math.log(size) for size, _ in series.points]
    rounds = zip(*(results[name].get_values() for name in series.names()), strict=True)
    return [statistics.linear_regression(sizes, [math.log(each) for each in times]).slope for times in rounds]


def confidence(found: Sequence[float]) -> tuple[float, float]:
    """Return between what the median lies with a confidence of 95 %, whatever the distribution.

    These are two of the values, as far from the middle as so many tosses of a coin may come out; all of them where they
    are fewer than six, which is then less sure.
    """
    ordered, middle = sorted(found), len(found) / 2
    off = _DEVIATIONS * math.sqrt(len(found)) / 2
    first = max(math.floor(middle - off), 0)
    return ordered[first], ordered[len(found) - 1 - first]


def grown(results: Results, series: Series) -> str:
    """Return the exponent of a series, and its confidence, as they are said."""
    found = exponents(results, series)
    low, high = confidence(found)
    between = f"{low:z.3f} to {high:z.3f}" + (f" in {len(found)} rounds" if len(found) < FEW else "")
    return f"exponent {statistics.median(found):z.3f} ({between})"


def later(results: Results, series: Series) -> str:
    """Return the exponent of the upper half of the sizes, as it is said, where it is another one."""
    upper = Series(series.what, series.points[len(series.points) // 2 :])
    if len(upper.points) < 2:
        return ""
    whole, late = (statistics.median(exponents(results, each)) for each in (series, upper))
    return f", {late:z.3f} from {upper.points[0][0]:,} on" if abs(late - whole) > OTHERWISE else ""
