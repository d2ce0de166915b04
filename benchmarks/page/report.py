"""Turns the results of one run into docs/benchmarks.md; no figure on that page is typed by hand."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks.page import (
    accumulo,
    cassandra,
    checks,
    command,
    compiled,
    decisions,
    growth,
    hbase,
    personas,
    projection,
    rivals,
    rocksdb,
    scale,
    threads,
    ycsb,
)
from benchmarks.page.figure import Cell, Figure, Growth, Part, Table
from benchmarks.page.fit import FEW, confidence, grown, later
from benchmarks.page.numbers import Results, load, number, ratios, rows, spread, timed, values
from benchmarks.page.plot import Curves, Marks, Plot
from benchmarks.page.summary import GUARD, summary

PARTS: Final = (
    checks.PART,
    compiled.PART,
    decisions.PART,
    threads.PART,
    rivals.PART,
    accumulo.PART,
    rocksdb.PART,
    growth.PART,
    command.PART,
    hbase.PART,
    cassandra.PART,
    scale.PART,
    ycsb.PART,
    projection.PART,
    personas.PART,
)
#: Beside the page, where its plots are.
FOLDER: Final = "benchmarks"
#: What may be drawn: the first beside the three answers, the others in their parts.
DRAWN: Final = (GUARD, *(plot for part in PARTS for plot in part.plots))
#: What may be missing from a run, and why.
LACKING: Final = {name: why for part in PARTS for name, why in part.lacking().items()}

HEAD: Final = """\
# What it costs

Made by `make bench` from one run, but for what the end says was measured again; no figure here is typed by hand. How to run it, how it is measured and how to read it:
[benchmarks/README.md](../benchmarks/README.md). Every figure is a median, with the 10th and 90th percentile behind it;
a ratio is taken of samples of one process, as far apart as the turns of those between them take: mostly milliseconds, more
where a server or a file is waited for; where there are at least 12 rounds, of two of them, which went forth and back. The
exponent of what grows is taken round by round, and a plot has it with its confidence interval of 95 %. Where that of a median has the bound in it, *held* and *missed* are within the noise. What is said of a miss
is what was found out about it before; it is not measured by the run.
"""
UNGUARDED: Final = """\
Unguarded is the same store object with what any user of it must do: split the names of columns, build the mutation,
pass a projection, hand out plain dicts. It checks nothing.
"""
OTHERS: Final = """
None of these others notices a policy that was replaced, a grant that ended or a name that does not exist, and those
without a guard return everything. What a mask is for is the rest: many families asked for at once, one entry that answers
for all of them, and a right that is taken away and is gone on the next call.
"""
#: What is said of a miss without a reason that is known.
DIFFER: Final = "because both sides differ by more from one round to the next than it is missed by"
UNKNOWN: Final = "and nobody has found out why"


def figure(results: Results, each: Figure | Growth) -> tuple[str, ...]:
    """Return the row of a figure: what, measured, spread, bound, and whether it was held."""
    bound = f"{'≥' if each.least else '≤'} {each.bound:g} {each.unit}".rstrip()
    if missing := [name for name in each.names() if name not in results]:
        return each.what, "", "", bound, f"not measured: {LACKING[missing[0]]}"
    found = each.samples(results)
    low, middle, high = spread(found)
    said = number(middle)
    if middle != each.bound and said == number(each.bound):
        said = f"{middle:.4f}"  # three digits would not show on which side it lies
    return (
        each.what,
        f"{said} {each.unit}".rstrip(),
        f"{number(low)} to {number(high)}" if low != high else "",
        bound,
        verdict(each, found, middle),
    )


def verdict(each: Figure | Growth, found: Sequence[float], middle: float) -> str:
    """Return whether a bound was held, and whether this run can tell."""
    low, high = confidence(found)
    unsure = len(found) >= FEW and low <= each.bound <= high
    if middle >= each.bound if each.least else middle <= each.bound:
        return "held, within the noise" if unsure else "held"
    missed = "**missed**, within the noise" if unsure else "**missed**"
    if each.because:
        return f"{missed}, because {each.because}"
    return f"{missed}, {DIFFER if unsure else UNKNOWN}"


def cell(results: Results, each: Cell) -> str:
    """Return a time, or a ratio."""
    if missing := [name for name in ((each,) if isinstance(each, str) else each) if name not in results]:
        why = LACKING[missing[0]]
        return "" if isinstance(each, tuple) else f"not measured: {why}"
    return timed(results, each) if isinstance(each, str) else number(spread(ratios(results, *each))[1])


def table(results: Results, each: Table) -> str:
    """Return a table, with what is said of it."""
    listed = rows(each.columns, ((what, *(cell(results, one) for one in cells)) for what, *cells in each.rows))
    return "\n".join(said if said.endswith("\n") else said + "\n" for said in (each.above, listed, each.below) if said)


def faster(results: Results) -> Iterator[str]:
    """Yield what is faster than cfacl, and by how much."""
    for part in PARTS:
        for what, theirs, ours in part.rivals:
            if theirs not in results:
                continue
            low, middle, high = spread(ratios(results, ours, theirs))
            if middle > 1:
                yield (
                    f"* {what}: {timed(results, theirs)}, cfacl {timed(results, ours)};"
                    f" cfacl takes {number(middle)} times as long ({number(low)} to {number(high)})"
                )


def section(results: Results, part: Part) -> Iterator[str]:
    """Yield a part of the page."""
    yield f"## {part.title}\n"
    for drawing in part.plots:
        yield shown(results, drawing)
    for each in part.tables:
        yield table(results, each)


def plots(results: Results) -> Iterator[Plot]:
    """Yield what can be drawn: curves whole, and of what stands beside each other what there is."""
    for each in DRAWN:
        if drawable(results, each):
            yield each


def drawable(results: Results, plot: Plot) -> bool:
    there = [name in results for name in plot.names()]
    return all(there) if isinstance(plot, Curves) else any(there)


def shown(results: Results, plot: Plot) -> str:
    """Return a plot's place on the page, and below it in words what it shows."""
    missing = [LACKING[name] for name in plot.names() if name not in results]
    if not drawable(results, plot):
        return f"{plot.title}: not measured: {missing[0]}\n"
    said = [f"![{plot.title}]({FOLDER}/{plot.name}.svg)\n"]
    if isinstance(plot, Curves):
        for series in plot.series:
            (least, first), *_, (most, last) = series.points
            ends = f"{timed(results, first)} at {least:,}, {timed(results, last)} at {most:,}"
            said.append(f"* {series.what}: {ends}; {grown(results, series)}{later(results, series)}")
    elif isinstance(plot, Marks):
        said += [f"* {what}: not measured: {LACKING[name]}" for what, name in plot.rows if name not in results]
    else:
        said += [f"* not all is drawn: {why}" for why in dict.fromkeys(missing)]
    return "\n".join(said) + "\n"


