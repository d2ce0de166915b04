"""Every command and every block of Python that a page shows is run by a test, or stands here with the reason why not.

And what starts with `cfacl` in a line of prose is a command that there is, with options that it has.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, cast

import pytest
import typer.main

import cfacl
from cfacl.cli.app import app

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = sorted(
    str(page.relative_to(ROOT))
    for page in [*ROOT.glob("*.md"), ROOT / "benchmarks" / "README.md", *(ROOT / "docs").rglob("*.md")]
)
#: Pages that `test_pages.py` and `test_cookbook.py` follow, all blocks of them.
FOLLOWED: Final = ("docs/tutorial.md", "docs/howto/", "docs/cookbook.md")
#: Languages of what is run.
RUN: Final = {"bash", "console", "pycon", "python", "sh", "shell"}

#: Blocks of other pages, by page and first line, and the test that runs each; one of several names for those of one page.
ELSEWHERE: Final = {
    ("README.md", "import cfacl"): "tests/docs/test_readme.py",
    ("README.md", "make demo "): "tests/cli/test_demo.py",
    ("docs/cassandra.md", "import cfacl"): "tests/docs/test_cassandra.py",
    ("docs/editor.md", ""): "tests/docs/test_editor.py",
    ("docs/filters.md", "from cfacl.filters"): "tests/docs/test_every_block.py",
    ("docs/happybase.md", ""): "tests/docs/test_happybase.py",
    ("docs/hbase.md", "import cfacl"): "tests/docs/test_hbase.py",
    ("docs/lists.md", ""): "tests/docs/test_lists.py",
    ("docs/observability.md", "import logging"): "tests/docs/test_observability.py",
    ("docs/operations.md", "# app.py"): "tests/api/test_gunicorn.py",
    ("docs/operations.md", "# gunicorn.conf.py"): "tests/api/test_gunicorn.py",
    ("docs/operations.md", "cfacl store backup"): "tests/docs/test_every_block.py",
    ("docs/operations.md", "db = cfacl.connect("): "tests/docs/test_every_block.py",
    ("docs/shell.md", "printf"): "tests/docs/test_lists.py",
    ("docs/testing.md", ""): "tests/docs/test_testing.py",
}
#: Blocks that no test runs, and why.
NOT_RUN: Final = {
    ("CONTRIBUTING.md", "make check"): "they run these tests themselves; that the targets exist is tested here",
    (
        "CONTRIBUTING.md",
        "from cfacl.testing.conformance",
    ): "an outline; `tests/testing/example` is a whole one, and is run",
    ("CONTRIBUTING.md", "make clean"): "takes away what these tests run in",
    ("benchmarks/README.md", "make bench"): "takes half an hour, and `tests/benchmarks` looks at each of its parts",
    (
        "docs/cassandra.md",
        "pip install",
    ): "it starts a server until Ctrl-C; `tests/servers` does, and its text is tested",
    (
        "docs/cassandra.md",
        "cfacl native plan",
    ): "needs `cqlsh`, and a cluster that is called `one`; `tests/native` runs the three on a node",
    ("docs/cassandra.md", "pytest_plugins"): "an outline; every test of Cassandra here uses that plugin",
    (
        "docs/observability.md",
        "try:",
    ): "an outline, which is looked at; the services of `docs/examples` do it, and are run",
    ("docs/hbase.md", "pip install"): "it starts a server until Ctrl-C; `tests/servers` does, and its text is tested",
    ("docs/shell.md", "cfacl shell /srv"): "its folder is a machine's own; `tests/cli` has the shell at a terminal",
    (
        "docs/hbase.md",
        "url=hbase+http",
    ): "needs HBase's own shell, and a gateway that is called so; `tests/native` runs the three",
}


def key(block: Any) -> tuple[str, str]:
    """Return under what a block stands in one of the two lists, or what to put there."""
    first = block.text.partition("\n")[0]
    named = (each for each in (*ELSEWHERE, *NOT_RUN) if each[0] == block.page and first.startswith(each[1]))
    return next(named, (block.page, first))


@pytest.fixture(scope="module")
def blocks(blocks_of: Callable[[str], list[Any]]) -> list[Any]:
    """All blocks that something is run by."""
    return [block for page in PAGES for block in blocks_of(page) if block.language in RUN]


def test_each_is_run_or_says_why_not(blocks: list[Any]) -> None:
    assert len(blocks) > 50
    loose = {key(block) for block in blocks if not block.page.startswith(FOLLOWED)}
    assert loose == ELSEWHERE.keys() | NOT_RUN.keys()
    assert not [test for test in ELSEWHERE.values() if not (ROOT / test).is_file()]


def test_none_is_hidden_by_how_it_is_fenced() -> None:
    """What runs blocks sees those of three backticks and a language; so there are no others."""
    others = re.compile(r"^ *(?:~~~|````)|^ *```(?:pytho|py|she|bas|zsh|doctest)\b", re.MULTILINE)
    assert not [page for page in PAGES if others.search((ROOT / page).read_text("utf-8"))]


def test_what_is_done_before_is_what_pages_say(blocks: list[Any], done_before: dict[str, str]) -> None:
    shown = {line.removeprefix("$ ") for block in blocks for line in block.text.splitlines()}
    assert done_before.keys() <= shown


def test_every_target_of_make_exists(blocks: list[Any]) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    inline = [each for page in PAGES for each in re.findall(r"`make ([a-z-]+)`", (ROOT / page).read_text("utf-8"))]
    said = {*inline, *re.findall(r"^make ([a-z-]+)", "\n".join(block.text for block in blocks), re.MULTILINE)}
    assert len(said) > 5
    assert said <= targets


def test_every_command_in_prose_is_understood() -> None:
    """As far as that can be said without doing it: its names, its options, and how many arguments it takes."""
    group = cast("Any", typer.main.get_command(app))  # typer's copy of click has no public name
    said = {
        (page, each)
        for page in PAGES
        if page != "CHANGELOG.md"  # which tells of what was
        for each in re.findall(r"`(cfacl [a-z][^`]*)`", (ROOT / page).read_text("utf-8").replace("\n", " "))
        if not re.search(r"[|…]|[A-Z]{3}", each)  # several at once, or words that stand for others
    }
    assert len(said) > 5
    wrong = []
    for page, command in said:
        words = shlex.split(command.partition(" > ")[0])[1:]
        try:
            found = group
            while words and hasattr(found, "commands"):
                found = found.commands[words.pop(0)]
            if words:  # more than its name
                found.make_context("cfacl", words)
        except Exception as error:  # noqa: BLE001  # usage errors of typer's copy of click, or a name that is not there
            wrong.append(f"{page}: {command}: {error!r}")
    assert not wrong


POLICY: Final = """
policy = { name = "home", purposes = ["support"] }
tables.account.families.prof = { level = "personal", purposes = ["support"] }
principals.maya = { kind = "employee", roles = ["support"] }
[roles.support]
clearance = "personal"
grants = [{ table = "account", families = ["prof"], actions = ["read", "write"], purposes = ["support"], why = "tickets" }]
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the pages on stores take for granted, in it and not at `/srv`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "home.toml").write_text(POLICY, "utf-8")
    (tmp_path / "backup").mkdir()
    with cfacl.connect(tmp_path / "home", policy=tmp_path / "home.toml") as db:
        db.create_tables()
        db.session("maya", "support").table("account").put(b"u1", {b"prof:country": b"SG"})
    return tmp_path


