"""`cfacl shell` on a real pseudo-terminal: completion, Ctrl-C, Ctrl-D, and nothing kept on the disk."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

import cfacl
from cfacl.cli.shell.prompt import Names

CFACL: Final = [sys.executable, "-W", "error", "-c", "import sys; from cfacl.cli.app import main; sys.exit(main())"]
#: What moves the cursor, or colours what follows.
_DRAWN: Final = re.compile(rb"\x1b(?:\[[0-9;?]*[A-Za-z]|[=>])")
PROMPT: Final = "maya for support>"
TAB, CTRL_C, CTRL_D, ENTER, UP = "\t", "\x03", "\x04", "\r", "\x1b[A"
#: Until what is waited for has to be there; a test that waits so long is red.
PATIENCE: Final = 60


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, *command: str, **environment: str) -> None:
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.execve(command[0], command, environment)  # a program of ours
        self.seen = ""

    def type(self, keys: str) -> None:
        os.write(self.file, keys.encode())

    def until(self, text: str) -> str:
        """Return what is shown until a text is."""
        while text not in self.seen:
            assert self._more(), f"ended without {text!r}: {self.seen!r}"
        shown, _, self.seen = self.seen.partition(text)
        return shown + text

    def end(self) -> int:
        """Return the exit code, once it has ended."""
        while self._more():
            pass
        os.close(self.file)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def _more(self) -> bool:
        ready, _, _ = select.select([self.file], [], [], PATIENCE)
        assert ready, f"nothing more is shown: {self.seen!r}"
        try:
            raw = os.read(self.file, 65_536)
        except OSError:  # as Linux tells that the other end is closed
            return False
        self.seen += _DRAWN.sub(b"", raw).decode("utf-8", "replace").replace("\r", "")
        return bool(raw)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "home"
    path.mkdir()
    return path


@pytest.fixture
def terminal(tmp_path: Path, home: Path, write: Any) -> Iterator[Callable[..., Terminal]]:
    """Start the shell as `maya` for `support` on a store with more rows than a terminal takes at once."""
    policy = write(text=write().read_text().replace("until = 2027-01-01T00:00:00Z", ""))
    with cfacl.connect(tmp_path / "store", policy=policy) as db:
        db.create_tables()
        with db.session("app", purpose="service") as session:
            session.table("account").put(b"u17", {b"prof:country": b"SG", b"id:email": b"ada@example.org"})
            with session.table("account").batch() as batch:
                for number in range(3_000):
                    batch.put(b"v%04d" % number, {b"prof:country": b"SG"})
    started: list[Terminal] = []

    def start(*more: str) -> Terminal:
        asked = (
            "shell",
            str(tmp_path / "store"),
            "--policy",
            str(policy),
            "--as",
            "maya",
            "--purpose",
            "support",
            *more,
        )
        environment = {"TERM": "xterm", "HOME": str(home), "PATH": os.environ["PATH"], "PROMPT_TOOLKIT_NO_CPR": "1"}
        started.append(Terminal(*CFACL, *asked, **environment))
        started[-1].until(PROMPT)
        return started[-1]

    yield start
    for each in started:
        try:
            os.kill(each.pid, signal.SIGKILL)
            os.waitpid(each.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


def test_names_are_completed_and_a_row_is_read(terminal: Callable[..., Terminal]) -> None:
    it = terminal()
    it.type("ta" + TAB)
    it.until("tables")
    it.type(ENTER)
    it.until("prof")
    it.until(PROMPT)
    it.type("row ac" + TAB)
    it.until("row account")
    it.type(" u17 pr" + TAB)
    it.until("u17 prof")
    it.type(ENTER)
    assert "ada@example.org" not in it.until("b'SG'")
    it.until(PROMPT)
    it.type(CTRL_D)
    assert it.end() == 0


def test_an_interrupt_drops_a_line_and_the_end_of_input_ends(terminal: Callable[..., Terminal]) -> None:
    it = terminal()
    it.type("row account u17 id")
    it.until("u17 id")
    it.type(CTRL_C)
    it.until("\n")  # behind the line that was dropped
    it.until(PROMPT)
    it.type("row account u17 id" + ENTER)
    assert "cfacl: `maya` may not `read` `account:id` for `support`" in it.until("says what is missing")
    it.until(PROMPT)
    it.type("help exit" + ENTER)
    it.until("so does Ctrl-D")
    it.until(PROMPT)
    it.type("exit" + ENTER)
    assert it.end() == 0


def test_lines_are_remembered_until_it_ends_and_kept_nowhere(
    terminal: Callable[..., Terminal], home: Path, tmp_path: Path
) -> None:
    it = terminal()
    it.type("row account u17-secret" + ENTER)
    it.until("nothing that is granted")
    it.until(PROMPT)
    it.type(UP)
    it.until("row account u17-secret")
    it.type(CTRL_C)
    it.until("\n")  # behind the line that was dropped
    it.until(PROMPT)
    it.type(CTRL_D)
    assert it.end() == 0
    assert list(home.iterdir()) == []
    held = [path for path in tmp_path.rglob("*") if path.is_file() and b"u17-secret" in path.read_bytes()]
    assert held == []


def test_a_long_answer_that_is_interrupted_comes_back_to_the_prompt(terminal: Callable[..., Terminal]) -> None:
    it = terminal()
    it.type("scan account v 3000" + ENTER)
    it.until("b'v0000'")
    os.kill(it.pid, signal.SIGINT)  # it waits for somebody to read on
    assert "b'v2999'" not in it.until("interrupted")
    it.until(PROMPT)
    it.type("tables" + ENTER)
    it.until("read")
    it.until(PROMPT)
    it.type(CTRL_D)
    assert it.end() == 0


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("", "tables families row rows scan put delete explain use help exit"),
        ("r", "row rows"),
        ("row ", "account order"),
        ("row account ", ""),
        ("row account u1 ", "id id:e-mail b'id:a\\xc3\\xbc' prof"),
        ("row account u1 id id:", "id:e-mail"),
        ("put account u1 i", "id: id:e-mail="),
        ("put account u1 id:e-mail=", "id:e-mail="),
        ("explain r", "read"),
        ("explain read account:", "account:id account:prof"),
        ("explain read account:id order", "order:item"),
        ("use ", "service support"),
        ("use service ", ""),
        ("help sc", "scan"),
        ("families o", "order"),
        ("row nowhere u1 ", ""),
        ("nosuch ", ""),
    ],
)
def test_what_is_offered(typed: str, offered: str) -> None:
    families = {
        "id": SimpleNamespace(columns=frozenset([b"e-mail", "aü".encode()])),
        "prof": SimpleNamespace(columns=None),
    }
    catalog = SimpleNamespace(
        tables={
            "order": SimpleNamespace(families={"item": SimpleNamespace(columns=None)}),
            "account": SimpleNamespace(families=families),
        },
        purposes={"support", "service"},
    )
    found = [each.text for each in Names(catalog).get_completions(Document(typed), CompleteEvent())]
    assert sorted(found) == sorted(offered.split())
