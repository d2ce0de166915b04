"""`cfacl check`: 0 if nothing is found, 1 with findings, 2 with faults, one a line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import cfacl


def test_a_sound_policy_is_counted_and_nothing_is_found(run: Any, write: Any) -> None:
    ran = run("check", write())
    assert ran.code == 0
    assert ran.err == ""
    loads, found = ran.out.splitlines()
    assert loads == (
        "policy `shop` loads: 1 table, 2 families, 2 roles, 2 grants, 2 principals, no `never` lines, no `expect` lines"
    )
    assert found == "no findings"


def test_a_finding_is_shown_with_its_place(run: Any, write: Any) -> None:
    policy = write(text=write().read_text() + '\n[roles.idle]\nclearance = "public"\n')
    ran = run("check", policy)
    assert ran.code == 1
    assert ran.err == ""
    assert "roles.idle" in ran.out
    found = run("check", policy, "--format", "json")
    assert found.code == 1
    assert [(each["path"], each["code"]) for each in found.document["findings"]] == [("roles.idle", "unheld")]
    assert found.document["counts"]["roles"] == 3


def test_a_sound_policy_has_no_findings_in_json(run: Any, write: Any) -> None:
    ran = run("check", write(), "--format", "json")
    assert ran.code == 0
    assert ran.document["policy"] == "shop"
    assert ran.document["findings"] == []


def test_all_faults_are_told_with_the_file_that_they_stand_in_and_nothing_else(run: Any, write: Any) -> None:
    broken = write().read_text().replace('"sensitive"', '"secret"').replace('roles = ["app"]', 'roles = ["apq"]')
    file = write("broken.toml", broken)
    with pytest.raises(cfacl.PolicyError) as error:
        cfacl.Policy.loads(broken)
    faults = error.value.faults
    assert len(faults) > 2
    assert run("check", file) == (2, "", "".join(f"{file}: {fault}\n" for fault in faults))
    ran = run("check", file, "--format", "json")
    assert (ran.code, ran.err) == (2, "")
    told = [{"file": str(file), "path": fault.path, "message": fault.message} for fault in faults]
    assert ran.document == {"faults": told}


@pytest.mark.parametrize("line", ["[[never]]\nprincipals = ['maya']\n", "[[expect]]\nprincipal = 'maya'\n"])
def test_a_line_of_the_policy_about_itself_that_fails_is_a_fault(run: Any, write: Any, line: str) -> None:
    more = "purpose = 'service'\nallowed = ['read account:id']\n" if "expect" in line else ""
    policy = write(text=write().read_text() + line + more)
    ran = run("check", policy)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith(f"{policy}: {line[2:7].strip(']')}")


def test_a_file_that_cannot_be_read_is_named(run: Any, tmp_path: Path) -> None:
    assert run("check", tmp_path) == (2, "", f"{tmp_path}: cannot be read: is a directory\n")
    missing = tmp_path / "none.toml"
    assert run("check", missing) == (2, "", f"{missing}: cannot be read: no such file or directory\n")


def test_the_name_of_a_file_makes_no_line_of_its_own(run: Any, tmp_path: Path) -> None:
    ran = run("check", tmp_path / "a\nb")
    assert ran == (2, "", f"{tmp_path}/a\\u000ab: cannot be read: no such file or directory\n")


@pytest.mark.parametrize(
    "text", ["[policy", "a = " + "[" * 10_000, "name = 1", ""], ids=["cut", "deep", "key", "empty"]
)
def test_a_document_that_is_no_policy_is_refused_without_a_traceback(run: Any, write: Any, text: str) -> None:
    ran = run("check", write(text=text))
    assert ran.code == 2
    assert ran.out == ""
    assert "Traceback" not in ran.err
    assert ran.err.count("\n") >= 1


def test_bytes_that_are_no_text_are_refused(run: Any, tmp_path: Path) -> None:
    (tmp_path / "shop.toml").write_bytes(b'policy = { name = "\xff" }')
    ran = run("check", tmp_path / "shop.toml")
    assert ran.code == 2
    assert "utf-8" in ran.err.lower()
