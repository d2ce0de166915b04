"""`--format csv`: rows as RFC 4180 has them, from every command that answers with rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
import typer

import cfacl
from cfacl.cli.app import app
from cfacl.cli.screen import print_csv
from cfacl.stores.native import RightsOff

#: By command: what to run it with, how it ends, and its columns.
CASES: Final = {
    "check": ("POLICY", 0, "file,line,column,path,code,message"),
    "explain": (
        "POLICY maya read account:id --purpose support --at 2026-01-01T00:00:00Z",
        1,
        "table,family,level,allowed,what,path,roles,why,missing",
    ),
    "test": ("POLICY", 0, "verdict,file,line,column,path,told"),
    "who": ("POLICY read account:prof --at 2026-01-01T00:00:00Z", 0, "principal,purpose,since,until,via"),
    "what": ("POLICY app", 0, "table,family,action,purpose,since,until,via"),
    "diff": (
        "POLICY NEW",
        1,
        "principal,gains,action,table,family,columns,but,purpose,since,until,effect,path,message",
    ),
    "export": ("POLICY --to csv --purpose service", 0, "standing,principal,table,family,what,purpose,why"),
    "fmt": ("POLICY NEW --check", 1, "file,changed"),
    "matrix": ("POLICY", 0, "role,table,family,level,action,purpose,since,until,via"),
    "demo": ("--users 2", 0, "look,principal,purpose,table,family,verdict,cells"),
    "doctor": ("STORE", 0, "verdict,about,told"),
    "store verify": ("STORE", 0, "table,family,identity,values"),
    "store backup": ("STORE TARGET", 0, "bytes"),
    "store restore": ("BACKUP TARGET", 0, "bytes"),
    "store sweep": ("STORE POLICY", 0, "table,family,looked,removed"),
    "native plan": ("POLICY --store hbase://x", 0, "standing,account,on,rights,why"),
    "native verify": ("POLICY --store hbase://x", 1, "standing,account,on,rights,why"),
    "native apply": ("POLICY --store hbase://x --shell true", 1, "standing,account,on,rights,why"),
}
#: What answers each of its lines: see `test_command_shell.py`.
LINES: Final = {"shell"}
#: What answers with a policy, which is no list of rows.
DOCUMENTS: Final = {"import", "init", "schema"}


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def commands() -> Iterator[tuple[str, Any]]:
    top: Any = typer.main.get_command(app)
    for name, command in top.commands.items():
        for below, each in getattr(command, "commands", {"": command}).items():
            yield f"{name} {below}".strip(), each


def test_every_command_has_it_or_answers_with_a_policy() -> None:
    found = {name: next(each for each in command.params if "--format" in each.opts) for name, command in commands()}
    assert {name for name, option in found.items() if "csv" in str(option.metavar)} == CASES.keys() | LINES
    assert found.keys() - CASES.keys() - LINES == DOCUMENTS


@pytest.mark.parametrize("command", CASES)
def test_a_command_answers_with_rows_of_one_width_under_their_names(
    run: Any, named: dict[str, Path], command: str
) -> None:
    arguments, code, columns = CASES[command]
    ran = run(*command.split(), *(named.get(each, each) for each in arguments.split()), "--format", "csv")
    assert ran.code == code, ran.err
    head, *body = rows(ran.out)
    assert head == columns.split(",")
    assert {len(each) for each in body} <= {len(head)}
    assert bool(body) == (command != "check")
    assert ran.out.count("\r\n") == len(body) + 1


@pytest.mark.parametrize("command", sorted(DOCUMENTS))
def test_a_command_that_answers_with_a_policy_says_what_to_take_instead(run: Any, write: Any, command: str) -> None:
    said = "cfacl: `--format` must be `table` or `json`: a policy is no list of rows, which csv is for\n"
    assert run(command, write(), "--format", "csv") == (2, "", said)
    assert "no list of rows" in " ".join(run(command, "--help").out.replace("│", "").split())


def test_faults_go_to_stderr_and_nothing_to_stdout(run: Any, tmp_path: Path) -> None:
    said = f"{tmp_path}/none.toml: cannot be read: no such file or directory\n"
    assert run("check", tmp_path / "none.toml", "--format", "csv") == (2, "", said)
    assert run("check", "--format", "csv").err == "cfacl: `POLICY` is missing; `cfacl check --help` says what it is\n"


def test_what_is_asked_is_in_the_rows(run: Any, named: dict[str, Path]) -> None:
    policy, before = named["POLICY"], "2026-01-01T00:00:00Z"
    assert run("who", policy, "read", "account:prof", "--at", before, "--format", "csv").out == (
        "principal,purpose,since,until,via\r\n"
        "app,service,,,roles.app.grants[0]\r\n"
        "maya,support,,2027-01-01T00:00:00+00:00,roles.support.grants[0]\r\n"
    )
    assert rows(run("diff", policy, named["NEW"], "--format", "csv").out)[1] == [
        "maya", "true", "read", "account", "prof", "", "", "support",
        "2027-01-01T00:00:00+00:00", "2028-01-01T00:00:00+00:00", "", "", "",
    ]  # fmt: skip  # one row
    assert rows(run("diff", policy, named["NEW"], "--format", "csv").out)[2] == [
        *[""] * 10, "weakens", "tables.account.families.prof.time_to_live", "left out, was `1d`",
    ]  # fmt: skip  # one row
    told = rows(
        run(
            "explain", policy, "maya", "read", "account:prof", "--purpose", "support", "--at", before, "--format", "csv"
        ).out
    )
    assert told[1:] == [
        ["account", "prof", "personal", "true", "grant", "roles.support.grants[0]", "support", "answers tickets", ""]
    ]
    planned = rows(run("native", "plan", policy, "--store", "hbase://x", "--purpose", "service", "--format", "csv").out)
    assert planned[1:] == [
        ["give", "app", "home:id", "R", ""],
        ["give", "app", "home:prof", "R", ""],
        ["left alone", "eve", "table home", "RW", planned[3][4]],
    ]
    held = rows(run("native", "verify", policy, "--store", "hbase://x", "--purpose", "service", "--format", "csv").out)
    assert [each[:2] for each in held[1:]] == [["missing", "app"], ["missing", "app"], ["too much", "eve"]]


def test_what_a_demonstration_shows_is_counted_by_visitor_and_family(run: Any) -> None:
    shown = [
        dict(zip(*each, strict=True)) for each in _with_head(rows(run("demo", "--users", "2", "--format", "csv").out))
    ]
    row = {each["family"]: each for each in shown if each["look"] == "row" and each["principal"] == "fay"}
    assert {family: (each["verdict"], each["cells"] != "0") for family, each in row.items()} == {
        "auth": ("withheld", False), "id": ("withheld", False), "prof": ("granted", True),
    }  # fmt: skip  # one row
    assert {each["verdict"] for each in shown if each["look"] == "scan"} == {"granted", "withheld", "refused"}


def _with_head(found: list[list[str]]) -> Iterator[tuple[list[str], list[str]]]:
    return ((found[0], each) for each in found[1:])


def test_damage_and_rights_that_are_off_are_said_beside_the_rows(
    run: Any, named: dict[str, Path], monkeypatch: Any
) -> None:
    def damaged(*_: object) -> None:
        raise cfacl.StoreCorrupted("it is damaged")

    def off(*_: object, **__: object) -> None:
        raise RightsOff("it asks for no rights")

    monkeypatch.setattr("cfacl.stores.rocksdb.verification.verify", damaged)
    monkeypatch.setattr("cfacl.api.wall.wall", off)
    assert run("store", "verify", named["STORE"], "--format", "csv") == (
        1, "table,family,identity,values\r\n", "it is damaged\n",
    )  # fmt: skip  # one row
    ran = run("native", "verify", named["POLICY"], "--store", "hbase://x", "--format", "csv")
    assert ran == (1, "standing,account,on,rights,why\r\n", "it asks for no rights\n")


def test_each_kind_of_cell_is_written_so_that_it_is_read_back(capsys: pytest.CaptureFixture[str]) -> None:
    at = datetime(2027, 1, 31, 12, tzinfo=UTC)
    print_csv(
        ("a", "b"),
        [
            {"a": None, "b": 'with "quotes", and a comma', "c": "not asked for"},
            {"a": True, "b": 0},
            {"a": at, "b": ("one", "two")},
            {"a": "zoë", "b": "\x1b[2J\x9b\n\t="},
        ],
    )
    out, err = capsys.readouterr()
    assert rows(out) == [
        ["a", "b"],
        ["", 'with "quotes", and a comma'],
        ["true", "0"],
        ["2027-01-31T12:00:00+00:00", "one\ntwo"],
        ["zoë", r"\u001b[2J\u009b\u000a\u0009="],
    ]
    assert err == ""


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\uff1d1"])
def test_what_a_spreadsheet_takes_for_a_formula_stays_as_it_is_and_is_told(
    capsys: pytest.CaptureFixture[str], text: str
) -> None:
    print_csv(("a", "b"), [{"a": "x", "b": text}])
    out, err = capsys.readouterr()
    assert rows(out)[1] == ["x", text]
    assert err == "cfacl: a spreadsheet takes some cells for formulas; import them as text\n"
