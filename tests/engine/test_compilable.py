"""The hot path can be translated by mypyc as it stands."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]

#: What the build of a wheel gives mypyc, `cfacl/engine/hit.py` and so on.
WHEEL: Final = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
FILES: Final = [name.removeprefix("/") for name in WHEEL["hooks"]["mypyc"]["include"]]

#: Translates to C, and leaves compiling that to whoever has a compiler.
TRANSLATE: Final = """
import sys
from mypyc.build import mypycify
mypycify(["--follow-imports=silent", *sys.argv[1:]], target_dir="translated")
"""


@pytest.mark.slow
def test_mypyc_translates_it(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "cfacl", tmp_path / "cfacl", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    ran = subprocess.run(
        [sys.executable, "-c", TRANSLATE, *FILES], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "error:" not in ran.stdout + ran.stderr
    text = "".join(path.read_text("utf-8") for path in (tmp_path / "translated").rglob("*.c"))
    assert "cfacl/engine/hit.py" in FILES
    assert all(name.removesuffix(".py").replace("/", ".") in text for name in FILES)
