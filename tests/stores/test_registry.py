"""Stores are found by the scheme of a URL; those of others by their entry points."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from cfacl.errors import RequestError
from cfacl.stores import registry
from cfacl.stores.memory import MemoryStore
from cfacl.stores.rocksdb import RocksStore

CLOCK = time.time_ns


def test_ours_are_found_by_scheme_and_by_path(tmp_path):
    for location, kind in (("memory://", MemoryStore), (tmp_path / "a", RocksStore), (str(tmp_path / "b"), RocksStore)):
        store = registry.open_store(location, clock=CLOCK)
        assert type(store) is kind
        store.close()


def test_others_are_found_by_their_entry_points(monkeypatch):
    opened = []
    point = SimpleNamespace(name="other", load=lambda: lambda url, *, clock: opened.append((url, clock)) or "a store")
    monkeypatch.setattr(registry, "entry_points", lambda *, group: [point] if group == registry.GROUP else [])
    assert registry.open_store("other://x", clock=CLOCK) == "a store"
    assert opened == [("other://x", CLOCK)]


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("redis://x", "no store is installed for `redis://`; known are `memory`, `rocksdb`"),
        (5, "a store is named by a URL or a path, not int"),
        ("", "a store is named by a URL or a path, and this one is empty"),
    ],
)
def test_what_names_no_store_is_refused(location, message):
    with pytest.raises(RequestError) as refused:
        registry.open_store(location, clock=CLOCK)
    assert str(refused.value) == message
