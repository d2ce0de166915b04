"""What only the memory store has: nothing under a name."""

from __future__ import annotations

import pytest

from cfacl.errors import RequestError
from cfacl.model.projection import StoredFamily
from cfacl.stores.registry import open_store


def test_each_open_is_a_fresh_store(clock):
    first, second = (open_store("memory://", clock=clock) for _ in range(2))
    first.create_table("t", [StoredFamily("t", "f", 1, "public")])
    assert second.tables() == {}


@pytest.mark.parametrize("url", ["memory:///srv", "memory://name", "memory://?x=1"])
def test_nothing_is_kept_under_a_name(clock, url):
    with pytest.raises(RequestError, match="must be `memory://`"):
        open_store(url, clock=clock)
