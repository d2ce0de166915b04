"""Our own stores pass the suite that ships, and do all that can be asked of one."""

from __future__ import annotations

from typing import ClassVar

from cfacl.stores.base import Capabilities
from cfacl.stores.memory import MemoryStore
from cfacl.stores.registry import open_store
from cfacl.stores.rocksdb.backup import restore
from cfacl.testing.conformance import StoreTests


class Ours:
    """What we promise of our own: nothing is announced as lacking."""

    def test_it_does_all_that_can_be_asked(self, store, one, short_lived):
        assert store.capabilities(one) == store.capabilities(short_lived) == Capabilities()
        assert self.exclusions == {}


class TestMemory(StoreTests, Ours):
    persistent: ClassVar[bool] = False

    def open(self, folder, clock):
        return MemoryStore(clock=clock)

    def raw_cells(self, store, family):
        rows = store._families[family.table, family.name, family.identity].rows
        return {(key, qualifier): list(cell) for key, cells in rows.items() for qualifier, cell in cells.items()}

    def raw_put(self, store, family, key, qualifier, value, timestamp):
        held = store._families[family.table, family.name, family.identity]
        if key not in held.rows:
            held.order = sorted([*held.order, key])
        held.rows.setdefault(key, {})[qualifier] = [(value, timestamp)]


class TestRocksDB(StoreTests, Ours):
    """Read and written through handles of its driver, in the encoding that `cfacl.stores.rocksdb.keys` describes.

    Newest: ``key* 00 00 qualifier`` → 8 bytes of timestamp, value.  Older: ``key* 00 00 qualifier* 00 00`` and 8
    bytes of 2**64 - 1 - timestamp → value.  A star says that ``00`` is written ``00 01``.
    """

    def open(self, folder, clock):
        return open_store(folder, clock=clock)

    def restore(self, backup, folder):
        list(restore(backup, folder))

    def raw_cells(self, store, family):
        cells = {}
        driver, place = store._database.driver, f"{family.identity}:{family.table}:{family.name}"
        for written, packed in driver.get_column_family(f"cells:{place}").items():
            key, _, qualifier = written.partition(b"\0\0")
            name = key.replace(b"\0\1", b"\0"), qualifier
            cells[name] = [(packed[8:], int.from_bytes(packed[:8], "big"))]
        if store._database.find(family.table, family).older is not None:
            for written, value in driver.get_column_family(f"older:{place}").items():
                key, _, rest = written.partition(b"\0\0")
                name = key.replace(b"\0\1", b"\0"), rest[:-10].replace(b"\0\1", b"\0")
                assert rest[-10:-8] == b"\0\0"
                cells[name].append((value, (1 << 64) - 1 - int.from_bytes(rest[-8:], "big")))
        return cells

    def raw_put(self, store, family, key, qualifier, value, timestamp):
        column = store._database.driver.get_column_family(f"cells:{family.identity}:{family.table}:{family.name}")
        column[key.replace(b"\0", b"\0\1") + b"\0\0" + qualifier] = timestamp.to_bytes(8, "big") + value
