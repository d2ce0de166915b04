"""How a projection is asked for, and what is made of the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from cfacl.errors import StoreContractError
from cfacl.model.projection import Projection, StoredFamily
from cfacl.model.request import Cell, Cells
from cfacl.stores.hbase.client import Client
from cfacl.stores.hbase.names import family_name
from cfacl.stores.wanted import Wanted

__all__ = ["Reading"]

#: How many column names a projection's are remembered before all are forgotten.
_SEEN: Final = 4096
#: At most so many rows are asked for at once.
_ROWS: Final = 1_000

#: Returns the kept (value, timestamp) of a cell of a row, newest first, by family and HBase's name of the column.
Versions = Callable[[StoredFamily, bytes], list[tuple[bytes, int]]]


class Reading:
    """What one projection asks for and how its answers are read; shared between threads.

    Attributes:
        table: what HBase calls it.
        columns: whole families first, then columns; never none, which would mean everything.
        families: of the projection.
        ages: whether cells of one of them are over some day.
        since: what was known of the schema when these were seen there.
    """

    def __init__(self, table: bytes, projection: Projection, since: object) -> None:
        self.table = table
        self.since = since
        self.families = tuple(projection.stored.values())
        by_name = [(family_name(each.family), each) for each in projection.slices]
        whole = [name for name, each in by_name if each.qualifiers is None]
        named = [name + b":" + qualifier for name, each in by_name for qualifier in each.qualifiers or ()]
        self.columns = whole + named
        self._names = _Names({name: each.family for name, each in by_name})
        self.ages = any(each.family.time_to_live is not None for each in projection.slices)
        # HBase's names sort as bytes, by family and then by qualifier, unless one of several families has no identity.
        self._plain = len(by_name) == 1 or all(each.family.identity for each in projection.slices)

    def asked(self, keys: Sequence[bytes], client: Client) -> list[Any]:
        """Return the server's results for rows, of each once."""
        if len(keys) == 1:
            found: list[Any] = client.getRowWithColumns(self.table, keys[0], self.columns, {})
            return found
        wanted = list(dict.fromkeys(keys))
        pages = (wanted[first : first + _ROWS] for first in range(0, len(wanted), _ROWS))
        return [row for page in pages for row in client.getRowsWithColumns(self.table, page, self.columns, {})]

    def cells(self, found: Mapping[bytes, Any], timestamps: bool) -> Cells:
        """Return a row, sorted by family and then by qualifier, of the newest version of each column."""
        names = self._names
        order = sorted(found) if self._plain else sorted(found, key=_by_family)
        if timestamps:
            return {names[each][0]: (found[each].value, found[each].timestamp) for each in order}
        return {names[each][0]: found[each].value for each in order}

    def chosen(self, found: Mapping[bytes, Any], timestamps: bool, wanted: Wanted, older: Versions) -> Cells:
        """Return what is ``wanted`` of a row, which may be nothing.

        Where the newest version of a cell is too new, and the family keeps more than one, ``older`` is asked: HBase,
        asked for what is before an instant, also returns what a family no longer keeps.
        """
        kept: dict[bytes, Cell] = {}
        for each in sorted(found) if self._plain else sorted(found, key=_by_family):
            name, family = self._names[each]
            versions = [(found[each].value, found[each].timestamp)]
            if wanted.before is not None and versions[0][1] >= wanted.before and family.versions > 1:
                versions = older(family, each)
            for value, timestamp in versions:
                if wanted.of(family, timestamp):
                    kept[name] = (value, timestamp) if timestamps else value
                    break
        return kept


class _Names(dict[bytes, tuple[bytes, StoredFamily]]):
    """Our name of a column, and its family, by HBase's; worked out when it is first seen."""

    def __init__(self, families: Mapping[bytes, StoredFamily]) -> None:
        super().__init__()
        self._families = families

    def __missing__(self, column: bytes) -> tuple[bytes, StoredFamily]:
        name, colon, qualifier = column.partition(b":")
        family = self._families.get(name)
        if not colon or family is None:
            raise StoreContractError("the store answered a family that was not asked for; the answer was dropped")
        if len(self) >= _SEEN:
            self.clear()
        found = self[column] = family.prefix + qualifier, family
        return found


def _by_family(column: bytes) -> tuple[bytes, bytes]:
    family, _, qualifier = column.partition(b":")
    return family, qualifier
