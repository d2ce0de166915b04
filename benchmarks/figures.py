"""What the page holds a run against, and what it lists: every bound, and every benchmark with the words for it."""

from __future__ import annotations

from typing import Final

from attrs import frozen

#: The unit of a ratio.
TIMES: Final = "\N{MULTIPLICATION SIGN}"

#: How many of a unit there are in pyperf's.
SCALES: Final = {TIMES: 1.0, "s": 1.0, "ms": 1e3, "µs": 1e6, "B": 1.0, "MiB": 1 / (1 << 20)}


@frozen
class Figure:
    """Something that was promised.

    Attributes:
        what: what is measured, over what it is divided by.
        top, bottom: the benchmarks that are divided, round by round; without ``bottom`` the values of ``top`` count.
        bound: what the median is held against, in ``unit``.
        least: whether the bound is a lower one.
        unit: `TIMES` for ratios, else one of `SCALES`.
    """

    what: str
    top: str
    bottom: str | None
    bound: float
    least: bool = False
    unit: str = TIMES


#: Kinds of policies of very many grants.
CHECKED: Final = (
    ("roles of grants alone", "plain"),
    ("roles that inherit, windows, `never` lines", "windows"),
    ("10,000 people, each with another set of roles", "role_sets"),
    ("nearly as many findings", "findings"),
)
#: "Time flat" is held against the bound that the number of tables has.
FIGURES: Final = (
    Figure("`session.allows(ask)`, nothing can expire ÷ an empty method call", "check.timeless", "check.empty", 2.5),
    Figure("`session.allows(ask)`, with a clock compare ÷ an empty method call", "check.clock", "check.empty", 4.5),
    Figure("an ask of 64 families ÷ an ask of one family", "check.timeless.64", "check.timeless", 1.3),
    Figure(
        "first decision of a principal on the scenario, opening the session included",
        "first.opened",
        None,
        20,
        unit="µs",
    ),
    Figure("1,000,000 principals over 1,000 sets of roles: kept of each once seen", "crowd.bytes", None, 200, unit="B"),
    Figure("check with 1,000,000 principals seen ÷ with 1,000 seen", "crowd.check.all", "crowd.check.few", 1.2),
    Figure(
        "first decisions of the last of 1,000,000 principals ÷ of early ones",
        "crowd.first.late",
        "crowd.first.early",
        1.2,
    ),
    Figure("check with 10,000 tables in the policy ÷ with 10", "tables.10000", "tables.10", 1.2),
    Figure(
        "`customer.txt`, 10,021 users: from the file to a database that decides", "load.customer", None, 2, unit="s"
    ),
    Figure("`row` of 10 cells: rows a second, guarded ÷ unguarded", "row.unguarded", "row.guarded", 0.9, least=True),
    Figure("`put` of 10 cells: puts a second, guarded ÷ unguarded", "put.unguarded", "put.guarded", 0.9, least=True),
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
    Figure("scan by the store ÷ a loop on rocksdict that builds the same dicts", "scan.unguarded", "scan.hand", 1.3),
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
        "ordered scan of 10 million rows of one cell by the store: a cell", "million.narrow.store", None, 0.5, unit="µs"
    ),
    Figure("memory of the process during that scan of rows: as above", "million.narrow.memory", None, 64, unit="MiB"),
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
    Figure(
        "HBase, `row` of 32 cells: rows a second, guarded ÷ plain happybase",
        "hbase.get.plain",
        "hbase.get.guarded",
        0.98,
        least=True,
    ),
    Figure("HBase, `put` of 4 cells: as above", "hbase.put.plain", "hbase.put.guarded", 0.98, least=True),
    Figure(
        "HBase, a batch of 1,000 rows of 4 cells: as above",
        "hbase.batch.plain",
        "hbase.batch.guarded",
        0.98,
        least=True,
    ),
    Figure("HBase, `scan` of rows of 32 cells: as above", "hbase.scan.plain", "hbase.scan.guarded", 0.98, least=True),
    Figure(
        "HBase, scan of 8 families of 4 cells of 64 B: reading all by plain happybase and dropping seven ÷ reading one",
        "hbase.64.scan.plain",
        "hbase.64.scan.one",
        4,
        least=True,
    ),
    Figure(
        "HBase, a row of 8 families of 4 cells of 4 KB: as above",
        "hbase.4096.get.plain",
        "hbase.4096.get.one",
        2.5,
        least=True,
    ),
    Figure(
        "HBase, that scan: reading all by cfacl and dropping seven ÷ reading one",
        "hbase.64.scan.dropped",
        "hbase.64.scan.one",
        4,
        least=True,
    ),
    Figure(
        "HBase, that row: as above",
        "hbase.4096.get.dropped",
        "hbase.4096.get.one",
        2.5,
        least=True,
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
    Figure("Cassandra, `put` of 4 cells: as above", "cassandra.put.hand", "cassandra.put.guarded", 0.98, least=True),
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
    *[
        Figure(
            f"Cassandra, a row of 8 families of 4 cells of {said}: {how}, seven dropped ÷ reading the one granted",
            f"cassandra.{size}.get.{name}",
            f"cassandra.{size}.get.one",
            bound,
            least=True,
        )
        for size, said in ((64, "64 B"), (4096, "4 KB"))
        for how, name, bound in (("8 selects at once", "dropped", 2.5), ("8 selects in turn", "in_turn", 7))
    ],
    Figure(
        "Cassandra, ordered scan of 10 million cells: memory of the process, most above that after a tenth of it",
        "cassandra.million.memory",
        None,
        64,
        unit="MiB",
    ),
    Figure("a filter of ten clauses, read from text for the first time", "filter.parse", None, 500, unit="µs"),
    Figure("`PageFilter(10)` over 1,000,000 rows ÷ `limit=10`", "filter.page", "filter.limit", 3),
    Figure(
        "a filter by the value of one column over 1,000,000 rows ÷ a loop that compares",
        "filter.value",
        "filter.value.hand",
        1.5,
    ),
    *[
        Figure(
            f"{call} through the drop-in for happybase ÷ natively, on RocksDB", f"dropin.{name}", f"native.{name}", 1.1
        )
        for call, name in (
            ("`row` of 10 cells", "row"),
            ("`put` of 10 cells", "put"),
            ("`scan` of 1,000 rows of 10 cells", "scan"),
        )
    ],
    Figure("importing the drop-in for happybase, cfacl included", "import.dropin", None, 0.1, unit="s"),
    Figure("`import cfacl`, the whole process", "command.import", None, 100, unit="ms"),
    Figure("`cfacl --help`, the whole process", "command.help", None, 150, unit="ms"),
    Figure("`cfacl check` of the scenario, the whole process", "command.check", None, 400, unit="ms"),
    *[
        Figure(
            f"`cfacl check` of 100,000 grants, the whole process: {said}", f"command.check.{name}", None, 10, unit="s"
        )
        for said, name in CHECKED
    ],
    Figure("backup: speed ÷ that of `cp -a` and sync", "backup.cp", "backup.ours", 0.5, least=True),
)

