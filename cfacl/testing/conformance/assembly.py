"""The suite, put together from its categories."""

from __future__ import annotations

from typing import Final

from cfacl.testing.conformance.closing import Closing
from cfacl.testing.conformance.comparing import CompareAndSet
from cfacl.testing.conformance.counters import Counters
from cfacl.testing.conformance.deleting import Deleting
from cfacl.testing.conformance.durability import Durability
from cfacl.testing.conformance.expiry import TimeToLive
from cfacl.testing.conformance.filtering import Filtering
from cfacl.testing.conformance.hostile import HostileBytes
from cfacl.testing.conformance.parts import RowsInParts
from cfacl.testing.conformance.reading import Reading
from cfacl.testing.conformance.scanning import Scanning
from cfacl.testing.conformance.schema import Schema
from cfacl.testing.conformance.snapshots import SnapshotScans
from cfacl.testing.conformance.suite import S
from cfacl.testing.conformance.sweeping import Sweeping
from cfacl.testing.conformance.system import SystemRecords
from cfacl.testing.conformance.threads import Threads
from cfacl.testing.conformance.upkeep import Upkeep
from cfacl.testing.conformance.versions import Versions
from cfacl.testing.conformance.writing import Writing

__all__ = ["CATEGORIES", "StoreTests"]

#: What the suite is made of; no two have a test of the same name.
CATEGORIES: Final = (
    Reading,
    HostileBytes,
    Writing,
    Deleting,
    Versions,
    TimeToLive,
    Scanning,
    RowsInParts,
    SnapshotScans,
    Filtering,
    Schema,
    CompareAndSet,
    Counters,
    SystemRecords,
    Threads,
    Closing,
    Sweeping,
    Durability,
    Upkeep,
)


class StoreTests(
    Reading[S],
    HostileBytes[S],
    Writing[S],
    Deleting[S],
    Versions[S],
    TimeToLive[S],
    Scanning[S],
    RowsInParts[S],
    SnapshotScans[S],
    Filtering[S],
    Schema[S],
    CompareAndSet[S],
    Counters[S],
    SystemRecords[S],
    Threads[S],
    Closing[S],
    Sweeping[S],
    Durability[S],
    Upkeep[S],
):
    """Every test of every category; subclass this one."""
