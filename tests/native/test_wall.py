"""What a store's own rights should be by a policy, and where they differ."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

import cfacl
from cfacl.api.wall import Wall, wall
from cfacl.stores.hbase.address import parse
from cfacl.stores.native import RightsOff

_found = importlib.util.spec_from_file_location("shell", Path(__file__).with_name("shell.py"))
assert _found is not None
assert _found.loader is not None
shell: Any = importlib.util.module_from_spec(_found)
_found.loader.exec_module(shell)

STRANGER = "no principal; if it looks after the store, name it by `--operator`"
#: 2026-06-01T00:00:00Z, in nanoseconds.
NOW = 1_780_272_000_000_000_000


def built(walled: Any, policy: cfacl.Policy, **keys: Any) -> Wall:
    return wall(walled, policy, NOW, **keys)


def apply(walled: Any, policy: cfacl.Policy, **keys: Any) -> Wall:
    """Do what a plan says, and look again."""
    made = built(walled, policy, **keys)
    shell.obey(walled.acl, walled.native_rights().script(made.revoked, made.granted, ["done"]))
    return built(walled, policy, **keys)


def lines(rights: Any) -> list[str]:
    return [f"{each.account} {each.letters} {each.on}" for each in rights]


def too_much(made: Wall) -> dict[str, tuple[str, bool]]:
    return {f"{each.right.account} {each.right.letters} {each.right.on}": (each.why, each.ours) for each in made.extra}


@pytest.mark.rule("HBase's own rights")
@pytest.mark.failure("store-acl-6")
def test_what_stands_is_given_and_what_depends_on_a_purpose_is_listed(walled: Any, policy: cfacl.Policy) -> None:
    made = built(walled, policy)
    given = [
        "app RW home_account:id+1:email",
        "app RW home_account:id+1:name",
        "app RW home_account:prof+2",
        "bob R home_account:prof+2",
    ]
    assert lines(made.missing) == lines(made.granted) == given
    assert [(each.account, each.family, each.what, each.why) for each in made.unsaid] == [
        ("maya", "prof", "read", "not for `service`"),
        ("app", "id", "delete of the whole family", "it takes `W` on every column, declared or not"),
    ]
    assert not made.holds
    made = apply(walled, policy)
    assert (made.holds, made.missing, made.revoked, made.granted) == (True, (), (), ())
    assert walled.acl.cells == {
        b"home_account": {
            b"app,id+1,email": b"RW",
            b"app,id+1,name": b"RW",
            b"app,prof+2": b"RW",
            b"bob,prof+2": b"R",
        }
    }


def test_accounts_that_work_for_one_purpose_get_what_is_granted_for_it(walled: Any, policy: cfacl.Policy) -> None:
    made = built(walled, policy, purpose="support")
    assert lines(made.granted) == [
        "app RW home_account:prof+2",
        "bob R home_account:prof+2",
        "maya R home_account:prof+2",
    ]
    assert made.unsaid == ()
    with pytest.raises(cfacl.UnknownPurpose):
        built(walled, policy, purpose="sales")


@pytest.mark.parametrize(
    ("window", "why"),
    [
        ("until = 2027-01-01T00:00:00Z", "until 2027-01-01 00:00Z"),
        ("from = 2027-01-01T00:00:00Z", "from 2027-01-01 00:00Z on"),
        (
            "from = 2027-01-01T00:00:00Z\nuntil = 2028-01-01T00:00:00Z",
            "from 2027-01-01 00:00Z on, until 2028-01-01 00:00Z",
        ),
        ("from = 2026-01-01T00:00:00Z", ""),
        ("until = 2026-01-01T00:00:00Z", None),
    ],
)
def test_what_begins_or_ends_is_listed_and_what_has_begun_is_given(walled: Any, window: str, why: str | None) -> None:
    policy = cfacl.Policy.loads(
        f"""
