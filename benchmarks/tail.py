"""Percentiles, and when they tell anything: a percentile that hardly a call was slower than is one slow call's time.

Each is taken of several parts of the calls, one after the other, so that it has a spread: of `PARTS`, or of fewer, so that
in each of them `TAIL` calls were slower.  Where all calls together are too few for that it is taken of all, and does not tell.
"""

from __future__ import annotations

from typing import Final

#: Of each percentile, how many calls there are for one that is slower.
ONE_IN: Final = {"p50": 2, "p99": 100, "p99.9": 1_000}
#: So many calls have to be slower.
TAIL: Final = 8
PARTS: Final = 6
#: How long it is waited for calls, in seconds.
LONGEST: Final = 60.0
#: So many calls have all percentiles, and so many have them of all parts.
LEAST: Final = TAIL * max(ONE_IN.values())
ENOUGH: Final = PARTS * LEAST


def percentile(name: str) -> str | None:
    """Return which percentile a benchmark is, where it is one."""
    return next((each for each in ONE_IN if name.endswith(f".{each}")), None)


def parts(each: str, calls: int) -> int:
    """Return of how many parts of the calls a percentile tells; of none, where they are too few."""
    return min(calls // (TAIL * ONE_IN[each]), PARTS)
