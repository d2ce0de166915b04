"""A database in memory under a policy, with a clock that tests turn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import tomli_w

import cfacl

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class World:
    """What the engine says, through the public face only."""

    def __init__(self, document, at=EPOCH):
        self.now = 0
        self.turn(at)
        self.db = cfacl.connect("memory://", policy=self.policy(document), clock=lambda: self.now)

    @staticmethod
    def policy(document):
        return cfacl.Policy.loads(document if isinstance(document, str) else tomli_w.dumps(document))

    def turn(self, at):
        """Turn the clock to a date-time, or to nanoseconds since 1970."""
        self.now = at if isinstance(at, int) else (at - EPOCH) // timedelta(microseconds=1) * 1000

    def replace(self, document):
        self.db.replace_policy(self.policy(document))


def outcome(call):
    """What a call returns, or the name of the error that it raises; any other exception is a failure."""
    try:
        return call()
    except cfacl.CfaclError as error:
        return type(error).__name__


@pytest.fixture(scope="session", name="world_of")
def _world_of():
    return World


@pytest.fixture(scope="session", name="outcome")
def _outcome():
    return outcome