def page(results: Results) -> str:
    """Return the page."""
    facts = {**results["check.empty"].get_metadata(), "commit": source(results)}
    walls = values(results, "machine.wall")
    rounds = results["check.empty"].get_nvalue()
    runs = results["check.empty"].get_nrun()
    figures = [each for part in PARTS for each in part.figures]
    parts = [
        HEAD,
        summary(results),
        shown(results, GUARD),
        "## Figures\n",
        rows(("figure", "median", "p10 to p90", "bound", ""), (figure(results, each) for each in figures)),
        UNGUARDED,
        "## Where something else is faster\n",
        "\n".join(faster(results)) or "Nothing that was measured is.",
        OTHERS,
        *(said for part in PARTS for said in section(results, part)),
        "## This run\n",
        rows(("", ""), [*machine(facts, walls, rounds, runs), *anew(results)]),
    ]
    return "\n".join(parts)


def source(results: Results) -> object:
    """Return the commit of most of what was measured."""
    return statistics.mode(each.get_metadata().get("commit", "unknown") for each in results.values())


def anew(results: Results) -> list[tuple[str, str]]:
    """Return what was measured again by itself, of another commit than the rest."""
    commit = source(results)
    others: dict[str, set[str]] = {}
    for name, each in results.items():
        if (its := each.get_metadata().get("commit", "unknown")) != commit:
            others.setdefault(str(its), set()).add(f"`{name.partition('.')[0]}`")
    return [(f"commit of {', '.join(sorted(names))}, measured again", its) for its, names in others.items()]


def machine(facts: Mapping[str, object], walls: Sequence[float], rounds: int, runs: int) -> list[tuple[str, str]]:
    """Return what is known of the run and its machine."""
    versions = {
        name.removeprefix("version_"): str(value) for name, value in facts.items() if name.startswith("version_")
    }
    return [
        ("processor", f"{facts.get('cpu_model_name', 'unknown')}, {facts['cpu_count']} CPUs"),
        ("system", str(facts["platform"])),
        ("file system of the stores", str(facts.get("filesystem", "unknown"))),
        (
            "Python",
            f"{facts['python_version']}, {facts['python_compiler']}, {facts['python_build']} `--enable-optimizations`",
        ),
        (
            "versions",
            ", ".join(f"{name} {each}" for name, each in sorted(versions.items(), key=lambda each: each[0].lower())),
        ),
        ("commit", str(facts["commit"])),
        ("samples of a check", f"{rounds}, in {runs} process{'es' if runs > 1 else ''}"),
        (
            "wall-clock ÷ CPU time of all samples",
            f"{number(statistics.median(walls))} (at most {number(max(walls))}); 1 where nobody else uses the machine",
        ),
    ]


if __name__ == "__main__":
    print(page(load(Path(sys.argv[1]))), end="")
