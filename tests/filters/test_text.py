"""HBase's language: what is read, what is refused and how that is told, and that a tree's text is read as the tree."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfacl.errors import FilterError
from cfacl.filters import (
    MAX_CLAUSES,
    MAX_DEPTH,
    MAX_TEXT,
    And,
    ColumnRangeFilter,
    Comparator,
    DependentColumnFilter,
    FirstKeyOnlyFilter,
    KeyOnlyFilter,
    MultipleColumnPrefixFilter,
    Or,
    PageFilter,
    PrefixFilter,
    RowFilter,
    SingleColumnValueFilter,
    Skip,
    TimestampsFilter,
    ValueFilter,
    While,
    parse,
)
from cfacl.testing.filters import Filters

A, B, C = PrefixFilter(b"a"), PrefixFilter(b"b"), PrefixFilter(b"c")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("PrefixFilter('a')", A),
        ("PrefixFilter ( 'a' )", A),
        ("(PrefixFilter('a'))", A),
        ("((PrefixFilter('a')))", A),
        ("PrefixFilter('it''s')", PrefixFilter(b"it's")),
        ("PrefixFilter('')", PrefixFilter(b"")),
        ("PrefixFilter('''')", PrefixFilter(b"'")),
        ("PrefixFilter(')')", PrefixFilter(b")")),
        ("PrefixFilter('AND OR SKIP')", PrefixFilter(b"AND OR SKIP")),
        ("PrefixFilter('ä')", PrefixFilter("ä".encode())),
        (b"PrefixFilter('\xff\x00')", PrefixFilter(b"\xff\x00")),
        ("PrefixFilter('\udcff')", PrefixFilter(b"\xff")),
        ("KeyOnlyFilter()", KeyOnlyFilter()),
        ("KeyOnlyFilter(true)", KeyOnlyFilter(length=True)),
        ("PageFilter(10)", PageFilter(10)),
        ("TimestampsFilter(1, 2,3 4)", TimestampsFilter((1, 2, 3, 4))),
        ("TimeStampsFilter(5)", TimestampsFilter((5,))),
        ("MultipleColumnPrefixFilter('a','b')", MultipleColumnPrefixFilter((b"a", b"b"))),
        ("ColumnRangeFilter('a',TRUE,'b',False)", ColumnRangeFilter(b"a", True, b"b", False)),
        ("ValueFilter(!=,'binary:a:b')", ValueFilter("!=", Comparator("binary", b"a:b"))),
        ("RowFilter (>=, 'binaryprefix:u')", RowFilter(">=", Comparator("binaryprefix", b"u"))),
        ("DependentColumnFilter('f','q')", DependentColumnFilter(b"f", b"q")),
        (
            "DependentColumnFilter('f','q',true,=,'substring:x')",
            DependentColumnFilter(b"f", b"q", True, "=", Comparator("substring", b"x")),
        ),
        (
            "SingleColumnValueFilter('f','q',=,'binary:x',true,false)",
            SingleColumnValueFilter(b"f", b"q", "=", Comparator("binary", b"x"), True, False),
        ),
    ],
)
def test_what_hbase_reads_is_read(text: str | bytes, tree: Any) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("%a AND %b AND %c", And((A, B, C))),
        ("%a OR %b OR %c", Or((A, B, C))),
        ("%a OR %b AND %c", Or((A, And((B, C))))),
        ("%a AND %b OR %c", Or((And((A, B)), C))),
        ("(%a OR %b) AND %c", And((Or((A, B)), C))),
        ("(%a AND %b) AND %c", And((And((A, B)), C))),
        ("SKIP %a AND %b", And((Skip(A), B))),
        ("SKIP (%a AND %b)", Skip(And((A, B)))),
        ("WHILE SKIP %a OR %b", Or((While(Skip(A)), B))),
        ("%a AND SKIP %b", And((A, Skip(B)))),
        ("%a AND(%b)OR(%c)", Or((And((A, B)), C))),
        ("%a\tAND\n%b", And((A, B))),
    ],
)
def test_operators_bind_as_in_hbase(text: str, tree: Any) -> None:
    for name in "abc":
        text = text.replace(f"%{name}", f"PrefixFilter('{name}')")
    assert parse(text) == tree


@given(st.integers(0, 2**32))
def test_the_text_of_a_tree_is_read_as_the_tree(seed: int) -> None:
    tree = Filters(Random(seed)).drawn(depth=6)
    assert parse(str(tree)) == tree
    assert parse(bytes(tree)) == tree
    assert str(parse(str(tree))) == str(tree)


@given(st.binary(max_size=12), st.binary(max_size=12))
def test_any_bytes_can_be_said(one: bytes, other: bytes) -> None:
    tree = ColumnRangeFilter(one, True, other, False) | ValueFilter("<", Comparator("binary", one))
    assert parse(bytes(tree)) == parse(str(tree)) == tree


def test_text_is_canonical() -> None:
    assert str(parse("((PrefixFilter  ('a')OR(SKIP KeyOnlyFilter (FALSE)))AND PageFilter(007))")) == (
        "(PrefixFilter('a') OR (SKIP KeyOnlyFilter())) AND PageFilter(7)"
    )


def test_the_same_text_is_read_once() -> None:
    assert parse("PageFilter(3)") is parse(b"PageFilter(3)")


@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        ("", 0, "here stands a filter"),
        ("   ", 3, "here stands a filter"),
        ("PrefxFilter('a')", 0, "unknown filter `PrefxFilter`; did you mean `PrefixFilter`"),
        ("prefixfilter('a')", 0, "unknown filter `prefixfilter`; did you mean `PrefixFilter`"),
        ("PrefixFilter", 12, "here stand the filter's arguments in parentheses"),
        ("PrefixFilter('a'", 16, "here stands an argument"),
        ("PrefixFilter('a", 13, "this quote is not closed; a quote within quotes is written twice"),
        ("PrefixFilter(a)", 13, "here stands an argument, as text in quotes"),
        ("PrefixFilter(3)", 13, "here stands text in quotes, as `'prof'`, not `3`"),
        ("PageFilter('3')", 11, "here stands a number, without quotes"),
        ("PageFilter(-3)", 0, "`size` of a filter is an int from 0 to"),
        ("PageFilter(99999999999999999999999)", 11, "this number is larger than any that a filter takes"),
        ("ColumnPaginationFilter(3000000000, 1)", 0, "`limit` of a filter is an int from 0 to 2147483647"),
        ("PrefixFilter()", 0, "`PrefixFilter` takes 1 argument, not 0: `PrefixFilter('…')`"),
        ("PrefixFilter('a','b')", 17, "`PrefixFilter` takes 1 argument, not 2"),
        ("DependentColumnFilter('a','b',true,=)", 0, "takes 2, 3 or 5 arguments, not 4"),
        ("TimestampsFilter()", 0, "`timestamps` of a filter is a tuple of at least one"),
        ("RowFilter(==,'binary:a')", 10, "here stands one of `<`, `<=`, `=`, `!=`, `>=` and `>`"),
        ("RowFilter(=,'a')", 12, "here stands a comparator and what it compares with, as `'binary:SG'`"),
        ("RowFilter(=,'bit:a')", 12, "here stands a comparator"),
        ("RowFilter(<,'regexstring:a')", 0, "`regexstring:` is found or not, and goes with `=` and `!=` only"),
        ("RowFilter(=,'regexstring:(')", 12, "a regular expression can't be read"),
        (b"RowFilter(=,'substring:\xff')", 12, "what `substring:` looks for is text in UTF-8"),
        ("PrefixFilter('a') PrefixFilter('b')", 18, "here stands `AND`, `OR`, or the end"),
        ("PrefixFilter('a') and PageFilter(1)", 18, "here stands `AND`, `OR`, or the end"),
        ("PrefixFilter('a') AND (PageFilter(1)))", 37, "this has no place here"),
        ("(PrefixFilter('a')", 18, "here stands"),
        ("PrefixFilter('a') AND ", 22, "here stands a filter"),
        ("PrefixFilter('a') AND", 18, "here stands `AND`"),
        ("PrefixFilter('\ud800')", 14, "half a surrogate pair is no text"),
        ("PrefixFilter('a');", 17, "has no place here"),
    ],
)
def test_what_is_no_filter_is_refused_with_the_place(text: str | bytes, at: int, says: str) -> None:
    with pytest.raises(FilterError) as told:
        parse(text)
    message = str(told.value)
    assert says in message
    assert told.value.position == at
    assert message.endswith(f"(at byte {at} of the filter)")
    assert "\n" not in message


def test_the_place_is_shown_without_what_stands_in_quotes() -> None:
    with pytest.raises(FilterError) as told:
        parse("PrefixFilter('sekret') AND ValueFilter(=,'binary:sekret') OOPS")
    (note,) = told.value.__notes__
    shown, caret = note.split("\n")
    assert "sekret" not in note
    assert "sekret" not in str(told.value)
    assert shown[caret.index("^")] == "O"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x" * (MAX_TEXT + 1), f"at most {MAX_TEXT} bytes, not {MAX_TEXT + 1}"),
        ("x" * 1_000_000, f"at most {MAX_TEXT} bytes"),
        ("(" * 10_000, f"at most {MAX_DEPTH} deep"),
        ("(" * 10_000 + "PageFilter(1)" + ")" * 10_000, f"at most {MAX_DEPTH} deep"),
        ("SKIP " * 10_000 + "PageFilter(1)", f"at most {MAX_DEPTH} deep"),
        (" AND ".join(["PageFilter(1)"] * (MAX_CLAUSES + 1)), f"at most {MAX_CLAUSES} clauses"),
    ],
)
def test_what_is_too_large_is_refused_before_anything_is_made_of_it(text: str, says: str) -> None:
    with pytest.raises(FilterError, match=says):
        parse(text)


def test_a_tree_can_be_made_no_deeper_than_its_text_could_say() -> None:
    tree: Any = FirstKeyOnlyFilter()
    with pytest.raises(FilterError, match=f"at most {MAX_DEPTH} deep"):
        for _ in range(MAX_DEPTH):
            tree = Skip(tree)
    assert parse(str(tree)) == tree
    many: Any = FirstKeyOnlyFilter()
    with pytest.raises(FilterError, match=f"at most {MAX_CLAUSES} clauses"):
        for _ in range(MAX_CLAUSES):
            many = many | PageFilter(1)
    assert parse(str(many)) == many


@pytest.mark.parametrize("given", [None, 3, bytearray(b"PageFilter(1)"), ["PageFilter(1)"]])
def test_what_is_no_text_is_refused(given: Any) -> None:
    with pytest.raises(FilterError, match="a filter's text is str or bytes, not"):
        parse(given)


def test_a_filter_is_a_request_error() -> None:
    with pytest.raises(ValueError, match="here stands a filter"):
        parse("")
