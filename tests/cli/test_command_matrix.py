"""`cfacl matrix`: what each role may do to each family, for people and for programs."""

from __future__ import annotations

import csv
import io
from typing import Any, Final

import pytest

from cfacl.cli.demo import scenario
from cfacl.policy.matrix import matrix

AT: Final = ("--at", "2026-06-01T00:00:00Z")


def lines(out: str) -> list[list[str]]:
    """The rows of a table, taken apart at its gaps."""
    return [[each.strip() for each in line.split("  ") if each.strip()] for line in out.splitlines()]


def test_a_row_is_a_family_and_what_some_roles_may_do_to_it(run: Any, write: Any) -> None:
    ran = run("matrix", write(), *AT)
    assert (ran.code, ran.err) == (0, "")
    told = lines(ran.out)
    said = "policy `shop` at 2026-06-01, for any purpose: `r` read, `w` write, `d` delete, `a` admin"
    assert told[0] == [said]
    assert told[1] == ["family", "level", "may", "roles"]
    assert [" ".join(each) for each in told[3:]] == [
        "account:id sensitive rw-- app",
        "account:prof personal r--- support (until 2027-01-01)",
        "account:prof personal rw-- app",
    ]


def test_a_family_that_nobody_may_touch_is_told_unless_roles_are_chosen(run: Any, write: Any) -> None:
    policy = write()
    later = run("matrix", policy, "--at", "2027-01-01T00:00:00Z", "--purpose", "support")
    assert later.out.count("nobody") == 2
    assert "for `support`:" in later.out
    chosen = run("matrix", policy, *AT, "--role", "support")
    assert "account:id" not in chosen.out
    assert "account:prof" in chosen.out
    nothing = run("matrix", policy, *AT, "--role", "support", "--purpose", "service")
    assert nothing.out.splitlines()[1:] == ["none of these roles may do anything"]


@pytest.mark.parametrize(
    ("chosen", "left"),
    [
        (("--role", "app"), {("app", "id"), ("app", "prof")}),
        (("--role", "app", "--role", "support"), {("app", "id"), ("app", "prof"), ("support", "prof")}),
        (("--level", "sensitive"), {("app", "id")}),
        (("--table", "account"), {("app", "id"), ("app", "prof"), ("support", "prof")}),
        (("--purpose", "support"), {("support", "prof")}),
    ],
    ids=lambda each: "-".join(each).replace("--", "") if isinstance(each, tuple) else "",
)
def test_what_is_looked_at_can_be_chosen(run: Any, write: Any, chosen: Any, left: Any) -> None:
    ran = run("matrix", write(), *AT, *chosen, "--format", "csv")
    assert {(each["role"], each["family"]) for each in csv.DictReader(io.StringIO(ran.out))} == left
    parts = run("matrix", write(), *AT, *chosen, "--format", "json").document["parts"]
    assert {(each["role"], family) for each in parts for family in each["families"]} == left


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (("--role", "suport"), "unknown role `suport`; did you mean `support`?"),
        (("--table", "x"), "unknown table `x`; there is `account`"),
        (("--level", "sensitiv"), "unknown level `sensitiv`; did you mean `sensitive`?"),
        (("--purpose", "x"), "unknown purpose `x`; its purposes are `service`, `support`"),
    ],
    ids=["role", "table", "level", "purpose"],
)
def test_a_name_that_the_policy_does_not_have_is_refused(run: Any, write: Any, chosen: Any, said: str) -> None:
    assert run("matrix", write(), *chosen) == (2, "", f"cfacl: {said}\n")


def test_csv_has_a_line_for_each_right(run: Any, write: Any) -> None:
    told = list(csv.DictReader(io.StringIO(run("matrix", write(), *AT, "--role", "support", "--format", "csv").out)))
    assert told == [
        {
            "role": "support", "table": "account", "family": "prof", "level": "personal", "action": "read",
            "purpose": "support", "since": "", "until": "2027-01-01T00:00:00+00:00", "via": "roles.support.grants[0]",
        }
    ]  # fmt: skip  # one row


def test_json_has_the_grants_with_their_reasons(run: Any, write: Any) -> None:
    document = run("matrix", write(), *AT, "--role", "support", "--format", "json").document
    assert (document["policy"], document["at"], document["purpose"]) == ("shop", "2026-06-01T00:00:00+00:00", None)
    assert document["roles"] == [{"role": "support", "clearance": "personal", "inherits": []}]
    assert document["families"][0] == {
        "table": "account", "family": "id", "level": "sensitive", "purposes": ["service", "support"],
    }  # fmt: skip  # one row
    [part] = document["parts"]
    [right] = part["rights"]
    assert right["via"] == [
        {
            "path": "roles.support.grants[0]", "roles": ["support"], "why": "answers tickets",
            "purposes": ["support"], "since": None, "until": "2027-01-01T00:00:00+00:00",
        }
    ]  # fmt: skip  # one row


@pytest.mark.parametrize("width", [40, 60])
def test_a_narrow_window_folds_and_cuts_nothing(run: Any, monkeypatch: Any, tmp_path: Any, width: int) -> None:
    policy = scenario.policy()
    file = tmp_path / "home.toml"
    file.write_text(policy.dumps(), "utf-8")
    monkeypatch.setenv("COLUMNS", str(width))
    ran = run("matrix", file, *AT)
    table = ran.out.splitlines()[1:]
    assert max(map(len, table)) <= width
    packed = "".join("".join(table).split())
    for part in matrix(policy, scenario_time()).parts:
        assert sum(map(packed.count, part.role.split("-"))) >= len(part.families)
    assert "…" not in ran.out


def scenario_time() -> Any:
    from datetime import UTC, datetime

    return datetime(2026, 6, 1, tzinfo=UTC)


def test_levels_have_colours_from_the_lowest_to_the_highest_and_their_names(
    run: Any, write: Any, monkeypatch: Any
) -> None:
    text = write().read_text().replace('"support"] }', '"support"], levels = ["low", "personal", "sensitive"] }', 1)
    monkeypatch.setenv("FORCE_COLOR", "1")
    told = run("matrix", write("levels.toml", text), *AT).out
    assert "\x1b[33mpersonal" in told
    assert "\x1b[31msensitive" in told


def test_what_ends_in_part_is_not_said_to_end(run: Any, write: Any) -> None:
    policy = """
policy = { name = "p", purposes = ["a", "b"] }
[tables.t.families]
f = { level = "personal", purposes = ["a", "b"] }
[roles.r]
clearance = "personal"
[[roles.r.grants]]
table = "t"
families = ["f"]
actions = ["read"]
purposes = ["a"]
until = 2026-12-01T00:00:00Z
why = "for a while"
[[roles.r.grants]]
table = "t"
families = ["f"]
actions = ["read"]
purposes = ["b"]
why = "for good"
"""
    told = lines(run("matrix", write(text=policy), *AT).out)[-1]
    assert " ".join(told) == "t:f personal r--- r (in part until 2026-12-01)"
    told = lines(run("matrix", write(text=policy), *AT, "--purpose", "a").out)[-1]
    assert " ".join(told) == "t:f personal r--- r (until 2026-12-01)"
