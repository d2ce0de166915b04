"""Two policies that differ are told apart, by who gains and loses or by a remark; and nothing is told of what is the same."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from typing import Any, Final

import attrs
import pytest
import tomli_w
from hypothesis import event, given
from hypothesis import strategies as st

import cfacl
from cfacl.policy.difference.remark import EFFECTS, Remark
from cfacl.policy.difference.remarks import remarks
from cfacl.testing import strategies
from cfacl.testing.oracle import Oracle

pytestmark = pytest.mark.no_cover

#: What else may stand in a policy that no edit of the strategies touches.
STORES: Final[tuple[dict[str, dict[str, Any]], ...]] = (
    {},
    {"hbase": {"require_tls": 0}},
    {"hbase": {"require_tls": -1}, "cassandra": {"require_tls": 0, "consistency": "ONE"}},
)


def difference(old: cfacl.Policy, new: cfacl.Policy) -> list[Any]:
    changes = cfacl.diff(old, new)
    return [*changes, *remarks(old, new, changes)]


def loaded(document: Any) -> cfacl.Policy:
    """The policy, without the lines that it breaks."""
    document = deepcopy(document)
    oracle = Oracle(document)
    for key, found in (("never", oracle.never_broken()), ("expect", oracle.expect_broken())):
        broken = {each.line for each in found}
        document[key] = [each for n, each in enumerate(document.get(key, ())) if n not in broken]
    return cfacl.Policy.loads(tomli_w.dumps(document))


def said(policy: cfacl.Policy) -> Any:
    """All that a policy says: without its name and reasons, without order, and with no names of roles."""
    contents: dict[str, Any] = {}

    def content(name: str) -> Any:
        if name not in contents:
            role = policy.roles[name]
            parents = frozenset(content(each) for each in role.inherits)
            rules = (
                frozenset(attrs.evolve(each, why="") for each in side) for side in (role.grants, role.restrictions)
            )
            contents[name] = (role.clearance, parents, *rules)
        return contents[name]

    return (
        policy.catalog,
        policy.stores,
        Counter(content(name) for name in policy.roles),
        {
            (each.name, each.kind, frozenset((content(held.role), held.window) for held in each.assignments))
            for each in policy.principals.values()
        },
        {
            (
                attrs.evolve(each, why="", roles=None),
                None if each.roles is None else frozenset(map(content, each.roles)),
            )
            for each in policy.never
        },
        {*policy.expect},
    )


@st.composite
def whole(draw: st.DrawFn, document: Any) -> Any:
    """A document with lines of its own, and settings for stores."""
    document = deepcopy(document)
    document["never"] = draw(st.lists(strategies.never_lines(document), max_size=2))
    document["expect"] = draw(st.lists(strategies.expect_lines(document), max_size=2))
    ladder = document["policy"].get("levels", ["public"])
    document["stores"] = {
        store: {key: ladder[value] if isinstance(value, int) else value for key, value in keys.items()}
        for store, keys in draw(st.sampled_from(STORES)).items()
    }
    for each in document["principals"].values():
        each["kind"] = draw(st.sampled_from(["employee", "service", "third_party"]))
    for table in document["tables"].values():
        for family in table["families"].values():
            family["versions"] = draw(st.sampled_from([1, 1, 1, 2]))
    return document


@given(st.data())
def test_whatever_is_edited_is_told(data: st.DataObject) -> None:
    document = data.draw(strategies.documents(max_tables=2, max_families=3))
    edited = data.draw(strategies.edits(document))[-1].document
    before, after = (loaded(data.draw(st.one_of(st.just(each), whole(each)))) for each in (document, edited))
    same = said(before) == said(after)
    event("the same" if same else "another")
    assert bool(difference(before, after)) is not same
    assert bool(difference(after, before)) is not same


@given(st.data())
def test_another_order_and_other_names_of_roles_are_not_told(data: st.DataObject) -> None:
    document = data.draw(strategies.documents(max_tables=2, max_families=3).flatmap(whole))
    before = loaded(document)
    turned = data.draw(strategies.shuffled(document))
    assert difference(before, loaded(turned)) == []
    names = dict(zip(sorted(turned["roles"]), data.draw(st.permutations([f"r{n}" for n in range(9)])), strict=False))
    turned["roles"] = {
        names[name]: {**role, "inherits": [names[each] for each in role["inherits"]]}
        for name, role in turned["roles"].items()
    }
    for each in turned["principals"].values():
        each["roles"] = [
            {**held, "role": names[held["role"]]} if isinstance(held, dict) else names[held] for held in each["roles"]
        ]
    for line in turned["never"]:
        if "roles" in line:
            line["roles"] = [names[each] for each in line["roles"]]
    after = loaded(turned)
    assert said(before) == said(after)
    assert difference(before, after) == difference(after, before) == []


@given(st.data())
def test_what_weakens_stands_first_and_everything_stands_somewhere(data: st.DataObject) -> None:
    document = data.draw(strategies.documents(max_tables=2, max_families=3))
    after = loaded(data.draw(whole(data.draw(strategies.edits(document))[-1].document)))
    before = loaded(document)
    found: list[Remark] = remarks(before, after, cfacl.diff(before, after))
    assert [each.effect for each in found] == sorted((each.effect for each in found), key=EFFECTS.index)
    assert all(each.path and each.message for each in found)
    assert len({*found}) == len(found)
