"""What holds for every command that there is: examples that run, bad input, Ctrl-C, and where output goes.

The commands are taken from the application, so that a new one is here by itself; what a command is given is what its
first example gives it.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer.main

import cfacl
from cfacl.cli.app import app
from cfacl.cli.demo import scenario
from cfacl.policy.document.syntax import MAX_SIZE

#: What is not run here, and why; a line that is gone from the help must go from here too.
NOT_RUN: Final = {
    "cfacl check policy.toml --watch": "ends by Ctrl-C only; `test_command_check` presses it",
    "cfacl import --from hbase localhost:9090 > imported.toml": "needs a server; `test_command_import` has one",
    "cfacl native plan policy.toml --store hbase://localhost:9090": "needs a server; `tests/native` has one",
    "cfacl native apply policy.toml --store hbase://localhost:9090 --shell 'hbase shell -n'": "as above",
    "cfacl native verify policy.toml --store cassandra://localhost/home": "as above",
    "cfacl native verify policy.toml --store hbase://localhost:9090": "as above",
}
#: What has to be there before; the folder has the policies and a store of each test's own.
BEFORE: Final = {"cfacl store restore backup restored.rocksdb": "cfacl store backup home.rocksdb backup"}

#: The policies of the folder in which examples run.
POLICIES: Final = {"policy.toml", "old.toml", "new.toml"}
#: What a shell starts.
CFACL: Final = [sys.executable, "-W", "error", "-c", "import sys; from cfacl.cli.app import main; sys.exit(main())"]


def commands(command: Any, *names: str) -> Iterator[tuple[str, Any]]:
    """Every command of the app by what is typed for it, ``store verify``."""
    if hasattr(command, "commands"):
        for name, each in command.commands.items():
            yield from commands(each, *names, name)
    else:
        yield " ".join(names), command


def example(command: Any) -> list[str]:
    """The arguments of a command's first example, without what a shell does around it."""
    if not command.epilog:
        return []  # which a test below complains of
    words = shlex.split(command.epilog.splitlines()[0])
    words = words[words.index("cfacl") + 1 :]
    return words[: min((words.index(each) for each in ("|", ">") if each in words), default=len(words))]


def typed(command: Any) -> bytes:
    """What that example writes into the command, by the shell's `|`; nothing if it does not."""
    before, pipe, _ = command.epilog.splitlines()[0].partition("| cfacl ")
    return subprocess.run(["sh", "-c", before], capture_output=True, check=True).stdout if pipe else b""


