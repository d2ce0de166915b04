"""A run says which commit it measured."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from benchmarks.commit import WRITTEN, commit


def git(root: Path, *arguments: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    ran = subprocess.run(["git", *who, *arguments], cwd=root, capture_output=True, text=True, check=True)
    return ran.stdout.strip()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("benchmarks/results.json", "docs/benchmarks.md", "source.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("before", "utf-8")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "One")
    return tmp_path


def test_it_is_the_head(tree: Path) -> None:
    assert commit(tree) == git(tree, "rev-parse", "HEAD")


@pytest.mark.parametrize("name", ["source.py", "new.py", "docs/other.md"])
def test_a_change_makes_it_dirty(tree: Path, name: str) -> None:
    (tree / name).write_text("after", "utf-8")
    assert commit(tree) == git(tree, "rev-parse", "HEAD") + "-dirty"


@pytest.mark.parametrize("name", [*WRITTEN[:2], "docs/benchmarks/new.svg"])
def test_what_a_run_writes_does_not(tree: Path, name: str) -> None:
    (tree / name).parent.mkdir(exist_ok=True)
    (tree / name).write_text("after", "utf-8")
    assert commit(tree) == git(tree, "rev-parse", "HEAD")


def test_a_tree_that_lies_in_another_is_not_that_other(tree: Path) -> None:
    (tree / "unpacked").mkdir()
    assert commit(tree / "unpacked") == "unknown"


def test_before_the_first_commit_there_is_none(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert commit(tmp_path) == "unknown"


def test_without_git_it_is_unknown(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tree))
    assert commit(tree) == "unknown"
