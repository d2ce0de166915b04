"""Times what GDPRbench's four personas do, behind a policy that gives each what is its, and on the same open store without.

The operations are those of `gdpr`; HBase and Cassandra do them in `hbase.py` and `cassandra.py`.  Without a guard, who looks for records reads all and compares; whoever has one gives the
table a filter.  Rights themselves nobody can ask for without a policy, so there is nothing to hold beside them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from time import perf_counter, thread_time, time_ns
from typing import Any, Final, Protocol

import pyperf  # type: ignore[import-untyped]  # it has no types
from attrs import evolve

import cfacl
from benchmarks.gdpr import BY, LIVES, PERSONAS, Cells, Operation, key, life, operations, record
from benchmarks.loops import closed
from benchmarks.rounds import Effort, Timer, interleaved, main, quantity, statement
from benchmarks.stores import Unguarded
from benchmarks.workloads import PURPOSE, grant, policy
from cfacl.api.database import Database
from cfacl.filters import column
from cfacl.model.catalog import Family, Table
from cfacl.model.projection import Projection, Slice
from cfacl.model.request import Delete, Mutation, Put, Span
from cfacl.policy.compile import compile_policy
from cfacl.stores.base import Store
from cfacl.stores.registry import open_store

RECORDS: Final = 1_000
#: Operations of a turn, and how often both sides have theirs.
TURN: Final = 20
ROUNDS: Final = 30
#: How long a family keeps what it has, in seconds.
LIFE: Final = max(LIVES)
HOUR: Final = 3_600
SIDES: Final = ("guarded", "unguarded")


class Side(Protocol):
    """What a persona works with."""

    def read(self, key: bytes) -> Any: ...
    def scan(self) -> Iterable[tuple[bytes, Any]]: ...
    def put(self, key: bytes, data: Cells, timestamp: int | None = None) -> object: ...
    def delete(self, key: bytes) -> object: ...
    def read_by(self, name: bytes, value: bytes) -> Any: ...
    def update_by(self, name: bytes, value: bytes, change: Cells) -> None: ...


class Guarded:
    """A table behind a policy."""

    def __init__(self, table: cfacl.Table) -> None:
        self.read, self.scan, self.put, self.delete, self.table = table.row, table.scan, table.put, table.delete, table

    def read_by(self, name: bytes, value: bytes) -> list[tuple[bytes, Any]]:
        return list(self.table.scan(filter=column(name) == value))

    def update_by(self, name: bytes, value: bytes, change: Cells) -> None:
        with self.table.batch() as batch:
            for at, _ in self.table.scan(columns=[name], filter=column(name) == value):
                batch.put(at, change)


class Around(Unguarded):
    """A table of the same store without a guard, or some families of it; it reads all that has not expired, and compares."""

    def __init__(self, store: Store, name: str, families: tuple[str, ...]) -> None:
        super().__init__(store, name)
        self.families = {each: evolve(family, time_to_live=LIFE * 1_000) for each, family in self.families.items()}
        self.projection = Projection([Slice(self.families[family.encode()]) for family in families])
        self.read = self.row

    def put(self, key: bytes, data: Cells, timestamp: int | None = None) -> None:
        self.store.apply(self.name, (self._change(key, data, timestamp),), durable=False)

    def delete(self, key: bytes) -> None:
        gone = tuple([Delete(family) for family in self.families.values()])
        self.store.apply(self.name, (Mutation(key, gone),), durable=False)

    def read_by(self, name: bytes, value: bytes) -> list[tuple[bytes, Any]]:
        return list(self._passing(self.projection, name, value))

    def update_by(self, name: bytes, value: bytes, change: Cells) -> None:
        family, _, qualifier = name.partition(b":")
        looked = Projection([Slice(self.families[family], (qualifier,))])
        found = [self._change(at, change, None) for at, _ in self._passing(looked, name, value)]
        if found:
            self.store.apply(self.name, found, durable=False)

    def _passing(self, projection: Projection, name: bytes, value: bytes) -> Iterator[tuple[bytes, Any]]:
        for rows in self.store.scan(self.name, projection, Span(), batch_size=1000):
            for at, row in rows:
                if row.get(name) == value:
                    yield at, row

    def _change(self, key: bytes, data: Cells, timestamp: int | None) -> Mutation:
        parts: dict[bytes, Cells] = {}
        for name, value in data.items():
            family, _, qualifier = name.partition(b":")
            parts.setdefault(family, {})[qualifier] = value
        return Mutation(key, tuple([Put(self.families[family], values, timestamp) for family, values in parts.items()]))


class Still:
    """A clock of which no time passes by itself; in nanoseconds."""

    def __init__(self) -> None:
        self.now = time_ns()

    def __call__(self) -> int:
        return self.now


class House:
    """Both sides of a store, each with the records in a table of its own.

    Args:
        least: how long even the shortest-lived records live, in seconds.
    """

    def __init__(self, location: str | Path, records: int, clock: Callable[[], int], least: int = 0) -> None:
        self.clock = clock
        self.least = least
        self.records = records
        purposes = frozenset([PURPOSE])
        families = {name: Family(name, "internal", purposes, time_to_live=LIFE) for name in ("data", "meta")}
        tables = [Table(each, families) for each in SIDES]
        everything = [grant(each, sorted(families)) for each in tables]
        grants = {each.name: everything for each in PERSONAS} | {
            "regulator": [grant(each, ["meta"]) for each in tables]
        }
        made = policy(tables, grants)
        self.store = open_store(location, clock=clock)
        self.db = Database(self.store, made, compile_policy(made), None, clock, durable=False)
        self.db.create_tables()
        for side in self.sides("controller").values():
            for number in range(records):
                side.put(key(number), record(number), self.stamp(number))

    def stamp(self, number: int) -> int:
        """Return the timestamp of a record that is made now and lives as long as it may."""
        return self.clock() // 1_000_000 - (LIFE - max(life(number), self.least)) * 1_000

    def sides(self, persona: str) -> dict[str, Side]:
        """Return what a persona works with, guarded and not."""
        table = self.db.session(persona, purpose=PURPOSE).table("guarded")
        families = ("meta",) if persona == "regulator" else ("data", "meta")
        return {"guarded": Guarded(table), "unguarded": Around(self.store, "unguarded", families)}

    def call(self, side: Side, operation: Operation) -> Callable[[], object]:
        """Return an operation, ready to be called."""
        kind, number, changed = operation
        data = record(number)
        match kind:
            case "read":
                return partial(side.read, key(number))
            case "update":
                return partial(side.put, key(number), data)
            case "insert":
                return partial(side.put, key(number), data, self.stamp(number))
            case "delete":
                return partial(side.delete, key(number))
            case "read_by_purpose" | "read_by_user":
                name = BY[kind]
                return partial(side.read_by, name, data[name])
            case "update_by_purpose" | "update_by_user":
                name = BY[kind]
                return partial(side.update_by, name, data[name], {changed: data[changed]})

    def agree(self) -> None:
        """Confirm that both sides have the same answers."""
        for persona in PERSONAS:
            guarded, unguarded = self.sides(persona.name).values()
            assert guarded.read(key(0)) == unguarded.read(key(0)) != {}
            assert guarded.read_by(b"meta:pur", b"purpose1") == unguarded.read_by(b"meta:pur", b"purpose1")

    def confirm(self) -> None:
        """Confirm that both sides hold the same."""
        guarded, unguarded = self.sides("controller").values()
        assert list(guarded.scan()) == list(unguarded.scan())


def rights(house: House) -> dict[str, Timer]:
    """Return what a regulator may ask that no store without a policy can say."""
    regulator = house.db.session("regulator", purpose=PURPOSE)
    return {
        "who": statement("db.who('read', 'guarded', 'data', purpose=purpose)", db=house.db, purpose=PURPOSE),
        "what": statement("db.what('processor')", db=house.db),
        "explain": statement("session.explain('read', 'guarded', 'meta')", session=regulator),
    }


def personas(store: str, house: House, clock: Callable[[], float], effort: Effort) -> Iterator[pyperf.Benchmark]:
    """Time what all of them do, by a clock."""
    house.agree()
    for persona in PERSONAS:
        made = operations(persona, TURN * effort.size(ROUNDS), house.records)
        calls = {name: [house.call(side, each) for each in made] for name, side in house.sides(persona.name).items()}
        times, _ = closed(calls, TURN, clock)
        for name, found in times.items():
            yield quantity(f"personas.{store}.{persona.name}.{name}", found, "second")
        house.confirm()


def embedded(store: str, location: str | Path, effort: Effort) -> Iterator[pyperf.Benchmark]:
    """Time them on a store that needs no server; and what a regulator asks of the policy, and the removal of what expired."""
    clock = Still()
    house = House(location, effort.size(RECORDS), clock)
    with closing(house.db):
        yield from personas(store, house, thread_time, effort)
        yield from interleaved({f"personas.{store}.{name}": timer for name, timer in rights(house).items()}, effort)
        clock.now += 1_000_000_000 * (min(LIVES) + 1)
        begin = thread_time()
        swept = sum(each.removed for each in house.db.sweep())
        yield quantity(f"personas.{store}.sweep", [(thread_time() - begin) / swept], "second")


def served(store: str, location: str, effort: Effort) -> Iterator[pyperf.Benchmark]:
    """Time them on a store that waits for its server, whose clock goes on: nothing is to expire meanwhile."""
    house = House(location, effort.size(RECORDS), time_ns, HOUR)
    with closing(house.db):
        yield from personas(store, house, perf_counter, effort)


def measure(effort: Effort) -> Iterator[pyperf.Benchmark]:
    yield from embedded("memory", "memory://", effort)
    with tempfile.TemporaryDirectory(prefix="cfacl-benchmark-") as folder:
        yield from embedded("rocksdb", Path(folder) / "store", effort)


if __name__ == "__main__":
    main(measure)
