"""GDPRbench's personas."""

from __future__ import annotations

from typing import Final

from benchmarks.page.figure import Cell, Part, Table
from benchmarks.page.ycsb import ABSENT, STORES

#: Where a clock can be set, so that records expire when they are to.
EMBEDDED: Final = {each: STORES[each] for each in ("memory", "rocksdb")}
PERSONAS: Final = {
    "controller": "controller: half changes of what has a purpose or is a user's, a quarter deletes, a quarter inserts",
    "customer": "customer: 40 % reads, 40 % updates, half of both by purpose or user; 20 % deletes",
    "processor": "processor: 80 % reads by purpose or user, 20 % by key",
    "regulator": "regulator: reads of metadata by purpose",
}
RIGHTS: Final = {
    "who": "who may read a family, `db.who`",
    "what": "what somebody may do, `db.what`",
    "explain": "by which grant, `session.explain`",
    "sweep": "removing what expired, `db.sweep`: a cell",
}

MEASURED: Final = """\
Time that an operation takes, on 1,000 records of ten columns: CPU time on memory and RocksDB, else wall-clock time. Whoever is
guarded looks for records by a filter, which is evaluated for every row; whoever is not compares one column of each row in a loop.
Each side has a table of its own, for both change and delete the same records; how far two tables of a server differ by
themselves is in that ratio too."""
LACKING: Final = """\
GDPRbench's regulator also reads a log of requests, which cfacl does not keep: it tells every decision to a hook. Its records
have a time to live each, cfacl's families have one, so records are stamped older; and where GDPRbench waits until what expired
is gone, it is never returned here. In place of the log, what only a policy can say, and the removal of what expired:"""


def table(store: str) -> Table:
    """Return what the personas take on a store."""

    def row(name: str, what: str) -> tuple[str, *tuple[Cell, ...]]:
        guarded, unguarded = (f"personas.{store}.{name}.{side}" for side in ("guarded", "unguarded"))
        return (what, guarded, unguarded, (unguarded, guarded))

    return Table(
        (STORES[store], "guarded", "unguarded", "operations a second, guarded ÷ unguarded"),
        tuple(row(name, what) for name, what in PERSONAS.items()),
        above=MEASURED if store == "memory" else "",
        below=LACKING if store == list(STORES)[-1] else "",
    )


PART: Final = Part(
    "GDPRbench's personas",
    tables=(
        *map(table, STORES),
        Table(
            ("", *EMBEDDED.values()),
            tuple((what, *(f"personas.{store}.{name}" for store in EMBEDDED)) for name, what in RIGHTS.items()),
        ),
    ),
    rivals=tuple(
        (
            f"the {what.partition(':')[0]} of GDPRbench on {at}, without the guard",
            f"personas.{store}.{name}.unguarded",
            f"personas.{store}.{name}.guarded",
        )
        for store, at in STORES.items()
        for name, what in PERSONAS.items()
    ),
    optional={name: why for store, why in ABSENT.items() for name in Part("", tables=(table(store),)).names()},
)
