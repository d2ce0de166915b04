"""Cassandra passes the suite that ships, in both layouts, as far as it says that it can."""

from __future__ import annotations

import time
import zlib
from pathlib import Path
from typing import Any, ClassVar, Final

import pytest

from cfacl.model.settings import CassandraLayout, StoreSettings
from cfacl.stores.cassandra.address import parse
from cfacl.stores.cassandra.store import CassandraStore
from cfacl.stores.cassandra.tables import FamilyTable
from cfacl.testing.clock import Clock
from cfacl.testing.conformance import StoreTests
from cfacl.testing.conformance.data import TABLE
from cfacl.testing.conformance.suite import fresh_folder
from cfacl.testing.servers import RunningCassandra

pytestmark = pytest.mark.slow

#: The tests' clock is so far behind the cluster's, so that what it says is over is not so by the cluster's.
_BEHIND: Final = 3_600_000
_EXCLUDED: Final = {
    "test_a_timestamp_is_kept_to_the_last_bit": "cassandra counts microseconds in 64 bits, so that a thousandth of them is left",
    "test_a_family_may_keep_more_or_fewer_later": "a table has timestamps in its key or not; `drift()` says where that differs",
    "test_more_than_16_mib_come_back_whole": "cassandra takes half a segment of its commit log, 4 MiB here",
    "test_a_large_value_comes_back_whole": "as above",
}


class _Cassandra(StoreTests):
    layout: ClassVar = CassandraLayout()
    longest: ClassVar = 65_535 - 8  # of a clustering key, less what timestamps take of it

    @pytest.fixture
    def clock(self, cassandra: RunningCassandra) -> Clock:
        self.server = cassandra
        return Clock(time.time_ns() // 1_000_000 - _BEHIND)

    @pytest.fixture
    def folder(self, keyspaces):
        with fresh_folder() as made:
            (made / "keyspace").write_text(keyspaces())
            yield made

    def open(self, folder: Path, clock: Clock) -> CassandraStore:
        url = f"cassandra://{self.server.host}:{self.server.port}/{(folder / 'keyspace').read_text()}"
        store = CassandraStore(parse(url), clock=clock)
        store.settle(StoreSettings(cassandra_layouts={TABLE: self.layout}))
        return store

    def raw_cells(self, store, family):
        held = self._held(store, family)
        if held is None:
            return {}
        session = store._ring._session
        value = "w" if held.versioned else "v"
        time = "t" if held.versioned else "writetime(v)"
        cells: dict[Any, Any] = {}
        for row, q, v, t in session.execute(f"SELECT row, q, {value}, {time} FROM {held.name}"):
            if v is not None:
                cells.setdefault((row, q), []).append((v, t if held.versioned else t // 1000))
        return cells

    def raw_put(self, store, family, key, qualifier, value, timestamp) -> None:
        held = self._held(store, family)
        names = [f"b{held.buckets}"] * bool(held.buckets) + ["row", "q", *(["w", "t"] if held.versioned else ["v"])]
        bucket = [zlib.crc32(key) % held.buckets] if held.buckets else []
        values = [*bucket, key, qualifier, value, *[timestamp] * held.versioned]
        marks = ", ".join(["%s"] * len(values))
        text = f"INSERT INTO {held.name} ({', '.join(names)}) VALUES ({marks}) USING TIMESTAMP {timestamp * 1000}"
        store._ring._session.execute(text, values)

    def _held(self, store, family) -> FamilyTable | None:
        return store._schema._there().get((family.table, family.name, family.identity))


class TestOrdered(_Cassandra):
    exclusions: ClassVar = _EXCLUDED
    layout: ClassVar = CassandraLayout("ordered", 4)


class TestByRow(_Cassandra):
    exclusions: ClassVar = _EXCLUDED
    layout: ClassVar = CassandraLayout("row")


del _Cassandra
