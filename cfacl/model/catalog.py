"""What is stored: levels, purposes, tables and their families."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from cfacl.model.immutable import immutable

#: Lowest first; the ladder of a policy that names none of its own.
DEFAULT_LEVELS: Final = ("public", "internal", "personal", "sensitive", "sealed")


@frozen(field_transformer=immutable)
class Family:
    """A column family: belongs to one table, has exactly one level.

    Attributes:
        columns: the qualifiers that may be used; ``None`` for any.
        versions: how many values of a cell are kept, at least 1.
        time_to_live: seconds until a cell is no longer returned, counted from its timestamp; ``None`` for ever.
    """

    name: str
    level: str
    purposes: frozenset[str]
    columns: frozenset[bytes] | None = None
    versions: int = 1
    time_to_live: int | None = None


@frozen(field_transformer=immutable)
class Table:
    """A table: its families by name."""

    name: str
    families: Mapping[str, Family] = field(factory=dict)


@frozen(field_transformer=immutable)
class Catalog:
    """All levels (lowest first), purposes and tables that a policy speaks of."""

    levels: tuple[str, ...] = DEFAULT_LEVELS
    purposes: frozenset[str] = frozenset()
    tables: Mapping[str, Table] = field(factory=dict)