#: Every other way to check, with the check of cfacl that does the same.
CHECKS: Final = (
    ("an empty method call", "check.empty", "check.timeless"),
    ("an empty method call that takes any number of names", "check.empty.any", "check.timeless"),
    ("reading the clock, `time.time_ns()`", "check.time_ns", "check.timeless"),
    ("`session.allows(ask)`", "check.timeless", "check.timeless"),
    ("`session.allows(ask)`, with a clock compare", "check.clock", "check.timeless"),
    ("`session.allows(ask)`, denied", "check.timeless.denied", "check.timeless"),
    ("`session.allows(ask)` of 64 families", "check.timeless.64", "check.timeless"),
    ("`session.allows(ask)` of 64 families, with a clock compare", "check.clock.64", "check.timeless"),
    ("`session.allows(…)` by name", "check.timeless.name", "check.timeless"),
    ("`session.allows(…)` by name, with a clock compare", "check.clock.name", "check.timeless"),
    ("`session.require(ask)`", "check.timeless.require", "check.timeless"),
    ("`session.require(ask)`, with a clock compare", "check.clock.require", "check.timeless"),
    ("`session.require(ask)` that raises, caught", "check.timeless.require.denied", "check.timeless"),
    ("the same that raises, with a clock compare", "check.clock.require.denied", "check.timeless"),
    ("frozenset ≤ frozenset, made once, one family", "check.frozenset", "check.timeless"),
    ("frozenset ≤ frozenset, made once, 64 families", "check.frozenset.64", "check.timeless"),
    ("a dict of frozensets, one family by name", "check.frozenset.name", "check.timeless"),
    ("`functools.lru_cache` over the slow check, one family", "check.lru_cache", "check.timeless"),
    ("`functools.lru_cache` over the slow check, 64 families as one tuple", "check.lru_cache.64", "check.timeless"),
    ("the slow check itself: walk the grants", "check.slow", "check.timeless"),
    ("pycasbin, 7 grants", "check.casbin", "check.timeless"),
    ("cedarpy, 7 grants, policies and entities parsed before", "check.cedarpy", "check.timeless"),
)
STORES: Final = (
    ("`row` of 10 cells", "row"),
    ("`put` of 10 cells", "put"),
    ("`put` of one cell", "put.one"),
    ("`scan` of 1,000 rows of 10 cells", "scan"),
)
EIGHT: Final = (
    ("read all, drop seven", "eight.dropped"),
    ("the same, without a guard", "eight.dropped.unguarded"),
    ("`row(key)` by somebody who is granted the one", "eight.granted"),
    ("`row(key, columns=[family])` by somebody who is granted all", "eight.named"),
)
HOOKS: Final = (
    ("without a hook", "hook.none"),
    ("with one that does nothing", "hook.empty"),
    ("with `Log`, where what is allowed is not logged", "hook.log"),
    ("with `Decisions`", "hook.decisions"),
)
GROWTH: Final = (
    ("check with 10 tables in the policy", "tables.10"),
    ("check with 100 tables", "tables.100"),
    ("check with 1,000 tables", "tables.1000"),
    ("check with 10,000 tables", "tables.10000"),
    ("check by the next of 1,000 sessions, 1,000 principals seen", "crowd.check.few"),
    ("check by the next of 1,000 sessions, 1,000,000 principals seen", "crowd.check.all"),
    ("first decision of a new principal, 10,000 seen", "crowd.first.early"),
    ("first decision of a new principal, nearly 1,000,000 seen", "crowd.first.late"),
    ("first decision on the scenario, opening the session included", "first.opened"),
    ("first decision on the scenario of a session that was open, under a new policy", "first.decided"),
    ("kept of a principal once seen", "crowd.bytes"),
    ("kept of a session that is held open", "crowd.bytes.session"),
    ("`customer.txt`: from the file to a database that decides", "load.customer"),
)
COMMAND: Final = (
    ("`import cfacl`", "command.import"),
    ("`cfacl --help`", "command.help"),
    ("`cfacl check` of the scenario", "command.check"),
    *((f"`cfacl check` of 100,000 grants: {said}", f"command.check.{name}") for said, name in CHECKED),
)
SCALE: Final = (
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
)
#: What else could be done, what cfacl does, and what is compared.
RIVALS: Final = (
    ("check.frozenset", "check.timeless", "a frozenset made once, for one family"),
    ("check.frozenset.64", "check.timeless.64", "a frozenset made once, for 64 families"),
    ("check.frozenset.name", "check.timeless.name", "a dict of frozensets by name, for one family"),
    ("check.lru_cache", "check.timeless.name", "`functools.lru_cache`, for one family by name"),
    ("check.lru_cache.64", "check.timeless.64", "`functools.lru_cache`, for 64 families"),
    ("check.slow", "check.timeless.name", "walking the grants, for one family by name"),
    ("check.casbin", "check.timeless.name", "pycasbin, for one family by name"),
    ("check.cedarpy", "check.timeless.name", "cedarpy, for one family by name"),
    ("row.unguarded", "row.guarded", "a row without the guard"),
    ("put.unguarded", "put.guarded", "a put of 10 cells without the guard"),
    ("put.one.unguarded", "put.one.guarded", "a put of one cell without the guard"),
    ("scan.unguarded", "scan.guarded", "a scan without the guard"),
    ("row.hand", "row.guarded", "a row by hand on rocksdict"),
    ("put.hand", "put.guarded", "a put of 10 cells by hand on rocksdict"),
    ("put.one.hand", "put.one.guarded", "a put of one cell by hand on rocksdict"),
    ("scan.hand", "scan.guarded", "a scan by hand on rocksdict"),
    ("durable.fsync", "durable.one", "an fdatasync alone, for a durable write by one thread"),
    ("missing.get", "missing.column", "a get by rocksdict, with the same filter, for a column of a missing row"),
    ("missing.get.plain", "missing.column", "a get by rocksdict, with its defaults, for a column of a missing row"),
    ("there.get", "there.column", "a get by rocksdict, for a column that is there"),
    ("missing.seek", "missing.row", "a seek by hand on rocksdict, for all of a missing row"),
    ("million.wide.hand", "million.wide.store", "a scan of 10 million cells by hand on rocksdict, in rows of 10"),
    ("million.narrow.hand", "million.narrow.store", "a scan of 10 million rows of one cell by hand on rocksdict"),
    ("hbase.get.plain", "hbase.get.guarded", "happybase, for 100 rows of 32 cells"),
    ("hbase.put.plain", "hbase.put.guarded", "happybase, for 100 puts of 4 cells"),
    ("hbase.batch.plain", "hbase.batch.guarded", "happybase, for a batch of 1,000 rows of 4 cells"),
    ("hbase.scan.plain", "hbase.scan.guarded", "happybase, for a scan of 2,000 rows"),
    ("hbase.filter.plain", "hbase.filter.guarded", "happybase, for a scan of 2,000 rows by a filter that 20 pass"),
    ("hbase.wall.get.theirs", "hbase.wall.get.ours", "HBase with its own rights, for 100 rows of 32 cells"),
    ("hbase.wall.put.theirs", "hbase.wall.put.ours", "HBase with its own rights, for 100 puts of 4 cells"),
    ("hbase.wall.scan.theirs", "hbase.wall.scan.ours", "HBase with its own rights, for a scan of 2,000 rows"),
    (
        "cassandra.get.hand",
        "cassandra.get.guarded",
        "Cassandra's driver by hand, for 100 rows of 32 cells in 8 families",
    ),
    ("cassandra.64.get.hand", "cassandra.64.get.one", "Cassandra's driver by hand, for 100 rows of 4 cells"),
    ("cassandra.put.hand", "cassandra.put.guarded", "Cassandra's driver by hand, for 100 puts of 4 cells"),
    (
        "cassandra.put.eight.hand",
        "cassandra.put.eight.guarded",
        "Cassandra's driver by hand, for 100 puts of 32 cells in 8 families",
    ),
    ("cassandra.batch.hand", "cassandra.batch.guarded", "Cassandra's driver by hand, for a batch of 1,000 rows"),
    ("cassandra.rows.hand", "cassandra.rows.guarded", "Cassandra's driver, for 1,000 rows with 64 in flight"),
    ("cassandra.scan.hand", "cassandra.scan.guarded", "Cassandra's driver by hand, for a scan of 8 families, in order"),
    ("cassandra.long.hand", "cassandra.long.guarded", "Cassandra's driver by hand, for a long scan, in order"),
    ("cassandra.long.clustered", "cassandra.long.guarded", "Cassandra's driver by hand, for a long scan without order"),
    ("backup.cp", "backup.ours", "`cp -a` and sync, for a backup; they hash nothing and read nothing again"),
)
HBASE: Final = (
    ("100 times `row` of 32 cells of 64 B, guarded", "hbase.get.guarded"),
    ("the same by happybase", "hbase.get.plain"),
    ("100 times `put` of 4 cells, guarded", "hbase.put.guarded"),
    ("the same by happybase", "hbase.put.plain"),
    ("a batch of 1,000 rows of 4 cells, guarded", "hbase.batch.guarded"),
    ("the same by happybase", "hbase.batch.plain"),
    ("`scan` of 2,000 rows of 32 cells, guarded", "hbase.scan.guarded"),
    ("the same by happybase", "hbase.scan.plain"),
    ("`scan` of 2,000 rows by a filter of one column's value, of which 20 pass, guarded", "hbase.filter.guarded"),
    ("the same by happybase, with the filter's text", "hbase.filter.plain"),
    ("`scan` of 2,000 rows by somebody who is granted one of 8 families", "hbase.64.scan.one"),
    ("reading all of them, dropping seven families", "hbase.64.scan.dropped"),
    ("the same by happybase", "hbase.64.scan.plain"),
    ("100 times `row`, 1 of 8 families", "hbase.64.get.one"),
    ("reading all, dropping seven", "hbase.64.get.dropped"),
    ("the same by happybase", "hbase.64.get.plain"),
    ("`scan` of 250 rows with values of 4 KB, 1 of 8 families", "hbase.4096.scan.one"),
    ("reading all of them, dropping seven families", "hbase.4096.scan.dropped"),
    ("the same by happybase", "hbase.4096.scan.plain"),
    ("100 times `row` with values of 4 KB, 1 of 8 families", "hbase.4096.get.one"),
    ("reading all, dropping seven", "hbase.4096.get.dropped"),
    ("the same by happybase", "hbase.4096.get.plain"),
    ("over HTTP: 100 times `row` of 32 cells, guarded", "hbase.wall.get.ours"),
    ("the same without a guard, on a server that asks its AccessController", "hbase.wall.get.theirs"),
    ("over HTTP: 100 times `put` of 4 cells, guarded", "hbase.wall.put.ours"),
    ("the same without a guard, as above", "hbase.wall.put.theirs"),
    ("over HTTP: `scan` of 2,000 rows of 32 cells, guarded", "hbase.wall.scan.ours"),
    ("the same without a guard, as above", "hbase.wall.scan.theirs"),
)
CASSANDRA: Final = (
    ("100 times `row` of 32 cells of 64 B in 8 families, guarded", "cassandra.get.guarded"),
    ("the same by hand", "cassandra.get.hand"),
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
)
#: What may be missing from a run, and why.
OPTIONAL: Final = {
    "load.customer": "`CFACL_ROLEMINING` named no folder with `customer.txt`",
    **{name: "no HBase could be started here" for _, name in HBASE},
    **{name: "no Cassandra could be started here" for _, name in CASSANDRA},
    "cassandra.million.memory": "no Cassandra could be started here",
}
