"""A state machine for Hypothesis: any store behind a policy, held step by step against an oracle and a dict.

::

    from cfacl.testing.machine import StoreMachine


    class Mine(StoreMachine):
        def location(self, folder):
            return f"mine://{folder}/store"


    TestMine = Mine.TestCase

What a store says that it can't do is left out of the steps; what a policy may say that the store can't follow, its author
takes out with `suited`.

Who may do what comes from `cfacl.testing.oracle`, which reads the policy's text; what a cell holds from plain dicts
in `world`, which share no code with any store.
"""

from __future__ import annotations

import pkgutil

import pytest

# As in `cfacl.testing.conformance`: so that its bare asserts explain themselves to the author of a store.
pytest.register_assert_rewrite(*[each.name for each in pkgutil.iter_modules(__path__, f"{__name__}.")])

from cfacl.testing.machine.rules import StoreMachine  # noqa: E402  # once all of it is registered

__all__ = ["StoreMachine"]
