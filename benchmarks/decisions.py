"""Times what is decided for the first time: by a snapshot, of a principal, of an ask; and what comes before: compiling."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from time import perf_counter, thread_time, time_ns
from typing import Final

import cedarpy
import pyperf  # type: ignore[import-untyped]  # it has no types
from attrs import evolve

import cfacl
from benchmarks import engines
from benchmarks.policies import GRANTS, Question, Right, Rights, demo, made
from benchmarks.rounds import Effort, Timer, each, interleaved, main, quantity
from cfacl.engine.caller import Caller
from cfacl.engine.guard import Guard
from cfacl.policy.compile import compile_policy

#: How often a policy is replaced by one that lacks a grant.
REVOKES: Final = 100
#: Of how many rights and principals `who` and `what` are asked, and of how many they are compared before.
ASKED: Final = 100
COMPARED: Final = 5
#: From so many grants on, there are fewer rounds.
LARGE: Final = 10_000
LARGE_ROUNDS: Final = 5


def first_decisions() -> Iterator[pyperf.Benchmark]:
    """Time the first decision of a principal, on a snapshot that has seen nobody, for all that the scenario grants.

    Only what is granted is asked, for a table on which nothing is granted is decided sooner.  Nothing is shared: each
    sample has a snapshot of its own, so that it pays for the roles that it reaches as well.  A miss is another ask by
    whom the snapshot has seen.  One decision is too short for the clock of CPU time, so this is wall-clock time, and its
    median.
    """
    policy = demo().policy
    bits = compile_policy(policy)
    guard = Guard(time_ns)
    guard.publish(bits, {})
    with cfacl.connect("memory://", policy=policy) as db:
        granted = sorted(
            {
                (principal, each.purpose, each.action, each.table)
                for principal in policy.principals
                for each in db.what(principal)
            }
        )
    family = {name: min(each.families) for name, each in policy.catalog.tables.items()}
    opened: list[float] = []
    decided: list[float] = []
    missed: list[float] = []
    for turn in range(2):
        Random(turn).shuffle(granted)
        for principal, purpose, action, table in granted:
            ask = guard.prepare(action, table, (family[table],))
            another = guard.prepare("write" if action == "read" else "read", table, (family[table],))
            guard.publish(bits, {})
            begin = perf_counter()
            Caller(guard, principal, purpose).allows(ask)
            opened.append(perf_counter() - begin)
            caller = Caller(guard, principal, purpose)
            guard.publish(bits, {})
            begin = perf_counter()
            caller.allows(ask)
            decided.append(perf_counter() - begin)
            begin = perf_counter()
            caller.allows(another)
            missed.append(perf_counter() - begin)
    # The first turn only warmed the interpreter.
    yield quantity("first.opened", opened[len(granted) :], "second")
    yield quantity("first.decided", decided[len(granted) :], "second")
    yield quantity("first.missed", missed[len(granted) :], "second")


def revokes(rights: Rights, effort: Effort) -> Iterator[pyperf.Benchmark]:
    """Time the first decision after a grant was taken away, by a session that is open, and replacing the policy."""
    (question,) = rights.questions(1, allowed=True, zipf=False)
    name, right = rights.held[question.principal], question.right
    role = rights.policy.roles[name]
    kept = tuple(one for one in role.grants if (one.table, one.families) != (right.table, frozenset([right.family])))
    revoked = evolve(rights.policy, roles={**rights.policy.roles, name: evolve(role, grants=kept)})
    replaced: list[float] = []
    decided: list[float] = []
    with cfacl.connect("memory://", policy=rights.policy) as db:
        ask = db.prepare(right.action, right.table, right.family)
        session = db.session(question.principal, purpose=right.purpose)
        for _ in range(effort.size(REVOKES)):
            db.replace_policy(rights.policy)
            assert session.allows(ask)
            begin = thread_time()
            db.replace_policy(revoked)
            replaced.append(thread_time() - begin)
            begin = perf_counter()
            allowed = session.allows(ask)
            decided.append(perf_counter() - begin)
            assert not allowed
    yield quantity("revoke.replaced", replaced, "second")
    yield quantity("revoke.decided", decided, "second")


def reports(name: str, rights: Rights, effort: Effort) -> Iterator[pyperf.Benchmark]:
    """Time compiling a policy, and asking it who may do something, and what somebody may do; a small one elsewhere too.

    pycasbin asks everybody there is who may do something, one by one.
    """
    large = sum(map(len, rights.roles.values())) >= LARGE
    if large:
        effort = evolve(effort, rounds=min(effort.rounds, LARGE_ROUNDS))
    with cfacl.connect("memory://", policy=rights.policy) as db:
        some = rights.questions(ASKED, allowed=True, zipf=False)
        for principal, right in some[:COMPARED]:
            holders = {(one.principal, one.purpose) for one in db.who(right.action, right.table, right.family)}
            assert (principal, right.purpose) in holders
            assert right in {Right(one.purpose, one.action, one.table, one.family) for one in db.what(principal)}
        timers = {
            f"compile.{name}": each(compile_policy, [rights.policy]),
            f"who.{name}": each(lambda one: db.who(one.right.action, one.right.table, one.right.family), some),
            f"what.{name}": each(lambda one: db.what(one.principal), some),
        }
        if not large:
            timers |= others(name, rights, some, db)
        yield from interleaved(timers, effort)


def others(name: str, rights: Rights, some: list[Question], db: cfacl.Database) -> dict[str, Timer]:
    """Return the same by pycasbin, and what Cedar makes of its policies; compared before."""
    who, what = engines.casbin_reports(rights)
    for principal, right in some[:COMPARED]:
        told = db.who(right.action, right.table, right.family)
        assert {*who(right)} == {one.principal for one in told if one.purpose == right.purpose}
        assert len(what(principal)) == len(db.what(principal))
    return {
        f"compile.{name}.enforcer": each(engines.enforcer, [rights]),
        f"compile.{name}.cedarpy": each(cedarpy.PolicySet.from_str, [engines.permits(rights)]),
        f"who.{name}.enforcer": each(lambda one: who(one.right), some),
        f"what.{name}.enforcer": each(lambda one: what(one.principal), some),
    }


def measure(effort: Effort) -> Iterator[pyperf.Benchmark]:
    yield from first_decisions()
    for grants in GRANTS:
        rights = made(max(GRANTS[0], effort.size(grants)))
        if grants == 1_000:
            yield from revokes(rights, effort)
        yield from reports(str(grants), rights, effort)
    yield from reports("scenario", demo(), effort)


if __name__ == "__main__":
    main(measure)
