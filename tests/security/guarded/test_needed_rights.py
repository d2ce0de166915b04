"""What each call needs, family by family: with exactly that it is allowed, and without any part of it nothing happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

import cfacl

Use = Callable[[cfacl.Table], object]

#: By name: the call, and what it needs.
NEEDS: Final[dict[str, tuple[Use, set[str]]]] = {
    "row, columns": (lambda t: t.row(b"r1", columns=[b"a:q", b"b"]), {"read a", "read b"}),
    "rows, columns": (lambda t: t.rows([b"r1"], columns=[b"a", b"b:q"]), {"read a", "read b"}),
    "scan, columns": (lambda t: list(t.scan(columns=[b"a", b"c"])), {"read a", "read c"}),
    "cells": (lambda t: t.cells(b"r1", b"a:q"), {"read a"}),
    "put": (lambda t: t.put(b"r1", {b"a:q": b"x", b"b:q": b"x"}), {"write a", "write b"}),
    "delete": (lambda t: t.delete(b"r1", [b"a:q", b"b"]), {"delete a", "delete b"}),
    "delete, the row": (lambda t: t.delete(b"r1"), {"delete a", "delete b", "delete c", "delete d"}),
    "counter_get": (lambda t: t.counter_get(b"r1", b"a:n"), {"read a"}),
    "counter_set": (lambda t: t.counter_set(b"r1", b"a:n", 1), {"write a"}),
    "counter_inc": (lambda t: t.counter_inc(b"r1", b"a:n"), {"read a", "write a"}),
    "counter_dec": (lambda t: t.counter_dec(b"r1", b"a:n"), {"read a", "write a"}),
    "compare_and_set": (lambda t: t.compare_and_set(b"r1", b"a:q", b"a", {b"a:q": b"x"}), {"read a", "write a"}),
    "compare_and_set, apart": (
        lambda t: t.compare_and_set(b"r1", b"a:q", b"a", {b"b:q": b"x", b"c:q": b"x"}),
        {"read a", "write b", "write c"},
    ),
}
ALL: Final = {f"{action} {family}" for action in ("read", "write", "delete", "admin") for family in "abcd"}


def granting(world: Any, rights: set[str]) -> None:
    """Put a policy in force by which ann has these rights and no others."""
    world.grants("reader").clear()
    for action, family in map(str.split, sorted(rights)):
        world.grant("reader", family, actions=[action])
    world.replace()


@pytest.mark.rule("4a", "4e", "4f")
@pytest.mark.parametrize("name", NEEDS)
def test_a_call_needs_this_and_no_more(world: Any, name: str) -> None:
    use, needed = NEEDS[name]
    world.fill(b"r1")
    for lacking in sorted(needed):
        granting(world, ALL - {lacking})
        world.store.take()
        with pytest.raises(cfacl.AccessDenied) as denied:
            use(world.table())
        assert (denied.value.action, *denied.value.families) == tuple(lacking.split())
        assert world.store.take() == []
    granting(world, needed)
    use(world.table())
    assert len(world.calls()) == 1
