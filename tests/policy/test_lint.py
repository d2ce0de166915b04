"""What lint finds, and what it leaves alone."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import attrs
import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from cfacl.policy import lint as room
from cfacl.policy.document.reader import read
from cfacl.policy.faults import path
from cfacl.policy.lint import Finding, lint
from cfacl.policy.listings.pairs import policy_from_pairs
from cfacl.policy.policy import Policy
from cfacl.testing import strategies
from cfacl.testing.oracle import Oracle

#: A policy in which there is nothing to find.
SOUND = """
[policy]
name = "home"
purposes = ["service", "support"]

[tables.account.families]
id = { level = "sensitive", purposes = ["support"] }
prof = { level = "personal", purposes = ["service", "support"] }

[tables.device.families]
hw = { level = "internal", purposes = ["service"] }

[roles.base]
clearance = "personal"
[[roles.base.grants]]
table = "device"
at_or_below = "personal"
actions = ["read"]
purposes = ["service"]
why = "x"

[roles.support]
clearance = "sensitive"
inherits = ["base"]
[[roles.support.grants]]
table = "account"
families = ["id", "prof"]
actions = ["read", "write"]
purposes = ["support"]
why = "x"

[principals.maya]
kind = "employee"
roles = ["support"]

[[never]]
kinds = ["employee"]
roles = ["base"]
levels = ["sensitive"]
purposes = ["service"]

