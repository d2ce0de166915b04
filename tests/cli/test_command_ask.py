"""`cfacl explain`, `who` and `what`: answers from the policy alone, at any time."""

from __future__ import annotations

import re
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
    assert ran.document == {"faults": [{"file": None, "path": "", "message": message, "line": None, "column": None}]}


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


DENIED = ["maya", "read", "account:id", "--purpose", "support", "--at", BEFORE]


def test_a_denial_comes_with_the_smallest_change_that_would_allow_it_and_with_who_else_gains(
    run: Any, write: Any
) -> None:
    policy = write(text=write().read_text() + 'bob = { kind = "employee", roles = ["support"] }\n')
    ran = run("explain", policy, "maya", "read", "account:prof", "--purpose", "support", "--at", AFTER)
    assert (ran.code, ran.err) == (1, "")
    assert ran.out.splitlines()[-4:] == [
        "the smallest change that allows it, of 1 edit:",
        "  roles.support.grants[0].until: write 2027-01-02T00:00:00Z",
        "  beside what was asked, 1 access is gained by it",
        "  `bob` gains `read account:prof` for `support`",
    ]
    question = ["explain", policy, "maya", "read", "account:prof", "--purpose", "support", "--at", AFTER]
    told = run(*question, "--format", "json").document["remedy"]
    assert told["edits"] == [{"path": "roles.support.grants[0].until", "write": "write 2027-01-02T00:00:00Z"}]
    assert [(each["principal"], each["gains"]) for each in told["others"]] == [("bob", True)]
    assert told["against"] == []
    rows = run(*question, "--format", "csv").out.splitlines()
    assert any(each.startswith("account,,,false,change,roles.support.grants[0].until,") for each in rows)
    assert any("by the change" in each and "`bob` gains" in each for each in rows)
    allowed = run("explain", policy, "maya", "read", "account:prof", "--purpose", "support", "--at", BEFORE)
    assert "smallest" not in allowed.out


def test_the_line_that_stands_against_any_change_is_told_with_its_place_and_with_the_change(
    run: Any, write: Any
) -> None:
    policy = write(text=write().read_text() + '[[never]]\nkinds = ["employee"]\nlevels = ["sensitive"]\n')
    ran = run("explain", policy, *DENIED)
    assert ran.code == 1
    lines = ran.out.splitlines()[-7:]
    assert lines[0].endswith(" compared none keeps what the policy says of itself; the nearest is of 2 edits:")
    assert lines[1].startswith('  roles.account-read: add clearance = "sensitive", grants = [{ table = "account",')
    assert lines[2] == '  principals.maya.roles: add "account-read"'
    assert lines[3] == "  `account-read` is no role of the policy yet: this adds it"
    assert lines[4] == (
        f"  it breaks {policy}:26: never[0]: `maya` may `read account:id` for `support` until 2027-01-01T00:00:00+00:00, by"
        " `roles.account-read.grants[0]`, which must be impossible"
    )
    assert lines[5] == "  nothing else is gained by it"
    assert lines[6].startswith("  never proposed: another `never` or `expect` line, ")
    assert "no change" not in ran.out
    told = run("explain", policy, *DENIED, "--format", "json").document["remedy"]
    assert (told["loads"], told["smallest"], told["left"], told["adds"]) == (False, False, 0, ["account-read"])
    assert [each["path"] for each in told["edits"]] == ["roles.account-read", "principals.maya.roles"]
    place = {"file": str(policy), "path": "never[0]", "line": 26, "column": 1}
    assert [{key: each[key] for key in place} for each in told["against"]] == [place]
    rows = run("explain", policy, *DENIED, "--format", "csv").out
    assert "line that it breaks,never[0]" in rows
    assert "change that breaks a line,principals.maya.roles" in rows
    piped = run("explain", "-", *DENIED, stdin=policy.read_bytes())
    assert "  it breaks standard input:26: never[0]: `maya`" in piped.out


