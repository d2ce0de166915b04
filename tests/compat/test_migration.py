"""A program's tables in a live HBase: drafted as a policy, classified, taken over, and used through the drop-in."""

from __future__ import annotations

import uuid
from contextlib import closing
from typing import Final

import pytest

import cfacl
from cfacl.compat.happybase import Connection
from cfacl.policy.text.draft import draft
from cfacl.stores.registry import open_store
from cfacl.testing.servers import Running

pytestmark = pytest.mark.slow

#: What is written behind the draft, once its families are classified.
ROLES: Final = """
[roles.app]
clearance = "sealed"

[[roles.app.grants]]
table = "orders"
at_or_below = "sealed"
actions = ["read", "write", "delete", "admin"]
purposes = ["service"]
why = "runs the shop"

[roles.support]
clearance = "personal"

[[roles.support.grants]]
table = "orders"
at_or_below = "personal"
actions = ["read"]
purposes = ["service"]
why = "answers tickets"

[principals]
app = { kind = "service", roles = ["app"] }
maya = { kind = "employee", roles = ["support"] }
"""


def test_what_was_there_is_read_and_written_under_the_policy(hbase: Running) -> None:
    prefix = f"m{uuid.uuid4().hex[:8]}_"
    url = f"hbase://{hbase.host}:{hbase.port()}/{prefix}?timeout=60"
    with closing(hbase.connection(timeout=60_000)) as plain:
        plain.create_table(f"{prefix}orders", {"item": {}, "card": {"max_versions": 1}})
        before = plain.table(f"{prefix}orders")
        before.put(b"o1", {b"item:name": b"lamp", b"card:number": b"4111"})
        with closing(open_store(url, clock=lambda: 0)) as store:
            drafted = draft(store.administration().discover(10), name="shop")
        item, card = drafted.index("[tables.orders.families.item]"), drafted.index("[tables.orders.families.card]")
        assert card < item
        classified = drafted[:item] + drafted[item:].replace('level = "sealed"', 'level = "personal"', 1)
        classified = classified.replace("purposes = []", 'purposes = ["service"]')
        classified = classified.replace('name = "shop"', 'name = "shop"\npurposes = ["service"]')
        with cfacl.connect(url, policy=cfacl.Policy.loads(classified + ROLES)) as db:
            with pytest.raises(cfacl.SchemaMissing, match="adopt"):
                db.create_tables()
            db.create_tables(adopt=["orders:item", "orders:card"])
            app, maya = (Connection(cfacl=db, principal=each, purpose="service") for each in ("app", "maya"))
            assert app.tables() == [b"orders"]
            assert app.table("orders").row(b"o1") == {b"item:name": b"lamp", b"card:number": b"4111"}
            assert maya.table("orders").row(b"o1") == {b"item:name": b"lamp"}
            app.table("orders").put(b"o2", {b"item:name": b"bulb"})
            assert before.row(b"o2") == {b"item:name": b"bulb"}
            app.delete_table("orders", disable=True)
            assert f"{prefix}orders".encode() not in plain.tables()
