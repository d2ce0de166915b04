"""Times the way to a real HBase, beside plain happybase on the same table, which is started for this.

Wall-clock time, since what is waited for is the server; the two sides take turns, so that both meet the same neighbours.
Plain happybase reads whole families without naming them, has no guard, and copies nothing.  Its tables are cfacl's, made
with a row filter and the block cache, which its own `create_table` leaves out.
"""

from __future__ import annotations

import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from time import sleep, time_ns
from typing import Final

import pyperf  # type: ignore[import-untyped]  # it has no types

import cfacl
from benchmarks import personas
from benchmarks.both import RECORDS, Both
from benchmarks.macro import served
from benchmarks.rounds import Effort, main
from benchmarks.stores import Unguarded
from benchmarks.turns import batch, pairs, puts, turns
from benchmarks.workloads import PURPOSE, family_names, grant, keys, policy, table
from benchmarks.ycsb import Client
from cfacl.filters import column
from cfacl.stores.registry import open_store
from cfacl.testing.servers import HBase, Missing

FAMILIES: Final = 8
COLUMNS: Final = 4
WANTED: Final = "f03"
#: Rows of each table, by the bytes of a value.
ROWS: Final = {64: 2_000, 4_096: 250}
#: The bytes of a value, where cfacl and HBase's own rights are held beside each other; and who was granted them.
WALL: Final = 64
USER: Final = "alice"
#: How often it is looked whether all of the server knows of rights.
TRIES: Final = 3_000
#: Of so many rows one has this, besides.
RARE: Final = 100
MARK: Final = {b"%b:mark" % WANTED.encode(): b"1"}
SCHEMES: Final = {"buffered": "hbase", "http": "hbase+http"}
ROUNDS: Final = 30
#: Pairs have four times as many, of which half do.
HALF: Final = 2
#: Calls in a row, for each turn.
CALLS: Final = 50


class House:
    """One table of eight families behind a policy, and happybase's table on the same rows."""

    def __init__(self, server: HBase, size: int, rows: int, transport: str = "buffered") -> None:
        self.name = f"t{size}"
        made = table(self.name, FAMILIES)
        grants = {"service": [grant(made, family_names(FAMILIES))], "narrow": [grant(made, [WANTED])]}
        self.url = f"{SCHEMES[transport]}://{server.host}:{server.port(transport)}/{transport}_"
        self.db = cfacl.connect(self.url, policy=policy([made], grants))
        self.db.create_tables()
        self.keys = keys(rows)
        self.data = {
            b"%b:c%d" % (name.encode(), number): bytes([number]) * size
            for name in family_names(FAMILIES)
            for number in range(COLUMNS)
        }
        for first in range(0, rows, 100):
            batch(self.guarded(), self.keys[first : first + 100], self.data)
        self.connection = server.connection(transport)
        self.plain = self.connection.table(f"{transport}_{self.name}".encode())
        self.names = {each.partition(b"+")[0]: each.removesuffix(b":") for each in self.plain.families()}

    def guarded(self, principal: str = "service") -> cfacl.Table:
        return self.db.session(principal, purpose=PURPOSE).table(self.name)

    def theirs(self, data: dict[bytes, bytes]) -> dict[bytes, bytes]:
        """Return data by the names that HBase has for the columns."""
        return {
            self.names[family] + b":" + qualifier: value
            for (family, _, qualifier), value in ((name.partition(b":"), value) for name, value in data.items())
        }

    def close(self) -> None:
        self.connection.close()
        self.db.close()


