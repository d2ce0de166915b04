"""What the smart-home backend must refuse, as far as a policy can say it: one row, real reads and writes, every store."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import attrs
import pytest

import cfacl
from cfacl.cli.demo import scenario
from cfacl.cli.demo.loading import LOADER, loading_policy
from cfacl.model.catalog import Catalog
from cfacl.model.grants import nanoseconds

POLICY: Final = scenario.policy()
NOW: Final = nanoseconds(datetime.fromisoformat(scenario.NOW))
DAY: Final = 86_400 * 10**9


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(
    params=["memory", "rocksdb", *[pytest.param(each, marks=pytest.mark.slow) for each in ("hbase", "cassandra")]]
)
def db(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[cfacl.Database]:
    where: str | Path = "memory://" if request.param == "memory" else tmp_path / "store"
    if request.param == "hbase":
        server = request.getfixturevalue("hbase")
        where = f"hbase://{server.host}:{server.port()}/s{uuid.uuid4().hex[:12]}_"
    elif request.param == "cassandra":
        server = request.getfixturevalue("cassandra")
        where = f"cassandra://{server.host}:{server.port}/{request.getfixturevalue('keyspaces')()}?timeout=60"
    with cfacl.connect(where, policy=loading_policy(POLICY), clock=clock) as db:
        db.create_tables()
        yield db


def fill(db: cfacl.Database, table: str, rows: dict[bytes, dict[bytes, bytes]]) -> None:
    """Write rows as the loading policy allows, then put the smart-home policy in its place."""
    with db.session(LOADER, purpose=LOADER) as session, session.table(table).batch() as batch:
        for key, cells in rows.items():
            batch.put(key, cells)
    db.replace_policy(POLICY)


@pytest.mark.refusal(3)
def test_a_row_read_whole_does_not_tell_whether_hidden_families_hold_anything(db: cfacl.Database) -> None:
    shown = {b"prof:country": b"SG"}
    fill(
        db,
        "account",
        {
            b"full": {**shown, b"id:name": b"Ada", b"auth:password_hash": b"x"},
            b"bare": shown,
            b"hidden-only": {b"id:name": b"Bob", b"auth:mfa_secret": b"y"},
        },
    )
    with db.session("fay", purpose="fraud") as session:
        account = session.table("account")
        full, bare = account.row(b"full"), account.row(b"bare")
        assert full == bare == shown
        assert full.withheld == bare.withheld == {"id", "auth"}
        hidden, missing = account.row(b"hidden-only"), account.row(b"missing")
        assert hidden == missing == {}
        assert hidden.withheld == missing.withheld == {"id", "auth"}
        assert [key for key, _ in account.scan()] == [b"bare", b"full"]
        assert [key for key, _ in account.rows([b"full", b"hidden-only", b"missing"])] == [b"full"]
        told = set()
        for key in (b"full", b"bare", b"hidden-only", b"missing"):
            with pytest.raises(cfacl.AccessDenied) as denial:
                account.row(key, strict=True)
            told.add((str(denial.value), denial.value.families))
        assert len(told) == 1


@pytest.mark.refusal(2)
def test_a_scan_that_filters_on_what_is_not_granted_is_refused_whatever_it_returns(db: cfacl.Database) -> None:
    fill(db, "device", {b"d1": {b"hw:model": b"lock-2", b"bind:owner": b"9c01"}})
    of = "SingleColumnValueFilter('bind', 'owner', =, 'binary:9c01', true, true)"
    with db.session("finn", purpose="maintenance") as session:
        device = session.table("device")
        assert [key for key, _ in device.scan(columns=[b"hw"], filter="ValueFilter(=, 'binary:9c01')")] == []
        for strict in (None, False, True):
            for columns in (None, [b"hw"]):
                with pytest.raises(cfacl.AccessDenied) as denial:
                    device.scan(columns=columns, filter=of, strict=strict)
                assert "bind" in denial.value.families


@pytest.mark.refusal(5)
def test_a_firmware_engineer_cannot_go_on_from_a_device_to_its_owner(db: cfacl.Database) -> None:
    owner = b"9c01"
    with db.session(LOADER, purpose=LOADER) as session:
        session.table("account").put(owner, {b"id:name": b"Ada"})
    fill(db, "device", {b"d1": {b"hw:model": b"lock-2", b"bind:owner": owner}})
    for purpose in sorted(POLICY.catalog.purposes):
        with db.session("finn", purpose=purpose) as session:
            device, account = session.table("device"), session.table("account")
            if purpose in ("maintenance", "product_dev"):
                row = device.row(b"d1")
                assert row == {b"hw:model": b"lock-2"}
                assert "bind" in row.withheld
                assert list(device.scan()) == [(b"d1", row)]
            for way in (
                lambda: device.row(b"d1", columns=[b"bind:owner"]),
                lambda: device.rows([b"d1"], columns=[b"hw", b"bind"]),
                lambda: device.scan(columns=[b"bind:owner"]),
                lambda: device.cells(b"d1", b"bind:owner"),
                lambda: account.row(owner),
                lambda: account.row(owner, columns=[b"id:name"]),
                lambda: account.scan(row_prefix=owner),
            ):
                with pytest.raises(cfacl.AccessDenied):
                    way()


@pytest.mark.refusal(11)
def test_a_purpose_that_the_family_does_not_list_is_refused(db: cfacl.Database) -> None:
    fill(db, "crash", {b"c1": {b"sum:signature": b"oom", b"dump:stack": b"0xdead"}})
    with db.session("cleo", purpose="maintenance") as session:
        assert session.table("crash").row(b"c1", columns=[b"dump"]) == {b"dump:stack": b"0xdead"}
    with db.session("cleo", purpose="product_dev") as session:
        crash = session.table("crash")
        assert crash.row(b"c1") == {b"sum:signature": b"oom"}
        with pytest.raises(cfacl.AccessDenied):
            crash.row(b"c1", columns=[b"dump"])
        with pytest.raises(cfacl.AccessDenied):
            crash.scan(columns=[b"sum", b"dump"])


@pytest.mark.refusal(11)
def test_no_grant_reaches_a_family_for_a_purpose_that_it_does_not_list(db: cfacl.Database) -> None:
    """Also when a grant of every purpose there is would say so: the family's own list decides."""
    everything = {
        role.name: attrs.evolve(
            role,
            grants=tuple(attrs.evolve(grant, purposes=POLICY.catalog.purposes) for grant in role.grants),
        )
        for role in POLICY.roles.values()
    }
    db.replace_policy(attrs.evolve(POLICY, roles=everything, never=(), expect=()))
    seen = 0
    for principal in POLICY.principals:
        for purpose in POLICY.catalog.purposes:
            with db.session(principal, purpose=purpose) as session:
                for name, table in POLICY.catalog.tables.items():
                    listing = {each.name for each in table.families.values() if purpose in each.purposes}
                    for action in ("read", "write"):
                        families = session.families(action, name)  # type: ignore[arg-type]  # a literal
                        seen += len(families)
                        assert families <= listing
    assert seen > 200


