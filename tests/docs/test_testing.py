"""What the page on testing shows is what happens."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

PAGE: Final = (Path(__file__).parents[2] / "docs" / "testing.md").read_text("utf-8")
#: What a file holds, by its name: the block behind the line that begins with it.
FILES: Final = dict(re.findall(r"^`([a-z_.]+)`[^\n]*:\n\n```\w+\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))


@pytest.mark.slow
def test_the_example_passes(tmp_path: Path) -> None:
    assert sorted(FILES) == ["conftest.py", "shop.toml", "test_tickets.py"]
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, "utf-8")
    options = ["-q", "-W", "error", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir=."]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"{FILES['test_tickets.py'].count('def test_')} passed" in ran.stdout
