"""What is decided for the first time, and what is compiled and asked for once."""

from __future__ import annotations

from typing import Final

from benchmarks.page.figure import Figure, Part, Table

POLICIES: Final = {"10": "10 grants", "1000": "1,000 grants", "100000": "100,000 grants", "scenario": "the scenario"}
SMALL: Final = {each: what for each, what in POLICIES.items() if each != "100000"}

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
        Table(
            ("", *SMALL.values()),
            tuple(
                (what, *(name.replace("*", each) for each in SMALL))
                for name, what in (
                    ("compile.*.enforcer", "pycasbin's `Enforcer`, made and filled"),
                    ("compile.*.cedarpy", "cedarpy's `PolicySet`, of a `permit` for each grant"),
                    ("who.*.enforcer", "pycasbin's `get_implicit_users_for_permission`, which asks everybody"),
                    ("what.*.enforcer", "pycasbin's `get_implicit_permissions_for_user`"),
                )
            ),
            above="The same elsewhere, for the smaller policies. pycasbin answers for one purpose, cfacl for all of them.",
        ),
    ),
    rivals=tuple(
        (f"{what}, {policy}", f"{name}.{each}.{whose}", f"{name}.{each}")
        for each, policy in SMALL.items()
        for name, whose, what in (
            ("compile", "enforcer", "making and filling pycasbin's `Enforcer`"),
            ("compile", "cedarpy", "parsing a `permit` for each grant by cedarpy"),
            ("who", "enforcer", "who may do something, by pycasbin"),
            ("what", "enforcer", "what somebody may do, by pycasbin"),
        )
    ),
)
