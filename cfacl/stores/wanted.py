"""Which versions of a cell a read sees, where the server keeps more than that."""

from __future__ import annotations

from attrs import frozen

from cfacl.model.projection import StoredFamily

__all__ = ["Wanted"]


@frozen
class Wanted:
    """Which versions a read sees: those that are not over ``now``, with a timestamp ``before``; both milliseconds."""

    now: int
    before: int | None = None

    def of(self, family: StoredFamily, timestamp: int) -> bool:
        """Whether a version with this timestamp is seen."""
        return (self.before is None or timestamp < self.before) and (
            family.time_to_live is None or timestamp + family.time_to_live > self.now
        )
