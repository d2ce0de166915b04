"""What tables are called in Cassandra, and what their comments say."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cfacl.errors import StoreContractError
from cfacl.model.projection import StoredFamily
from cfacl.model.settings import CassandraLayout
from cfacl.stores.cassandra.names import RECORDS, Described, described, is_keyspace, table_name

#: Words that could be taken for parts of each other.
PIECES = st.sampled_from(["a", "b", "_", "__", "x", "1", "A", ".", "-", "account", "é", "\0", "\ud800", "x" * 50])
NAMES = st.lists(PIECES, max_size=6).map("".join) | st.text(max_size=130)


def family(table: str, name: str, identity: int = 1) -> StoredFamily:
    try:
        return StoredFamily(table, name, identity, "public")
    except UnicodeEncodeError:  # a family's name is ASCII
        return StoredFamily(table, name.encode("ascii", "replace").decode(), identity, "public")


@pytest.mark.parametrize(
    ("table", "name", "identity", "called"),
    [
        ("account", "prof", 7, "account__prof__7"),
        ("home_events", "v2", 12345, "home_events__v2__12345"),
        ("a" * 20, "b" * 23, 1, "a" * 20 + "__" + "b" * 23 + "__1"),
    ],
)
def test_a_plain_name_is_read_as_it_is(table: str, name: str, identity: int, called: str) -> None:
    assert table_name(family(table, name, identity)) == called
    assert len(called) <= 48


@pytest.mark.parametrize(
    ("table", "name"),
    [
        ("Account", "prof"),
        ("a.b", "prof"),
        ("a__b", "c"),
        ("a", "b__c"),
        ("a_", "b"),
        ("a", "_b"),
        ("1", "a"),
        ("", ""),
        ("a", "b" * 128),
        ("\ud800", "f"),
    ],
)
def test_any_other_is_known_by_its_first_letters_and_a_hash(table: str, name: str) -> None:
    called = table_name(family(table, name, 4_000_000_000))
    assert re.fullmatch(r"x(_[a-z0-9]+)*_[a-z2-7]{24}__4000000000", called)
    assert len(called) <= 48


@given(st.lists(st.tuples(NAMES, NAMES, st.integers(1, 99)), min_size=2, max_size=30, unique=True))
@example([("a", "b__c", 1), ("a__b", "c", 1)])
@example([("a", "b", 11), ("a", "b__1", 1)])
@example([("A", "a", 1), ("a", "A", 1), ("a", "a", 1)])
def test_no_two_families_have_one_name(all_of_them: list[tuple[str, str, int]]) -> None:
    families = {(each.table, each.name, each.identity) for each in (family(*each) for each in all_of_them)}
    called = {table_name(family(*each)) for each in families}
    assert len(called) == len(families)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,47}", each) for each in called)
    assert RECORDS not in called


@given(NAMES, NAMES, st.integers(1), st.booleans(), st.sampled_from(["ordered", "row"]), st.integers(1, 65_536))
def test_a_comment_says_what_is_in_a_table(
    table: str, name: str, identity: int, versioned: bool, layout: Any, buckets: int
) -> None:
    said = Described(table, name, identity, CassandraLayout(layout, buckets), versioned)
    assert described(said.comment()) == said
    assert said.comment().isascii()


@pytest.mark.parametrize("comment", ["", "mine", "{}", "[1]", "1", '{"table": "a"}', "{"])
def test_a_comment_of_somebody_elses_says_nothing(comment: str) -> None:
    assert described(comment) is None


@pytest.mark.parametrize("key", ["table", "family", "identity", "layout", "buckets", "versioned"])
def test_a_comment_that_was_changed_is_told(key: str) -> None:
    fields = json.loads(Described("t", "f", 1, CassandraLayout(), versioned=False).comment())
    del fields[key]
    with pytest.raises(StoreContractError, match=r"^the comment of one of cfacl's tables was changed; put it back"):
        described(json.dumps(fields))


@pytest.mark.parametrize("name", ["", "a b", "a-b", 'a"b', "a" * 49, "é", "a\n"])
def test_a_keyspace_is_letters_digits_and_lines(name: str) -> None:
    assert not is_keyspace(name)
    assert is_keyspace("Home_2")
