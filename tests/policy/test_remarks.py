"""What else changed between two policies: every key of a policy is seen as access, is remarked, or is left out for a reason."""

from __future__ import annotations

import types
import typing
from typing import Any, Final

import attrs
import pytest

import cfacl
from cfacl.policy.difference.remarks import remarks

#: Bob may read one thing, for which nothing below changes; ann is cleared for nothing that there is.
BASE: Final = """
[policy]
name = "p"
levels = ["public", "internal", "personal", "sensitive", "sealed"]
purposes = ["work", "play.one", "play.two"]
[tables.t.families]
a = { level = "sensitive", purposes = ["work"], versions = 2, time_to_live = "30d" }
b = { level = "sealed", purposes = ["work"], columns = ["x", "y"] }
[tables.u.families]
c = { level = "personal", purposes = [] }
d = { level = "public", purposes = ["work"] }
[roles.base]
clearance = "public"
[roles.r]
clearance = "internal"
inherits = ["base"]
grants = [
    { table = "t", families = ["a"], actions = ["read", "write"], purposes = ["work"], from = 2027-01-01T00:00:00Z, why = "w" },
    { table = "u", at_or_below = "personal", actions = ["read"], purposes = ["work"], why = "w" },
]
restrictions = [
    { table = "t", families = ["a"], actions = ["write"], purposes = ["play.*"], until = 2027-01-01T00:00:00Z, why = "w" },
    { table = "u", at_or_below = "personal" },
    { purposes = ["play.one"] },
]
[roles.s]
clearance = "public"
grants = [{ table = "u", families = ["d"], actions = ["read"], purposes = ["work"], why = "w" }]
[principals]
ann = { kind = "employee", roles = [{ role = "r", until = 2028-01-01T00:00:00Z }] }
bob = { kind = "service", roles = ["s"] }
[[never]]
kinds = ["third_party"]
principals = ["ann"]
roles = ["r"]
purposes = ["play.*"]
levels = ["sealed"]
tables = ["t"]
families = ["b"]
actions = ["read"]
why = "w"
[[expect]]
principal = "ann"
purpose = "work"
refused = ["read t:a", "read t:b"]
exact = true
[[expect]]
principal = "bob"
purpose = "work"
allowed = ["read u:d"]
[stores.hbase]
require_tls = "sensitive"
[stores.cassandra]
require_tls = "personal"
consistency = "QUORUM"
[stores.cassandra.tables.t]
buckets = 8
"""

UP, DOWN, EVEN = "strengthens", "weakens", "changes"

