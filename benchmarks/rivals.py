"""Times one decision of cfacl beside that of others, on policies of every size, made and real.

All are asked the same questions, by principals who ask alike or by Zipf's law, and answer them alike before any is timed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Final

import pyperf  # type: ignore[import-untyped]  # it has no types
from attrs import evolve

from benchmarks import engines, policies
from benchmarks.engines import Engine
from benchmarks.policies import Rights
from benchmarks.rounds import Effort, interleaved, main, quantity

#: What keeps the answers, or what leads to them, for each principal; who asks how often makes a difference to these.
QUICK: Final[Mapping[str, Callable[[Rights], Engine]]] = {
    "allows": engines.ours,
    "name": engines.by_name,
    "dict": engines.dict_of_sets,
    "frozenset": engines.bare,
    "method": engines.wrapped,
    "lru_cache": engines.cached,
    "slow": engines.slow,
}
#: What looks at its policy every time.
LONG: Final[Mapping[str, Callable[[Rights], Engine]]] = {
    "enforcer": engines.enforcer,
    "fast_enforcer": engines.fast_enforcer,
    "cedarpy": engines.cedar,
    "cedarpy_data": engines.cedar_data,
    "regopy": engines.opa,
}
#: More lines than these take an engine minutes to read.
MOST: Final = {"regopy": 10_000}
QUESTIONS: Final = 10_000
#: How many questions what takes long is put in turn, fewer where there are more lines; primes, so that whatever a sample and
#: what does not count before it come to, others count in the next.
FEW: Final = (31, 101, 1_009)
#: All of these questions together are to meet so many lines.
LINES: Final = 100_000
#: From so many lines on, there are fewer rounds.
LARGE: Final = 10_000
LARGE_ROUNDS: Final = 15


def contest(name: str, rights: Rights, effort: Effort) -> Iterator[pyperf.Benchmark]:
    """Time all on one policy."""
    lines = sum(map(len, rights.roles.values()))
    quick = {each: make(rights) for each, make in QUICK.items()}
    long = {each: make(rights) for each, make in LONG.items() if lines <= MOST.get(each, lines)}
    if lines >= LARGE:
        effort = evolve(effort, rounds=min(effort.rounds, LARGE_ROUNDS))
    few = next((each for each in FEW if each * lines >= LINES), FEW[-1])
    for allowed, zipf in product((True, False), (False, True)):
        draw = rights.questions(effort.size(QUESTIONS), allowed=allowed, zipf=zipf)
        asked = {each: (engine, draw) for each, engine in quick.items()}
        asked |= {each: (engine, draw[:few]) for each, engine in long.items()}
        for each, (engine, questions) in asked.items():
            assert engine.answers(questions) == [allowed] * len(questions), f"{each} decides otherwise"
        asked["empty"] = engines.empty(rights), draw
        kind = ("allowed" if allowed else "denied") + ".zipf" * zipf
        timers = {f"{name}.{kind}.{each}": engine.timer(questions) for each, (engine, questions) in asked.items()}
        yield from interleaved(timers, effort)
        yield quantity(f"{name}.{kind}.questions", [len(draw[:few])], "integer")


def measure(effort: Effort) -> Iterator[pyperf.Benchmark]:
    for name, rights in policies.every(effort):
        yield from contest(f"rivals.{name}", rights, effort)


if __name__ == "__main__":
    main(measure)
