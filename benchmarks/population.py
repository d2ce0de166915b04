"""Times what must not grow with a million grants and a million principals: a check, and the first decisions of who comes late."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

import pyperf  # type: ignore[import-untyped]  # it has no types

from benchmarks.crowd import Crowd, check, published
from benchmarks.dimensions import GRANTS, PRINCIPALS
from benchmarks.rounds import Effort, Timer, each, interleaved, main, quantity, statement
from benchmarks.workloads import PURPOSE, ROLE_SETS, grants, population

#: Of one guard, how many principals are seen before its first decisions are timed: all sets of roles are then known.
BEFORE: Final = 10_000


def by_grants(effort: Effort) -> dict[str, Timer]:
    """Return the check of what the first grant of a policy gives."""
    return {
        f"growth.grants.{number}": check(
            published(grants(effort.size(number))), "table-00000", "f00", principal="user-0000000"
        )
        for number in GRANTS
    }


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
    for turn in range(effort.rounds):
        both = (("early", early), ("late", late))
        for when, crowd in both if turn % 2 else reversed(both):
            seconds[f"crowd.first.{when}"].append(crowd.come(at_once))
    for name, values in seconds.items():
        yield quantity(name, values, "second")
    # One session for each set of roles, so that what is looked up is spread over all that is kept.
    names = list(islice(everybody.principals, ROLE_SETS))
    timers = {}
    for seen, crowd in (("few", few), ("all", late)):
        timers[f"crowd.check.{seen}"] = sweep(crowd, names)
        timers[f"crowd.opened.{seen}"] = reopened(crowd, names)
    yield from interleaved(timers, effort)
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


def reopened(crowd: Crowd, names: Sequence[str]) -> Timer:
    """Return the timer of the same by a new session each time, which finds what is known of its principal among all."""
    ask, session = crowd.ask, crowd.db.session
    return each(lambda name: session(name, purpose=PURPOSE).allows(ask), names)


def measure(effort: Effort) -> Iterator[pyperf.Benchmark]:
    yield from interleaved(by_grants(effort), effort)
    yield from by_principals(effort)


if __name__ == "__main__":
    main(measure)
