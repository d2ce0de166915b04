"""Times what does grow, and by how much: compiling, first decisions, who and what, and loading a real policy."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import thread_time, time_ns
from typing import Final

import pyperf  # type: ignore[import-untyped]  # it has no types
from attrs import evolve

import cfacl
from benchmarks.crowd import published
from benchmarks.dimensions import GRANTS, ROLES
from benchmarks.rounds import Effort, Timer, interleaved, main, quantity, statement
from benchmarks.workloads import PRINCIPAL, PURPOSE, grants, holding, matrix, policy, table
from cfacl.engine.caller import Caller
from cfacl.engine.reverse import what, who
from cfacl.engine.snapshot import Snapshot
from cfacl.policy import collector
from cfacl.policy.compile import compile_policy

#: How often what takes seconds at its largest has its turn.
ROUNDS: Final = 3
LOADS: Final = 3

#: As `Database.who` and `Database.what` ask: of a snapshot with memos of its own.
WHO: Final = "list(who(Snapshot(bits, {}, 1), 'read', 'table-00000', 'f00', None, now))"
WHAT: Final = "list(what(Snapshot(bits, {}, 1), 'user-0000000', now))"


def by_grants(effort: Effort) -> dict[str, Timer]:
    """Return compiling a policy, and asking it who and what, by its grants."""
    timers: dict[str, Timer] = {}
    for number in GRANTS:
        everything = grants(effort.size(number))
        given = {"bits": compile_policy(everything), "now": time_ns(), "Snapshot": Snapshot}
        timers |= {
            f"cold.compile.{number}": statement("compile_policy(it)", compile_policy=compile_policy, it=everything),
            f"cold.who.{number}": statement(WHO, who=who, **given),
            f"cold.what.{number}": statement(WHAT, what=what, **given),
        }
    return timers


def first(roles: int) -> Timer:
    """Return the timer of a first decision by somebody with so many roles, the session's opening included.

    Each has a snapshot of its own, which has seen nobody.
    """
    everything = holding(roles)

    def timer(loops: int) -> float:
        guards = [published(everything) for _ in range(loops)]
        asked = [(guard, guard.prepare("read", "account", ("f00",))) for guard in guards]
        with collector.paused():  # or it would go through all these guards, of which a service has one
            begin = thread_time()
            for guard, ask in asked:
                Caller(guard, PRINCIPAL, PURPOSE).allows(ask)
            return thread_time() - begin

    return timer


def loading(text: str, effort: Effort) -> Iterator[pyperf.Benchmark]:
    """Time a policy from its file to a database that decides by it."""
    # pydantic is imported when a policy is first read; that is not loading one.
    cfacl.Policy.loads(policy([table("account", 1)], {}).dumps())
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
    text = matrix()
    if text is not None:
        yield from loading(text, effort)
    yield from interleaved({f"cold.first.{number}": first(number) for number in ROLES}, effort)
    yield from interleaved(by_grants(effort), evolve(effort, rounds=ROUNDS))


if __name__ == "__main__":
    main(measure)
