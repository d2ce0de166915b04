"""Values go over the wire as the driver would send them."""

from __future__ import annotations

from cassandra.cqltypes import BytesType, Int32Type, ListType, LongType
from cassandra.protocol import ColumnMetadata
from cassandra.query import PreparedStatement
from hypothesis import given
from hypothesis import strategies as st

from cfacl.stores.cassandra.values import bigint, blobs, bound, integer

_TYPES = (Int32Type, LongType, BytesType, ListType.apply_parameters((BytesType,)), BytesType)


def prepared() -> PreparedStatement:
    columns = [ColumnMetadata("home", "account", f"c{number}", kind) for number, kind in enumerate(_TYPES)]
    return PreparedStatement(columns, b"id", [0, 2], "SELECT", "home", 5, [], None)


@given(
    st.integers(-(1 << 31), (1 << 31) - 1),
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.binary(),
    st.lists(st.binary(), max_size=5),
    st.none() | st.binary(),
)
def test_each_is_what_the_driver_makes_of_it(number, time, key, names, value) -> None:
    theirs = prepared().bind((number, time, key, names, value))
    ours = bound(prepared(), (integer(number), bigint(time), key, blobs(names), value))
    assert list(ours.values) == theirs.values
    assert (ours.routing_key, ours.keyspace) == (theirs.routing_key, theirs.keyspace)
    assert "values=left out" in repr(ours)
