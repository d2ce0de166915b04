"""Whether something is worse than it was, or only another run.

pyperf's significance test, Student's, on the samples: what fails it is noise.  Then a threshold, since samples of one
process are more alike than those of two runs, so that the test alone takes a busy neighbour for a change.

Where the thresholds are from: thirteen times from one full run of this project to the next, whose source changed as well,
and whose machine by up to 1.8 in speed.  Of 562 ratios 17 were worse beyond them, of 467 times and sizes 15; seven of those
pairs had none, or one.  Many came where the machine was slower at one thing than at another, which is why a time is held
against another of its round wherever there is one.  Larger thresholds would let 14 % of a guard pass, or nearly half of
what is decided for the first time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import frozen
from pyperf._utils import is_significant  # type: ignore[import-untyped]  # it has no types, and no public name

from benchmarks.page import numbers
from benchmarks.page.figure import Figure, Growth
from benchmarks.page.fit import FEW, confidence
from benchmarks.page.numbers import Results
from benchmarks.tail import percentile
from benchmarks.yardsticks import place

#: Of two times of one round.
RATIO: Final = 0.12
#: Of a time by itself, without what the machine has become slower.
TIME: Final = 0.40
#: Of what waits for a disk, for which each of a pair waits by itself.
DISK: Final = 0.50
#: Of bytes, which hold still; of those of a process, which do not, as a share of the bound.
SIZE: Final = 0.10
#: Of a percentile but the 50th, which a neighbour is in that only one of a pair may have met: three times as much.
LATENCY: Final = 2.0
#: An exponent is near nought, so that its change is held against this, and not divided by it.
EXPONENT: Final = 0.02


@frozen
class Change:
    """How something differs between two runs.

    Attributes:
        what: what was measured.
        before, after: its medians, as they are said.
        worse: by how much, as a share, or as an exponent; below nought where it became better.
        by: the same, as it is said.
        verdict: `noise`, `better` or `worse`; `no telling` of what has one sample.
    """

    what: str
    before: str
    after: str
    worse: float
    by: str
    verdict: str


def judged(
    before: Sequence[float], after: Sequence[float], worse: float, threshold: float, *, single: bool = False
) -> str:
    """Return the verdict: a change is one by the threshold that pyperf's test, which wants as many on both sides, sees.

    Of one sample there is no test, and no telling but where a ``single`` one holds still within its threshold.
    """
    if -threshold / (1 + threshold) < worse < threshold:  # so many times as little, or as much
        return "noise"
    size = min(len(before), len(after))
    if size == 1 and not single:
        return "no telling"
    try:
        significant = size == 1 or is_significant(before[:size], after[:size])[0]
    except ZeroDivisionError:  # nothing varies on either side
        significant = True
    if not significant:
        return "noise"
    return "worse" if worse > 0 else "better"


def lost(each: Figure | Growth, before: Sequence[float], after: Sequence[float]) -> bool:
    """Whether a bound that was held for certain is missed for certain: neither interval of the median has it inside."""
    if min(len(before), len(after)) < FEW:
        return False
    (low, high), (least, most) = confidence(before), confidence(after)
    return low >= each.bound > most if each.least else high <= each.bound < least


def limit(name: str, usual: float) -> float:
    """Return by what share something may differ between two runs of the same source."""
    if which := percentile(name):
        return TIME if which == "p50" else LATENCY
    return DISK if place(name) == "disk" else usual


def telling(name: str, *runs: Results) -> bool:
    """Whether this is a percentile that enough calls were slower than, in each of the runs."""
    return percentile(name) is not None and all(numbers.telling(run, name) for run in runs)
