"""The suite that ships catches what can go wrong in a store: each of many bugs in a small one, and none in the healthy."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import pytest

NAIVE: Final = Path(__file__).parent / "naive"

pytestmark = [pytest.mark.no_cover, pytest.mark.slow]


def bugs(monkeypatch) -> list[str]:
    monkeypatch.syspath_prepend(NAIVE)
    planted = [("bugs", "BUGS"), ("bugs_of_keeping", "BUGS_OF_KEEPING")]
    return [name for file, names in planted for name in runpy.run_path(str(NAIVE / f"{file}.py"))[names]]


def caught(report: Path) -> dict[str, list[str]]:
    """The tests that failed, by the class that they are of; a class without any has an empty list.

    They are few: the rest of a class is left out once one failed.
    """
    failed = defaultdict(list)
    for case in ET.parse(report).iter("testcase"):
        tests = failed[case.attrib["classname"].rpartition(".")[2]]
        if case.find("failure") is not None or case.find("error") is not None:
            tests.append(case.attrib["name"])
    return failed


def test_every_planted_bug_is_caught_and_the_healthy_store_passes(tmp_path, monkeypatch):
    command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "--no-summary", "--assert=plain"]
    # a class stays in one process, where it is known that its bug was caught
    command += ["-p", "no:cacheprovider", "-p", "caught", "-n", "2", "--dist=loadscope"]
    options = ["--noconftest", "-c", os.devnull, f"--rootdir={NAIVE}", f"--junitxml={tmp_path / 'report.xml'}"]
    ran = subprocess.run(
        [*command, *options, str(NAIVE / "suite.py")],
        env={**os.environ, "PYTHONPATH": str(NAIVE), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=1_800,
    )
    assert ran.returncode == pytest.ExitCode.TESTS_FAILED, ran.stdout[-2_000:] + ran.stderr
    failed = caught(tmp_path / "report.xml")
    assert failed.pop("TestHealthy") == failed.pop("TestHealthyKept") == []
    report = {name: failed[f"Test{number}"] for number, name in enumerate(bugs(monkeypatch))}
    assert len(report) == len(failed) >= 140
    lines = [f"{name}: caught by {', '.join(tests)}\n" for name, tests in report.items()]
    sys.stdout.writelines(lines)  # seen with `pytest -rP`
    assert [name for name, tests in report.items() if not tests] == []
