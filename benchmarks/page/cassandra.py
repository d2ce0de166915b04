"""A real Cassandra."""

from __future__ import annotations

from typing import Final

from benchmarks.page.figure import Figure, Part, Table

PART: Final = Part(
    "Cassandra",
    figures=(
        Figure(
            "Cassandra, `row` of 32 cells in 8 families: rows a second, guarded ÷ by hand on the driver",
            "cassandra.get.hand",
            "cassandra.get.guarded",
            0.98,
            least=True,
        ),
        Figure(
            "Cassandra, `row` of 4 cells in one family: as above",
            "cassandra.64.get.hand",
            "cassandra.64.get.one",
            0.98,
            least=True,
        ),
        Figure(
            "Cassandra, `put` of 4 cells: as above", "cassandra.put.hand", "cassandra.put.guarded", 0.98, least=True
        ),
        Figure(
            "Cassandra, `put` of 32 cells in 8 families: as above",
            "cassandra.put.eight.hand",
            "cassandra.put.eight.guarded",
            0.98,
            least=True,
        ),
        Figure(
            "Cassandra, a batch of 1,000 rows of 4 cells: as above",
            "cassandra.batch.hand",
            "cassandra.batch.guarded",
            0.98,
            least=True,
        ),
        Figure(
            "Cassandra, `scan` of 2,000 rows of 32 cells in 8 families: as above",
            "cassandra.scan.hand",
            "cassandra.scan.guarded",
            0.98,
            least=True,
        ),
        Figure(
            "Cassandra, `scan` of 20,000 rows of 4 cells in one family: as above",
            "cassandra.long.hand",
            "cassandra.long.guarded",
            0.98,
            least=True,
        ),
        Figure(
            "Cassandra, that scan: guarded, in order ÷ by hand, bucket by bucket",
            "cassandra.long.clustered",
            "cassandra.long.guarded",
            0.8,
            least=True,
        ),
        Figure(
            "Cassandra, 1,000 rows by key: guarded ÷ the driver's `execute_concurrent` with 64 in flight",
            "cassandra.rows.hand",
            "cassandra.rows.guarded",
            0.9,
            least=True,
        ),
        Figure(
            "Cassandra, a row of 8 families of 4 cells of 64 B: 8 selects at once, seven dropped ÷ reading the one granted",
            "cassandra.64.get.dropped",
            "cassandra.64.get.one",
            2.5,
            least=True,
        ),
        Figure(
            "Cassandra, a row of 8 families of 4 cells of 64 B: 8 selects in turn, seven dropped ÷ reading the one granted",
            "cassandra.64.get.in_turn",
            "cassandra.64.get.one",
            7,
            least=True,
        ),
        Figure(
            "Cassandra, a row of 8 families of 4 cells of 4 KB: 8 selects at once, seven dropped ÷ reading the one granted",
            "cassandra.4096.get.dropped",
            "cassandra.4096.get.one",
            2.5,
            least=True,
        ),
        Figure(
            "Cassandra, a row of 8 families of 4 cells of 4 KB: 8 selects in turn, seven dropped ÷ reading the one granted",
            "cassandra.4096.get.in_turn",
            "cassandra.4096.get.one",
            7,
            least=True,
        ),
        Figure(
            "Cassandra, ordered scan of 10 million cells: memory of the process, most above that before it",
            "cassandra.million.memory",
            None,
            64,
            unit="MiB",
        ),
    ),
    tables=(
        Table(
            ("", "time"),
            (
                ("100 times `row` of 32 cells of 64 B in 8 families, guarded", "cassandra.get.guarded"),
                ("the same by hand", "cassandra.get.hand"),
                ("100 times `row`, each by a session and a table of its own, guarded", "cassandra.opened.guarded"),
                ("the same by hand, by what is prepared once", "cassandra.opened.hand"),
                ("100 times `put` of 4 cells, guarded", "cassandra.put.guarded"),
                ("the same by hand", "cassandra.put.hand"),
                ("100 times `put` of 32 cells in 8 families, guarded", "cassandra.put.eight.guarded"),
                ("the same by hand, in logged batches", "cassandra.put.eight.hand"),
                ("a batch of 1,000 rows of 4 cells, guarded", "cassandra.batch.guarded"),
                ("the same by hand, the rows of a bucket together", "cassandra.batch.hand"),
                ("`rows` of 1,000 keys, guarded", "cassandra.rows.guarded"),
                ("the same by `execute_concurrent`, 64 in flight", "cassandra.rows.hand"),
                ("`scan` of 2,000 rows of 32 cells in 8 families, guarded", "cassandra.scan.guarded"),
                ("the same by hand", "cassandra.scan.hand"),
                ("`scan` of 20,000 rows of 4 cells, guarded", "cassandra.long.guarded"),
                ("the same by hand", "cassandra.long.hand"),
                ("the same by hand, bucket by bucket", "cassandra.long.clustered"),
                ("100 times `row` by somebody who is granted one of 8 families", "cassandra.64.get.one"),
                ("the same by hand", "cassandra.64.get.hand"),
                ("by hand: all 8 families at once, seven dropped", "cassandra.64.get.dropped"),
                ("by hand: all 8 families in turn, seven dropped", "cassandra.64.get.in_turn"),
                ("with values of 4 KB: one of 8 families", "cassandra.4096.get.one"),
                ("the same by hand", "cassandra.4096.get.hand"),
                ("by hand: all 8 families at once, seven dropped", "cassandra.4096.get.dropped"),
                ("by hand: all 8 families in turn, seven dropped", "cassandra.4096.get.in_turn"),
                ("writing 10 million cells in rows of 10, in batches of 1,000 rows: a cell", "cassandra.million.load"),
                ("`scan` of them, in order: a cell", "cassandra.million.scan"),
            ),
            above="Wall-clock time, of a real node on the same machine; by hand is a program on the driver alone, on the same tables.",
        ),
    ),
    rivals=(
        (
            "Cassandra's driver by hand, for 100 rows of 32 cells in 8 families",
            "cassandra.get.hand",
            "cassandra.get.guarded",
        ),
        ("Cassandra's driver by hand, for 100 rows of 4 cells", "cassandra.64.get.hand", "cassandra.64.get.one"),
        ("Cassandra's driver by hand, for 100 puts of 4 cells", "cassandra.put.hand", "cassandra.put.guarded"),
        (
            "Cassandra's driver by hand, for 100 puts of 32 cells in 8 families",
            "cassandra.put.eight.hand",
            "cassandra.put.eight.guarded",
        ),
        ("Cassandra's driver by hand, for a batch of 1,000 rows", "cassandra.batch.hand", "cassandra.batch.guarded"),
        ("Cassandra's driver, for 1,000 rows with 64 in flight", "cassandra.rows.hand", "cassandra.rows.guarded"),
        (
            "Cassandra's driver by hand, for a scan of 8 families, in order",
            "cassandra.scan.hand",
            "cassandra.scan.guarded",
        ),
        ("Cassandra's driver by hand, for a long scan, in order", "cassandra.long.hand", "cassandra.long.guarded"),
        (
            "Cassandra's driver by hand, for a long scan without order",
            "cassandra.long.clustered",
            "cassandra.long.guarded",
        ),
    ),
    absent="no Cassandra could be started here",
)
