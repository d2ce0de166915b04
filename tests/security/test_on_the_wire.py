"""What passes between a guarded table and a real HBase: of a family that is hidden neither its name nor a value."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

import cfacl
from cfacl.testing.servers import Proxy, Running

pytestmark = pytest.mark.slow

POLICY: Final = cfacl.Policy.loads("""
policy = { name = "wire", purposes = ["work"] }
tables.t.families.open = { level = "public", purposes = ["work"], versions = 3 }
tables.t.families.veiled = { level = "sensitive", purposes = ["work"], versions = 3 }
roles.all = { clearance = "sensitive", grants = [
    { table = "t", at_or_below = "sensitive", actions = ["read", "write"], purposes = ["work"], why = "all" }] }
roles.some = { clearance = "sensitive", grants = [
    { table = "t", families = ["open"], actions = ["read"], purposes = ["work"], why = "some" }] }
principals.root = { kind = "employee", roles = ["all"] }
principals.ann = { kind = "employee", roles = ["some"] }
""")
KEYS: Final = [b"r%d" % number for number in range(5)]
#: In each hidden value, and in the name of each hidden column; the name of their family.
SECRET, COLUMN, FAMILY = b"hidden-value", b"hidden-column", b"veiled"
READS: Final[dict[str, Callable[[cfacl.Table], Any]]] = {
    "row": lambda table: table.row(KEYS[0]),
    "row of a column": lambda table: table.row(KEYS[0], columns=[b"open:q"]),
    "row with timestamps": lambda table: table.row(KEYS[0], include_timestamp=True),
    "row as of before": lambda table: table.row(KEYS[0], timestamp=1 << 60),
    "rows": lambda table: table.rows(KEYS),
    "cells": lambda table: table.cells(KEYS[0], b"open:q", versions=3),
    "scan": lambda table: list(table.scan()),
    "scan in reverse": lambda table: list(table.scan(reverse=True, batch_size=2)),
    "scan in parts": lambda table: list(table.scan(scan_batching=1)),
    "scan as of before": lambda table: list(table.scan(timestamp=1 << 60, limit=3)),
}


@pytest.fixture(params=["buffered", "framed"])
def proxy(request: pytest.FixtureRequest, hbase: Running) -> Iterator[Proxy]:
    with Proxy(hbase.host, hbase.port(request.param), framed=request.param == "framed") as made:
        yield made


@pytest.fixture
def db(proxy: Proxy, hbase: Running, request: pytest.FixtureRequest) -> Iterator[cfacl.Database]:
    """A database behind the proxy, with rows in it that were written by another way, each with hidden cells."""
    prefix = f"w{uuid.uuid4().hex[:12]}_"
    with cfacl.connect(f"hbase://{hbase.host}:{hbase.port()}/{prefix}", policy=POLICY) as writing:
        writing.create_tables()
        with writing.session("root", purpose="work").table("t").batch() as batch:
            for key in KEYS:
                batch.put(key, {b"open:q": b"shown", b"open:r": b"shown", b"veiled:" + COLUMN: SECRET + key})
    transport = request.node.callspec.params["proxy"]
    with cfacl.connect(f"hbase://{proxy.host}:{proxy.port}/{prefix}?transport={transport}", policy=POLICY) as made:
        made.session("ann", purpose="work").table("t").row(b"none")  # all that is asked of the schema is asked now
        assert SECRET not in passed(proxy)
        proxy.exchanges.clear()
        yield made


def passed(proxy: Proxy) -> bytes:
    """All that passed, either way."""
    return b"".join(each.sent + each.received for each in proxy.exchanges)


@pytest.mark.rule("4b")
@pytest.mark.failure("store-acl-1")
def test_a_narrow_read_names_no_hidden_family_and_no_hidden_value_passes(db: cfacl.Database, proxy: Proxy) -> None:
    table = {name: db.session(name, purpose="work").table("t") for name in ("ann", "root")}
    for name, read in READS.items():
        proxy.exchanges.clear()
        found = read(table["ann"])
        seen = passed(proxy)
        assert found, name
        assert b"open+" in seen, name
        assert b"shown" in seen, name
        for hidden in (FAMILY, COLUMN, SECRET):
            assert hidden not in seen, f"{name}: {hidden!r} passed"
    # The same by somebody who sees all of it: the proxy would have noticed.
    for name in ("row", "rows", "scan"):
        proxy.exchanges.clear()
        assert READS[name](table["root"])
        for shown in (FAMILY, COLUMN, SECRET):
            assert shown in passed(proxy), name


def test_what_is_denied_is_not_asked_for(db: cfacl.Database, proxy: Proxy) -> None:
    table = db.session("ann", purpose="work").table("t")
    denied: list[Callable[[], object]] = [
        lambda: table.row(KEYS[0], columns=[b"veiled"]),
        lambda: table.row(KEYS[0], columns=[b"open:q", b"veiled:" + COLUMN]),
        lambda: table.rows(KEYS, columns=[b"veiled"]),
        lambda: table.cells(KEYS[0], b"veiled:" + COLUMN),
        lambda: list(table.scan(columns=[b"veiled:" + COLUMN])),
        lambda: table.put(KEYS[0], {b"veiled:" + COLUMN: b"1"}),
    ]
    for call in denied:
        with pytest.raises(cfacl.AccessDenied):
            call()
    assert proxy.exchanges == []
