"""Databases on each store, and connections of the drop-in to them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

import cfacl
from cfacl.api.database import Database
from cfacl.compat import happybase
from cfacl.policy.compile import compile_policy
from cfacl.stores.base import Store

POLICY: Final = """
[policy]
name = "shop"
purposes = ["work", "play"]

[tables.t.families.cf1]
level = "personal"
purposes = ["work", "play"]
versions = 3

[tables.t.families.cf2]
level = "personal"
purposes = ["work", "play"]
versions = 3

[tables.t.families.cf3]
level = "sealed"
purposes = ["work", "play"]
time_to_live = "400d"

[tables.shop_t.families.a]
level = "personal"
purposes = ["work", "play"]

[tables.spare.families.a]
level = "personal"
purposes = ["work", "play"]
versions = 2
time_to_live = "1h"

[tables.spare.families.b]
level = "personal"
purposes = ["work", "play"]

[roles.all]
clearance = "sealed"

[[roles.all.grants]]
table = "t"
at_or_below = "sealed"
actions = ["read", "write", "delete", "admin"]
purposes = ["work"]
why = "test"

[[roles.all.grants]]
table = "shop_t"
at_or_below = "sealed"
actions = ["read", "write", "delete", "admin"]
purposes = ["work"]
why = "test"

[[roles.all.grants]]
table = "spare"
at_or_below = "sealed"
actions = ["read", "write", "delete", "admin"]
purposes = ["work"]
why = "test"

[roles.clerk]
clearance = "personal"

[[roles.clerk.grants]]
table = "t"
families = ["cf1"]
actions = ["read", "write"]
purposes = ["work"]
why = "test"

[roles.janitor]
clearance = "personal"

[[roles.janitor.grants]]
table = "spare"
families = ["a", "b"]
actions = ["admin"]
purposes = ["work"]
why = "test"

[principals.root]
kind = "service"
roles = ["all"]

[principals.ann]
kind = "employee"
roles = ["clerk"]

[principals.bob]
kind = "employee"
roles = ["clerk"]

[principals.jan]
kind = "employee"
roles = ["janitor"]

[principals.nil]
kind = "employee"
roles = []
"""


@pytest.fixture(scope="session")
def policy() -> cfacl.Policy:
    """Root may do everything for work; ann and bob read and write family `cf1` of `t`; jan has `admin` on `spare`."""
    return cfacl.Policy.loads(POLICY)


STORES: Final = ("memory", "rocksdb", pytest.param("hbase", marks=pytest.mark.slow))


@pytest.fixture(scope="module", params=STORES)
def db(request: pytest.FixtureRequest, policy: cfacl.Policy, tmp_path_factory: Any) -> Iterator[cfacl.Database]:
    """A database whose tables are there, all but `spare`; one for the tests of a file, which use rows of their own."""
    location: str | Path = "memory://"
    if request.param == "rocksdb":
        location = tmp_path_factory.mktemp("rocksdb") / "store"
    elif request.param == "hbase":
        hbase = request.getfixturevalue("hbase")
        location = f"hbase://{hbase.host}:{hbase.port()}/h{uuid.uuid4().hex[:8]}_?timeout=60"
    with cfacl.connect(location, policy=policy) as opened:
        opened.create_tables(only=["t", "shop_t"])
        yield opened


@pytest.fixture
def small(policy: cfacl.Policy) -> Iterator[cfacl.Database]:
    """A database in memory of one test."""
    with cfacl.connect("memory://", policy=policy) as opened:
        opened.create_tables(only=["t", "shop_t"])
        yield opened


@pytest.fixture
def around(policy: cfacl.Policy) -> Callable[[Store], cfacl.Database]:
    """What opens a database over a store that no URL names, with its tables."""

    def opened(store: Store) -> cfacl.Database:
        made = Database(store, policy, compile_policy(policy), None, lambda: 0, durable=True)
        made.create_tables(only=["t", "shop_t"])
        return made

    return opened


@pytest.fixture
def connection(db: cfacl.Database) -> happybase.Connection:
    """A connection of root's."""
    return happybase.Connection(cfacl=db, principal="root", purpose="work")


@pytest.fixture
def table(connection: happybase.Connection) -> happybase.Table:
    return connection.table("t")


@pytest.fixture
def key() -> bytes:
    """What row keys of this test begin with."""
    return uuid.uuid4().hex.encode() + b"-"


@pytest.fixture(autouse=True)
def unconfigured() -> Iterator[None]:
    """Leave nothing said for the process."""
    yield
    happybase.configure(None)
