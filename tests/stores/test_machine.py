"""Our own stores behind policies, held step by step against the oracle and a dict."""

from __future__ import annotations

import pytest
from hypothesis import settings

from cfacl.testing.machine import StoreMachine


class Memory(StoreMachine):
    def location(self, folder):
        return "memory://"


class RocksDB(StoreMachine):
    def location(self, folder):
        return folder / "store"


TestMemory = Memory.TestCase
TestMemory.settings = settings(stateful_step_count=40)
TestRocksDB = RocksDB.TestCase
TestRocksDB.settings = settings(stateful_step_count=40)
TestRocksDB.pytestmark = [pytest.mark.no_cover, pytest.mark.slow]
