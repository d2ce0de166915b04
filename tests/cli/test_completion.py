"""What shells complete: commands, options, and names out of the policy on the line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from cfacl.cli.demo import scenario

CFACL: Final = [sys.executable, "-W", "error", "-c", "import sys; from cfacl.cli.app import main; sys.exit(main())"]
POLICY: Final = Path(scenario.__file__).with_name("smart_home.toml")


@pytest.fixture
def complete(monkeypatch: pytest.MonkeyPatch, run: Any) -> Callable[[str], list[str]]:
    """What a line that ends at the cursor completes to, in fish, which has one a line."""

    def complete(line: str) -> list[str]:
        monkeypatch.setenv("_CFACL_COMPLETE", "complete_fish")
        monkeypatch.setenv("_TYPER_COMPLETE_ARGS", line)
        monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
        ran = run()
        assert (ran.code, ran.err) == (0, "")
        return [each.split("\t")[0] for each in ran.out.split("\n") if each]

    return complete


CASES: Final = [
    ("cfacl expl", ["explain"]),
    ("cfacl store ver", ["verify"]),
    ("cfacl check --wa", ["--watch"]),
    ("cfacl explain POLICY ma", ["mailing-house", "marco", "maya"]),
    ("cfacl explain POLICY maya ", ["admin", "delete", "read", "write"]),
    ("cfacl explain POLICY maya read account:", ["account:auth", "account:id", "account:prof"]),
    ("cfacl explain POLICY maya read account:id account:p", ["account:prof"]),
    ("cfacl explain POLICY maya read account:id --purpose mark", ["marketing.first_party"]),
    ("cfacl who POLICY wr", ["write"]),
    ("cfacl who POLICY read crash:", ["crash:dump", "crash:sum"]),
    ("cfacl who POLICY read crash:dump --purpose di", []),
    ("cfacl what POLICY pe", ["petra"]),
    ("cfacl native plan POLICY --account svc", ["svc-app", "svc-auth"]),
    ("cfacl native plan POLICY --store x --purpose mark", ["marketing.first_party"]),
]


@pytest.mark.parametrize(("line", "expected"), CASES, ids=[line for line, _ in CASES])
def test_names_are_completed_out_of_the_policy(complete: Any, line: str, expected: list[str]) -> None:
    assert complete(line.replace("POLICY", str(POLICY))) == expected


@pytest.mark.parametrize(
    "text",
    [
        b"\xff",
        b"[",
        b"principals = 1\npolicy = 1\ntables = 1",
        b"policy = { purposes = 1 }\ntables.a = 1\ntables.b = { families = 1 }",
        b'[policy]\npurposes = [1, "\\u001b"]',
        b"principals.m = {}\n#" + b"m" * 5_000_000,
        None,
    ],
    ids=["no text", "no toml", "no tables", "no families", "no names", "long", "no file"],
)
def test_what_is_no_policy_completes_nothing(complete: Any, tmp_path: Path, text: bytes | None) -> None:
    file = tmp_path / "x.toml"
    if text is not None:
        file.write_bytes(text)
    for line in (f"what {file} ", f"who {file} read ", f"who {file} read a:b --purpose ", "what ", "what - "):
        assert complete(f"cfacl {line}") == []


def test_a_policy_that_does_not_load_completes_too(complete: Any, tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("[principals.maya]\nroles = ['nosuch']\n")
    assert complete(f"cfacl what {tmp_path}/x.toml m") == ["maya"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_is_shown(shell: str) -> None:
    ran = subprocess.run(
        [*CFACL, "--show-completion", shell],
        env={"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0
    assert b"_CFACL_COMPLETE" in ran.stdout
