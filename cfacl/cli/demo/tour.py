"""What the demonstration shows, computed on the spot; each function returns a document for JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median
from time import perf_counter
from timeit import Timer
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import attrs

from cfacl.cli.demo import scenario
from cfacl.cli.demo.loading import LOADER
from cfacl.cli.explained import as_document
from cfacl.errors import AccessDenied
from cfacl.model.grants import Assignment, Window, nanoseconds
from cfacl.policy.policy import Policy

if TYPE_CHECKING:
    from cfacl import Database


class Visitor(NamedTuple):
    """Who looks, what for, and what they do in the company."""

    principal: str
    purpose: str
    work: str


#: Who looks at one row of `account`.
VISITORS: Final = (
    Visitor("svc-app", "service", "the app"),
    Visitor("svc-auth", "verify_identity", "log-in"),
    Visitor("fay", "fraud", "fraud desk"),
    Visitor("maya", "support", "support"),
    Visitor("sven", "maintenance", "database admin"),
    Visitor("marco", "marketing.first_party", "marketing"),
)
#: Who scans `device`.
SCANNERS: Final = (
    Visitor("fay", "fraud", "fraud desk"),
    Visitor("svc-app", "service", "the app"),
    Visitor("finn", "maintenance", "firmware"),
    Visitor("fay", "statistics", "fraud desk"),
)


class Attempt(NamedTuple):
    """A read that is refused, and what it is about."""

    title: str
    principal: str
    purpose: str
    table: str
    family: str
    at: str = scenario.NOW


ATTEMPTS: Final = (
    Attempt("from a device that finn may read to its owner", "finn", "maintenance", "device", "bind"),
    Attempt("what cleo may read, for another purpose", "cleo", "product_dev", "crash", "dump"),
    Attempt("the right purpose, sixty days on", "cleo", "maintenance", "crash", "dump", "2026-11-30T09:00:00+00:00"),
)


class Clock:
    """The clock of the demonstration: it stands still until it is turned."""

    def __init__(self) -> None:
        self.turn(scenario.NOW)

    def turn(self, moment: str) -> None:
        """Let it stand at a moment, RFC 3339."""
        self._now = nanoseconds(datetime.fromisoformat(moment))

    def __call__(self) -> int:
        """Return nanoseconds since 1970."""
        return self._now


def catalog(policy: Policy) -> dict[str, Any]:
    """Count what the policy speaks of."""
    families = [family for table in policy.catalog.tables.values() for family in table.families.values()]
    return {
        "name": policy.name,
        "file": str(scenario.policy_file()),
        "tables": len(policy.catalog.tables),
        "families": {level: sum(family.level == level for family in families) for level in policy.catalog.levels},
        "roles": len(policy.roles),
        "principals": len(policy.principals),
        "grants": sum(len(role.grants) for role in policy.roles.values()),
        "never": len(policy.never),
        "expect": len(policy.expect),
    }


def handover(db: Database, policy: Policy) -> dict[str, Any]:
    """Put the policy in place of the loading one; its principal has nothing left."""
    with db.session(LOADER, purpose=LOADER) as session:
        table = session.table("account")
        db.replace_policy(policy)
        return {"principal": LOADER, "then": _refusal(lambda: table.put(b"u", {b"id:name": b"again"}))}


def row(db: Database, key: bytes) -> dict[str, Any]:
    """Read one row of `account` as six principals."""
    table = scenario.policy().catalog.tables["account"]
    return {
        "table": table.name,
        "families": {family.name: family.level for family in table.families.values()},
        "views": [_look(db, visitor, table.name, key) for visitor in VISITORS],
    }


def _look(db: Database, visitor: Visitor, table: str, key: bytes) -> dict[str, Any]:
    view: dict[str, Any] = {**visitor._asdict(), "cells": {}, "withheld": [], "refused": None}
    with db.session(visitor.principal, purpose=visitor.purpose) as session:
        try:
            found = session.table(table).row(key)
        except AccessDenied as refusal:
            return view | {"refused": str(refusal)}
    return view | {
        "cells": {name.decode(): value.decode() for name, value in found.items()},
        "withheld": sorted(found.withheld),
    }


def refusals(db: Database, clock: Clock) -> list[dict[str, Any]]:
    """Try what is refused, and ask why.  This turns the clock, so it comes last."""
    found = []
    for attempt in ATTEMPTS:
        clock.turn(attempt.at)
        found.append(_try(db, attempt))
    return found


def _try(db: Database, attempt: Attempt) -> dict[str, Any]:
    with db.session(attempt.principal, purpose=attempt.purpose) as session:
        table = session.table(attempt.table)
        message = _refusal(lambda: table.row(b"any", columns=[attempt.family.encode()]))
        explanation = session.explain("read", attempt.table, attempt.family)
    return {
        **attempt._asdict(),
        "message": message,
        "explanation": as_document(explanation),
        "text": str(explanation),
    }


def scans(db: Database, stored: Counter[tuple[str, str]]) -> dict[str, Any]:
    """Scan all of `device` as several principals, and count the cells that come back by family.

    Args:
        stored: how many cells were written, by (table, family).
    """
    families = list(scenario.policy().catalog.tables["device"].families)
    found = []
    for visitor in SCANNERS:
        view: dict[str, Any] = {**visitor._asdict(), "rows": 0, "cells": {}, "withheld": [], "refused": None}
        with db.session(visitor.principal, purpose=visitor.purpose) as session:
            try:
                start = perf_counter()
                cells, hidden, rows = Counter[str](), frozenset[str](), 0
                for _, each in session.table("device").scan():
                    rows += 1
                    hidden = each.withheld
                    cells.update(name.partition(b":")[0].decode() for name in each)
                took = perf_counter() - start
                view |= {"rows": rows, "cells": dict(cells), "withheld": sorted(hidden), "seconds": took}
            except AccessDenied as refusal:
                view["refused"] = str(refusal)
        found.append(view)
    return {"table": "device", "stored": {family: stored["device", family] for family in families}, "views": found}


def revoke(db: Database, policy: Policy, key: bytes) -> dict[str, Any]:
    """Take a role away from a principal between two calls of one session; then give it back."""
    import cfacl

    fay = attrs.evolve(policy.principals["fay"], assignments=())
    without = attrs.evolve(policy, principals={**policy.principals, "fay": fay})
    with db.session("fay", purpose="fraud") as session:
        table = session.table("account")
        before = len(table.row(key))
        start = perf_counter()
        db.replace_policy(without)
        took = perf_counter() - start
        after = _refusal(lambda: table.row(key))
    lost = [f"{each.action} {each.table}:{each.family} for {each.purpose}" for each in cfacl.diff(policy, without)]
    db.replace_policy(policy)
    return {"principal": "fay", "role": "fraud", "cells_before": before, "after": after, "seconds": took, "lost": lost}


class _Empty:
    """A method that does nothing, to hold the check against."""

    def allows(self, _: object, /) -> bool:
        return True


def cost(policy: Policy) -> dict[str, Any]:
    """Time checks beside an empty method call: medians of 25 rounds taken in turns, in nanoseconds a call.

    It is this machine's clock that is read, so the right that ends is given anew.
    """
    import cfacl

    number = 4_000
    ends = Window(until=datetime.now(UTC) + timedelta(days=90))
    cleo = attrs.evolve(policy.principals["cleo"], assignments=(Assignment("crash-dumps", ends),))
    current = attrs.evolve(policy, expect=(), principals={**policy.principals, "cleo": cleo})
    with (
        cfacl.connect("memory://", policy=current) as db,
        db.session("svc-app", purpose="service") as app,
        db.session("cleo", purpose="maintenance") as analyst,
    ):
        one = db.prepare("read", "account", "id")
        calls = {
            "an empty method": (_Empty(), one),
            "one family": (app, one),
            "two families": (app, db.prepare("read", "account", "id", "prof")),
            "one family, a right that ends": (analyst, db.prepare("read", "crash", "dump")),
        }
        timers = {name: Timer("it.allows(ask)", globals={"it": it, "ask": ask}) for name, (it, ask) in calls.items()}
        rounds = [{name: timer.timeit(number) / number * 1e9 for name, timer in timers.items()} for _ in range(25)]
    return {"nanoseconds": {name: median(each[name] for each in rounds) for name in calls}}


def waiting() -> dict[str, Any]:
    """List what the backend needs and no policy can express yet; none of it is granted."""
    return {
        "cells": [
            {
                "family": f"{part.table}:{part.family}",
                "who": part.who,
                "what": " ".join(part.words),
                "waits_for": [scenario.words()[word].waits for word in part.waiting],
            }
            for part in scenario.waiting()
        ],
        "beyond": [each._asdict() for each in scenario.beyond()],
    }


def _refusal(call: Callable[[], object]) -> str | None:
    """Return what a call is refused with, ``None`` where it is not."""
    try:
        call()
    except AccessDenied as refusal:
        return str(refusal)
    return None
