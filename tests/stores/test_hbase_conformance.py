"""HBase passes the suite that ships, as far as it says that it can."""

from __future__ import annotations

import re
import time
import uuid
from contextlib import closing
from pathlib import Path
from typing import ClassVar, Final

import pytest

from cfacl.errors import SchemaMissing
from cfacl.model.projection import StoredFamily
from cfacl.stores.hbase.address import parse
from cfacl.stores.hbase.names import family_name
from cfacl.stores.hbase.store import HBaseStore
from cfacl.testing.clock import Clock
from cfacl.testing.conformance import StoreTests
from cfacl.testing.servers import Operator, Running

pytestmark = pytest.mark.slow

_ALTER: Final = re.compile(r"`alter '([^']+)', (\{[^`]+\})`")
_CHANGE: Final = re.compile(
    r"\{NAME => '([^']+)', (?:VERSIONS => (\d+), TTL => (\d+), BLOOMFILTER => 'ROW'|METHOD => 'delete')\}"
)
#: Cells are as old as the tests' clock, which is so far behind, and are not to be over by HBase's own meanwhile.
_BEHIND: Final = 3_600_000


class Operated(HBaseStore):
    """One with an operator who runs each line that is told for `hbase shell`."""

    operator: Operator

    def create_families(self, families) -> None:
        lasting = [StoredFamily(each.table, each.name, each.identity, each.level, each.versions) for each in families]
        self._operated(lambda: super(Operated, self).create_families(lasting), again=True)

    def create_table(self, table, families) -> None:
        self.create_families([each for each in families if each.table == table])

    def drop_table(self, table, families) -> None:
        self._operated(lambda: super(Operated, self).drop_table(table, families), again=False)

    def _operated(self, call, *, again: bool) -> None:
        try:
            call()
        except SchemaMissing as error:
            lines = _ALTER.findall(str(error))
            if not lines:
                raise
            for table, changes in lines:
                for name, versions, seconds in _CHANGE.findall(changes):
                    if versions:
                        self.operator.add(table, name, versions=int(versions), seconds=int(seconds))
                    else:
                        self.operator.remove(table, name)
            if again:
                call()


class TestHBase(StoreTests):
    exclusions: ClassVar = {
        "test_tables_and_families_of_any_name_are_apart": "hbase's names are letters, digits, `_`, `.` and `-`, as a policy's",
        "test_beyond_64_bits_nothing_is_written": "hbase goes on at the other end, and is set back, with a new timestamp",
        "test_more_than_16_mib_come_back_whole": "hbase takes 10 MiB, or what `hbase.server.keyvalue.maxsize` says",
        "test_a_family_may_keep_more_or_fewer_later": "a family keeps what hbase was told; `drift()` says where that differs",
    }

    @pytest.fixture
    def clock(self, hbase: Running, operator: Operator) -> Clock:
        self.server, self.operator = hbase, operator
        return Clock(time.time_ns() // 1_000_000 - _BEHIND)

    def open(self, folder: Path, clock: Clock) -> Operated:
        name = folder / "prefix"
        if not name.exists():
            name.write_text(f"t{uuid.uuid4().hex[:12]}_")
        store = Operated(parse(f"hbase://{self.server.host}:{self.server.port()}/{name.read_text()}"), clock=clock)
        store.operator = self.operator
        return store

    def raw_cells(self, store, family):
        with closing(self.server.connection()) as connection:
            table = connection.table(self._name(store, family))
            name = family_name(family)
            return {
                (key, column.removeprefix(name + b":")): table.cells(key, column, versions=100, include_timestamp=True)
                for key, row in table.scan(columns=[name])
                for column in row
            }

    def raw_put(self, store, family, key, qualifier, value, timestamp) -> None:
        with closing(self.server.connection()) as connection:
            table = connection.table(self._name(store, family))
            table.put(key, {family_name(family) + b":" + qualifier: value}, timestamp=timestamp)

    def _name(self, store, family) -> bytes:
        return store._gateway.table(family.table)
