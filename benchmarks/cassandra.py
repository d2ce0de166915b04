"""Times the way to a real Cassandra, beside programs on the driver alone, which read and write the same tables.

Wall-clock time, since what is waited for is the server; the two sides take turns, so that both meet the same neighbours.
*By hand* is the driver set up as cfacl sets it up (libev, no Nagle, rows as plain tuples), with prepared statements.  It has
no guard, checks nothing, and counts on nothing being overwritten: what it writes bears no time but the driver's own.
"""

from __future__ import annotations

import sys
import tempfile
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from heapq import merge
from itertools import chain, groupby, islice
from operator import itemgetter
from pathlib import Path
from time import perf_counter, time_ns
from typing import Any, Final

import pyperf  # type: ignore[import-untyped]  # it has no types

import cfacl
from benchmarks import personas
from benchmarks.both import RECORDS, Both
from benchmarks.macro import served
from benchmarks.rounds import Effort, main, quantity
from benchmarks.scale import resident
from benchmarks.turns import batch, pairs, puts, turns
from benchmarks.workloads import PURPOSE, VALUE_BYTES, family_names, grant, keys, policy, table
from benchmarks.ycsb import FIELDS, Client
from cfacl.model.projection import StoredFamily
from cfacl.model.settings import CassandraLayout
from cfacl.stores.base import Store
from cfacl.stores.cassandra.names import table_name
from cfacl.stores.registry import open_store
from cfacl.testing.servers import Cassandra, Missing

FAMILIES: Final = 8
COLUMNS: Final = 4
WANTED: Final = "f03"
#: Rows of each table, by the bytes of a value; and of the one of which only one family has any.
SMALL: Final = 64
ROWS: Final = {SMALL: 2_000, 4_096: 250}
LONG: Final = 20_000
#: Rows of ten cells, and how often the process is weighed while they are scanned.
MILLION: Final = 1_000_000
PARTS: Final = 10
ROUNDS: Final = 30
#: Calls in a row, for each turn.
CALLS: Final = 100
#: How many requests are on their way at once from one thread.
IN_FLIGHT: Final = 64
KEYSPACE: Final = "measured"
BUCKETS: Final = CassandraLayout().buckets

Row = tuple[bytes, dict[bytes, bytes]]


