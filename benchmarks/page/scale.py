"""What one machine must carry."""

from __future__ import annotations

from typing import Final

from benchmarks.page.figure import Figure, Part, Table

PART: Final = Part(
    "Scale",
    figures=(
        Figure("durable writes a second, 16 threads ÷ one thread", "durable.one", "durable.sixteen", 2.5, least=True),
        Figure("opening a store of 1,000 families again", "families.reopen", None, 2, unit="s"),
        Figure(
            "ordered scan of 10 million cells by the store, in rows of 10: a cell",
            "million.wide.store",
            None,
            0.5,
            unit="µs",
        ),
        Figure(
            "memory of the process during that scan: most, above that after its first tenth",
            "million.wide.memory",
            None,
            64,
            unit="MiB",
        ),
        Figure(
            "ordered scan of 10 million rows of one cell by the store: a cell",
            "million.narrow.store",
            None,
            0.5,
            unit="µs",
            because="a loop by hand on rocksdict, which is listed below, takes longer than that too",
        ),
        Figure(
            "memory of the process during that scan of rows: as above", "million.narrow.memory", None, 64, unit="MiB"
        ),
        Figure(
            "a column of a missing row by the store ÷ rocksdict's own get, with its defaults",
            "missing.column",
            "missing.get.plain",
            1.5,
        ),
        Figure(
            "a column of a missing row by the store ÷ rocksdict's own get, with the same filter",
            "missing.column",
            "missing.get",
            1.5,
        ),
        Figure("a filter of ten clauses, read from text for the first time", "filter.parse", None, 500, unit="µs"),
        Figure("`PageFilter(10)` over 1,000,000 rows ÷ `limit=10`", "filter.page", "filter.limit", 3),
        Figure(
            "a filter by the value of one column over 1,000,000 rows ÷ a loop that compares",
            "filter.value",
            "filter.value.hand",
            1.5,
        ),
        Figure(
            "`row` of 10 cells through the drop-in for happybase ÷ natively, on RocksDB",
            "dropin.row",
            "native.row",
            1.1,
        ),
        Figure(
            "`put` of 10 cells through the drop-in for happybase ÷ natively, on RocksDB",
            "dropin.put",
            "native.put",
            1.1,
        ),
        Figure(
            "`scan` of 1,000 rows of 10 cells through the drop-in for happybase ÷ natively, on RocksDB",
            "dropin.scan",
            "native.scan",
            1.1,
        ),
        Figure("importing the drop-in for happybase, cfacl included", "import.dropin", None, 0.1, unit="s"),
        Figure("backup: speed ÷ that of `cp -a` and sync", "backup.cp", "backup.ours", 0.5, least=True),
    ),
    tables=(
        Table(
            ("", ""),
            (
                ("durable write of one cell, one thread", "durable.one"),
                ("durable write of one cell, 16 threads: the time for each", "durable.sixteen"),
                ("fdatasync of 80 bytes more, one thread", "durable.fsync"),
                ("`create_tables` of one table of 1,000 families", "families.create.one"),
                ("`create_tables` of 100 tables of 10 families", "families.create.many"),
                ("opening a store of 1,000 families again", "families.reopen"),
                ("the same, with a value of each family in the log", "families.recover"),
                ("a column of a missing row, by the store", "missing.column"),
                ("the same by rocksdict's own get, with the same filter", "missing.get"),
                ("the same by rocksdict's own get, with its defaults", "missing.get.plain"),
                ("a column that is there, by the store", "there.column"),
                ("the same by rocksdict's own get", "there.get"),
                ("all of a missing row, by the store", "missing.row"),
                ("the same by hand: an iterator, a seek", "missing.seek"),
                ("writing 10 million cells in rows of 10, a thousand rows at a time: a cell", "million.wide.load"),
                ("writing 10 million rows of one cell, ten thousand at a time: a cell", "million.narrow.load"),
                ("scan of 10 million cells in rows of 10, by the store: a cell", "million.wide.store"),
                ("the same by hand on rocksdict: a cell", "million.wide.hand"),
                ("scan of 10 million rows of one cell, by the store: a cell", "million.narrow.store"),
                ("the same by hand on rocksdict: a cell", "million.narrow.hand"),
                ("a filter of ten clauses, read from text for the first time", "filter.parse"),
                ("`scan(filter=PageFilter(10))` of 1,000,000 rows of two cells", "filter.page"),
                ("`scan(limit=10)` of the same", "filter.limit"),
                ("all rows of them by the value of one column, of which a tenth passes, by a filter", "filter.value"),
                ("the same by a loop that compares", "filter.value.hand"),
                ("`row` of 10 cells through the drop-in for happybase", "dropin.row"),
                ("the same natively", "native.row"),
                ("`put` of 10 cells through the drop-in", "dropin.put"),
                ("the same natively", "native.put"),
                ("`scan` of 1,000 rows of 10 cells through the drop-in", "dropin.scan"),
                ("the same natively", "native.scan"),
                ("importing the drop-in", "import.dropin"),
                ("importing cfacl alone", "import.native"),
                ("backup, with each file hashed and read again", "backup.ours"),
                ("`cp -a` and sync of the same files", "backup.cp"),
                ("bytes in those files", "backup.bytes"),
            ),
            below="What waits for the disk is wall-clock time, on the file system named below; all else is CPU time.",
        ),
    ),
    rivals=(
        ("an fdatasync alone, for a durable write by one thread", "durable.fsync", "durable.one"),
        ("a get by rocksdict, with the same filter, for a column of a missing row", "missing.get", "missing.column"),
        ("a get by rocksdict, with its defaults, for a column of a missing row", "missing.get.plain", "missing.column"),
        ("a get by rocksdict, for a column that is there", "there.get", "there.column"),
        ("a seek by hand on rocksdict, for all of a missing row", "missing.seek", "missing.row"),
        ("a scan of 10 million cells by hand on rocksdict, in rows of 10", "million.wide.hand", "million.wide.store"),
        ("a scan of 10 million rows of one cell by hand on rocksdict", "million.narrow.hand", "million.narrow.store"),
        ("`cp -a` and sync, for a backup; they hash nothing and read nothing again", "backup.cp", "backup.ours"),
    ),
)
