"""GDPRbench's personas."""

from __future__ import annotations

from typing import Final

from benchmarks.page.figure import Cell, Part, Table

STORES: Final = {"memory": "memory", "rocksdb": "RocksDB"}
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


def persona(name: str, what: str) -> tuple[str, *tuple[Cell, ...]]:
    cells: list[Cell] = []
    for store in STORES:
        guarded, unguarded = (f"personas.{store}.{name}.{side}" for side in ("guarded", "unguarded"))
        cells += [guarded, unguarded, (unguarded, guarded)]
    return (what, *cells)


PART: Final = Part(
    "GDPRbench's personas",
    tables=(
        Table(
            (
                "",
                *(
                    f"{store}, {column}"
                    for store in STORES.values()
                    for column in ("guarded", "unguarded", "operations a second, guarded ÷ unguarded")
                ),
            ),
            tuple(persona(name, what) for name, what in PERSONAS.items()),
            above="""\
Time that an operation takes, on 1,000 records of ten columns. Whoever is guarded looks for records by a filter, which
is evaluated for every row; whoever is not compares one column of each row in a loop.""",
            below="""\
GDPRbench's regulator also reads a log of requests, which cfacl does not keep: it tells every decision to a hook. Its records
have a time to live each, cfacl's families have one, so records are stamped older; and where GDPRbench waits until what expired
is gone, it is never returned here. In place of the log, what only a policy can say, and the removal of what expired:""",
        ),
        Table(
            ("", *STORES.values()),
            tuple((what, *(f"personas.{store}.{name}" for store in STORES)) for name, what in RIGHTS.items()),
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
)
