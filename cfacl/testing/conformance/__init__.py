"""The suite that every store passes, whoever wrote it.

::

    from cfacl.testing.conformance import StoreTests


    class TestMine(StoreTests):
        def open(self, folder, clock):
            return MyStore(folder, clock=clock)

        def raw_cells(self, store, family):  # of each cell the versions, (value, timestamp), newest first
            return {(key, qualifier): versions for key, qualifier, versions in store.driver.everything(family)}

        def raw_put(self, store, family, key, qualifier, value, timestamp):
            store.driver.insert(family, key, qualifier, value, timestamp)

That is all; see `Suite` for what the three promise and what else a subclass may say.  A test that needs what
`Store.capabilities` denies is announced and left out, and so is one that `Suite.exclusions` names with a reason.
"""

from __future__ import annotations

import pkgutil

import pytest

# A bare `assert` explains nothing to the author of a store.  pytest rewrites those of test files only, unless it is
# told of a module before that is imported: which is here.  An entry point `pytest11` would do as well, and would
# load this package into every run of pytest wherever cfacl is installed.
pytest.register_assert_rewrite(*[each.name for each in pkgutil.iter_modules(__path__, f"{__name__}.")])

from cfacl.testing.conformance.assembly import StoreTests  # noqa: E402  # once all of it is registered
from cfacl.testing.conformance.suite import RawCells, Suite  # noqa: E402  # as above

__all__ = ["RawCells", "StoreTests", "Suite"]
