"""A policy without a family was in force: the family comes back only when it is adopted."""

from __future__ import annotations

import pytest

import cfacl

BOTH = """
policy = { name = "p", purposes = ["work"] }
tables.t.families.a = { level = "public", purposes = ["work"] }
tables.t.families.b = { level = "public", purposes = ["work"] }
roles.all = { clearance = "public", grants = [
    { table = "t", at_or_below = "public", actions = ["read", "write"], purposes = ["work"], why = "all" }] }
principals.ann = { kind = "employee", roles = ["all"] }
"""
ONE = BOTH.replace('tables.t.families.b = { level = "public", purposes = ["work"] }\n', "")


def connected(tmp_path, text):
    return cfacl.connect(tmp_path / "store", policy=cfacl.Policy.loads(text))


@pytest.mark.rule("Identities")
def test_connecting_without_a_family_puts_it_out_of_reach_for_good(tmp_path):
    with connected(tmp_path, BOTH) as db:
        db.create_tables()
        db.session("ann", purpose="work").table("t").put(b"r", {b"b:q": b"v"})
    with connected(tmp_path, ONE):
        pass
    with connected(tmp_path, BOTH) as db:
        table = db.session("ann", purpose="work").table("t")
        with pytest.raises(cfacl.SchemaMissing):
            table.row(b"r", columns=[b"b"])
        with pytest.raises(cfacl.SchemaMissing, match="t:b"):
            db.create_tables()
        db.create_tables(adopt=["t:b"])
        assert table.row(b"r", columns=[b"b"]) == {b"b:q": b"v"}
