"""What a decision costs that was made before, and what a service could write itself."""

from __future__ import annotations

from typing import Final

from benchmarks.page.figure import Figure, Part, Table
from benchmarks.page.plot import Marks

PART: Final = Part(
    "One check",
    figures=(
        Figure(
            "`session.allows(ask)`, nothing can expire ÷ an empty method call",
            "check.timeless",
            "check.empty",
            2.5,
            because="it looks whether its answer is of the policy in force, and takes names as well as an ask",
        ),
        Figure(
            "`session.allows(ask)`, with a clock compare ÷ an empty method call",
            "check.clock",
            "check.empty",
            4.5,
            because="it reads the clock, which alone takes longer than an empty method call, as is listed below",
        ),
        Figure("an ask of 64 families ÷ an ask of one family", "check.timeless.64", "check.timeless", 1.3),
        Figure(
            "`session.allows(ask)` of one family ÷ a frozenset made once, in the same method",
            "check.timeless",
            "check.frozenset",
            1.0,
            because="a session asks, beside that, whether what it knows is of the policy in force, and takes names too",
        ),
        Figure(
            "a frozenset made once, in the same method ÷ `session.allows(ask)`, of 64 families",
            "check.frozenset.64",
            "check.timeless.64",
            3,
            least=True,
        ),
    ),
    plots=(
        Marks(
            "check",
            "One check, beside what else could be asked",
            "ns",
            (
                ("an empty method call", "check.empty"),
                ("cfacl, prepared", "check.timeless"),
                ("cfacl, prepared, with a clock compare", "check.clock"),
                ("cfacl, by name", "check.timeless.name"),
                ("cfacl, 64 families", "check.timeless.64"),
                ("frozenset", "check.frozenset"),
                ("frozenset, 64 families", "check.frozenset.64"),
                ("lru_cache over the slow check", "check.lru_cache"),
                ("the slow check: walk the grants", "check.slow"),
                ("cedarpy, 1,000 permits", "rivals.1000.allowed.cedarpy"),
                ("pycasbin FastEnforcer, 1,000 grants", "rivals.1000.allowed.fast_enforcer"),
                ("pycasbin Enforcer, 1,000 grants", "rivals.1000.allowed.enforcer"),
            ),
            ours=frozenset({"check.timeless", "check.clock", "check.timeless.name", "check.timeless.64"}),
        ),
    ),
    tables=(
        Table(
            ("", "time", "÷ `session.allows(ask)`"),
            (
                ("an empty method call", "check.empty", ("check.empty", "check.timeless")),
                (
                    "an empty method call that takes any number of names",
                    "check.empty.any",
                    ("check.empty.any", "check.timeless"),
                ),
                ("reading the clock, `time.time_ns()`", "check.time_ns", ("check.time_ns", "check.timeless")),
                ("`session.allows(ask)`", "check.timeless", ("check.timeless", "check.timeless")),
                ("`session.allows(ask)`, with a clock compare", "check.clock", ("check.clock", "check.timeless")),
                ("`session.allows(ask)`, denied", "check.timeless.denied", ("check.timeless.denied", "check.timeless")),
                ("`session.allows(ask)` of 64 families", "check.timeless.64", ("check.timeless.64", "check.timeless")),
                (
                    "`session.allows(ask)` of 64 families, with a clock compare",
                    "check.clock.64",
                    ("check.clock.64", "check.timeless"),
                ),
                ("`session.allows(…)` by name", "check.timeless.name", ("check.timeless.name", "check.timeless")),
                (
                    "`session.allows(…)` by name, with a clock compare",
                    "check.clock.name",
                    ("check.clock.name", "check.timeless"),
                ),
                (
                    "`with db.session(…) as session: session.allows(ask)`: one for each, by somebody who had one before",
                    "check.timeless.opened",
                    ("check.timeless.opened", "check.timeless"),
                ),
                (
                    "a session for each, with a clock compare",
                    "check.clock.opened",
                    ("check.clock.opened", "check.timeless"),
                ),
                ("`session.require(ask)`", "check.timeless.require", ("check.timeless.require", "check.timeless")),
                (
                    "`session.require(ask)`, with a clock compare",
                    "check.clock.require",
                    ("check.clock.require", "check.timeless"),
                ),
                (
                    "`session.require(ask)` that raises, caught",
                    "check.timeless.require.denied",
                    ("check.timeless.require.denied", "check.timeless"),
                ),
                (
                    "the same that raises, with a clock compare",
                    "check.clock.require.denied",
                    ("check.clock.require.denied", "check.timeless"),
                ),
                (
                    "frozenset ≤ frozenset, made once, one family",
                    "check.frozenset.bare",
                    ("check.frozenset.bare", "check.timeless"),
                ),
                (
                    "frozenset ≤ frozenset, made once, 64 families",
                    "check.frozenset.bare.64",
                    ("check.frozenset.bare.64", "check.timeless"),
                ),
                ("the same in a method, one family", "check.frozenset", ("check.frozenset", "check.timeless")),
                ("the same in a method, 64 families", "check.frozenset.64", ("check.frozenset.64", "check.timeless")),
                ("a dict of frozensets, one family by name", "check.dict", ("check.dict", "check.timeless")),
                (
                    "`functools.lru_cache` over the slow check, one family",
                    "check.lru_cache",
                    ("check.lru_cache", "check.timeless"),
                ),
                (
                    "`functools.lru_cache` over the slow check, 64 families as one tuple",
                    "check.lru_cache.64",
                    ("check.lru_cache.64", "check.timeless"),
                ),
                ("the slow check itself: walk the grants", "check.slow", ("check.slow", "check.timeless")),
            ),
        ),
    ),
    rivals=(
        ("a frozenset made once, for one family", "check.frozenset.bare", "check.timeless"),
        ("a frozenset made once, in a method, for one family", "check.frozenset", "check.timeless"),
        ("a frozenset made once, for 64 families", "check.frozenset.bare.64", "check.timeless.64"),
        ("a frozenset made once, in a method, for 64 families", "check.frozenset.64", "check.timeless.64"),
        ("a dict of frozensets by name, for one family", "check.dict", "check.timeless.name"),
        ("`functools.lru_cache`, for one family by name", "check.lru_cache", "check.timeless.name"),
        ("`functools.lru_cache`, for 64 families", "check.lru_cache.64", "check.timeless.64"),
        ("walking the grants, for one family by name", "check.slow", "check.timeless.name"),
    ),
)
