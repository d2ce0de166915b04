"""Times one decision, beside what a service could do instead.

All contestants hold the same rights: `maya` may read all but one of the families of a table, under one role.  The
table has 8 families; for what ends in ``.64`` it has 65, and 64 of them are asked for at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from random import Random
from time import perf_counter, time_ns
from typing import Any, Final

import casbin  # type: ignore[import-untyped]  # it has no types
import cedarpy
import pyperf  # type: ignore[import-untyped]  # it has no types
from attrs import frozen

import cfacl
from benchmarks.rounds import Effort, Timer, interleaved, main, quantity, statement
from benchmarks.workloads import ENDS, PRINCIPAL, PURPOSE, family_names, one_table, scenario
from cfacl.engine.caller import Caller
from cfacl.engine.guard import Guard
from cfacl.model.grants import ALWAYS
from cfacl.policy.compile import compile_policy

FAMILIES: Final = 8
GRANTED: Final = family_names(FAMILIES - 1)
DENIED: Final = family_names(FAMILIES)[-1]
WIDE: Final = 65
GRANTED_WIDE: Final = family_names(WIDE - 1)

CASBIN: Final = """
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act
"""


class Empty:
    """Methods that do nothing: the least that asking can cost."""

    __slots__ = ()

    def allows(self, ask: object) -> None:
        """Take what `Session.allows` takes when it is given a prepared ask."""

    def allows_any(self, ask: object, /, *names: str) -> None:
        """Take all that `Session.allows` takes."""


@frozen
class Request:
    """What a prepared ask would be, if it were a frozenset."""

    key: tuple[str, str]
    families: frozenset[str]


class Frozensets:
    """A dict of frozensets, looked at by a method like `Session.allows`.  It has no policy that could change."""

    __slots__ = ("granted",)

    def __init__(self, granted: dict[tuple[str, str], frozenset[str]]) -> None:
        self.granted = granted

    def allows(self, request: Request) -> bool:
        """Whether a request that was made once is a subset of what is granted."""
        return request.families <= self.granted[request.key]

    def allows_family(self, action: str, table: str, family: str) -> bool:
        """Whether one family is in what is granted, all by name."""
        return family in self.granted[action, table]


class Slow:
    """The check without any preparation: walk the grants of the roles."""

    def __init__(self, roles: dict[str, list[str]], grants: dict[str, list[tuple[str, str, str, str]]]) -> None:
        self.roles = roles
        self.grants = grants

    def allows(self, principal: str, purpose: str, action: str, table: str, family: str) -> bool:
        """Whether any grant of any role gives it."""
        return any(
            grant == (purpose, action, table, family) for role in self.roles[principal] for grant in self.grants[role]
        )

    def allows_all(self, principal: str, purpose: str, action: str, table: str, families: tuple[str, ...]) -> bool:
        """Whether all of several families are given."""
        return all(self.allows(principal, purpose, action, table, family) for family in families)


def ours() -> dict[str, Timer]:
    """Return the checks of cfacl: by a prepared ask and by name, with and without an end of the grant."""
    timers: dict[str, Timer] = {}
    for name, window in {"timeless": ALWAYS, "clock": ENDS}.items():
        db = cfacl.connect("memory://", policy=one_table(FAMILIES, len(GRANTED), window))
        session = db.session(PRINCIPAL, purpose=PURPOSE)
        granted, denied = db.prepare("read", "account", GRANTED[0]), db.prepare("read", "account", DENIED)
        wide = cfacl.connect("memory://", policy=one_table(WIDE, len(GRANTED_WIDE), window))
        wide_session = wide.session(PRINCIPAL, purpose=PURPOSE)
        every = wide.prepare("read", "account", *GRANTED_WIDE)
        assert session.allows(granted)
        assert not session.allows(denied)
        assert wide_session.allows(every)
        timers |= {
            f"check.{name}": statement("session.allows(ask)", session=session, ask=granted),
            f"check.{name}.64": statement("session.allows(ask)", session=wide_session, ask=every),
            f"check.{name}.denied": statement("session.allows(ask)", session=session, ask=denied),
            f"check.{name}.name": statement("session.allows('read', 'account', 'f00')", session=session),
            f"check.{name}.require": statement("session.require(ask)", session=session, ask=granted),
            f"check.{name}.require.denied": statement(
                "refused(session, ask)", refused=refused, session=session, ask=denied
            ),
        }
    return timers


def refused(session: cfacl.Session, ask: cfacl.Ask) -> None:
    try:
        session.require(ask)
    except cfacl.AccessDenied:
        return
    raise AssertionError


def others() -> dict[str, Timer]:
    """Return what a service could do instead, and the least that any method costs."""
    read = ("read", "account")
    frozensets = Frozensets({read: frozenset(GRANTED)})
    wide_frozensets = Frozensets({read: frozenset(GRANTED_WIDE)})
    one, many = Request(read, frozenset(GRANTED[:1])), Request(read, frozenset(GRANTED_WIDE))
    slow, slow_wide = (
        Slow({PRINCIPAL: ["support"]}, {"support": [(PURPOSE, *read, family) for family in each]})
        for each in (GRANTED, GRANTED_WIDE)
    )
    cached = lru_cache(maxsize=None)(slow.allows)
    cached_all = lru_cache(maxsize=None)(slow_wide.allows_all)
    names = tuple(GRANTED_WIDE)
    by_name = f"{PRINCIPAL!r}, {PURPOSE!r}, 'read', 'account'"
    casbins, cedar = casbin_enforcer(), cedar_request()
    assert frozensets.allows(one)
    assert wide_frozensets.allows(many)
    assert cached(PRINCIPAL, PURPOSE, *read, "f00")
    assert cached_all(PRINCIPAL, PURPOSE, *read, names)
    assert casbins.enforce(PRINCIPAL, "account:f00", "read")
    assert not casbins.enforce(PRINCIPAL, f"account:{DENIED}", "read")
    assert cedarpy.is_authorized(*cedar).allowed
    return {
        "check.empty": statement("empty.allows(ask)", empty=Empty(), ask=one),
        "check.empty.any": statement("empty.allows_any(ask)", empty=Empty(), ask=one),
        "check.time_ns": statement("time_ns()", time_ns=time_ns),
        "check.frozenset": statement("frozensets.allows(request)", frozensets=frozensets, request=one),
        "check.frozenset.64": statement("frozensets.allows(request)", frozensets=wide_frozensets, request=many),
        "check.frozenset.name": statement("frozensets.allows_family('read', 'account', 'f00')", frozensets=frozensets),
        "check.lru_cache": statement(f"cached({by_name}, 'f00')", cached=cached),
        "check.lru_cache.64": statement(f"cached_all({by_name}, names)", cached_all=cached_all, names=names),
        "check.slow": statement(f"slow.allows({by_name}, 'f00')", slow=slow),
        "check.casbin": statement(f"casbins.enforce({PRINCIPAL!r}, 'account:f00', 'read')", casbins=casbins),
        "check.cedarpy": statement(
            "is_authorized(request, policies, entities)",
            is_authorized=cedarpy.is_authorized,
            **dict(zip(("request", "policies", "entities"), cedar, strict=True)),
        ),
    }


def casbin_enforcer() -> Any:
    """Return pycasbin's enforcer with one line a grant, in memory."""
    model = casbin.Model()
    model.load_model_from_text(CASBIN)
    enforcer = casbin.Enforcer(model)
    for family in GRANTED:
        enforcer.add_policy("support", f"account:{family}", "read")
    enforcer.add_grouping_policy(PRINCIPAL, "support")
    return enforcer


