"""The smallest change that would allow a request, case by case: what to write where, and who else gains."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

import cfacl
from cfacl.model.grants import nanoseconds
from cfacl.policy.remedy.search import Obstacle, Remedy, Request, remedy
from cfacl.policy.remedy.ways import Ways

HEAD = """
policy = { name = "p", purposes = ["work", "play", "rest"] }
tables.t.families.a = { level = "internal", purposes = ["work", "play", "rest"] }
tables.t.families.b = { level = "sensitive", purposes = ["work"] }
tables.u.families.a = { level = "public", purposes = ["work"] }
principals.ann = { kind = "employee", roles = ["r"] }
"""
BOB = 'principals.bob = { kind = "employee", roles = ["r"] }\n'
GRANT = '{ table = "t", families = ["a"], actions = ["read"], purposes = ["work"], why = "w" }'
AT = datetime(2027, 3, 1, 10, 30, 15, 20, tzinfo=UTC)


def found(text, action="read", families=("a",), purpose="work", at=AT):
    policy = cfacl.Policy.loads(HEAD + text)
    return remedy(policy, Request("ann", purpose, action, "t", families, nanoseconds(at)))


def role(grants=GRANT, clearance="internal", more="", name="r"):
    return f'roles.{name} = {{ clearance = "{clearance}", grants = [{grants}]{more} }}\n'


def restricted(restriction):
    return role(more=f", restrictions = [{restriction}]")


CASES = {
    "nothing": (role(), {}, []),
    "action": (role(), {"action": "write"}, ['roles.r.grants[0].actions: add "write"']),
    "purpose": (role(), {"purpose": "play"}, ['roles.r.grants[0].purposes: add "play"']),
    "family": (
        role(GRANT, "sensitive"),
        {"families": ("a", "b")},
        ['roles.r.grants[0].families: add "b"'],
    ),
    "level": (
        role(GRANT.replace('families = ["a"]', 'at_or_below = "public"')),
        {},
        ['roles.r.grants[0].at_or_below: write "internal"'],
    ),
    "clearance": (role(clearance="public"), {}, ['roles.r.clearance: write "internal"']),
    "clearance of an heir": (
        role("", "public", ', inherits = ["q"]') + role(name="q"),
        {},
        ['roles.r.clearance: write "internal"'],
    ),
    "end": (
        role(GRANT.replace("why", "until = 2027-01-01T00:00:00Z, why")),
        {},
        ["roles.r.grants[0].until: write 2027-03-02T00:00:00Z"],
    ),
    "end of the calendar": (
        role(GRANT.replace("why", "until = 2027-01-01T00:00:00Z, why")),
        {"at": datetime(9999, 12, 31, 1, tzinfo=UTC)},
        ["roles.r.grants[0].until: take it out"],
    ),
    "start": (
        role(GRANT.replace("why", "from = 2028-01-01T00:00:00Z, why")),
        {},
        ["roles.r.grants[0].from: write 2027-03-01T10:30:15Z"],
    ),
    "new grant": (
        role(GRANT, "sensitive"),
        {"families": ("b",), "action": "write"},
        [
            'roles.r.grants: add { table = "t", families = ["b"], actions = ["write"], purposes = ["work"], why = "say why" }'
        ],
    ),
    "assigned": (
        role("", "public") + role(name="q"),
        {},
        ['principals.ann.roles: add "q"'],
    ),
    "a role of its own": (
        role("", "public") + role("", "public", name="t-read"),
        {"families": ("b",)},
        [
            ('roles.t-read-: add clearance = "sensitive", grants = [{ table = "t", families = ["b"], actions = ["read"],'
            ' purposes = ["work"], why = "say why" }]'),
            'principals.ann.roles: add "t-read-"',
        ],
    ),
    "the family's list": (
        role(GRANT.replace('["a"]', '["b"]').replace('"work"', '"play"'), "sensitive"),
        {"families": ("b",), "purpose": "play"},
        ['tables.t.families.b.purposes: add "play"'],
    ),
    "restriction": (restricted('{ why = "no" }'), {}, ['roles.r.restrictions[0].actions: write ["write", "delete", "admin"]']),
    "restriction of this second": (
        restricted('{ from = 2027-03-01T10:30:15Z, why = "no" }'),
        {},
        ['roles.r.restrictions[0].actions: write ["write", "delete", "admin"]'],
    ),
    "restricted action": (
        restricted('{ purposes = ["work"], actions = ["read", "admin", "write"] }'),
        {},
        ['roles.r.restrictions[0].actions: write ["write", "admin"]'],
    ),
    "restricted family": (
        restricted('{ table = "t", purposes = ["work"], actions = ["read"], at_or_below = "sensitive" }'),
        {},
        ['roles.r.restrictions[0].families: write ["b"], in place of `at_or_below`; later families are then not restricted'],
    ),
    "restricted for any purpose": (
        restricted('{ actions = ["read"], families = ["a"], table = "t" }'),
        {},
        ['roles.r.restrictions[0].purposes: write ["play", "rest"]; later purposes are then not restricted'],
    ),
    "restricted by name": (
        restricted('{ purposes = ["work"], actions = ["read"], families = ["a", "b"] }'),
        {},
        ['roles.r.restrictions[0].families: write ["b"]'],
    ),
    "restrictions": (
        restricted('{ purposes = ["work"], actions = ["read"] }, { purposes = ["rest"] }, { purposes = ["work"], actions = ["read"], families = ["a"] }'),
        {},
        ["roles.r.restrictions[2]: take it out", "roles.r.restrictions[0]: take it out"],
    ),
}  # fmt: skip  # a table of cases


@pytest.mark.parametrize(("text", "asked", "edits"), CASES.values(), ids=CASES)
def test_what_is_missing_is_written_where_it_is_missing(text, asked, edits):
    answer = found(text, **asked)
    assert isinstance(answer, Remedy)
    assert [str(each) for each in answer.edits] == edits
    assert cfacl.Policy.loads(answer.policy.dumps()) == answer.policy


def test_an_assignment_that_has_ended_is_made_to_hold():
    text = role().replace("", "") + role("", "internal", name="q")
    head = HEAD.replace('roles = ["r"]', 'roles = ["q", { role = "r", until = 2027-01-01T00:00:00Z }]')
    policy = cfacl.Policy.loads(head + text + 'principals.bob = { kind = "employee", roles = ["q"] }')
    answer = remedy(policy, Request("ann", "work", "read", "t", ("a",), nanoseconds(AT)))
    assert [str(each) for each in answer.edits] == ["principals.ann.roles[1].until: write 2027-03-02T00:00:00Z"]


def test_of_changes_of_one_edit_the_one_by_which_the_fewest_gain_is_taken():
    text = BOB + role() + 'roles.q = { clearance = "internal" }\nprincipals.cy = { kind = "service", roles = ["q"] }\n'
    policy = cfacl.Policy.loads(HEAD.replace('roles = ["r"]', 'roles = ["r", "q"]') + text)
    asked = Request("ann", "work", "write", "t", ("a",), 0)
    answer = remedy(policy, asked)
    assert [each.path for each in answer.edits] == ["roles.r.grants[0].actions"]
    assert [(each.principal, each.action, each.gains) for each in answer.others] == [("bob", "write", True)]
    narrower = BOB.replace("bob", "dee") + text
    answer = remedy(cfacl.Policy.loads(HEAD.replace('roles = ["r"]', 'roles = ["r", "q"]') + narrower), asked)
    assert [each.path for each in answer.edits] == ["roles.q.grants"]
    assert [each.principal for each in answer.others] == ["cy"]


def test_what_a_role_takes_away_is_told_too():
    text = role("", "public") + role(
        GRANT + ', { table = "u", families = ["a"], actions = ["read"], purposes = ["work"], why = "w" }',
        more=', restrictions = [{ table = "u" }]',
        name="q",
    )
    text = text.replace("grants = []", "grants = [" + GRANT.replace('"t"', '"u"') + "]")
    answer = found(text)
    assert [str(each) for each in answer.edits] == ['principals.ann.roles: add "q"']
    assert [(each.table, each.gains) for each in answer.others] == [("u", False)]


def test_a_change_that_breaks_what_the_policy_says_of_itself_is_not_given():
    line = '\n[[never]]\nroles = ["q"]\nactions = ["read"]\nwhy = "q is for robots"\n'
    text = role("", "public") + role(name="q")
    answer = found(text + line)
    assert [each.path for each in answer.edits] == ["roles.t-read", "principals.ann.roles"]


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ('[[never]]\nkinds = ["employee"]\nactions = ["write"]', "never[0]"),
        ('[[expect]]\nprincipal = "ann"\npurpose = "work"\nrefused = ["write t:a"]', "expect[0]"),
        ('[[expect]]\nprincipal = "ann"\npurpose = "work"\nexact = true\nallowed = ["read t:a"]', "expect[0]"),
    ],
    ids=["never", "expect", "exact"],
)
def test_the_line_that_stands_against_every_change_is_named(line, path):
    answer = found(f"{role()}\n{line}\n", action="write")
    assert isinstance(answer, Obstacle)
    assert [each.path for each in answer.lines] == [path]
    elsewhere = '[[expect]]\nprincipal = "bob"\npurpose = "work"\nrefused = ["write t:a"]\n'
    alone = "principals.bob = { kind = 'service' }\n"
    assert isinstance(found(f"{alone}{role()}\n{elsewhere}", action="write"), Remedy)


def test_what_takes_long_to_compare_waits_until_there_is_no_other():
    purposes = [f"p{number}" for number in range(40)]
    people = "".join(f'u{number} = {{ kind = "employee", roles = ["r", "r{number}"] }}\n' for number in range(30))
    own = "".join(f'roles.r{number} = {{ clearance = "public" }}\n' for number in range(30))
    tables = "".join(
        f'tables.t{number}.families.f = {{ level = "internal", purposes = ["p0"] }}\n' for number in range(20)
    )
    grant = '{ table = "t0", families = ["f"], actions = ["read"], purposes = ["p0"], why = "w" }'

    def asked(rest):
        text = f'policy = {{ name = "p", purposes = {purposes} }}\n{tables}{own}{rest}[principals]\n{people}'.replace(
            "'", '"'
        )
        return remedy(cfacl.Policy.loads(text), Request("u7", "p0", "read", "t0", ("f",), 0))

    raised = asked(f'roles.r = {{ clearance = "public", grants = [{grant}] }}\n')
    assert [each.path for each in raised.edits] == ["roles.t0-read", "principals.u7.roles"]
    assert raised.others == ()
    assert raised.left == 1
    freed = asked(f'roles.r = {{ clearance = "internal", grants = [{grant}], restrictions = [{{ why = "no" }}] }}\n')
    assert [each.path for each in freed.edits] == ["roles.r.restrictions[0].purposes"]
    assert {each.principal for each in freed.others} == {f"u{number}" for number in range(30) if number != 7}
    assert (freed.compared, freed.left) == (4, 0)


LINE = '{ purposes = ["work"], actions = ["read"], families = ["a"], why = "no" }'
APART = """
[[never]]
roles = ["q"]
actions = ["write"]
why = "who checks does not write"
"""
TAKEN = {
    "an assignment, of which others keep the restriction": (
        ["r", "q"],
        role() + role("", name="q", more=f", restrictions = [{LINE}]") + 'principals.bob = { kind = "employee", roles = ["r", "q"] }\n',
        {},
        ["principals.ann.roles[1]: take it out"],
    ),
    "an assignment, from its time on": (
        ["r", "q"],
        role() + role("", name="q", more=f", restrictions = [{LINE}]") + 'principals.bob = { kind = "employee", roles = ["r", "q"] }\n'
        '[[expect]]\nprincipal = "ann"\npurpose = "work"\nat = 2027-01-01T00:00:00Z\nrefused = ["read t:a"]\n',
        {},
        ['principals.ann.roles[1]: write { role = "q", until = 2027-03-01T10:30:15Z }'],
    ),
    "an assignment with an end": (
        ["r", {"role": "q", "until": "2028-01-01T00:00:00Z"}],
        role() + role("", name="q", more=f", restrictions = [{LINE}]") + 'principals.bob = { kind = "employee", roles = ["r", "q"] }\n'
        '[[expect]]\nprincipal = "ann"\npurpose = "work"\nat = 2027-01-01T00:00:00Z\nrefused = ["read t:a"]\n',
        {},
        ["principals.ann.roles[1].until: write 2027-03-01T10:30:15Z"],
    ),
    "a restriction, from its time on": (
        ["r"],
        restricted(LINE) + '[[expect]]\nprincipal = "ann"\npurpose = "work"\nat = 2027-01-01T00:00:00Z\nrefused = ["read t:a"]\n',
        {},
        ["roles.r.restrictions[0].until: write 2027-03-01T10:30:15Z"],
    ),
    "what a role inherits, of which others keep the restriction": (
        ["r"],
        role(more=', inherits = ["q"]') + role(GRANT, name="q", more=f", restrictions = [{LINE}]")
        + 'principals.bob = { kind = "employee", roles = ["q"] }\n',
        {},
        ['roles.r.inherits: take out "q"'],
    ),
    "one assignment for two restrictions": (
        ["r", "q"],
        role() + role("", name="q", more=f", restrictions = [{LINE}, {LINE}]"),
        {},
        ["principals.ann.roles[1]: take it out"],
    ),
    "a role that may not write": (
        ["q", "r"],
        role("", "public") + role("", name="q") + APART,
        {"action": "write"},
        ["principals.ann.roles[0]: take it out", "roles.t-write: *", 'principals.ann.roles: add "t-write"'],
    ),
    "an assignment behind one that is taken out": (
        [{"role": "q", "from": "2027-01-01T00:00:00Z"}, {"role": "r", "until": "2027-01-01T00:00:00Z"}],
        role(GRANT.replace("read", "write")) + role("", "public", name="q") + APART,
        {"action": "write"},
        ["principals.ann.roles[0]: take it out", "principals.ann.roles[1].until: write 2027-03-02T00:00:00Z"],
    ),
    "a role that may not write, inherited": (
        ["r"],
        role(more=', inherits = ["q"]') + role("", name="q") + APART,
        {"action": "write"},
        ['roles.r.inherits: take out "q"', 'roles.r.grants[0].actions: add "write"'],
    ),
    "a role that may not write, held later": (
        ["r", {"role": "q", "from": "2028-01-01T00:00:00Z"}],
        role() + role("", name="q") + APART,
        {"action": "write"},
        ["principals.ann.roles[1]: take it out", 'roles.r.grants[0].actions: add "write"'],
    ),
}  # fmt: skip  # a table of cases


@pytest.mark.parametrize(("held", "text", "asked", "edits"), TAKEN.values(), ids=TAKEN)
def test_what_comes_to_the_principal_may_be_taken_away(held, text, asked, edits):
    roles = ", ".join(
        f'"{each}"'
        if isinstance(each, str)
        else "{ "
        + ", ".join(f'{key} = "{value}"' if key == "role" else f"{key} = {value}" for key, value in each.items())
        + " }"
        for each in held
    )
    policy = cfacl.Policy.loads(HEAD.replace('roles = ["r"]', f"roles = [{roles}]") + text)
    request = Request("ann", "work", asked.get("action", "read"), "t", ("a",), nanoseconds(AT))
    answer = remedy(policy, request)
    assert isinstance(answer, Remedy)
    assert answer.left == 0
    found = [str(each) for each in answer.edits]
    assert [each.split(": add cl")[0] for each in found] == [each.removesuffix(": *") for each in edits]
    assert cfacl.Policy.loads(answer.policy.dumps()) == answer.policy


@pytest.mark.parametrize(
    ("limits", "edits", "compared", "left"),
    [
        ({}, ["roles.r.restrictions[0]"], 2, 0),
        ({"_WORK": 3}, ["roles.r.restrictions[0]"], 2, 0),
        ({"_WORK": 3, "_WAITED": 6}, ["principals.ann.roles[0]", "principals.ann.roles"], 1, 2),
        ({"_WORK": 0, "_WAITED": 0}, ["roles.r.restrictions[0]"], 1, 1),
        ({"_SPENT": 0}, ["roles.r.restrictions[0]"], 1, 1),
    ],
    ids=["none is", "it waits", "what takes away is less", "all are", "all together are"],
)
def test_what_is_too_much_work_is_counted(monkeypatch, limits, edits, compared, left):
    for name, limit in limits.items():
        monkeypatch.setattr(f"cfacl.policy.remedy.search.{name}", limit)
    text = restricted('{ purposes = ["work"], actions = ["read"] }') + BOB.replace('"r"]', '"r", "q"]') + role(name="q")
    answer = found(text)
    assert [each.path for each in answer.edits] == edits
    assert (answer.compared, answer.left) == (compared, left)


def test_a_way_is_found_once_in_whichever_order_its_edits_were_found():
    text = role(more=', inherits = ["p", "x"]') + role("", name="x", more=', inherits = ["p"]')
    text += role("", name="p", more=', inherits = ["q", "s"]') + role("", name="s", more=', inherits = ["q"]')
    text += role("", name="q", more=f", restrictions = [{LINE}]")
    request = Request("ann", "work", "read", "t", ("a",), nanoseconds(AT))
    levels = list(Ways(cfacl.Policy.loads(HEAD + text), request).levels())
    assert [each.edits for each in levels] == [0, 1, 2, 3]
    found = [frozenset(way.edits) for each in levels for way in each.ways]
    assert len(set(found)) == len(found)
    both = {"roles.r.inherits", "roles.p.inherits"}
    assert both | {"roles.x.inherits"} in [{edit.path for edit in way} for way in found]


def test_a_role_that_is_inherited_twice_is_one():
    elsewhere = GRANT.replace('"t"', '"u"')
    text = role(elsewhere, more=', inherits = ["m", "n"]') + role("", more=', inherits = ["top"]', name="m")
    text += role("", more=', inherits = ["top"]', name="n") + role(name="top") + BOB.replace('"r"', '"top"')
    answer = found(text, action="write")
    assert [each.path for each in answer.edits] == ["roles.m.grants"]
    assert answer.others == ()
    wide = found(text.replace('"t", families = ["a"]', '"t", families = ["a", "b"]'), families=("b",), purpose="rest")
    assert [each.path for each in wide.edits] == [
        "tables.t.families.b.purposes",
        "roles.t-read",
        "principals.ann.roles",
    ]