def only(blocks: list[Any], page: str, begins: str) -> str:
    (found,) = (each.text for each in blocks if each.page == page and each.text.startswith(begins))
    return str(found)


@pytest.mark.slow
def test_the_three_commands_of_backups_run(blocks: list[Any], home: Path) -> None:
    text = only(blocks, "docs/operations.md", "cfacl store backup").replace(" /srv/", f" {home}/")
    text = text.replace(" /backup/", f" {home}/backup/").replace("cfacl ", f"{Path(sys.executable).parent}/cfacl ")
    subprocess.run(["sh", "-e", "-c", text], check=True)
    with cfacl.connect(home / "again", policy="home.toml") as db:
        assert db.session("maya", "support").table("account").row(b"u1") == {b"prof:country": b"SG"}


def test_a_reader_is_opened_as_the_page_says(blocks: list[Any], home: Path) -> None:
    names: dict[str, Any] = {"cfacl": cfacl}
    exec(only(blocks, "docs/operations.md", "db = cfacl.connect(").replace("/srv/", f"{home}/"), names)
    with names["db"] as db:
        assert db.session("maya", "support").table("account").row(b"u1") == {b"prof:country": b"SG"}


def test_the_two_ways_to_filter_run(blocks: list[Any], home: Path) -> None:
    text = only(blocks, "docs/filters.md", "from cfacl.filters").replace("...", "seen.append(key)")
    with cfacl.connect(home / "home", policy="home.toml") as db:
        seen: list[bytes] = []
        exec(text, {"db": db, "seen": seen})
    assert seen == [b"u1", b"u1"]
