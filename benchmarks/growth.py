"""Times what must not grow: checks in large policies, principals by the million, and loading a real policy."""

from __future__ import annotations

import gc
import tempfile
import tracemalloc
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from time import thread_time
from typing import Final

import pyperf  # type: ignore[import-untyped]  # it has no types

import cfacl
from benchmarks.rounds import Effort, Timer, each, interleaved, main, quantity, statement
from benchmarks.workloads import PRINCIPAL, PURPOSE, ROLE_SETS, many_tables, matrix, policy, population, table

TABLES: Final = (10, 100, 1_000, 10_000)
PRINCIPALS: Final = 1_000_000
#: Of one guard, how many principals are seen before its first decisions are timed: all sets of roles are then known.
BEFORE: Final = 10_000
#: How many sessions are held open to weigh one.
SESSIONS: Final = 10_000
LOADS: Final = 3


def checks_by_tables(effort: Effort) -> dict[str, Timer]:
    """Return the check of one family of the last table, by the number of tables in the policy."""
    timers = {}
    for number in TABLES:
        size = max(effort.size(number), TABLES[0])
        db = cfacl.connect("memory://", policy=many_tables(size))
        session = db.session(PRINCIPAL, purpose=PURPOSE)
        ask = db.prepare("read", f"table-{size - 1:05}", "f00")
        assert session.allows(ask)
        timers[f"tables.{number}"] = statement("session.allows(ask)", session=session, ask=ask)
    return timers


class Crowd:
    """Principals of one database, who come one after the other, each under a session of its own."""

    def __init__(self, everybody: cfacl.Policy) -> None:
        self.db = cfacl.connect("memory://", policy=everybody)
        self.ask = self.db.prepare("read", "account", "f00")
        self.names = iter(everybody.principals)

    def come(self, number: int) -> float:
        """Make the first decisions of the next principals; return the CPU seconds of one."""
        names = list(islice(self.names, number))
        db, ask = self.db, self.ask
        begin = thread_time()
        for name in names:
            db.session(name, purpose=PURPOSE).allows(ask)
        return (thread_time() - begin) / len(names)


def crowds(everybody: cfacl.Policy, effort: Effort) -> Iterator[pyperf.Benchmark]:
    """Time the first decisions of the last principals beside those of early ones, and checks once all were seen."""
    number = len(everybody.principals)
    at_once = effort.size(200)
    late, early, few = Crowd(everybody), Crowd(everybody), Crowd(everybody)
    late.come(number - at_once * effort.rounds)
    early.come(effort.size(BEFORE))
    few.come(min(number, ROLE_SETS))
    seconds: dict[str, list[float]] = {"crowd.first.early": [], "crowd.first.late": []}
    for _ in range(effort.rounds):
        seconds["crowd.first.early"].append(early.come(at_once))
        seconds["crowd.first.late"].append(late.come(at_once))
    for name, values in seconds.items():
        yield quantity(name, values, "second")
    # One session for each set of roles, so that what is looked up is spread over all that is kept.
    names = list(islice(everybody.principals, ROLE_SETS))
    yield from interleaved({"crowd.check.few": sweep(few, names), "crowd.check.all": sweep(late, names)}, effort)


def sweep(crowd: Crowd, names: Sequence[str]) -> Timer:
    """Return the timer of checks, each by the next of these principals."""
    ask = crowd.ask
    sessions = [crowd.db.session(name, purpose=PURPOSE) for name in names]
    return each(lambda session: session.allows(ask), sessions)


def weight(everybody: cfacl.Policy, effort: Effort) -> Iterator[pyperf.Benchmark]:
    """Weigh what is kept of a principal once seen, and a session that is held open."""
    crowd = Crowd(everybody)
    crowd.come(1)
    gc.collect()
    tracemalloc.start()
    begin = tracemalloc.get_traced_memory()[0]
    rest = len(everybody.principals) - 1
    for _ in range(rest // 1000):  # so that the list of who comes next weighs nothing
        crowd.come(1000)
    if rest % 1000:
        crowd.come(rest % 1000)
    gc.collect()
    seen = tracemalloc.get_traced_memory()[0]
    yield quantity("crowd.bytes", [(seen - begin) / rest], "byte")
    number = min(effort.size(SESSIONS), rest)
    held = [crowd.db.session(name, purpose=PURPOSE) for name in islice(everybody.principals, number)]
    for session in held:
        session.allows(crowd.ask)
    yield quantity("crowd.bytes.session", [(tracemalloc.get_traced_memory()[0] - seen) / number], "byte")
    tracemalloc.stop()


def loading(text: str, effort: Effort) -> Iterator[pyperf.Benchmark]:
    """Time a policy from its file to a database that decides by it."""
    values = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "policy.toml"
        path.write_text(text, "utf-8")
        for _ in range(effort.size(LOADS)):
            begin = thread_time()
            db = cfacl.connect("memory://", policy=path)
            values.append(thread_time() - begin)
            db.close()
    yield quantity("load.customer", values, "second")


def measure(effort: Effort) -> Iterator[pyperf.Benchmark]:
    # pydantic is imported when a policy is first read; that is not loading one.
    cfacl.Policy.loads(policy([table("account", 1)], {}).dumps())
    text = matrix()
    if text is not None:
        yield from loading(text, effort)
    yield from interleaved(checks_by_tables(effort), effort)
    everybody = population(effort.size(PRINCIPALS))
    yield from crowds(everybody, effort)
    yield from weight(everybody, effort)


if __name__ == "__main__":
    main(measure)
