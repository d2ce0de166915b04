"""YCSB's core workloads on every store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from benchmarks.page.figure import Cell, Figure, Part, Table
from benchmarks.page.plot import Ratio, Ratios, Tails
from benchmarks.tail import LONGEST, ONE_IN, PARTS, TAIL

STORES: Final = {"memory": "memory", "rocksdb": "RocksDB", "hbase": "HBase", "cassandra": "Cassandra"}
#: What each workload is, by its letter.
WORKLOADS: Final = {
    "a": "half reads, half updates",
    "b": "95 % reads, 5 % updates",
    "c": "reads",
    "d": "95 % reads of what is newest, 5 % inserts",
    "e": "95 % scans of 1 to 100 rows, 5 % inserts",
    "f": "half reads, half reads with an update after",
}
BOUNDS: Final = {"rocksdb": 0.9, "hbase": 0.98, "cassandra": 0.98}
#: Why a bound is missed, where it is.
BECAUSE: Final = {
    ("rocksdb", "a"): "a put of one field takes the store so little that checking it is felt",
    (
        "rocksdb",
        "d",
    ): "what is newest lies in memory, where a read takes the store less, and the guard as much as elsewhere",
}
ABSENT: Final = {"hbase": "no HBase could be started here", "cassandra": "no Cassandra could be started here"}
HANDS: Final = {
    "rocksdb": "by hand on rocksdict",
    "hbase": "by hand on happybase",
    "cassandra": "by hand on the driver",
}

MEASURED: Final = """\
2,000 records of 10 fields of 100 B, which caches hold, and which of them are asked for is Zipf's. Memory has no driver, and so nobody by hand. Time
that an operation takes, one after the other, by the same operations turn by turn: CPU time on memory and RocksDB, else
wall-clock time. By hand has its turn between the two others, and so always finds caches as somebody left them, who did the same."""
OPEN: Final = f"""\
Latency where calls are due at fixed times, at half of the rate at which the slowest of them went above: counted from when a
call was due, whether or not the one before had been answered by then. A percentile is taken of {PARTS} parts of the calls, or of
fewer, so that in each part {TAIL} calls were slower; before each part a quarter as many, made at once, do not count; where all of them are too few for that, there is none. `results.json` has
the histogram of all calls. Nobody goes on for longer than {LONGEST:.0f} s, which is too short for the tail of what takes long."""


def sides(store: str) -> dict[str, str]:
    """Return who goes to a store."""
    hand = {"hand": HANDS[store]} if store in HANDS else {}
    return {**hand, "unguarded": "unguarded", "guarded": "guarded"}


def throughput(store: str) -> Table:
    def row(letter: str, what: str) -> tuple[str, *tuple[Cell, ...]]:
        at = f"ycsb.{store}.{letter}"
        cells: list[Cell] = [*(f"{at}.{side}" for side in sides(store)), (f"{at}.unguarded", f"{at}.guarded")]
        return (f"{letter.upper()}: {what}", *cells)

    return Table(
        (STORES[store], *sides(store).values(), "operations a second, guarded ÷ unguarded"),
        tuple(row(letter, what) for letter, what in WORKLOADS.items()),
        above=MEASURED if store == "memory" else "",
    )


def latency(store: str) -> Table:
    def rows() -> Iterator[tuple[str, *tuple[Cell, ...]]]:
        for letter in WORKLOADS:
            at = f"ycsb.{store}.{letter}"
            for side, what in sides(store).items():
                cells: list[Cell] = [f"{at}.arrivals", *(f"{at}.{side}.{each}" for each in ("calls", *ONE_IN))]
                yield (f"{letter.upper()}, {what}", *cells)

    return Table(
        (STORES[store], "calls due in a second", "calls", *ONE_IN),
        tuple(rows()),
        above=OPEN if store == "memory" else "",
    )


THROUGHPUT: Final = Ratios(
    "ycsb",
    "YCSB: what the guard leaves of the throughput",
    "operations a second, guarded ÷ unguarded",
    tuple(STORES.values()),
    tuple(
        (
            f"{letter.upper()}: {what}",
            tuple(
                Ratio(f"ycsb.{store}.{letter}.unguarded", f"ycsb.{store}.{letter}.guarded", BOUNDS.get(store))
                for store in STORES
            ),
        )
        for letter, what in WORKLOADS.items()
    ),
)


def tails(store: str) -> Tails:
    at = {(letter, side): f"ycsb.{store}.{letter}.{side}" for letter in WORKLOADS for side in ("unguarded", "guarded")}
    return Tails(
        f"latency_{store}",
        f"YCSB on {STORES[store]}: latency, by the clock on the wall",
        "ms",
        tuple(ONE_IN),
        tuple((f"{letter.upper()}, {side}", name) for (letter, side), name in at.items()),
        frozenset(name for (_, side), name in at.items() if side == "guarded"),
    )


TABLES: Final = tuple(throughput(store) for store in STORES) + tuple(latency(store) for store in STORES)

PART: Final = Part(
    "YCSB",
    figures=tuple(
        Figure(
            f"YCSB {letter.upper()} on {STORES[store]}: operations a second, guarded ÷ unguarded",
            f"ycsb.{store}.{letter}.unguarded",
            f"ycsb.{store}.{letter}.guarded",
            bound,
            least=True,
            because=BECAUSE.get((store, letter), ""),
        )
        for store, bound in BOUNDS.items()
        for letter in WORKLOADS
    ),
    tables=TABLES,
    plots=(THROUGHPUT, *(tails(store) for store in STORES)),
    rivals=tuple(
        (f"{what}, for YCSB {letter.upper()}", f"ycsb.{store}.{letter}.hand", f"ycsb.{store}.{letter}.guarded")
        for store, what in HANDS.items()
        for letter in WORKLOADS
    ),
    optional={
        name: why
        for store, why in ABSENT.items()
        for name in Part("", tables=(throughput(store), latency(store))).names()
    },
)