[[expect]]
principal = "maya"
purpose = "support"
refused = ["admin account:id"]
"""


def changed(**sections: Any) -> Policy:
    """The sound policy with tables merged in, over all levels; lists are replaced."""

    def merge(old: Any, new: Any) -> Any:
        if isinstance(old, dict) and isinstance(new, dict):
            return {**old, **{key: merge(old.get(key), value) for key, value in new.items()}}
        return new

    return read(tomli_w.dumps(merge(tomllib.loads(SOUND), sections)))


def grant(table: str = "account", **keys: Any) -> dict[str, Any]:
    given = {"table": table, "families": ["prof"], "actions": ["read"], "purposes": ["support"], "why": "y", **keys}
    if "at_or_below" in keys:
        del given["families"]
    return given


def found(policy: Policy, code: str) -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in policy.lint() if each.code == code]


def test_a_sound_policy_has_no_findings() -> None:
    assert read(SOUND).lint() == ()


def test_findings_are_of_the_codes_that_are_documented() -> None:
    codes = set(room.Code.__args__)  # type: ignore[attr-defined]  # what a Literal lists
    table = (room.__doc__ or "").split("==\n")[2]
    assert {line.split()[0] for line in table.splitlines() if line[:1].isalpha()} == codes


# over_broad


def test_the_highest_level_is_over_broad() -> None:
    [at] = found(changed(roles={"base": {"grants": [grant(at_or_below="sealed")]}}), "over_broad")
    assert at == (
        "roles.base.grants[0]",
        "gives every family of `account`, future ones too; name the families, or a lower level",
    )


@pytest.mark.parametrize("reach", [{"families": ["id", "prof"]}, {"at_or_below": "sensitive"}])
def test_every_action_on_all_families_is_over_broad(reach: dict[str, Any]) -> None:
    every = grant(actions=["read", "write", "delete", "admin"], **reach)
    [at] = found(changed(roles={"support": {"grants": [every]}}), "over_broad")
    assert at == ("roles.support.grants[0]", "gives every action on all families of `account`; name fewer of either")


def test_every_action_on_some_families_and_some_on_all_are_not() -> None:
    some = [
        grant(actions=["read", "write", "delete", "admin"]),
        grant(families=["id", "prof"], actions=["read", "write", "delete"]),
    ]
    assert found(changed(roles={"support": {"grants": some}}), "over_broad") == []


def test_every_purpose_is_over_broad_where_there_are_several() -> None:
    policy = changed(roles={"base": {"grants": [grant(purposes=["support", "service"])]}})
    [at] = found(policy, "over_broad")
    assert at == ("roles.base.grants[0]", "is for every declared purpose; name those that it is needed for")


def test_the_only_purpose_is_not_over_broad() -> None:
    assert found(policy_from_pairs([("1", "a"), ("2", "b")]), "over_broad") == []


# void and apart


def test_families_above_the_own_clearance_are_void() -> None:
    policy = changed(roles={"base": {"grants": [grant(families=["id", "prof"])]}})
    assert found(policy, "void") == [
        (
            "roles.base.grants[0]",
            "gives nothing on `id`: above the role's clearance `personal`; raise that, or take them out",
        )
    ]


def test_a_level_above_the_own_clearance_is_void_for_the_families_there() -> None:
    policy = changed(roles={"base": {"grants": [grant(at_or_below="sensitive")]}})
    assert [path for path, _ in found(policy, "void")] == ["roles.base.grants[0]"]


def test_a_level_with_no_family_at_or_below_it_is_void() -> None:
    policy = changed(roles={"base": {"grants": [grant(at_or_below="internal")]}})
    assert found(policy, "void") == [
        ("roles.base.grants[0]", "no family of `account` is at or below `internal`; take it out")
    ]


LOWER = "gives nothing on `id`, `prof`: all hold the role through one of lower clearance; raise that, or take them out"


def test_families_out_of_reach_on_every_path_are_void() -> None:
    low = {"clearance": "internal", "inherits": ["support"]}
    policy = changed(roles={"low": low}, principals={"maya": {"roles": ["low"]}})
    assert found(policy, "void") == [
        (
            "roles.support.grants[0]",
            LOWER,
        )
    ]


def test_one_wide_path_is_enough() -> None:
    low = {"clearance": "internal", "inherits": ["support"]}
    high = {"clearance": "sealed", "inherits": ["low", "support"]}
    policy = changed(roles={"low": low, "high": high}, principals={"maya": {"roles": ["low", "high"]}})
    assert found(policy, "void") == []


def test_families_that_list_none_of_the_purposes_are_told() -> None:
    policy = changed(roles={"base": {"grants": [grant(families=["id", "prof"], purposes=["service"])]}})
    assert found(policy, "apart") == [
        (
            "roles.base.grants[0]",
            "gives nothing on `id`: not to be used for any purpose of the grant; add one on either side, or take them out",
        )
    ]


@pytest.mark.parametrize(
    ("count", "listed"),
    [
        (8, "on `f0`, `f1`, `f2`, `f3`, `f4`, `f5`, `f6`, `f7`: above"),
        (12, "on `f0`, `f1`, `f10`, `f11`, `f2`, `f3`, `f4`, `f5` and 4 more: above"),
    ],
)
def test_long_lists_of_families_are_cut(count: int, listed: str) -> None:
    families = {f"f{n}": {"level": "sealed", "purposes": ["support"]} for n in range(count)}
    grants = [grant("t", families=list(families))]
    policy = changed(tables={"t": {"families": families}}, roles={"base": {"grants": grants}})
    assert listed in found(policy, "void")[0][1]


# unheld, unreadable, unstated


def test_a_role_that_nobody_holds_is_told_and_an_inherited_one_is_held() -> None:
    policy = changed(roles={"spare": {"clearance": "public"}})
    assert found(policy, "unheld") == [("roles.spare", "nobody holds this role; assign it, or take it out")]


UNREADABLE = "nobody can ever read it; grant `read` if someone should"


@pytest.mark.parametrize(
    "roles",
    [
        {"support": {"grants": [grant(actions=["write", "delete", "admin"], families=["id", "prof"])]}},
        {"support": {"clearance": "internal"}},
        {"support": {"grants": [grant(families=["id", "prof"], purposes=["service"])]}},
        {"support": {"restrictions": [{"table": "account", "families": ["id"]}]}},
        {"support": {"restrictions": [{"families": ["id"], "actions": ["read"], "purposes": ["support"]}]}},
        {"support": {"restrictions": [{"table": "account", "at_or_below": "sensitive"}]}},
        {"base": {"restrictions": [{}]}},
        {"support": {"restrictions": [{"until": "2026-01-01"}, {"from": "2026-01-01"}]}},
        {"support": {"restrictions": [{"until": "2026-02-01"}, {"from": "2026-01-01"}]}},
    ],
)
def test_a_family_that_nobody_can_read_is_told(roles: dict[str, Any]) -> None:
    dated(roles)
    assert ("tables.account.families.id", UNREADABLE) in found(changed(roles=roles), "unreadable")


@pytest.mark.parametrize(
    "restriction",
    [
        {"until": "2026-01-01"},
        {"from": "2026-01-01"},
        {"from": "2026-01-01", "until": "2026-02-01"},
        {"purposes": ["service"]},
        {"actions": ["write", "delete", "admin"]},
        {"table": "device"},
        {"table": "account", "families": ["prof"]},
        {"table": "account", "at_or_below": "personal"},
    ],
)
def test_a_restriction_that_leaves_something_leaves_the_family_readable(restriction: dict[str, Any]) -> None:
    roles = {"support": {"restrictions": [restriction]}}
    dated(roles)
    assert "tables.account.families.id" not in [path for path, _ in found(changed(roles=roles), "unreadable")]


def test_restrictions_one_after_the_other_leave_nothing_and_with_a_gap_something() -> None:
    for gap in (False, True):
        roles = {"support": {"restrictions": [{"until": "2026-01-01"}, {"from": f"2026-01-0{2 if gap else 1}"}]}}
        dated(roles)
        paths = [path for path, _ in found(changed(roles=roles), "unreadable")]
        assert ("tables.account.families.id" in paths) is not gap


def test_a_restriction_binds_only_those_who_hold_it() -> None:
    bound = {"clearance": "public", "restrictions": [{}]}
    one = changed(roles={"bound": bound}, principals={"maya": {"roles": ["support", "bound"]}})
    assert len(found(one, "unreadable")) == 3
    two = changed(roles={"bound": bound}, principals={"sam": {"kind": "service", "roles": ["bound"]}})
    assert found(two, "unreadable") == []


def test_windows_of_grant_and_assignment_must_meet() -> None:
    roles = {"support": {"grants": [grant(families=["id", "prof"], until="2026-01-01")]}}
    dated(roles)
    for start, meets in (("2025-12-31", True), ("2026-01-01", False)):
        held = {"role": "support", "from": start}
        dated(held)
        policy = changed(roles=roles, principals={"maya": {"roles": [held]}})
        assert (found(policy, "unreadable") == []) is meets
        assert (found(policy, "unstated") == []) is meets


def test_a_purpose_under_which_no_grant_counts_is_told() -> None:
    policy = changed(roles={"base": {"grants": [grant(families=["prof"], purposes=["support"])]}})
    assert found(policy, "unstated") == [
        ("policy.purposes", "nobody can ever do anything for `service`; grant something, or take it out"),
    ]


HARDWARE = {"table": "device", "families": ["hw"], "purposes": ["service"], "why": "x"}
AUDITED = {
    "policy": {"purposes": ["service", "support", "audit"]},
    "tables": {"account": {"families": {"prof": {"purposes": ["service", "support", "audit"]}}}},
}


@pytest.mark.parametrize(
    ("sections", "support", "other"),
    [
        # all purposes are stated by one, who leaves a family unread
        ({}, {**HARDWARE, "actions": ["write"]}, {**HARDWARE, "actions": ["read"]}),
        # all families are read by one, who leaves a purpose unstated
        (AUDITED, {**HARDWARE, "actions": ["read"]}, grant(purposes=["audit"], actions=["write"])),
    ],
)
@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_everybody_is_asked_until_nothing_is_left(
    sections: dict[str, Any], support: dict[str, Any], other: dict[str, Any], names: tuple[str, str]
) -> None:
    own = tomllib.loads(SOUND)["roles"]["support"]["grants"]
    roles = {
        "support": {"inherits": [], "grants": [*own, support]},
        "other": {"clearance": "sealed", "grants": [other]},
    }
    one, two = names
    principals = {
        "maya": {"roles": []},
        one: {"kind": "employee", "roles": ["support"]},
        two: {"kind": "employee", "roles": ["other"]},
    }
    policy = changed(**sections, roles=roles, principals=principals)
    assert found(policy, "unreadable") == found(policy, "unstated") == []


@pytest.mark.parametrize(
    ("restriction", "told"),
    [
        ({}, ["service", "support"]),
        ({"purposes": ["support"]}, ["support"]),
        ({"purposes": ["support"], "actions": ["read"]}, []),  # writing is left
        ({"families": ["id"]}, []),
        ({"table": "device"}, ["service"]),
        ({"until": "2026-01-01"}, []),
    ],
)
def test_a_purpose_that_restrictions_leave_nothing_of_is_told(restriction: dict[str, Any], told: list[str]) -> None:
    roles = {"support": {"restrictions": [restriction]}}
    dated(roles)
    message = "nobody can ever do anything for `{}`; grant something, or take it out"
    assert found(changed(roles=roles), "unstated") == [("policy.purposes", message.format(each)) for each in told]


def dated(node: Any) -> None:
    """Replace the texts of windows by instants."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("from", "until"):
                node[key] = tomllib.loads(f"x = {value}T00:00:00Z")["x"]
            dated(value)
    elif isinstance(node, list):
        for each in node:
            dated(each)


