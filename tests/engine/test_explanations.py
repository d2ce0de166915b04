"""What a session is told of the reasons: every rule that counts, what does not count and why, and what is missing."""

from __future__ import annotations

import textwrap
from typing import Any, Final

import pytest

from cfacl.engine import explain as explaining

FAMILIES: Final = {
    "t:prof": "personal",
    "t:id": "sensitive",
    "t:log": "internal",
    "t:own": {"level": "public", "purposes": ["service"]},
}
ROLES: Final = {
    "support": {
        "clearance": "personal",
        "inherits": ["staff"],
        "grants": [
            {"families": ["prof"], "why": "answers tickets"},
            {"families": ["id"], "why": "asks who it is"},
            {"families": ["log"], "until": -60, "why": "looked into it"},
            {"families": ["log"], "from": 60, "purposes": ["service"], "why": "will look into it"},
            {"families": ["own"], "why": "sells it"},
        ],
        "restrictions": [
            {"families": ["prof"], "actions": ["write"], "why": "reads only"},
            {"families": ["prof"], "until": -60, "why": "was on probation"},
            {"families": ["own"], "actions": ["admin"], "why": None},
        ],
    },
    "staff": {"clearance": "internal", "grants": [{"at_or_below": "internal", "actions": ["write"], "why": "all do"}]},
    "night": {"clearance": "sealed", "grants": [{"families": ["prof"], "actions": ["write"], "why": "at night"}]},
}
HELD: Final = {"maya": ["support", {"role": "night", "from": 60, "until": 120}]}


@pytest.fixture
def made(house: Any) -> Any:
    return house(FAMILIES, ROLES, HELD)


def told(made: Any, *request: str, purpose: str = "support") -> str:
    return str(made.caller(purpose=purpose).explain(*request))


def lines(text: str) -> str:
    return textwrap.dedent(text).strip()


def test_what_is_granted_says_by_which_grants(made: Any) -> None:
    assert told(made, "read", "t", "prof") == lines(
        """
        maya may read t:prof for support
          t:prof (personal) is granted
            granted by roles.support.grants[0] (by support): answers tickets
        """
    )


def test_a_clearance_that_is_too_low_is_named(made: Any) -> None:
    assert told(made, "read", "t", "prof", "id") == lines(
        """
        maya may not read t:id, t:prof for support
          t:id (sensitive) is denied
            does not count: roles.support.grants[1] (by support): asks who it is -- `sensitive` is above the clearance of a role on every path
            missing: a grant that counts, of `read` on `t:id` for `support`, in a role that the principal holds
          t:prof (personal) is granted
            granted by roles.support.grants[0] (by support): answers tickets
        """
    )  # as it is shown


def test_windows_and_purposes_are_named(made: Any) -> None:
    assert told(made, "read", "t", "log") == lines(
        """
        maya may not read t:log for support
          t:log (internal) is denied
            does not count: roles.support.grants[2] (by support): looked into it -- the rule ended at 2026-05-31T23:59:00+00:00
            does not count: roles.support.grants[3] (by support): will look into it -- the rule starts at 2026-06-01T00:01:00+00:00; it is not for `support`
            missing: a grant that counts, of `read` on `t:log` for `support`, in a role that the principal holds
        """
    )  # as it is shown
    assert told(made, "read", "t", "own") == lines(
        """
        maya may not read t:own for support
          t:own (public) is denied
            does not count: roles.support.grants[4] (by support): sells it -- the family does not list `support`
            missing: a grant that counts, of `read` on `t:own` for `support`, in a role that the principal holds
            missing: the purpose `support` in the family's own list
        """
    )


def test_restrictions_and_paths_and_assignments_are_named(made: Any) -> None:
    assert told(made, "write", "t", "prof", "log") == lines(
        """
        maya may not write t:log, t:prof for support
          t:log (internal) is granted
            granted by roles.staff.grants[0] (by support > staff): all do
          t:prof (personal) is denied
            taken away by roles.support.restrictions[0] (by support): reads only
            does not count: roles.night.grants[0] (by night): at night -- the assignment of `night` starts at 2026-06-01T00:01:00+00:00
            missing: a grant that counts, of `write` on `t:prof` for `support`, in a role that the principal holds
            missing: the end of each restriction: none is outweighed by any grant
        """
    )  # as it is shown
    made.wait(120)
    assert "the assignment of `night` ended at 2026-06-01T00:02:00+00:00" in told(made, "write", "t", "prof")


def test_a_restriction_alone_stands_between(made: Any) -> None:
    made.wait(60)
    assert told(made, "write", "t", "prof") == lines(
        """
        maya may not write t:prof for support
          t:prof (personal) is denied
            granted by roles.night.grants[0] (by night): at night
            taken away by roles.support.restrictions[0] (by support): reads only
            missing: the end of each restriction: none is outweighed by any grant
        """
    )


