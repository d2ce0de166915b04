"""Two tables whose granted masks are the same number never share a projection."""

from __future__ import annotations

import cfacl

POLICY = cfacl.Policy.loads("""
policy = { name = "p", purposes = ["work"] }
tables.t.families.a = { level = "public", purposes = ["work"] }
tables.u.families.b = { level = "public", purposes = ["work"] }
roles.r = { clearance = "public", grants = [
    { table = "t", families = ["a"], actions = ["read", "write"], purposes = ["work"], why = "w" },
    { table = "u", families = ["b"], actions = ["read", "write"], purposes = ["work"], why = "w" }] }
principals.ann = { kind = "employee", roles = ["r"] }
""")


def test_rows_of_two_tables_with_equal_masks_are_their_own():
    with cfacl.connect("memory://", policy=POLICY) as db:
        db.create_tables()
        session = db.session("ann", purpose="work")
        for table, column in (("t", b"a:q"), ("u", b"b:q")):
            session.table(table).put(b"k", {column: table.encode()})
        assert session.table("t").row(b"k") == {b"a:q": b"t"}
        assert session.table("u").row(b"k") == {b"b:q": b"u"}
