"""Holds one run against another: `python -m benchmarks.compare BASE [NEW]`, or `make bench-compare BASE=…`.

Two runs of the same source differ.  What changed is told from that in two steps:

* What is the machine's is taken out.  A time of cfacl is divided by what was measured beside it in the same round, its
  *yardstick*: the same without a guard, by hand, or an empty call.  A time that has none is divided by the *drift*, the
  median of what the times of others became, each server's and the disk's apart, and what was measured again by itself.
* `verdicts.py` tells noise from change.  A bound that was held for certain and is missed for certain is worse in any case.

Ends with 1 where a promised figure, or a time or size of cfacl's own, is worse; with 2 where a file holds no
results.  A time that has one sample is `no telling`, and so is a percentile that hardly a call was slower than, or that
has nothing beside it.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, TypeGuard

from benchmarks.facts import KEPT
from benchmarks.page import report
from benchmarks.page.figure import TIMES, Figure, Growth
from benchmarks.page.numbers import Results, amount, load, number, ratios, rows, values
from benchmarks.tail import percentile
from benchmarks.verdicts import EXPONENT, RATIO, SIZE, TIME, Change, judged, limit, lost, telling
from benchmarks.yardsticks import drift, place, theirs, yardstick

NEW: Final = Path(__file__).with_name("results.json")


def figures(base: Results, new: Results) -> Iterator[Change]:
    """Yield how the figures that were promised changed, as far as both runs have them."""
    slower = drift(base, new)
    for part in report.PARTS:
        for each in part.figures:
            if not all(name in base and name in new for name in each.names()):
                continue
            before, after = each.samples(base), each.samples(new)
            if alone(each) and new[each.top].get_unit() == "second":
                after = [value / slower.get(place(each.top), 1.0) for value in after]
            yield promised(each, before, after)


def alone(each: Figure | Growth) -> TypeGuard[Figure]:
    """Whether a figure is a time or a size, and no ratio."""
    return isinstance(each, Figure) and each.bottom is None


def promised(each: Figure | Growth, before: Sequence[float], after: Sequence[float]) -> Change:
    """Return how a figure changed."""
    one, other = statistics.median(before), statistics.median(after)
    size = each.unit == "MiB"
    if isinstance(each, Growth):
        worse, threshold = other - one, EXPONENT
    elif size:  # what a process takes is nearly nothing, or a page more
        worse, threshold = (other - one) / each.bound, SIZE
    else:
        worse = (one / other if each.least else other / one) - 1
        threshold = limit(each.top, TIME if alone(each) else RATIO)
    by = f"{worse:+.3f}" if isinstance(each, Growth) else f"{worse:+.0%}"
    said = [f"{number(value)} {each.unit}".rstrip() for value in (one, other)]
    verdict = "worse" if lost(each, before, after) else judged(before, after, worse, threshold, single=size)
    return Change(each.what, said[0], said[1], worse, by, verdict)


def measured(base: Results, new: Results) -> Iterator[Change]:
    """Yield how times and sizes of cfacl's own changed, but what figures say."""
    known = {frozenset(each.names()) for part in report.PARTS for each in part.figures}
    slower = drift(base, new)
    for name in sorted(base.keys() & new.keys()):
        if theirs(name) or base[name].get_unit() == "integer" or frozenset({name}) in known:
            continue
        beside = yardstick(name, base, new)
        if beside is None:
            yield lone(base, new, name, slower.get(place(name), 1.0))
        elif frozenset({name, beside}) not in known:
            yield paired(base, new, name, beside, slower.get(place(name), 1.0))


def lone(base: Results, new: Results, name: str, slower: float) -> Change:
    """Return how something changed that has nothing beside it; of a percentile a neighbour may be all, so that none tells."""
    unit = base[name].get_unit()
    before, after = values(base, name), values(new, name)
    if unit == "second":
        after = [value / slower for value in after]
    one, other = statistics.median(before), statistics.median(after)
    threshold, worse = limit(name, TIME if unit == "second" else SIZE), other / one - 1
    verdict = judged(before, after, worse, threshold, single=unit == "byte")
    if percentile(name) and verdict != "noise":
        verdict = "no telling"
    return Change(f"`{name}`", amount(one, unit), amount(other, unit), worse, f"{worse:+.0%}", verdict)


