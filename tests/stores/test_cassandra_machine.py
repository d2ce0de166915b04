"""Cassandra behind policies, held step by step against the oracle and a dict."""

from __future__ import annotations

import copy
import uuid
from typing import Any, ClassVar

import pytest
from hypothesis import settings

from cfacl.testing.machine import StoreMachine
from cfacl.testing.servers import RunningCassandra


class Cassandra(StoreMachine):
    """A keyspace of its own for each example."""

    server: ClassVar[RunningCassandra]
    operator: ClassVar[Any]
    layout: ClassVar[dict[str, Any]]
    follows: ClassVar = False  # a table's time to live is what it was when it was made

    def location(self, folder):
        self.keyspace = f"m{uuid.uuid4().hex[:12]}"
        self.operator.execute(
            f"CREATE KEYSPACE {self.keyspace} WITH replication = {{'class': 'NetworkTopologyStrategy', 'eu': 1}}"
        )
        return f"cassandra://{self.server.host}:{self.server.port}/{self.keyspace}?timeout=60"

    def suited(self, document):
        """A table has timestamps in its key or not, as when it was made: `drift()` says where a policy differs."""
        document = copy.deepcopy(document)
        for table, section in document["tables"].items():
            for name, family in section["families"].items():
                family["versions"] = self.kept.setdefault((table, name), family.get("versions", 1))
        document["stores"] = {"cassandra": {"tables": dict.fromkeys(document["tables"], self.layout)}}
        return document

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], int] = {}
        self.keyspace = ""

    def teardown(self) -> None:
        super().teardown()
        self.operator.execute(f"DROP KEYSPACE IF EXISTS {self.keyspace}")


@pytest.fixture(autouse=True, scope="module")
def place(cassandra: RunningCassandra, cassandra_operator: Any) -> None:
    Cassandra.server, Cassandra.operator = cassandra, cassandra_operator


class Ordered(Cassandra):
    layout: ClassVar = {"layout": "ordered", "buckets": 3}  # for a scan asks every bucket


class ByRow(Cassandra):
    layout: ClassVar = {"layout": "row"}


def _suite(machine: type[Cassandra]) -> Any:
    """Fewer examples of more steps than elsewhere, since making tables takes most of the time."""
    case = machine.TestCase
    case.settings = settings(max_examples=max(5, settings.default.max_examples // 4), stateful_step_count=60)
    case.pytestmark = [pytest.mark.no_cover, pytest.mark.slow]
    return case


TestOrdered = _suite(Ordered)
TestByRow = _suite(ByRow)
