"""Pages as tests see them: their blocks, and somebody who follows a page from its top to its end.

Who follows a page does what stands in its blocks, in order, in an empty folder:

* a block behind a line such as "`shop.toml`:" is that file, and behind "Add to `shop.toml`:" it is put at its end;
* ``console``: what stands behind a ``$``, and goes on behind a ``\\`` at the end of a line, is run, and has to print what stands below it; one that ends with ``&`` goes on,
  and is waited for until it printed that;
* ``pycon``: as doctest has it, and ``python`` without a file's name is run beside it, by the same names.

Where an output differs each time, ``...`` stands for anything.
"""

from __future__ import annotations

import doctest
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any, Final, NamedTuple

import pytest

ROOT: Final = Path(__file__).parents[2]
#: A fenced block, also within a list, with the line before it.
_BLOCK: Final = re.compile(
    r"(?:^ *(?P<before>[^\n]*)\n\n?)?^(?P<indent> *)```(?P<language>[\w{}-]*)\n(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
_FILE: Final = re.compile(r"(?P<add>Add to )?`(?P<name>[\w.]+)`[^`]*:")
_COMMAND: Final = re.compile(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
#: What these tests were started with that a reader was not.
OURS: Final = ("COLUMNS", "PYTEST_ADDOPTS")
#: What a page has its reader do that is done before these tests run.
DONE: Final = {
    "python3 -m venv .venv && . .venv/bin/activate": "the tests run in an environment already",
    "pip install 'cfacl[testing]'": "it is what the environment holds, and there may be no network",
}


class Block(NamedTuple):
    """A fenced block of a page."""

    page: str
    line: int
    before: str
    language: str
    text: str

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"


class Follower:
    """Somebody who follows pages in a folder; the current one has to be it."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"__name__": "__page__"}
        self.done: list[str] = []
        self._code = 0
        self._running: list[subprocess.Popen[str]] = []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = str(free.getsockname()[1])

    def follow(self, blocks: list[Block]) -> None:
        """Do what stands in blocks, in order."""
        for block in blocks:
            named = _FILE.fullmatch(block.before)
            text = block.text.replace("8000", self._port)
            if named:
                with Path(named["name"]).open("a" if named["add"] else "w", encoding="utf-8") as file:
                    file.write("\n" * bool(named["add"]) + text)
            elif block.language == "console":
                self._type(block, text)
            elif block.language == "pycon":
                self._try(block, text)
            elif block.language == "python":
                exec(compile(text, block.where, "exec"), self.names)
            else:
                assert block.language in ("text", ""), f"{block.where}: a block of {block.language} that is no file"

    def stop(self) -> None:
        """End what goes on."""
        for each in self._running:
            os.killpg(each.pid, signal.SIGTERM)
            assert each.stdout is not None
            each.stdout.close()
            each.wait()

    def _type(self, block: Block, text: str) -> None:
        commands = _COMMAND.findall(text)
        assert commands, f"{block.where}: no line of it begins with `$ `"
        for command, wanted in commands:
            self.done.append(command)
            if command not in DONE:
                said = self._run(command, wanted.count("\n"))
                self._compare(block, f"$ {command}", wanted, said)

    def _run(self, command: str, lines: int) -> str:
        running = subprocess.Popen(
            ["sh", "-c", f"(exit {self._code})\n{command.removesuffix('&')}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            env={name: value for name, value in os.environ.items() if name not in OURS}
            | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "PYTHONUNBUFFERED": "1"},
        )
        if command.endswith("&"):
            self._running.append(running)
            assert running.stdout is not None
            return "".join(running.stdout.readline() for _ in range(lines))
        said, _ = running.communicate()
        self._code = running.returncode
        return said

    def _try(self, block: Block, text: str) -> None:
        examples = doctest.DocTestParser().get_doctest(text, self.names, block.page, block.page, block.line)
        examples.globs = self.names  # not a copy: later blocks go on with what this one names
        assert examples.examples, f"{block.where}: no line of it begins with `>>> `"
        told: list[str] = []
        runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
        runner.run(examples, out=told.append, clear_globs=False)
        assert runner.failures == 0, "".join(told)
        self.done += [each.source for each in examples.examples]

    @staticmethod
    def _compare(block: Block, what: str, wanted: str, said: str) -> None:
        # As on a screen: an empty line, and blanks at a line's end, are not seen.
        shown = ["\n".join(line.rstrip() for line in each.splitlines() if line.strip()) for each in (wanted, said)]
        assert doctest.OutputChecker().check_output(shown[0], shown[1], doctest.ELLIPSIS), (
            f"{block.where}: {what}\nthe page has\n{shown[0]}\nit says\n{shown[1]}"
        )


@pytest.fixture(scope="session")
def blocks_of() -> Callable[[str], list[Block]]:
    """Return the blocks of a page, which is named by its path in the repository."""

    def read(page: str) -> list[Block]:
        text = (ROOT / page).read_text("utf-8")
        return [
            Block(
                page,
                text.count("\n", 0, each.start("language")) + 1,
                each["before"] or "",
                each["language"],
                dedent(each["text"]),
            )
            for each in _BLOCK.finditer(text)
        ]

    return read


@pytest.fixture(scope="session")
def done_before() -> dict[str, str]:
    """What a page has its reader do that these tests leave out, and why."""
    return DONE


@pytest.fixture
def follower(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Follower]:
    """Somebody in an empty folder."""
    monkeypatch.chdir(tmp_path)
    somebody = Follower()
    yield somebody
    somebody.stop()
