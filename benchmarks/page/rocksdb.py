"""Rows, puts and scans on RocksDB, guarded and not; and what a hook costs."""

from __future__ import annotations

from typing import Final

from benchmarks.page.figure import Figure, Part, Table

PART: Final = Part(
    "RocksDB",
    figures=(
        Figure(
            "`row` of 10 cells: rows a second, guarded ÷ unguarded",
            "row.unguarded",
            "row.guarded",
            0.9,
            least=True,
            because="it checks key and answer, and makes of it a row that says what was withheld",
        ),
        Figure(
            "`put` of 10 cells: puts a second, guarded ÷ unguarded", "put.unguarded", "put.guarded", 0.9, least=True
        ),
        Figure(
            "`scan` of 1,000 rows of 10 cells: rows a second, guarded ÷ unguarded",
            "scan.unguarded",
            "scan.guarded",
            0.9,
            least=True,
        ),
        Figure(
            "row of 8 times 10 cells: reading all and dropping seven families ÷ reading the one granted",
            "eight.dropped",
            "eight.granted",
            3,
            least=True,
        ),
        Figure(
            "scan by the store ÷ a loop on rocksdict that builds the same dicts", "scan.unguarded", "scan.hand", 1.3
        ),
    ),
    tables=(
        Table(
            ("", "guarded", "unguarded", "by hand on rocksdict", "guarded ÷ by hand, in time"),
            (
                ("`row` of 10 cells", "row.guarded", "row.unguarded", "row.hand", ("row.guarded", "row.hand")),
                ("`put` of 10 cells", "put.guarded", "put.unguarded", "put.hand", ("put.guarded", "put.hand")),
                (
                    "`put` of one cell",
                    "put.one.guarded",
                    "put.one.unguarded",
                    "put.one.hand",
                    ("put.one.guarded", "put.one.hand"),
                ),
                (
                    "`scan` of 1,000 rows of 10 cells",
                    "scan.guarded",
                    "scan.unguarded",
                    "scan.hand",
                    ("scan.guarded", "scan.hand"),
                ),
            ),
            above="Of 2,000 rows of values of 20 B; guarded is by a table that is kept, as is unguarded.",
            below="By hand is a program of its own for one family: no timestamps, no versions, no escaped keys, no lock.",
        ),
        Table(
            ("", "`row` of 10 cells", "a second, ÷ unguarded", "`put` of 10 cells", "a second, ÷ unguarded"),
            tuple(
                (what, f"row.{name}", ("row.unguarded", f"row.{name}"), f"put.{name}", ("put.unguarded", f"put.{name}"))
                for name, what in (
                    ("unguarded", "unguarded"),
                    ("guarded", "a table that is kept"),
                    ("opened", "a session and a table for each, as one for each request of a web service"),
                    ("told", "a table that is kept, and a hook that does nothing"),
                )
            ),
            above="What the guard costs by how it is used:",
        ),
        Table(
            ("", "time"),
            (
                ("read all, drop seven", "eight.dropped"),
                ("the same, without a guard", "eight.dropped.unguarded"),
                ("`row(key)` by somebody who is granted the one", "eight.granted"),
                ("`row(key, columns=[family])` by somebody who is granted all", "eight.named"),
            ),
            above="One family of a row of 8 families with 10 cells each:",
        ),
        Table(
            ("", "time"),
            (
                ("without a hook", "hook.none"),
                ("with one that does nothing", "hook.empty"),
                ("with `Log`, where what is allowed is not logged", "hook.log"),
                ("with `Decisions`", "hook.decisions"),
            ),
            above="`row` of one cell, from memory: what is told to `on_event`, and by whom it is heard.",
        ),
    ),
    rivals=(
        ("a row without the guard", "row.unguarded", "row.guarded"),
        ("a put of 10 cells without the guard", "put.unguarded", "put.guarded"),
        ("a put of one cell without the guard", "put.one.unguarded", "put.one.guarded"),
        ("a scan without the guard", "scan.unguarded", "scan.guarded"),
        ("a row without the guard, where each with it has a session of its own", "row.unguarded", "row.opened"),
        (
            "a put of 10 cells without the guard, where each with it has a session of its own",
            "put.unguarded",
            "put.opened",
        ),
        ("a row without the guard, where a hook is told of each with it", "row.unguarded", "row.told"),
        ("a put of 10 cells without the guard, where a hook is told of each with it", "put.unguarded", "put.told"),
        ("a row by hand on rocksdict", "row.hand", "row.guarded"),
        ("a put of 10 cells by hand on rocksdict", "put.hand", "put.guarded"),
        ("a put of one cell by hand on rocksdict", "put.one.hand", "put.one.guarded"),
        ("a scan by hand on rocksdict", "scan.hand", "scan.guarded"),
    ),
)
