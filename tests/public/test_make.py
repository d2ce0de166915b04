"""What `make` says on a machine that lacks something."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]


def make(venv: Path, candidates: str) -> subprocess.CompletedProcess[str]:
    """Ask for the interpreter of a new environment."""
    return subprocess.run(
        ["make", f"{venv}/bin/python", f"VENV={venv}", f"CANDIDATES={candidates}"],
        cwd=ROOT,
        # Not the options of the `make` that may be running these tests.
        env={name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MFLAGS", "MAKELEVEL"}},
        capture_output=True,
        text=True,
        check=False,
    )


def python(path: Path, *, lacks: str) -> Path:
    """An interpreter that fails whatever mentions `lacks`, and is the real one otherwise."""
    path.write_text(f'#!/bin/sh\ncase "$*" in *{lacks}*) exit 1;; esac\nexec {sys.executable} "$@"\n', "ascii")
    path.chmod(0o755)
    return path


def test_without_python_3_11_make_says_what_to_install(tmp_path: Path) -> None:
    old = python(tmp_path / "python3", lacks="version_info")
    ran = make(tmp_path / "venv", f"{old} no-such-python")
    assert ran.returncode == 2
    assert "needs Python 3.11 or newer, and none was found: apt install python3 python3-venv" in ran.stderr
    assert not (tmp_path / "venv").exists()


def test_without_ensurepip_make_says_what_to_install(tmp_path: Path) -> None:
    bare = python(tmp_path / "python3", lacks="ensurepip")
    ran = make(tmp_path / "venv", str(bare))
    assert ran.returncode == 2
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    assert f"{bare} has no ensurepip, so it cannot make {tmp_path}/venv: apt install {package}" in ran.stderr
    assert not (tmp_path / "venv").exists()


@pytest.mark.slow
def test_an_interpreter_without_ensurepip_is_passed_over_for_one_that_has_it(tmp_path: Path) -> None:
    bare = python(tmp_path / "python3", lacks="ensurepip")
    ran = make(tmp_path / "venv", f"{bare} {sys.executable}")
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "venv" / "bin" / "python").exists()
