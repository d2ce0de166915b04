"""What every command says of what it cannot take: one line, lower case, names in backticks, and what to do next."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer.main

import cfacl
from cfacl.cli.app import app

#: In a folder with a policy `shop.toml`, an empty folder `folder`, and no `none.toml`: what is typed, and what is said.
SAID: Final = {
    # files
    "check none.toml": "none.toml: cannot be read: no such file or directory",
    "check folder": "folder: cannot be read: is a directory",
    "fmt none.toml": "none.toml: cannot be read: no such file or directory",
    "diff shop.toml none.toml": "none.toml: cannot be read: no such file or directory",
    "shell memory:// --policy none.toml --as maya --purpose support": (
        "none.toml: cannot be read: no such file or directory"
    ),
    "import none.toml": "none.toml: cannot be read: no such file or directory",
    "init folder --name x --family a:b --purpose p": "`folder` is a directory; name a file in it",
    "init folder --name x --family a:b --purpose p --force": "`folder` is a directory; name a file in it",
    "init none/x.toml --name x --family a:b --purpose p": (
        "`none/x.toml` is to be in a folder that is not there; make that first"
    ),
    "init shop.toml --name x --family a:b --purpose p": (
        "`shop.toml` is there already; name a new file, or say `--force`"
    ),
    # stores
    "doctor none": "`FOLDER/none` holds no store yet; open it for writing first, in the process that is to write it",
    "doctor foo://x": (
        "no store is installed for `foo://`; known are `cassandra`, `hbase`, `hbase+http`, `hbase+https`, `memory`, `rocksdb`"
    ),
    "store verify none": "`FOLDER/none` is no cfacl store; name the directory of one",
    "store backup none backup": "`none` is no cfacl store; name the directory of one",
    "store restore none restored": "`FOLDER/none` is no complete backup: `CFACL_BACKUP` is missing; name one",
    "store sweep none shop.toml": "`none` is no cfacl store; name the directory of one",
    "native plan shop.toml --store none": "`none` says no place; write `--store hbase://host:9090`",
    "native plan shop.toml --store memory://": "a store of `memory` has no rights of its own; hbase and cassandra have",
    # names
    "who shop.toml read acount:id": "unknown table `acount`; did you mean `account`?",
    "who shop.toml read zzz:id": "unknown table `zzz`; the policy lists them",
    "who shop.toml read account:pro": "unknown family `pro` of table `account`; did you mean `prof`?",
    "who shop.toml read account:zzz": "unknown family `zzz` of table `account`; the policy lists them",
    "who shop.toml read account": "`account` is no family; write `table:family`",
    "who shop.toml raed account:id": "unknown action `raed`; actions are `read`, `write`, `delete`, `admin`",
    "who shop.toml read account:id --purpose suport": "unknown purpose `suport`; did you mean `support`?",
    "who shop.toml read account:id --purpose zzz": "unknown purpose `zzz`; its purposes are `service`, `support`",
    "what shop.toml nobody": "unknown principal `nobody`; the policy lists who may ask",
    "what shop.toml mayaa": "unknown principal `mayaa`; did you mean `maya`?",
    "explain shop.toml nobody read account:id --purpose support": (
        "unknown principal `nobody`; the policy lists who may ask"
    ),
    "explain shop.toml maya read account:zzz --purpose support": (
        "unknown family `zzz` of table `account`; the policy lists them"
    ),
    "shell memory:// --policy shop.toml --as nobody --purpose support": (
        "unknown principal `nobody`; the policy lists who may ask"
    ),
    "shell memory:// --policy shop.toml --as maya --purpose zzz": "unknown purpose `zzz`; the policy lists them",
    "shell memory:// --policy shop.toml --as maya --purpose suport": "unknown purpose `suport`; did you mean `support`?",
    "matrix shop.toml --role suport": "unknown role `suport`; did you mean `support`?",
    "matrix shop.toml --role zzz": "unknown role `zzz`; there are `app` and `support`",
    "matrix shop.toml --table zzz": "unknown table `zzz`; there is `account`",
    "matrix shop.toml --level secret": (
        "unknown level `secret`; there are `public`, `internal`, `personal`, `sensitive` and `sealed`"
    ),
    "matrix shop.toml --purpose zzz": "unknown purpose `zzz`; its purposes are `service`, `support`",
    "diff shop.toml shop.toml --fail-on secret": (
        "unknown level `secret`; there are `public`, `internal`, `personal`, `sensitive` and `sealed`"
    ),
    "diff shop.toml shop.toml --fail-on persona": "unknown level `persona`; did you mean `personal`?",
    "export shop.toml --to pairs --purpose zzz": "unknown purpose `zzz`; the policy lists them",
    "export shop.toml --to pairs --purpose support --table zzz": "unknown table `zzz`; there is `account`",
    "init new.toml --name x --purpose p --family a:b=secret": (
        "there is no level `secret`; levels are `public`, `internal`, `personal`, `sensitive`, `sealed`"
    ),
    "init new.toml --name x --purpose p --family 'acc ount:id'": (
        "`acc ount:id` is no family; write `table:family=level`, in ASCII letters, digits, `_`, `.` and `-`"
    ),
    # arguments
    "import x --from y": (
        "`--from` must be `pairs`, `csv`, `hbase`, `hbase-permissions` or `cassandra-permissions`, not `y`"
    ),
    "export x --to y": "`--to` must be `pairs`, `csv`, `hbase-permissions` or `cassandra-permissions`, not `y`",
    "test shop.toml --fail-under x": "`--fail-under` must be a number from 0 to 100, not `x`",
    "demo --users x": "`--users` must be a whole number of at least 1, not `x`",
    "what shop.toml": "`PRINCIPAL` is missing; `cfacl what --help` says what it is",
    "schema x": "`x` is more than it takes; `cfacl schema --help` says what that is",
    "store nosuch": "there is no command `nosuch`; `cfacl store --help` lists them",
    "check shop.toml --format": "`--format` needs a value; `cfacl check --help` says what it is for",
    "store verify --zzz=x": "there is no option `--zzz`; `cfacl store verify --help` lists them",
}
#: What is typed into the shell, and what is said of it.
LINES: Final = {
    "use zzz": "unknown purpose `zzz`; the policy lists them",
    "use suport": "unknown purpose `suport`; did you mean `support`?",
    "row acount u1": "unknown table `acount`; did you mean `account`?",
    "row zzz u1": "unknown table `zzz`; the policy lists them",
    "row account u1 zzz:x": "unknown family `zzz` of table `account`; the policy lists them",
    "explain raed account:id": "unknown action `raed`; actions are `read`, `write`, `delete`, `admin`",
    "zzz": "there is no command `zzz`; `help` lists them",
    "help zzz": "there is no command `zzz`; `help` lists them",
    "row": "it is written `row TABLE KEY [COLUMN...]`",
    "put account u1 prof:x=1": "`put` changes data, and this shell only reads; start it with `--write`",
}
#: How a message says what to do where nothing more can be said than what is wrong with a file.
PLAIN: Final = re.compile(
    r": cannot be read: (no such file or directory|is a directory)|must be .*, not|it is written "
)


@pytest.fixture
def folder(write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = write().parent
    (folder / "folder").mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("typed", SAID)
def test_what_a_command_cannot_take_is_told_in_a_line(run: Any, folder: Path, typed: str) -> None:
    before = sorted(folder.rglob("*"))
    ran = run(*shlex.split(typed))
    said = SAID[typed].replace("FOLDER", str(folder))
    assert ran == (
        2,
        "",
        (said if PLAIN.search(said) and said.startswith(("none", "folder")) else f"cfacl: {said}") + "\n",
    )
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("typed", LINES)
def test_what_the_shell_cannot_take_is_told_in_a_line(run: Any, folder: Path, typed: str) -> None:
    ran = run(
        "shell", "memory://", "--policy", "shop.toml", "--as", "maya", "--purpose", "support", stdin=typed.encode()
    )
    assert ran == (2, "", f"cfacl: line 1: {LINES[typed]}\n")


@pytest.mark.parametrize("said", sorted({*SAID.values(), *LINES.values()}))
def test_a_message_begins_in_lower_case_and_says_what_to_do(said: str) -> None:
    assert not said[:1].isupper()
    assert not said.endswith(".")
    assert re.search(r"; |did you mean", said) or PLAIN.search(said)


def commands(command: Any, *names: str) -> Iterator[tuple[str, Any]]:
    for name, each in command.commands.items():
        if hasattr(each, "commands"):
            yield from commands(each, *names, name)
        else:
            yield " ".join((*names, name)), each


def filled(command: Any, empty: Any) -> Iterator[str]:
    """A command line of which one argument, or the value of one option, is empty, and all that has to be there is."""
    for each in command.params:
        is_option = each.param_type_name == "option"
        if each is empty or each.required:
            yield from [each.opts[0]] if is_option else []
            yield "" if each is empty else "x"


EMPTY: Final = [
    (name, command, each)
    for name, command in commands(typer.main.get_command(app))
    for each in command.params
    if not getattr(each, "is_flag", False)
]


@pytest.mark.parametrize(("name", "command", "empty"), EMPTY, ids=[f"{name} {each.name}" for name, _, each in EMPTY])
def test_nothing_that_a_command_is_given_may_be_empty(
    run: Any, folder: Path, name: str, command: Any, empty: Any
) -> None:
    called = empty.opts[0] if empty.param_type_name == "option" else empty.metavar
    said = f"cfacl: `{called}` is empty; `cfacl {name} --help` says what it is\n"
    assert run(*name.split(), *filled(command, empty)) == (2, "", said)
    assert sorted(each.name for each in folder.iterdir()) == ["folder", "shop.toml"]


@pytest.mark.parametrize("words", ["check none.toml --debug", "check --debug none.toml", "--debug check none.toml"])
def test_debug_may_stand_anywhere(run: Any, folder: Path, words: str) -> None:
    ran = run(*words.split())
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("Traceback ")
    assert ran.err.endswith("\nnone.toml: cannot be read: no such file or directory\n")
    assert run("check", "none.toml").err.count("\n") == 1


def test_behind_two_dashes_debug_is_a_name(run: Any, folder: Path) -> None:
    assert run("check", "--", "--debug") == (2, "", "--debug: cannot be read: no such file or directory\n")


def test_a_policy_with_a_byte_order_mark_is_told_what_to_do(run: Any, folder: Path) -> None:
    """TOML has none; whoever asks an editor to save without it has a file that every reader of TOML takes."""
    text = (folder / "shop.toml").read_bytes()
    (folder / "shop.toml").write_bytes(b"\xef\xbb\xbf" + text)
    said = "starts with a byte order mark; save the document without it\n"
    assert run("what", "shop.toml", "maya") == (2, "", f"shop.toml:1:1: {said}")
    assert run("check", "shop.toml").err.startswith(f"shop.toml:1:1: {said}")
    with pytest.raises(cfacl.PolicyError, match="byte order mark"):
        cfacl.Policy.load("shop.toml")


@pytest.mark.parametrize(
    "words",
    [
        "check FILE",
        "who FILE read account:id",
        "what FILE maya",
        "explain FILE maya read account:id --purpose support",
        "matrix FILE",
        "test FILE",
        "fmt FILE",
        "diff shop.toml FILE",
        "export FILE --to csv",
        "doctor memory:// --policy FILE",
        "native plan FILE --store memory://",
        "shell memory:// --policy FILE --as maya --purpose support",
    ],
)
def test_every_command_says_where_a_policy_is_at_fault(run: Any, folder: Path, words: str) -> None:
    text = (folder / "shop.toml").read_text()
    (folder / "b.toml").write_text(text.replace('level = "personal"', 'level = "persona"'))
    command = shlex.split(words.replace("FILE", "b.toml"))
    (line,) = (number for number, each in enumerate(text.split("\n"), 1) if each.startswith("prof = "))
    ran = run(*command)
    path = "tables.account.families.prof.level"
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"b.toml:{line}:10: {path}: ")
    if command[0] != "shell":
        (fault,) = run(*command, "--format", "json").document["faults"]
        assert [fault[key] for key in ("file", "path", "line", "column")] == ["b.toml", path, line, 10]
    (folder / "b.toml").write_text("[policy]\nname = \n")
    assert run(*command).err.startswith("b.toml:2:8: is not valid toml: ")
