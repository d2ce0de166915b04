"""Worlds that cfacl and HBase's own AccessController both judge: drawn policies, and the rights that say the same."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from typing import Any, Final

import pytest
import tomli_w

import cfacl
from cfacl.testing.oracle import Oracle
from cfacl.testing.servers import Operator, Running

USERS: Final = ("ann", "bob", "cid", "dan", "eve", "fay")
FAMILIES: Final = ("a", "b", "c", "d")
QUALIFIERS: Final = (b"x", b"y", b"z,w", "é".encode())
#: The part of the actions that HBase's letters can say; a restriction takes what leaves such a part.
ALL: Final = ["read", "write", "delete"]
GIVEN: Final = (["read"], ALL, ALL)
TAKEN: Final = (None, ["write", "delete"], ALL)
#: No policy here has a window, so that any instant does.
MOMENT: Final = datetime(2026, 6, 1, tzinfo=UTC)
LADDER: Final = ("public", "internal", "personal", "sensitive", "sealed")


def documents(draw: random.Random) -> dict[str, Any]:
    """Return a policy of one purpose and without windows: whatever it gives, HBase can say."""
    tables = {name: {"families": {each: family(draw) for each in FAMILIES}} for name in ("t", "u")}
    for each in tables["u"]["families"].values():  # where a whole row can be deleted by letters
        each.pop("columns", None)
    tables["t"]["families"]["d"] |= {"columns": [each.decode() for each in QUALIFIERS[:2]]}
    names = ["r0", "r1", "r2", "r3", "r4"]
    rare = {"table": "t", "actions": ["read"], "purposes": ["work"], "why": "seldom drawn"}
    everything = {**rare, "at_or_below": "sealed"}
    return {
        "policy": {"name": "beside", "purposes": ["work"]},
        "tables": tables,
        "roles": {
            **{name: role(draw, names[:number]) for number, name in enumerate(names)},
            # Whoever of these two asks meets what drawn policies seldom come to.
            "all": {"clearance": "sealed", "grants": [everything | {"table": each, "actions": ALL} for each in "tu"]},
            "most": {"clearance": "sealed", "grants": [everything, {**rare, "families": ["a"], "actions": ALL}]},
        },
        "principals": {
            **{
                user: {"kind": "service", "roles": draw.sample(names, draw.choice([0, 1, 1, 2, 2, 3]))}
                for user in USERS
            },
            "eve": {"kind": "service", "roles": ["all"]},
            "fay": {"kind": "service", "roles": ["most"]},
        },
    }


def family(draw: random.Random) -> dict[str, Any]:
    declared = {"columns": [each.decode() for each in draw.sample(QUALIFIERS, draw.randint(1, 3))]}
    return {"level": draw.choice(LADDER), "purposes": ["work"], **(declared if draw.random() < 0.3 else {})}


def role(draw: random.Random, below: list[str]) -> dict[str, Any]:
    grants = [
        {"table": draw.choice("tu"), **which(draw), "actions": draw.choice(GIVEN), "purposes": ["work"], "why": "drawn"}
        for _ in range(draw.randint(1, 3))
    ]
    made: dict[str, Any] = {"clearance": draw.choice(LADDER[2:]), "grants": grants}
    if below and draw.random() < 0.4:
        made["inherits"] = draw.sample(below, 1)
    if draw.random() < 0.3:
        taken = {"table": draw.choice("tu"), **which(draw), "actions": draw.choice(TAKEN)}
        made["restrictions"] = [{key: each for key, each in taken.items() if each is not None}]
    return made


def which(draw: random.Random) -> dict[str, Any]:
    if draw.random() < 0.3:
        return {"at_or_below": draw.choice(LADDER)}
    return {"families": draw.sample(FAMILIES, draw.randint(1, 4))}


class World:
    """Tables in an HBase, a database over them, and what HBase was told of the policy: by the oracle, not by the engine.

    Attributes:
        draw: what everything is drawn from.
        rights: the letters that each user has, by user, table of the policy, family, and qualifier or ``None``.
    """

    def __init__(self, server: Running, operator: Operator, draw: random.Random) -> None:
        self.server = server
        self.operator = operator
        self.draw = draw
        self.prefix = f"s{uuid.uuid4().hex[:12]}_"
        self.url = f"hbase://{server.host}:{server.port()}/{self.prefix}"
        self.document = documents(draw)
        self.policy = cfacl.Policy.loads(tomli_w.dumps(self.document))
        self.db = cfacl.connect(self.url, policy=self.policy)
        self.db.create_tables()
        self.superuser = server.connection()
        names = {each: self.superuser.table(self.prefix + each).families() for each in "tu"}
        #: HBase's names of families, by table and ours, and the other way
        self.physical = {
            table: {each.decode().partition("+")[0]: each.rstrip(b":") for each in found}
            for table, found in names.items()
        }
        self.logical = {each: name.encode() for found in self.physical.values() for name, each in found.items()}
        self.rights: dict[tuple[str, str, str, bytes | None], str] = {}
        #: who was only given a right to see when HBase heeds it
        self.markers: list[str] = []

    def columns(self, table: str, family: str) -> list[bytes] | None:
        """Return the qualifiers that a family declares, or None."""
        declared = self.document["tables"][table]["families"][family].get("columns")
        return None if declared is None else [each.encode() for each in declared]

    def letters(self, user: str, table: str, family: str, qualifier: bytes | None) -> str:
        """Return what a user has on a column."""
        return self.rights.get((user, table, family, None)) or self.rights.get((user, table, family, qualifier), "")

    def replace(self) -> None:
        """Put another policy in force, over the same tables and families, in both."""
        again = documents(self.draw)
        again["tables"] = self.document["tables"]
        self.document = again
        self.policy = cfacl.Policy.loads(tomli_w.dumps(again))
        self.db.replace_policy(self.policy)

    def tell(self) -> None:
        """Give HBase the rights that the oracle reads in the policy, and take all others; return when it heeds them."""
        oracle = Oracle(self.document)
        wanted = {}
        for user in USERS:
            for table in "tu":
                for name in FAMILIES:
                    may = {each for each in ALL if oracle.allows(user, "work", each, table, name, MOMENT)}
                    letters = "RW" if len(may) == len(ALL) else "R" if "read" in may else ""
                    for qualifier in self.columns(table, name) or [None] if letters else []:
                        wanted[user, table, name, qualifier] = letters
        for key, letters in self.rights.items():
            if wanted.get(key) != letters:
                self.operator.revoke(key[0], "", *self._scope(*key[1:]))
        for key, letters in wanted.items():
            if self.rights.get(key) != letters:
                self.operator.grant(key[0], letters, *self._scope(*key[1:]))
        self.rights = wanted
        for table in "tu":
            self._await(table)

    def _scope(self, table: str, family: str, qualifier: bytes | None) -> list[str | bytes]:
        return [
            self.prefix + table,
            self.physical[table][family],
            *([] if qualifier is None else [qualifier]),
        ]

    def _await(self, table: str) -> None:
        """Ask until HBase heeds a right that was given last: what is on one table comes to its server in order."""
        from Hbase_thrift import IOError as ServerError

        user = f"marker{len(self.markers)}"
        self.markers.append(user)
        self.operator.grant(user, "R", self.prefix + table, self.physical[table]["a"])
        with closing(self.server.connection("http", user=user)) as connection:
            for _ in range(100_000):
                try:
                    connection.table(self.prefix + table).row(b"-", columns=[self.physical[table]["a"]])
                except ServerError:
                    continue
                return
        pytest.fail("a right was never heeded")

    def close(self) -> None:
        self.superuser.close()
        self.db.close()


@pytest.fixture
def worlds(hbase_acl: Running) -> Iterator[Callable[[random.Random], World]]:
    """Make worlds."""
    with ExitStack() as stack:
        operator = stack.enter_context(hbase_acl.operator())
        yield lambda draw: stack.enter_context(closing(World(hbase_acl, operator, draw)))
