"""Where a machine has no browser its tests are announced and left out, or fail where it is required."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

PAGES: Final = Path(__file__).with_name("test_pages.py")


@pytest.mark.parametrize(
    ("required", "code", "said"),
    [
        ("", pytest.ExitCode.OK, "part not on this machine: browser, Chromium and its driver (`apt install chromium"),
        (
            "browser",
            pytest.ExitCode.TESTS_FAILED,
            "CFACL_REQUIRE names `browser`, and it is not here: Chromium and its",
        ),
    ],
    ids=["announced", "required"],
)
def test_without_chromium_it_says_what_to_install(
    tmp_path: Path, required: str, code: pytest.ExitCode, said: str
) -> None:
    inherited = {name: each for name, each in os.environ.items() if not name.startswith("PYTEST_")}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", PAGES, "-k", "dark_where"],
        env={**inherited, "PATH": str(tmp_path), "CFACL_REQUIRE": required},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, said in " ".join(ran.stdout.split())) == (code, True), ran.stdout
