"""`cfacl test`: each line told, and the grants that no line tests."""

from __future__ import annotations

import csv
import io
import re
from typing import Any, Final

import pytest

LINES: Final = """
[[never]]
kinds = ["third_party"]
[[expect]]
principal = "maya"
purpose = "support"
at = 2026-12-01T00:00:00Z
allowed = ["read account:prof"]
refused = ["read account:id"]
"""
FAILING: Final = '[[expect]]\nprincipal = "app"\npurpose = "service"\nrefused = ["read account:id"]\n'


def lines_of(shown: str) -> list[str]:
    """The lines of tables, without those that are drawn."""
    return [each.rstrip() for each in shown.splitlines() if "─" not in each]


def test_each_line_and_each_grant_that_none_tests_is_told(run: Any, write: Any) -> None:
    policy = write(text=write().read_text() + LINES)
    ran = run("test", policy)
    assert (ran.code, ran.err) == (0, "")
    assert [each.replace(str(policy), "POLICY").split(maxsplit=2) for each in lines_of(ran.out)] == [
        ["verdict", "where", "path"],
        ["holds", "POLICY:27", "never[0]"],
        ["holds", "POLICY:29", "expect[0]"],
        ["verdict", "where", "path                 told"],
        ["not", "tested", "POLICY:10  roles.app.grants[0]  no line is allowed by it"],
        ["2", "lines", "hold, none fails; 1 of 2 grants are tested, 50 %"],
    ]


def test_a_failing_line_is_told_among_the_others_though_the_policy_does_not_load(run: Any, write: Any) -> None:
    policy = write(text=write().read_text() + LINES + FAILING)
    assert run("check", policy).code == 2
    ran = run("test", policy, "--format", "json")
    assert (ran.code, ran.err) == (1, "")
    assert ran.document["holds"] is False
    assert ran.document["coverage"] == 50
    assert [(each["path"], each["holds"]) for each in ran.document["lines"]] == [
        ("never[0]", True), ("expect[0]", True), ("expect[1]", False),
    ]  # fmt: skip  # one row
    assert "`app` may `read account:id` for `service`" in ran.document["lines"][2]["failures"][0]

    def place(line: int, column: int) -> dict[str, object]:
        return {"file": str(policy), "line": line, "column": column}

    assert ran.document["grants"] == [
        {"path": "roles.app.grants[0]", "exercised": False, "tested": False, **place(10, 11)},
        {"path": "roles.support.grants[0]", "exercised": True, "tested": True, **place(15, 1)},
    ]
    assert ["fails", f"{policy}:35", "expect[1]"] in [line.split()[:3] for line in run("test", policy).out.splitlines()]


def test_places_are_in_every_format_and_of_standard_input_too(run: Any, write: Any) -> None:
    policy = write(text=write().read_text() + LINES + FAILING)
    text = policy.read_text().splitlines()
    document = run("test", policy, "--format", "json").document
    for each in document["lines"]:
        assert each["file"] == str(policy)
        assert text[each["line"] - 1][each["column"] - 1 :].startswith(f"[[{each['path'].partition('[')[0]}]]")
    found = list(csv.DictReader(io.StringIO(run("test", policy, "--format", "csv").out, newline="")))
    assert [(each["file"], int(each["line"]), int(each["column"])) for each in found] == [
        (each["file"], each["line"], each["column"]) for each in (*document["lines"], *document["grants"])
    ]
    assert "fails    standard input:35  expect[1]" in run("test", "-", stdin=policy.read_bytes()).out


@pytest.mark.parametrize(("percent", "code"), [("0", 0), ("50", 0), ("50.1", 1), ("100", 1)])
def test_too_little_that_is_tested_is_a_no(run: Any, write: Any, percent: str, code: int) -> None:
    policy = write(text=write().read_text() + LINES)
    assert run("test", policy, "--fail-under", percent).code == code


@pytest.mark.parametrize("percent", ["x", "-1", "101", "nan"])
def test_a_share_is_a_number_of_a_hundred(run: Any, write: Any, percent: str) -> None:
    said = f"cfacl: `--fail-under` must be a number from 0 to 100, not `{percent}`\n"
    assert run("test", write(), "--fail-under", percent) == (2, "", said)


def test_where_there_is_nothing_to_test_all_of_it_is(run: Any, write: Any) -> None:
    ran = run("test", write(text='policy = { name = "p" }'), "--fail-under", "100")
    assert ran == (0, "it has no `expect` and no `never` lines\nthere are no grants to test\n", "")


def test_what_is_no_policy_is_told_with_its_file(run: Any, write: Any, tmp_path: Any) -> None:
    broken = write(text=write().read_text().replace('roles = ["app"]', 'roles = ["apq"]'))
    ran = run("test", broken)
    assert (ran.code, ran.out) == (2, "")
    assert re.match(rf"{re.escape(str(broken))}:\d+:\d+: principals\.app\.roles", ran.err)
    assert run("test", "-", stdin=b"\xff").err.startswith("standard input:1:1: is not utf-8")
    assert run("test", tmp_path / "none").err == f"{tmp_path}/none: cannot be read: no such file or directory\n"
