"""The edges of a scan: HBase begins with a row and stops before one, and has no word for `just before`."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfacl.model.request import MAX_KEY
from cfacl.stores.hbase.scanning import _clamped, _preceding, following

HIGHEST = b"\xff" * MAX_KEY
LONG = b"k" * (MAX_KEY - 1)
keys = st.one_of(
    st.binary(min_size=1, max_size=20),
    st.sampled_from([b"\0", b"\0\0", b"\xff", LONG, LONG + b"a", LONG + b"\xff", HIGHEST, b"\0" * MAX_KEY]),
    st.binary(max_size=5).map(lambda end: (LONG + end)[-MAX_KEY:]),
)


@pytest.mark.parametrize(
    ("key", "next_key"),
    [
        (b"a", b"a\0"),
        (b"\xff", b"\xff\0"),
        (b"a" * (MAX_KEY - 1), b"a" * (MAX_KEY - 1) + b"\0"),
        (b"a" * MAX_KEY, b"a" * (MAX_KEY - 1) + b"b"),
        (LONG + b"\xff", b"k" * (MAX_KEY - 2) + b"l"),
        (b"a" + b"\xff" * (MAX_KEY - 1), b"b"),
        (HIGHEST, None),
    ],
)
def test_the_next_key_is_the_lowest_that_is_higher(key: bytes, next_key: bytes | None) -> None:
    assert following(key) == next_key


@given(keys, keys)
def test_no_key_lies_between_a_key_and_the_next(key: bytes, other: bytes) -> None:
    following_key = following(key)
    if following_key is None:
        assert other <= key
    else:
        assert key < following_key
        assert len(following_key) <= MAX_KEY
        assert other <= key or other >= following_key


@given(keys)
def test_what_is_stopped_at_in_reverse_is_lower_than_the_edge(lower: bytes) -> None:
    before = _preceding(lower)
    if lower == b"\0":
        assert before is None
    else:
        assert before is not None
        assert 0 < len(before) <= MAX_KEY
        assert before < lower


@pytest.mark.parametrize("lower", [b"", b"\0"])
def test_nothing_is_lower_than_the_lowest_key(lower: bytes) -> None:
    assert _preceding(lower) is None


def test_between_what_is_stopped_at_and_the_edge_hardly_a_key_lies() -> None:
    assert _preceding(b"b\0") == b"b"
    assert _preceding(b"b") == b"a" + b"\xff" * 16
    edges = [b"a\0", b"a\0\0", b"a\1", b"b", b"\xff"]
    for low, high in pairwise(edges):
        assert low <= (_preceding(high) or b"") < high


@pytest.mark.parametrize("bound", [None, b"", b"a", b"k" * MAX_KEY])
def test_a_bound_that_hbase_takes_stays(bound: bytes | None) -> None:
    assert _clamped(bound) == bound


@given(keys, st.binary(min_size=1, max_size=3))
def test_a_longer_bound_lets_the_same_keys_through(key: bytes, end: bytes) -> None:
    bound = (b"k" * MAX_KEY) + end
    clamped = _clamped(bound)
    assert clamped is not None
    assert len(clamped) <= MAX_KEY
    assert (key < bound) == (key < clamped)


def test_above_the_highest_key_there_is_no_bound() -> None:
    assert _clamped(HIGHEST + b"\0") is None
