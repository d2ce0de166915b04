"""The shipped suite, over the naive stores and over each store with a bug; run by `test_planted_bugs` alone."""

from __future__ import annotations

from typing import ClassVar

from bugs import BUGS
from bugs_of_keeping import BUGS_OF_KEEPING
from naive import KeptStore, NaiveStore

from cfacl.testing.conformance import StoreTests
from cfacl.testing.conformance.durability import Durability
from cfacl.testing.conformance.upkeep import Upkeep


class Naive:
    persistent = False
    overrides: ClassVar = {}

    def open(self, folder, clock):
        return type("Store", (NaiveStore,), self.overrides)(clock)

    def raw_cells(self, store, family):
        return {name: list(kept) for name, kept in store.held[store.place(family.table, family)].items()}

    def raw_put(self, store, family, key, qualifier, value, timestamp):
        store.held[store.place(family.table, family)][key, qualifier] = [(value, timestamp)]


class Kept(Naive):
    persistent = True

    def open(self, folder, clock):
        return type("Store", (KeptStore,), self.overrides)(clock, folder / "state")


TestHealthy = type("TestHealthy", (Naive, StoreTests), {})
TestHealthyKept = type("TestHealthyKept", (Kept, StoreTests), {})
planted = [(Naive, StoreTests, overrides) for overrides in BUGS.values()]
# What keeps is the same store otherwise, for which the other categories would take their time in vain.
planted += [(Kept, Durability, Upkeep, overrides) for overrides in BUGS_OF_KEEPING.values()]
for number, (*bases, overrides) in enumerate(planted):
    globals()[f"Test{number}"] = type(f"Test{number}", tuple(bases), {"overrides": overrides})
