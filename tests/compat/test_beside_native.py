"""Whatever is asked through the drop-in is what the native face answers, in a world that is the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cfacl
from cfacl.compat.happybase import Connection

KEYS = ["r1", "r2", "ü", "r10"]
COLUMNS = ["cf1:a", "cf1:b", "cf1:", "cf2:ö", "cf2:a", "cf3:x"]
FAMILIES = ["cf1", "cf2", "cf3"]
VALUES = ["", "1", "zwei"]
START = 1_780_272_000_000
TIMES = [START - 3_000, START - 2_000, START - 1_000]

#: Text, or its bytes.
forms = st.booleans()
keys = st.sampled_from(KEYS)
columns = st.none() | st.lists(st.sampled_from(COLUMNS + FAMILIES), max_size=3)
data = st.dictionaries(st.sampled_from(COLUMNS), st.sampled_from(VALUES), min_size=1, max_size=4)
times = st.none() | st.sampled_from(TIMES)
numbers = st.none() | st.integers(1, 4)
filters = st.none() | st.sampled_from(
    ["PrefixFilter('r1')", "KeyOnlyFilter()", "ColumnValueFilter('cf1', 'a', =, 'binary:1')"]
)

steps = st.one_of(
    st.tuples(st.just("row"), keys, columns, times, st.booleans()),
    st.tuples(st.just("rows"), st.lists(keys, max_size=3), columns, times, st.booleans()),
    st.tuples(st.just("cells"), keys, st.sampled_from(COLUMNS), numbers, times, st.booleans()),
    st.tuples(
        st.just("scan"),
        st.none() | keys,
        st.none() | keys,
        columns,
        filters,
        times,
        st.booleans(),
        st.integers(1, 3),
        numbers,
        numbers,
        st.booleans(),
        st.booleans(),
    ),
    st.tuples(st.just("prefix"), keys, st.booleans()),
    st.tuples(st.just("put"), keys, data, times, st.booleans()),
    st.tuples(st.just("delete"), keys, columns, times, st.booleans()),
    st.tuples(st.just("batch"), st.lists(st.tuples(keys, st.none() | data), max_size=4), times),
    st.tuples(st.just("counter_inc"), keys, st.integers(-3, 3)),
    st.tuples(st.just("counter_set"), keys, st.integers(-3, 3)),
    st.tuples(st.just("counter_get"), keys),
    st.tuples(st.just("check_and_put"), keys, st.sampled_from(COLUMNS), st.none() | st.sampled_from(VALUES), data),
    st.tuples(
        st.just("check_and_delete"), keys, st.sampled_from(COLUMNS), st.none() | st.sampled_from(VALUES), columns
    ),
)


def raw(given: Any) -> Any:
    """Return text as bytes, wherever it stands."""
    if isinstance(given, str):
        return given.encode()
    if isinstance(given, dict):
        return {raw(key): raw(value) for key, value in given.items()}
    if isinstance(given, (list, tuple)):
        return [raw(each) for each in given]
    return given


def through_the_drop_in(table: Any, step: Any, form: Callable[[Any], Any]) -> Any:
    kind, *said = step
    said = [form(each) for each in said]
    if kind == "scan":
        start, stop, names, _, before, stamped, size, limit, parts, ordered, reverse = said
        if reverse:
            start, stop = stop, start
        return list(
            table.scan(start, stop, None, names, step[4], before, stamped, size, parts, limit, ordered, reverse)
        )
    if kind == "prefix":
        return list(table.scan(row_prefix=said[0], reverse=said[1]))
    if kind == "batch":
        with table.batch(said[1]) as batch:
            for key, values in said[0]:
                if values is None:
                    batch.delete(key)
                else:
                    batch.put(key, values)
        return None
    if kind == "counter_inc":
        return table.counter_inc(said[0], form("cf1:n"), said[1])
    if kind == "counter_set":
        return table.counter_set(said[0], form("cf1:n"), said[1])
    if kind == "counter_get":
        return table.counter_get(said[0], form("cf1:n"))
    if kind == "rows":
        return list(table.rows(*said))
    return getattr(table, kind)(*said)


def natively(table: cfacl.Table, step: Any) -> Any:
    kind, *said = step
    said = [raw(each) for each in said]
    if kind == "row":
        key, names, before, stamped = said
        return table.row(key, names or None, before, include_timestamp=stamped)
    if kind == "rows":
        some, names, before, stamped = said
        return table.rows(some, names or None, None if not some else before, include_timestamp=stamped)
    if kind == "cells":
        key, name, number, before, stamped = said
        return table.cells(key, name, number, before, include_timestamp=stamped)
    if kind == "scan":
        start, stop, names, of, before, stamped, size, limit, parts, _, reverse = said
        if reverse:
            start, stop = stop, start
        return list(
            table.scan(
                start,
                stop,
                columns=names or None,
                filter=of,
                timestamp=before,
                include_timestamp=stamped,
                batch_size=size,
                limit=limit,
                scan_batching=parts,
                reverse=reverse,
            )
        )
    if kind == "prefix":
        return list(table.scan(row_prefix=said[0], reverse=said[1]))
    if kind == "put":
        return table.put(said[0], said[1], said[2], durable=said[3])
    if kind == "delete":
        return None if said[1] == [] else table.delete(said[0], said[1], said[2], durable=said[3])
    if kind == "batch":
        with table.batch(said[1]) as batch:
            for key, values in said[0]:
                if values is None:
                    batch.delete(key)
                else:
                    batch.put(key, values)
        return None
    if kind == "counter_inc":
        return table.counter_inc(said[0], b"cf1:n", said[1])
    if kind == "counter_set":
        return table.counter_set(said[0], b"cf1:n", said[1])
    if kind == "counter_get":
        return table.counter_get(said[0], b"cf1:n")
    if kind == "check_and_put":
        return table.compare_and_set(*said)
    return table.compare_and_delete(*said)


def outcome(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except cfacl.CfaclError as error:
        return type(error).__name__, str(error), getattr(error, "families", None)


@pytest.mark.rule("Through happybase's face")
@pytest.mark.parametrize("principal", ["root", "ann", "nil"])
@given(script=st.lists(st.tuples(steps, forms), max_size=12))
def test_the_drop_in_answers_as_the_native_face(policy: cfacl.Policy, principal: str, script: Any) -> None:
    now = START
    worlds = []
    for _ in range(2):
        worlds.append(cfacl.connect("memory://", policy=policy, clock=lambda: now * 1_000_000))
        worlds[-1].create_tables()
        session = worlds[-1].session("root", "work")
        session.table("t").put(b"r1", {b"cf1:a": b"1", b"cf2:a": b"2", b"cf3:x": b"3"}, timestamp=START - 2_500)
    dropped = Connection(cfacl=worlds[0], principal=principal, purpose="work").table("t")
    native = worlds[1].session(principal, "work").table("t")
    for step, as_bytes in script:
        now += 1
        ours = outcome(lambda: through_the_drop_in(dropped, step, raw if as_bytes else lambda each: each))
        theirs = outcome(lambda: natively(native, step))
        assert ours == theirs, step
    mine, other = [list(each.session("root", "work").table("t").scan(include_timestamp=True)) for each in worlds]
    assert mine == other
    for each in worlds:
        each.close()