#: Remarked: what is replaced, by what, the effect, that of the way back, where, and what is said.
Example = tuple[str, str, str, str, str, str]
FAMILY, RULES, LINE, TEST = "tables.t.families.a", "roles.r", "never[0]", "expect[0]"
GRANT, OTHER, LIMIT, WIDE = (
    f"{RULES}.{each}" for each in ("grants[0]", "grants[1]", "restrictions[0]", "restrictions[1]")
)
HELD = "principals.ann.roles[0]"
REMARKED: Final[dict[str, list[Example]]] = {
    "Catalog.levels": [
        ('"sealed"]\npurp', '"sealed", "top"]\npurp', EVEN, EVEN, "policy.levels", "public < internal < personal < sensitive < sealed < top, was public < internal < personal < sensitive < sealed"),
        ('["public", "internal", "personal", "sens', '["internal", "public", "personal", "sens', DOWN, DOWN, "policy.levels", "internal < public < personal < sensitive < sealed, was public < internal < personal < sensitive < sealed"),
    ],
    "Catalog.purposes": [('"play.two"]', '"play.two", "x"]', EVEN, EVEN, "policy.purposes", "`x` added")],
    "Catalog.tables": [("[roles.base]", '[tables.v.families]\na = { level = "public", purposes = [] }\n[roles.base]', EVEN, EVEN, "tables.v", "is new")],
    "Table.families": [("[tables.u", 'd = { level = "public", purposes = [] }\n[tables.u', EVEN, EVEN, "tables.t.families.d", "is new")],
    "Family.level": [
        ('a = { level = "sensitive"', 'a = { level = "personal"', DOWN, UP, f"{FAMILY}.level", "`personal`, was `sensitive`"),
        ('a = { level = "sensitive"', 'a = { level = "sealed"', UP, DOWN, f"{FAMILY}.level", "`sealed`, was `sensitive`"),
    ],
    "Family.purposes": [('a = { level = "sensitive", purposes = ["work"]', 'a = { level = "sensitive", purposes = ["work", "play.one"]', DOWN, UP, f"{FAMILY}.purposes", "`play.one` added")],
    "Family.columns": [
        ('["x", "y"]', '["x", "y", "z"]', DOWN, UP, "tables.t.families.b.columns", "`z` added"),
        (', columns = ["x", "y"]', "", DOWN, UP, "tables.t.families.b.columns", "left out, was `x`, `y`"),
    ],
    "Family.versions": [("versions = 2", "versions = 3", DOWN, UP, f"{FAMILY}.versions", "`3`, was `2`")],
    "Family.time_to_live": [
        ('"30d"', '"31d"', DOWN, UP, f"{FAMILY}.time_to_live", "`31d`, was `30d`"),
        (', time_to_live = "30d"', "", DOWN, UP, f"{FAMILY}.time_to_live", "left out, was `30d`"),
    ],
    "Role.clearance": [('"internal"\ninh', '"personal"\ninh', DOWN, UP, f"{RULES}.clearance", "`personal`, was `internal`")],
    "Role.inherits": [('inherits = ["base"]', "inherits = []", EVEN, EVEN, f"{RULES}.inherits", "`base` taken out")],
    "Role.grants": [('    { table = "u", at', '    { table = "u", families = ["c"], actions = ["admin"], purposes = ["work"], why = "w" },\n    { table = "u", at', DOWN, UP, f"{RULES}.grants[1]", 'is new: { table = "u", families = ["c"], actions = ["admin"], purposes = ["work"], why = "w" }')],
    "Role.restrictions": [('    { table = "u", at_or_below = "personal" }', '    { purposes = ["work"], until = 2027-01-01T00:00:00Z },\n    { table = "u", at_or_below = "personal" }', UP, DOWN, f"{RULES}.restrictions[1]", 'is new: { purposes = ["work"], until = 2027-01-01T00:00:00Z }')],
    "Grant.table": [('table = "u", at_or_below = "personal", act', 'table = "t", at_or_below = "personal", act', DOWN, DOWN, OTHER, 'is new: { table = "t", at_or_below = "personal", actions = ["read"], purposes = ["work"], why = "w" }')],
    "Grant.families": [
        ('{ table = "t", families = ["a"], actions = ["read"', '{ table = "t", families = ["a", "b"], actions = ["read"', DOWN, UP, f"{GRANT}.families", "`b` added"),
        ('{ table = "t", families = ["a"], actions = ["read"', '{ table = "t", at_or_below = "sensitive", actions = ["read"', DOWN, UP, f"{GRANT}.at_or_below", "`sensitive`, was `a`"),
        ('{ table = "t", families = ["a"], actions = ["read"', '{ table = "t", at_or_below = "personal", actions = ["read"', DOWN, DOWN, f"{GRANT}.at_or_below", "`personal`, was `a`"),
    ],
    "Grant.at_or_below": [('"u", at_or_below = "personal"', '"u", at_or_below = "sealed"', DOWN, UP, f"{OTHER}.at_or_below", "`sealed`, was `personal`")],
    "Grant.actions": [('["read", "write"]', '["read", "write", "admin"]', DOWN, UP, f"{GRANT}.actions", "`admin` added")],
    "Grant.purposes": [('"write"], purposes = ["work"]', '"write"], purposes = ["work", "play.one"]', DOWN, UP, f"{GRANT}.purposes", "`play.one` added")],
    "Grant.window": [
        ("from = 2027", "from = 2026", DOWN, UP, f"{GRANT}.from", "`2026-01-01T00:00:00Z`, was `2027-01-01T00:00:00Z`"),
        ("from = 2027-01-01T00:00:00Z, ", "", DOWN, UP, f"{GRANT}.from", "left out, was `2027-01-01T00:00:00Z`"),
    ],
    "Restriction.table": [
        ('{ table = "t", families = ["a"], actions = ["write"]', '{ families = ["a"], actions = ["write"]', UP, DOWN, f"{LIMIT}.table", "left out, was `t`"),
    ],
    "Restriction.families": [
        ('families = ["a"], actions = ["write"]', 'families = ["a", "b"], actions = ["write"]', UP, DOWN, f"{LIMIT}.families", "`b` added"),
        ('families = ["a"], actions = ["write"]', 'actions = ["write"]', UP, DOWN, f"{LIMIT}.families", "left out, was `a`"),
        ('families = ["a"], actions = ["write"]', 'at_or_below = "sensitive", actions = ["write"]', UP, DOWN, f"{LIMIT}.at_or_below", "`sensitive`, was `a`"),
    ],
    "Restriction.at_or_below": [
        ('"u", at_or_below = "personal" },', '"u", at_or_below = "sealed" },', UP, DOWN, f"{WIDE}.at_or_below", "`sealed`, was `personal`"),
        ('"u", at_or_below = "personal" },', '"u" },', UP, DOWN, f"{WIDE}.families", "left out, was `personal`"),
    ],
    "Restriction.actions": [
        ('["write"], purposes = ["play.*"]', '["write", "delete"], purposes = ["play.*"]', UP, DOWN, f"{LIMIT}.actions", "`delete` added"),
        ('actions = ["write"], purposes = ["play.*"]', 'purposes = ["play.*"]', UP, DOWN, f"{LIMIT}.actions", "left out, was `write`"),
    ],
    "Restriction.purposes": [('["play.one"] }', '["work"] }', DOWN, DOWN, f"{RULES}.restrictions[2].purposes", "`play.one` taken out"), ('["play.*"], until', '["play.*", "work"], until', UP, DOWN, f"{LIMIT}.purposes", "`work` added")],
    "Restriction.window": [
        ("until = 2027-01-01T00:00:00Z, why", "until = 2026-01-01T00:00:00Z, why", DOWN, UP, f"{LIMIT}.until", "`2026-01-01T00:00:00Z`, was `2027-01-01T00:00:00Z`"),
        (", until = 2027-01-01T00:00:00Z, why", ", why", UP, DOWN, f"{LIMIT}.until", "left out, was `2027-01-01T00:00:00Z`"),
    ],
    "Window.start": [("from = 2027", "from = 2028", UP, DOWN, f"{GRANT}.from", "`2028-01-01T00:00:00Z`, was `2027-01-01T00:00:00Z`")],
    "Window.until": [("until = 2028", "until = 2029", DOWN, DOWN, f"{HELD}.until", "`2029-01-01T00:00:00Z`, was `2028-01-01T00:00:00Z`")],
    "Principal.kind": [('"employee"', '"service"', EVEN, EVEN, "principals.ann.kind", "`service`, was `employee`"), ('"employee"', '"third_party"', UP, DOWN, "principals.ann.kind", "`third_party`, was `employee`")],
    "Principal.assignments": [("2028-01-01T00:00:00Z }]", '2028-01-01T00:00:00Z }, "base"]', EVEN, EVEN, "principals.ann.roles[1]", 'is new: "base"')],
    "Assignment.role": [("2028-01-01T00:00:00Z }]", '2028-01-01T00:00:00Z }, "base"]', EVEN, EVEN, "principals.ann.roles[1]", 'is new: "base"')],
    "Assignment.window": [('{ role = "r", until = 2028-01-01T00:00:00Z }', '"r"', DOWN, DOWN, f"{HELD}.until", "left out, was `2028-01-01T00:00:00Z`")],
    "Policy.roles": [("[principals]", '[roles.new]\nclearance = "public"\n[principals]', EVEN, EVEN, "roles.new", "is new")],
    "Policy.principals": [("[[never]]", 'eve = { kind = "service", roles = ["r"] }\n[[never]]', DOWN, DOWN, "principals.eve", "is new")],
    "Policy.never": [("[[expect]]", '[[never]]\nroles = ["base"]\nactions = ["write"]\nwhy = "é"\n[[expect]]', UP, DOWN, "never[1]", 'is new: { roles = ["base"], actions = ["write"], why = "é" }')],
    "Policy.expect": [("[stores.hbase]", '[[expect]]\nprincipal = "ann"\npurpose = "play.one"\nexact = true\n[stores.hbase]', UP, DOWN, "expect[2]", 'is new: { principal = "ann", purpose = "play.one", exact = true }')],
    **{
        f"Never.{key}": [(f'{key} = ["{value}"]\n{then}', f'{key} = ["{value}", "{more}"]\n{then}', UP, DOWN, f"{LINE}.{key}", f"`{more}` added")]
        for key, value, more, then in (
            ("kinds", "third_party", "employee", "principals"), ("roles", "r", "base", "purposes"), ("purposes", "play.*", "work", "levels"),
            ("levels", "sealed", "public", "tables"), ("tables", "t", "u", "families"), ("families", "b", "a", "actions"), ("actions", "read", "admin", "why"),
        )
    },
    "Never.principals": [('principals = ["ann"]\n', "", UP, DOWN, f"{LINE}.principals", "left out, was `ann`")],
    "Expect.at": [
        ("exact = true", "at = 2026-01-01T00:00:00Z\nexact = true", DOWN, UP, f"{TEST}.at", "`2026-01-01T00:00:00Z`, was left out"),
    ],
    "Expect.allowed": [('allowed = ["read u:d"]', "allowed = []", DOWN, UP, "expect[1].allowed", "`read u:d` taken out")],
    "Expect.refused": [('["read t:a", "read t:b"]', '["read t:a"]', DOWN, UP, f"{TEST}.refused", "`read t:b` taken out")],
    "Expect.exact": [("exact = true", "exact = false", DOWN, UP, f"{TEST}.exact", "`false`, was `true`")],
    "Access.action": [('"read t:b"]', '"read t:b", "write t:b"]', UP, DOWN, f"{TEST}.refused", "`write t:b` added")],
    "Access.table": [('"read t:b"]', '"read t:b", "read u:c"]', UP, DOWN, f"{TEST}.refused", "`read u:c` added")],
    "Access.family": [('"read t:a", ', "", DOWN, UP, f"{TEST}.refused", "`read t:a` taken out")],
    "StoreSettings.hbase_require_tls": [
        ('require_tls = "sensitive"', 'require_tls = "sealed"', DOWN, UP, "stores.hbase.require_tls", "`sealed`, was `sensitive`"),
        ('[stores.hbase]\nrequire_tls = "sensitive"', "[stores.hbase]", DOWN, UP, "stores.hbase.require_tls", "left out, was `sensitive`"),
    ],
    "StoreSettings.cassandra_require_tls": [('require_tls = "personal"', 'require_tls = "public"', UP, DOWN, "stores.cassandra.require_tls", "`public`, was `personal`")],
    "StoreSettings.cassandra_consistency": [('"QUORUM"', '"ONE"', EVEN, EVEN, "stores.cassandra.consistency", "`ONE`, was `QUORUM`")],
    "StoreSettings.cassandra_layouts": [("[stores.cassandra.tables.t]\nbuckets = 8", "", EVEN, EVEN, "stores.cassandra.tables.t", "is gone")],
    "CassandraLayout.layout": [("buckets = 8", 'layout = "row"', EVEN, EVEN, "stores.cassandra.tables.t.layout", "`row`, was `ordered`")],
    "CassandraLayout.buckets": [("buckets = 8", "buckets = 9", EVEN, EVEN, "stores.cassandra.tables.t.buckets", "`9`, was `8`")],
}  # fmt: skip  # a table

