"""What a decision costs elsewhere: the same policies and the same questions."""

from __future__ import annotations

from typing import Final

from benchmarks.page.figure import Cell, Figure, Part, Table

MADE: Final = {"10": "10 grants", "1000": "1,000 grants", "100000": "100,000 grants"}
MATRICES: Final = {each: f"`{each}`" for each in ("hc", "domino", "emea", "fire2", "customer", "americas_small")}
REAL: Final = {"scenario": "the scenario", **MATRICES}
#: What Rego can be asked of: it takes minutes to read what is larger.
READ: Final = {
    each: what for each, what in (MADE | REAL).items() if each not in {"100000", "customer", "americas_small"}
}
#: What comes with cfacl, or takes a page to write.
QUICK: Final = {
    "allows": "`session.allows(ask)`",
    "empty": "an empty method call",
    "name": "`session.allows(…)` by name",
    "frozenset": "frozenset ≤ frozenset, made once",
    "method": "the same in a method",
    "dict": "a dict of frozensets, by name",
    "lru_cache": "`functools.lru_cache` over the slow check",
    "slow": "the slow check itself: walk the grants of the role",
}
#: What looks at its policy every time.
LONG: Final = {
    "enforcer": "pycasbin, `Enforcer`",
    "fast_enforcer": "pycasbin, `FastEnforcer`",
    "cedarpy": "cedarpy, a `permit` for each grant, parsed before",
    "cedarpy_data": "cedarpy, one `permit` and rights as attributes, parsed before",
}
ANSWERS: Final = ("allowed", "denied")
#: By those who ask alike, and by Zipf's law.
KINDS: Final = {
    "allowed": "allowed",
    "denied": "denied",
    "allowed.zipf": "allowed, by Zipf's law",
    "denied.zipf": "denied, by Zipf's law",
}
#: What times are of others, on every policy.
THEIRS: Final = frozenset(
    f"rivals.{policy}.{kind}.{engine}"
    for policy in MADE | REAL
    for kind in KINDS
    for engine in (*(QUICK.keys() - {"allows", "name"}), *LONG, "regopy")
)
#: Of these, and of Rego.
PUT: Final = {"questions": "questions that the last four are put, over and over"}
BOUNDS: Final = {"enforcer": 10_000, "fast_enforcer": 200, "cedarpy": 5_000, "cedarpy_data": 5_000}
BECAUSE: Final = {
    "cedarpy_data": "so asked, Cedar has one policy to look at, however many grants; most of what is left is what it makes of any"
    " request and any answer, for it takes hardly less where there is no policy at all"
}


def times(kind: str, engines: dict[str, str], above: str) -> Table:
    """Return the times of one kind of question, a column for each policy that was made."""
    return Table(
        ("", *MADE.values()),
        tuple((what, *(f"rivals.{each}.{kind}.{engine}" for each in MADE)) for engine, what in (engines | PUT).items()),
        above=above,
    )


def real(kind: str, above: str) -> Table:
    """Return the time of cfacl on each real policy, and how many times as long the others take."""

    def cell(policy: str, engine: str) -> Cell:
        its, ours = (f"rivals.{policy}.{kind}.{each}" for each in (engine, "allows"))
        return its if its == ours or engine in PUT else (its, ours)

    return Table(
        ("", *REAL.values()),
        tuple((what, *(cell(each, engine) for each in REAL)) for engine, what in (QUICK | LONG | PUT).items()),
        above=above,
    )


PART: Final = Part(
    "The same policy elsewhere",
    figures=tuple(
        Figure(
            f"{LONG[engine]}, 1,000 grants, {answer} ÷ `session.allows(ask)`",
            f"rivals.1000.{answer}.{engine}",
            f"rivals.1000.{answer}.allows",
            bound,
            least=True,
            because=BECAUSE.get(engine, ""),
        )
        for engine, bound in BOUNDS.items()
        for answer in ANSWERS
    ),
    tables=(
        times(
            "allowed",
            QUICK | LONG,
            "Of one action on one family each grant, ten to a role, and five people to a role. Each question is by another"
            " of them, about something else; what can be made of policy and question before is made before. All answered"
            " alike before any was timed. Where one answer takes longer than a sample, a sample is one answer.\n\n"
            "Allowed; everybody asks as often.",
        ),
        times("denied", QUICK | LONG, "Denied; everybody asks as often."),
        times(
            "allowed.zipf",
            QUICK | LONG,
            "Allowed, by Zipf's law: the second asks half as often as the first, and so on.",
        ),
        times("denied.zipf", QUICK | LONG, "Denied, by Zipf's law."),
        real(
            "allowed",
            "Real policies, allowed: the time of `session.allows(ask)`, and how many times as long the others take.",
        ),
        real("denied", "The same, denied."),
        real("allowed.zipf", "The same, allowed, by Zipf's law."),
        real("denied.zipf", "The same, denied, by Zipf's law."),
        Table(
            ("", *READ.values()),
            tuple((what, *(f"rivals.{each}.{kind}.regopy" for each in READ)) for kind, what in KINDS.items()),
            above="OPA's Rego by regopy, built before; it takes minutes to read the larger ones.",
        ),
    ),
    rivals=tuple(
        (f"{what}, 1,000 grants, {answer}", f"rivals.1000.{answer}.{engine}", f"rivals.1000.{answer}.{ours}")
        for engine, what, ours in (
            ("frozenset", QUICK["frozenset"], "allows"),
            ("method", "a frozenset in a method", "allows"),
            ("dict", QUICK["dict"], "name"),
            ("lru_cache", QUICK["lru_cache"], "name"),
            ("slow", QUICK["slow"], "name"),
            *((engine, what, "name") for engine, what in LONG.items()),
            ("regopy", "OPA's Rego by regopy", "name"),
        )
        for answer in ANSWERS
    ),
    optional={
        f"rivals.{each}.{asked}": f"`CFACL_ROLEMINING` named no folder with `{each}.txt`"
        for each in MATRICES
        for asked in (
            *(f"{kind}.{what}" for kind in KINDS for what in QUICK | LONG | PUT),
            *(f"{kind}.regopy" for kind in KINDS if each in READ),
        )
    },
)
