"""Purposes by wildcard."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

#: What ends a purpose that means all declared ones below a name.
WILDCARD: Final = ".*"


def meant(purposes: Iterable[str] | None, declared: Iterable[str]) -> frozenset[str]:
    """Return the declared purposes that are meant: by name, ``a.*`` for all below ``a``, or all (``None``)."""
    declared = frozenset(declared)
    if purposes is None:
        return declared
    names: set[str] = set()
    for purpose in purposes:
        if purpose.endswith(WILDCARD):
            names.update(each for each in declared if each.startswith(purpose.removesuffix("*")))
        elif purpose in declared:
            names.add(purpose)
    return frozenset(names)