#: Not remarked, though another policy: what is replaced, by what, and why nothing is said of it.
LEFT_OUT: Final = {
    "Policy.name": ('name = "p"', 'name = "q"', "decides nothing"),
    "Grant.why": ('personal", actions = ["read"], purposes = ["work"], why = "w"', 'personal", actions = ["read"], purposes = ["work"], why = "v"', "decides nothing"),
    "Restriction.why": ('until = 2027-01-01T00:00:00Z, why = "w" },\n    { table = "u", at', 'until = 2027-01-01T00:00:00Z, why = "v" },\n    { table = "u", at', "decides nothing"),
    "Never.why": ('["read"]\nwhy = "w"', '["read"]\nwhy = "v"', "decides nothing"),
    "Policy.repeated": ('["play.*"], until', '["play.*", "play.*"], until', "is no part of what the policy says"),
}  # fmt: skip  # a table

#: Told by their parts, and, of names, as something that goes and something that comes; but a role only called otherwise.
PARTS: Final = {
    "Role.name": "Policy.roles",
    "Policy.catalog": "Catalog", "Policy.stores": "StoreSettings",
    "Table.name": "Catalog.tables", "Family.name": "Table.families", "Principal.name": "Policy.principals",
    "Expect.principal": "Policy.expect", "Expect.purpose": "Policy.expect",
}  # fmt: skip  # a table


