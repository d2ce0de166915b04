"""What the page opens with: the three questions that somebody has who is to run it, answered by the run."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Final

from benchmarks.page import growth
from benchmarks.page.fit import exponents
from benchmarks.page.numbers import Results, amount, number, ratios, values
from benchmarks.page.plot import Series

#: What else could be asked, and its benchmark.
INSTEAD: Final = (
    ("a frozenset in a method", "check.frozenset"),
    ("`functools.lru_cache`", "check.lru_cache"),
    ("cedarpy with 1,000 permits", "rivals.1000.allowed.cedarpy"),
    ("pycasbin's `FastEnforcer`", "rivals.1000.allowed.fast_enforcer"),
    ("its `Enforcer`", "rivals.1000.allowed.enforcer"),
)
#: Of each store what it is held against, and of each operation the benchmarks without the guard and with it.
STORES: Final = (
    (
        "RocksDB, against the same store unguarded",
        ("row.unguarded", "row.guarded"),
        ("put.unguarded", "put.guarded"),
        ("scan.unguarded", "scan.guarded"),
    ),
    (
        "HBase, against plain happybase",
        ("hbase.get.plain", "hbase.get.guarded"),
        ("hbase.put.plain", "hbase.put.guarded"),
        ("hbase.scan.plain", "hbase.scan.guarded"),
    ),
    (
        "Cassandra, against the driver by hand",
        ("cassandra.get.hand", "cassandra.get.guarded"),
        ("cassandra.put.hand", "cassandra.put.guarded"),
        ("cassandra.scan.hand", "cassandra.scan.guarded"),
    ),
)


def summary(results: Results) -> str:
    """Return the three answers."""
    return "\n".join([*_check(results), *_guard(results), *_growth(results)]) + "\n"


def _check(results: Results) -> Iterator[str]:
    times = _ratio(results, "check.timeless", "check.empty")
    instead = ", ".join(f"{what} {_time(results, name)}" for what, name in INSTEAD if name in results)
    yield (
        f"* **What does a check cost?** {_time(results, 'check.timeless')}, {times} × an empty method call;"
        f" {_time(results, 'check.clock')} where a grant can end; {_time(results, 'check.timeless.name')} by name;"
        f" {_time(results, 'first.opened')} the first of a principal. Instead: {instead}."
    )


def _guard(results: Results) -> Iterator[str]:
    yield "* **What does the guard cost on my store?** What is left of the throughput without it:"
    for store, *operations in STORES:
        if any(name not in results for pair in operations for name in pair):
            yield f"  * {store}: not measured"
            continue
        row, put, scan = (_ratio(results, *pair) for pair in operations)
        yield f"  * {store}: `row` {row}, `put` {put}, `scan` {scan}"


def _growth(results: Results) -> Iterator[str]:
    check = [_exponent(results, each) for each in growth.CHECKS]
    many, few = (statistics.median(values(results, f"rivals.{grants}.denied.allows")) for grants in (100_000, 10))
    yield (
        "* **How do both grow?** As a power of how large the policy is, where 0 is not at all and 1 is in proportion: a check by"
        f" {number(min(check))} to {number(max(check))}, whether tables, families, roles, grants, principals or threads become"
        f" more, where one session asks the same again; where ever others ask, the processor's caches hold ever fewer of them, and"
        f" at 100,000 grants it takes {number(many / few)} × the time of 10; {growth.ROW.what}, by {number(_exponent(results, growth.ROW))} with the tables; {growth.COMPILE.what}, once, by"
        f" {number(_exponent(results, growth.COMPILE))} with the grants."
    )


def _exponent(results: Results, series: Series) -> float:
    return statistics.median(exponents(results, series))


def _time(results: Results, name: str) -> str:
    return amount(statistics.median(values(results, name)), results[name].get_unit())


def _ratio(results: Results, top: str, bottom: str) -> str:
    return number(statistics.median(ratios(results, top, bottom)))
