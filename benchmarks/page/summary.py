"""What the page opens with: the three questions that somebody has who is to run it, answered by the run."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Final

from attrs import frozen

from benchmarks.page import cassandra, growth, hbase, personas, projection, rocksdb, ycsb
from benchmarks.page.figure import Figure, Part
from benchmarks.page.fit import exponents
from benchmarks.page.numbers import Results, amount, number, ratios, telling, times, values
from benchmarks.page.plot import Ratio, Ratios, Series

#: What else could be asked, and its benchmark.
INSTEAD: Final = (
    ("a frozenset in a method", "check.frozenset"),
    ("`functools.lru_cache`", "check.lru_cache"),
    ("cedarpy with 1,000 permits", "rivals.1000.allowed.cedarpy"),
    ("cedarpy with rights as data", "rivals.1000.allowed.cedarpy_data"),
    ("pycasbin's `FastEnforcer`", "rivals.1000.allowed.fast_enforcer"),
    ("its `Enforcer`", "rivals.1000.allowed.enforcer"),
)
#: By hand is said to be faster where it is so many times as fast.
FASTER: Final = 1.25


@frozen
class Guarded:
    """A store, and what it is held against.

    Attributes:
        key: what benchmarks call it.
        against: what there is without a guard; ``short``, the same in a plot.
        without: the end of the names of its benchmarks.
        part: of the page, about this store.
        operations: of each operation what it is, and what its benchmarks are named by.
    """

    key: str
    against: str
    short: str
    without: str
    part: Part
    operations: tuple[tuple[str, str], ...]

    def ratios(self) -> Iterator[tuple[str, Ratio]]:
        """Yield what is left of the throughput, by operation, with what was promised of it."""
        bounds = {
            (each.top, each.bottom): each.bound for each in self.part.figures if isinstance(each, Figure) and each.least
        }
        for what, name in self.operations:
            top, bottom = f"{name}.{self.without}", f"{name}.guarded"
            yield what, Ratio(top, bottom, bounds.get((top, bottom)))

    def compared(self) -> Iterator[tuple[str, str, str]]:
        """Yield whatever was compared without a guard and with it: what, and both benchmarks."""
        here = f".{self.key}."
        yield from (each for each in self.part.rivals if each[1].endswith(f".{self.without}"))
        yield from (each for each in personas.PART.rivals if here in each[1])
        yield from (each for each in projection.PART.rivals if here in each[1])
        if self.without != "unguarded":
            yield from (each for each in ycsb.PART.rivals if here in each[1])
        for letter in ycsb.WORKLOADS:
            at = f"ycsb.{self.key}.{letter}"
            yield f"YCSB {letter.upper()} on it, unguarded", f"{at}.unguarded", f"{at}.guarded"


STORES: Final = (
    Guarded(
        "rocksdb",
        "the same store unguarded",
        "store",
        "unguarded",
        rocksdb.PART,
        (("`row`", "row"), ("`put`", "put"), ("`scan`", "scan")),
    ),
    Guarded(
        "hbase",
        "plain happybase",
        "happybase",
        "plain",
        hbase.PART,
        (("`row`", "hbase.get"), ("`put`", "hbase.put"), ("`batch`", "hbase.batch"), ("`scan`", "hbase.scan")),
    ),
    Guarded(
        "cassandra",
        "the driver by hand",
        "driver",
        "hand",
        cassandra.PART,
        (
            ("`row`", "cassandra.get"),
            ("`put`", "cassandra.put"),
            ("`batch`", "cassandra.batch"),
            ("`scan`", "cassandra.scan"),
        ),
    ),
)
GUARD: Final = Ratios(
    "guard",
    "What the guard leaves of the throughput",
    "operations a second, guarded ÷ without the guard",
    ("guarded",),
    tuple(
        (f"{ycsb.STORES[each.key]}, ÷ {each.short}: {what}", (ratio,))
        for each in STORES
        for what, ratio in each.ratios()
    ),
)


def summary(results: Results) -> str:
    """Return the three answers."""
    return "\n".join([*_check(results), *_guard(results), *_growth(results)]) + "\n"


def _check(results: Results) -> Iterator[str]:
    ratio = _ratio(results, "check.timeless", "check.empty")
    instead = ", ".join(f"{what} {_time(results, name)}" for what, name in INSTEAD if name in results)
    yield (
        f"* **What does a check cost?** {_time(results, 'check.timeless')}, {ratio} × an empty method call;"
        f" {_time(results, 'check.clock')} where a grant can end; {_time(results, 'check.timeless.name')} by name;"
        f" {_time(results, 'check.timeless.opened')} with a session that is opened and closed for it; {_time(results, 'first.opened')}"
        f" the first of a principal. Instead: {instead}."
    )


def _guard(results: Results) -> Iterator[str]:
    yield "* **What does the guard cost on my store?** What is left of the throughput without it:"
    for each in STORES:
        said = f"  * {ycsb.STORES[each.key]}, against {each.against}: "
        left = [(what, ratio) for what, ratio in each.ratios() if ratio.within(results)]
        if len(left) < len(each.operations):
            yield f"{said}not measured"
            continue
        said += ", ".join(f"{what} {_ratio(results, ratio.top, ratio.bottom)}" for what, ratio in left)
        yield "; ".join((said, *_worst(results, each), *_by_hand(results, each), *_late(results, each)))


def _worst(results: Results, store: Guarded) -> Iterator[str]:
    """Yield with what the store with its guard compares worst."""
    found = [
        (statistics.median(ratios(results, theirs, ours)), what, theirs, ours)
        for what, theirs, ours in store.compared()
        if theirs in results and ours in results
    ]
    if found:
        _, what, theirs, ours = min(found)
        yield f"least is left, of {len(found)} comparisons, beside {what}: {_ratio(results, theirs, ours)}"


def _by_hand(results: Results, store: Guarded) -> Iterator[str]:
    """Yield at what a program by hand is faster by most, where it is."""
    found = [
        (statistics.median(ratios(results, ours, theirs)), what, theirs, ours)
        for what, theirs, ours in (
            *store.part.rivals,
            *(each for each in ycsb.PART.rivals if f".{store.key}." in each[2]),
        )
        if theirs.endswith(".hand") and theirs in results and ours in results
    ]
    if found and max(found)[0] > FASTER:
        _, what, theirs, ours = max(found)
        yield f"the most that a program by hand gains: {what}, {_ratio(results, ours, theirs)} × as fast"


def _late(results: Results, store: Guarded) -> Iterator[str]:
    """Yield how long one in a hundred calls takes, with the guard and without, where there were enough of them."""
    guarded, unguarded = (f"ycsb.{store.key}.a.{side}.p99" for side in ("guarded", "unguarded"))
    if all(each in results and telling(results, each) for each in (guarded, unguarded)):
        yield (
            f"of YCSB A's calls one in a hundred takes longer than {_time(results, guarded)}, without the guard than"
            f" {_time(results, unguarded)}"
        )


def _growth(results: Results) -> Iterator[str]:
    check = [_exponent(results, each) for each in growth.CHECKS]
    few, *_, many = growth.BY_ASKERS["allows"].names()
    one, *_, most = growth.BY_ASKS["allows"].names()
    yield "* **How do both grow?** As a power of how large the policy is, where 0 is not at all and 1 is in proportion:"
    yield (
        f"  * a check, where one session asks the same again, by {number(min(check))} to {number(max(check))}, whether tables,"
        " families, roles, grants, principals or threads become more"
    )
    yield (
        f"  * a check by ever others: with 100,000 grants {_ratio(results, many, few)} × the time with 10, since the processor's"
        " caches hold ever fewer of them"
    )
    yield (
        f"  * a check of ever other requests: of 100,000 in turn {_ratio(results, most, one)} × the time of 10; of more in turn"
        f" than are kept, {_time(results, 'growth.asks.beyond')}"
    )
    yield (
        f"  * {growth.ROW.what}, by {number(_exponent(results, growth.ROW))} with the tables; {growth.COMPILE.what}, once, by"
        f" {number(_exponent(results, growth.COMPILE))} with the grants"
    )


def _exponent(results: Results, series: Series) -> float:
    return statistics.median(exponents(results, series))


def _time(results: Results, name: str) -> str:
    return amount(statistics.median(values(results, name)), results[name].get_unit())


def _ratio(results: Results, top: str, bottom: str) -> str:
    return times(ratios(results, top, bottom))
