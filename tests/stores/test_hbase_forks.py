"""A child that is forked from a process with a store: closed there, and nothing of the parent's is touched."""

from __future__ import annotations

from typing import Final

import pytest

pytestmark = pytest.mark.slow

FORKED: Final = """
import os, time
from cfacl.errors import Closed
from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import Mutation, Put, Span
from cfacl.stores.registry import open_store

families = [StoredFamily("account", name, 1, "public") for name in ("one", "two")]
whole = Projection(map(Slice, families))
store = open_store({url!r}, clock=time.time_ns)
scan = store.scan("account", whole, Span(), batch_size=10)
found = next(scan)
store.get("account", [b"w00000"], whole)
before = store.statistics()
told, tell = os.pipe()
child = os.fork()
if not child:
    calls = [
        lambda: store.get("account", [b"w00000"], whole),
        lambda: store.apply("account", [Mutation(b"child", (Put(families[0], {{b"a": b"1"}}),))]),
        lambda: next(scan),
        lambda: store.system.get("x"),
        store.tables,
        store.reopen,
    ]
    for call in calls:
        try:
            call()
            said = "answered"
        except Closed as error:
            said = str(error)
        except BaseException as error:
            said = repr(error)
        os.write(tell, said.encode() + b"\\n")
    scan.close()
    store.close()
    del scan, store
    os._exit(0)
os.close(tell)
with open(told) as lines:
    said = lines.read().splitlines()
os.waitpid(child, 0)
for batch in scan:
    found += batch
row = store.get("account", [b"w00001"], whole)
answer = [said, [key.decode() for key, _ in found], row[0][0].decode(), before == store.statistics(), before]
store.close()
"""


def test_in_a_forked_child_the_store_is_closed_and_the_parents_connections_go_on(ground, rows, proxy, another) -> None:
    url = f"hbase://{proxy.host}:{proxy.port}/{ground.prefix}"
    said, keys, key, same, before = another().do(FORKED.format(url=url))
    assert said == ["the store was opened by the parent of this process; open it after the fork"] * 6
    assert keys == [row[0].decode() for row in rows]
    assert key == "w00001"
    assert same, "the parent had to open a connection anew"
    assert before["connections_opened"] == 2
    assert ground.plain().row(b"child") == {}
