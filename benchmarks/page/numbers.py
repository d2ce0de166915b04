"""The numbers of a run as people read them: medians with their spread, and units that suit."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import pyperf  # type: ignore[import-untyped]  # it has no types

from benchmarks.tail import parts, percentile

Results = Mapping[str, pyperf.Benchmark]


def load(path: Path) -> dict[str, pyperf.Benchmark]:
    return {each.get_name(): each for each in pyperf.BenchmarkSuite.load(str(path)).get_benchmarks()}


def values(results: Results, name: str) -> list[float]:
    return list(results[name].get_values())


#: With fewer rounds in a process, each is taken by itself.
MANY: Final = 12


def ratios(results: Results, top: str, bottom: str) -> list[float]:
    """Return the ratios of the samples of two rounds of the same process, which went forth and back.

    Who comes first of a pair finds caches otherwise than who comes last, so that of one round a ratio depends on its direction.
    """
    found: list[float] = []
    for one, other in zip(results[top].get_runs(), results[bottom].get_runs(), strict=True):
        rounds = list(zip(one.values, other.values, strict=True))
        if len(rounds) >= MANY:  # one that is left over is dropped
            rounds = [(a + c, b + d) for (a, b), (c, d) in zip(rounds[::2], rounds[1::2], strict=False)]
        found += [a / b for a, b in rounds]
    return found


def telling(results: Results, name: str) -> bool:
    """Whether something is no percentile, or one that enough calls were slower than."""
    found = percentile(name)
    return found is None or parts(found, round(values(results, name.removesuffix(found) + "calls")[0])) > 0


def spread(found: Sequence[float]) -> tuple[float, float, float]:
    """Return the 10th percentile, the median and the 90th percentile."""
    if len(found) == 1:
        return found[0], found[0], found[0]
    tenths = statistics.quantiles(found, n=10, method="inclusive")
    return tenths[0], statistics.median(found), tenths[-1]


def number(value: float) -> str:
    """Return three digits of a number, of a small one fewer."""
    if value >= 100:
        return f"{value:,.0f}"
    if value >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 0.1 else f"{value:z.3f}"


def amount(value: float, unit: str) -> str:
    """Return a value of pyperf's ``unit`` with the unit that suits it."""
    if unit == "byte":
        return f"{number(value)} B"
    if unit == "integer":
        return f"{value:,.0f}" if value == round(value) else number(value)
    for size, name in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if value >= size:
            return f"{number(value / size)} {name}"
    return f"{number(value / 1e-9)} ns"


def timed(results: Results, name: str) -> str:
    """Return a benchmark's median, and its spread where there is one."""
    if not telling(results, name):
        return "too few calls"
    low, middle, high = spread(values(results, name))
    unit = results[name].get_unit()
    return amount(middle, unit) + (f" ({amount(low, unit)} to {amount(high, unit)})" if low != high else "")


def times(found: Sequence[float]) -> str:
    """Return the median of ratios, and its spread where there is one."""
    low, middle, high = spread(found)
    return number(middle) + (f" ({number(low)} to {number(high)})" if low != high else "")


def rows(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a table."""
    return "\n".join("| " + " | ".join(each) + " |" for each in (header, ["---"] * len(header), *lines)) + "\n"
