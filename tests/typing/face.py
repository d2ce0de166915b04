"""The types that users see.  Checked by mypy and pyright, both strict; never run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import assert_type

import cfacl
from cfacl.audit.log import Log
from cfacl.audit.otel import Spans
from cfacl.audit.prometheus import Decisions, Statistics
from cfacl.testing import (
    AsPrincipal,
    Clock,
    assert_only_sees,
    assert_refused,
    assert_tells_nothing_of,
    memory_database,
)


def told(event: cfacl.Event) -> None:
    assert_type(event.families, frozenset[str])
    assert_type(event.allowed, bool)
    assert_type(event.decision, str | None)
    assert_type(event.reason, str | None)


def connecting(path: Path, policy: cfacl.Policy) -> None:
    assert_type(cfacl.connect("rocksdb:///srv/home", policy="home.toml"), cfacl.Database)
    assert_type(cfacl.connect(path, policy=path, on_event=told), cfacl.Database)
    assert_type(cfacl.connect(path, policy=path, read_only=True, staleness=5), cfacl.Database)
    assert_type(cfacl.connect(path, policy=path, on_event=(told, Log(), Spans(), Decisions())), cfacl.Database)
    cfacl.connect(path, policy=path, on_event=[None])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]  # no function
    with cfacl.connect("memory://", policy=policy, clock=lambda: 0) as db:
        assert_type(db, cfacl.Database)
        assert_type(db.stats(), dict[str, int | str])
        Statistics(db)


def policies(text: str) -> None:
    policy = cfacl.Policy.loads(text)
    assert_type(policy, cfacl.Policy)
    assert_type(cfacl.Policy.load("home.toml"), cfacl.Policy)
    assert_type(policy.dumps(), str)
    for change in cfacl.diff(policy, policy):
        assert_type(change, cfacl.Change)


def operating(db: cfacl.Database, policy: cfacl.Policy, at: datetime) -> None:
    db.create_tables(adopt=["account:id"])
    db.replace_policy(policy)
    assert_type(db.drift(), list[cfacl.Difference])
    assert_type(db.who("read", "account", "id", purpose="support", at=at), list[cfacl.Holder])
    assert_type(db.what("maya"), list[cfacl.Permission])
    db.who("look", "account", "id")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # no such action


def asking(db: cfacl.Database, session: cfacl.Session) -> None:
    ask = db.prepare("read", "account", "id", "prof")
    assert_type(ask, cfacl.Ask)
    assert_type(session.allows(ask), bool)
    assert_type(session.allows("read", "account", "id"), bool)
    session.require(ask)
    session.require("write", "account", "prof")
    assert_type(session.families("read", "account"), frozenset[str])
    assert_type(session.explain("read", "account", "id"), cfacl.Explanation)
    assert_type(session.explain(ask).allowed, bool)
    session.allows(ask, "id")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]  # an ask has its families


def reading(table: cfacl.Table) -> None:
    row = table.row(b"u17")
    assert_type(row, cfacl.Row[bytes])
    assert_type(row[b"prof:country"], bytes)
    assert_type(row.withheld, frozenset[str])
    assert_type(row.copy(), cfacl.Row[bytes])
    assert_type(table.row(b"u17", [b"prof"], strict=True), cfacl.Row[bytes])
    assert_type(table.row(b"u17", include_timestamp=True), cfacl.Row[tuple[bytes, int]])
    assert_type(table.rows([b"u17"]), list[tuple[bytes, cfacl.Row[bytes]]])
    assert_type(table.rows([b"u17"], include_timestamp=True), list[tuple[bytes, cfacl.Row[tuple[bytes, int]]]])
    assert_type(table.cells(b"u17", b"prof:country"), list[bytes])
    assert_type(table.cells(b"u17", b"prof:country", include_timestamp=True), list[tuple[bytes, int]])
    for key, cells in table.scan(row_prefix=b"u", batch_size=500):
        assert_type(key, bytes)
        assert_type(cells, cfacl.Row[bytes])
    for _, stamped in table.scan(include_timestamp=True, reverse=True, limit=10):
        assert_type(stamped, cfacl.Row[tuple[bytes, int]])
    table.scan().close()
    table.row("u17")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]  # keys are bytes


def writing(table: cfacl.Table) -> None:
    table.put(b"u17", {b"prof:language": b"fr"})
    table.delete(b"u17", columns=[b"prof"])
    with table.batch(transaction=True) as batch:
        assert_type(batch, cfacl.Batch)
        batch.put(b"u17", {b"prof:language": b"fr"})
        batch.delete(b"u18")
    assert_type(table.counter_inc(b"u17", b"prof:logins"), int)
    assert_type(table.counter_get(b"u17", b"prof:logins"), int)
    assert_type(table.compare_and_set(b"u17", b"prof:language", b"fr", {b"prof:language": b"de"}), bool)
    table.put(b"u17", {"prof:language": b"fr"})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]  # columns are bytes


def failing(table: cfacl.Table) -> None:
    try:
        table.row(b"u17")
    except cfacl.AccessDenied as denied:
        assert_type(denied.families, frozenset[str])
        assert_type(denied.reason, str)
        assert_type(denied.decision, str)
    except cfacl.PolicyError as error:
        assert_type(error.faults, tuple[cfacl.Fault, ...])


def testing(path: Path, table: cfacl.Table, as_principal: AsPrincipal) -> None:
    with memory_database(path, Clock(datetime.now(UTC)), on_event=[print]) as db:
        assert_type(db, cfacl.Database)
    assert_type(as_principal("maya", purpose="support"), cfacl.Session)
    assert_type(as_principal("maya", purpose="support", table="account"), cfacl.Table)
    with assert_refused("id", "prof", action="read", table="account", reason="not_granted") as refused:
        table.row(b"u17")
    assert_type(refused.error, cfacl.AccessDenied)
    assert_only_sees(table.row(b"u17"), "prof", b"log:at", withheld={"id"})
    assert_only_sees(table.row(b"u17", include_timestamp=True), "prof", withheld=["id"])
    assert_only_sees(table.rows([b"u17"]), "prof", withheld=())
    assert_only_sees(table.scan(include_timestamp=True), "prof", withheld=table.row(b"u17").withheld)
    assert_tells_nothing_of("id", "auth", db=db, table="account", ask=lambda: table.row(b"u17"))
    assert_only_sees(table.row(b"u17"), "prof")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # what was withheld is always said
    assert_only_sees({b"prof:country": b"SG"}, "prof", withheld=())  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]  # a dict has lost it
