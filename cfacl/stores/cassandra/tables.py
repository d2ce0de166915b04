"""One family's table: how rows are found in it, and the statements that read and change it.

==========  ============================  =====================================================================
layout      primary key                   what it is for
==========  ============================  =====================================================================
`ordered`   ((bucket), row, qualifier)    scans in key order: each bucket is one, and they are merged
`row`       ((row), qualifier)            any number of rows, any size of a row; scans in the order of the ring
==========  ============================  =====================================================================

The bucket's column is called by how many there are, `b64`, and that of a value `v`, or `w` where there are several: so who
knows a table that was made anew otherwise is refused, looks for no row where it is not, and takes no older value for the newest.

A family that keeps more than one version has the timestamp behind the qualifier, newest first.  Otherwise it is the time of
writing, of which Cassandra keeps the latest.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from functools import cached_property
from typing import Any, Final

from cfacl.errors import InvalidValue
from cfacl.model.projection import StoredFamily
from cfacl.stores.cassandra.names import Described
from cfacl.stores.cassandra.ring import Ring
from cfacl.stores.cassandra.values import integer

__all__ = ["GUARD", "FamilyTable", "definition"]

#: Where the guard of a cell stands among its versions: behind all of them.
GUARD: Final = -1
#: The longest key of a cell in its partition, and what a timestamp takes of that, in bytes.
_KEY: Final = 65_535
_TIMESTAMP: Final = 8
#: A table's own time to live is so many seconds longer than the family's: what is over is told by our clock.
_LONGER: Final = 3_600
#: The longest that Cassandra takes: 20 years, in seconds.
_LONGEST: Final = 630_720_000


class FamilyTable:
    """A table that is there; its statements are prepared when they are first needed.

    Attributes:
        name: with its keyspace, as statements have it.
        versioned: whether timestamps are part of the key.
        buckets: how many there are; 0 for the layout `row`.
        cell: what a cell of the page that was read last came to, in bytes; 0 before any was.
        width: how many cells a row had that was scanned last, versions included; 0 before any was.
    """

    def __init__(self, ring: Ring, name: str, described: Described) -> None:
        self.name = f'"{ring.address.keyspace}"."{name}"'
        self.described = described
        self.versioned = described.versioned
        self.buckets = described.layout.buckets if described.layout.layout == "ordered" else 0
        self.where = f"{_bucket(self.buckets)} = ? AND row = ?" if self.buckets else "row = ?"
        self.cell = 0
        self.width = 0
        self._most = _KEY - _TIMESTAMP * self.versioned
        self._buckets = [integer(each) for each in range(self.buckets)]
        self._ring = ring
        self._statements: dict[str, Any] = {}

    def confirm_fits(self, row: bytes, qualifiers: Iterable[bytes]) -> None:
        """Raise `InvalidValue` for a cell whose key is longer than Cassandra takes.

        It refuses that in a plain change, and not in one under a condition, which nothing would remove.
        """
        before = len(row) if self.buckets else 0
        if before + max(map(len, qualifiers), default=0) > self._most:
            what = "a row key and a column name are" if self.buckets else "a column name is"
            where = "the layout `ordered`" if self.buckets else "cassandra"
            several = " of a family that keeps several versions" * self.versioned
            raise InvalidValue(
                f"{what} longer than {self._most:,} bytes{' together' * bool(self.buckets)}, the most that {where} takes{several}"
            )

    def key(self, row: bytes) -> tuple[bytes, ...]:
        """Return what a row is found by; the first says its partition."""
        return (self._buckets[zlib.crc32(row) % self.buckets], row) if self.buckets else (row,)

    def statement(self, text: str) -> Any:
        """Return a prepared statement; `{table}`, `{where}` and `{bucket}` stand for this table's."""
        found = self._statements.get(text)
        if found is None:
            found = self._ring.prepare(text.format(table=self.name, where=self.where, bucket=_bucket(self.buckets)))
            found.is_idempotent = " IF " not in text
            self._statements[text] = found
        return found

    @property
    def put(self) -> Any:
        """Put a cell: time, value, key, qualifier, and the timestamp where it is versioned."""
        return self.statement(
            "UPDATE {table} USING TIMESTAMP ? SET w = ? WHERE {where} AND q = ? AND t = ?"
            if self.versioned
            else "UPDATE {table} USING TIMESTAMP ? SET v = ? WHERE {where} AND q = ?"
        )

    @cached_property
    def put_then(self) -> Any:
        """Put a cell that is not versioned, at the time that the request bears: value, key, qualifier."""
        return self.statement("UPDATE {table} SET v = ? WHERE {where} AND q = ?")

    @property
    def mark(self) -> Any:
        """Change a cell's guard, so that a condition sees that its versions changed: time, guard, key, qualifier."""
        return self.statement(
            f"UPDATE {{table}} USING TIMESTAMP ? SET guard = ? WHERE {{where}} AND q = ? AND t = {GUARD}"
        )

    @property
    def delete(self) -> Any:
        """Delete a row: time, key."""
        return self.statement("DELETE FROM {table} USING TIMESTAMP ? WHERE {where}")

    @property
    def delete_cells(self) -> Any:
        """Delete cells: time, key, qualifiers."""
        return self.statement("DELETE FROM {table} USING TIMESTAMP ? WHERE {where} AND q IN ?")

    @property
    def delete_versions(self) -> Any:
        """Delete the versions of a cell up to one, and leave its guard: time, key, qualifier, timestamp."""
        return self.statement("DELETE FROM {table} USING TIMESTAMP ? WHERE {where} AND q = ? AND t >= 0 AND t <= ?")

    @property
    def trim(self) -> Any:
        """Delete the versions of a cell before one, and leave its guard: time, key, qualifier, timestamp."""
        return self.statement("DELETE FROM {table} USING TIMESTAMP ? WHERE {where} AND q = ? AND t >= 0 AND t < ?")


def definition(name: str, family: StoredFamily, described: Described) -> str:
    """Return what makes a family's table; ``name`` with its keyspace."""
    ordered = described.layout.layout == "ordered"
    bucket = _bucket(described.layout.buckets)
    columns = [
        *[f"{bucket} int"] * ordered,
        *("row blob", "q blob"),
        *["t bigint"] * described.versioned,
        *(f"{'w' if described.versioned else 'v'} blob", "guard blob"),
    ]
    key = ", ".join([f"({bucket})", "row"] * ordered + ["(row)"] * (not ordered) + ["q"] + ["t"] * described.versioned)
    order = ", ".join(["row ASC"] * ordered + ["q ASC"] + ["t DESC"] * described.versioned)
    comment = described.comment().replace("'", "''")
    return (
        f"CREATE TABLE IF NOT EXISTS {name} ({', '.join(columns)}, PRIMARY KEY ({key}))"
        f" WITH CLUSTERING ORDER BY ({order}) AND comment = '{comment}' AND default_time_to_live = {time_to_live(family)}"
    )


def _bucket(buckets: int) -> str:
    return f"b{buckets}"


def time_to_live(family: StoredFamily) -> int:
    """Return the table's own time to live in seconds, 0 for none; it counts from when a cell is written."""
    if family.time_to_live is None:
        return 0
    seconds = -(-family.time_to_live // 1000) + _LONGER
    return seconds if seconds <= _LONGEST else 0
