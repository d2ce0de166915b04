"""The shipped suite, over the naive store and over each store with a bug; run by `test_planted_bugs` alone."""

from __future__ import annotations

from typing import ClassVar

from bugs import BUGS
from naive import NaiveStore

from cfacl.testing.conformance import StoreTests


class Naive(StoreTests):
    persistent = False
    overrides: ClassVar = {}

    def open(self, folder, clock):
        return type("Store", (NaiveStore,), self.overrides)(clock)

    def raw_cells(self, store, family):
        return {name: list(kept) for name, kept in store.held[store.place(family.table, family)].items()}

    def raw_put(self, store, family, key, qualifier, value, timestamp):
        store.held[store.place(family.table, family)][key, qualifier] = [(value, timestamp)]


TestHealthy = type("TestHealthy", (Naive,), {})
for number, overrides in enumerate(BUGS.values()):
    globals()[f"Test{number}"] = type(f"Test{number}", (Naive,), {"overrides": overrides})