@given(strategies.documents(max_tables=2, max_families=3, max_roles=4, max_principals=3))
def test_unreadable_families_are_those_that_the_oracle_lets_nobody_read(document: dict[str, Any]) -> None:
    oracle = Oracle(document)
    before_all = tomllib.loads("x = 1990-01-01T00:00:00Z")["x"]
    readable = {
        (table, family)
        for principal in document["principals"]
        for at in [before_all, *oracle.instants()]
        for table, family, action, _ in oracle.what(principal, at)
        if action == "read"
    }
    every = {(table, family) for table, each in document["tables"].items() for family in each["families"]}
    told = {each.path for each in lint(read(tomli_w.dumps(document))) if each.code == "unreadable"}
    assert told == {path(("tables", table, "families", family)) for table, family in every - readable}


@given(strategies.documents(max_tables=2, max_families=3, max_roles=4, max_principals=3))
def test_unstated_purposes_are_those_for_which_the_oracle_lets_nobody_do_anything(document: dict[str, Any]) -> None:
    oracle = Oracle(document)
    before_all = tomllib.loads("x = 1990-01-01T00:00:00Z")["x"]
    stated = {
        purpose
        for principal in document["principals"]
        for at in [before_all, *oracle.instants()]
        for _, _, _, purpose in oracle.what(principal, at)
    }
    told = [each.message.split("`")[1] for each in lint(read(tomli_w.dumps(document))) if each.code == "unstated"]
    assert told == sorted(set(document["policy"]["purposes"]) - stated)


