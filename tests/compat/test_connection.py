"""Connections, and what is done to a table as a whole."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cfacl
from cfacl.compat import happybase
from cfacl.compat.happybase import Connection
from cfacl.stores.administration import Administration
from cfacl.stores.rocksdb import RocksStore


@pytest.fixture
def root(small: cfacl.Database) -> Connection:
    return Connection(cfacl=small, principal="root", purpose="work")


def test_what_it_is_given_it_keeps() -> None:
    for compat in ("0.90", "0.92", "0.94", "0.96", "0.98"):
        assert Connection(compat=compat).compat == compat
    default = Connection()
    assert (default.host, default.port, default.timeout) == (happybase.DEFAULT_HOST, happybase.DEFAULT_PORT, None)
    assert (default.table_prefix, default.table_prefix_separator, default.compat) == (None, b"_", "0.98")
    given = Connection("db", 9, 500, False, "p", ":", "0.94", "framed", "compact")
    assert (given.host, given.port, given.timeout) == ("db", 9, 500)
    assert (given.table_prefix, given.table_prefix_separator, given.compat) == (b"p", b":", "0.94")
    nothing = Connection(host=None, port=None)
    assert (nothing.host, nothing.port) == ("localhost", 9090)


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"compat": "0.1"}, ValueError),
        ({"compat": None}, ValueError),
        ({"compat": "0.91"}, ValueError),
        ({"transport": "http"}, ValueError),
        ({"protocol": "json"}, ValueError),
        ({"table_prefix": 123}, TypeError),
        ({"table_prefix_separator": 2.1}, TypeError),
        ({"table_prefix_separator": None}, TypeError),
        ({"nonsense": 1}, TypeError),
    ],
    ids=str,
)
def test_arguments_that_are_none(arguments: dict[str, Any], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        Connection(**arguments)
    with pytest.raises(kind):
        Connection(autoconnect=False, **arguments)


def test_names_have_the_prefix(small: cfacl.Database) -> None:
    connection = Connection(table_prefix="shop", cfacl=small, principal="root", purpose="work")
    assert connection._table_name("") == b"shop_"
    assert connection._table_name(b"t") == connection.table("t").name == b"shop_t"
    assert connection.table("t", use_prefix=False).name == b"t"
    assert Connection()._table_name("t") == b"t"
    assert connection.tables() == [b"t"]
    assert Connection(cfacl=small, principal="nil", purpose="play").tables() == [b"shop_t", b"t"]
    connection.table("t").put(b"r", {b"a:a": b"1"})
    assert connection.table("t", use_prefix=False).row(b"r") == {}
    for name in (5, None, bytearray(b"t")):
        with pytest.raises(TypeError):
            connection.table(name)  # type: ignore[arg-type]  # which is what is looked at


def test_it_is_open_or_not(small: cfacl.Database) -> None:
    connection = Connection(autoconnect=False, cfacl=small, principal="root", purpose="work")
    table = connection.table("t")
    for _ in range(2):
        assert not connection.transport.is_open()
        for call in (connection.tables, lambda: table.row(b"r"), lambda: table.scan(), table.batch):
            with pytest.raises(cfacl.Closed, match="not open"):
                call()
        connection.open()
        connection.open()
        assert connection.transport.is_open()
        assert table.row(b"r") == {}
        connection.close()
        connection.close()


def test_what_began_before_a_connection_was_closed_ends_with_it(root: Connection) -> None:
    table = root.table("t")
    for number in range(3):
        table.put(b"r%d" % number, {b"cf1:a": b"1"})
    batch, scan = table.batch(), table.scan(batch_size=1)
    batch.put(b"new", {b"cf1:a": b"1"})
    next(scan)
    root.close()
    for call in (lambda: next(scan), batch.send):
        with pytest.raises(cfacl.Closed, match="not open"):
            call()
    root.open()
    assert table.row(b"new") == {}
    batch.send()
    assert table.row(b"new") == {b"cf1:a": b"1"}


def test_where_the_database_is_closed_so_is_the_connection(small: cfacl.Database) -> None:
    root = Connection(cfacl=small, principal="root", purpose="work")
    table = root.table("t")
    table.row(b"r")
    small.close()
    for call in (root.tables, lambda: table.row(b"r"), lambda: root.is_table_enabled("t")):
        with pytest.raises(cfacl.Closed):
            call()


def test_there_is_no_thrift_client(root: Connection) -> None:
    with pytest.raises(cfacl.RequestError, match="no thrift client"):
        root.client  # noqa: B018  # looking at it is enough
    assert not hasattr(root, "client")


def test_none_of_it_is_pickled_or_copied(small: cfacl.Database, root: Connection) -> None:
    table = root.table("t")
    for each in (root, table, table.batch(), happybase.ConnectionPool(1, cfacl=small)):
        for way in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(cfacl.RequestError, match="can't be pickled or copied"):
                way(each)
        repr(each)
        str(each)


def test_a_table_is_made_as_the_policy_has_it(root: Connection) -> None:
    assert root.tables() == [b"shop_t", b"t"]
    root.create_table("spare", {"a": {}, "b:": None})
    assert root.tables() == [b"shop_t", b"spare", b"t"]
    assert root.table("spare").families()[b"a"]["max_versions"] == 2
    root.table("spare").put(b"r", {b"a:x": b"1", b"b:x": b"2"})


@pytest.mark.parametrize(
    "families",
    [
        {"a": {"max_versions": 2, "time_to_live": 3600}},
        {b"a": {}, b"b:": {"max_versions": 1, "time_to_live": -1}},
        {"b": {"time_to_live": 2147483647, "compression": b"NONE", "in_memory": False}},
        {"a": {"max_versions": None, "block_cache_enabled": True, "bloom_filter_type": "ROW"}},
    ],
    ids=["as it is", "bytes", "nothing asked", "as it is anyway"],
)
def test_options_may_be_said_as_they_are(root: Connection, families: Any) -> None:
    root.create_table("spare", families)
    assert b"spare" in root.tables()
    root.table("spare").put(b"r", {b"a:x": b"1", b"b:x": b"2"})


@pytest.mark.parametrize(
    ("families", "kind"),
    [
        ({"a": {"max_versions": 3}}, cfacl.RequestError),
        ({"a": {}, "b": {"max_versions": 3}}, cfacl.RequestError),
        ({"a": {"time_to_live": 60}}, cfacl.RequestError),
        ({"b": {"time_to_live": 60}}, cfacl.RequestError),
        ({"a": {"time_to_live": 2147483647}}, cfacl.RequestError),
        ({"a": {"compression": "GZ"}}, cfacl.RequestError),
        ({"a": {"compression": b"GZ"}}, cfacl.RequestError),
        ({"a": {"in_memory": True}}, cfacl.RequestError),
        ({"a": {"bloom_filter_vector_size": 5}}, cfacl.RequestError),
        ({"a": 3}, TypeError),
        ({"a": {"nonsense": 1}}, TypeError),
        ({5: {}}, TypeError),
        ([], TypeError),
        (0, TypeError),
        (["a"], TypeError),
        (None, TypeError),
        ({}, ValueError),
    ],
    ids=str,
)
def test_families_that_differ_are_refused(root: Connection, families: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind) as told:
        root.create_table("spare", families)
    assert type(told.value) is kind
    assert "\n" not in str(told.value)
    assert b"spare" not in root.tables()


def test_arguments_of_a_new_table_are_looked_at_first() -> None:
    with pytest.raises(ValueError, match="at least one family"):
        Connection().create_table("t", {})
    with pytest.raises(TypeError, match="`families` is a dict"):
        Connection().create_table("t", 0)  # type: ignore[arg-type]  # which is what is looked at


def test_a_table_that_the_policy_lacks_is_told_with_the_lines_to_add(root: Connection, policy: cfacl.Policy) -> None:
    with pytest.raises(cfacl.UnknownTable) as told:
        root.create_table("new", {"x": {"max_versions": 1, "time_to_live": 60}, "y.z": {}})
    assert str(told.value) == ("the policy has no table `new`; add the lines below, and say its level and purposes")
    (lines,) = told.value.__notes__
    added = cfacl.Policy.loads(f"{policy.dumps()}\n{lines}\n").catalog.tables["new"]
    assert {
        name: (each.level, each.purposes, each.versions, each.time_to_live) for name, each in added.families.items()
    } == {
        "x": ("sealed", frozenset(), 1, 60),
        "y.z": ("sealed", frozenset(), 3, None),
    }
    with pytest.raises(cfacl.RequestError) as told:
        root.create_table("spare", {"a": {}, "c": {}})
    assert str(told.value).startswith("the policy has no family `c` of table `spare`; ")
    assert "[tables.spare.families.c]" in told.value.__notes__[0]


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"max_versions": "3\n[[roles.all.grants]]"}, cfacl.RequestError),
        ({"max_versions": 0}, cfacl.RequestError),
        ({"time_to_live": "x"}, cfacl.RequestError),
        ({"time_to_live": -5}, cfacl.RequestError),
        ({"nonsense": 1}, TypeError),
    ],
    ids=str,
)
@pytest.mark.parametrize("table", ["new", "spare"])
def test_options_that_are_none_are_no_lines_to_add(
    root: Connection, table: str, options: dict[str, Any], kind: type[Exception]
) -> None:
    with pytest.raises(kind) as told:
        root.create_table(table, {"a": options})
    assert type(told.value) is kind
    assert not hasattr(told.value, "__notes__")


def test_arguments_of_what_is_done_to_a_table_are_looked_at_first() -> None:
    closed = Connection(autoconnect=False)
    for call in (
        closed.delete_table,
        closed.enable_table,
        closed.disable_table,
        closed.is_table_enabled,
        closed.compact_table,
    ):
        with pytest.raises(TypeError):
            call(5)  # type: ignore[arg-type]  # which is what is looked at


@pytest.mark.parametrize("name", ["a b", "ü", "x\ny", "", "a" * 300])
def test_a_table_that_no_policy_can_have(root: Connection, name: str) -> None:
    for call in (
        lambda: root.create_table(name, {"a": {}}),
        lambda: root.table(name).row(b"r"),
        lambda: root.delete_table(name),
        lambda: root.is_table_enabled(name),
    ):
        with pytest.raises(cfacl.UnknownTable) as told:
            call()
        assert "\n" not in str(told.value)


def test_what_is_made_is_that_table_and_no_other(policy: cfacl.Policy) -> None:
    with cfacl.connect("memory://", policy=policy) as db:
        root = Connection(cfacl=db, principal="root", purpose="work")
        root.create_table("spare", {"a": {}})
        assert root.tables() == [b"spare"]


def test_who_reads_a_disabled_table_is_told_what_to_do(root: Connection) -> None:
    root.disable_table("t")
    with pytest.raises(cfacl.SchemaMissing) as told:
        root.table("t").row(b"r")
    assert str(told.value) == "table `t` is disabled; `enable_table` serves it again"


def test_a_table_that_was_disabled_and_deleted_is_made_anew_enabled_whatever_came_between(
    policy: cfacl.Policy, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = tmp_path / "store"
    with cfacl.connect(location, policy=policy) as db:
        db.create_tables()
        db.disable_table("t")
        drop = RocksStore.drop_table

        def die(store: Any, *given: Any) -> None:
            drop(store, *given)
            raise KeyboardInterrupt

        monkeypatch.setattr(RocksStore, "drop_table", die)
        with pytest.raises(KeyboardInterrupt):
            db.drop_table("t")
        monkeypatch.undo()
    with cfacl.connect(location, policy=policy) as db:
        db.create_tables()
        assert db.is_table_enabled("t")
        assert db.session("root", "work").table("t").row(b"r") == {}


def test_what_differs_is_told_of_what_another_process_disabled(policy: cfacl.Policy, tmp_path: Any) -> None:
    with cfacl.connect(tmp_path / "store", policy=policy) as db:
        db.create_tables()
        with cfacl.connect(tmp_path / "store", policy=policy, read_only=True) as reader:
            assert reader.drift() == []
            db.disable_table("spare")
            assert reader.drift() == [("spare", "a", "disabled"), ("spare", "b", "disabled")]


@given(
    st.text(max_size=4),
    st.dictionaries(
        st.text(max_size=4),
        st.none()
        | st.fixed_dictionaries(
            {},
            optional={
                "max_versions": st.none() | st.integers(-1, 1 << 31),
                "time_to_live": st.none() | st.integers(-2, 1 << 32),
                "compression": st.sampled_from(["NONE", "GZ"]),
            },
        ),
        min_size=1,
        max_size=3,
    ),
)
def test_the_lines_to_add_are_lines_of_a_policy(policy: cfacl.Policy, table: str, families: Any) -> None:
    with cfacl.connect("memory://", policy=policy) as db:
        root = Connection(cfacl=db, principal="root", purpose="work")
        with pytest.raises((cfacl.RequestError, TypeError)) as told:
            root.create_table(f"x{table}", families)
    for lines in getattr(told.value, "__notes__", ()):
        added = cfacl.Policy.loads(f"{policy.dumps()}\n{lines}\n").catalog.tables[f"x{table}"]
        assert {each.removesuffix(":") for each in families} == added.families.keys()


def test_a_table_that_is_there_is_not_made_again(root: Connection) -> None:
    root.table("t").put(b"r", {b"cf1:a": b"1"})
    with pytest.raises(cfacl.RequestError, match="`t` is there already"):
        root.create_table("t", {"cf1": {}})
    assert root.table("t").row(b"r") == {b"cf1:a": b"1"}


@pytest.mark.rule("Disabled tables")
def test_a_table_is_disabled_and_enabled(connection: Connection, db: cfacl.Database, key: bytes) -> None:
    table = connection.table("shop_t")
    table.put(key, {b"a:a": b"1"})
    assert connection.is_table_enabled("shop_t") is True
    connection.disable_table("shop_t")
    connection.disable_table("shop_t")
    assert connection.is_table_enabled(b"shop_t") is False
    assert b"shop_t" in connection.tables()
    assert [each for each in db.drift() if each.table == "shop_t"] == [("shop_t", "a", "disabled")]
    for call in (
        lambda: table.row(key),
        lambda: list(table.scan()),
        lambda: table.put(key, {b"a:a": b"2"}),
        lambda: table.counter_inc(key, b"a:n"),
    ):
        with pytest.raises(cfacl.SchemaMissing):
            call()
    db.create_tables(only=["shop_t"])
    assert connection.is_table_enabled("shop_t") is False
    connection.enable_table("shop_t")
    connection.enable_table("shop_t")
    assert connection.is_table_enabled("shop_t") is True
    assert table.row(key) == {b"a:a": b"1"}


def test_a_table_is_deleted_once_it_is_disabled(connection: Connection, key: bytes) -> None:
    connection.create_table("spare", {"a": {}})
    table = connection.table("spare")
    table.put(key, {b"a:a": b"1"})
    with pytest.raises(cfacl.RequestError, match="enabled; disable it first"):
        connection.delete_table("spare")
    assert table.row(key) == {b"a:a": b"1"}
    connection.disable_table("spare")
    connection.delete_table("spare")
    assert b"spare" not in connection.tables()
    for call in (lambda: table.row(key), lambda: list(table.scan()), lambda: table.put(key, {b"a:a": b"2"})):
        with pytest.raises(cfacl.SchemaMissing):
            call()
    for call in (
        lambda: connection.delete_table("spare", disable=True),
        lambda: connection.is_table_enabled("spare"),
        lambda: connection.enable_table("spare"),
        lambda: connection.disable_table("spare"),
        lambda: connection.compact_table("spare"),
        table.regions,
    ):
        with pytest.raises(cfacl.SchemaMissing):
            call()
    connection.create_table("spare", {"a": {}})
    assert connection.is_table_enabled("spare") is True
    assert table.row(key) == {}
    connection.delete_table("spare", disable=True)
    assert b"spare" not in connection.tables()


def test_a_compaction_is_major_where_that_is_said(root: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr(
        Administration, "compact", lambda _, table, families, *, major: told.append((table, {*families}, major))
    )
    root.compact_table("t")
    root.compact_table(b"t", major=True)
    root.compact_table("t", 1)
    assert [(table, {each.name for each in families}, major) for table, families, major in told] == [
        ("t", {"cf1", "cf2", "cf3"}, each) for each in (False, True, True)
    ]


@pytest.mark.parametrize("major", [False, True])
def test_a_table_is_compacted(connection: Connection, key: bytes, major: bool) -> None:
    table = connection.table("t")
    for number in range(20):
        table.put(key, {b"cf1:a": b"%d" % number}, timestamp=1_000 + number)
    assert connection.compact_table("t", major=major) is None
    assert table.cells(key, b"cf1:a") == [b"19", b"18", b"17"]


def test_a_disabled_table_is_disabled_to_whoever_opens_the_store_again(policy: cfacl.Policy, tmp_path: Any) -> None:
    with cfacl.connect(tmp_path / "store", policy=policy) as db:
        db.create_tables()
        db.session("root", "work").table("t").put(b"r", {b"cf1:a": b"1"})
        with cfacl.connect(tmp_path / "store", policy=policy, read_only=True) as reader:
            db.disable_table("t")
            for each in (db, reader):
                with pytest.raises(cfacl.SchemaMissing):
                    each.session("root", "work").table("t").row(b"r")
            with pytest.raises(cfacl.Unsupported):
                reader.enable_table("t")
    with cfacl.connect(tmp_path / "store", policy=policy) as db:
        assert not db.is_table_enabled("t")
        with pytest.raises(cfacl.SchemaMissing):
            db.session("root", "work").table("t").row(b"r")
        db.enable_table("t")
        assert db.session("root", "work").table("t").row(b"r") == {b"cf1:a": b"1"}


def test_only_the_tables_that_are_named_are_made(small: cfacl.Database) -> None:
    assert small.tables() == ["shop_t", "t"]
    for asked in ("spare", 5, [b"spare"]):
        with pytest.raises(cfacl.RequestError):
            small.create_tables(only=asked)  # type: ignore[arg-type]  # which is what is looked at
    with pytest.raises(cfacl.UnknownTable, match="did you mean `spare`"):
        small.create_tables(only=["spar"])
    small.create_tables(only=[])
    assert small.tables() == ["shop_t", "t"]
    small.create_tables(only=["spare"])
    assert small.tables() == ["shop_t", "spare", "t"]
