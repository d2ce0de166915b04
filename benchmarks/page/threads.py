"""Checks by many at once."""

from __future__ import annotations

from typing import Final

from benchmarks.dimensions import THREADS
from benchmarks.page.figure import Growth, Part, Table
from benchmarks.page.plot import Series

PART: Final = Part(
    "Threads and processes",
    figures=(
        Growth(
            "as many checks, by threads that make them at once, 1 to 16, in wall-clock time: exponent",
            Series.of("as many checks", "threads", THREADS),
            0.05,
        ),
    ),
    tables=(
        Table(
            ("", "8,000,000 checks", "8,000,000 calls of an empty method"),
            tuple(
                (f"{number} thread{'s' if number > 1 else ''}", f"threads.{number}", f"threads.{number}.empty")
                for number in THREADS
            ),
            above="Wall-clock time of all together, who share one session. Most Pythons run one thread at a time.",
        ),
        Table(
            ("", "8,000,000 checks"),
            tuple((f"{number} process{'es' if number > 1 else ''}", f"processes.{number}") for number in (1, 2, 4)),
            above="The same, each with a database of its own; at best as many times as fast as there are processors.",
        ),
    ),
)
