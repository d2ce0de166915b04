"""Times one decision that was made before, beside what a service could write itself.

All contestants hold the same rights: `maya` may read all but one of the families of a table, under one role.  The
table has 8 families; for what ends in ``.64`` it has 65, and 64 of them are asked for at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from time import time_ns
from typing import Final

import pyperf  # type: ignore[import-untyped]  # it has no types

import cfacl
from benchmarks.byhand import Empty, Held, Inherits, Slow, Wanted
from benchmarks.rounds import Effort, Timer, interleaved, main, statement
from benchmarks.workloads import ENDS, PRINCIPAL, PURPOSE, family_names, one_table
from cfacl.model.grants import ALWAYS

FAMILIES: Final = 8
GRANTED: Final = family_names(FAMILIES - 1)
DENIED: Final = family_names(FAMILIES)[-1]
WIDE: Final = 65
GRANTED_WIDE: Final = family_names(WIDE - 1)


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
            f"check.{name}.opened": statement(
                f"with db.session({PRINCIPAL!r}, {PURPOSE!r}) as session: session.allows(ask)", db=db, ask=granted
            ),
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
    """Return what a service could write instead, and the least that any method costs."""
    held, wide = Held(frozenset(GRANTED)), Held(frozenset(GRANTED_WIDE))
    one, many = Wanted(frozenset(GRANTED[:1])), Wanted(frozenset(GRANTED_WIDE))
    rights = [(PURPOSE, "read", "account", family) for family in GRANTED_WIDE]
    slow = Slow({PRINCIPAL: ["support"]}, {"support": rights[: len(GRANTED)]})
    slow_wide = Slow({PRINCIPAL: ["support"]}, {"support": rights})
    cached, cached_all = lru_cache(maxsize=None)(slow.allows), lru_cache(maxsize=None)(slow_wide.allows_all)
    granted = {(PRINCIPAL, PURPOSE, "read", "account"): held.held}
    names = tuple(GRANTED_WIDE)
    assert held.allows(one)
    assert not held.allows(Wanted(frozenset([DENIED])))
    assert wide.allows(many)
    assert cached(PRINCIPAL, rights[0])
    assert cached_all(PRINCIPAL, PURPOSE, "read", "account", names)
    return {
        "check.empty": statement("empty.allows(ask)", empty=Empty(), ask=one),
        "check.empty.any": statement("empty.allows_any(ask)", empty=Empty(), ask=one),
        "check.nothing": statement("nothing.allows(ask)", nothing=Inherits(), ask=one),
        "check.time_ns": statement("time_ns()", time_ns=time_ns),
        "check.frozenset": statement("held.allows(ask)", held=held, ask=one),
        "check.frozenset.64": statement("held.allows(ask)", held=wide, ask=many),
        "check.frozenset.bare": statement("wanted <= held", wanted=one.wanted, held=held.held),
        "check.frozenset.bare.64": statement("wanted <= held", wanted=many.wanted, held=wide.held),
        "check.dict": statement(f"'f00' in granted[{PRINCIPAL!r}, {PURPOSE!r}, 'read', 'account']", granted=granted),
        "check.lru_cache": statement(f"cached({PRINCIPAL!r}, ({PURPOSE!r}, 'read', 'account', 'f00'))", cached=cached),
        "check.lru_cache.64": statement(
            f"cached_all({PRINCIPAL!r}, {PURPOSE!r}, 'read', 'account', names)", cached_all=cached_all, names=names
        ),
        "check.slow": statement(f"slow.allows({PRINCIPAL!r}, right)", slow=slow, right=rights[0]),
    }


def measure(effort: Effort) -> Iterator[pyperf.Benchmark]:
    yield from interleaved({**others(), **ours()}, effort)


if __name__ == "__main__":
    main(measure)
