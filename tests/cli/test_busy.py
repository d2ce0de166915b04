"""The bar of what takes long: on a terminal, and nowhere else; of every command that may take long."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread, Timer
from typing import Any, Final

import pytest
import typer.main

from cfacl.cli import screen
from cfacl.cli.app import app

#: Is in no hurry until the bar has begun.
CODE: Final = """
import threading
from cfacl.cli import screen
screen._PATIENCE = {patience}
try:
    with screen.busy("comparing"):
        for each in threading.enumerate():
            if isinstance(each, threading.Timer) and {wait}:
                each.join()
        raise ValueError
except ValueError:
    print("ended", [each.name for each in threading.enumerate() if isinstance(each, threading.Timer)])
"""


def shown(patience: float, *, wait: bool) -> tuple[bytes, bytes]:
    """What is on stdout, and on a terminal that is stderr."""
    terminal, stderr = pty.openpty()
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", CODE.format(patience=patience, wait=wait)],
        stdout=subprocess.PIPE,
        stderr=stderr,
        env={**os.environ, "TERM": "xterm"},
        check=True,
    )
    os.close(stderr)
    seen = b""
    try:
        while part := os.read(terminal, 65_536):
            seen += part
    except OSError:  # the end of a terminal
        pass
    os.close(terminal)
    return ran.stdout, seen


def test_a_bar_says_what_takes_long_and_is_gone_whatever_ended_it() -> None:
    out, seen = shown(0, wait=True)
    assert out == b"ended []\n"
    assert b"comparing" in seen
    assert seen.rstrip().endswith(b"\x1b[2K"), "the line is cleared"


def test_what_is_done_before_that_shows_nothing() -> None:
    assert shown(3_600, wait=False) == (b"ended []\n", b"")


def test_where_stderr_is_no_terminal_there_is_no_bar() -> None:
    ran = subprocess.run([sys.executable, "-c", CODE.format(patience=0, wait=True)], capture_output=True, check=True)
    assert (ran.stdout, ran.stderr) == (b"ended []\n", b"")


#: By command, what to give it and what the bar says then.
BARS: Final = {
    "check": ("POLICY", ["reading", "looking for mistakes"]),
    "demo": ("--users 2", ["making up users", "looking at it from all sides"]),
    "diff": ("POLICY NEW", ["comparing", "laying out"]),
    "diff --html": ("POLICY NEW --html -", ["comparing", "laying out"]),
    "doctor": ("STORE --policy POLICY", ["looking", "laying out"]),
    "explain": ("POLICY app read account:id --purpose service", ["looking for reasons"]),
    "export": ("POLICY --to csv --purpose service", ["exporting"]),
    "fmt": ("POLICY --check", ["laying out"]),
    "fmt --diff": ("POLICY --diff", ["laying out", "comparing"]),
    "import": ("PAIRS", ["importing"]),
    "import --format json": ("PAIRS --format json", ["importing", "laying out"]),
    "matrix": ("POLICY", ["asking", "laying out"]),
    "matrix --html": ("POLICY --html -", ["asking", "laying out"]),
    "matrix --format csv": ("POLICY --format csv", ["asking", "laying out"]),
    "matrix --format json": ("POLICY --format json", ["asking", "laying out"]),
    "native apply": ("POLICY --store hbase://x --shell true", ["opening", "reading rights", "laying out"]),
    "native plan": ("POLICY --store hbase://x", ["opening", "reading rights"]),
    "native verify": ("POLICY --store hbase://x", ["opening", "reading rights", "laying out"]),
    "shell": ("memory:// --policy POLICY --as app --purpose service --write", ["opening", "writing", "reading", "laying out"]),
    "store backup": ("STORE TARGET", ["opening", "backing up"]),
    "store restore": ("BACKUP TARGET", ["restoring"]),
    "store sweep": ("STORE POLICY", ["opening", "sweeping", "laying out"]),
    "store verify": ("STORE", ["reading every value", "laying out"]),
    "test": ("POLICY", ["testing", "laying out"]),
    "what": ("POLICY app", ["asking", "laying out"]),
    "who": ("POLICY read account:id", ["asking", "laying out"]),
    "who --html": ("POLICY read account:id --html -", ["asking", "laying out"]),
}  # fmt: skip  # a table
#: What is done before anybody waits.
AT_ONCE: Final = {"init", "schema"}
#: To the shell.
SAID: Final = b"put account u id:a=1\nrow account u\n"


class AtOnce(Timer):
    """A second that is over when it begins."""

    def __init__(self, _: float, bar: Callable[[], None]) -> None:
        super().__init__(0, bar)

    def start(self) -> None:
        super().start()
        self.join()


class Terminal:
    """A pseudo terminal in the place of stderr, and what was seen on it."""

    def __init__(self) -> None:
        self._ours, theirs = pty.openpty()
        self.stderr = os.fdopen(theirs, "w")
        self._seen = b""
        self._reader = Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        try:
            while part := os.read(self._ours, 65_536):
                self._seen += part
        except OSError:  # the end of a terminal
            pass

    def end(self) -> str:
        """Return what was seen, once all of it was."""
        self.stderr.close()
        self._reader.join()
        os.close(self._ours)
        return self._seen.decode()


@pytest.fixture
def words(named: dict[str, Path], tmp_path: Path) -> dict[str, Path]:
    pairs = tmp_path / "pairs.txt"
    pairs.write_text("maya tickets\n")
    return {**named, "PAIRS": pairs}


def every_command() -> Iterator[str]:
    top: Any = typer.main.get_command(app)
    for name, command in top.commands.items():
        yield from (f"{name} {below}".strip() for below in getattr(command, "commands", [""]))


def test_every_command_has_a_bar_or_is_done_at_once() -> None:
    assert {each.partition(" --")[0] for each in BARS} | AT_ONCE == set(every_command())


@pytest.mark.slow
@pytest.mark.parametrize("name", BARS)
def test_a_command_says_on_a_terminal_what_takes_long_and_nowhere_else(
    run: Any, words: dict[str, Path], monkeypatch: Any, name: str
) -> None:
    given, says = BARS[name]
    command = name.partition(" --")[0].split()
    arguments = [str(words.get(each, each)) for each in given.split()]
    monkeypatch.setattr(screen, "Timer", AtOnce)
    terminal = Terminal()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", terminal.stderr)
        patch.setenv("TERM", "xterm")
        patch.setenv("COLUMNS", "80")
        shown = run(*command, *arguments, stdin=SAID)
    seen = terminal.end()
    assert shown.code in (0, 1)
    at = 0
    for each in says:
        assert each in seen[at:]
        at = seen.index(each, at)
    assert not [each for each in says if each in shown.out and each != "reading"]
    assert "\x1b" not in shown.out
    if "TARGET" not in given:  # which is there now
        quiet = run(*command, *arguments, stdin=SAID)
        assert "\x1b" not in quiet.out + quiet.err
        assert not [each for each in says if each in quiet.err]


@pytest.mark.slow
@pytest.mark.parametrize("command", [["matrix"], ["fmt", "--check"], ["export", "--to", "csv"]], ids=" ".join)
def test_a_large_policy_is_waited_for_with_a_bar(tmp_path: Path, command: list[str]) -> None:
    family = '{ level = "personal", purposes = ["service"] }'
    grant = '{ table = "t", families = ["f"], actions = ["read"], purposes = ["service"], why = "w" }'
    text = ['policy = { name = "large", purposes = ["service"] }', f"tables.t.families.f = {family}"]
    for n in range(20_000):  # some ten times more than a second takes
        text += [f"[roles.r{n}]", 'clearance = "personal"', f"grants = [{grant}]"]
        text += [f"[principals.p{n}]", 'kind = "employee"', f'roles = ["r{n}"]']
    policy = tmp_path / "large.toml"
    policy.write_text("\n".join(text) + "\n")
    terminal = Terminal()
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from cfacl.cli.app import main; sys.exit(main())",
            command[0],
            policy,
            *command[1:],
        ],
        stdout=subprocess.PIPE,
        stderr=terminal.stderr,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
        check=False,
    )
    assert ran.returncode in (0, 1)
    says = {"matrix": "asking", "fmt": "laying out", "export": "exporting"}[command[0]]
    assert says in terminal.end()
    assert b"\x1b" not in ran.stdout