# HBase stamps by its own clock; the suite for stores shows it there, with timestamps that are said.
@pytest.mark.parametrize("db", ["memory", "rocksdb"], indirect=True)
@pytest.mark.refusal(13)
def test_an_expired_cell_is_not_read_though_nothing_swept_it(db: cfacl.Database, clock: Clock) -> None:
    fill(db, "crash", {b"c1": {b"dump:stack": b"0xdead", b"sum:signature": b"oom"}})
    with db.session("cleo", purpose="maintenance") as session:
        crash = session.table("crash")
        clock.now = NOW + 30 * DAY - 1_000_000
        assert crash.row(b"c1", columns=[b"dump"]) == {b"dump:stack": b"0xdead"}
        clock.now = NOW + 30 * DAY
        assert crash.row(b"c1", columns=[b"dump"]) == {}
        assert crash.row(b"c1") == {b"sum:signature": b"oom"}
        assert crash.rows([b"c1"], columns=[b"dump:stack"]) == []
        assert crash.cells(b"c1", b"dump:stack") == []
        assert list(crash.scan(columns=[b"dump"])) == []
        assert crash.row(b"c1", columns=[b"dump"], timestamp=(NOW + 40 * DAY) // 10**6) == {}


@pytest.mark.refusal(20)
@pytest.mark.parametrize(
    "name", [b"default:x", b"nosuch:x", b"default", b":x", b"ID:name", b"id\0:name", b"bind:owner"]
)
def test_a_family_that_nobody_registered_takes_no_write(db: cfacl.Database, name: bytes) -> None:
    with db.session(LOADER, purpose=LOADER) as session:
        account = session.table("account")
        with pytest.raises(cfacl.RequestError):
            account.put(b"u1", {b"id:name": b"Ada", name: b"x"})
        with pytest.raises(cfacl.RequestError), account.batch() as batch:
            batch.put(b"u1", {b"id:name": b"Ada"})
            batch.put(b"u1", {name: b"x"})
        with pytest.raises(cfacl.RequestError):
            account.counter_inc(b"u1", name)
    db.replace_policy(POLICY)
    with db.session("svc-app", purpose="service") as session:
        assert session.table("account").row(b"u1") == {}


@pytest.mark.refusal(20)
@pytest.mark.parametrize("name", ["default", "nosuch", "", "account:id", "cfacl"])
def test_a_table_that_nobody_registered_cannot_be_had(db: cfacl.Database, name: str) -> None:
    with db.session(LOADER, purpose=LOADER) as session, pytest.raises(cfacl.UnknownTable):
        session.table(name)


@pytest.mark.refusal(20)
def test_a_family_that_the_policy_dropped_takes_no_write_though_the_store_has_it(db: cfacl.Database) -> None:
    loading = loading_policy(POLICY)
    table = loading.catalog.tables["account"]
    left = attrs.evolve(table, families={name: each for name, each in table.families.items() if name != "auth"})
    with db.session(LOADER, purpose=LOADER) as session:
        account = session.table("account")
        account.put(b"u1", {b"auth:mfa_secret": b"x"})
        catalog: Catalog = attrs.evolve(loading.catalog, tables={**loading.catalog.tables, "account": left})
        db.replace_policy(attrs.evolve(loading, catalog=catalog))
        with pytest.raises(cfacl.UnknownFamily):
            account.put(b"u1", {b"auth:mfa_secret": b"y"})
        account.put(b"u1", {b"id:name": b"Ada"})
