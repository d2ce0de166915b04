"""`cfacl explain`, `who` and `what`: answers from the policy alone, at any time."""

from __future__ import annotations

from typing import Any

import pytest

BEFORE = "2026-12-31T23:59:59Z"
AFTER = "2027-01-01T01:00:00+01:00"


def test_what_is_allowed_is_explained_by_its_grant(run: Any, write: Any) -> None:
    ran = run("explain", write(), "maya", "read", "account:prof", "--purpose", "support", "--at", BEFORE)
    assert ran.code == 0
    assert ran.err == ""
    assert "maya may read account:prof for support" in ran.out
    assert "roles.support.grants[0]" in ran.out
    assert "answers tickets" in ran.out


def test_what_is_denied_says_what_is_missing(run: Any, write: Any) -> None:
    ran = run("explain", write(), "maya", "read", "account:id", "--purpose", "support", "--at", BEFORE)
    assert ran.code == 1
    assert ran.err == ""
    assert "maya may not read account:id for support" in ran.out
    assert "missing: " in ran.out


def test_a_window_that_closed_is_named_and_the_time_can_be_chosen(run: Any, write: Any) -> None:
    question = ["explain", write(), "maya", "read", "account:prof", "--purpose", "support", "--at"]
    ran = run(*question, AFTER)
    assert ran.code == 1
    assert "ended at 2027-01-01T00:00:00+00:00" in ran.out


def test_several_families_of_a_table_are_explained_together(run: Any, write: Any) -> None:
    question = [
        "explain",
        write(),
        "maya",
        "read",
        "account:prof",
        "account:id",
        "--purpose",
        "support",
        "--at",
        BEFORE,
    ]
    assert run(*question).code == 1
    document = run(*question, "--format", "json").document
    assert document["allowed"] is False
    assert {each["family"]: each["allowed"] for each in document["families"]} == {"prof": True, "id": False}


def test_an_explanation_in_json_has_the_same_verdict_and_code(run: Any, write: Any) -> None:
    ran = run("explain", write(), "app", "write", "account:id", "--purpose", "service", "--format", "json")
    assert ran.code == 0
    assert ran.document["allowed"] is True
    assert ran.document["families"][0]["grants"][0]["why"] == "runs"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["maya", "read", "account:prog"], "unknown family `prog` of table `account`; did you mean `prof`?"),
        (["maya", "read", "acount:prof"], "unknown table `acount`; did you mean `account`?"),
        (["maya", "reed", "account:prof"], "unknown action `reed`"),
        (["maya", "read", "account"], "`account` is no family; write `table:family`"),
        (["maya", "read", "account:prof", "other:prof"], "ask for one table at a time"),
        (["maya", "read", "account:"], "unknown family ``"),
    ],
)
def test_a_question_that_makes_no_sense_is_not_answered(run: Any, write: Any, arguments: Any, complaint: str) -> None:
    ran = run("explain", write(), *arguments, "--purpose", "support")
    assert ran.code == 2
    assert ran.out == ""
    assert complaint in ran.err


def test_what_kept_it_from_an_answer_is_json_too_where_that_was_asked_for(run: Any, write: Any) -> None:
    ran = run("who", write(), "read", "acount:prof", "--format", "json")
    assert (ran.code, ran.err) == (2, "")
    message = "unknown table `acount`; did you mean `account`?"
    assert ran.document == {"faults": [{"file": None, "path": "", "message": message}]}


@pytest.mark.parametrize("command", [["explain", "maya", "read", "account:id"], ["who", "read", "account:id"]])
def test_where_no_purpose_is_near_the_policys_own_are_listed(run: Any, write: Any, command: list[str]) -> None:
    def said(text: str) -> str:
        return run(command[0], write(text=text), *command[1:], "--purpose", "nope").err

    text = write().read_text()
    own = 'purposes = ["service", "support"]'
    assert said(text) == "cfacl: unknown purpose `nope`; its purposes are `service`, `support`\n"
    many = own.replace("]", "".join(f', "x{n}"' for n in range(20)) + "]")
    assert said(text.replace(own, many, 1)) == "cfacl: unknown purpose `nope`; `policy.purposes` lists them\n"
    none = """policy = { name = "p" }
tables.account.families.id = { level = "public", purposes = [] }
principals.maya = { kind = "employee" }"""
    assert said(none) == "cfacl: unknown purpose `nope`; it declares none\n"


def test_an_unknown_purpose_is_not_answered(run: Any, write: Any) -> None:
    ran = run("explain", write(), "maya", "read", "account:id", "--purpose", "suport")
    assert ran.code == 2
    assert "unknown purpose `suport`; did you mean `support`?" in ran.err


@pytest.mark.parametrize("command", [["explain", "mya", "read", "account:id", "--purpose", "support"], ["what", "mya"]])
def test_a_question_about_whom_the_policy_does_not_have_is_not_answered(
    run: Any, write: Any, command: list[str]
) -> None:
    ran = run(command[0], write(), *command[1:])
    assert ran == (2, "", "cfacl: unknown principal `mya`; did you mean `maya`?\n")


def test_where_no_name_is_near_it_says_where_to_look(run: Any, write: Any) -> None:
    assert run("what", write(), "eve") == (2, "", "cfacl: unknown principal `eve`; the policy lists who may ask\n")


@pytest.mark.parametrize("time", ["yesterday", "2027-01-01T00:00:00", "2027-13-01T00:00:00Z"])
def test_a_time_without_sense_or_offset_is_a_usage_error(run: Any, write: Any, time: str) -> None:
    ran = run("what", write(), "maya", "--at", time)
    assert ran.code == 2
    assert ran.out == ""
    assert "2027-01-31T12:00:00Z" in ran.err


def test_who_lists_principals_with_their_grants(run: Any, write: Any) -> None:
    policy = write()
    ran = run("who", policy, "read", "account:prof", "--at", BEFORE)
    assert ran.code == 0
    lines = [line.split() for line in ran.out.splitlines()]
    assert lines[0] == ["principal", "purpose", "until", "via"]
    assert lines[2:] == [
        ["app", "service", "roles.app.grants[0]"],
        ["maya", "support", "2027-01-01", "roles.support.grants[0]"],
    ]
    one = run("who", policy, "read", "account:prof", "--purpose", "support", "--at", BEFORE, "--format", "json")
    assert one.document == [
        {
            "principal": "maya",
            "purpose": "support",
            "since": None,
            "until": "2027-01-01T00:00:00+00:00",
            "via": ["roles.support.grants[0]"],
        }
    ]


def test_who_says_so_where_it_is_nobody(run: Any, write: Any) -> None:
    assert run("who", write(), "delete", "account:id") == (0, "nobody\n", "")
    assert run("who", write(), "delete", "account:id", "--format", "json").document == []


def test_what_lists_everything_that_a_principal_may(run: Any, write: Any) -> None:
    ran = run("what", write(), "app", "--format", "json")
    assert ran.code == 0
    assert {(each["table"], each["family"], each["action"], each["purpose"]) for each in ran.document} == {
        ("account", family, action, "service") for family in ("id", "prof") for action in ("read", "write")
    }
    shown = run("what", write(), "app").out
    assert shown.count("account") == 4


def test_what_says_so_where_it_is_nothing(run: Any, write: Any) -> None:
    assert run("what", write(), "maya", "--at", AFTER) == (0, "nothing\n", "")
