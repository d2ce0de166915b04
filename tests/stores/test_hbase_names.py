"""How tables and families are called in HBase, and which row keys it takes."""

from __future__ import annotations

import pytest

from cfacl.errors import InvalidKey, RequestError
from cfacl.model.projection import StoredFamily
from cfacl.model.request import MAX_KEY
from cfacl.stores.hbase.names import confirm_keys, family_name, identified, options, table_name, time_to_live


def family(name: str, identity: int, **more: int) -> StoredFamily:
    return StoredFamily("t", name, identity, "public", **more)


@pytest.mark.parametrize(
    ("prefix", "table", "name"),
    [("", "account", b"account"), ("home_", "account", b"home_account"), ("home:", "a.b-c_D9", b"home:a.b-c_D9")],
)
def test_a_table_has_its_name_behind_the_prefix(prefix: str, table: str, name: bytes) -> None:
    assert table_name(prefix, table) == name


@pytest.mark.parametrize("table", ["", "a:b", "a b", "ä", "a\n", "cfacl.records", "home_cfacl.records", "a+1", "a/b"])
def test_a_name_that_hbase_has_not_is_refused(table: str) -> None:
    with pytest.raises(
        RequestError,
        match=r"^hbase has no table `.*`; a name is letters, digits, `_`, `\.` and `-`, and does not end in `cfacl.records`$",
    ):
        table_name("", table)


@pytest.mark.parametrize(
    ("name", "identity", "called"), [("prof", 0, b"prof"), ("prof", 3, b"prof+3"), ("a.b-c", 12345, b"a.b-c+12345")]
)
def test_a_family_bears_its_identity(name: str, identity: int, called: bytes) -> None:
    assert family_name(family(name, identity)) == called
    assert identified(called) == identified(called + b":") == (name, identity)


@pytest.mark.parametrize(
    ("called", "found"),
    [
        (b"a+b", ("a+b", 0)),
        (b"a+", ("a+", 0)),
        (b"+1", ("+1", 0)),
        (b"a+1+2", ("a+1+2", 0)),
        (b"a+-1", ("a+-1", 0)),
        (b"a+1 ", ("a+1 ", 0)),
        (b"\xff+1", ("\\xff+1", 0)),
    ],
)
def test_a_family_that_cfacl_never_made_is_called_as_it_is(called: bytes, found: tuple[str, int]) -> None:
    assert identified(called) == found


def test_names_sort_as_hbase_sorts_them() -> None:
    names = ["a", "a-b", "a.b", "a0", "aa", "a_b", "b"]
    called = [family_name(family(name, 10)) for name in names]
    assert [identified(each)[0] for each in sorted(called)] == sorted(names)


@pytest.mark.parametrize(("milliseconds", "seconds"), [(1, 1), (1000, 1), (1001, 2), (86_400_000, 86_400)])
def test_a_time_to_live_is_whole_seconds_and_never_less(milliseconds: int, seconds: int) -> None:
    assert time_to_live(family("f", 1, time_to_live=milliseconds)) == seconds


def test_a_family_is_told_as_the_shell_takes_it() -> None:
    forever = "{NAME => 'f+1', VERSIONS => 1, TTL => 2147483647, BLOOMFILTER => 'ROW'}"
    assert options(family("f", 1)) == forever
    some = "{NAME => 'f+2', VERSIONS => 3, TTL => 60, BLOOMFILTER => 'ROW'}"
    assert options(family("f", 2, versions=3, time_to_live=60_000)) == some


def test_keys_are_as_long_as_hbase_takes_them() -> None:
    confirm_keys([])
    confirm_keys([b"\0", b"k" * MAX_KEY])
    for key in (b"", b"k" * (MAX_KEY + 1)):
        with pytest.raises(InvalidKey, match=rf"^a row key is 1 to 32767 bytes, not {len(key)}$"):
            confirm_keys([b"k", key])