class ByHand:
    """The tables of some families, and what anybody would write to use them; see above."""

    def __init__(self, session: Any, names: dict[str, str]) -> None:
        from cassandra.query import BatchStatement, BatchType

        self.session = session
        self.logged = lambda: BatchStatement(BatchType.LOGGED)
        self.unlogged = lambda: BatchStatement(BatchType.UNLOGGED)
        self.names = [each.encode() + b":" for each in names]
        self.gets, self.inserts, self.scans, self.starts = (
            [session.prepare(text.format(each, f"b{BUCKETS}")) for each in names.values()]
            for text in (
                "SELECT q, v FROM {} WHERE {} = ? AND row = ?",
                "INSERT INTO {} ({}, row, q, v) VALUES (?, ?, ?, ?)",
                "SELECT row, q, v FROM {} WHERE {} = ?",
                "SELECT row, q, v FROM {} WHERE {} = ? AND row >= ?",
            )
        )

    def row(self, key: bytes) -> dict[bytes, bytes]:
        """Return a row; the questions to all of its families are on their way at once."""
        bucket = zlib.crc32(key) % BUCKETS
        asked = [self.session.execute_async(each, (bucket, key)) for each in self.gets]
        return {
            name + qualifier: value
            for name, each in zip(self.names, asked, strict=True)
            for qualifier, value in each.result()
        }

    def row_in_turn(self, key: bytes) -> dict[bytes, bytes]:
        """Return a row; the families are asked one after the other."""
        bucket = zlib.crc32(key) % BUCKETS
        return {
            name + qualifier: value
            for name, each in zip(self.names, self.gets, strict=True)
            for qualifier, value in self.session.execute(each, (bucket, key))
        }

    def rows(self, some: list[bytes]) -> list[Row]:
        """Return rows of the one family, by the driver's own way to ask for many things."""
        from cassandra.concurrent import execute_concurrent_with_args

        asked = [(zlib.crc32(key) % BUCKETS, key) for key in some]
        found = execute_concurrent_with_args(self.session, self.gets[0], asked, concurrency=IN_FLIGHT)
        (name,) = self.names
        return [
            (key, {name + qualifier: value for qualifier, value in rows})
            for key, (_, rows) in zip(some, found, strict=True)
        ]

    def change(self, key: bytes, data: dict[bytes, bytes]) -> Any:
        """Return the batch that puts a row."""
        made = self.unlogged() if len(self.names) == 1 else self.logged()  # type: ignore[no-untyped-call]  # the driver has no types
        bucket = zlib.crc32(key) % BUCKETS
        places = {name: place for place, name in enumerate(self.names)}
        for column, value in data.items():
            family, colon, qualifier = column.partition(b":")
            made.add(self.inserts[places[family + colon]], (bucket, key, qualifier, value))
        return made

    def put(self, key: bytes, data: dict[bytes, bytes]) -> None:
        """Put a row."""
        self.session.execute(self.change(key, data))

    def batch(self, some: list[bytes], data: dict[bytes, bytes]) -> None:
        """Put rows of the one family: those of a bucket together, and the buckets at once."""
        from cassandra.concurrent import execute_concurrent

        changes: dict[int, Any] = {}
        for key in some:
            bucket = zlib.crc32(key) % BUCKETS
            if bucket not in changes:
                changes[bucket] = self.unlogged()  # type: ignore[no-untyped-call]  # the driver has no types
            for column, value in data.items():
                changes[bucket].add(self.inserts[0], (bucket, key, column.partition(b":")[2], value))
        execute_concurrent(self.session, [(each, ()) for each in changes.values()], concurrency=IN_FLIGHT)

    def buckets(self, place: int) -> list[Iterator[Row]]:
        """Return the rows of each bucket of a family; all are asked at once."""
        asked = [self.session.execute_async(self.scans[place], (bucket,)) for bucket in range(BUCKETS)]
        return [self.found(place, each) for each in asked]

    def found(self, place: int, future: Any) -> Iterator[Row]:
        """Yield the rows of an answer."""
        name = self.names[place]
        for key, some in groupby(future.result(), key=itemgetter(0)):
            yield key, {name + qualifier: value for _, qualifier, value in some}

    def some(self, start: bytes, rows: int) -> list[Row]:
        """Return so many rows of ten cells of the one family, in their order.

        A bucket has few of them on a page, of which the last is whole where another begins.
        """
        asked = []
        for bucket in range(BUCKETS):
            question = self.starts[0].bind((bucket, start))
            question.fetch_size = FIELDS * (rows // BUCKETS + 2) + 1
            asked.append(self.session.execute_async(question))
        return list(islice(merge(*(self.found(0, each) for each in asked), key=itemgetter(0)), rows))

    def clustered(self) -> Iterator[Row]:
        """Yield all rows of the one family, in the order of each bucket."""
        return chain.from_iterable(self.buckets(0))

    def scan(self) -> Iterator[Row]:
        """Yield all rows in their order, with the cells of all families."""
        streams = chain.from_iterable(self.buckets(place) for place in range(len(self.names)))
        for key, several in groupby(merge(*streams, key=itemgetter(0)), key=itemgetter(0)):
            cells: dict[bytes, bytes] = {}
            for _, some in several:
                cells.update(some)
            yield key, cells


class House:
    """One table of eight families behind a policy, and programs by hand on the same rows."""

    def __init__(self, server: Cassandra, session: Any, name: str, size: int) -> None:
        made = table(name, FAMILIES)
        grants = {"service": [grant(made, family_names(FAMILIES))], "narrow": [grant(made, [WANTED])]}
        url = f"cassandra://{server.host}:{server.port}/{KEYSPACE}"
        self.name = name
        self.db = cfacl.connect(url, policy=policy([made], grants))
        self.db.create_tables()
        self.data = {
            b"%b:c%d" % (family.encode(), column): bytes([column]) * size
            for family in family_names(FAMILIES)
            for column in range(COLUMNS)
        }
        self.one = {column: value for column, value in self.data.items() if column.startswith(WANTED.encode())}
        with closing(open_store(url, clock=time_ns)) as store:
            names = cql_names(store, name)
        self.all = ByHand(session, names)
        self.narrow = ByHand(session, {WANTED: names[WANTED]})

    def guarded(self, principal: str = "service") -> cfacl.Table:
        return self.db.session(principal, purpose=PURPOSE).table(self.name)

    def close(self) -> None:
        self.db.close()


def small(house: House, rows: list[bytes]) -> dict[str, Callable[[], object]]:
    """Return what is done with rows of 32 cells of 64 B."""
    guarded, narrow = house.guarded(), house.guarded("narrow")
    batch(guarded, rows, house.data)
    some, many = rows[:CALLS], rows[:1_000]
    assert list(guarded.scan(batch_size=1_000)) == list(house.all.scan())
    assert narrow.rows(many) == house.narrow.rows(many)
    return {
        "cassandra.get.guarded": lambda: [guarded.row(key) for key in some],
        "cassandra.get.hand": lambda: [house.all.row(key) for key in some],
        "cassandra.opened.guarded": lambda: [house.guarded().row(key) for key in some],
        "cassandra.opened.hand": lambda: [house.all.row(key) for key in some],
        "cassandra.rows.guarded": lambda: narrow.rows(many),
        "cassandra.rows.hand": lambda: house.narrow.rows(many),
        "cassandra.put.guarded": lambda: puts(narrow, some, house.one),
        "cassandra.put.hand": lambda: puts(house.narrow, some, house.one),
        "cassandra.put.eight.guarded": lambda: puts(guarded, some, house.data),
        "cassandra.put.eight.hand": lambda: puts(house.all, some, house.data),
        "cassandra.batch.guarded": lambda: batch(narrow, many, house.one),
        "cassandra.batch.hand": lambda: house.narrow.batch(many, house.one),
        "cassandra.scan.guarded": lambda: pass_through(guarded.scan(batch_size=1_000)),
        "cassandra.scan.hand": lambda: pass_through(house.all.scan()),
    }


def one_of_eight(house: House, rows: list[bytes], size: int) -> dict[str, Callable[[], object]]:
    """Return the ways to one family of a row."""
    narrow = house.guarded("narrow")
    batch(house.guarded(), rows, house.data)
    some = rows[:CALLS]
    prefix = WANTED.encode() + b":"

    def dropped(row: dict[bytes, bytes]) -> dict[bytes, bytes]:
        return {column: value for column, value in row.items() if column.startswith(prefix)}

    assert narrow.row(some[0]) == dropped(house.all.row(some[0])) == dropped(house.all.row_in_turn(some[0]))
    return {
        f"cassandra.{size}.get.one": lambda: [narrow.row(key) for key in some],
        f"cassandra.{size}.get.hand": lambda: [house.narrow.row(key) for key in some],
        f"cassandra.{size}.get.dropped": lambda: [dropped(house.all.row(key)) for key in some],
        f"cassandra.{size}.get.in_turn": lambda: [dropped(house.all.row_in_turn(key)) for key in some],
    }


def long(house: House, rows: list[bytes]) -> dict[str, Callable[[], object]]:
    """Return the ways through many rows of one family."""
    narrow = house.guarded("narrow")
    batch(narrow, rows, house.one)
    assert list(narrow.scan(batch_size=1_000)) == list(house.narrow.scan()) == sorted(house.narrow.clustered())
    return {
        "cassandra.long.guarded": lambda: pass_through(narrow.scan(batch_size=1_000)),
        "cassandra.long.hand": lambda: pass_through(house.narrow.scan()),
        "cassandra.long.clustered": lambda: pass_through(house.narrow.clustered()),
    }


def million(house: House, rows: int) -> Iterator[pyperf.Benchmark]:
    """Time writing of many rows of ten cells, and a scan of all of them, and weigh this process on the way."""
    narrow = house.guarded("narrow")
    data = {b"%b:column-%02d" % (WANTED.encode(), column): bytes([column]) * VALUE_BYTES for column in range(10)}
    begin = perf_counter()
    for first in range(0, rows, 1_000):
        batch(narrow, [b"user-%08d" % row for row in range(first, min(first + 1_000, rows))], data)
    yield quantity("cassandra.million.load", [(perf_counter() - begin) / rows / len(data)], "second")
    weights = [resident()]
    begin = perf_counter()
    for number, (_, cells) in enumerate(narrow.scan(batch_size=1_000), 1):
        assert len(cells) == len(data)
        if number % (rows // PARTS) == 0:
            weights.append(resident())
    yield quantity("cassandra.million.scan", [(perf_counter() - begin) / rows / len(data)], "second")
    assert number == rows
    yield quantity("cassandra.million.memory", [max(max(weights) - weights[0], 1)], "byte")


def macro(server: Cassandra, session: Any, effort: Effort) -> Iterator[pyperf.Benchmark]:
    """Time YCSB's workloads, and reading some of the families."""
    url = f"cassandra://{server.host}:{server.port}/{KEYSPACE}"
    with Both(open_store(url, clock=time_ns)) as both:
        at = ByHand(session, cql_names(both.store, RECORDS))
        (family,) = at.names
        yield from served("cassandra", both, Client(family[:-1], at.row, at.put, at.some), effort)
    yield from personas.served("cassandra", url, effort)


def cql_names(store: Store, table: str) -> dict[str, str]:
    """Return what Cassandra calls the tables of the families of a table."""
    return {
        family: f'{KEYSPACE}."{table_name(StoredFamily(table, family, identity, "internal"))}"'
        for family, identity in sorted(store.tables()[table])
    }


def pass_through(rows: Iterator[object]) -> None:
    """Take rows as they come, and keep none."""
    deque(rows, maxlen=0)


def tuned() -> dict[object, Any]:
    """Return what cfacl tells the driver: plain tuples, and whoever has a row is asked for it, of whom most must answer."""
    from cassandra import ConsistencyLevel
    from cassandra.cluster import EXEC_PROFILE_DEFAULT, ExecutionProfile
    from cassandra.policies import DCAwareRoundRobinPolicy, TokenAwarePolicy
    from cassandra.query import tuple_factory

    policy = TokenAwarePolicy(DCAwareRoundRobinPolicy())
    return {
        EXEC_PROFILE_DEFAULT: ExecutionProfile(
            policy, consistency_level=ConsistencyLevel.LOCAL_QUORUM, row_factory=tuple_factory
        )
    }


def measure(effort: Effort) -> Iterator[pyperf.Benchmark]:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        try:
            server = stack.enter_context(Cassandra(Path(folder)))
        except Missing as missing:
            print(f"not measured: {missing}", file=sys.stderr)
            return
        session = stack.enter_context(server.session(execution_profiles=tuned()))
        session.execute(
            f"CREATE KEYSPACE {KEYSPACE} WITH replication = {{'class': 'NetworkTopologyStrategy', 'eu': 1}}"
        )
        rounds = effort.size(ROUNDS)
        for size, number in ROWS.items():
            with closing(House(server, session, f"t{size}", size)) as house:
                some = keys(effort.size(number))
                if size == SMALL:
                    yield from pairs(small(house, some), rounds)
                yield from turns(one_of_eight(house, some, size), rounds, uncounted=1)
        yield from macro(server, session, effort)
        with closing(House(server, session, "long", SMALL)) as house:
            yield from turns(long(house, keys(effort.size(LONG))), rounds, uncounted=1)
        with closing(House(server, session, "million", SMALL)) as house:
            yield from million(house, effort.size(MILLION))


if __name__ == "__main__":
    main(measure)
