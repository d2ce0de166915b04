"""Whatever the drop-in answers over HBase is what happybase answers over the same HBase; and so it is on RocksDB."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import closing
from random import Random
from typing import Any, Final

import pytest

import cfacl
from cfacl.compat.happybase import Connection
from cfacl.testing.servers import Running

pytestmark = pytest.mark.slow

SEEDS: Final = 40 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 4
STEPS: Final = 200
KEYS: Final = [b"r1", b"r10", b"r2", b"\xff", b"s"]
COLUMNS: Final = [b"cf1:a", b"cf1:b", b"cf1:", b"cf1:a:b", b"cf2:a"]
ASKED: Final = [*COLUMNS, b"cf1", b"cf2"]
#: Filters that HBase answers as it says; `tests/filters` has the others.  `ColumnPrefixFilter` brings back what was deleted.
FILTERS: Final = [
    "PrefixFilter('r1')",
    "SingleColumnValueFilter('cf1', 'a', >=, 'binary:5')",
    "SingleColumnValueFilter('cf1', 'b', =, 'binary:3', true, true)",
    "RowFilter(<, 'binary:r2')",
    "FirstKeyOnlyFilter() AND KeyOnlyFilter()",
    "QualifierFilter(=, 'binary:b')",
    "InclusiveStopFilter('r10')",
]


@pytest.fixture(scope="module")
def plain(hbase: Running) -> Iterator[Any]:
    with closing(hbase.connection(timeout=60_000)) as opened:
        yield opened


class Script:
    """Random calls, with what keeps them from meeting within a millisecond: each change bears a later time."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.time = 1_000

    def later(self) -> int:
        self.time += self.random.randint(1, 5)
        return self.time

    def data(self) -> dict[bytes, bytes]:
        names = self.random.sample(COLUMNS, self.random.randint(1, 3))
        return {name: b"%d" % self.random.randint(0, 9) for name in names}

    def names(self) -> Any:
        """Return what is asked for; of a family and a column of it, HBase hands out the column."""
        some = self.random.sample(ASKED, self.random.randint(1, 3))
        return self.random.choice(
            [None, [], [each for each in some if each.partition(b":")[0] not in some or b":" not in each]]
        )

    def step(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        random = self.random
        key, stamped = random.choice(KEYS), random.random() < 0.5
        before = random.choice([None, None, random.randint(1, self.time + 5)])
        kind = random.choice(
            ["put", "put", "delete", "batch", "undo", "row", "rows", "cells", "scan", "scan", "counter"]
        )
        if kind == "put":
            return kind, (key, self.data()), {"timestamp": self.later()}
        if kind == "delete":
            return kind, (key, random.choice([None, [], random.sample(ASKED, 2)])), {"timestamp": self.later()}
        if kind == "batch":
            return kind, ([(each, self.data()) for each in random.sample(KEYS, 3)], self.later()), {}
        if kind == "undo":
            columns = random.choice([None, random.sample(ASKED, 2)])
            return (
                kind,
                ([(each, columns) for each in random.sample(KEYS, 2)], self.later(), random.choice([None, 3])),
                {},
            )
        if kind == "row":
            return kind, (key, self.names(), before, stamped), {}
        if kind == "rows":
            return kind, (random.sample(KEYS, random.randint(0, 4)), self.names(), before, stamped), {}
        if kind == "cells":
            return kind, (key, random.choice(COLUMNS), random.choice([None, 1, 2]), before, stamped), {}
        if kind == "counter":
            return kind, (b"n%d" % random.randint(0, 2), random.randint(-5, 5)), {}
        if random.random() < 0.3:
            more = {"columns": self.names(), "batch_size": random.choice([1, 1000]), "include_timestamp": stamped}
            if random.random() < 0.5:
                return kind, (), {**more, "filter": random.choice(FILTERS), "columns": None}
            return kind, (), {**more, "row_prefix": random.choice([b"r", b"r1", b"\xff", b"x"])}
        if random.random() < 0.2:
            return kind, (), {"scan_batching": random.choice([1, 2, 3]), "columns": self.names()}
        start, stop = random.choice(([None, None], [None, random.choice(KEYS)], sorted(random.sample(KEYS, 2))))
        reverse = random.random() < 0.3
        if reverse:
            start, stop = stop, start
        more = {
            "columns": self.names(),
            "timestamp": before,
            "include_timestamp": stamped,
            "batch_size": random.choice([1, 2, 1000]),
            "limit": random.choice([None, 1, 2, 3]),
            "sorted_columns": random.random() < 0.5,
            "reverse": reverse,
        }
        return kind, (start, stop), more


def asked(table: Any, kind: str, said: tuple[Any, ...], more: dict[str, Any]) -> Any:
    if kind == "batch":
        with table.batch(timestamp=said[1]) as batch:
            for key, data in said[0]:
                batch.put(key, data)
        return None
    if kind == "undo":
        with table.batch(timestamp=said[1], batch_size=said[2]) as batch:
            for key, columns in said[0]:
                batch.delete(key, columns)
        return None
    if kind == "counter":
        return table.counter_inc(said[0], b"cf2:n", said[1]), table.counter_get(said[0], b"cf2:n")
    found = getattr(table, kind)(*said, **more)
    return list(found) if kind in ("scan", "rows") else found


@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_drop_in_over_hbase_answers_as_happybase(
    plain: Any, hbase: Running, policy: cfacl.Policy, seed: int
) -> None:
    # So many that none is given up: HBase hands out, by a time, what it has given up and not yet removed.
    many = cfacl.Policy.loads(policy.dumps().replace("versions = 3", "versions = 1000"))
    name = f"plain-{uuid.uuid4().hex[:8]}"
    plain.create_table(name, {each: {"max_versions": 1000} for each in ("cf1", "cf2", "cf3")})
    url = f"hbase://{hbase.host}:{hbase.port()}/b{uuid.uuid4().hex[:8]}_?timeout=60"
    try:
        with cfacl.connect(url, policy=many) as db:
            db.create_tables(only=["t"])
            table = Connection(cfacl=db, principal="root", purpose="work").table("t")
            script = Script(Random(seed))
            compared = 0
            while compared < STEPS:
                step = script.step()
                ours, theirs = asked(table, *step), asked(plain.table(name), *step)
                assert without_now(ours) == without_now(theirs), step
                compared += 1
    finally:
        plain.delete_table(name, disable=True)


def without_now(found: Any) -> Any:
    """Return what was found without the times that a server gave: those of counters."""
    if isinstance(found, dict):
        return {
            name: value[0] if isinstance(value, tuple) and name == b"cf2:n" else value for name, value in found.items()
        }
    if isinstance(found, list):
        return [(each[0], without_now(each[1])) if isinstance(each, tuple) else each for each in found]
    return found
