"""Ctrl-C from the first line of ours to the last: what the installed command starts, and what comes of it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

#: The installed command.
CFACL: Final = Path(sys.executable).with_name("cfacl")
#: Runs it, and presses Ctrl-C in one of its calls: the nth, or the nth of a function's.  Counted is from where it could
#: be heeded; before that the interpreter starts, and what installers write around a command.
CODE: Final = """
import os, runpy, signal, sys
nth, name = int(sys.argv[1]), sys.argv[2]
sys.argv = sys.argv[3:]
begun, calls = False, 0

def press(frame, event, _):
    global begun, calls
    begun = begun or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    if begun and event == "call" and name in ("", frame.f_code.co_name):
        if name and signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            return  # of the command's own calls, not of those that get it ready
        calls += 1
        if calls == nth:
            sys.setprofile(None)
            os.kill(os.getpid(), signal.SIGINT)

sys.setprofile(press)
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    sys.setprofile(None)
    print(calls)
"""
#: By its name, a command and what it is given.
COMMANDS: Final = {
    "check": "check POLICY",
    "explain": "explain POLICY maya read account:id --purpose support",
    "fmt": "fmt POLICY --check",
    "matrix": "matrix POLICY",
    "import": "import PAIRS --format json",  # as TOML it says a line of its own on stderr before it is done
    "shell": "shell memory:// --policy POLICY --as app --purpose service",
    "store verify": "store verify STORE",
    "version": "--version",
}
#: In how many calls of a command Ctrl-C is pressed, evenly from its first to its last.
TIMES: Final = 24


class Pressing:
    """Runs one command, time and again."""

    def __init__(self, words: list[str]) -> None:
        self._words = words

    def run(self, nth: int, name: str = "") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-c", CODE, str(nth), name, str(CFACL), *self._words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )

    def calls(self) -> int:
        """How many calls it makes."""
        ran = self.run(0)
        assert b"Traceback" not in ran.stderr
        return int(ran.stdout.splitlines()[-1])


@pytest.fixture
def pressing(named: dict[str, Path], tmp_path: Path) -> Any:
    pairs = tmp_path / "pairs.txt"
    pairs.write_text("maya tickets\nomar tickets\n")
    words = {**named, "PAIRS": pairs}
    return lambda command: Pressing([str(words.get(each, each)) for each in command.split()])


@pytest.mark.parametrize(
    "command", [pytest.param(each, marks=pytest.mark.slow, id=name) for name, each in COMMANDS.items()]
)
def test_ctrl_c_at_any_moment_is_a_line_and_130(pressing: Any, command: str) -> None:
    pressed = pressing(command)
    calls = pressed.calls()
    assert calls > 10_000
    for nth in range(1, calls, calls // TIMES):
        ran = pressed.run(nth)
        made = b"".join(ran.stdout.splitlines()[-1:])
        if made.isdigit() and int(made) < nth:  # in its very last calls it ends without a word on how many there were
            continue  # this time it made fewer calls, and ended before it was pressed
        assert (ran.returncode, ran.stderr) == (130, b"cfacl: interrupted\n"), f"call {nth} of {calls}"


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("cb", id="where Python can raise nothing"),
        pytest.param("__set_name__", id="where Python makes another error of it"),
        pytest.param("_ended", id="before anything is read"),
    ],
)
def test_ctrl_c_is_not_lost_where_an_exception_would_be(pressing: Any, name: str) -> None:
    pressed = pressing(COMMANDS["explain"])
    for nth in (1, 2, 9) if name != "_ended" else (1,):
        ran = pressed.run(nth, name)
        assert (ran.returncode, ran.stderr) == (130, b"cfacl: interrupted\n")


def test_whoever_is_to_be_left_alone_is(named: dict[str, Path]) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", CODE, "1", "main", str(CFACL), "check", str(named["POLICY"])],
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        capture_output=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, b"")


def test_the_command_and_its_door_load_nothing_but_what_a_signal_takes() -> None:
    loaded = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.append({str(Path(__file__).parents[2])!r}); before = {{*sys.modules}}; import cfacl_door; print(*{{*sys.modules}} - before)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip  # one line of code
    assert not [each for each in loaded.stdout.split() if each.partition(".")[0] in ("cfacl", "typer", "typing", "re")]
    assert "cfacl_door" in loaded.stdout.split()


@pytest.mark.slow
def test_an_exit_code_goes_through_the_door(named: dict[str, Path]) -> None:
    for words, code in ((["check", named["POLICY"]], 0), (["diff", named["POLICY"], named["NEW"]], 1), (["x"], 2)):
        assert subprocess.run([CFACL, *words], capture_output=True, check=False).returncode == code