def test_a_restriction_need_not_say_why(made: Any) -> None:
    assert "\n    taken away by roles.support.restrictions[2] (by support)\n" in told(made, "admin", "t", "own")


def test_nothing_at_all_is_said_to_be_missing(made: Any) -> None:
    assert told(made, "delete", "t", "own", purpose="service") == lines(
        """
        maya may not delete t:own for service
          t:own (public) is denied
            missing: a grant that counts, of `delete` on `t:own` for `service`, in a role that the principal holds
        """
    )


@pytest.mark.parametrize(
    ("why", "shown"),
    [
        ("answers tickets\n    granted by roles.boss.grants[0] (by boss): forged", None),
        ("  answers \t\r\n tickets\u2028 ", "answers tickets"),
        ("\x1b[2Jhello\x9b `prof`", r"\u001b[2Jhello\u009b `prof`"),
        ("\u202eback\ufeff", r"\u202eback\ufeff"),
    ],
)
def test_the_authors_words_stay_on_one_line_and_forge_no_evidence(house: Any, why: str, shown: str | None) -> None:
    roles = {
        "r": {
            "clearance": "sealed",
            "grants": [{"families": ["prof"], "why": why}, {"families": ["prof"], "until": -60, "why": why}],
            "restrictions": [{"families": ["prof"], "why": why}],
        }
    }
    explanation = house(FAMILIES, roles, {"maya": ["r"]}).caller().explain("read", "t", "prof")
    text = str(explanation)
    assert len(text.split("\n")) == len(text.splitlines()) == 6
    assert text.replace("\n", "").isprintable()
    assert text.count(shown or "answers tickets granted by roles.boss") == 3
    assert explanation.families[0].grants[0].why == why


def test_a_rule_is_named_as_faults_name_it_and_whole(house: Any) -> None:
    long = "r" * 200
    roles = {name: {"clearance": "sealed", "grants": [{"families": ["prof"]}]} for name in ("a (by b): c", long)}
    found = house(FAMILIES, roles, {"maya": list(roles)}).caller().explain("read", "t", "prof").families[0].grants
    assert [each.path for each in found] == ['roles."a (by b): c".grants[0]', f"roles.{long}.grants[0]"]


def test_its_parts_can_be_read_one_by_one(made: Any) -> None:
    found = made.caller().explain("write", "t", "prof", "log")
    assert (found.allowed, found.principal, found.purpose) == (False, "maya", "support")
    assert (found.action, found.table, found.epoch) == ("write", "t", 1)
    log, prof = found.families
    assert (log.family, log.level, log.allowed, log.missing) == ("log", "internal", True, ())
    assert [(each.path, each.roles, each.why, each.missing) for each in log.grants] == [
        ("roles.staff.grants[0]", ("support", "staff"), "all do", "")
    ]
    assert (prof.allowed, len(prof.grants), len(prof.restrictions), len(prof.near_misses)) == (False, 0, 1, 1)


def test_a_role_that_is_held_twice_is_named_for_each_time(house: Any) -> None:
    roles = {"r": {"clearance": "sealed", "grants": [{"families": ["prof"]}]}}
    made = house(FAMILIES, roles, {"maya": [{"role": "r", "until": 60}, {"role": "r", "from": 30}]})
    grants = [
        (len(family.grants), len(family.near_misses)) for family in made.caller().explain("read", "t", "prof").families
    ]
    assert grants == [(1, 1)]
    made.wait(30)
    assert len(made.caller().explain("read", "t", "prof").families[0].grants) == 2


@pytest.mark.rule("7a", "11a")
def test_reasons_that_do_not_add_up_are_no_explanation(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import cfacl

    monkeypatch.setattr(explaining, "_missing", lambda *_: "everything")
    caller = made.caller()
    with pytest.raises(cfacl.AccessDenied) as denied:
        caller.explain("read", "t", "prof")
    assert denied.value.reason == "failed"
    assert str(denied.value.__cause__) == "the reasons do not add up to the mask that decides"
    assert caller.allows("read", "t", "prof")


@pytest.mark.rule("11a")
def test_an_explanation_says_what_the_check_says(made: Any) -> None:
    for second in (-120, -60, 0, 60, 90, 120):
        made.wait(second)
        for purpose in ("service", "support"):
            caller = made.caller(purpose=purpose)
            for action in ("read", "write", "delete", "admin"):
                granted = {
                    each.family
                    for each in caller.explain(action, "t", "prof", "id", "log", "own").families
                    if each.allowed
                }
                assert granted == caller.families(action, "t")