# duplicates


def test_what_a_list_of_the_document_names_twice_is_told() -> None:
    rule = grant(families=["prof", "id", "prof"], actions=["read", "read"], purposes=["support", "support", "support"])
    restriction = {"families": ["id", "id"]}
    policy = changed(
        tables={"device": {"families": {"hw": {"purposes": ["service", "service"], "columns": ["a", "b", "a"]}}}},
        roles={"support": {"inherits": ["base", "base"], "grants": [rule], "restrictions": [restriction]}},
        never=[{"kinds": ["third_party"] * 2, "levels": ["sealed"], "tables": ["device"]}],
        expect=[{"principal": "maya", "purpose": "support", "allowed": [], "refused": ["admin account:id"] * 2}],
        principals={"maya": {"roles": ["support", "support"]}},
    )
    places = {
        "tables.device.families.hw.purposes[1]": "service",
        "tables.device.families.hw.columns[2]": "a",
        "roles.support.inherits[1]": "base",
        "roles.support.grants[0].families[2]": "prof",
        "roles.support.grants[0].actions[1]": "read",
        "roles.support.grants[0].purposes[1]": "support",
        "roles.support.grants[0].purposes[2]": "support",
        "roles.support.restrictions[0].families[1]": "id",
        "never[0].kinds[1]": "third_party",
        "expect[0].refused[1]": "admin account:id",
    }
    assert dict(found(policy, "duplicate")) == {
        **{place: f"`{name}` stands here twice; take one out" for place, name in places.items()},
        "principals.maya.roles[1]": "another window on `support` covers this one; take it out",
    }
    assert found(attrs.evolve(policy, name="other"), "duplicate")[:-1] == []
    assert found(Policy.loads(policy.dumps()), "duplicate") == found(policy, "duplicate")[-1:]


