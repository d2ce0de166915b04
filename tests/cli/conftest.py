"""Running the command in this process, with nothing of the terminal that the tests were started from."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

import cfacl
from cfacl.cli.app import main
from cfacl.stores import registry
from cfacl.stores.memory import MemoryStore
from cfacl.stores.native import NativeRights, Right, Said

SHOP: Final = """
policy = { name = "shop", purposes = ["service", "support"] }

[tables.account.families]
id   = { level = "sensitive", purposes = ["service", "support"] }
prof = { level = "personal", purposes = ["service", "support"] }

[roles.app]
clearance = "sensitive"
grants = [{ table = "account", families = ["id", "prof"], actions = ["read", "write"], purposes = ["service"], why = "runs" }]

[roles.support]
clearance = "personal"

[[roles.support.grants]]
table = "account"
families = ["prof"]
actions = ["read"]
purposes = ["support"]
until = 2027-01-01T00:00:00Z
why = "answers tickets"

[principals]
app  = { kind = "service", roles = ["app"] }
maya = { kind = "employee", roles = ["support"] }
"""


class Ran(NamedTuple):
    """What a run of the command did."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command with arguments, and with ``stdin`` if it is given."""
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: object, stdin: bytes = b"") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = main([str(each) for each in arguments])
        return Ran(code, *capsys.readouterr())

    return run


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a file into a folder of the test; the shop's policy if no text is given."""

    def write(name: str = "shop.toml", text: str = SHOP) -> Path:
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return path

    return write


@pytest.fixture
def named(tmp_path: Path, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """What words in capitals mean to commands: files and stores that are there, and a store with rights behind `hbase://`."""
    policy = write(
        text=write().read_text().replace('"personal", purposes = [', '"personal", time_to_live = "1d", purposes = [')
    )
    new = write("new.toml", write("old.toml").read_text().replace("until = 2027-01-01", "until = 2028-01-01"))
    store, backup = tmp_path / "store", tmp_path / "backup"
    with cfacl.connect(store, policy=policy) as db:
        db.create_tables()
        db.back_up(backup)
    store.chmod(0o700)

    class Rights(NativeRights):
        hidden = "who is a superuser"

        def say(self, needs: Any) -> Said:
            return Said([Right(each.account, "family", "home", each.family.name, None, "R") for each in needs], [])

        def read(self, tables: Any, spent: Any) -> list[Right]:
            return [Right("eve", "table", "home", "", None, "RW")]

        def unseen(self) -> str | None:
            return None

        def script(self, revoked: Any, granted: Any, remarks: Any) -> str:
            return "\n"

    class Walled(MemoryStore):
        def native_rights(self) -> NativeRights:
            return Rights()

        def close(self) -> None:
            pass

    walled = Walled(clock=lambda: 0)
    opened = registry.open_store

    def open_store(url: str, **keys: Any) -> Any:
        return walled if str(url).startswith("hbase://") else opened(url, **keys)

    monkeypatch.setattr("cfacl.api.connection.open_store", open_store)
    monkeypatch.setattr("cfacl.stores.registry.open_store", open_store)
    cfacl.connect("hbase://x", policy=policy).create_tables()
    return {"POLICY": policy, "NEW": new, "STORE": store, "BACKUP": backup, "TARGET": tmp_path / "target"}
