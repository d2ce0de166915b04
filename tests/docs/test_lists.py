"""What `docs/lists.md` and `docs/shell.md` show is what happens."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from cfacl.cli.shell.verbs import VERBS

DOCS: Final = Path(__file__).parents[2] / "docs"
LISTS: Final = (DOCS / "lists.md").read_text("utf-8")
SHELL: Final = (DOCS / "shell.md").read_text("utf-8")

Sh = Callable[[str], "subprocess.CompletedProcess[str]"]


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


@pytest.fixture
def sh(tmp_path: Path) -> Sh:
    """Run lines of a shell where the page's files are."""
    rights, *_ = blocks(LISTS, "text")
    for name, text in [("rights.txt", rights), ("shop.toml", *blocks(LISTS, "toml"))]:
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "home.toml").write_text(*blocks(LISTS, "toml"), "utf-8")
    (tmp_path / "team.csv").write_bytes("".join(blocks(LISTS, "csv")).replace("\n", "\r\n").encode())
    tool = tmp_path / "cfacl"
    code = "import sys; from cfacl.cli.app import main; sys.exit(main())"
    tool.write_text(f"#!/bin/sh\nexec {sys.executable} -W error -c '{code}' \"$@\"\n", "utf-8")
    tool.chmod(0o755)

    def sh(line: str) -> subprocess.CompletedProcess[str]:
        path = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
        return subprocess.run(["sh", "-c", line], cwd=tmp_path, env=path, capture_output=True, text=True, check=False)

    return sh


def test_a_sheet_comes_back_as_it_was(sh: Sh) -> None:
    there, *_ = blocks(LISTS, "sh")
    ran = sh(there)
    kinds = "who is a service or a third party, so all are `employee`"
    assert (ran.returncode, ran.stderr) == (0, f"team.csv: not visible there: {kinds}\n")
    assert ran.stdout == "".join(blocks(LISTS, "csv"))  # ends of lines are those of text here


def test_what_is_left_out_is_told(sh: Sh) -> None:
    _, rights, _ = blocks(LISTS, "sh")
    ran = sh(rights)
    assert ran.returncode == 1
    assert ran.stderr == blocks(LISTS, "text")[1]


def test_an_export_is_printed(sh: Sh) -> None:
    *_, export = blocks(LISTS, "sh")
    ran = sh(export)
    assert ran.returncode == 1
    assert ran.stdout == blocks(LISTS, "text")[2]
    assert ran.stderr == "cfacl: left out: `maya`, write for support on `account:prof`: until 2999-01-01 00:00Z\n"


def test_a_shell_answers_a_pipe(sh: Sh) -> None:
    _, pipe = blocks(SHELL, "sh")
    ran = sh(pipe)
    assert (ran.returncode, ran.stderr) == (1, "")
    tables, explained = ran.stdout.splitlines()
    assert tables == '[{"table": "account", "read": ["prof"], "write": ["prof"], "delete": [], "admin": []}]'
    assert '"allowed": false' in explained


def test_every_command_of_the_shell_is_on_its_page() -> None:
    assert [name for name in VERBS if f"`{name}" not in SHELL] == []
