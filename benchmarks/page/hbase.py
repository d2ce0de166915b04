"""A real HBase."""

from __future__ import annotations

from typing import Final

from benchmarks.page.figure import Figure, Part, Table

PART: Final = Part(
    "HBase",
    figures=(
        Figure(
            "HBase, `row` of 32 cells: rows a second, guarded ÷ plain happybase",
            "hbase.get.plain",
            "hbase.get.guarded",
            0.98,
            least=True,
            because="the store looks at its connection before each call and at the answer after it, which takes longer than the guard"
            " does, by a run of each step beside the one within; that it names families is hardly any of it",
        ),
        Figure(
            "HBase, `put` of 4 cells: as above",
            "hbase.put.plain",
            "hbase.put.guarded",
            0.98,
            least=True,
            because="the store looks at its connection and its changes around each call; with the store alone, in turns with both, it was"
            " the same, and the guard hardly to be seen",
        ),
        Figure(
            "HBase, a batch of 1,000 rows of 4 cells: as above",
            "hbase.batch.plain",
            "hbase.batch.guarded",
            0.98,
            least=True,
            because="checking each row, and keeping puts and deletes in their order, takes the client about as long as all of happybase's own work, by a profile without a server",
        ),
        Figure(
            "HBase, `scan` of rows of 32 cells: as above", "hbase.scan.plain", "hbase.scan.guarded", 0.98, least=True
        ),
        Figure(
            "HBase, scan of 8 families of 4 cells of 64 B: reading all by plain happybase and dropping seven ÷ reading one",
            "hbase.64.scan.plain",
            "hbase.64.scan.one",
            4,
            least=True,
            because="a row costs the server and its gateway something for one family as for eight, beside which cells of 64 B are"
            " little",
        ),
        Figure(
            "HBase, a row of 8 families of 4 cells of 4 KB: as above",
            "hbase.4096.get.plain",
            "hbase.4096.get.one",
            2.5,
            least=True,
            because="the way to the server and back, through its gateway, takes as long for one family as for eight",
        ),
        Figure(
            "HBase, that scan: reading all by cfacl and dropping seven ÷ reading one",
            "hbase.64.scan.dropped",
            "hbase.64.scan.one",
            4,
            least=True,
            because="a row costs the server and its gateway something for one family as for eight, beside which cells of 64 B are"
            " little",
        ),
        Figure(
            "HBase, that row: as above",
            "hbase.4096.get.dropped",
            "hbase.4096.get.one",
            2.5,
            least=True,
            because="the way to the server and back, through its gateway, takes as long for one family as for eight",
        ),
        Figure(
            "`row` of 32 cells: rows a second, cfacl on HBase ÷ HBase with its own rights",
            "hbase.wall.get.theirs",
            "hbase.wall.get.ours",
            1,
            least=True,
        ),
        Figure("`put` of 4 cells: as above", "hbase.wall.put.theirs", "hbase.wall.put.ours", 1, least=True),
        Figure("`scan` of rows of 32 cells: as above", "hbase.wall.scan.theirs", "hbase.wall.scan.ours", 1, least=True),
    ),
    tables=(
        Table(
            ("", "time"),
            (
                ("50 times `row` of 32 cells of 64 B, guarded", "hbase.get.guarded"),
                ("the same by happybase", "hbase.get.plain"),
                ("the same by happybase, given the names of all families", "hbase.get.named"),
                ("50 times `row`, each by a session and a table of its own, guarded", "hbase.opened.guarded"),
                ("the same by happybase, on a table that is kept", "hbase.opened.plain"),
                ("50 times `put` of 4 cells, guarded", "hbase.put.guarded"),
                ("the same by happybase", "hbase.put.plain"),
                ("a batch of 1,000 rows of 4 cells, guarded", "hbase.batch.guarded"),
                ("the same by happybase", "hbase.batch.plain"),
                ("`scan` of 2,000 rows of 32 cells, guarded", "hbase.scan.guarded"),
                ("the same by happybase", "hbase.scan.plain"),
                (
                    "`scan` of 2,000 rows by a filter of one column's value, of which 20 pass, guarded",
                    "hbase.filter.guarded",
                ),
                ("the same by happybase, with the filter's text", "hbase.filter.plain"),
                ("`scan` of 2,000 rows by somebody who is granted one of 8 families", "hbase.64.scan.one"),
                ("reading all of them, dropping seven families", "hbase.64.scan.dropped"),
                ("the same by happybase", "hbase.64.scan.plain"),
                ("50 times `row`, 1 of 8 families", "hbase.64.get.one"),
                ("reading all, dropping seven", "hbase.64.get.dropped"),
                ("the same by happybase", "hbase.64.get.plain"),
                ("`scan` of 250 rows with values of 4 KB, 1 of 8 families", "hbase.4096.scan.one"),
                ("reading all of them, dropping seven families", "hbase.4096.scan.dropped"),
                ("the same by happybase", "hbase.4096.scan.plain"),
                ("50 times `row` with values of 4 KB, 1 of 8 families", "hbase.4096.get.one"),
                ("reading all, dropping seven", "hbase.4096.get.dropped"),
                ("the same by happybase", "hbase.4096.get.plain"),
                ("over HTTP: 50 times `row` of 32 cells, guarded", "hbase.wall.get.ours"),
                (
                    "the same without a guard, on a server that asks its AccessController, and is told by `doas` for whom",
                    "hbase.wall.get.theirs",
                ),
                ("over HTTP: 50 times `put` of 4 cells, guarded", "hbase.wall.put.ours"),
                ("the same without a guard, as above", "hbase.wall.put.theirs"),
                ("over HTTP: `scan` of 2,000 rows of 32 cells, guarded", "hbase.wall.scan.ours"),
                ("the same without a guard, as above", "hbase.wall.scan.theirs"),
            ),
            above="Wall-clock time, of a real server with its gateway on the same machine; plain happybase is on the same table.",
        ),
    ),
    rivals=(
        ("happybase, for 50 rows of 32 cells", "hbase.get.plain", "hbase.get.guarded"),
        (
            "happybase, for 50 rows, where each with the guard has a session of its own",
            "hbase.opened.plain",
            "hbase.opened.guarded",
        ),
        ("happybase, for 50 puts of 4 cells", "hbase.put.plain", "hbase.put.guarded"),
        ("happybase, for a batch of 1,000 rows of 4 cells", "hbase.batch.plain", "hbase.batch.guarded"),
        ("happybase, for a scan of 2,000 rows", "hbase.scan.plain", "hbase.scan.guarded"),
        ("happybase, for a scan of 2,000 rows by a filter that 20 pass", "hbase.filter.plain", "hbase.filter.guarded"),
        ("HBase with its own rights, for 50 rows of 32 cells", "hbase.wall.get.theirs", "hbase.wall.get.ours"),
        ("HBase with its own rights, for 50 puts of 4 cells", "hbase.wall.put.theirs", "hbase.wall.put.ours"),
        ("HBase with its own rights, for a scan of 2,000 rows", "hbase.wall.scan.theirs", "hbase.wall.scan.ours"),
    ),
    absent="no HBase could be started here",
)
