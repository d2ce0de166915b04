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
    given = {"RUNNER_TEMP": str(folder), "GITHUB_STEP_SUMMARY": str(folder / "summary.md"), "BASE": "HEAD"}
    environment = {**os.environ, "PATH": path, **given}
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


STEPS: Final = {each["name"]: each for each in WORKFLOW["jobs"]["review"]["steps"] if "name" in each}


def step(name: str) -> str:
    return str(STEPS[name]["run"])


def test_the_workflow_checks_the_policy(folder: Path) -> None:
    # As GitHub runs it: the first line that fails ends it.
    assert started(["sh", "-e", "-c", step("check")], folder).returncode == 0
    shutil.copy(folder / "bad.toml", folder / "policy.toml")
    ran = started(["sh", "-e", "-c", step("check")], folder)
    assert ran.returncode != 0
    assert "bad.toml" not in ran.stderr
    assert "policy.toml:2:" in ran.stderr


@pytest.fixture
def committed(folder: Path) -> Path:
    """The folder as a repository, whose last commit has the sound policy."""
    for line in ("init -q", "add policy.toml", "-c user.name=a -c user.email=a@example.org commit -q -m policy"):
        assert started(["git", *line.split()], folder).returncode == 0
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(("level", "code"), [("sensitive", 0), ("sealed", 1)])
def test_the_workflow_writes_the_difference_where_every_run_has_it(committed: Path, level: str, code: int) -> None:
    policy = committed / "policy.toml"
    policy.write_text(
        f"""{policy.read_text("utf-8")}
[tables.desk.families.notes]
level = "{level}"
purposes = ["support"]

[roles.clerk]
clearance = "{level}"

[[roles.clerk.grants]]
table = "desk"
families = ["notes"]
actions = ["read"]
purposes = ["support"]
why = "answers tickets"

[principals.zoe]
kind = "employee"
roles = ["clerk"]
""",
        "utf-8",
    )
    (committed / "summary.md").write_text("what an earlier step wrote\n")
    ran = started(["sh", "-e", "-c", step("compare")], committed)
    assert ran.returncode == 0, ran.stderr
    told = (committed / "summary.md").read_text("utf-8").partition("wrote\n")[2]
    assert "### ⚠️ Who gains: 1 access\n" in told
    assert told == (committed / "comment.md").read_text("utf-8")
    assert started(["sh", "-e", "-c", step("gate")], committed).returncode == code


@pytest.mark.slow
def test_the_workflow_takes_a_policy_that_is_new_and_stops_at_one_that_does_not_load(committed: Path) -> None:
    renamed = step("compare").replace("policy.toml", "new.toml")
    shutil.copy(committed / "policy.toml", committed / "new.toml")
    assert started(["sh", "-e", "-c", renamed], committed).returncode == 0
    shutil.copy(committed / "bad.toml", committed / "new.toml")
    ran = started(["sh", "-e", "-c", renamed], committed)
    assert ran.returncode != 0
    assert "new.toml:2:1: policy.name" in ran.stderr


def test_only_the_comment_needs_more_than_a_fork_has() -> None:
    """A fork's token can't write, so that `gh` would fail; whatever fails, the rest is run."""
    assert STEPS["comment"]["if"] == "github.event.pull_request.head.repo.full_name == github.repository"
    assert [name for name, each in STEPS.items() if "GH_TOKEN" in each.get("env", {})] == ["comment"]
    assert {name for name, each in STEPS.items() if each.get("if") == "success() || failure()"} == {"check", "gate"}


def test_the_workflow_is_not_stopped_by_a_finding_and_comments_before_it_checks(folder: Path) -> None:
    with (folder / "policy.toml").open("a", encoding="utf-8") as file:
        file.write('\n[roles.idle]\nclearance = "internal"\n')
    ran = started(["sh", "-e", "-c", step("check")], folder)
    assert ran.returncode == 0, ran.stderr
    assert "idle" in ran.stdout
    assert list(STEPS)[-4:] == ["compare", "comment", "check", "gate"]


def test_the_workflow_names_commands_that_there_are_and_may_comment() -> None:
    commands: Any = typer.main.get_command(app)
    named = re.findall(r"\bcfacl (\w+)", "\n".join(step(each) for each in ("check", "compare", "gate")))
    assert named == ["check", "fmt", "diff", "diff"]
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
