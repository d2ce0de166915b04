"""Holds one run against another: `python -m benchmarks.compare BASE [NEW]`, or `make bench-compare BASE=…`.

Two runs of the same source differ.  What changed is told from that in three steps:

* What nearly all times have in common is the machine's, and is taken out: the median of their ratios, the *drift*.
  Ratios, and exponents, are of one round each, and need none of that.
* pyperf's significance test, Student's, on the samples: what fails it is noise.
* A threshold, since samples of one process are more alike than those of two runs, so that the test alone takes a busy
  neighbour for a change.  From one to the next of seven full runs of this project, which differed by up to 2 in speed,
  the test called 49 of 204 ratios and 429 of 696 times changed.  Beyond `RATIO` there were nine, two of which the source
  had changed and most others of which wait for a disk or a server; beyond `TIME` three.

Ends with 1 where a promised figure, or a time or size of cfacl's own, is worse; with 2 where there is no telling.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, TypeGuard

from attrs import frozen
from pyperf._utils import is_significant  # type: ignore[import-untyped]  # it has no types, and no public name

from benchmarks.page import report, rivals
from benchmarks.page.figure import Figure, Growth
from benchmarks.page.numbers import Results, amount, load, number, rows, values
from benchmarks.rounds import FACTS

NEW: Final = Path(__file__).with_name("results.json")
RATIO: Final = 0.15
TIME: Final = 0.50
#: An exponent is near nought, so that its change is held against this, and not divided by it.
EXPONENT: Final = 0.02
#: Of the machine, and not of cfacl.
MACHINE: Final = "machine.wall"


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


def judged(before: Sequence[float], after: Sequence[float], worse: float, threshold: float) -> str:
    """Return the verdict: a change is one beyond the threshold that pyperf's test, which wants as many on both sides, sees."""
    if abs(worse) <= threshold:
        return "noise"
    size = min(len(before), len(after))
    if size == 1:
        return "no telling"
    try:
        significant, _ = is_significant(before[:size], after[:size])
    except ZeroDivisionError:  # nothing varies on either side
        significant = True
    if not significant:
        return "noise"
    return "worse" if worse > 0 else "better"


def figures(base: Results, new: Results) -> Iterator[Change]:
    """Yield how the figures that were promised changed, as far as both runs have them."""
    slower = drift(base, new)
    for part in report.PARTS:
        for each in part.figures:
            if not all(name in base and name in new for name in each.names()):
                continue
            before, after = each.samples(base), each.samples(new)
            if alone(each) and new[each.top].get_unit() == "second":
                after = [value / slower for value in after]
            yield promised(each, before, after)


def alone(each: Figure | Growth) -> TypeGuard[Figure]:
    """Whether a figure is a time or a size, and no ratio."""
    return isinstance(each, Figure) and each.bottom is None


def promised(each: Figure | Growth, before: Sequence[float], after: Sequence[float]) -> Change:
    """Return how a figure changed."""
    one, other = statistics.median(before), statistics.median(after)
    if isinstance(each, Growth):
        worse, threshold = other - one, EXPONENT
        by = f"{worse:+.3f}"
    else:
        worse, threshold = (one / other if each.least else other / one) - 1, TIME if alone(each) else RATIO
        by = f"{worse:+.0%}"
    said = [f"{number(value)} {each.unit}".rstrip() for value in (one, other)]
    return Change(each.what, said[0], said[1], worse, by, judged(before, after, worse, threshold))


def drift(base: Results, new: Results) -> float:
    """Return how much slower the machine was the second time: the median of what all times in common became."""
    both = [name for name in base if name in new and base[name].get_unit() == "second"]
    medians = ((statistics.median(values(new, name)), statistics.median(values(base, name))) for name in both)
    return statistics.median([after / before for after, before in medians] or [1.0])


def measured(base: Results, new: Results) -> Iterator[Change]:
    """Yield how times and sizes of cfacl's own changed, but those that are figures; what rivals take is theirs."""
    known = {each.top for part in report.PARTS for each in part.figures if alone(each)}
    theirs = rivals.THEIRS | {name for part in report.PARTS for _, name, _ in part.rivals}
    slower = drift(base, new)
    for name in sorted(base.keys() & new.keys() - known - theirs - {MACHINE}):
        unit = base[name].get_unit()
        before, after = values(base, name), values(new, name)
        if unit == "second":
            after = [value / slower for value in after]
        one, other = statistics.median(before), statistics.median(after)
        worse = other / one - 1
        verdict = judged(before, after, worse, TIME)
        yield Change(f"`{name}`", amount(one, unit), amount(other, unit), worse, f"{worse:+.0%}", verdict)


def compared(base: Results, new: Results) -> tuple[str, bool]:
    """Return what is to be said of two runs, and whether anything is worse."""
    changes = [*figures(base, new), *measured(base, new)]
    changed = sorted((each for each in changes if each.verdict != "noise"), key=lambda each: -each.worse)
    said = [
        *_machines(base, new),
        f"drift: times were {drift(base, new):.2f} × those of before, which is taken out of them\n",
    ]
    if changed:
        lines = ((each.what, each.before, each.after, each.by, each.verdict) for each in changed)
        said.append(rows(("what changed", "before", "after", "worse by", ""), lines))
    said.append(f"{len(changed)} of {len(changes)} changed beyond noise")
    said += [f"only before: {name}" for name in base if name not in new]
    said += [f"only after: {name}" for name in new if name not in base]
    return "\n".join(said), any(each.verdict == "worse" for each in changed)


def _machines(base: Results, new: Results) -> Iterator[str]:
    """Yield in what two runs differ that makes their times hard to compare."""
    one, other = (next(iter(each.values())).get_metadata() for each in (base, new))
    for fact in (*FACTS, "python_build", "python_compiler", "commit"):
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