def test_the_same_role_held_twice_is_told_by_its_windows() -> None:
    held = {"role": "support", "until": tomllib.loads("x = 2030-01-01T00:00:00Z")["x"]}
    policy = changed(principals={"maya": {"roles": [held, held]}})
    assert [place for place, _ in found(policy, "duplicate")] == ["principals.maya.roles[1]"]


def test_the_same_grant_twice_is_told_whatever_the_reason_given() -> None:
    policy = changed(roles={"support": {"grants": [grant(), grant(families=["id"]), grant(why="other")]}})
    assert found(policy, "duplicate") == [
        ("roles.support.grants[2]", "says the same as `roles.support.grants[0]`; take one out")
    ]


def test_grants_that_differ_in_one_key_are_not_the_same() -> None:
    variants = [
        grant(),
        grant(families=["id"]),
        grant(at_or_below="personal"),
        grant(actions=["write"]),
        grant(purposes=["service"]),
        grant("device", families=["hw"]),
        grant(until=tomllib.loads("x = 2030-01-01T00:00:00Z")["x"]),
    ]
    assert found(changed(roles={"support": {"grants": variants}}), "duplicate") == []


def test_the_same_restriction_twice_is_told() -> None:
    policy = changed(roles={"support": {"restrictions": [{"families": ["id"]}, {"families": ["id"], "why": "x"}]}})
    assert found(policy, "duplicate") == [
        ("roles.support.restrictions[1]", "says the same as `roles.support.restrictions[0]`; take one out")
    ]


def test_what_is_inherited_already_is_told() -> None:
    base = changed().roles["base"].grants[0]
    own = [grant(base.table, at_or_below="personal", purposes=["service"]), grant()]
    policy = changed(
        roles={
            "base": {"restrictions": [{"table": "device"}]},
            "support": {"grants": own, "restrictions": [{"table": "device"}]},
        }
    )
    assert found(policy, "duplicate") == [
        ("roles.support.grants[0]", "is inherited already, from `roles.base.grants[0]`; take it out here"),
        ("roles.support.restrictions[0]", "is inherited already, from `roles.base.restrictions[0]`; take it out here"),
    ]


def test_what_comes_narrower_by_inheritance_is_no_duplicate() -> None:
    roles = {
        "base": {"grants": [grant(families=["id", "prof"])]},
        "support": {"grants": [grant(families=["id", "prof"])]},
    }
    assert found(changed(roles=roles), "duplicate") == []
    roles["base"]["clearance"] = "sensitive"  # type: ignore[assignment]  # a dict of mixed values
    assert len(found(changed(roles=roles), "duplicate")) == 1


def test_roles_equal_but_for_their_names_are_told() -> None:
    grants = [grant(), grant(families=["id"])]
    roles = {name: {"clearance": "sensitive", "inherits": ["base"], "grants": grants} for name in ("b", "a", "support")}
    roles["b"] = {**roles["b"], "grants": [{**each, "why": "z"} for each in grants[::-1]]}
    assert found(changed(roles=roles), "duplicate") == [
        ("roles.b", "is equal to role `a` but for its name; keep one of the two"),
        ("roles.support", "is equal to role `a` but for its name; keep one of the two"),
    ]


@pytest.mark.parametrize(
    "difference", [{"clearance": "sealed"}, {"inherits": []}, {"grants": []}, {"restrictions": [{}]}]
)
def test_roles_that_differ_in_one_thing_are_not_equal(difference: dict[str, Any]) -> None:
    twin = {**tomllib.loads(SOUND)["roles"]["support"], **difference}
    assert found(changed(roles={"twin": twin}), "duplicate") == []