def test_who_else_gains_is_told_where_a_line_stands_against_it_too(run: Any, write: Any) -> None:
    bob = 'bob = { kind = "employee", roles = ["support"] }\n'
    line = f'[[expect]]\nprincipal = "maya"\npurpose = "support"\nat = {AFTER}\nrefused = ["read account:prof"]\n'
    policy = write(text=write().read_text() + bob + line)
    question = [policy, "maya", "read", "account:prof", "--purpose", "support", "--at", AFTER]
    ran = run("explain", *question)
    assert ran.code == 1
    assert "  roles.support.grants[0].until: write 2027-01-02T00:00:00Z" in ran.out.splitlines()
    assert "  `bob` gains `read account:prof` for `support`" in ran.out.splitlines()
    told = run("explain", *question, "--format", "json").document["remedy"]
    assert told["loads"] is False
    assert [(each["principal"], each["gains"]) for each in told["others"]] == [("bob", True)]
    assert "by the change" in run("explain", *question, "--format", "csv").out


def test_where_not_all_changes_were_compared_it_does_not_say_that_it_is_the_smallest(run: Any, write: Any) -> None:
    """Seventy roles would do, each at the price of an edit; that which gives least is compared, whatever its name."""

    def role(number: int, *families: str) -> str:
        grants = (
            f'{{ table = "account", families = ["{family}"], actions = ["read"], purposes = ["support"], why = "w" }}'
            for family in families
        )
        return f'[roles.r{number:02}]\nclearance = "sensitive"\ngrants = [{", ".join(grants)}]\n'

    many = "".join(role(number, "id", "prof") for number in range(70))
    text = write().read_text() + many
    policy = write(text=text)
    assert run("explain", policy, *DENIED).out.splitlines()[-4:] == [
        "a small change that allows it, of 1 edit; 6 others were not compared, and may be smaller:",
        '  principals.maya.roles: add "r00"',
        "  beside what was asked, 1 access is gained by it",
        "  `maya` gains `read account:prof` for `support`",
    ]
    told = run("explain", policy, *DENIED, "--format", "json").document["remedy"]
    assert (told["loads"], told["smallest"], told["compared"], told["left"]) == (True, False, 64, 6)
    policy = write(text=text + role(70, "id"))
    assert run("explain", policy, *DENIED).out.splitlines()[-3:] == [
        "the smallest change that allows it, of 1 edit:",
        '  principals.maya.roles: add "r70"',
        "  nothing else is gained by it",
    ]
    told = run("explain", policy, *DENIED, "--format", "json").document["remedy"]
    assert (told["smallest"], told["left"]) == (True, 0)


def test_many_who_gain_are_counted(run: Any, write: Any) -> None:
    people = "".join(f'p{number} = {{ kind = "employee", roles = ["support"] }}\n' for number in range(20))
    policy = write(text=write().read_text() + people)
    ran = run("explain", policy, "maya", "read", "account:prof", "--purpose", "support", "--at", AFTER)
    assert ran.out.count("` gains `") == 8
    assert ran.out.endswith("and 12 more, which `--format json` lists\n")


def test_on_a_terminal_it_is_a_tree(run: Any, write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    text = write().read_text().replace("answers tickets", r"\u001b[2J[red]answers").replace("maya =", '"[b]maya" =')
    question = ["explain", write(text=text), "[b]maya", "read", "account:prof", "--purpose", "support", "--at", AFTER]
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", each).rstrip() for each in run(*question).out.splitlines()]
    assert lines[:6] == [
        "[b]maya may not read account:prof for support",
        "└── account:prof (personal) is denied",
        "    ├── does not count: roles.support.grants[0]",
        "    │   ├── by support",
        r"    │   ├── \u001b[2J[red]answers",
        "    │   └── the rule ended at 2027-01-01T00:00:00+00:00",
    ]
    assert lines[-3:] == [
        "the smallest change that allows it, of 1 edit:",
        "├── roles.support.grants[0].until: write 2027-01-02T00:00:00Z",
        "└── nothing else is gained by it",
    ]
    allowed = run("explain", write(), "app", "read", "account:id", "--purpose", "service").out
    assert "granted by roles.app.grants[0]" in allowed
