"""Failures of the store as happybase's users catch them."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any, Final

import pytest
from thriftpy2.thrift import TException
from thriftpy2.transport import TTransportException

import cfacl
from cfacl.compat.happybase import Connection
from cfacl.errors import PartlyWritten, SchemaMissing, StoreContractError, StoreError, StoreTimeout, StoreUnavailable
from cfacl.stores.memory import MemoryStore
from cfacl.testing.stores import FaultyStore

#: What is asked for, and the call of the store that it becomes.
CALLS: Final[dict[str, tuple[str, Callable[[Any], Any]]]] = {
    "row": ("get", lambda t: t.row(b"r")),
    "rows": ("get", lambda t: t.rows([b"r"])),
    "cells": ("versions", lambda t: t.cells(b"r", b"cf1:a")),
    "scan": ("scan.next", lambda t: list(t.scan())),
    "sorted scan": ("scan.next", lambda t: list(t.scan(sorted_columns=True))),
    "put": ("apply", lambda t: t.put(b"r", {b"cf1:a": b"1"})),
    "delete": ("apply", lambda t: t.delete(b"r")),
    "batch": ("apply", lambda t: put_in_a_batch(t)),
    "counter_get": ("versions", lambda t: t.counter_get(b"r", b"cf1:n")),
    "counter_set": ("apply", lambda t: t.counter_set(b"r", b"cf1:n", 1)),
    "counter_inc": ("increment", lambda t: t.counter_inc(b"r", b"cf1:n")),
    "counter_dec": ("increment", lambda t: t.counter_dec(b"r", b"cf1:n")),
    "check_and_put": ("compare_and_set", lambda t: t.check_and_put(b"r", b"cf1:a", None, {b"cf1:a": b"1"})),
    "check_and_delete": ("compare_and_set", lambda t: t.check_and_delete(b"r", b"cf1:a", b"1")),
    "tables": ("system.items", lambda t: t.connection.tables()),
    "create_table": ("create_families", lambda t: t.connection.create_table("spare", {"a": {}})),
    "delete_table": ("drop_table", lambda t: t.connection.delete_table("t", disable=True)),
    "disable_table": ("system.compare_and_set", lambda t: t.connection.disable_table("t")),
    "enable_table": ("system.compare_and_set", lambda t: t.connection.enable_table("t")),
    "compact_table": ("system.items", lambda t: t.connection.compact_table("t")),
    "regions": ("system.items", lambda t: t.regions()),
    "families": ("system.items", lambda t: t.families()),
    "is_table_enabled": ("system.get", lambda t: t.connection.is_table_enabled("t")),
}


def put_in_a_batch(table: Any) -> None:
    with table.batch() as batch:
        batch.put(b"r", {b"cf1:a": b"1"})


@pytest.fixture
def faulty() -> FaultyStore:
    return FaultyStore(MemoryStore(clock=lambda: 0))


@pytest.fixture
def table(faulty: FaultyStore, around: Any) -> Any:
    return Connection(cfacl=around(faulty), principal="root", purpose="work").table("t")


@pytest.mark.parametrize("name", CALLS)
def test_what_fails_is_thrifts_exception_too(faulty: FaultyStore, table: Any, name: str) -> None:
    table.put(b"r", {b"cf1:a": b"1"})
    method, call = CALLS[name]
    cause = OSError("the wire")
    error = StoreUnavailable("not now; try again")
    error.__cause__ = cause
    faulty.fail(method, error)
    with pytest.raises(TException) as told:
        call(table)
    assert isinstance(told.value, StoreUnavailable)
    assert str(told.value) == "not now; try again"
    assert told.value.message == str(told.value)  # type: ignore[attr-defined]  # as Thrift's have it


@pytest.mark.parametrize("kind", [StoreError, StoreTimeout, StoreUnavailable, StoreContractError, SchemaMissing])
def test_it_stays_what_it_was(faulty: FaultyStore, table: Any, kind: type[StoreError]) -> None:
    faulty.fail("get", kind("so it is; look"))
    with pytest.raises(kind) as told:
        table.row(b"r")
    error = told.value
    assert type(error).__name__ == kind.__name__
    assert repr(error) == f"{kind.__name__}('so it is; look')"
    assert type(error.__cause__) is kind
    assert error != copy.copy(error)
    assert hash(error)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (kind, str(error))


@pytest.mark.parametrize(("kind", "number"), [(StoreUnavailable, 0), (StoreTimeout, 3)])
def test_what_is_over_with_time_is_thrifts_of_the_transport(
    faulty: FaultyStore, table: Any, kind: type[StoreError], number: int
) -> None:
    faulty.fail("get", kind("not now; try again"))
    with pytest.raises(TTransportException) as told:
        table.row(b"r")
    assert told.value.type == number
    faulty.fail("get", StoreContractError("never; report it"))
    with pytest.raises(StoreContractError) as never:
        table.row(b"r")
    assert not isinstance(never.value, TTransportException)


def test_what_it_tells_it_tells_still(faulty: FaultyStore, table: Any) -> None:
    partly = PartlyWritten("half; look", written=[b"a"], unknown=[b"b"], unwritten=[b"c"])
    faulty.fail("apply", partly)
    with pytest.raises(PartlyWritten) as told:
        table.put(b"r", {b"cf1:a": b"1"})
    assert isinstance(told.value, TException)
    assert (told.value.written, told.value.unknown, told.value.unwritten) == ({b"a"}, {b"b"}, {b"c"})


def test_a_denial_and_a_mistake_are_none_that_is_tried_again(small: cfacl.Database) -> None:
    table = Connection(cfacl=small, principal="ann", purpose="work").table("t")
    for call in (lambda: table.row(b"r", [b"cf2"]), lambda: table.row(b"r", [b"cf9"]), lambda: table.row(b"")):
        with pytest.raises(cfacl.CfaclError) as told:
            call()
        assert not isinstance(told.value, TException)


def test_a_table_that_is_there_is_thrifts_already_exists(small: cfacl.Database) -> None:
    import happybase  # type: ignore[import-untyped]  # noqa: F401  # it has no types, and loading it makes the next
    from Hbase_thrift import AlreadyExists  # type: ignore[import-not-found]  # made at run time

    with pytest.raises(AlreadyExists) as told:
        Connection(cfacl=small, principal="root", purpose="work").create_table("t", {"cf1": {}})
    assert isinstance(told.value, cfacl.RequestError)
    assert told.value.message == "table `t` is there already; use it, or delete it first"


PROGRAM: Final = """
import sys

import cfacl, cfacl.compat.happybase as happybase
assert not [name for name in sys.modules if name.startswith(("thriftpy2", "happybase", "pydantic", "six"))]
db = cfacl.connect("memory://", policy=sys.argv[1])
table = happybase.Connection(cfacl=db, principal="root", purpose="work").table("t")
try:
    table.row(b"r")
except cfacl.SchemaMissing as error:
    assert type(error) is cfacl.SchemaMissing and error.__cause__ is None, error.__cause__
    print("missing")
assert not [name for name in sys.modules if name.startswith("thriftpy2")]
"""


def test_without_thriftpy2_nothing_of_it_is_needed(policy: cfacl.Policy, tmp_path: Any) -> None:
    (tmp_path / "policy.toml").write_text(policy.dumps(), "utf-8")
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path / "policy.toml"], capture_output=True, text=True, check=False
    )
    assert (ran.stderr, ran.stdout) == ("", "missing\n")
