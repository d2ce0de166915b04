"""What HBase's rights can say, how they stand in `hbase:acl`, and how a script changes them."""

from __future__ import annotations

import ast
import re
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cfacl
from cfacl.model.projection import StoredFamily
from cfacl.stores.hbase.acl import parsed
from cfacl.stores.hbase.shell import script
from cfacl.stores.native import Need, Right, RightsOff

FAMILY: Final = StoredFamily("account", "prof", 3, "personal")
ANY: Final = frozenset({"read", "write", "delete"})


def said(acl: Any, *actions: str, account: str = "app", columns: set[bytes] | None = None) -> Any:
    from cfacl.stores.hbase.native import HBaseRights

    told = HBaseRights(acl).say([Need(account, FAMILY, None if columns is None else frozenset(columns), {*actions})])
    return [(each.on, each.letters) for each in told.rights], [(each.what, each.why) for each in told.unsaid]


W: Final = "`W` is to read, write and delete"
A: Final = "`A` and `C` also give rights and alter tables"


@pytest.mark.rule("HBase's own rights")
@pytest.mark.parametrize(
    ("actions", "letters", "unsaid"),
    [
        (["read"], "R", []),
        (["read", "write", "delete"], "RW", []),
        (["read", "write"], "R", [("write", W)]),
        (["read", "delete"], "R", [("delete", W)]),
        (["write", "delete"], "", [("delete", W), ("write", W)]),
        (["write"], "", [("write", W)]),
        (["admin"], "", [("admin", A)]),
        (["read", "write", "delete", "admin"], "RW", [("admin", A)]),
    ],
)
def test_letters_give_what_is_needed_and_never_more(acl: Any, actions: list[str], letters: str, unsaid: Any) -> None:
    assert said(acl, *actions) == ([("home_account:prof+3", letters)] if letters else [], unsaid)


@pytest.mark.failure("store-acl-5")
@pytest.mark.parametrize("account", ["ann@example.org", "@staff", "a/b", "a,b", "é", "-a", "it's", "a b"])
def test_an_account_that_hbase_may_take_for_another_gets_nothing(acl: Any, account: str) -> None:
    assert said(acl, *ANY, account=account) == ([], [("delete, read, write", "hbase knows no account by this name")])


def test_declared_columns_are_given_one_by_one(acl: Any) -> None:
    rights, unsaid = said(acl, "read", columns={b"b", "é,x".encode(), b"", b"\xff"})
    assert rights == [("home_account:prof+3:b", "R"), ("home_account:prof+3:é,x", "R")]
    assert unsaid == [
        ("read of column ``", "hbase takes a right on the empty column for one on the whole family"),
        ("read of column `\\xff`", "hbase keeps names of columns in rights as text"),
    ]
    rights, unsaid = said(acl, *ANY, columns={b"b"})
    assert rights == [("home_account:prof+3:b", "RW")]
    assert unsaid == [("delete of the whole family", "it takes `W` on every column, declared or not")]


#: As HBase 2.6.1 was seen to write them, and takes them apart.
CELLS: Final = [
    (b"hbase:acl", b"carl", b"RWXCA", Right("carl", "everything", "", "", None, "RWXCA")),
    (b"@home", b"@ops", b"AC", Right("@ops", "namespace", "home", "", None, "CA")),
    (b"home:t", b"bob", b"RW", Right("bob", "table", "home:t", "", None, "RW")),
    (b"t", b"alice,a+1", b"R", Right("alice", "family", "t", "a+1", None, "R")),
    (b"t", b"alice,a+1,x,y", b"WR", Right("alice", "column", "t", "a+1", b"x,y", "RW")),
    (b"t", b"alice,a,", b"R", Right("alice", "family", "t", "a,", None, "R")),
    (b"t", b"alice,,x", b"R", Right("alice", "family", "t", ",x", None, "R")),
    (b"t", b"alice,", b"R", Right("alice,", "table", "t", "", None, "R")),
    (b"t", b",a", b"R", Right(",a", "table", "t", "", None, "R")),
    (b"t", b"alice", b"RZ", Right("alice", "table", "t", "", None, "RZ")),
    (b"t", "alice,a,\xe9".encode(), b"", Right("alice", "column", "t", "a", "\xe9".encode(), "")),
]


@pytest.mark.parametrize(("row", "key", "value", "right"), CELLS, ids=str)
def test_a_cell_is_taken_apart_as_hbase_does_it(row: bytes, key: bytes, value: bytes, right: Right) -> None:
    assert parsed(row, key, value) == right


