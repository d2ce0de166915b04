"""The engine can be translated by mypyc as it stands."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]

#: Translates to C, and leaves compiling that to whoever has a compiler.
TRANSLATE: Final = """
import pathlib, sys
from mypyc.build import mypycify
made = mypycify(sorted(map(str, pathlib.Path("cfacl/engine").glob("*.py"))), target_dir="translated")
print(len(made))
"""


@pytest.mark.slow
def test_mypyc_translates_every_file_of_it(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "cfacl", tmp_path / "cfacl", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    ran = subprocess.run([sys.executable, "-c", TRANSLATE], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "error:" not in ran.stdout + ran.stderr
    written = {path.stem for path in (tmp_path / "translated").rglob("*.c")}
    files = {path.stem for path in (ROOT / "cfacl" / "engine").glob("*.py")} - {"__init__"}
    text = "".join(path.read_text("utf-8") for path in (tmp_path / "translated").rglob("*.c"))
    assert written
    assert all(f"cfacl.engine.{name}" in text for name in files)
