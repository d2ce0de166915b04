"""Turns the results of one run into docs/benchmarks.md; no figure on that page is typed by hand."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import pyperf  # type: ignore[import-untyped]  # it has no types

from benchmarks.figures import (
    CASSANDRA,
    CHECKS,
    COMMAND,
    EIGHT,
    FIGURES,
    GROWTH,
    HBASE,
    HOOKS,
    OPTIONAL,
    RIVALS,
    SCALE,
    SCALES,
    STORES,
    Figure,
)

Results = Mapping[str, pyperf.Benchmark]

HEAD: Final = """\
# What it costs

Made by `make bench` from one run; no figure here is typed by hand. How to run it, how it is measured and how to read it:
[benchmarks/README.md](../benchmarks/README.md). Every figure is a median, with the 10th and 90th percentile behind it;
a ratio is taken round by round, of two samples a few milliseconds apart in one process.
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


def values(results: Results, name: str) -> list[float]:
    return list(results[name].get_values())


def ratios(results: Results, top: str, bottom: str) -> list[float]:
    """Return the ratios of the samples that were taken in the same round of the same process."""
    runs = zip(results[top].get_runs(), results[bottom].get_runs(), strict=True)
    return [a / b for one, other in runs for a, b in zip(one.values, other.values, strict=True)]


def spread(found: Sequence[float]) -> tuple[float, float, float]:
    """Return the 10th percentile, the median and the 90th percentile."""
    if len(found) == 1:
        return found[0], found[0], found[0]
    tenths = statistics.quantiles(found, n=10, method="inclusive")
    return tenths[0], statistics.median(found), tenths[-1]


def number(value: float) -> str:
    """Return three digits of a number."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def amount(value: float, unit: str) -> str:
    """Return a value of pyperf's ``unit`` with the unit that suits it."""
    if unit == "byte":
        return f"{number(value)} B"
    for size, name in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if value >= size:
            return f"{number(value / size)} {name}"
    return f"{number(value / 1e-9)} ns"


def timed(results: Results, name: str) -> str:
    """Return a benchmark's median, and its spread where there is one."""
    if name not in results and name in OPTIONAL:
        return "not measured"
    low, middle, high = spread(values(results, name))
    unit = results[name].get_unit()
    return amount(middle, unit) + (f" ({amount(low, unit)} to {amount(high, unit)})" if low != high else "")


def rows(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a table."""
    return "\n".join("| " + " | ".join(each) + " |" for each in (header, ["---"] * len(header), *lines)) + "\n"


def figure(results: Results, each: Figure) -> tuple[str, ...]:
    """Return the row of a figure: what, measured, spread, bound, and whether it was held."""
    bound = f"{'≥' if each.least else '≤'} {each.bound:g} {each.unit}"
    if missing := [name for name in (each.top, each.bottom) if name and name not in results]:
        return each.what, "", "", bound, f"not measured: {OPTIONAL[missing[0]]}"
    found = ratios(results, each.top, each.bottom) if each.bottom else values(results, each.top)
    low, middle, high = (value * SCALES[each.unit] for value in spread(found))
    held = middle >= each.bound if each.least else middle <= each.bound
    said = number(middle)
    if middle != each.bound and said == number(each.bound):
        said = f"{middle:.4f}"  # three digits would not show on which side it lies
    return (
        each.what,
        f"{said} {each.unit}",
        f"{number(low)} to {number(high)}" if low != high else "",
        bound,
        "held" if held else "**missed**",
    )


def faster(results: Results) -> Iterator[str]:
    """Yield what is faster than cfacl, and by how much."""
    for theirs, ours, what in RIVALS:
        if theirs not in results:
            continue
        low, middle, high = spread(ratios(results, ours, theirs))
        if middle > 1:
            yield (
                f"* {what}: {timed(results, theirs)}, cfacl {timed(results, ours)};"
                f" cfacl takes {number(middle)} times as long ({number(low)} to {number(high)})"
            )


def page(results: Results) -> str:
    """Return the page."""
    facts = results["check.empty"].get_metadata()
    walls = values(results, "machine.wall")
    rounds = results["check.empty"].get_nvalue()
    runs = results["check.empty"].get_nrun()
    parts = [
        HEAD,
        "## Figures\n",
        rows(("figure", "median", "p10 to p90", "bound", ""), (figure(results, each) for each in FIGURES)),
        UNGUARDED,
        "## Where something else is faster\n",
        "\n".join(faster(results)) or "Nothing that was measured is.",
        OTHERS,
        "## One check\n",
        rows(
            ("", "time", "÷ `session.allows(ask)`"),
            (
                (what, timed(results, name), number(spread(ratios(results, name, ours))[1]))
                for what, name, ours in CHECKS
            ),
        ),
        "## RocksDB\n",
        rows(
            ("", "guarded", "unguarded", "by hand on rocksdict", "guarded ÷ by hand, in time"),
            (
                (
                    what,
                    *(timed(results, f"{name}.{how}") for how in ("guarded", "unguarded", "hand")),
                    number(spread(ratios(results, f"{name}.guarded", f"{name}.hand"))[1]),
                )
                for what, name in STORES
            ),
        ),
        "By hand is a program of its own for one family: no timestamps, no versions, no escaped keys, no lock.\n",
        "One family of a row of 8 families with 10 cells each:\n",
        rows(("", "time"), ((what, timed(results, name)) for what, name in EIGHT)),
        "## Hooks\n",
        "`row` of one cell, from memory: what is told to `on_event`, and by whom it is heard.\n",
        rows(("", "time"), ((what, timed(results, name)) for what, name in HOOKS)),
        "## Growth\n",
        rows(("", ""), ((what, timed(results, name)) for what, name in GROWTH)),
        "## The command\n",
        "CPU time of whole processes, the start of Python included.\n",
        rows(("", "time"), ((what, timed(results, name)) for what, name in COMMAND)),
        "## HBase\n",
        "Wall-clock time, of a real server with its gateway on the same machine; plain happybase is on the same table.\n",
        rows(("", "time"), ((what, timed(results, name)) for what, name in HBASE)),
        "## Cassandra\n",
        "Wall-clock time, of a real node on the same machine; by hand is a program on the driver alone, on the same tables.\n",
        rows(("", "time"), ((what, timed(results, name)) for what, name in CASSANDRA)),
        "## Scale\n",
        rows(("", ""), ((what, timed(results, name)) for what, name in SCALE)),
        "What waits for the disk is wall-clock time, on the file system named below; all else is CPU time.\n",
        "## This run\n",
        rows(("", ""), machine(facts, walls, rounds, runs)),
    ]
    return "\n".join(parts)


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
        ("versions", ", ".join(f"{name} {each}" for name, each in sorted(versions.items()))),
        ("samples of a check", f"{rounds}, in {runs} process{'es' if runs > 1 else ''}"),
        (
            "wall-clock ÷ CPU time of all samples",
            f"{number(statistics.median(walls))} (at most {number(max(walls))}); 1 where nobody else uses the machine",
        ),
    ]


def load(path: Path) -> dict[str, pyperf.Benchmark]:
    return {each.get_name(): each for each in pyperf.BenchmarkSuite.load(str(path)).get_benchmarks()}


if __name__ == "__main__":
    print(page(load(Path(sys.argv[1]))), end="")
