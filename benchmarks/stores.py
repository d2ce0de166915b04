"""Times the way to the store: guarded, unguarded, and with RocksDB's driver alone.

*Unguarded* is what any user of the same store object has to do without cfacl's face: split column names at the colon,
build the mutation, pass a projection of the same families that was made once, and hand out plain dicts.  It checks
nothing: no key, no type, no answer.

*By hand* is a program of its own on rocksdict: one column family, ``key NUL qualifier`` as the key, and the bare value;
no timestamps, no versions, no escapes, no lock.  Where the store
has to build the same dicts, it is the least there is.

No write waits for the disk, which would hide the difference.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from time import time_ns
from typing import Final, cast

import pyperf  # type: ignore[import-untyped]  # it has no types
from prometheus_client import CollectorRegistry
from rocksdict import Options, Rdict, WriteBatch

import cfacl
from benchmarks.rounds import Effort, Timer, each, interleaved, main
from benchmarks.workloads import PURPOSE, cells, family_names, grant, keys, policy, table
from cfacl.api.database import Database
from cfacl.api.row import Row
from cfacl.audit.log import Log
from cfacl.audit.prometheus import Decisions
from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import Cells, Mutation, Put, Span
from cfacl.policy.compile import compile_policy
from cfacl.stores.base import Store
from cfacl.stores.registry import open_store

COLUMNS: Final = 10
#: Tables by their number of families.
FAMILIES: Final = {"account": 1, "device": 8}
ROWS: Final = 2_000
SCANNED: Final = 1_000
#: Of the eight families of `device`, the one that is wanted.
WANTED: Final = "f03"

Rows = list[tuple[bytes, Cells]]


class Unguarded:
    """The same store without a guard; see above."""

    def __init__(self, store: Store, name: str) -> None:
        self.store = store
        self.name = name
        self.families = {
            family.encode("ascii"): StoredFamily(name, family, identity, "internal")
            for family, identity in store.tables()[name]
        }
        self.projection = Projection([Slice(family) for family in self.families.values()])

    def row(self, key: bytes) -> Cells:
        """Return a row, all of it."""
        found = self.store.get(self.name, (key,), self.projection)
        return found[0][1] if found else {}

    def put(self, key: bytes, data: dict[bytes, bytes]) -> None:
        """Write one row."""
        parts: dict[bytes, dict[bytes, bytes]] = {}
        for column, value in data.items():
            family, _, qualifier = column.partition(b":")
            parts.setdefault(family, {})[qualifier] = value
        puts = tuple([Put(self.families[family], values) for family, values in parts.items()])
        self.store.apply(self.name, (Mutation(key, puts),), durable=False)

    def scan(
        self, upper: bytes | None = None, lower: bytes | None = None, limit: int | None = None
    ) -> Generator[tuple[bytes, Cells], None, None]:
        """Yield the rows below ``upper``, one by one."""
        for rows in self.store.scan(self.name, self.projection, Span(lower, upper), batch_size=1000, limit=limit):
            yield from rows


class ByHand:
    """One table of one family, `f00`, on rocksdict itself; see above."""

    def __init__(self, path: Path) -> None:
        self.driver = Rdict(str(path), Options(raw_mode=True))

    def row(self, key: bytes) -> Cells:
        """Return a row."""
        found: Cells = {}
        start = key + b"\0"
        size = len(start)
        at = self.driver.iter()
        at.seek(start)
        while (name := at.key()) is not None and name.startswith(start):
            found[b"f00:" + name[size:]] = at.value()
            at.next()
        return found

    def put(self, key: bytes, data: dict[bytes, bytes]) -> None:
        """Write one row."""
        batch = WriteBatch(raw_mode=True)
        for column, value in data.items():
            batch.put(key + b"\0" + column.partition(b":")[2], value)
        self.driver.write(batch)

    def scan(self, upper: bytes | None = None, lower: bytes | None = None, limit: int | None = None) -> Rows:
        """Return the rows below ``upper``."""
        rows: Rows = []
        last = None
        found: Cells = {}
        # In raw mode there is nothing but bytes.
        items = cast("Iterable[tuple[bytes, bytes]]", self.driver.items(from_key=lower))
        for name, value in items:
            key, _, qualifier = name.partition(b"\0")
            if key != last:
                if (upper is not None and key >= upper) or len(rows) == limit:
                    break
                found = {}
                rows.append((key, found))
                last = key
            found[b"f00:" + qualifier] = value
        return rows


class House:
    """A guarded RocksDB store, filled, and opened again so that reads come from its files."""

    def __init__(self, folder: Path, rows: int) -> None:
        self.tables = [table(name, families) for name, families in FAMILIES.items()]
        everything = [grant(each, sorted(each.families)) for each in self.tables]
        one_family = [grant(each, [WANTED]) for each in self.tables if WANTED in each.families]
        self.policy = policy(self.tables, {"service": everything, "narrow": one_family})
        self.folder = folder
        db = self.open()
        db.create_tables()
        for name, families in FAMILIES.items():
            with self.guarded(db, name).batch(batch_size=1000) as batch:
                for key in keys(rows):
                    batch.put(key, cells(families, COLUMNS))
        db.close()
        self.db = self.open()

    def open(self) -> Database:
        """Open the store anew; it is kept as ``store`` beside the database that guards it."""
        self.store = open_store(self.folder, clock=time_ns)
        return Database(self.store, self.policy, compile_policy(self.policy), None, time_ns, durable=False)

    def guarded(self, db: Database, name: str, principal: str = "service") -> cfacl.Table:
        """Return a table as a principal may use it: ``service`` may everything, ``narrow`` one family."""
        return db.session(principal, purpose=PURPOSE).table(name)

    def told(self, name: str) -> cfacl.Table:
        """Return a table as ``service`` may use it where a hook, which does nothing, is told of each decision."""
        made = compile_policy(self.policy)
        db = Database(self.store, self.policy, made, lambda _: None, time_ns, durable=False)
        return self.guarded(db, name)


def by_hand(folder: Path, rows: int) -> ByHand:
    """Return the table of one family by hand, filled and opened again as `House` is."""
    filled = ByHand(folder)
    for key in keys(rows):
        filled.put(key, cells(1, COLUMNS))
    filled.driver.close()
    return ByHand(folder)


def single_rows(house: House, unguarded: Unguarded, hand: ByHand, rows: int) -> dict[str, Timer]:
    """Return reads of one row of one family with 10 cells.

    What is guarded is read by a table that is kept, by one of a session of its own for each row, as a web service opens
    one for each request, and by one that is kept and tells a hook.
    """
    some = keys(rows)
    guarded, told = house.guarded(house.db, "account"), house.told("account")

    def opened(key: bytes) -> Row[bytes]:
        with house.db.session("service", purpose=PURPOSE) as session:
            return session.table("account").row(key)

    assert guarded.row(some[0]) == unguarded.row(some[0]) == hand.row(some[0]) == cells(1, COLUMNS)
    assert opened(some[0]) == told.row(some[0]) == cells(1, COLUMNS)
    return {
        "row.guarded": each(guarded.row, some),
        "row.opened": each(opened, some),
        "row.told": each(told.row, some),
        "row.unguarded": each(unguarded.row, some),
        "row.hand": each(hand.row, some),
    }


def puts(house: House, unguarded: Unguarded, hand: ByHand, rows: int) -> dict[str, Timer]:
    """Return puts of 10 cells and of one cell, over rows that exist; what is guarded as in `single_rows`."""
    some, data, single = keys(rows), cells(1, COLUMNS), cells(1, 1)
    guarded, told = house.guarded(house.db, "account"), house.told("account")

    def opened(key: bytes) -> None:
        with house.db.session("service", purpose=PURPOSE) as session:
            session.table("account").put(key, data)

    return {
        "put.guarded": each(lambda key: guarded.put(key, data), some),
        "put.opened": each(opened, some),
        "put.told": each(lambda key: told.put(key, data), some),
        "put.unguarded": each(lambda key: unguarded.put(key, data), some),
        "put.hand": each(lambda key: hand.put(key, data), some),
        "put.one.guarded": each(lambda key: guarded.put(key, single), some),
        "put.one.unguarded": each(lambda key: unguarded.put(key, single), some),
        "put.one.hand": each(lambda key: hand.put(key, single), some),
    }


def scans(guarded: cfacl.Table, unguarded: Unguarded, hand: ByHand, rows: int) -> dict[str, Timer]:
    """Return scans of up to 1,000 rows of 10 cells, all handed out as one list of (key, dict)."""
    upper = keys(rows + 1)[rows]
    assert list(guarded.scan(row_stop=upper)) == list(unguarded.scan(upper)) == hand.scan(upper)
    calls: dict[str, Callable[[bytes], object]] = {
        "scan.guarded": lambda upper: list(guarded.scan(row_stop=upper)),
        "scan.unguarded": lambda upper: list(unguarded.scan(upper)),
        "scan.hand": hand.scan,
    }
    return {name: each(call, [upper]) for name, call in calls.items()}


def one_of_eight(everything: cfacl.Table, narrow: cfacl.Table, unguarded: Unguarded, rows: int) -> dict[str, Timer]:
    """Return ways to one family of rows of 8 families with 10 cells each."""
    wanted = WANTED.encode("ascii")
    prefix = wanted + b":"

    def dropped(key: bytes) -> dict[bytes, bytes]:
        return {column: value for column, value in everything.row(key).items() if column.startswith(prefix)}

    def dropped_unguarded(key: bytes) -> Cells:
        return {column: value for column, value in unguarded.row(key).items() if column.startswith(prefix)}

    some = keys(rows)
    assert narrow.row(some[0]) == everything.row(some[0], columns=[wanted]) == dropped(some[0])
    assert narrow.row(some[0]).withheld == set(family_names(8)) - {WANTED}
    return {
        "eight.granted": each(narrow.row, some),
        "eight.named": each(lambda key: everything.row(key, columns=[wanted]), some),
        "eight.dropped": each(dropped, some),
        "eight.dropped.unguarded": each(dropped_unguarded, some),
    }


def hooks(rows: int) -> dict[str, Timer]:
    """Return reads of one cell from memory, which is where a hook is felt most, by who is told of them."""
    account = table("account", 1)
    readers = policy([account], {"service": [grant(account, sorted(account.families))]})
    found: dict[str, Timer] = {}
    for name, hook in {
        "none": None,
        "empty": lambda _: None,
        "log": Log(),
        "decisions": Decisions(CollectorRegistry()),
    }.items():
        db = cfacl.connect("memory://", policy=readers, on_event=hook)
        db.create_tables()
        told = db.session("service", purpose=PURPOSE).table("account")
        for key in keys(rows):
            told.put(key, cells(1, 1))
        found[f"hook.{name}"] = each(told.row, keys(rows))
    return found


def measure(effort: Effort) -> Iterator[pyperf.Benchmark]:
    folder = Path(tempfile.mkdtemp(prefix="cfacl-benchmark-"))
    rows = effort.size(ROWS)
    try:
        hand = by_hand(folder / "hand", rows)
        house = House(folder / "house", rows)
        account, plain = house.guarded(house.db, "account"), Unguarded(house.store, "account")
        # Puts come last: until then all that is read lies in files, and no cell in memory hides another.
        yield from interleaved(scans(account, plain, hand, effort.size(SCANNED)), effort)
        device = house.guarded(house.db, "device")
        narrow = house.guarded(house.db, "device", "narrow")
        yield from interleaved(one_of_eight(device, narrow, Unguarded(house.store, "device"), rows), effort)
        yield from interleaved(single_rows(house, plain, hand, rows), effort)
        yield from interleaved(puts(house, plain, hand, rows), effort)
        yield from interleaved(hooks(rows), effort)
        house.db.close()
        hand.driver.close()
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main(measure)