def test_what_is_given_on_other_tables_and_namespaces_is_not_read(acl: Any) -> None:
    from cfacl.stores.hbase.native import HBaseRights

    acl.families = {b"home_account": {b"prof+3"}}
    for user, *scope in (
        ["one", "home_account", "prof+3"],
        ["two", "home_account", "prof+2"],
        ["by hand", "home_account", "geo"],
        ["later", "home_account", "geo+6"],
        ["three", "home_account"],
        ["four", "home_cfacl.records"],
        ["five", "home_other"],
        ["six", "@default"],
        ["seven", "@other"],
        ["eight"],
    ):
        acl.grant(user, "R", *scope)
    found = {
        each.account: (each.scope, each.gone)
        for each in HBaseRights(acl).read({"account", "never_made"}, lambda identity: 0 < identity <= 5)
    }
    assert found == {
        "one": ("family", False),
        "two": ("family", True),
        "by hand": ("family", False),
        "later": ("family", False),
        "three": ("table", False),
        "four": ("table", False),
        "six": ("namespace", False),
        "eight": ("everything", False),
    }


def test_the_namespace_is_that_of_the_tables(acl: Any) -> None:
    from cfacl.stores.hbase.address import parse
    from cfacl.stores.hbase.native import HBaseRights

    acl.address = parse("hbase://gateway/home:x_")
    for user, *scope in (
        ["one", "@home"],
        ["two", "@default"],
        ["three", "home:x_cfacl.records"],
        ["four", "x_cfacl.records"],
    ):
        acl.grant(user, "R", *scope)
    assert [each.account for each in HBaseRights(acl).read(set(), lambda identity: False)] == ["one", "three"]


def test_what_keeps_rights_from_being_read_is_told(acl: Any) -> None:
    from Hbase_thrift import IOError as ServerError

    from cfacl.stores.hbase.native import HBaseRights

    acl.cells = None
    with pytest.raises(RightsOff, match="whoever reaches it may do everything"):
        HBaseRights(acl).read(set(), lambda identity: False)
    acl.error = cfacl.StoreUnavailable("no gateway answers")
    with pytest.raises(cfacl.StoreUnavailable):
        HBaseRights(acl).read(set(), lambda identity: False)
    acl.error = cfacl.StoreError("hbase refuses this")
    acl.error.__cause__ = ServerError(message=b"org.apache.hadoop.hbase.security.AccessDeniedException: no")
    with pytest.raises(
        cfacl.StoreError,
        match="gateway of the operators', for `R` on this table is `R` on everything, and",
    ):
        HBaseRights(acl).read(set(), lambda identity: False)


def test_a_script_takes_first_and_gives_then_and_remarks_stay_remarks() -> None:
    one = Right("app", "column", "home:t", "a+1", b"x", "R")
    assert script([one, Right("bob", "table", "t", "", None, "RW")], [one], ["two\nlines"]) == (
        "revoke 'app', 'home:t', 'a+1', 'x'\nrevoke 'bob', 't'\ngrant 'app', 'R', 'home:t', 'a+1', 'x'\n# two lines\n"
    )


def test_ruby_finds_nothing_to_run_in_a_name() -> None:
    """Between double quotes, which a single quote or a byte beyond ASCII asks for, `#{}` would be run."""
    right = Right("'#{exit}", "column", "t", "f", b'\xff#$a\\"', "R")
    assert script([right], [], []) == "revoke \"\\x27\\x23{exit}\", 't', 'f', \"\\xFF\\x23$a\\x5C\\x22\"\n"


@pytest.mark.failure("store-acl-18")
@given(st.text(min_size=1), st.binary(min_size=1), st.text())
def test_nothing_gets_out_of_its_quotes(account: str, column: bytes, remark: str) -> None:
    right = Right(account.encode("utf-8", "replace").decode(), "column", "t", "f", column, "R")
    lines = script([right], [], [remark]).split("\n")
    assert [each[:1] for each in lines] == ["r", "#", ""]
    assert lines[0].isascii()
    assert lines[0].isprintable()
    words = ast.literal_eval(f"({lines[0].removeprefix('revoke ')},)")
    assert [each.encode("latin-1") for each in words] == [right.account.encode(), b"t", b"f", column]
    quoted = re.findall(r"""'[^']*'|"[^"]*\"""", lines[0])
    assert not [each for each in quoted if each[0] == '"' and "#" in each], "ruby would read what is in the braces"
