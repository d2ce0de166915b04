"""What holds for every subcommand: exit codes, formats, terminals, and never a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import pytest
import typer

from cfacl.cli.app import app, main
from cfacl.cli.usage import complaint

COMMANDS: Final = [
    *("check", "demo", "diff", "doctor", "explain", "export", "fmt", "import", "init", "matrix", "schema", "shell"),
    *("test", "what", "who"),
]
#: What a shell starts.
CFACL: Final = [sys.executable, "-W", "error", "-c", "import sys; from cfacl.cli.app import main; sys.exit(main())"]


def cfacl(*arguments: object, **environment: str) -> subprocess.CompletedProcess[bytes]:
    inherited = {
        name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR")
    }
    return subprocess.run(
        [*CFACL, *map(str, arguments)], env={**inherited, **environment}, capture_output=True, check=False
    )


def test_the_commands_are_these() -> None:
    assert sorted(str(each.name) for each in app.registered_commands) == COMMANDS


def test_help_lists_every_command_with_a_whole_sentence_and_says_what_exit_codes_mean(run: Any) -> None:
    ran = run("--help")
    listed = [line for line in ran.out.splitlines() if line.split()[:1] and line.split()[0] in COMMANDS]
    assert len(listed) == len(COMMANDS)
    assert all(line.endswith(".") and not line.endswith("...") for line in listed)
    assert "0 yes, 1 no, 2 could not tell" in ran.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_takes_both_formats(run: Any, command: str) -> None:
    ran = run(command, "--help")
    assert ran.code == 0
    assert "--format" in ran.out
    wrong = run(command, *["x"] * 4, "--format", "yaml")
    assert wrong.code == 2
    assert wrong.out == ""


USAGE: Final = [
    (["nosuch"], "there is no command `nosuch`; `cfacl --help` lists them"),
    (["chek"], "there is no command `chek`; did you mean `check` or `schema`?"),
    (["che\nk"], r"there is no command `che\nk`; did you mean `check`?"),
    (["store", "nosuch"], "there is no command `nosuch`; `cfacl store --help` lists them"),
    (["check"], "`POLICY` is missing; `cfacl check --help` says what it is"),
    (["explain", "p", "a", "read", "t:f"], "`--purpose` is missing; `cfacl explain --help` says what it is"),
    (["test", "a", "b"], "`b` is more than it takes; `cfacl test --help` says what that is"),
    (["check", "--nosuch", "a"], "there is no option `--nosuch`; `cfacl check --help` lists them"),
    (["check", "--frmat", "x", "a"], "there is no option `--frmat`; did you mean `--format`?"),
    (["check", "a", "--help=x"], "`--help` takes no value; `cfacl check --help` says what it is for"),
    (["check", "a", "--format"], "`--format` needs a value; `cfacl check --help` says what it is for"),
    (["check", "a", "--format", "yaml"], "`--format` must be `table`, `json` or `csv`, not `yaml`"),
    (["import", "a", "--format", "yaml"], "`--format` must be `table` or `json`, not `yaml`"),
    (["demo", "--users", "x"], "`--users` must be a whole number of at least 1, not `x`"),
    (["demo", "--users", "0"], "`--users` must be a whole number of at least 1, not `0`"),
    (["import", "a", "--from", "x"], "`--from` must be `pairs`, `csv`, `hbase`, `hbase-permissions` or `cassandra-permissions`, not `x`"),
    (["export", "a", "--to", "x"], "`--to` must be `pairs`, `csv`, `hbase-permissions` or `cassandra-permissions`, not `x`"),
    (["shell", "a"], "`--policy` is missing; `cfacl shell --help` says what it is"),
    (["import", "a", "--rows", "-1"], "`--rows` must be a whole number, not `-1`"),
    (["what", "p", "a", "--at", "\x1b"], r"`--at` must be a time such as 2027-01-31T12:00:00Z, not `\u001b`"),
    (["matrix", "a", "--format", "yaml"], "`--format` must be `table`, `json` or `csv`, not `yaml`"),
    (["what", "p", "a", "--at", "2027-01-31"], "`--at` has no offset; write a time such as 2027-01-31T12:00:00Z"),
]  # fmt: skip  # a table of cases


@pytest.mark.parametrize(("arguments", "said"), USAGE, ids=str)
def test_a_usage_error_is_two_and_one_line(run: Any, arguments: list[str], said: str) -> None:
    assert run(*arguments) == (2, "", f"cfacl: {said}\n")


@pytest.mark.parametrize(
    ("arguments", "said"), [each for each in USAGE if "yaml" not in each[0] and "--format" not in each[0]], ids=str
)
def test_a_usage_error_is_a_document_where_that_was_asked_for(run: Any, arguments: list[str], said: str) -> None:
    command = 2 if arguments[0] == "store" else 1
    for form in (["--format", "json"], ["--format=json"]):
        ran = run(*arguments[:command], *form, *arguments[command:])
        assert (ran.code, ran.err) == (2, "")
        assert ran.document == {"faults": [{"file": None, "path": "", "message": said, "line": None, "column": None}]}


def test_the_last_format_counts_and_none_behind_two_dashes(run: Any) -> None:
    assert run("check", "--format", "json", "--format", "table").out == ""
    assert run("check", "--format", "table", "--format", "json").err == ""
    assert run("check", "a", "--", "--format", "json").out == ""


def test_an_error_of_the_toolkit_that_is_not_known_is_one_line_too() -> None:
    said = "the command line is not understood; `cfacl --help` says how it is written"
    assert complaint(typer.BadParameter("Value error,\nfor once")) == said


@pytest.mark.parametrize("arguments", [[], ["store"], ["native"]])
def test_no_command_at_all_is_shown_the_help(run: Any, arguments: list[str]) -> None:
    ran = run(*arguments)
    assert ran.code == 2
    assert "Usage: cfacl" in ran.err + ran.out


@pytest.mark.parametrize(
    "command", [[], ["store"], ["native"], *([each] for each in COMMANDS), ["store", "backup"], ["native", "plan"]]
)
def test_help_has_a_short_name_and_shows_no_types_of_python(run: Any, command: list[str]) -> None:
    ran = run(*command, "-h")
    assert ran == run(*command, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert "<" not in ran.out
    assert "list[" not in ran.out


def test_the_version_is_the_installed_one(run: Any) -> None:
    assert run("--version") == (0, f"cfacl {version('cfacl')}\n", "")


STDIN: Final = [
    ["check", "-"],
    ["what", "-", "app"],
    ["who", "-", "read", "account:id"],
    ["explain", "-", "app", "read", "account:id", "--purpose", "service"],
    ["matrix", "-", "--at", "2026-01-01T00:00:00Z"],
    ["diff", "-", "POLICY"],
    ["diff", "POLICY", "-"],
]


@pytest.mark.parametrize("arguments", STDIN, ids=" ".join)
def test_a_policy_can_come_from_standard_input(run: Any, write: Any, arguments: list[str]) -> None:
    policy = write()
    named = [str(policy) if each == "POLICY" else each for each in arguments]
    ran = run(*named, stdin=policy.read_bytes())
    assert ran.code == 0
    assert ran == run(*(str(policy) if each == "-" else each for each in named))
    assert run(*named, stdin=b"\xff") == (
        2,
        "",
        "standard input:1:1: is not utf-8; save the document as utf-8\n",
    )
    wrong = run(
        *named,
        stdin=b"[policy]",
    )
    assert (wrong.code, wrong.out) == (2, "")
    told, *shown = wrong.err.splitlines()
    assert told == "standard input:1:1: policy.name: is required: what the policy is called"
    assert bool(shown) == (arguments[0] == "check")


def test_both_policies_cannot_come_from_standard_input(run: Any) -> None:
    said = "cfacl: standard input can be one of the two policies, and not both; name a file for the other\n"
    assert run("diff", "-", "-") == (2, "", said)


@pytest.mark.slow
@pytest.mark.parametrize("command", ["check", "import"])
def test_a_standard_input_that_is_closed_is_told(command: str) -> None:
    ran = subprocess.run(["sh", "-c", 'exec "$@" <&-', "sh", *CFACL, command, "-"], capture_output=True, check=False)
    assert (ran.returncode, ran.stdout) == (2, b"")
    assert ran.stderr == b"standard input: cannot be read: it is closed; name a file\n"


def test_starting_the_command_loads_nothing_that_help_does_not_need() -> None:
    heavy = {"pydantic", "rocksdict", "faker", "rich.console", "rich.table", "tomli_w", "prompt_toolkit"}
    ran = subprocess.run(
        [sys.executable, "-c", "import sys, cfacl.cli.app; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(ran.stdout.split())
    assert "cfacl.cli.app" in loaded
    assert not loaded & heavy


def test_a_fault_of_the_library_itself_is_no_answer_and_no_traceback(run: Any, monkeypatch: Any, write: Any) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("that")

    monkeypatch.setattr("cfacl.policy.policy.Policy.loads", broken)
    ran = run("check", write())
    assert ran == (
        2,
        "",
        "cfacl: failed with ZeroDivisionError; please report it, with what `cfacl --debug` shows\n",
    )


def test_an_interrupted_run_ends_as_shells_expect(run: Any, monkeypatch: Any, write: Any) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cfacl.policy.policy.Policy.loads", interrupted)
    assert run("check", write()) == (130, "", "cfacl: interrupted\n")


def test_what_python_makes_of_an_interruption_is_one_too(run: Any, monkeypatch: Any, write: Any) -> None:
    class Named:
        def __set_name__(self, *_: object) -> None:
            raise KeyboardInterrupt

    def interrupted(*_: object) -> None:
        try:
            type("Owner", (), {"each": Named()})
        except BaseException as error:
            raise RuntimeError from error  # as Python 3.11 does by itself

    monkeypatch.setattr("cfacl.policy.policy.Policy.loads", interrupted)
    assert run("check", write()) == (130, "", "cfacl: interrupted\n")


@pytest.mark.slow
def test_a_reader_that_went_away_ends_it_as_its_signal_would_and_without_noise(tmp_path: Any, write: Any) -> None:
    pairs = tmp_path / "pairs.txt"
    pairs.write_text("".join(f"user{n} p{n}\n" for n in range(3_000)))
    note = f"{pairs}: not visible there: who is a service or a third party, so all are `employee`\n".encode()
    for arguments, said in (
        (["import", pairs], note),
        (["import", pairs, "--format", "json"], b""),
        (["what", write(), "app"], b""),
        (["check", pairs, "--format", "json"], b""),
        (["--help"], b""),
    ):
        with subprocess.Popen(
            [*CFACL, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            assert process.stderr.read() == said
        assert process.returncode == 128 + signal.SIGPIPE


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["check"], ["check", "none.toml"]], ids=["usage", "fault"])
def test_nobody_who_reads_the_complaint_either_is_no_noise(arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer) as gone:
        ran = subprocess.run([*CFACL, *arguments], stderr=gone, check=False)
    assert ran.returncode == 128 + signal.SIGPIPE


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [["check", "POLICY"], ["what", "POLICY", "app"], ["check", "none.toml", "--format", "json"], ["--help"]],
    ids=str,
)
def test_an_answer_that_cannot_be_written_is_told_as_that(arguments: list[str], write: Any) -> None:
    policy = str(write())
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [*CFACL, *(policy if each == "POLICY" else each for each in arguments)],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert ran.returncode == 2
    assert ran.stderr == b"cfacl: the answer cannot be written: no space left on device\n"


@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-"])
def test_a_closed_output_is_no_answer(closed: str, write: Any) -> None:
    shell = ["sh", "-c", f'exec "$@" {closed}', "sh"]
    ran = subprocess.run([*shell, *CFACL, "check", str(write())], capture_output=True, check=False)
    assert ran.returncode == 2
    assert b"Traceback" not in ran.stderr
    if closed == ">&-":
        assert ran.stderr == b"cfacl: the answer cannot be written: standard output is closed; open it\n"


@pytest.mark.slow
def test_where_nobody_hears_of_faults_there_is_an_answer_all_the_same(write: Any) -> None:
    """Nor does a file that is opened get their descriptor, and with it what was meant for nobody."""
    shell = ["sh", "-c", 'exec "$@" 2>&-', "sh", *CFACL]
    policy = write()
    for arguments, code in ((["check", policy], 0), (["what", policy, "app"], 0), (["what", policy, "nobody"], 2)):
        ran = subprocess.run([*shell, *map(str, arguments)], capture_output=True, check=False)
        assert (ran.returncode, ran.stderr) == (code, b"")
        assert ran.stdout == cfacl(*arguments).stdout
    text = policy.read_bytes()
    page = policy.with_name("page.html")
    ran = subprocess.run([*shell, "matrix", str(policy), "--html", str(page)], capture_output=True, check=False)
    assert ran.returncode == 0
    assert page.read_text().startswith("<!doctype html>")
    assert policy.read_bytes() == text


@pytest.mark.slow
def test_colour_is_for_terminals_and_never_against_no_color(write: Any) -> None:
    question = ["what", write(), "app"]
    plain = cfacl(*question)
    assert plain.returncode == 0
    assert b"\x1b" not in plain.stdout
    assert b"\x1b" in cfacl(*question, FORCE_COLOR="1").stdout
    coloured = b"\x1b[3"
    assert coloured not in cfacl(*question, FORCE_COLOR="1", NO_COLOR="1").stdout


@pytest.mark.slow
def test_a_row_that_a_program_reads_is_one_line_however_long(write: Any) -> None:
    long = "m" * 200
    policy = write(text=write().read_text().replace("maya", long))
    question = ["who", policy, "read", "account:prof", "--purpose", "support", "--at", "2026-01-01T00:00:00Z"]
    lines = cfacl(*question).stdout.decode().splitlines()
    assert len(lines) == 3
    assert lines[2].startswith(long)
    narrow = cfacl(*question, COLUMNS="40").stdout.decode().splitlines()
    assert all(len(line) <= 40 for line in narrow)
    assert "".join(narrow).count("m") >= 200


@pytest.mark.slow
def test_on_a_narrow_screen_only_the_last_column_is_folded(write: Any) -> None:
    policy = write(text=write().read_text().replace("maya", "maya-of-the-support-desk"))
    ran = cfacl("who", policy, "read", "account:prof", "--at", "2026-01-01T00:00:00Z", COLUMNS="57")
    lines = [line.split() for line in ran.stdout.decode().splitlines()[2:]]
    assert ["maya-of-the-support-desk", "support", "2027-01-01", "roles.supp"] in lines
    assert ["ort.grants"] in lines


@pytest.mark.slow
def test_a_terminal_that_speaks_no_unicode_gets_an_answer(write: Any) -> None:
    policy = write(text=write().read_text().replace("maya", '"zoë"'))
    ran = cfacl("who", policy, "read", "account:prof", "--at", "2026-01-01T00:00:00Z", PYTHONIOENCODING="ascii")
    assert ran.returncode == 0, ran.stderr
    assert b"zo" in ran.stdout


def test_what_a_policy_says_cannot_drive_the_terminal(run: Any, write: Any) -> None:
    policy = write(text=write().read_text().replace("answers tickets", r"\u001b[2Jhello\u009b"))
    ran = run("explain", policy, "maya", "read", "account:prof", "--purpose", "support", "--at", "2026-01-01T00:00:00Z")
    assert ran.code == 0
    assert "\x1b" not in ran.out
    assert "\x9b" not in ran.out
    assert "\\u001b[2Jhello" in ran.out


def test_square_brackets_are_text_and_no_markup(run: Any, write: Any) -> None:
    policy = write(text=write().read_text().replace("maya", '"[red]maya"'))
    ran = run("who", policy, "read", "account:prof", "--at", "2026-01-01T00:00:00Z")
    assert "[red]maya" in ran.out


def test_an_answer_is_an_int_for_sys_exit() -> None:
    assert isinstance(main(["--help"]), int)
