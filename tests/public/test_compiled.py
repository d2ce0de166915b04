"""The hot path is compiled where that was asked for, and nowhere else."""

from __future__ import annotations

from importlib.machinery import EXTENSION_SUFFIXES

from cfacl.engine import hit, pinned
from cfacl.testing import announcements


def test_it_is_compiled_where_it_is_to_be() -> None:
    kinds = {str(each.__file__).endswith(tuple(EXTENSION_SUFFIXES)) for each in (hit, pinned)}
    assert kinds == {"compiled" in announcements.required()}
