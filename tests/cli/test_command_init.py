"""`cfacl init` asks, or takes the answers as options, and writes over nothing; `cfacl schema`."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest

import cfacl

GIVEN: Final = ["--name", "shop", "--family", "account:id=sensitive", "--family", "order:item", "--purpose", "service"]


def test_options_answer_for_a_terminal(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    ran = run("init", file, *GIVEN, "--purpose", "support")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"`{file}` is written")
    policy = cfacl.Policy.load(file)
    assert policy.name == "shop"
    assert policy.catalog.purposes == {"service", "support"}
    assert {name: [*table.families] for name, table in policy.catalog.tables.items()} == {
        "account": ["id"],
        "order": ["item"],
    }
    assert policy.catalog.tables["order"].families["item"].level == "sensitive"
    assert run("check", file).code == 0
    assert run("fmt", "--check", file).code == 0


def test_the_schema_that_the_first_line_names_stands_beside_it(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    run("init", file, *GIVEN)
    named = file.read_text().splitlines()[0].removeprefix("#:schema ")
    text = (file.parent / named).read_text()
    assert run("schema").out == text
    assert run("schema", "--format", "json").out == text
    jsonschema.Draft202012Validator.check_schema(json.loads(text))
    (tmp_path / named).write_text("mine")
    run("init", tmp_path / "other.toml", *GIVEN)
    assert (tmp_path / named).read_text() == "mine"


def test_it_goes_to_standard_output_too(run: Any, monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    run("init", "shop.toml", *GIVEN)
    assert run("init", "-", *GIVEN) == (0, Path("shop.toml").read_text(), "")
    assert run("init", "-", *GIVEN, "--format", "json").document["text"] == Path("shop.toml").read_text()
    assert run("init", "new.toml", *GIVEN, "--format", "json").document == {
        "file": "new.toml",
        "schema": "cfacl.schema.json",
    }
    assert sorted(each.name for each in tmp_path.iterdir()) == ["cfacl.schema.json", "new.toml", "shop.toml"]


def test_no_file_is_written_over_unless_that_is_asked_for(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_text("mine")
    file.chmod(0o640)
    assert run("init", file, *GIVEN) == (
        2,
        "",
        f"cfacl: `{file}` is there already; name a new file, or say `--force`\n",
    )
    assert file.read_text() == "mine"
    assert run("init", file, *GIVEN, "--force").code == 0
    assert file.stat().st_mode & 0o777 == 0o640
    assert cfacl.Policy.load(file).name == "shop"
    link = tmp_path / "link.toml"
    link.symlink_to(tmp_path / "nowhere.toml")
    assert run("init", link, *GIVEN).code == 2
    assert run("init", link, *GIVEN, "--force").code == 0
    assert cfacl.Policy.load(tmp_path / "nowhere.toml").name == "shop"
    assert link.is_symlink()
    assert run("init", tmp_path / "forced.toml", *GIVEN, "--force").code == 0


@pytest.mark.parametrize("force", [[], ["--force"]], ids=["careful", "forced"])
def test_a_directory_is_no_file_to_write(run: Any, tmp_path: Path, force: list[str]) -> None:
    said = f"cfacl: `{tmp_path}` is a directory; name a file in it\n"
    assert run("init", tmp_path, *GIVEN, *force) == (2, "", said)
    none = tmp_path / "none" / "shop.toml"
    said = f"cfacl: `{none}` is to be in a folder that is not there; make that first\n"
    assert run("init", none, *GIVEN, *force) == (2, "", said)


def test_a_file_that_appears_meanwhile_is_not_written_over(run: Any, tmp_path: Path, monkeypatch: Any) -> None:
    file = tmp_path / "shop.toml"
    file.write_text("mine")
    monkeypatch.setattr(Path, "exists", lambda *_, **__: False)  # as it was when that was looked at
    assert run("init", file, *GIVEN).code == 2
    assert file.read_text() == "mine"


def test_without_a_terminal_what_is_missing_is_named(run: Any, tmp_path: Path) -> None:
    said = "cfacl: there is no terminal to ask on; say `--family`, `--purpose`\n"
    assert run("init", tmp_path / "shop.toml", "--name", "shop") == (2, "", said)
    assert not [*tmp_path.iterdir()]


FAMILY: Final = "`{}` is no family; write `table:family=level`, in ASCII letters, digits, `_`, `.` and `-`"
WRONG: Final = [
    (["--name", " x"], "a policy's name is 1 to 255 printable characters, without backtick or space around it"),
    (["--family", "account"], FAMILY.format("account")),
    (["--family", "a:b:c"], FAMILY.format("a:b:c")),
    (["--family", "acc ount:id"], FAMILY.format("acc ount:id")),
    (["--family", " "], FAMILY.format(" ")),
    (["--family", "a:b=persona"], "there is no level `persona`; did you mean `personal`?"),
    (["--family", "a:b=x"], "there is no level `x`; levels are `public`, `internal`, `personal`, `sensitive`, `sealed`"),
    (["--family", "order:item"], "`order:item` is named twice; name it once"),
    (["--purpose", "a b"], "`a b` is no purpose; write words of ASCII letters, digits, `_` or `-`, joined by single dots"),
    (["--purpose", "a..b"], "`a..b` is no purpose; write words of ASCII letters, digits, `_` or `-`, joined by single dots"),
]  # fmt: skip  # a table of cases


@pytest.mark.parametrize(("more", "said"), WRONG, ids=str)
def test_a_wrong_answer_is_refused_and_nothing_is_written(run: Any, tmp_path: Path, more: list[str], said: str) -> None:
    assert run("init", tmp_path / "shop.toml", *GIVEN, *more) == (2, "", f"cfacl: {said}\n")
    assert not [*tmp_path.iterdir()]


#: What takes the terminal for its own first, so that Ctrl-C reaches it.
ON_TERMINAL: Final = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from cfacl.cli.app import main
sys.exit(main())
"""


