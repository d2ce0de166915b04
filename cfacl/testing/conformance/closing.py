"""A store that was closed says so, whatever it is asked."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from cfacl.errors import Closed
from cfacl.model.projection import StoredFamily
from cfacl.model.request import Mutation, Put, Span
from cfacl.testing.conformance.data import (
    ENDLESS,
    PATIENCE,
    TABLE,
    projection,
    put,
    row,
)
from cfacl.testing.conformance.suite import S, Suite


class Closing(Suite[S]):
    """`Store.close` and `Store.abandon`."""

    @pytest.mark.parametrize("how", ["close", "abandon"])
    def test_a_store_that_was_let_go_says_so(self, store: S, one: StoredFamily, how: str) -> None:
        batches = store.scan(TABLE, projection(one), Span(), batch_size=1)
        put(store, b"u1", one, {b"a": b"1"})
        put(store, b"u2", one, {b"a": b"1"})
        next(batches)
        getattr(store, how)()
        mutation = Mutation(b"u1", (Put(one, {b"a": b"2"}),))
        calls: list[Callable[[], object]] = [
            lambda: store.get(TABLE, [b"u1"], projection(one)),
            lambda: store.versions(TABLE, b"u1", one, b"a"),
            lambda: store.scan(TABLE, projection(one), Span(), batch_size=1),
            lambda: next(batches),
            lambda: store.apply(TABLE, [mutation]),
            lambda: store.compare_and_set(TABLE, b"u1", [], mutation),
            lambda: store.increment(TABLE, b"u1", one, b"n", 1),
            lambda: store.create_table(TABLE, [one]),
            lambda: store.drop_table(TABLE, [one]),
            store.tables,
            store.flush,
            store.reopen,
            lambda: store.system.get("k"),
            lambda: store.system.items(""),
            lambda: store.system.compare_and_set("k", None, b""),
        ]
        for call in calls:
            with pytest.raises(Closed, match=r"open it (again|after the fork)"):
                call()
        store.close()
        store.abandon()

    def test_it_closes_under_readers_and_writers(self, store: S, one: StoredFamily) -> None:
        put(store, b"u1", one, {b"a": b"1"})
        ready = threading.Barrier(5, timeout=PATIENCE)

        def use() -> None:
            ready.wait()
            with contextlib.suppress(Closed):
                for _ in range(ENDLESS):
                    assert row(store, b"u1", one) == {b"one:a": b"1"}
                    put(store, b"u1", one, {b"a": b"1"})
                pytest.fail("a store that was closed goes on answering")

        with ThreadPoolExecutor(4) as pool:
            users = [pool.submit(use) for _ in range(4)]
            ready.wait()
            store.close()
        for each in users:
            each.result()
