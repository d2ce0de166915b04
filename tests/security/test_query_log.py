"""What Cassandra itself says that it was sent: nothing of what is hidden, nothing for what is denied, nothing of values."""

from __future__ import annotations

import re
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

import cfacl
from cfacl.testing.servers import RunningCassandra

pytestmark = pytest.mark.slow

POLICY: Final = """
policy = { name = "log", purposes = ["w"] }

[tables.t.families]
shown  = { level = "public", purposes = ["w"] }
kept   = { level = "public", purposes = ["w"], versions = 3 }
hidden = { level = "sealed", purposes = ["w"] }

[roles.some]
clearance = "public"
grants = [{ table = "t", at_or_below = "public", actions = ["read", "write", "delete"], purposes = ["w"], why = "test" }]
[roles.all]
clearance = "sealed"
grants = [{ table = "t", at_or_below = "sealed", actions = ["read", "write", "delete"], purposes = ["w"], why = "test" }]

[principals]
ann  = { kind = "employee", roles = ["some"] }
root = { kind = "service", roles = ["all"] }
nil  = { kind = "employee", roles = [] }

[stores.cassandra.tables.t]
buckets = 4
"""
_LINE: Final = re.compile(
    r"\|port:(\d+)\|.*\|type:(\w+)\|category:(\w+)(?:\|batch:[\w-]+)?(?:\|ks:(\w+))?(?:\|scope:(\w+))?\|operation:(.*)"
)
#: Every way to read what is granted, of a session without the hidden family.
READS: Final[dict[str, Callable[[cfacl.Table], Any]]] = {
    "row": lambda t: t.row(b"canary-row"),
    "row, columns": lambda t: t.row(b"canary-row", columns=[b"shown:canary-name", b"kept"]),
    "row, before": lambda t: t.row(b"canary-row", timestamp=1 << 50, include_timestamp=True),
    "rows": lambda t: t.rows([b"canary-row", b"other"]),
    "cells": lambda t: t.cells(b"canary-row", b"kept:a"),
    "scan": lambda t: list(t.scan()),
    "scan, columns": lambda t: list(t.scan(columns=[b"shown:canary-name"], row_prefix=b"c")),
    "scan, reverse": lambda t: list(t.scan(reverse=True, row_start=b"z", scan_batching=1)),
    "counter": lambda t: t.counter_get(b"canary-row", b"shown:n"),
}
WRITES: Final[dict[str, Callable[[cfacl.Table], Any]]] = {
    "put": lambda t: t.put(b"canary-row", {b"shown:canary-name": b"canary-value", b"kept:a": b"canary-value"}),
    "delete": lambda t: t.delete(b"canary-row", [b"shown:canary-name", b"kept"]),
    "counter_inc": lambda t: t.counter_inc(b"canary-row", b"shown:n"),
    "compare_and_set": lambda t: t.compare_and_set(b"canary-row", b"shown:z", None, {b"shown:z": b"canary-value"}),
}
DENIED: Final[dict[str, Callable[[cfacl.Table], Any]]] = {
    "row": lambda t: t.row(b"r", columns=[b"hidden"]),
    "row, strict": lambda t: t.row(b"r", strict=True),
    "rows": lambda t: t.rows([b"r"], columns=[b"shown", b"hidden:a"]),
    "cells": lambda t: t.cells(b"r", b"hidden:a"),
    "scan": lambda t: list(t.scan(columns=[b"hidden"])),
    "put": lambda t: t.put(b"r", {b"shown:a": b"1", b"hidden:a": b"1"}),
    "delete": lambda t: t.delete(b"r"),
    "counter_inc": lambda t: t.counter_inc(b"r", b"hidden:n"),
    "compare_and_set": lambda t: t.compare_and_set(b"r", b"hidden:a", None, {b"shown:a": b"1"}),
}


class Log:
    """What a node logs of the statements for one keyspace, or from some ports, from one place on to the next."""

    def __init__(self, file: Path, keyspace: str, ports: set[int]) -> None:
        self.file, self.keyspace, self.ports = file, keyspace, ports
        self.place = file.stat().st_size

    def take(self) -> list[tuple[str, str, str]]:
        """Return (type, table, text) of each statement for the keyspace since the last time."""
        return [(kind, table or "", text) for _, kind, _, ks, table, text in self._lines() if ks == self.keyspace]

    def sent(self) -> list[str]:
        """Return the text of each statement that came from our ports since the last time, whatever it is about."""
        return [text for port, *_, text in self._lines() if int(port) in self.ports]

    def _lines(self) -> list[Any]:
        """Return what is logged, which is before it is answered."""
        time.sleep(0.1)  # one that was not waited for
        with self.file.open("rb") as log:
            log.seek(self.place)
            text = log.read().decode("utf-8", "replace")
            self.place = log.tell()
        found = filter(None, map(_LINE.search, text.splitlines()))
        return [each.groups() for each in found]


