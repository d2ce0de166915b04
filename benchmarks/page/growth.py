"""What must not grow, whichever way a policy is made larger, and what does."""

from __future__ import annotations

from typing import Final

from benchmarks.dimensions import ASKED, ASKS, FAMILIES, GRANTS, PRINCIPALS, ROLES, TABLES, THREADS
from benchmarks.page.figure import Figure, Growth, Part, Table
from benchmarks.page.plot import Curves, Series

#: What the exponent of a check is held against.
FLAT: Final = 0.05

BY_TABLES: Final = Series.of("a check", "growth.tables", TABLES)
BY_FAMILIES: Final = Series.of("a check of all of them at once", "growth.families.all", FAMILIES)
BY_ROLES: Final = Series.of("a check", "growth.roles", ROLES)
BY_GRANTS: Final = Series.of("a check", "growth.grants", GRANTS)
BY_PRINCIPALS: Final = Series.of("a check", "growth.principals", PRINCIPALS)
BY_THREADS: Final = Series.of("a check, CPU time of all threads", "growth.threads", THREADS)
#: In each of its dimensions.
CHECKS: Final = (BY_TABLES, BY_FAMILIES, BY_ROLES, BY_GRANTS, BY_PRINCIPALS, BY_THREADS)

#: By ever others, beside what a service could write itself.
ASKED_OF: Final = {
    "allows": "a check by ever others",
    "method": "a frozenset in a method, of ever others",
    "empty": "an empty method call, on ever others",
}
BY_ASKERS: Final = {name: Series.of(what, f"growth.asked.{name}", ASKED) for name, what in ASKED_OF.items()}

#: By ever other requests, beside a method that does nothing with them.
BY_ASKS: Final = {
    name: Series.of(what, f"growth.asks.{name}", ASKS)
    for name, what in {
        "allows": "a check of ever other asks",
        "empty": "an empty method call, on ever other asks",
    }.items()
}

ROW: Final = Series.of("a guarded row of one cell, from memory", "growth.tables.row", TABLES)
COMPILE: Final = Series.of("compiling the policy", "cold.compile", GRANTS)
FIRST: Final = Series.of("first decision, opening the session included", "cold.first", ROLES)
WHO: Final = Series.of("`who`: everybody who may read a family", "cold.who", GRANTS)
WHAT: Final = Series.of("`what`: all that one of them may do, by ten grants", "cold.what", GRANTS)