def classes(root: Any) -> dict[str, Any]:
    """All classes that a policy is made of, by name."""
    found: dict[str, Any] = {}
    waiting = [root]
    while waiting:
        each = waiting.pop()
        if isinstance(each, types.GenericAlias | types.UnionType) or typing.get_origin(each) is not None:
            waiting += typing.get_args(each)
        elif isinstance(each, type) and attrs.has(each) and each.__name__ not in found:
            found[each.__name__] = each
            waiting += typing.get_type_hints(each).values()
    return found


def told(old: str, new: str) -> list[tuple[str, ...]]:
    before, after = cfacl.Policy.loads(old), cfacl.Policy.loads(new)
    assert cfacl.diff(before, after) == []
    return [tuple(each) for each in remarks(before, after, [])]


def replaced(old: str, new: str) -> str:
    assert BASE.count(old) >= 1
    return BASE.replace(old, new, 1)


def test_of_every_key_of_a_policy_it_is_settled_whether_it_is_told() -> None:
    found = {f"{name}.{each.name}" for name, kind in classes(cfacl.Policy).items() for each in attrs.fields(kind)}
    assert found == {*REMARKED, *LEFT_OUT, *PARTS}
    assert len(found) == len(REMARKED) + len(LEFT_OUT) + len(PARTS)


