"""What it is worth that a store reads only the families that are wanted."""

from __future__ import annotations

from typing import Final

from benchmarks.page.figure import Cell, Figure, Part, Table
from benchmarks.page.plot import Ratio, Ratios
from benchmarks.page.ycsb import ABSENT, STORES

SIZES: Final = {64: "64 B", 1_024: "1 KiB", 4_096: "4 KiB"}
#: Rows of a scan, by the bytes of a value.
ROWS: Final = {64: 500, 1_024: 200, 4_096: 50}
GRANTED: Final = (1, 4, 8)
#: How often as fast it is to read one of eight families of values of 1 KiB.
SCANS: Final = {"memory": 3, "rocksdb": 3, "hbase": 3, "cassandra": 3}
GETS: Final = {"rocksdb": 3, "hbase": 2, "cassandra": 2}
#: Why a bound is missed, where it is.
BECAUSE: Final = {
    ("hbase", "get"): "the way to the server and back, through its gateway, takes as long for one family as for eight"
}


def figures(bounds: dict[str, int], way: str, what: str) -> tuple[Figure, ...]:
    return tuple(
        Figure(
            f"{STORES[store]}, {what}: 8 families of 4 cells of 1 KiB read and seven dropped ÷ reading the one granted",
            f"projection.{store}.1024.{way}.1.dropped",
            f"projection.{store}.1024.{way}.1",
            bound,
            least=True,
            because=BECAUSE.get((store, way), ""),
        )
        for store, bound in bounds.items()
    )


def table(store: str) -> Table:
    def row(size: int, way: str, granted: int) -> tuple[str, *tuple[Cell, ...]]:
        at = f"projection.{store}.{size}.{way}.{granted}"
        what = "20 times `row`" if way == "get" else f"`scan` of {ROWS[size]} rows"
        return (f"{what}, values of {SIZES[size]}, {granted} of 8", at, f"{at}.dropped", (f"{at}.dropped", at))

    return Table(
        (STORES[store], "those granted", "all read, the others dropped", "÷"),
        tuple(row(size, way, granted) for size in SIZES for way in ("get", "scan") for granted in GRANTED),
        above=ABOVE if store == "memory" else "",
    )


def drawn() -> Ratios:
    """Return the plot of rows with values of 1 KiB."""

    def ratio(store: str, way: str, granted: int) -> Ratio:
        at = f"projection.{store}.1024.{way}.{granted}"
        bounds = GETS if way == "get" else SCANS
        return Ratio(f"{at}.dropped", at, bounds.get(store) if granted == 1 else None)

    return Ratios(
        "projection",
        f"Reading the families that are granted, values of {SIZES[1_024]}",
        "time to read all and drop the others ÷ to read those granted",
        tuple(f"{granted} of 8 families" for granted in GRANTED),
        tuple(
            (f"{name}, `{'row' if way == 'get' else way}`", tuple(ratio(store, way, granted) for granted in GRANTED))
            for store, name in STORES.items()
            for way in ("get", "scan")
        ),
    )


ABOVE: Final = """\
Rows of 8 families of 4 cells, read by somebody who is granted some of the families, and by a caller who has all of the row
from the same store, without a guard, and drops the others. CPU time on memory and RocksDB, else wall-clock time."""

PART: Final = Part(
    "Some of the families",
    figures=figures(SCANS, "scan", "`scan`") + figures(GETS, "get", "`row`"),
    tables=tuple(table(store) for store in STORES),
    plots=(drawn(),),
    rivals=tuple(
        (f"all {all_of} families, {what} of values of {SIZES[size]}, on {at} without a guard", f"{ours}.dropped", ours)
        for store, at in STORES.items()
        for size in SIZES
        for way, what in (("get", "`row`"), ("scan", "`scan`"))
        for all_of in GRANTED[-1:]
        for ours in (f"projection.{store}.{size}.{way}.{all_of}",)
    ),
    optional={name: why for store, why in ABSENT.items() for name in Part("", tables=(table(store),)).names()},
)
