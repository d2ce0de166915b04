"""A whole row is what the catalog says when its deletion is sent, also when families went meanwhile."""

from __future__ import annotations

import sys
import threading

import pytest

import cfacl

BOTH = """
policy = { name = "p", purposes = ["work"] }
tables.t.families.a = { level = "public", purposes = ["work"] }
tables.t.families.b = { level = "public", purposes = ["work"] }
roles.all = { clearance = "public", grants = [
    { table = "t", at_or_below = "public", actions = ["read", "write", "delete"], purposes = ["work"], why = "all" }] }
principals.ann = { kind = "employee", roles = ["all"] }
"""
ONE = cfacl.Policy.loads(BOTH.replace('tables.t.families.b = { level = "public", purposes = ["work"] }\n', ""))
OTHER = cfacl.Policy.loads(BOTH.replace("families.b", "families.c"))


@pytest.fixture(name="db")
def _db():
    with cfacl.connect("memory://", policy=cfacl.Policy.loads(BOTH)) as db:
        db.create_tables()
        yield db


@pytest.mark.rule("9c")
@pytest.mark.parametrize("policy", [ONE, OTHER], ids=["a family less", "another family"])
def test_a_batched_row_deletion_is_taken_apart_anew(db, policy):
    table = db.session("ann", purpose="work").table("t")
    table.put(b"k", {b"a:q": b"v"})
    batch = table.batch(transaction=True)
    batch.delete(b"k")
    db.replace_policy(policy)
    db.create_tables()
    batch.send()
    assert table.row(b"k") == {}


def test_row_deletions_race_policies_without_an_error_of_ours(db):
    both = db.policy
    table = db.session("ann", purpose="work").table("t")
    failures = []
    done = threading.Event()

    def delete():
        while not done.is_set():
            try:
                table.delete(b"k")
            except cfacl.SchemaMissing:
                pass  # the family that came back has not been adopted yet
            except Exception as error:  # noqa: BLE001  # which is what must not be
                failures.append(error)

    threads = [threading.Thread(target=delete) for _ in range(3)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for each in threads:
            each.start()
        for _ in range(150):
            db.replace_policy(ONE)
            db.replace_policy(both)
            db.create_tables(adopt=["t:b"])
    finally:
        done.set()
        for each in threads:
            each.join()
        sys.setswitchinterval(interval)
    assert failures == []
