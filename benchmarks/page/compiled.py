"""The hot path as an extension module."""

from __future__ import annotations

from typing import Final

from benchmarks.page.figure import Figure, Part, Table

PART: Final = Part(
    "Compiled",
    figures=(
        Figure(
            "compiled: `session.allows(ask)`, nothing can expire ÷ an empty method call",
            "compiled.timeless",
            "compiled.empty",
            1.0,
            because="a compiled method that does nothing, takes names too and is inherited, as it is here, costs more than that by"
            " itself, as is listed below; what is left is finding the answer",
        ),
        Figure(
            "compiled: `session.allows(ask)`, with a clock compare ÷ an empty method call",
            "compiled.clock",
            "compiled.empty",
            2.8,
            because="reading the clock is about half of it",
        ),
    ),
    tables=(
        Table(
            ("", "time", "÷ an empty method call"),
            tuple(
                (what, f"compiled.{name}", (f"compiled.{name}", "compiled.empty"))
                for name, what in (
                    ("empty", "an empty method call, which is not compiled"),
                    (
                        "nothing",
                        "a compiled method that does nothing, takes names too, and is inherited by what is not compiled",
                    ),
                    ("time_ns", "reading the clock, `time.time_ns()`"),
                    ("timeless", "`session.allows(ask)`"),
                    ("clock", "`session.allows(ask)`, with a clock compare"),
                    ("timeless.denied", "`session.allows(ask)`, denied"),
                    ("timeless.64", "`session.allows(ask)` of 64 families"),
                    ("timeless.name", "`session.allows(…)` by name"),
                    ("timeless.require", "`session.require(ask)`"),
                    ("frozenset", "a frozenset made once, in a method that is not compiled, one family"),
                    ("frozenset.64", "the same, 64 families"),
                )
            ),
            above="The wheel that is built with `HATCH_BUILD_HOOK_ENABLE_MYPYC=true`: the same source, by mypyc.",
            below="What rows would gain by it, and why they are left to the interpreter, is in"
            " [0025](adr/0025-rows-are-made-by-the-interpreter.md).",
        ),
    ),
    absent="there is no C compiler here",
)
