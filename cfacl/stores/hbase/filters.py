"""Filters as HBase reads them: its own text, with families as they are called there."""

from __future__ import annotations

from typing import Any, Final

from attrs import evolve

from cfacl.filters.clauses import ColumnPrefixFilter, ColumnRangeFilter, MultipleColumnPrefixFilter
from cfacl.filters.tree import And, Filter, parts_of
from cfacl.model.projection import Projection
from cfacl.stores.hbase.names import family_name

__all__ = ["there"]

#: They have HBase seek to a column, and it passes by the mark that a family was deleted, which lies behind what was written
#: since to the empty qualifier: what was deleted comes back.
_SEEKING: Final = (ColumnPrefixFilter, ColumnRangeFilter, MultipleColumnPrefixFilter)


def there(of: Filter, projection: Projection) -> bytes | None:
    """Return the text of a filter, or of as much of it as HBase is asked; ``None`` for nothing.

    A family that is not read stays as it is, for nothing of it is found.
    """
    kept = [each for each in parts_of(of) if not any(isinstance(part, _SEEKING) for part in each.walk())]
    if not kept:
        return None
    return bytes(_renamed(kept[0] if len(kept) == 1 else And(tuple(kept)), projection))


def _renamed(of: Any, projection: Projection) -> Filter:
    if hasattr(of, "filters"):
        return evolve(of, filters=tuple(_renamed(each, projection) for each in of.filters))  # type: ignore[no-any-return]  # as it was
    stored = projection.stored.get(getattr(of, "family", b""))
    return of if stored is None else evolve(of, family=family_name(stored))  # type: ignore[no-any-return]  # as above