@pytest.fixture(scope="module")
def superuser(cassandra_auth: RunningCassandra) -> Iterator[Any]:
    with cassandra_auth.session(timeout=60) as session:
        yield session


@pytest.fixture
def keyspace(superuser: Any) -> Iterator[str]:
    name = f"q{uuid.uuid4().hex[:12]}"
    superuser.execute(f"CREATE KEYSPACE {name} WITH replication = {{'class': 'NetworkTopologyStrategy', 'eu': 1}}")
    yield name
    superuser.execute(f"DROP KEYSPACE {name}")


@pytest.fixture
def db(cassandra_auth: RunningCassandra, keyspace: str, tmp_path: Path) -> Iterator[cfacl.Database]:
    certificates = cassandra_auth.certificates
    assert certificates is not None
    (tmp_path / "known").write_text("[PlainTextAuthProvider]\nusername = cassandra\npassword = cassandra\n", "utf-8")
    url = (
        f"cassandra://{cassandra_auth.host}:{cassandra_auth.port}/{keyspace}?timeout=30&credentials={tmp_path / 'known'}"
        f"&ca={certificates / 'ca.pem'}&cert={certificates / 'client.pem'}&key={certificates / 'client.key'}"
    )
    with cfacl.connect(url, policy=cfacl.Policy.loads(POLICY)) as opened:
        opened.create_tables()
        root = opened.session("root", purpose="w").table("t")
        root.put(b"canary-row", {b"shown:canary-name": b"1", b"kept:a": b"2", b"hidden:a": b"3"})
        yield opened


@pytest.fixture
def log(cassandra_auth: RunningCassandra, keyspace: str, db: cfacl.Database) -> Log:
    pools: Any = db._store._ring._session.get_pools()  # type: ignore[attr-defined]  # any other store has none
    return Log(cassandra_auth.log(), keyspace, {each._connection._socket.getsockname()[1] for each in pools})


def tables(statements: list[tuple[str, str, str]]) -> set[str]:
    return {re.sub(r"__\d+$", "", table) for _, table, _ in statements}


@pytest.mark.parametrize("name", READS)
def test_a_narrow_read_names_no_table_of_a_hidden_family(db: cfacl.Database, log: Log, name: str) -> None:
    READS[name](db.session("ann", purpose="w").table("t"))
    found = log.take()
    assert found
    assert tables(found) <= {"t__shown", "t__kept"}
    assert not any("hidden" in text for _, _, text in found)
    assert {kind for kind, _, _ in found} <= {"SELECT", "PREPARE_STATEMENT"}


def test_what_is_granted_is_asked_for(db: cfacl.Database, log: Log) -> None:
    """So that a log without a hidden family's table says something."""
    db.session("root", purpose="w").table("t").row(b"canary-row")
    assert tables(log.take()) == {"t__shown", "t__kept", "t__hidden"}


@pytest.mark.parametrize("name", WRITES)
def test_a_write_touches_what_it_names_alone(db: cfacl.Database, log: Log, name: str) -> None:
    WRITES[name](db.session("ann", purpose="w").table("t"))
    found = log.take()
    assert tables(found) <= {"t__shown", "t__kept"}
    assert not any("hidden" in text for _, _, text in found)


@pytest.mark.parametrize("principal", ["ann", "nil"])
@pytest.mark.parametrize("name", DENIED)
def test_a_denied_request_sends_no_statement(db: cfacl.Database, log: Log, name: str, principal: str) -> None:
    table = db.session(principal, purpose="w").table("t")
    db._store.tables()  # so that an empty log says something
    assert log.sent()
    with pytest.raises(cfacl.AccessDenied):
        DENIED[name](table)
    assert log.sent() == []


def test_statements_are_prepared_once_name_their_columns_and_hold_no_value(db: cfacl.Database, log: Log) -> None:
    table = db.session("ann", purpose="w").table("t")
    for _ in range(3):
        for each in (*WRITES.values(), *READS.values()):
            each(table)
    found = log.take()
    prepared = Counter(text for kind, _, text in found if kind == "PREPARE_STATEMENT")
    assert prepared
    assert set(prepared.values()) == {1}
    for _, _, text in found:
        assert "ALLOW FILTERING" not in text
        assert not re.search(r"SELECT\s+\*", text)
        assert "canary" not in text
        assert b"canary".hex() not in text