EXAMPLES = [(key, *each) for key, examples in REMARKED.items() for each in examples]


@pytest.mark.parametrize(
    ("old", "new", "effect", "back", "path", "message"),
    [each[1:] for each in EXAMPLES],
    ids=[f"{each[0]}-{number}" for number, each in enumerate(EXAMPLES)],
)
def test_what_differs_is_remarked_with_its_effect_on_either_way(
    old: str, new: str, effect: str, back: str, path: str, message: str
) -> None:
    text = replaced(old, new)
    assert (effect, path, message) in told(BASE, text)
    assert back in {each[0] for each in told(text, BASE)}


@pytest.mark.parametrize("key", LEFT_OUT)
def test_what_decides_nothing_is_not_told(key: str) -> None:
    old, new, _ = LEFT_OUT[key]
    text = replaced(old, new)
    assert told(BASE, text) == told(text, BASE) == []


def test_a_role_that_is_only_called_otherwise_is_not_told_and_one_that_is_not_quite_the_same_is() -> None:
    names = {"r": "agents", "base": "everybody"}
    text = BASE
    for old, new in names.items():
        text = text.replace(f"[roles.{old}]", f"[roles.{new}]").replace(f'"{old}"', f'"{new}"')
    assert told(BASE, text) == told(text, BASE) == []
    wider = text.replace('clearance = "internal"', 'clearance = "personal"')
    assert [each[:2] for each in told(BASE, wider)] == [
        (DOWN, "never[0].roles"),
        (DOWN, "roles.agents"),
        (DOWN, "roles.r"),
        (DOWN, "principals.ann.roles[0]"),
        (DOWN, "principals.ann.roles[0]"),
        (UP, "never[0].roles"),
    ]


