"""HBase's rights without an HBase: what `hbase:acl` would hold, behind a store in memory."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Final

import pytest

import cfacl
from cfacl.errors import SchemaMissing, StoreError
from cfacl.stores.hbase.address import parse
from cfacl.stores.hbase.definitions import ServerError
from cfacl.stores.hbase.names import family_name
from cfacl.stores.hbase.native import HBaseRights
from cfacl.stores.memory import MemoryStore

PREFIX: Final = "home_"

POLICY: Final = """
policy = { name = "home", purposes = ["service", "support"] }

[tables.account.families]
id   = { level = "sensitive", purposes = ["service"], columns = ["name", "email"] }
prof = { level = "personal", purposes = ["service", "support"] }

[roles.app]
clearance = "sensitive"
grants = [
    { table = "account", families = ["id", "prof"], actions = ["read", "write", "delete"], purposes = ["service", "support"], why = "runs" },
]

[roles.reader]
clearance = "personal"
grants = [{ table = "account", families = ["prof"], actions = ["read"], purposes = ["service", "support"], why = "reads" }]

[roles.support]
clearance = "personal"
grants = [{ table = "account", families = ["prof"], actions = ["read"], purposes = ["support"], why = "answers" }]

[principals]
app  = { kind = "service", roles = ["app"] }
bob  = { kind = "employee", roles = ["reader"] }
maya = { kind = "employee", roles = ["support"] }
"""


class Acl:
    """A gateway with a table `hbase:acl`, and tables with families; and what the operator's tool does to it.

    Attributes:
        cells: letters by row and by column of `hbase:acl`, without the family; ``None``: there is no such table.
        families: of each table, by HBase's names.
    """

    def __init__(self) -> None:
        self.address = parse(f"hbase+http://gateway/{PREFIX}")
        self.cells: dict[bytes, dict[bytes, bytes]] | None = {}
        self.families: dict[bytes, set[bytes]] = {}
        self.error: Exception | None = None
        self.heeds = True

    def table(self, name: str) -> bytes:
        return (PREFIX + name).encode()

    def ask(self, question: Callable[[Any], Any]) -> Any:
        if self.error is not None:
            raise self.error
        return question(self)

    def stranger(self, address: Any, user: str) -> Any:
        """Return a gateway that acts as somebody whom nobody knows."""

        def ask(question: Callable[[Any], Any]) -> Any:
            if self.heeds:
                raise StoreError("hbase refuses this") from ServerError(
                    message=f"org.apache.hadoop.hbase.security.AccessDeniedException: Insufficient permissions for user '{user}'".encode()
                )
            return question(SimpleNamespace(getRowWithColumns=lambda *asked: []))

        return SimpleNamespace(ask=ask, pool=SimpleNamespace(close=lambda: None))

    # --- as the client of a gateway

    def getColumnDescriptors(self, table: bytes) -> dict[bytes, object]:  # noqa: N802  # its name there
        if table not in self.families:
            raise SchemaMissing("the store lacks a table; `create_tables()` makes it")
        return {each + b":": object() for each in self.families[table]}

    def scannerOpenWithScan(self, table: bytes, scan: Any, attributes: Any) -> int:  # noqa: N802  # as above
        assert (table, scan.columns) == (b"hbase:acl", [b"l"])
        if self.cells is None:
            raise SchemaMissing("the store lacks a table; `create_tables()` makes it")
        self._left = sorted(self.cells.items())
        return 1

    def scannerGetList(self, number: int, count: int) -> list[Any]:  # noqa: N802  # as above
        page, self._left = self._left[:2], self._left[2:]  # few, so that there are pages
        return [
            SimpleNamespace(
                row=row, columns={b"l:" + key: SimpleNamespace(value=value) for key, value in cells.items()}
            )
            for row, cells in page
        ]

    def scannerClose(self, number: int) -> None:  # noqa: N802  # as above
        assert not self._left

    # --- as the operator's tool

    def grant(self, user: str, rights: str, *scope: str | bytes) -> None:
        assert self.cells is not None
        row, *rest = (each if isinstance(each, bytes) else each.encode() for each in scope or (b"hbase:acl",))
        self.cells.setdefault(row, {})[b",".join([user.encode(), *rest])] = rights.encode()

    def revoke(self, user: str, rights: str, *scope: str | bytes) -> None:
        assert self.cells is not None
        assert not rights, "a right is taken whole"
        row, *rest = (each if isinstance(each, bytes) else each.encode() for each in scope)
        del self.cells[row][b",".join([user.encode(), *rest])]  # a KeyError: HBase would say nothing


class Walled(MemoryStore):
    """A store in memory that has rights as HBase has them; it is never closed."""

    def __init__(self, acl: Acl) -> None:
        super().__init__(clock=lambda: 0)
        self.acl = acl

    def native_rights(self) -> HBaseRights:
        return HBaseRights(self.acl)  # type: ignore[arg-type]  # as much of a gateway as it takes

    def create_families(self, families: Any) -> None:
        super().create_families(families)
        for each in families:
            self.acl.families.setdefault(self.acl.table(each.table), set()).add(family_name(each))

    def close(self) -> None:
        pass


@pytest.fixture
def acl() -> Acl:
    return Acl()


@pytest.fixture
def policy() -> cfacl.Policy:
    return cfacl.Policy.loads(POLICY)


@pytest.fixture
def walled(acl: Acl, policy: cfacl.Policy, monkeypatch: pytest.MonkeyPatch) -> Walled:
    """A store that `hbase://` URLs lead to, with the tables of the policy."""
    store = Walled(acl)
    monkeypatch.setattr("cfacl.api.connection.open_store", lambda url, **keys: store)
    monkeypatch.setattr("cfacl.stores.hbase.stranger.Gateway", acl.stranger)
    cfacl.connect("hbase://gateway/home_", policy=policy).create_tables()
    return store
