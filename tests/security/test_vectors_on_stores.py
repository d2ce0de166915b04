"""The golden vectors, asked of data on every store: what is denied touches nothing."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

import cfacl
from cfacl.testing import vectors

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SERVERS = [pytest.param(each, marks=pytest.mark.slow) for each in ("hbase", "cassandra")]


def column(db, table, family):
    """A column that may be written: a declared one where the family declares them."""
    known = db.policy.catalog.tables.get(table)
    declared = known.families[family].columns if known is not None and family in known.families else None
    return family.encode() + b":" + (min(declared) if declared else b"q")


def attempt(db, case):
    """Do what a case asks for, through a table where there is a way to, and tell how it ended."""
    session = db.session(case.principal, purpose=case.purpose)
    families = [each.encode() for each in case.families]
    if case.action == "read":
        session.table(case.table).row(b"k", columns=families)
    elif case.action == "write":
        session.table(case.table).put(b"k", {column(db, case.table, each): b"v" for each in case.families})
    elif case.action == "delete":
        session.table(case.table).delete(b"k", columns=families)
    else:
        session.require(case.action, case.table, *case.families)


@pytest.mark.rule("1a", "1d", "1e", "2a", "2b", "2c", "2d", "2e", "2f", "2g", "3a", "4a", "8a")
@pytest.mark.parametrize("vector", vectors.load(), ids=lambda vector: vector.name)
@pytest.mark.parametrize("scheme", ["memory", "rocksdb", *SERVERS])
def test_every_vector_holds_for_data(request, scheme, vector, tmp_path):
    now = [0]
    url = "memory://" if scheme == "memory" else (tmp_path / "store").as_uri().replace("file:", "rocksdb:")
    if scheme == "hbase":
        server = request.getfixturevalue("hbase")
        url = f"hbase://{server.host}:{server.port()}/v{uuid.uuid4().hex[:12]}_"
    if scheme == "cassandra":
        server = request.getfixturevalue("cassandra")
        url = f"cassandra://{server.host}:{server.port}/{request.getfixturevalue('keyspaces')()}"
    wrong = []
    with cfacl.connect(url, policy=cfacl.Policy.loads(vector.policy), clock=lambda: now[0]) as db:
        db.create_tables()
        for case in sorted(vector.cases, key=lambda case: case.at):
            now[0] = (case.at - EPOCH) // timedelta(microseconds=1) * 1000
            try:
                attempt(db, case)
                found = "allowed"
            except cfacl.AccessDenied as denial:
                found = "denied" if denial.reason == "not_granted" else "error:AccessDenied"
            except cfacl.CfaclError as error:
                found = f"error:{type(error).__name__}"
            if found != case.expected:
                wrong.append((case, found))
    assert wrong == []
