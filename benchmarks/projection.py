"""What it is worth that a store reads only the families that are wanted: 1, 4 and 8 of 8.

Against reading all and dropping the others in the caller, by the same store without a guard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import pyperf  # type: ignore[import-untyped]  # it has no types

from benchmarks.both import FAMILIES, GRANTED, PROJECTED, Both
from benchmarks.rounds import Effort, Timer, each, interleaved
from benchmarks.turns import turns
from benchmarks.workloads import family_names
from cfacl.model.request import Cells

#: Columns of each family.
COLUMNS: Final = 4
#: Rows of a scan, by the bytes of a value.
ROWS: Final = {64: 500, 1_024: 200, 4_096: 50}
#: Rows that are read by their keys, for each turn.
CALLS: Final = 20
ROUNDS: Final = 10


def keys(size: int, effort: Effort) -> list[bytes]:
    """Return the keys of the rows with values of so many bytes; all sizes are in one table, one behind the other."""
    return [b"%05d-%04d" % (size, row) for row in range(effort.size(ROWS[size]))]


def fill(both: Both, effort: Effort) -> None:
    """Put the rows into the table."""
    for size in ROWS:
        data = {
            b"%b:c%d" % (family.encode(), column): bytes([column]) * size
            for family in family_names(FAMILIES)
            for column in range(COLUMNS)
        }
        with both.guarded(PROJECTED).batch(batch_size=10) as batch:
            for key in keys(size, effort):
                batch.put(key, data)


def ways(store: str, both: Both, size: int, granted: int, effort: Effort) -> list[dict[str, Callable[[], object]]]:
    """Return pairs of ways to some families: asked for, and all read and most dropped; by key, and by a scan."""
    narrow, plain = both.guarded(PROJECTED, f"of{granted}"), both.unguarded(PROJECTED)
    prefixes = tuple(b"%b:" % name.encode() for name in family_names(granted))
    lower, upper = b"%05d-" % size, b"%05d." % size
    some = keys(size, effort)[:CALLS]

    def dropped(row: Cells) -> Cells:
        return {column: value for column, value in row.items() if column.startswith(prefixes)}

    def rows() -> list[object]:
        return [narrow.row(key) for key in some]

    def rows_dropped() -> list[object]:
        return [dropped(plain.row(key)) for key in some]

    def scan() -> list[object]:
        return list(narrow.scan(lower, upper))

    def scan_dropped() -> list[object]:
        return [(key, dropped(row)) for key, row in plain.scan(upper, lower)]

    assert len(narrow.row(some[0])) == granted * COLUMNS
    assert rows() == rows_dropped()
    assert scan() == scan_dropped()
    at = f"projection.{store}.{size}"
    return [
        {f"{at}.get.{granted}": rows, f"{at}.get.{granted}.dropped": rows_dropped},
        {f"{at}.scan.{granted}": scan, f"{at}.scan.{granted}.dropped": scan_dropped},
    ]


def again(call: Callable[[], object]) -> Timer:
    return each(lambda _: call(), (None,))


def pairs(store: str, both: Both, effort: Effort) -> Iterator[dict[str, Callable[[], object]]]:
    for size in ROWS:
        for granted in GRANTED:
            yield from ways(store, both, size, granted, effort)


def embedded(store: str, both: Both, effort: Effort) -> Iterator[pyperf.Benchmark]:
    """Time the ways of a store that waits for nobody, in CPU time."""
    for pair in pairs(store, both, effort):
        yield from interleaved({name: again(call) for name, call in pair.items()}, effort)


def served(store: str, both: Both, effort: Effort) -> Iterator[pyperf.Benchmark]:
    """Time the ways of a store that waits for its server, by the clock on the wall."""
    for pair in pairs(store, both, effort):
        yield from turns(pair, effort.size(ROUNDS))
