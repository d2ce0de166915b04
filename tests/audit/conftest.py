"""A small service's database, whose hook is said by the test; every key and value in it says `canary`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Final

import pytest

import cfacl

POLICY: Final = """
policy = { name = "shop", purposes = ["service", "support"] }
[tables.account.families]
id = { level = "sensitive", purposes = ["service"] }
prof = { level = "personal", purposes = ["service", "support"] }
[roles.app]
clearance = "sensitive"
grants = [{ table = "account", at_or_below = "sensitive", actions = ["read", "write"], purposes = ["service"], why = "t" }]
[roles.support]
clearance = "personal"
grants = [{ table = "account", families = ["prof"], actions = ["read"], purposes = ["support"], why = "tickets" }]
[principals]
app = { kind = "service", roles = ["app"] }
maya = { kind = "employee", roles = ["support"] }
"""
#: Without maya.
WITHOUT: Final = POLICY.replace("maya =", "noor =")


class Shop:
    """What a service does with its database."""

    KEY: Final = b"canary-u17"
    DATA: Final = {b"id:email": b"canary-mail", b"prof:country": b"canary-country"}

    def __init__(self, db: cfacl.Database) -> None:
        self.db = db
        db.create_tables()
        with db.session("app", purpose="service") as app:
            app.table("account").put(self.KEY, self.DATA)

    def account(self, principal: str = "maya", purpose: str = "support") -> cfacl.Table:
        return self.db.session(principal, purpose).table("account")

    def read(self) -> None:
        """What is granted: the profile."""
        assert self.account().row(self.KEY).keys() == {b"prof:country"}

    def refused(self) -> cfacl.AccessDenied:
        """What is not: the identity."""
        with pytest.raises(cfacl.AccessDenied) as denied:
            self.account().row(self.KEY, columns=[b"id:email"])
        return denied.value

    def removed(self) -> cfacl.AccessDenied:
        """Ask on in a session whose principal a later policy lacks."""
        account = self.account()
        self.db.replace_policy(cfacl.Policy.loads(WITHOUT))
        with pytest.raises(cfacl.AccessDenied) as denied:
            account.row(self.KEY)
        return denied.value


@pytest.fixture
def shop() -> Iterator[Callable[..., Shop]]:
    with ExitStack() as opened:
        yield lambda on_event=None, **more: Shop(
            opened.enter_context(
                cfacl.connect("memory://", policy=cfacl.Policy.loads(POLICY), on_event=on_event, **more)
            )
        )


@pytest.fixture
def denial() -> Callable[..., cfacl.Event]:
    """Make the event of a denial."""

    def make(**said: Any) -> cfacl.Event:
        told: dict[str, Any] = {"request": "row", "allowed": False, "principal": "maya", "purpose": "support"}
        told |= {"table": "account", "access": {"read": frozenset({"id"})}, "withheld": frozenset(), "epoch": 3}
        return cfacl.Event(**(told | {"reason": "not_granted", "decision": "00ff"} | said))

    return make
