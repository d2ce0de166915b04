"""The hooks, the workflow and the page about writing policies say what is so."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import typer.main
import yaml

from cfacl.cli.app import app
from cfacl.policy.text.starter import Named, starter

ROOT: Final = Path(__file__).parents[2]
HOOKS: Final = {each["id"]: each for each in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}
WORKFLOW: Final = yaml.safe_load((ROOT / "docs/examples/github/policy-review.yml").read_text("utf-8"))
PAGE: Final = (ROOT / "docs/editor.md").read_text("utf-8")


def started(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "RUNNER_TEMP": str(folder)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a policy that is sound and laid out, and one that is neither."""
    text = starter("shop", [Named("account", "id", "sensitive")], ["service", "support"])
    (tmp_path / "policy.toml").write_text(text, "utf-8")
    (tmp_path / "bad.toml").write_text("[policy]\nname=1\n")
    return tmp_path


def hook(name: str, *files: str) -> list[str]:
    """What pre-commit starts: the entry, taken apart as a shell does, then the files."""
    return [*shlex.split(HOOKS[name]["entry"]), *HOOKS[name].get("args", []), *files]


def test_the_hooks_have_what_pre_commit_asks_for() -> None:
    assert sorted(HOOKS) == ["cfacl-check", "cfacl-fmt"]
    for each in HOOKS.values():
        assert {"id", "name", "entry", "language"} <= each.keys()
        assert re.search(each["files"], "services/policy.toml")
        assert not re.search(each["files"], "pyproject.toml")


@pytest.mark.slow
@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_passes_sound_policies_and_fails_for_one_that_is_not(folder: Path, name: str) -> None:
    assert started(hook(name, "policy.toml", "policy.toml"), folder).returncode == 0
    for files in (["bad.toml", "policy.toml"], ["policy.toml", "bad.toml"]):
        ran = started(hook(name, *files), folder)
        assert ran.returncode != 0
        assert "bad.toml" in ran.stderr


def test_the_hook_lays_out(folder: Path) -> None:
    neat = (folder / "policy.toml").read_text()
    (folder / "policy.toml").write_text(re.sub(r"^(\w+) = ", r"\1  =  ", neat, flags=re.MULTILINE))
    assert started(hook("cfacl-fmt", "policy.toml"), folder).returncode == 0
    assert (folder / "policy.toml").read_text() == neat


def step(name: str) -> str:
    return next(str(each["run"]) for each in WORKFLOW["jobs"]["review"]["steps"] if each.get("name") == name)


def test_the_workflow_checks_the_policy(folder: Path) -> None:
    # As GitHub runs it: the first line that fails ends it.
    assert started(["sh", "-e", "-c", step("check")], folder).returncode == 0
    shutil.copy(folder / "bad.toml", folder / "policy.toml")
    ran = started(["sh", "-e", "-c", step("check")], folder)
    assert ran.returncode != 0
    assert "bad.toml" not in ran.stderr
    assert "policy.toml:2:" in ran.stderr


def test_the_workflow_is_not_stopped_by_a_finding_and_comments_before_it_checks(folder: Path) -> None:
    with (folder / "policy.toml").open("a", encoding="utf-8") as file:
        file.write('\n[roles.idle]\nclearance = "internal"\n')
    ran = started(["sh", "-e", "-c", step("check")], folder)
    assert ran.returncode == 0, ran.stderr
    assert "idle" in ran.stdout
    names = [each.get("name") for each in WORKFLOW["jobs"]["review"]["steps"]]
    assert names[-3:] == ["compare", "comment", "check"]


def test_the_workflow_names_commands_that_there_are_and_may_comment() -> None:
    commands: Any = typer.main.get_command(app)
    named = re.findall(r"\bcfacl (\w+)", "\n".join(step(each) for each in ("check", "compare")))
    assert named == ["check", "fmt", "diff"]
    assert set(named) <= set(commands.commands)
    assert WORKFLOW["permissions"] == {"contents": "read", "pull-requests": "write"}


def test_no_text_of_a_pull_request_becomes_a_program() -> None:
    assert not [each for each in WORKFLOW["jobs"]["review"]["steps"] if "${{" in each.get("run", "")]


@pytest.mark.slow
def test_the_commands_of_the_page_run(tmp_path: Path) -> None:
    lines = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL))
    ran = started(["sh", "-e", "-c", lines], tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert sorted(each.name for each in tmp_path.iterdir()) == ["cfacl.schema.json", "policy.toml"]


def test_the_hooks_of_the_page_are_those_that_there_are() -> None:
    (shown,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert {each["id"] for each in yaml.safe_load(shown)["repos"][0]["hooks"]} == set(HOOKS)