policy = {{ name = "home", purposes = ["service"] }}
[tables.account.families]
prof = {{ level = "personal", purposes = ["service"] }}
[roles.r]
clearance = "personal"
[[roles.r.grants]]
table = "account"
families = ["prof"]
actions = ["read"]
purposes = ["service"]
why = "test"
{window}
[principals]
ann = {{ kind = "employee", roles = ["r"] }}
"""
    )
    made = built(walled, policy)
    assert lines(made.granted) == (["ann R home_account:prof+2"] if why == "" else [])
    assert [each.why for each in made.unsaid] == ([why] if why else [])


@pytest.mark.rule("HBase's own rights")
def test_what_is_wider_than_the_policy_is_told_and_taken_from_principals(walled: Any, policy: cfacl.Policy) -> None:
    apply(walled, policy)
    for user, letters, *scope in (
        ["bob", "RWX", "home_account", "prof+2"],
        ["bob", "R", "home_account", "id+1", "name"],
        ["maya", "R", "home_account", "prof+2"],
        ["app", "R", "home_account"],
        ["app", "RW", "home_cfacl.records"],
        ["mallory", "R", "home_account", "id+1"],
        ["@staff", "R", "home_account", "prof+2"],
        ["app", "R", "@default"],
        ["hbase", "RWXCA"],
    ):
        walled.acl.grant(user, letters, *scope)
    less = "the policy does not give it always and for every purpose"
    every = "it is for every family"
    alone = {
        "mallory R home_account:id+1": (STRANGER, False),
        "@staff R home_account:prof+2": ("a group, and who is in it the store decides", False),
        "app R namespace default": ("it is for every table", False),
        "hbase RWXCA everything": (STRANGER, False),
    }
    made = built(walled, policy)
    assert too_much(made) == {
        "bob WX home_account:prof+2": (less, True),
        "bob R home_account:id+1:name": (less, True),
        "maya R home_account:prof+2": (less, True),
        "app R table home_account": (every, True),
        "app RW table home_cfacl.records": (every, True),
        **alone,
    }
    assert (made.missing, lines(made.granted)) == ((), ["bob R home_account:prof+2"])
    assert too_much(apply(walled, policy)) == alone
    made = built(walled, policy, operators=["hbase", "mallory"])
    assert lines(made.known) == ["hbase RWXCA everything", "mallory R home_account:id+1"]
    assert [*too_much(made)] == ["app R namespace default", "@staff R home_account:prof+2"]


@pytest.mark.rule("HBase's own rights")
def test_rights_on_what_the_store_keeps_for_itself_are_too_much_and_left_alone(
    walled: Any, policy: cfacl.Policy
) -> None:
    apply(walled, policy)
    for user, letters, *scope in (
        ["app", "R", "@hbase"],
        ["app", "W", "hbase:meta"],
        ["bob", "R", "hbase:meta", "info"],
        ["mallory", "W", "hbase:labels", "f", "x"],
        ["root", "RWXCA", "hbase:labels"],
        ["app", "R", "@hbases"],
        ["app", "R", "hbases:meta"],
    ):
        walled.acl.grant(user, letters, *scope)
    own = "it is on what the store keeps for itself, where rights on families hold nobody back"
    made = built(walled, policy, operators=["root"])
    assert too_much(made) == {
        "app R namespace hbase": (own, False),
        "app W table hbase:meta": (own, False),
        "bob R hbase:meta:info": (own, False),
        "mallory W hbase:labels:f:x": (STRANGER, False),
    }
    assert lines(made.known) == ["root RWXCA table hbase:labels"]
    assert (made.holds, made.revoked, made.granted) == (False, (), ())


def test_a_principal_that_looks_after_the_store_gets_nothing_and_loses_nothing(
    walled: Any, policy: cfacl.Policy
) -> None:
    walled.acl.grant("app", "RWXCA", "home_account")
    made = apply(walled, policy, operators=["app"])
    assert made.holds
    assert lines(made.known) == ["app RWXCA table home_account"]
    assert walled.acl.cells[b"home_account"] == {b"app": b"RWXCA", b"bob,prof+2": b"R"}


def test_those_who_are_named_are_given_rights_and_the_others_are_judged(walled: Any, policy: cfacl.Policy) -> None:
    walled.acl.grant("app", "RWX", "home_account", "prof+2")
    walled.acl.grant("maya", "R", "home_account", "id+1")
    made = built(walled, policy, accounts=["bob"])
    assert lines(made.missing) == ["bob R home_account:prof+2"]
    assert made.unsaid == ()
    assert [*too_much(made)] == ["app X home_account:prof+2", "maya R home_account:id+1"]
    assert lines(made.granted) == ["app RW home_account:prof+2", "bob R home_account:prof+2"]
    assert apply(walled, policy, accounts=["bob"]).holds
    with pytest.raises(cfacl.AccessDenied):
        built(walled, policy, accounts=["nobody"])


@pytest.mark.rule("HBase's own rights")
def test_a_family_that_was_made_anew_is_another_one(walled: Any, policy: cfacl.Policy) -> None:
    apply(walled, policy)
    with cfacl.connect("hbase://gateway/home_", policy=policy) as db:
        db.drop_table("account")
        walled.acl.families.clear()
        db.create_tables()
    made = built(walled, policy)
    assert "bob R home_account:prof+4" in lines(made.granted)
    assert lines(made.known) == [
        "app RW home_account:id+1:email",
        "app RW home_account:id+1:name",
        "app RW home_account:prof+2",
        "bob R home_account:prof+2",
    ]
    assert made.extra == ()


@pytest.mark.rule("HBase's own rights")
def test_a_right_on_an_identity_that_may_still_come_is_too_much(walled: Any, policy: cfacl.Policy) -> None:
    """Identities are counted, so that whoever guesses the next one has a right that waits for it."""
    with cfacl.connect("hbase://gateway/home_", policy=policy) as db:
        db.drop_table("account")
        walled.acl.families.clear()
        db.create_tables()
    for user, family in (
        ("dropped", "prof+2"),
        ("next", "prof+5"),
        ("later", "later+99"),
        ("never", "prof+0"),
        ("another's", "prof+3"),  # that of `id`
        ("ours", "prof+4"),
        ("by hand", "prof"),
    ):
        walled.acl.grant(user, "R", "home_account", family)
    made = built(walled, policy)
    assert [each.account for each in made.known] == ["dropped"]
    assert {each.right.account for each in made.extra} == {"next", "later", "never", "another's", "ours", "by hand"}
    walled.system.compare_and_set("begun", None, b'[["account", "later", 2]]')
    assert built(walled, policy).known == ()


def test_a_right_on_a_family_that_is_recorded_and_lost_is_too_much(walled: Any, policy: cfacl.Policy) -> None:
    apply(walled, policy)
    walled.acl.families.clear()
    walled.acl.grant("mallory", "R", "home_account", "prof+2")
    made = built(walled, policy)
    assert (made.known, [*too_much(made)]) == ((), ["mallory R home_account:prof+2"])


def test_what_the_store_lacks_or_has_retired_gets_no_right(walled: Any, policy: cfacl.Policy) -> None:
    apply(walled, policy)
    text = policy.dumps().replace('"id"', '"other"').replace("families.id]", "families.other]")
    made = built(walled, cfacl.Policy.loads(text))
    assert [*too_much(made)] == ["app RW home_account:id+1:email", "app RW home_account:id+1:name"]
    assert made.granted == ()
    lacking = "the store has no such family that may be used; `create_tables()` makes it, or says what to adopt"
    assert [(each.account, each.family, each.what) for each in made.unsaid if each.why == lacking] == [
        ("app", "other", "read"),
        ("app", "other", "write"),
        ("app", "other", "delete"),
    ]
    dropped = policy.dumps().replace("account", "account2")
    assert {each.right.place for each in built(walled, cfacl.Policy.loads(dropped)).extra} == {"home_account"}


@pytest.mark.rule("HBase's own rights")
def test_rights_that_nobody_heeds_are_off_whatever_is_written(walled: Any, policy: cfacl.Policy) -> None:
    """Where authorization is switched off over the same data, `hbase:acl` stays as it was."""
    assert apply(walled, policy).holds
    walled.acl.heeds = False
    with pytest.raises(RightsOff, match="heeds none of it: a user whom nobody knows may read it"):
        built(walled, policy)
    with pytest.raises(RightsOff):
        built(walled, policy, heeded=True)


@pytest.mark.rule("HBase's own rights")
def test_rights_that_were_not_seen_to_be_heeded_hold_by_a_word_alone(walled: Any, policy: cfacl.Policy) -> None:
    apply(walled, policy)
    walled.acl.address = parse("hbase://gateway/home_")
    made = built(walled, policy)
    assert (made.agrees, made.holds) == (True, False)
    assert made.unseen is not None
    assert made.unseen.endswith("name one, as `hbase+http://host:9090`")
    assert built(walled, policy, heeded=True).holds
    walled.acl.grant("maya", "R", "home_account")
    assert not built(walled, policy, heeded=True).holds


def test_looking_changes_nothing(walled: Any, policy: cfacl.Policy) -> None:
    before = walled.system.items("")
    text = policy.dumps().replace("account", "account2")
    built(walled, cfacl.Policy.loads(text))
    assert walled.system.items("") == before


def test_a_store_without_rights_of_its_own_says_so(policy: cfacl.Policy) -> None:
    from cfacl.stores.memory import MemoryStore

    with pytest.raises(cfacl.Unsupported, match="`memory` has no rights of its own; hbase and cassandra have"):
        built(MemoryStore(clock=lambda: 0), policy)
