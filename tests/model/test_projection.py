"""A projection is never empty, names families of one table once each, and admits what it names."""

from __future__ import annotations

import pytest

from cfacl.model import projection
from cfacl.model.projection import Projection, Slice, StoredFamily

A = StoredFamily("t", "a", 1, "public")
B = StoredFamily("t", "b", 2, "public")


@pytest.mark.rule("Projections")
def test_nothing_can_be_projected_onto_nothing():
    with pytest.raises(ValueError, match="an empty projection"):
        Projection([])
    with pytest.raises(ValueError, match="a slice of no columns"):
        Slice(A, ())


@pytest.mark.parametrize("other", [StoredFamily("t", "a", 3, "public"), StoredFamily("u", "b", 4, "public")])
def test_families_are_of_one_table_and_each_is_named_once(other):
    with pytest.raises(ValueError, match="names families of one table, each once"):
        Projection([Slice(A), Slice(other)])


def test_it_says_what_it_names():
    assert repr(Projection([Slice(B), Slice(A, (b"q",))])) == "<Projection of a, b>"


@pytest.mark.rule("10a")
def test_named_columns_are_admitted_and_no_others():
    named = Projection([Slice(A, (b"", b"q"))])
    assert named.admits_all([(b"k", {b"a:": b"v", b"a:q": b"v"})])
    for column in (b"a:r", b"a", b"a:qq", b"b:q", b"", "a:q"):
        assert not named.admits_all([(b"k", {b"a:q": b"v", column: b"v"})])


@pytest.mark.rule("10a")
def test_a_whole_family_admits_its_prefix_and_remembers_only_so_much(monkeypatch):
    monkeypatch.setattr(projection, "_SEEN_LIMIT", 2)
    whole = Projection([Slice(A), Slice(B, (b"q",))])
    for n in range(5):
        assert whole.admits_all([(b"k", {b"a:%d" % n: b"v", b"b:q": b"v"})])
    for column in (b"b:r", b"ab:q", b"a", b"c:q"):
        assert not whole.admits_all([(b"k", {column: b"v"})])
    for cells in ({}, [b"a:1"], None):
        assert not whole.admits_all([(b"k", cells)])