def small(house: House) -> dict[str, Callable[[], object]]:
    guarded, plain = house.guarded(), house.plain
    some = house.keys[:CALLS]
    one = {name: value for name, value in house.data.items() if name.startswith(WANTED.encode())}
    theirs = house.theirs(one)
    named = list(house.names.values())
    assert house.theirs(guarded.row(some[0])) == plain.row(some[0]) == plain.row(some[0], columns=named)
    for key in house.keys[RARE // 2 :: RARE]:
        guarded.put(key, MARK)
    ((name, mark),) = MARK.items()
    marked = column(name) == mark
    text = bytes(marked).replace(WANTED.encode(), house.names[WANTED.encode()])
    assert len(list(guarded.scan(filter=marked))) == len(list(plain.scan(filter=text))) == len(house.keys) // RARE
    return {
        "hbase.get.guarded": lambda: [guarded.row(key) for key in some],
        "hbase.get.named": lambda: [plain.row(key, columns=named) for key in some],
        "hbase.get.plain": lambda: [plain.row(key) for key in some],
        "hbase.opened.guarded": lambda: [house.guarded().row(key) for key in some],
        "hbase.opened.plain": lambda: [plain.row(key) for key in some],
        "hbase.put.guarded": lambda: puts(guarded, some, one),
        "hbase.put.plain": lambda: puts(plain, some, theirs),
        "hbase.batch.guarded": lambda: batch(guarded, house.keys[:1_000], one),
        "hbase.batch.plain": lambda: batch(plain, house.keys[:1_000], theirs),
        "hbase.scan.guarded": lambda: list(guarded.scan(batch_size=1_000)),
        "hbase.scan.plain": lambda: list(plain.scan(batch_size=1_000)),
        "hbase.filter.guarded": lambda: list(guarded.scan(filter=marked, batch_size=1_000)),
        "hbase.filter.plain": lambda: list(plain.scan(filter=text, batch_size=1_000)),
    }


def walls(house: House, theirs: Unguarded) -> dict[str, Callable[[], object]]:
    """Return the same work behind cfacl, and behind HBase's own rights."""
    ours = house.guarded()
    some = house.keys[:CALLS]
    one = {name: value for name, value in house.data.items() if name.startswith(WANTED.encode())}
    return {
        "hbase.wall.get.ours": lambda: [ours.row(key) for key in some],
        "hbase.wall.get.theirs": lambda: [theirs.row(key) for key in some],
        "hbase.wall.put.ours": lambda: puts(ours, some, one),
        "hbase.wall.put.theirs": lambda: puts(theirs, some, one),
        "hbase.wall.scan.ours": lambda: list(ours.scan(batch_size=1_000)),
        "hbase.wall.scan.theirs": lambda: list(theirs.scan()),
    }


def behind_rights(stack: ExitStack, rows: int) -> Unguarded:
    """Return a table like that of a house on a server that asks who may do what, for a user who was granted all."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    server = stack.enter_context(HBase(folder, authorization=True, transports=("http",)))
    house = stack.enter_context(closing(House(server, WALL, rows, "http")))
    with server.operator() as operator:
        for family in house.names.values():
            operator.grant(USER, "RW", house.plain.name, family.decode())
    store = stack.enter_context(closing(open_store(f"{house.url}?doas=principal", clock=time_ns)))
    theirs = Unguarded(store.acting_as(USER), house.name)
    for _ in range(TRIES):
        if theirs.row(house.keys[0]) == house.data:
            return theirs
        sleep(0.01)
    raise AssertionError("the server does not know of the rights that were granted")


def one_of_eight(house: House, what: str) -> dict[str, Callable[[], object]]:
    narrow, everything, plain = house.guarded("narrow"), house.guarded(), house.plain
    prefix = WANTED.encode() + b":"
    theirs = house.names[WANTED.encode()] + b":"

    def dropped(row: dict[bytes, bytes], prefix: bytes = prefix) -> dict[bytes, bytes]:
        return {name: value for name, value in row.items() if name.startswith(prefix)}

    some = house.keys[:CALLS]
    return {
        f"hbase.{what}.scan.one": lambda: list(narrow.scan(batch_size=1_000)),
        f"hbase.{what}.scan.dropped": lambda: [dropped(row) for _, row in everything.scan(batch_size=1_000)],
        f"hbase.{what}.scan.plain": lambda: [dropped(row, theirs) for _, row in plain.scan(batch_size=1_000)],
        f"hbase.{what}.get.one": lambda: [narrow.row(key) for key in some],
        f"hbase.{what}.get.dropped": lambda: [dropped(everything.row(key)) for key in some],
        f"hbase.{what}.get.plain": lambda: [dropped(plain.row(key), theirs) for key in some],
    }


def macro(server: HBase, effort: Effort) -> Iterator[pyperf.Benchmark]:
    """Time YCSB's workloads, and reading some of the families."""
    url = f"hbase://{server.host}:{server.port('buffered')}"
    with closing(server.connection("buffered")) as connection, Both(open_store(f"{url}/macro_", clock=time_ns)) as both:
        at = connection.table(b"macro_%b" % RECORDS.encode())
        (family,) = at.families()
        hand = Client(
            family.removesuffix(b":"),
            at.row,
            at.put,
            lambda start, rows: list(at.scan(row_start=start, limit=rows, batch_size=rows)),
        )
        yield from served("hbase", both, hand, effort)
    yield from personas.served("hbase", f"{url}/personas_", effort)


def measure(effort: Effort) -> Iterator[pyperf.Benchmark]:
    rounds = effort.size(ROUNDS)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        try:
            server = stack.enter_context(HBase(Path(folder), transports=("buffered", "http")))
        except Missing as missing:
            print(f"not measured: {missing}", file=sys.stderr)
            return
        yield from macro(server, effort)
        for size, rows in ROWS.items():
            with closing(House(server, size, effort.size(rows))) as house:
                if size == min(ROWS):
                    yield from pairs(small(house), max(rounds // HALF, 1))
                yield from turns(one_of_eight(house, f"{size}"), rounds, uncounted=1)
        rows = effort.size(ROWS[WALL])
        with closing(House(server, WALL, rows, "http")) as house:
            both = walls(house, behind_rights(stack, rows))
            deque(turns(both, rounds), maxlen=0)  # the second server has only been started
            yield from turns(both, rounds, uncounted=1)


if __name__ == "__main__":
    main(measure)