APP: Final[Any] = typer.main.get_command(app)
COMMANDS: Final = dict(commands(APP))
#: Those that only lead to others, the whole among them.
GROUPS: Final = {"": APP, **{name: each for name, each in APP.commands.items() if hasattr(each, "commands")}}
#: All examples; a group has some of its commands' once more.
LINES: Final = list(
    dict.fromkeys(line for each in (*COMMANDS.values(), *GROUPS.values()) for line in (each.epilog or "").splitlines())
)
EXAMPLES: Final = {name: example(each) for name, each in COMMANDS.items()}
#: Those that read a policy.
READERS: Final = [name for name, words in EXAMPLES.items() if POLICIES & set(words)]
#: Those whose first example needs nothing but the folder.
ALONE: Final = [name for name in COMMANDS if not name.startswith("native")]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as the examples want it, and this process in it: a policy, as it was, as it is to be, and a store."""
    policy = Path(scenario.__file__).with_name("smart_home.toml")
    for name in ("policy.toml", "old.toml"):
        shutil.copy(policy, tmp_path / name)
    text = policy.read_text("utf-8")
    granted = '[roles.sre]\nclearance = "internal"'
    assert granted in text
    (tmp_path / "new.toml").write_text(text.replace(granted, '[roles.sre]\nclearance = "public"'), "utf-8")
    with cfacl.connect(tmp_path / "home.rocksdb", policy=policy) as db:
        db.create_tables()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_there_are_commands_to_look_at() -> None:
    assert len(COMMANDS) > 10
    assert len(READERS) > 8
    assert "check" in READERS


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example_of_its_own(name: str) -> None:
    lines = (COMMANDS[name].epilog or "").splitlines()
    assert lines, f"`cfacl {name}` has no example: give it `epilog=` in cfacl/cli/app.py"
    assert not [line for line in lines if f"cfacl {name}" not in line]


@pytest.mark.parametrize("columns", ["30", "80", "200"])
@pytest.mark.parametrize("name", COMMANDS)
def test_help_ends_with_the_examples_each_on_one_line(run: Any, monkeypatch: Any, name: str, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    ran = run(*name.split(), "--help")
    head, found, examples = ran.out.partition("\nExample:\n")
    assert found
    assert head.strip()
    assert examples.splitlines() == [f"  {line}" for line in COMMANDS[name].epilog.splitlines()]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_the_exit_code_means(run: Any, name: str) -> None:
    assert "Exit code " in run(*name.split(), "--help").out


@pytest.mark.parametrize("name", GROUPS)
def test_help_of_a_group_has_examples_of_its_commands_and_says_what_exit_codes_are(run: Any, name: str) -> None:
    _, _, end = run(*name.split(), "--help").out.partition("\nExample:\n")
    examples, _, codes = end.partition("\n\n")
    assert examples.splitlines() == [f"  {line}" for line in GROUPS[name].epilog.splitlines()]
    assert all(any(line.startswith(f"  cfacl {each} ") for each in COMMANDS) for line in examples.splitlines())
    assert all(line.startswith(f"  cfacl {name}") for line in examples.splitlines())
    assert codes == "Exit codes are answers: 0 yes, 1 no, 2 could not tell.\n"


def test_what_is_not_run_is_still_shown() -> None:
    assert set(NOT_RUN) | set(BEFORE) <= set(LINES)


@pytest.mark.slow
@pytest.mark.parametrize("line", [line for line in LINES if line not in NOT_RUN])
def test_every_example_runs(folder: Path, line: str) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for each in filter(None, (BEFORE.get(line), line)):
        ran = subprocess.run(
            ["sh", "-c", each],
            cwd=folder,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        # 1 is an answer too: there are findings, or somebody gains; 2 is none.
        assert ran.returncode in (0, 1), ran.stderr
        assert "Traceback" not in ran.stderr


def huge(path: Path) -> None:
    """100 MB of comments, none of which is on the disk."""
    with path.open("wb") as file:
        file.write(b"# ")
        file.truncate(100 * 1024**2)


BAD: Final[dict[str, tuple[Callable[[Path], object], str]]] = {
    "gone": (lambda path: None, "no such file or directory"),
    "a directory": (Path.mkdir, "is a directory"),
    "100 MB": (huge, f"is longer than {MAX_SIZE // 1024**2} MiB"),
    "empty": (Path.touch, "policy: is required"),
    "not text": (lambda path: path.write_bytes(b"\xff\xfe\x00"), "is not utf-8"),
    "NULs": (lambda path: path.write_bytes(bytes(1000)), "is not valid toml"),
    "not toml": (lambda path: path.write_text("[" * 50_000), "is not valid toml"),
    "a link to itself": (lambda path: path.symlink_to(path.name), "too many levels of symbolic links"),
}


@pytest.mark.slow
@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("name", READERS)
def test_a_policy_that_cannot_be_read_is_told_in_a_line(run: Any, folder: Path, name: str, bad: str) -> None:
    make, said = BAD[bad]
    make(folder / "bad.toml")
    words = ["bad.toml" if each in POLICIES else each for each in EXAMPLES[name]]
    ran = run(*words)
    assert ran.code == 2
    assert ran.out == ""
    assert "Traceback" not in ran.err
    first, *more = ran.err.splitlines()
    assert first.startswith("bad.toml:")
    assert said in first
    # One line for each file; `check` shows the line of the document too.
    assert all(each.startswith("bad.toml:") or "| " in each for each in more)
    in_json = run(*words, "--format", "json")
    assert (in_json.code, in_json.err) == (2, "")
    assert {each["file"] for each in in_json.document["faults"]} == {"bad.toml"}


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_ctrl_c_ends_every_command_with_a_line_and_130(run: Any, folder: Path, name: str) -> None:
    command = COMMANDS[name].callback
    while hasattr(command, "__wrapped__"):
        command = command.__wrapped__

    def press(frame: Any, event: str, _: object) -> None:
        if event == "call" and frame.f_code is command.__code__:
            sys.setprofile(None)
            raise KeyboardInterrupt

    sys.setprofile(press)
    try:
        ran = run(*EXAMPLES[name])
    finally:
        sys.setprofile(None)
    assert ran == (130, "", "cfacl: interrupted\n")


def test_ctrl_c_while_it_waits_for_a_file_ends_it_too(tmp_path: Path) -> None:
    pipe = tmp_path / "policy.toml"
    os.mkfifo(pipe)
    # Not with `-W error`: Python can be interrupted between opening a file and whatever closes it.
    process = subprocess.Popen(
        [CFACL[0], *CFACL[3:], "check", str(pipe)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with pipe.open("wb", buffering=0) as writer:  # which waits until it reads
        writer.write(b"[policy]\n")
        process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert (process.returncode, out, err) == (130, b"", b"cfacl: interrupted\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_debug_shows_where_an_error_of_any_command_comes_from(run: Any, name: str, monkeypatch: Any) -> None:
    command = COMMANDS[name].callback
    while hasattr(command, "__wrapped__"):
        command = command.__wrapped__

    def fail(frame: Any, event: str, _: object) -> None:
        if event == "call" and frame.f_code is command.__code__:
            sys.setprofile(None)
            raise cfacl.errors.RequestError("that")

    told = {}
    for debug in ([], ["--debug"]):
        sys.setprofile(fail)
        try:
            told[tuple(debug)] = run(*debug, *EXAMPLES[name])
        finally:
            sys.setprofile(None)
    quiet, loud = told.values()
    assert quiet == (2, "", "cfacl: that\n")
    assert (loud.code, loud.out) == (2, "")
    assert loud.err.startswith("Traceback ")
    assert loud.err.endswith("RequestError: that\ncfacl: that\n")


@pytest.mark.slow
@pytest.mark.parametrize("environment", [{"NO_COLOR": "1", "FORCE_COLOR": "1"}, {"COLUMNS": "30"}, {}], ids=str)
@pytest.mark.parametrize("name", ALONE)
def test_every_command_answers_without_a_terminal_in_a_narrow_one_and_without_colours(
    run: Any, folder: Path, monkeypatch: Any, name: str, environment: dict[str, str]
) -> None:
    if name == "store restore":
        assert run(*EXAMPLES["store backup"]).code == 0
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    ran = run(*EXAMPLES[name], stdin=typed(COMMANDS[name]))
    assert ran.code in (0, 1), ran.err
    assert "Traceback" not in ran.err
    # With FORCE_COLOR text may be bold or dim, and with NO_COLOR never coloured.
    coloured = "\x1b[3" if environment.get("NO_COLOR") else "\x1b"
    assert coloured not in ran.out
    assert coloured not in ran.err


@pytest.mark.slow
@pytest.mark.parametrize("name", ALONE)
def test_a_reader_that_went_away_is_no_noise_for_any_command(folder: Path, name: str) -> None:
    if name == "store restore":
        subprocess.run([*CFACL, *EXAMPLES["store backup"]], stdout=subprocess.DEVNULL, check=True)
    process = subprocess.Popen(
        [*CFACL, *EXAMPLES[name]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(typed(COMMANDS[name]))
    assert b"Traceback" not in err
    assert b"Exception ignored" not in err
    # Some have nothing to say, and so nobody to say it to.
    assert process.returncode in (0, 128 + signal.SIGPIPE)


@pytest.mark.slow
@pytest.mark.parametrize(
    "words", [["--help"], ["check", "policy.toml"], ["fmt", "policy.toml", "--check"]], ids=" ".join
)
def test_how_long_a_command_takes_is_told(folder: Path, figure: Any, words: list[str]) -> None:
    took = []
    for _ in range(3):
        start = time.perf_counter()
        ran = subprocess.run([sys.executable, *CFACL[3:], *words], capture_output=True, check=False)
        took.append(time.perf_counter() - start)
        assert ran.returncode in (0, 1)
    figure(f"cfacl {' '.join(words)}", f"{min(took) * 1000:,.0f} ms, the whole process")
