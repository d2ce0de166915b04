"""Running the command in this process, with nothing of the terminal that the tests were started from."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from cfacl.cli.app import main

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
