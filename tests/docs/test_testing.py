"""What the page on testing shows is what happens."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from cfacl.testing import database

PAGE: Final = (Path(__file__).parents[2] / "docs" / "testing.md").read_text("utf-8")
#: What a file holds, by its name: the block behind the line that begins with it.
FILES: Final = dict(re.findall(r"^`([a-z_.]+)`[^\n]*:\n\n```\w+\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))


#: The tests of those who do not use pytest.
(UNITTEST,) = re.findall(r"^```python\n(import unittest\n.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def project(folder: Path) -> None:
    assert sorted(FILES) == ["conftest.py", "shop.toml", "test_tickets.py"]
    for name, text in FILES.items():
        (folder / name).write_text(text, "utf-8")


@pytest.mark.slow
def test_the_example_passes(tmp_path: Path) -> None:
    project(tmp_path)
    options = ["-q", "-W", "error", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir=."]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"{FILES['test_tickets.py'].count('def test_')} passed" in ran.stdout


@pytest.mark.slow
def test_each_of_its_tests_fails_where_support_is_granted_all(tmp_path: Path) -> None:
    """They are to show what a wrong policy looks like: none of them passes whatever it says."""
    project(tmp_path)
    wrong = FILES["shop.toml"].replace('clearance = "personal"', 'clearance = "sensitive"')
    wrong = wrong.replace(
        'families = ["prof"], actions = ["read"]', 'families = ["prof", "id"], actions = ["read", "write"]'
    )
    wrong = wrong.replace(
        'id   = { level = "sensitive", purposes = ["service"] }',
        'id   = { level = "sensitive", purposes = ["service", "support"] }',
    )
    wrong = wrong.replace(', time_to_live = "90d"', "").replace(", until = 2027-06-30T00:00:00Z", "")
    (tmp_path / "shop.toml").write_text(wrong + 'mallory = { kind = "employee", roles = [] }\n', "utf-8")
    options = ["-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir=."]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert re.search(r"^7 failed, 1 passed", ran.stdout, re.MULTILINE), ran.stdout + ran.stderr


@pytest.mark.slow
def test_those_without_pytest_pass_too(tmp_path: Path) -> None:
    (tmp_path / "shop.toml").write_text(FILES["shop.toml"], "utf-8")
    (tmp_path / "tickets.py").write_text(UNITTEST, "utf-8")
    code = "import sys, unittest; unittest.main('tickets', exit=False); assert 'pytest' not in sys.modules"
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Ran 1 test" in ran.stderr
    assert "\nOK\n" in ran.stderr


def test_its_fixtures_are_all_of_them() -> None:
    table = PAGE[PAGE.index("| fixture |") : PAGE.index("Decisions never go back")]
    assert sorted(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == sorted(database.__all__)
