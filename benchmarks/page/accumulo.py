"""Another world: labels of cells, in Java."""

from __future__ import annotations

from typing import Final

from benchmarks.page.figure import Part, Table

PART: Final = Part(
    "Apache accumulo-access",
    tables=(
        Table(
            ("", "time"),
            (
                ("an expression, parsed and evaluated by accumulo-access", "accumulo.parsing"),
                ("one that was parsed before, by Accumulo's own evaluator", "accumulo.parsed"),
            ),
            above="Its own JMH benchmark on its own expressions, in a warm JVM and in wall-clock time. It is asked for every cell, cfacl once for a request.",
        ),
    ),
    absent="Java 17 or Maven is not here, or Maven Central not within reach",
)
