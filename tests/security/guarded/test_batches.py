"""A batch comes to what its operations come to one by one, or to nothing at all."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cfacl

#: 2026-06-01T00:00:00Z, in milliseconds.
NOW: Final = 1_780_272_000_000

keys: Final = st.sampled_from([b"r1", b"r2"])
#: Ann may do everything with the first two families, and nothing with the third.
names: Final = st.sampled_from([b"a:p", b"a:q", b"b:q"])
values: Final = st.dictionaries(names, st.sampled_from([b"", b"x", b"y"]), min_size=1, max_size=3)
OPERATIONS: Final = st.lists(
    st.one_of(
        st.tuples(st.just("put"), keys, values),
        st.tuples(st.just("delete"), keys, st.lists(names | st.sampled_from([b"a", b"b"]), min_size=1, max_size=2)),
    ),
    min_size=1,
    max_size=6,
)
HIDDEN: Final = st.sampled_from([("put", b"r1", {b"c:q": b"x"}), ("delete", b"r1", [b"c"]), ("delete", b"r1", None)])
STAMPS: Final = st.none() | st.sampled_from([0, NOW - 1, NOW, NOW + 5_000])


def kept(world: Any) -> list[Any]:
    """All cells with their timestamps, whoever may read them."""
    return list(world.table("root").scan(include_timestamp=True))


@pytest.mark.rule("5e")
@pytest.mark.parametrize("store", ["memory", pytest.param("rocksdb", marks=pytest.mark.slow)])
@given(OPERATIONS, STAMPS, st.sampled_from([{}, {"transaction": True}, {"batch_size": 1}, {"batch_size": 2}]))
# The fixture is a factory: each example makes and closes worlds of its own.
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_batch_is_its_operations_one_by_one(
    worlds: Any, store: str, operations: list[Any], stamp: int | None, keys: dict[str, Any]
) -> None:
    together, apart = worlds(store), worlds(store)
    try:
        for world in (together, apart):
            world.fill(b"r1", b"r2")
        with together.table().batch(timestamp=stamp, **keys) as batch:
            for name, *given in operations:
                getattr(batch, name)(*given)
        table = apart.table()
        for name, *given in operations:
            getattr(table, name)(*given, timestamp=stamp)
        assert kept(together) == kept(apart)
    finally:
        together.close()
        apart.close()


@pytest.mark.rule("5a", "5e")
@given(OPERATIONS, HIDDEN, st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_batch_is_denied_where_one_of_its_operations_is(
    worlds: Any, operations: list[Any], hidden: Any, data: st.DataObject
) -> None:
    world = worlds("memory")
    try:
        world.fill(b"r1", b"r2")
        before = kept(world)
        table = world.table()
        name, *given = hidden
        with pytest.raises(cfacl.AccessDenied) as alone:
            getattr(table, name)(*given)
        operations.insert(data.draw(st.integers(0, len(operations))), hidden)
        with pytest.raises(cfacl.AccessDenied) as denied, table.batch() as batch:
            for name, *given in operations:
                getattr(batch, name)(*given)
        assert (denied.value.action, denied.value.families) == (alone.value.action, alone.value.families)
        assert kept(world) == before
    finally:
        world.close()
