"""Checks by many at once."""

from __future__ import annotations

from typing import Final

from benchmarks.page.figure import Part, Table

PART: Final = Part(
    "Threads and processes",
    tables=(
        Table(
            ("", "400,000 checks", "400,000 calls of an empty method"),
            tuple(
                (f"{number} thread{'s' if number > 1 else ''}", f"threads.{number}", f"threads.{number}.empty")
                for number in (1, 2, 4, 8, 16)
            ),
            above="Wall-clock time of all together, who share one session. Most Pythons run one thread at a time.",
        ),
        Table(
            ("", "400,000 checks"),
            tuple((f"{number} process{'es' if number > 1 else ''}", f"processes.{number}") for number in (1, 2, 4)),
            above="The same, each with a database of its own; at best as many times as fast as there are processors.",
        ),
    ),
)
