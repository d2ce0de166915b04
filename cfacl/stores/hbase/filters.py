"""Filters as HBase reads them: its own text, with families as they are called there."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from cfacl.filters.tree import Filter
from cfacl.model.projection import Projection
from cfacl.stores.hbase.names import family_name

__all__ = ["there"]


def there(of: Filter, projection: Projection) -> bytes:
    """Return the text of a filter; a family that is not read stays as it is, for nothing of it is found."""
    return bytes(_renamed(of, projection))


def _renamed(of: Any, projection: Projection) -> Filter:
    if hasattr(of, "filters"):
        return evolve(of, filters=tuple(_renamed(each, projection) for each in of.filters))  # type: ignore[no-any-return]  # as it was
    stored = projection.stored.get(getattr(of, "family", b""))
    return of if stored is None else evolve(of, family=family_name(stored))  # type: ignore[no-any-return]  # as above
