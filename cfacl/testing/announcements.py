"""The two reasons for which a test of the shipped suite may be left out, each said where it is left out.

A project that forbids skips, as this one does, can tell these from all others by how their reasons begin.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NoReturn

import pytest

__all__ = ["EXCLUDED", "LACKING", "exclude", "lack"]

#: How the reason of a test begins whose store lacks a capability.
LACKING: Final = "the store says it has no "
#: How the reason of a test begins that a subclass excludes.
EXCLUDED: Final = "excluded by the store's author: "


def lack(capabilities: Iterable[str]) -> NoReturn:
    """End a test that needs capabilities, at least one, which the store says it has not."""
    pytest.skip(LACKING + ", ".join(f"`{each}`" for each in capabilities))  # announced, by the store itself


def exclude(reason: str) -> NoReturn:
    """End a test that the store's author excludes, for a reason of their own."""
    pytest.skip(EXCLUDED + reason)  # announced, by the author of the store
