"""What only one kind of store needs to know of a policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from attrs import field, frozen

from cfacl.model.immutable import immutable

__all__ = ["DEFAULT_BUCKETS", "CassandraLayout", "StoreSettings"]

#: How many hash buckets Cassandra spreads an ordered table over, unless the policy says otherwise.
DEFAULT_BUCKETS: Final = 64


@frozen(field_transformer=immutable)
class CassandraLayout:
    """How Cassandra lays out a table: ``ordered`` through hash buckets, or by ``row``, which has none."""

    layout: Literal["ordered", "row"] = "ordered"
    buckets: int = DEFAULT_BUCKETS


@frozen(field_transformer=immutable)
class StoreSettings:
    """What only one kind of store needs; validated always, ignored by the others.

    Attributes:
        hbase_require_tls, cassandra_require_tls: the level from which plaintext connections are refused.
        cassandra_consistency: a consistency level of Cassandra's.
        cassandra_layouts: by table, for those that the policy speaks of.
    """

    hbase_require_tls: str | None = None
    cassandra_require_tls: str | None = None
    cassandra_consistency: str | None = None
    cassandra_layouts: Mapping[str, CassandraLayout] = field(factory=dict)
