"""Times contestants turn by turn in one process, and keeps the times in pyperf's format.

pyperf's own runner times one thing after another, each in processes of its own.  On a machine that others use as well,
the two sides of a ratio then meet different neighbours.  Here they take turns (A B C, then C B A, and so on), so that a
ratio is one of samples taken near each other: of one round, or of two, which went forth and back.

A sample is CPU time of the thread: what another process takes of the core is not counted.  How much that was is kept
too, as ``machine.wall``: wall-clock time of the samples divided by their CPU time, 1 on a quiet machine.
"""

from __future__ import annotations

import argparse
import statistics
import timeit
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter, thread_time
from typing import Any, Final, TypeVar

import pyperf  # type: ignore[import-untyped]  # it has no types
from attrs import frozen

from benchmarks.facts import facts

T = TypeVar("T")

#: Runs something so many times, and returns the CPU seconds that it took.
Timer = Callable[[int], float]


@frozen
class Effort:
    """How much is spent.

    Attributes:
        sample: CPU seconds that one sample takes at least.
        rounds: how often each contestant has its turn, in each process.
        processes: how many processes one after the other, since where things lie in memory differs between them.
        share: the sizes of the workloads, as a share of the full ones.
    """

    sample: float
    rounds: int
    processes: int
    share: float

    def size(self, full: int) -> int:
        """Return a size of a workload, at least 1."""
        return max(1, round(full * self.share))


FULL: Final = Effort(sample=0.005, rounds=30, processes=5, share=1.0)
#: Shows that everything runs; its figures mean nothing.
QUICK: Final = Effort(sample=0.00005, rounds=3, processes=1, share=0.01)

#: What a script measures.
Measure = Callable[[Effort], Iterable[pyperf.Benchmark]]


def statement(text: str, **names: Any) -> Timer:
    """Return the timer of a statement whose ``names`` are local variables, as with `timeit`; collection is off."""
    setup = "\n".join(f"{name} = given[{name!r}]" for name in names)
    return timeit.Timer(text, setup, timer=thread_time, globals={"given": names}).timeit


def each(call: Callable[[T], object], items: Sequence[T]) -> Timer:
    """Return the timer of a call, given one item after the other; collection stays on."""
    turn = cycle(items)

    def timer(loops: int) -> float:
        some = list(islice(turn, loops))
        begin = thread_time()
        for item in some:
            call(item)
        return thread_time() - begin

    return timer


def interleaved(contestants: Mapping[str, Timer], effort: Effort) -> Iterator[pyperf.Benchmark]:
    """Time contestants turn by turn.  The values of one round have the same place in each benchmark."""
    loops = {name: _loops(timer, effort.sample) for name, timer in contestants.items()}
    values: dict[str, list[float]] = {name: [] for name in contestants}
    names = list(contestants)
    wall = cpu = 0.0
    for turn in range(effort.rounds):
        for name in names if turn % 2 == 0 else reversed(names):
            contestants[name](loops[name] // 4 + 1)  # not counted: who comes next finds the caches of another
            begin = perf_counter()
            seconds = contestants[name](loops[name])
            wall += perf_counter() - begin
            cpu += seconds
            values[name].append(seconds / loops[name])
    yield quantity("machine.wall", [wall / cpu], "integer")
    for name in contestants:
        yield quantity(name, values[name], "second")


def _loops(timer: Timer, seconds: float) -> int:
    """Return how many loops take so long; the many tries warm the interpreter, which specialises what runs often."""
    loops = 1
    while (taken := min(timer(loops) for _ in range(3))) < seconds / 4:
        loops *= 2
    return max(1, round(loops * seconds / taken)) if taken < seconds else loops


def quantity(name: str, values: Iterable[float], unit: str) -> pyperf.Benchmark:
    """Return values as a benchmark; ``unit`` is pyperf's: `second`, `byte`, or `integer` for what has none."""
    rounded = [float(f"{value:.6g}") for value in values]
    run = pyperf.Run(rounded, metadata={"name": name, "unit": unit, **facts()}, collect_metadata=False)
    return pyperf.Benchmark([run])


def merged(benchmarks: Iterable[pyperf.Benchmark]) -> dict[str, pyperf.Benchmark]:
    """Return benchmarks by name; those of one name become one, in the order given."""
    found: dict[str, pyperf.Benchmark] = {}
    for benchmark in benchmarks:
        name = benchmark.get_name()
        if name in found:
            found[name].add_runs(benchmark)
        else:
            found[name] = benchmark
    return found


def main(measure: Measure) -> None:
    """Be one of the scripts: measure in this process, then write a file for the report or print medians."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="only show that everything runs")
    parser.add_argument("--output", type=Path, help="a JSON file of pyperf's; left out: print medians")
    options = parser.parse_args()
    found = merged(measure(QUICK if options.quick else FULL))
    if options.output is None:
        for name, benchmark in found.items():
            print(f"{name:32} {statistics.median(benchmark.get_values()):.4g} {benchmark.get_unit()}")
    else:
        pyperf.BenchmarkSuite(list(found.values())).dump(str(options.output), replace=True)
