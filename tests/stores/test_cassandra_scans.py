"""Scans of a real Cassandra by way of `connect`, in both layouts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

import cfacl
from cfacl.testing.servers import RunningCassandra

pytestmark = pytest.mark.slow

ROWS: Final = 300


def policy(layout: str) -> cfacl.Policy:
    return cfacl.Policy.loads(
        f"""
policy = {{ name = "x", purposes = ["w"] }}
tables.t.families.a = {{ level = "personal", purposes = ["w"] }}
tables.t.families.b = {{ level = "personal", purposes = ["w"] }}
stores.cassandra.tables.t = {{ layout = "{layout}"{", buckets = 4" * (layout == "ordered")} }}
principals.p = {{ kind = "service", roles = ["r"] }}
[roles.r]
clearance = "personal"
grants = [{{ table = "t", at_or_below = "personal", actions = ["read", "write"], purposes = ["w"], why = "test" }}]
"""
    )


@pytest.mark.rule("Order")
@pytest.mark.parametrize(("made", "said"), [("ordered", "ordered"), ("row", "row"), ("row", "ordered")])
def test_all_rows_come_whatever_the_layout(
    cassandra: RunningCassandra, keyspaces: Callable[[], str], made: str, said: str
) -> None:
    """By the layout that the table was made with, whatever the policy says since."""
    url = f"cassandra://{cassandra.host}:{cassandra.port}/{keyspaces()}?timeout=60"
    rows = {b"%04d" % number: {b"a:q": b"1", b"a:r": b"2", b"b:q": b"3"} for number in range(ROWS)}
    with cfacl.connect(url, policy=policy(made)) as db:
        db.create_tables()
        with db.session("p", purpose="w").table("t").batch() as batch:
            for key, row in rows.items():
                batch.put(key, row)
    with cfacl.connect(url, policy=policy(said)) as db:
        table = db.session("p", purpose="w").table("t")
        found = list(table.scan(batch_size=40))
        assert dict(found) == rows
        assert ([key for key, _ in found] == sorted(rows)) is (made == "ordered")
        assert len(list(table.scan(limit=50, batch_size=20))) == 50
        parts = list(table.scan(scan_batching=2, batch_size=20))
        assert {key for key, _ in parts} == set(rows)
        assert all(len(row) <= 2 for _, row in parts)
        assert sum(len(row) for _, row in parts) == 3 * ROWS
        if made == "row":
            with pytest.raises(cfacl.Unsupported, match="the layout `row`, whose scans have no order"):
                list(table.scan(row_prefix=b"0"))