def test_levels_that_are_called_otherwise_are_told_once() -> None:
    text = BASE.replace('"sealed"', '"top"').replace('"personal"', '"private"')
    message = "public < internal < private < sensitive < top, was public < internal < personal < sensitive < sealed"
    assert told(BASE, text) == [(EVEN, "policy.levels", message)]
    lower = text.replace('b = { level = "top"', 'b = { level = "private"')
    assert told(BASE, lower)[0] == (DOWN, "tables.t.families.b.level", "`private`, was `top`")


def test_levels_of_ladders_that_have_nothing_in_common_are_not_compared() -> None:
    ladders = ['levels = ["low", "high"]', 'levels = ["one", "two", "three"]']
    old, new = (
        f'[policy]\nname = "p"\n{ladder}\n[tables.t.families]\na = {{ level = "{level}", purposes = [] }}'
        for ladder, level in zip(ladders, ("high", "one"), strict=True)
    )
    assert [each[:2] for each in told(old, new)] == [(EVEN, "policy.levels"), (EVEN, "tables.t.families.a.level")]


def test_what_gains_and_losses_show_is_not_told_again() -> None:
    def listed(old: str, new: str) -> tuple[int, list[tuple[str, str]]]:
        before, after = cfacl.Policy.loads(old), cfacl.Policy.loads(new)
        changes = cfacl.diff(before, after)
        return len(changes), [each[:2] for each in remarks(before, after, changes)]

    columns = BASE.replace('d = { level = "public",', 'd = { level = "public", columns = ["x"],')
    assert listed(BASE, columns) == (1, [])
    assert listed(columns, BASE) == (1, [])
    wider = BASE.replace('["d"], actions = ["read"]', '["d"], actions = ["read", "write"]')
    assert listed(BASE, wider) == (1, [])
    assert listed(wider, BASE) == (1, [])
    grant = '{ table = "u", families = ["d"], actions = ["admin"], purposes = ["work"], why = "w" }'
    role = f'[roles.new]\nclearance = "public"\ngrants = [{grant}]\n[principals]'
    more = BASE.replace("[principals]", role).replace('roles = ["s"]', 'roles = ["s", "new"]')
    assert listed(BASE, more) == listed(more, BASE) == (1, [])
    other = BASE.replace('roles = ["s"]', "roles = []").replace('allowed = ["read u:d"]', "exact = true")
    assert listed(BASE, other) == (1, [(DOWN, "expect[1].allowed"), (UP, "expect[1].exact")])


def test_what_weighs_most_stands_first() -> None:
    changed = (
        BASE.replace("versions = 2", "versions = 3")
        .replace('a = { level = "sensitive"', 'a = { level = "personal"')
        .replace('b = { level = "sealed"', 'b = { level = "personal"')
        .replace('clearance = "public"', 'clearance = "internal"', 1)
        .replace('consistency = "QUORUM"', 'consistency = "ONE"')
        .replace('require_tls = "personal"', 'require_tls = "internal"')
        .replace('kinds = ["third_party"]\n', "")
        .replace('actions = ["read"]\nwhy', 'actions = ["admin"]\nwhy')
        .replace("until = 2028", "until = 2029")
        .replace("exact = true\n", "")
    )
    assert [(effect, path) for effect, path, _ in told(BASE, changed)] == [
        (DOWN, "never[0]"),
        (DOWN, "tables.t.families.b.level"),
        (DOWN, "tables.t.families.a.level"),
        (DOWN, "roles.base.clearance"),
        (DOWN, "expect[0].exact"),
        (DOWN, "tables.t.families.a.versions"),
        (DOWN, "principals.ann.roles[0].until"),
        (EVEN, "stores.cassandra.consistency"),
        (UP, "never[0]"),
        (UP, "stores.cassandra.require_tls"),
    ]
