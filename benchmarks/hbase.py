"""Times the way to a real HBase, beside plain happybase on the same table, which is started for this.

Wall-clock time, since what is waited for is the server; the two sides take turns, so that both meet the same neighbours.
Plain happybase reads whole families without naming them, has no guard, and copies nothing.  Its tables are cfacl's, made
with a row filter and the block cache, which its own `create_table` leaves out.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import pyperf  # type: ignore[import-untyped]  # it has no types

import cfacl
from benchmarks.rounds import Effort, main, quantity
from benchmarks.workloads import PURPOSE, family_names, grant, keys, policy, table
from cfacl.testing.servers import HBase, Missing

FAMILIES: Final = 8
COLUMNS: Final = 4
WANTED: Final = "f03"
#: Rows of each table, by the bytes of a value.
ROWS: Final = {64: 2_000, 4_096: 250}
ROUNDS: Final = 30
#: Calls in a row, for each turn.
CALLS: Final = 100


def turns(contestants: dict[str, Callable[[], object]], rounds: int) -> Iterator[pyperf.Benchmark]:
    """Time contestants turn by turn; the values of one round have the same place in each benchmark."""
    values: dict[str, list[float]] = {name: [] for name in contestants}
    for each in contestants.values():
        each()
    for turn in range(rounds):
        for name in list(contestants)[:: 1 if turn % 2 == 0 else -1]:
            begin = perf_counter()
            contestants[name]()
            values[name].append(perf_counter() - begin)
    for name, found in values.items():
        yield quantity(name, found, "second")


def batch(to: Any, rows: list[bytes], data: dict[bytes, bytes]) -> None:
    """Put a batch; both faces have the same."""
    with to.batch() as changes:
        for key in rows:
            changes.put(key, data)


def puts(to: Any, rows: list[bytes], data: dict[bytes, bytes]) -> None:
    """Put row by row."""
    for key in rows:
        to.put(key, data)


class House:
    """One table of eight families behind a policy, and happybase's table on the same rows."""

    def __init__(self, server: HBase, size: int, rows: int) -> None:
        self.name = f"t{size}"
        made = table(self.name, FAMILIES)
        grants = {"service": [grant(made, family_names(FAMILIES))], "narrow": [grant(made, [WANTED])]}
        self.db = cfacl.connect(f"hbase://{server.host}:{server.port()}", policy=policy([made], grants))
        self.db.create_tables()
        self.keys = keys(rows)
        self.data = {
            b"%b:c%d" % (name.encode(), column): bytes([column]) * size
            for name in family_names(FAMILIES)
            for column in range(COLUMNS)
        }
        for first in range(0, rows, 100):
            batch(self.guarded(), self.keys[first : first + 100], self.data)
        self.connection = server.connection()
        self.plain = self.connection.table(self.name.encode())
        self.names = {each.partition(b"+")[0]: each.removesuffix(b":") for each in self.plain.families()}

    def guarded(self, principal: str = "service") -> cfacl.Table:
        return self.db.session(principal, purpose=PURPOSE).table(self.name)

    def theirs(self, data: dict[bytes, bytes]) -> dict[bytes, bytes]:
        """Return data by the names that HBase has for the columns."""
        return {
            self.names[family] + b":" + qualifier: value
            for (family, _, qualifier), value in ((column.partition(b":"), value) for column, value in data.items())
        }

    def close(self) -> None:
        self.connection.close()
        self.db.close()


def small(house: House) -> dict[str, Callable[[], object]]:
    guarded, plain = house.guarded(), house.plain
    some = house.keys[:CALLS]
    one = {column: value for column, value in house.data.items() if column.startswith(WANTED.encode())}
    theirs = house.theirs(one)
    assert house.theirs(guarded.row(some[0])) == plain.row(some[0])
    return {
        "hbase.get.guarded": lambda: [guarded.row(key) for key in some],
        "hbase.get.plain": lambda: [plain.row(key) for key in some],
        "hbase.put.guarded": lambda: puts(guarded, some, one),
        "hbase.put.plain": lambda: puts(plain, some, theirs),
        "hbase.batch.guarded": lambda: batch(guarded, house.keys[:1_000], one),
        "hbase.batch.plain": lambda: batch(plain, house.keys[:1_000], theirs),
        "hbase.scan.guarded": lambda: list(guarded.scan(batch_size=1_000)),
        "hbase.scan.plain": lambda: list(plain.scan(batch_size=1_000)),
    }


def one_of_eight(house: House, what: str) -> dict[str, Callable[[], object]]:
    narrow, everything = house.guarded("narrow"), house.guarded()
    prefix = WANTED.encode() + b":"

    def dropped(row: dict[bytes, bytes]) -> dict[bytes, bytes]:
        return {column: value for column, value in row.items() if column.startswith(prefix)}

    some = house.keys[:CALLS]
    return {
        f"hbase.{what}.scan.one": lambda: list(narrow.scan(batch_size=1_000)),
        f"hbase.{what}.scan.dropped": lambda: [dropped(row) for _, row in everything.scan(batch_size=1_000)],
        f"hbase.{what}.get.one": lambda: [narrow.row(key) for key in some],
        f"hbase.{what}.get.dropped": lambda: [dropped(everything.row(key)) for key in some],
    }


def measure(effort: Effort) -> Iterator[pyperf.Benchmark]:
    rounds = effort.size(ROUNDS)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        try:
            server = stack.enter_context(HBase(Path(folder)))
        except Missing as missing:
            print(f"not measured: {missing}", file=sys.stderr)
            return
        for size, rows in ROWS.items():
            with closing(House(server, size, effort.size(rows))) as house:
                if size == min(ROWS):
                    yield from turns(small(house), rounds)
                yield from turns(one_of_eight(house, f"{size}"), rounds)


if __name__ == "__main__":
    main(measure)
