"""What is decided for the first time, and what is compiled and asked for once."""

from __future__ import annotations

from typing import Final

from benchmarks.page.figure import Figure, Part, Table

POLICIES: Final = {"10": "10 grants", "1000": "1,000 grants", "100000": "100,000 grants", "scenario": "the scenario"}

PART: Final = Part(
    "The first decision",
    figures=(
        Figure(
            "first decision of a principal on the scenario, opening the session included",
            "first.opened",
            None,
            20,
            unit="µs",
        ),
    ),
    tables=(
        Table(
            ("", "time"),
            (
                ("first decision on the scenario, opening the session included", "first.opened"),
                ("first decision on the scenario of a session that was open, under a new policy", "first.decided"),
                ("a miss: another ask of that session, for the first time", "first.missed"),
                ("first decision after the grant was taken away, of 1,000", "revoke.decided"),
                ("taking it away: `replace_policy`", "revoke.replaced"),
            ),
            above="One by one, in wall-clock time but for the last.",
        ),
        Table(
            ("", *POLICIES.values()),
            tuple(
                (what, *(f"{name}.{each}" for each in POLICIES))
                for name, what in (
                    ("compile", "compiling the policy"),
                    ("who", "`db.who`, of one action on one family"),
                    ("what", "`db.what`, of one principal"),
                )
            ),
        ),
    ),
)