def cedar_request() -> tuple[dict[str, Any], cedarpy.PolicySet, cedarpy.Entities]:
    """Return a request to Cedar, with one policy a grant; policies and entities are parsed already."""
    policies = "\n".join(
        f'permit(principal in Role::"support", action == Action::"read", resource == Family::"account:{family}");'
        for family in GRANTED
    )
    entities = [{"uid": {"type": "User", "id": PRINCIPAL}, "attrs": {}, "parents": [{"type": "Role", "id": "support"}]}]
    request = {
        "principal": {"type": "User", "id": PRINCIPAL},
        "action": {"type": "Action", "id": "read"},
        "resource": {"type": "Family", "id": "account:f00"},
        "context": {},
    }
    return request, cedarpy.PolicySet.from_str(policies), cedarpy.Entities.from_json_str(json.dumps(entities))


def first_decisions() -> Iterator[pyperf.Benchmark]:
    """Time the first decision of a principal, on a snapshot that has seen nobody, for all that the scenario grants.

    Only what is granted is asked, for a table on which nothing is granted is decided sooner.  Nothing is shared: each
    sample has a snapshot of its own, so that it pays for the roles that it reaches as well.  One decision is too short for
    the clock of CPU time, so this is wall-clock time, and its median.
    """
    policy = cfacl.Policy.load(scenario())
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
    for turn in range(2):
        Random(turn).shuffle(granted)
        for principal, purpose, action, table in granted:
            ask = guard.prepare(action, table, (family[table],))
            guard.publish(bits, {})
            begin = perf_counter()
            Caller(guard, principal, purpose).allows(ask)
            opened.append(perf_counter() - begin)
            caller = Caller(guard, principal, purpose)
            guard.publish(bits, {})
            begin = perf_counter()
            caller.allows(ask)
            decided.append(perf_counter() - begin)
    # The first turn only warmed the interpreter.
    yield quantity("first.opened", opened[len(granted) :], "second")
    yield quantity("first.decided", decided[len(granted) :], "second")


def measure(effort: Effort) -> Iterator[pyperf.Benchmark]:
    yield from interleaved({**others(), **ours()}, effort)
    yield from first_decisions()


if __name__ == "__main__":
    main(measure)