def on_a_terminal(folder: Path, *typed: tuple[str, str]) -> tuple[int, str]:
    """Run it on a terminal where somebody waits for a text and types another; return the exit code and what is shown."""
    ours, theirs = pty.openpty()
    shown = b""
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", ON_TERMINAL, "init", "shop.toml"],
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        with suppress(OSError):  # how a terminal ends whose other side is closed
            for wanted, answer in typed:
                seen = len(shown)
                while wanted.encode() not in shown[seen:]:
                    shown += os.read(ours, 10_000)
                os.write(ours, answer.encode())
            while piece := os.read(ours, 10_000):
                shown += piece
    os.close(ours)
    return process.returncode, shown.decode()


def test_on_a_terminal_it_asks_and_asks_again_after_a_mistake(tmp_path: Path) -> None:
    code, shown = on_a_terminal(
        tmp_path,
        ("[my-service] ", "shop\n"),
        ("contact=sensitive] ", "account\n"),
        ("contact=sensitive] ", "account:id=personal, order:item=public\n"),
        ("[service support] ", "\n"),
    )
    assert code == 0, shown
    assert FAMILY.format("account") in shown
    policy = cfacl.Policy.load(tmp_path / "shop.toml")
    assert policy.name == "shop"
    assert sorted(policy.catalog.tables) == ["account", "order"]
    assert policy.catalog.purposes == {"service", "support"}
    assert policy.lint() == ()


def test_on_a_terminal_an_answer_of_nothing_is_asked_for_again(tmp_path: Path) -> None:
    typed = [("[my-service] ", "shop\n"), ("contact=sensitive] ", ",\n"), ("contact=sensitive] ", "\x04")]
    code, shown = on_a_terminal(tmp_path, *typed)
    assert code == 2
    assert "a policy to begin with needs families; name one at least" in shown


@pytest.mark.parametrize(
    ("key", "code", "said"),
    [("\x03", 130, "cfacl: interrupted"), ("\x04", 2, "cfacl: the answers ended before the questions did")],
    ids=["ctrl-c", "ctrl-d"],
)
def test_on_a_terminal_it_ends_with_nothing_written(tmp_path: Path, key: str, code: int, said: str) -> None:
    ended, shown = on_a_terminal(tmp_path, ("[my-service] ", "shop\n"), ("contact=sensitive] ", key))
    assert ended == code, shown
    assert said in shown
    assert "Traceback" not in shown
    assert not [*tmp_path.iterdir()]
