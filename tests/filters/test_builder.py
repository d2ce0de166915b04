"""Filters from values: the same trees as from text, whatever the values are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfacl.errors import FilterError
from cfacl.filters import (
    And,
    Comparator,
    Filter,
    Or,
    PageFilter,
    PrefixFilter,
    SingleColumnValueFilter,
    column,
    family,
    parse,
    qualifier,
    row,
    value,
)


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (column("prof:country") == b"SG", "SingleColumnValueFilter('prof', 'country', =, 'binary:SG', true, true)"),
        (column(b"prof:") != b"", "SingleColumnValueFilter('prof', '', !=, 'binary:', true, true)"),
        (
            column("prof:a:b", or_missing=True).contains("x"),
            "SingleColumnValueFilter('prof', 'a:b', =, 'substring:x')",
        ),
        (row.startswith(b"u"), "PrefixFilter('u')"),
        (row >= b"u", "RowFilter(>=, 'binary:u')"),
        (row.matches("^u[0-9]+$"), "RowFilter(=, 'regexstring:^u[0-9]+$')"),
        (qualifier.startswith(b"q"), "ColumnPrefixFilter('q')"),
        (qualifier < b"q", "QualifierFilter(<, 'binary:q')"),
        (value.startswith(b"v"), "ValueFilter(=, 'binaryprefix:v')"),
        (value <= b"v", "ValueFilter(<=, 'binary:v')"),
        (family == b"prof", "FamilyFilter(=, 'binary:prof')"),
        (family > b"prof", "FamilyFilter(>, 'binary:prof')"),
        (
            (row > b"a") & (row < b"b") & PageFilter(2),
            "RowFilter(>, 'binary:a') AND RowFilter(<, 'binary:b') AND PageFilter(2)",
        ),
        (
            row.startswith(b"a") | row.startswith(b"b") | PageFilter(1),
            "PrefixFilter('a') OR PrefixFilter('b') OR PageFilter(1)",
        ),
        (
            row.startswith(b"a") & (PageFilter(1) | PageFilter(2)),
            "PrefixFilter('a') AND (PageFilter(1) OR PageFilter(2))",
        ),
    ],
)
def test_what_is_built_is_what_its_text_says(made: Filter, text: str) -> None:
    assert str(made) == text
    assert parse(text) == made


@given(st.binary())
def test_no_value_gets_out_of_its_place(given_: bytes) -> None:
    made = (column("prof:name") == given_) & row.startswith(given_)
    assert parse(bytes(made)) == made
    assert len(list(made.walk())) == 3


def test_joining_keeps_what_was_joined_otherwise() -> None:
    one, other, third = PageFilter(1), PageFilter(2), PageFilter(3)
    assert (one & other) & third == And((one, other, third))
    assert one & (other & third) == And((one, And((other, third))))
    assert (one & other) | third == Or((And((one, other)), third))


def test_a_filter_is_no_condition_of_pythons() -> None:
    with pytest.raises(TypeError, match=r"join two by `&` and `\|`"):
        bool(PageFilter(1) and PageFilter(2))
    with pytest.raises(TypeError, match="compare it with bytes"):
        bool(row)
    with pytest.raises(TypeError):
        PageFilter(1) & "PageFilter(2)"  # type: ignore[operator]  # what is shown
    with pytest.raises(TypeError):
        hash(row)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: row == "u", "what is compared with is bytes, not str; encode it"),
        (lambda: row == None, "what is compared with is bytes, not NoneType"),  # noqa: E711  # what is shown
        (lambda: column("prof"), 'a column is named by its family and its qualifier, as "prof:country"'),
        (lambda: column(3), "a column is named by"),  # type: ignore[arg-type]  # what is shown
        (lambda: value.matches("("), "a regular expression can't be read"),
        (lambda: value.contains(b"\xff"), "is text in UTF-8"),
        (lambda: PrefixFilter("a"), "`prefix` of a filter is bytes, not str; encode it"),  # type: ignore[arg-type]  # as above
        (lambda: PageFilter(-1), "`size` of a filter is an int from 0"),
        (lambda: PageFilter(True), "`size` of a filter is an int"),
        (lambda: Comparator("regex", b"a"), "`regex` is no comparator; the four are"),
        (lambda: And((PageFilter(1),)), "join at least two filters"),
        (lambda: column("\ud800:x"), "text has half a character in it"),
        (lambda: value.matches("\ud800"), "which no encoding has; give bytes"),
        (lambda: Filter(), "a filter is made by a class of `cfacl.filters`"),
        (lambda: family == b"a:b", "a family's name has no `:`"),
        (lambda: SingleColumnValueFilter(b"a:b", b"", "=", Comparator("binary", b"")), "name the qualifier by itself"),
        (lambda: And((PageFilter(1), "x")), "a filter is made of filters, not of str"),  # type: ignore[arg-type]  # as above
    ],
)
def test_what_makes_no_filter_is_refused(make: Any, says: str) -> None:
    with pytest.raises(FilterError, match=says):
        make()
