"""`cfacl check`: 0 if nothing is found, 1 with findings, 2 with faults, one a line."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

import cfacl


def test_a_sound_policy_is_counted_and_nothing_is_found(run: Any, write: Any) -> None:
    ran = run("check", write())
    assert ran.code == 0
    assert ran.err == ""
    loads, found = ran.out.splitlines()
    assert loads == (
        "policy `shop` loads: 1 table, 2 families, 2 roles, 2 grants, 2 principals, no `never` lines, no `expect` lines"
    )
    assert found == "no findings"


def test_a_finding_is_shown_with_its_place(run: Any, write: Any) -> None:
    policy = write(text=write().read_text() + '\n[roles.idle]\nclearance = "public"\n')
    ran = run("check", policy)
    assert ran.code == 1
    assert ran.err == ""
    assert "roles.idle" in ran.out
    found = run("check", policy, "--format", "json")
    assert found.code == 1
    assert [(each["path"], each["code"]) for each in found.document["findings"]] == [("roles.idle", "unheld")]
    assert found.document["counts"]["roles"] == 3


def test_a_sound_policy_has_no_findings_in_json(run: Any, write: Any) -> None:
    ran = run("check", write(), "--format", "json")
    assert ran.code == 0
    assert ran.document["policy"] == "shop"
    assert ran.document["findings"] == []


def test_all_faults_are_told_with_their_file_and_line_and_nothing_else(run: Any, write: Any) -> None:
    broken = write().read_text().replace('"sensitive"', '"secret"').replace('roles = ["app"]', 'roles = ["apq"]')
    file = write("broken.toml", broken)
    with pytest.raises(cfacl.PolicyError) as error:
        cfacl.Policy.loads(broken)
    faults = error.value.faults
    assert len(faults) > 2
    ran = run("check", file)
    assert (ran.code, ran.out) == (2, "")
    told = [line for line in ran.err.splitlines() if line.startswith(str(file))]
    assert [line.split(": ", 1)[1] for line in told] == [str(fault) for fault in faults]
    in_json = run("check", file, "--format", "json")
    assert (in_json.code, in_json.err) == (2, "")
    found = in_json.document["faults"]
    assert [(each["path"], each["message"]) for each in found] == [tuple(fault) for fault in faults]
    assert [f"{each['file']}:{each['line']}:{each['column']}" for each in found] == [
        line.split(": ", 1)[0] for line in told
    ]


CARETS: Final = {
    "a value": (
        '[policy]\nname = "x"\nlevels = ["low"]\n\n[tables.t.families.f]\nlevel = "lo"  # b\npurposes = []\n',
        (
            "6:1: tables.t.families.f.level: no level `lo` is declared; did you mean `low`?\n"
            '6 | level = "lo"  # b\n'
            "  | ^^^^^^^^^^^^\n"
        ),
    ),
    "a key": (
        'policy = { name = "x", purpses = [] }\n',
        (
            "1:24: policy.purpses: `purpses` is not a key of this table; did you mean `purposes`?\n"
            '1 | policy = { name = "x", purpses = [] }\n'
            "  |                        ^^^^^^^^^^^^\n"
        ),
    ),
    "a table": (
        '[policy]\nname = "x"\n[roles.a]\n',
        (
            "3:1: roles.a.clearance: is required: the highest level that the role may ever reach\n"
            "3 | [roles.a]\n"
            "  | ^^^^^^^^^\n"
        ),
    ),
    "what is no toml": (
        '[policy]\nname = "x\n',
        (
            "2:10: is not valid toml: illegal character `\\n`\n"
            '2 | name = "x\n'
            "  |          ^\n"
        ),
    ),
    "an end": (
        "[policy]\nlevels = [\n",
        (
            "2:11: is not valid toml: invalid value\n"
            "2 | levels = [\n"
            "  |           ^\n"
        ),
    ),
    "wide characters, tabs and returns": (
        'policy = { name = "x" }\r\n\troles."\u65e5\u672c" = { clearance = "public", inherits = ["y"] }\r\n',
        (
            '2:51: roles."\u65e5\u672c".inherits[0]: no role `y` is declared; declare it, or correct the name\n'
            '2 |  roles."\u65e5\u672c" = { clearance = "public", inherits = ["y"] }\n'
            "  | " + 52 * " " + "^^^\n"
        ),
    ),
}  # fmt: skip  # a line of code is a line of the answer


@pytest.mark.parametrize(("text", "told"), CARETS.values(), ids=CARETS)
def test_a_fault_shows_its_line_and_a_caret(run: Any, write: Any, text: str, told: str) -> None:
    file = write("x.toml", "")
    file.write_bytes(text.encode())
    assert run("check", file) == (2, "", f"{file}:{told}")
    assert run("check", "-", stdin=text.encode()) == (2, "", f"standard input:{told}")


@pytest.mark.parametrize("columns", [12, 30, 31, 80])
def test_a_long_line_is_cut_around_the_caret(run: Any, write: Any, monkeypatch: Any, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    purposes = ", ".join(f'"p{n}"' for n in range(50))
    text = f'policy = {{ name = "x", purposes = [{purposes}], nosuch = "{"y" * 300}" }}  # {"z" * 300}'
    _, line, carets = run("check", write(text=text)).err.splitlines()
    if columns >= 30:
        assert len(line) <= columns
        assert line.startswith("1 | ...")
        assert line.endswith("...")
        assert line[carets.index("^") :].startswith("nosuch = ")
    assert set(carets.partition("| ")[2]) == {" ", "^"}
    assert len(carets) <= max(columns, 14)


def test_a_finding_has_its_line_too(run: Any, write: Any) -> None:
    policy = write(text=write().read_text() + '\n[roles.idle]\nclearance = "public"\n')
    line = policy.read_text().splitlines().index("[roles.idle]") + 1
    found = run("check", policy, "--format", "json").document["findings"]
    assert [(each["line"], each["column"]) for each in found] == [(line, 1)]
    assert run("check", policy).out.splitlines()[-1].split()[:2] == [str(line), "roles.idle"]


@pytest.fixture
def watching(write: Any) -> Iterator[Callable[..., tuple[Path, subprocess.Popen[str]]]]:
    """Start `cfacl check --watch` on a policy."""
    started: list[subprocess.Popen[str]] = []

    def watch(*more: str) -> tuple[Path, subprocess.Popen[str]]:
        policy = write()
        code = "import sys; from cfacl.cli.app import main; sys.exit(main())"
        command = [sys.executable, "-W", "error", "-c", code, "check", "--watch", str(policy), *more]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
        return policy, started[-1]

    yield watch
    for each in started:
        each.kill()
        each.communicate()


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """What a process prints, up to a text."""
    assert process.stdout is not None
    told = ""
    while text not in told:
        line = process.stdout.readline()
        assert line, f"it ended with {told!r}"
        told += line
    return told


@pytest.mark.slow
def test_a_policy_that_is_watched_is_checked_with_each_change_until_ctrl_c(watching: Any) -> None:
    policy, process = watching()
    sound = policy.read_text()
    assert read_until(process, "no findings\n").startswith("policy `shop` loads")
    policy.write_text(sound.replace("clearance", "clearing"))
    assert read_until(process, "`clearing` is not a key").startswith(f"`{policy}` has changed\n{policy}:")
    policy.write_text(sound)
    assert f"`{policy}` has changed\npolicy `shop` loads" in read_until(process, "no findings\n")
    policy.unlink()
    read_until(process, f"{policy}: cannot be read: no such file or directory\n")
    policy.write_text(sound)
    read_until(process, "no findings\n")
    process.send_signal(signal.SIGINT)
    assert process.stdout.read() == "cfacl: interrupted\n"
    assert process.wait() == 130


@pytest.mark.slow
def test_a_policy_that_is_watched_answers_in_json_too(watching: Any) -> None:
    policy, process = watching("--format", "json")
    assert json.loads(read_until(process, "\n}\n"))["findings"] == []
    policy.unlink()
    assert read_until(process, "\n") == f"`{policy}` has changed\n"
    assert [each["file"] for each in json.loads(read_until(process, "\n}\n"))["faults"]] == [str(policy)]


IDLE: Final = '\n[roles.idle]\nclearance = "public"\n'


def test_several_policies_are_told_each_and_the_worst_is_the_answer(run: Any, write: Any, tmp_path: Path) -> None:
    sound, idle = write("sound.toml"), write("idle.toml", write().read_text() + IDLE)
    broken, none = write("broken.toml", "[policy]\nname = 1\n"), tmp_path / "none.toml"
    assert run("check", sound, sound).code == 0
    ran = run("check", idle, sound)
    assert (ran.code, ran.err) == (1, "")
    lines = ran.out.splitlines()
    assert [line.partition(" loads: ")[0] for line in lines if " loads: " in line] == [
        f"{idle}: policy `shop`", f"{sound}: policy `shop`",
    ]  # fmt: skip  # one row
    assert lines[-1] == "no findings"
    assert "roles.idle" in ran.out
    for order in ([broken, none, sound, idle], [idle, sound, none, broken]):
        ran = run("check", *order)
        assert ran.code == 2
        assert ran.out.count(" loads: ") == 2
        assert f"{broken}:2:1: policy.name: " in ran.err
        assert "2 | name = 1\n" in ran.err
        assert f"{none}: cannot be read: no such file or directory\n" in ran.err


def test_several_policies_are_one_document_and_one_list_of_rows(run: Any, write: Any) -> None:
    sound, idle = write("sound.toml"), write("idle.toml", write().read_text() + IDLE)
    broken = write("broken.toml", "[policy]\nname = 1\n")
    ran = run("check", sound, broken, idle, "--format", "json")
    assert (ran.code, ran.err) == (2, "")
    assert [each["file"] for each in ran.document] == [str(sound), str(broken), str(idle)]
    first, second, third = ran.document
    assert first == run("check", sound, "--format", "json").document
    assert second["faults"] == run("check", broken, "--format", "json").document["faults"]
    assert [each["path"] for each in third["findings"]] == ["roles.idle"]
    rows = run("check", sound, broken, idle, "--format", "csv")
    assert rows.code == 2
    assert [line.split(",")[0] for line in rows.out.splitlines()] == ["file", str(idle)]
    assert rows.err.startswith(f"{broken}:2:1: policy.name: ")


def test_standard_input_is_checked_alone(run: Any, write: Any) -> None:
    said = "cfacl: standard input is checked alone; name files only, or `-` only\n"
    assert run("check", "-", write()) == (2, "", said)


@pytest.mark.slow
def test_several_policies_are_watched(watching: Any, write: Any) -> None:
    other = write("other.toml")
    policy, process = watching(str(other))
    read_until(process, "no findings\n")
    read_until(process, "no findings\n")
    other.write_text("[policy]\nname = 1\n")
    assert read_until(process, "| ^").startswith(f"`{other}` has changed\n{other}:2:1: ")
    policy.write_text(policy.read_text() + IDLE)
    assert read_until(process, "roles.idle").startswith(f"`{policy}` has changed\n{policy}: policy `shop` loads")


def test_standard_input_is_not_watched(run: Any) -> None:
    said = "cfacl: `--watch` looks at a file, and standard input is none; name a file\n"
    assert run("check", "-", "--watch") == (2, "", said)


@pytest.mark.parametrize("line", ["[[never]]\nprincipals = ['maya']\n", "[[expect]]\nprincipal = 'maya'\n"])
def test_a_line_of_the_policy_about_itself_that_fails_is_a_fault(run: Any, write: Any, line: str) -> None:
    more = "purpose = 'service'\nallowed = ['read account:id']\n" if "expect" in line else ""
    policy = write(text=write().read_text() + line + more)
    ran = run("check", policy)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith(f"{policy}:26:1: {line[2:7].strip(']')}")


def test_a_file_that_cannot_be_read_is_named(run: Any, tmp_path: Path) -> None:
    assert run("check", tmp_path) == (2, "", f"{tmp_path}: cannot be read: is a directory\n")
    missing = tmp_path / "none.toml"
    assert run("check", missing) == (2, "", f"{missing}: cannot be read: no such file or directory\n")


def test_the_name_of_a_file_makes_no_line_of_its_own(run: Any, tmp_path: Path) -> None:
    ran = run("check", tmp_path / "a\nb")
    assert ran == (2, "", f"{tmp_path}/a\\u000ab: cannot be read: no such file or directory\n")


@pytest.mark.parametrize(
    "text", ["[policy", "a = " + "[" * 10_000, "name = 1", ""], ids=["cut", "deep", "key", "empty"]
)
def test_a_document_that_is_no_policy_is_refused_without_a_traceback(run: Any, write: Any, text: str) -> None:
    ran = run("check", write(text=text))
    assert ran.code == 2
    assert ran.out == ""
    assert "Traceback" not in ran.err
    assert ran.err.count("\n") >= 1


def test_bytes_that_are_no_text_are_refused(run: Any, tmp_path: Path) -> None:
    (tmp_path / "shop.toml").write_bytes(b'policy = { name = "\xff" }')
    ran = run("check", tmp_path / "shop.toml")
    assert ran.code == 2
    assert "utf-8" in ran.err.lower()


def test_a_long_line_that_ends_too_soon_is_pointed_out(run: Any) -> None:
    ran = run("check", "-", stdin=b"x = " + b"[" * 300)
    first, line, carets = ran.err.splitlines()
    assert (ran.code, ran.out) == (2, "")
    assert first == "standard input:1:305: is not valid toml: invalid value"
    assert line.endswith("[")
    assert len(carets) == len(line) + 1