def test_an_assignment_covered_by_another_is_told() -> None:
    held = [
        {"role": "support", "from": "2026-01-01", "until": "2027-01-01"},
        {"role": "support", "from": "2026-01-01", "until": "2027-01-01"},
        {"role": "support", "from": "2026-02-01", "until": "2026-03-01"},
        {"role": "support", "from": "2026-06-01", "until": "2028-01-01"},
        "base",
        {"role": "base", "until": "2026-01-01"},
    ]
    dated(held)
    message = "another window on `{}` covers this one; take it out"
    assert found(changed(principals={"maya": {"roles": held}}), "duplicate") == [
        ("principals.maya.roles[1]", message.format("support")),
        ("principals.maya.roles[2]", message.format("support")),
        ("principals.maya.roles[5]", message.format("base")),
    ]


# idle


@pytest.mark.rule("13c")
@pytest.mark.parametrize(
    "line",
    [
        {"kinds": ["third_party"]},
        {"kinds": ["service"], "principals": ["maya"]},
        {"roles": ["spare"]},
        {"levels": ["sealed"]},
        {"tables": ["device"], "levels": ["sensitive"]},
        {"families": ["hw"], "levels": ["sensitive", "sealed"]},
    ],
)
def test_a_never_line_that_fits_nothing_is_told(line: dict[str, Any]) -> None:
    policy = changed(never=[{"actions": ["admin"]}, line], roles={"spare": {"clearance": "public"}})
    assert found(policy, "idle") == [("never[1]", "can match nothing in this policy; correct its keys, or take it out")]


@pytest.mark.rule("13c")
@pytest.mark.parametrize(
    "line",
    [
        {"actions": ["admin"]},
        {"kinds": ["employee", "third_party"], "principals": ["maya"], "roles": ["base"]},
        {"levels": ["sealed", "internal"], "tables": ["device"], "families": ["hw"], "purposes": ["support"]},
    ],
)
def test_a_never_line_that_fits_something_is_left_alone(line: dict[str, Any]) -> None:
    assert found(changed(never=[line]), "idle") == []


def test_a_role_is_held_through_any_number_of_heirs() -> None:
    chain = {f"r{n}": {"clearance": "public", "inherits": [f"r{n + 1}"]} for n in range(2_000)}
    chain["r2000"] = {"clearance": "public", "inherits": ["base"]}
    line = {"roles": ["r2000"], "actions": ["admin"]}
    assert changed(roles=chain, principals={"maya": {"roles": ["r0", "support"]}}, never=[line]).lint() == ()
    without = changed(roles=chain, never=[line]).lint()
    assert [each.code for each in without] == ["unheld"] * 2_001 + ["idle"]


def test_an_expect_line_that_tests_nothing_is_told() -> None:
    line = {"principal": "maya", "purpose": "support"}
    policy = changed(expect=[line, {**line, "exact": True}])
    assert policy.lint() == (Finding("expect[0]", "idle", "tests nothing; add `allowed`, `refused` or `exact = true`"),)


@given(st.data())
def test_order_changes_no_finding_but_its_index(data: st.DataObject) -> None:
    document = data.draw(strategies.documents(max_tables=2, max_families=3, max_roles=4, max_principals=3))
    other = data.draw(strategies.shuffled(document))
    findings = [read(tomli_w.dumps(each)).lint() for each in (document, other)]
    bare, turned = (sorted((each.path.partition("[")[0], each.code) for each in every) for every in findings)
    assert bare == turned


def test_real_policies_are_linted(rolemining: Path) -> None:
    pairs = [tuple(line.split()) for line in (rolemining / "domino.txt").read_text("ascii").splitlines()]
    assert {each.code for each in policy_from_pairs(pairs).lint()} == set()  # type: ignore[arg-type]  # two names a line


@pytest.mark.parametrize("kind", ["hbase", "cassandra"])
@pytest.mark.parametrize(("level", "idle"), [("public", False), ("sensitive", False), ("sealed", True)])
def test_a_level_from_which_tls_is_required_and_that_no_family_reaches_is_idle(
    kind: str, level: str, idle: bool
) -> None:
    policy = Policy.loads(SOUND + f'\n[stores.{kind}]\nrequire_tls = "{level}"\n')
    said = "no family is at `sealed` or above; name a lower level, or take it out"
    assert policy.lint() == ((Finding(f"stores.{kind}.require_tls", "idle", said),) if idle else ())
