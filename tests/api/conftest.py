"""A policy in a file, and a place for a store."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

import cfacl

POLICY: Final = """
[policy]
name = "home"
purposes = ["work"]

[tables.t.families.a]
level = "personal"
purposes = ["work"]

[tables.t.families.b]
level = "personal"
purposes = ["work"]
time_to_live = "2h"
versions = 3

[roles.r]
clearance = "sealed"

[[roles.r.grants]]
table = "t"
at_or_below = "sealed"
actions = ["read", "write", "delete"]
purposes = ["work"]
why = "test"

[principals.ann]
kind = "employee"
roles = ["r"]
"""


@pytest.fixture
def text() -> str:
    """A policy, as it is written."""
    return POLICY


@pytest.fixture
def policy(text: str) -> cfacl.Policy:
    return cfacl.Policy.loads(text)


@pytest.fixture
def smaller(text: str) -> cfacl.Policy:
    """The policy without the family ``b``."""
    return cfacl.Policy.loads(text.partition("[tables.t.families.b]")[0] + "[roles.r]" + text.partition("[roles.r]")[2])


@pytest.fixture
def file(text: str, tmp_path: Path) -> Path:
    written = tmp_path / "home.toml"
    written.write_text(text, "utf-8")
    return written