PART: Final = Part(
    "Growth",
    figures=(
        Growth("a check, by tables in the policy, 10 to 10,000: exponent", BY_TABLES, FLAT),
        Growth("a check of all families of a table at once, by their number, 1 to 256: exponent", BY_FAMILIES, FLAT),
        Growth("a check, by roles of the principal, 1 to 64: exponent", BY_ROLES, FLAT),
        Growth("a check, by grants in the policy, 10 to 1,000,000: exponent", BY_GRANTS, FLAT),
        Growth("a check, by principals in the policy and seen, 1 to 1,000,000: exponent", BY_PRINCIPALS, FLAT),
        Growth("a check, by threads that make it at once, 1 to 16, in CPU time: exponent", BY_THREADS, FLAT),
        Growth(
            "a check by somebody else each time, by grants in the policy, 10 to 100,000: exponent",
            BY_ASKERS["allows"],
            FLAT,
            because="the more people ask in turn, the fewer of their sessions the processor's caches hold: a frozenset of each"
            " in a method, which is drawn beside it, grows as well",
        ),
        Growth(
            "a check of another request each time, by how many there are in turn, 10 to 100,000: exponent",
            BY_ASKS["allows"],
            FLAT,
            because="each request has an answer of its own, and the more there are in turn, the fewer of them, and of the requests"
            " themselves, the processor's caches hold",
        ),
        Figure(
            "1,000,000 principals over 1,000 sets of roles: memory of the process for each once seen",
            "memory.principal.seen.resident",
            None,
            200,
            unit="B",
        ),
        Figure("check with 1,000,000 principals seen ÷ with 1,000 seen", "crowd.check.all", "crowd.check.few", 1.2),
        Figure("the same by a new session for each check", "crowd.opened.all", "crowd.opened.few", 1.2),
        Figure(
            "first decisions of the last of 1,000,000 principals ÷ of early ones",
            "crowd.first.late",
            "crowd.first.early",
            1.2,
            because="the last of a million take as long where nobody was seen before: what is slower is to reach them in memory, and"
            " not that so many were seen",
        ),
        Figure("check with 10,000 tables in the policy ÷ with 10", "growth.tables.10000", "growth.tables.10", 1.2),
        Figure(
            "`customer.txt`, 10,021 users: from the file to a database that decides", "load.customer", None, 2, unit="s"
        ),
    ),
    plots=(
        Curves(
            "tables", "A check, and a row, by tables", "tables in the policy, of 4 families", "ns", (BY_TABLES, ROW)
        ),
        Curves(
            "families",
            "A check by families",
            "families of the table",
            "ns",
            (
                Series.of("a check of one of them", "growth.families", FAMILIES),
                BY_FAMILIES,
                Series.of("frozenset ≤ frozenset of all of them", "growth.families.frozenset", FAMILIES),
            ),
        ),
        Curves("roles", "A check by roles", "roles of the principal", "ns", (BY_ROLES,)),
        Curves("grants", "A check by grants", "grants in the policy", "ns", (BY_GRANTS,)),
        Curves(
            "askers",
            "A check by somebody else each time",
            "grants in the policy, two to a person",
            "ns",
            tuple(BY_ASKERS.values()),
        ),
        Curves(
            "asks",
            "A check of another request each time",
            "requests that one session asks in turn",
            "ns",
            tuple(BY_ASKS.values()),
        ),
        Curves("principals", "A check by principals", "principals in the policy, all seen", "ns", (BY_PRINCIPALS,)),
        Curves("threads", "A check by threads", "threads that make it at once, by one session", "ns", (BY_THREADS,)),
        Curves("first", "A first decision by roles", "roles of the principal", "µs", (FIRST,)),
        Curves(
            "cold", "What does grow with grants", "grants in the policy, ten to a person", "ms", (COMPILE, WHO, WHAT)
        ),
    ),
    tables=(
        Table(
            ("", ""),
            (
                ("check by the next of 1,000 sessions, 1,000 principals seen", "crowd.check.few"),
                ("check by the next of 1,000 sessions, 1,000,000 principals seen", "crowd.check.all"),
                ("the same by a new session each time, 1,000 principals seen", "crowd.opened.few"),
                ("the same by a new session each time, 1,000,000 principals seen", "crowd.opened.all"),
                (
                    "check of another request each time, by one session, 200,000 in turn, of which 131,072 are kept",
                    "growth.asks.beyond",
                ),
                ("first decision of a new principal, 10,000 seen", "crowd.first.early"),
                ("first decision of a new principal, nearly 1,000,000 seen", "crowd.first.late"),
                ("compiling 1,000,000 grants", "cold.compile.1000000"),
                ("`customer.txt`: from the file to a database that decides", "load.customer"),
            ),
        ),
        Table(
            ("memory", "given out by Python", "taken by the process"),
            (
                ("a grant in the policy", "memory.grant.policy.traced", "memory.grant.policy.resident"),
                (
                    "a grant once compiled, beside that",
                    "memory.grant.compiled.traced",
                    "memory.grant.compiled.resident",
                ),
                ("a principal in the policy", "memory.principal.policy.traced", "memory.principal.policy.resident"),
                (
                    "a principal once seen, beside that",
                    "memory.principal.seen.traced",
                    "memory.principal.seen.resident",
                ),
                ("a session that is held open", "memory.session.traced", "memory.session.resident"),
            ),
            below="Of 1,000,000 grants, ten to a role and each role of one person, of 1,000,000 principals over 1,000 sets of roles,"
            " and of 100,000 sessions, each in a process of its own; what Python gave out, of a tenth of them.",
        ),
    ),
    optional={"load.customer": "`CFACL_ROLEMINING` named no folder with `customer.txt`"},
)
