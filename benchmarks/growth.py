"""Times what must not grow: a check, whichever way a policy is made larger, and the first decisions of who comes late."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from threading import Barrier, Thread
from typing import Final

import pyperf  # type: ignore[import-untyped]  # it has no types
from attrs import evolve

import cfacl
from benchmarks.crowd import Crowd, check, published
from benchmarks.dimensions import FAMILIES, GRANTS, PRINCIPALS, ROLES, TABLES, THREADS
from benchmarks.rounds import Effort, Timer, each, interleaved, main, quantity, statement
from benchmarks.workloads import (
    PRINCIPAL,
    PURPOSE,
    ROLE_SETS,
    family_names,
    grants,
    holding,
    many_tables,
    one_table,
    population,
)

#: Of one guard, how many principals are seen before its first decisions are timed: all sets of roles are then known.
BEFORE: Final = 10_000
#: A thread works for so many samples at a time, or it would be done before the interpreter lets the next one in.
TOGETHER: Final = 20


def by_tables(effort: Effort) -> dict[str, Timer]:
    """Return the check of one family of the last table, and the row of one cell of it from memory."""
    timers = {}
    for number in TABLES:
        size = max(effort.size(number), TABLES[0])
        name = f"table-{size - 1:05}"
        db = cfacl.connect("memory://", policy=many_tables(size))
        db.create_tables()
        session = db.session(PRINCIPAL, purpose=PURPOSE)
        ask = db.prepare("read", name, "f00")
        last = session.table(name)
        last.put(b"u", {b"f00:c": b"v"})
        assert session.allows(ask)
        assert last.row(b"u") == {b"f00:c": b"v"}
        timers[f"growth.tables.{number}"] = statement("session.allows(ask)", session=session, ask=ask)
        timers[f"growth.tables.row.{number}"] = statement("last.row(b'u')", last=last)
    return timers


def by_families(_: Effort) -> dict[str, Timer]:
    """Return the check of one family, and of all of them at once, beside frozensets as large."""
    timers = {}
    for number in FAMILIES:
        guard, names = published(one_table(number, number)), family_names(number)
        held, wanted = frozenset(names), frozenset(list(names))
        assert wanted <= held
        timers[f"growth.families.{number}"] = check(guard, "account", names[-1])
        timers[f"growth.families.all.{number}"] = check(guard, "account", *names)
        timers[f"growth.families.frozenset.{number}"] = statement("wanted <= held", wanted=wanted, held=held)
    return timers


def by_roles(_: Effort) -> dict[str, Timer]:
    """Return the check of the family that the last of somebody's roles grants."""
    return {
        f"growth.roles.{number}": check(published(holding(number)), "account", family_names(number)[-1])
        for number in ROLES
    }


def by_grants(effort: Effort) -> dict[str, Timer]:
    """Return the check of what the first grant of a policy gives."""
    return {
        f"growth.grants.{number}": check(
            published(grants(effort.size(number))), "table-00000", "f00", principal="user-0000000"
        )
        for number in GRANTS
    }


def by_threads(_: Effort) -> dict[str, Timer]:
    """Return the check by threads that share one session."""
    run = check(published(one_table(8, 8)), "account", "f00")
    return {f"growth.threads.{number}": shared(run, number) for number in THREADS}


def shared(run: Timer, threads: int) -> Timer:
    """Return the timer of what so many threads do at once: the CPU time of all of them."""

    def timer(loops: int) -> float:
        each = loops // threads + 1
        seconds: list[float] = []
        together = Barrier(threads)

        def work() -> None:
            together.wait()
            seconds.append(run(each))

        started = [Thread(target=work) for _ in range(threads)]
        for one in started:
            one.start()
        for one in started:
            one.join()
        return sum(seconds) * loops / (each * threads)

    return timer


def by_principals(effort: Effort) -> Iterator[pyperf.Benchmark]:
    """Time the first decisions of the last principals beside those of early ones, and checks once all were seen."""
    everybody = population(effort.size(PRINCIPALS[-1]))
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
    timers = {}
    for size in PRINCIPALS[:-1]:
        crowd = Crowd(population(effort.size(size)))
        crowd.come(effort.size(size))
        timers[f"growth.principals.{size}"] = of_first(crowd)
    yield from interleaved({**timers, f"growth.principals.{PRINCIPALS[-1]}": of_first(late)}, effort)


def of_first(crowd: Crowd) -> Timer:
    """Return the timer of checks by the first of them."""
    session = crowd.session("user-0000000")
    assert session.allows(crowd.ask)
    return statement("session.allows(ask)", session=session, ask=crowd.ask)


def sweep(crowd: Crowd, names: Sequence[str]) -> Timer:
    """Return the timer of checks, each by the next of these principals."""
    ask = crowd.ask
    return each(lambda session: session.allows(ask), [crowd.session(name) for name in names])


def measure(effort: Effort) -> Iterator[pyperf.Benchmark]:
    for dimension in (by_tables, by_families, by_roles, by_grants):
        yield from interleaved(dimension(effort), effort)
    longer = evolve(effort, sample=effort.sample * TOGETHER, rounds=max(effort.rounds // 3, 3))
    yield from interleaved(by_threads(effort), longer)
    yield from by_principals(effort)


if __name__ == "__main__":
    main(measure)
