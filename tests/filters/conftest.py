"""A policy over the families that random filters and rows are of."""

from __future__ import annotations

from typing import Final

import pytest

import cfacl

POLICY: Final = """
[policy]
name = "home"
purposes = ["work"]

[tables.t.families.f]
level = "personal"
purposes = ["work"]

[tables.t.families.g]
level = "personal"
purposes = ["work"]

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


@pytest.fixture(scope="session")
def policy() -> cfacl.Policy:
    """Ann may read, write and delete all of table `t`."""
    return cfacl.Policy.loads(POLICY)
