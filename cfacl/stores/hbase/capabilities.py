"""What HBase can do with a family."""

from __future__ import annotations

from typing import Final

from attrs import evolve

from cfacl.model.projection import StoredFamily
from cfacl.stores.base import Capabilities

__all__ = ["capable"]

_CAPABLE: Final = Capabilities(
    atomic_mix=False,
    atomic_batch=False,
    latest_wins=False,
    given_clock=False,
    no_markers=False,
    live_scans=False,
    snapshot_reads=False,
    snapshot_scans=False,
    compare_and_set=False,
    filters=True,
)
#: Of families whose cells outlive their time: HBase sees what is over, until it removes it.
_OUTLIVED: Final = evolve(_CAPABLE, filters=False)


def capable(family: StoredFamily) -> Capabilities:
    """Return it; see `Capabilities`."""
    return _CAPABLE if family.time_to_live is None else _OUTLIVED
