"""Times checks by several threads of one process, and by several processes.

The same number of checks is made by all of them together, in wall-clock time: where they do not hinder one another, it takes
no longer however many make them; where a machine lets them run at once, it takes less.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import repeat
from multiprocessing.connection import Connection
from threading import Barrier
from typing import Final

import pyperf  # type: ignore[import-untyped]  # it has no types

import cfacl
from benchmarks.byhand import Empty
from benchmarks.dimensions import THREADS
from benchmarks.rounds import Effort, main
from benchmarks.turns import turns
from benchmarks.workloads import PRINCIPAL, PURPOSE, one_table

#: So many that each of 16 threads works for several turns of the interpreter, which are of 5 ms.
CHECKS: Final = 8_000_000
PROCESSES: Final = (1, 2, 4)


def opened() -> tuple[cfacl.Session, cfacl.Ask]:
    """Return a session, and what it asks."""
    db = cfacl.connect("memory://", policy=one_table(8, 7))
    session, ask = db.session(PRINCIPAL, purpose=PURPOSE), db.prepare("read", "account", "f00")
    assert session.allows(ask)
    return session, ask


def checks(session: cfacl.Session, ask: cfacl.Ask, number: int) -> None:
    """Check so often."""
    for _ in repeat(None, number):
        session.allows(ask)


def nothing(empty: Empty, ask: object, number: int) -> None:
    """Call a method that does nothing as often."""
    for _ in repeat(None, number):
        empty.allows(ask)


def shared(pool: Executor, some: Callable[[int], None], number: int, threads: int) -> None:
    """Have each thread make its share, all at once; what one of them raises is raised."""
    together = Barrier(threads)

    def share(each: int) -> None:
        together.wait()
        some(each)

    for _ in pool.map(share, [number // threads] * threads):
        pass


def serve(orders: Connection) -> None:
    """Be one of the processes: make as many checks as it is told, and say so, until it is told none."""
    session, ask = opened()
    while number := orders.recv():
        checks(session, ask, number)
        orders.send(number)


@contextmanager
def process() -> Iterator[Connection]:
    """Start such a process, and end it; yield the way to it."""
    context = multiprocessing.get_context("spawn")  # what a fork has of a session is closed
    ours, theirs = context.Pipe()
    started = context.Process(target=serve, args=(theirs,))
    started.start()
    try:
        yield ours
    finally:
        ours.send(0)
        started.join()


def together(orders: list[Connection], number: int) -> None:
    """Have each process make its share of the checks."""
    for each in orders:
        each.send(number // len(orders))
    for each in orders:
        each.recv()


def measure(effort: Effort) -> Iterator[pyperf.Benchmark]:
    number, rounds = effort.size(CHECKS), max(effort.rounds // 2, 3)
    session, ask = opened()
    asked = {"": partial(checks, session, ask), ".empty": partial(nothing, Empty(), ask)}
    with ExitStack() as stack:
        contestants: dict[str, Callable[[], object]] = {}
        for threads in THREADS:
            pool = stack.enter_context(ThreadPoolExecutor(threads))
            for kind, some in asked.items():
                contestants[f"threads.{threads}{kind}"] = partial(shared, pool, some, number, threads)
        yield from turns(contestants, rounds)
    with ExitStack() as stack:
        orders = [stack.enter_context(process()) for _ in range(max(PROCESSES))]
        yield from turns({f"processes.{each}": partial(together, orders[:each], number) for each in PROCESSES}, rounds)


if __name__ == "__main__":
    main(measure)
