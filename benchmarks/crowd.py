"""Who decides, without a store: a policy's guard, and principals who come to a database."""

from __future__ import annotations

from itertools import islice
from time import thread_time, time_ns

from benchmarks.rounds import Timer, statement
from benchmarks.workloads import PRINCIPAL, PURPOSE
from cfacl.api.database import Database
from cfacl.api.session import Session
from cfacl.engine.caller import Caller
from cfacl.engine.guard import Guard
from cfacl.policy.compile import compile_policy
from cfacl.policy.policy import Policy
from cfacl.stores.registry import open_store


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
    """Principals of `population`, who come to one database one after the other, each under a session of its own."""

    def __init__(self, everybody: Policy) -> None:
        store, bits = open_store("memory://", clock=time_ns), compile_policy(everybody)
        self.db = Database(store, everybody, bits, None, time_ns, durable=False)  # as it is, as with `published`
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

    def session(self, name: str) -> Session:
        """Return a session of one of them that has decided; some are granted what is asked, and some are not."""
        session = self.db.session(name, purpose=PURPOSE)
        session.allows(self.ask)
        return session
