"""Weighs a grant and a principal: what Python's allocator gave out for it, and what the process took of the machine.

The one is `tracemalloc`'s, exact and blind to what allocators waste, and so slow that a tenth of it all is weighed; the
other is the growth of the resident set of a fresh process, which has all of it.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle, islice
from multiprocessing import get_context
from typing import Final

import pyperf  # type: ignore[import-untyped]  # it has no types

from benchmarks.crowd import Crowd
from benchmarks.rounds import Effort, main, quantity
from benchmarks.scale import resident
from benchmarks.workloads import ROLE_SETS, grants, population
from cfacl.policy.compile import compile_policy

GRANTS: Final = 1_000_000
PRINCIPALS: Final = 1_000_000
SESSIONS: Final = 100_000

#: What is kept of each, by name, in bytes.
Weights = dict[str, float]


def of_grants(number: int, held: Callable[[], int]) -> Weights:
    """Weigh a grant: in the policy as it was read, and compiled beside it."""
    begin = held()
    everything = grants(number)
    read = held()
    compiled = compile_policy(everything)
    weights = {"grant.policy": (read - begin) / number, "grant.compiled": (held() - read) / number}
    del compiled  # until now it was kept
    return weights


def of_principals(number: int, held: Callable[[], int]) -> Weights:
    """Weigh a principal: in the policy, and what is kept of one once seen."""
    begin = held()
    everybody = population(number)
    read = held()
    crowd = Crowd(everybody)
    crowd.come(1)
    published = held()
    rest = number - 1
    for _ in range(rest // 1000):  # so that the list of who comes next weighs nothing
        crowd.come(1000)
    if rest % 1000:
        crowd.come(rest % 1000)
    return {"principal.policy": (read - begin) / number, "principal.seen": (held() - published) / rest}


def of_sessions(number: int, held: Callable[[], int]) -> Weights:
    """Weigh a session that is held open, and has decided."""
    everybody = population(ROLE_SETS)
    crowd = Crowd(everybody)
    seen = [crowd.session(name) for name in everybody.principals]  # all that sessions share is there
    begin = held()
    sessions = [crowd.session(name) for name in islice(cycle(everybody.principals), number)]
    weight = (held() - begin) / number
    del sessions, seen  # until now they were open
    return {"session": weight}


def traced() -> int:
    """Return how many bytes are given out to what is still in use."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def measure(effort: Effort) -> Iterator[pyperf.Benchmark]:
    for weigh, full in ((of_grants, GRANTS), (of_principals, PRINCIPALS), (of_sessions, SESSIONS)):
        number = effort.size(full)
        with ProcessPoolExecutor(1, get_context("spawn")) as fresh:
            found = fresh.submit(weigh, number, resident).result()
        tracemalloc.start()
        exact = weigh(max(number // 10, 10), traced)
        tracemalloc.stop()
        for how, weights in (("resident", found), ("traced", exact)):
            for name, weight in weights.items():
                yield quantity(f"memory.{name}.{how}", [max(weight, 0.01)], "byte")


if __name__ == "__main__":
    main(measure)
