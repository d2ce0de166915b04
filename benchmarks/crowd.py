"""Who decides, without a store: a policy's guard, and principals who come to it one after the other."""

from __future__ import annotations

from itertools import islice
from time import thread_time, time_ns

from benchmarks.rounds import Timer, statement
from benchmarks.workloads import PRINCIPAL, PURPOSE
from cfacl.engine.caller import Caller
from cfacl.engine.guard import Guard
from cfacl.policy.compile import compile_policy
from cfacl.policy.policy import Policy


def published(policy: Policy) -> Guard:
    """Return a guard of a policy that is taken as it is: `connect` would read a million grants again, for faults."""
    guard = Guard(time_ns)
    guard.publish(compile_policy(policy), {})
    return guard


def check(guard: Guard, table: str, *families: str, principal: str = PRINCIPAL) -> Timer:
    """Return the timer of `session.allows(ask)`, which a session has from `Caller`; the answer is yes."""
    caller = Caller(guard, principal, PURPOSE)
    ask = guard.prepare("read", table, families)
    assert caller.allows(ask)
    return statement("caller.allows(ask)", caller=caller, ask=ask)


class Crowd:
    """Principals of `population`, who come to one guard one after the other, each under a session of its own."""

    def __init__(self, everybody: Policy) -> None:
        self.guard = published(everybody)
        self.ask = self.guard.prepare("read", "account", ("f00",))
        self.names = iter(everybody.principals)

    def caller(self, name: str) -> Caller:
        """Return the session of one of them, as far as it decides."""
        return Caller(self.guard, name, PURPOSE)

    def come(self, number: int) -> float:
        """Make the first decisions of the next principals; return the CPU seconds of one."""
        names = list(islice(self.names, number))
        caller, ask = self.caller, self.ask
        begin = thread_time()
        for name in names:
            caller(name).allows(ask)
        return (thread_time() - begin) / len(names)