def paired(base: Results, new: Results, name: str, beside: str, slower: float) -> Change:
    """Return how something changed against what was measured beside it.

    Of a percentile, which has few samples, what is beside it may have had the neighbour; so that itself has to have changed
    as well, by its own samples, and in the same direction.
    """
    before, after = ratios(base, name, beside), ratios(new, name, beside)
    one, other = statistics.median(before), statistics.median(after)
    worse = other / one - 1
    if percentile(name):
        itself = lone(base, new, name, slower)
        changed = itself.verdict != "noise" and (worse > 0) == (itself.worse > 0)
        worse = min(worse, itself.worse, key=abs) if changed else 0.0
    verdict = judged(before, after, worse, limit(name, RATIO), single=telling(name, base, new))
    said = [f"{number(each)} {TIMES}" for each in (one, other)]
    return Change(f"`{name}` ÷ `{beside}`", said[0], said[1], worse, f"{worse:+.0%}", verdict)


def compared(base: Results, new: Results) -> tuple[str, bool]:
    """Return what is to be said of two runs, and whether anything is worse."""
    parts = list(together(base, new))
    changes = [each for part in parts for each in (*figures(*part), *measured(*part))]
    changed = sorted((each for each in changes if each.verdict != "noise"), key=lambda each: -each.worse)
    said = [*_machines(base, new), *(_drift(*part) for part in parts)]
    if changed:
        lines = ((each.what, each.before, each.after, each.by, each.verdict) for each in changed)
        said.append(rows(("what changed", "before", "after", "worse by", ""), lines))
    said.append(f"{len(changed)} of {len(changes)} changed beyond noise")
    said += [f"only before: {name}" for name in base if name not in new]
    said += [f"only after: {name}" for name in new if name not in base]
    return "\n".join(said), any(each.verdict == "worse" for each in changed)


def together(base: Results, new: Results) -> Iterator[tuple[Results, Results]]:
    """Yield what was measured at once, in both runs: a script that was run again by itself met another machine."""
    parts: dict[tuple[object, object], list[str]] = {}
    for name in base.keys() & new.keys():
        one, other = (run[name].get_metadata().get("commit") for run in (base, new))
        parts.setdefault((one, other), []).append(name)
    for names in sorted(parts.values(), key=len, reverse=True):
        yield {name: base[name] for name in names}, {name: new[name] for name in names}


def _drift(base: Results, new: Results) -> str:
    """Return what is to be said of the machine, of what was measured at once."""
    slower = ", ".join(f"{where or 'here'} {each:.2f} ×" for where, each in drift(base, new).items())
    scripts = ", ".join(sorted({name.partition(".")[0] for name in new}))
    return f"drift: what others took is, of that before, {slower or 'not known'}: {scripts}\n"


def _machines(base: Results, new: Results) -> Iterator[str]:
    """Yield in what two runs differ that makes their times hard to compare."""
    one, other = (next(iter(each.values())).get_metadata() for each in (base, new))
    for fact in (*KEPT, "python_build", "python_compiler", "commit"):
        if one.get(fact) != other.get(fact):
            yield f"{fact}: {one.get(fact, 'unknown')}, then {other.get(fact, 'unknown')}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare")
    parser.add_argument("base", type=Path, metavar="BASE", help="the results.json of a run before")
    parser.add_argument("new", type=Path, metavar="NEW", nargs="?", default=NEW, help="left out: this project's")
    options = parser.parse_args()
    runs = []
    for path in (options.base, options.new):
        try:
            runs.append(load(path))
        except (
            OSError,
            ValueError,
            LookupError,
            TypeError,
            AttributeError,
        ) as error:  # pyperf lets through whatever JSON makes of a file
            reason = str(error).partition("\n")[0] or type(error).__name__
            print(f"`{path}` holds no results: {reason}", file=sys.stderr)
            sys.exit(2)
    said, worse = compared(*runs)
    print(said)
    sys.exit(int(worse))


if __name__ == "__main__":
    main()
