"""The reasons for which a test may be left out, each said where it is left out.

A project that forbids skips, as this one does, can tell these from all others by how their reasons begin.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Final, NoReturn

import pytest

__all__ = ["ABSENT", "EXCLUDED", "LACKING", "absent", "exclude", "lack", "required"]

#: How the reason of a test begins that needs a part which the machine lacks.
ABSENT: Final = "part not on this machine: "
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


def required() -> frozenset[str]:
    """Return the parts that ``CFACL_REQUIRE`` names, with commas between them."""
    return frozenset(filter(None, os.environ.get("CFACL_REQUIRE", "").split(",")))


def absent(part: str, means: str) -> NoReturn:
    """End a test whose part is not there: left out, or failed where ``CFACL_REQUIRE`` names it.

    Args:
        means: what it is, or how it comes here.
    """
    if part in required():
        pytest.fail(f"CFACL_REQUIRE names `{part}`, and it is not here: {means}", pytrace=False)
    pytest.skip(f"{ABSENT}{part}, {means}")  # announced, and fatal where it is required
