"""What a policy prints is what it was read from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

import pytest
import tomli_w
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from cfacl.errors import Fault, PolicyError
from cfacl.model.catalog import Catalog, Family, Table
from cfacl.model.grants import Assignment, Grant, Principal, Role, Window
from cfacl.model.settings import CassandraLayout, StoreSettings
from cfacl.policy.document.reader import read
from cfacl.policy.document.writer import write
from cfacl.policy.policy import Policy
from cfacl.testing import strategies

#: Whatever TOML can say in a string.
TEXT: Final = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A document with every kind of line and setting; its `never` and `expect` lines may not hold."""
    document = draw(strategies.documents(max_tables=2, max_families=3, max_roles=3, max_principals=3))
    document["policy"]["name"] = draw(
        TEXT.filter(lambda name: name.isprintable() and "`" not in name and name.strip() == name)
    )
    for role in document["roles"].values():
        for rule in [*role["grants"], *role["restrictions"]]:
            rule["why"] = f"w{draw(TEXT)}"  # a grant's reason is not blank
    for table in document["tables"].values():
        for family in table["families"].values():
            if draw(st.booleans()):
                family["columns"] = draw(st.lists(TEXT, min_size=1, max_size=3))
            if draw(st.booleans()):
                family["versions"] = draw(st.integers(1, 1_000_000))
            if draw(st.booleans()):
                family["time_to_live"] = f"{draw(st.integers(1, 24_855))}{draw(st.sampled_from('dhs'))}"
    document["never"] = draw(st.lists(strategies.never_lines(document), max_size=2))
    for line in document["never"]:
        line["why"] = draw(TEXT)
    lines = draw(st.lists(strategies.expect_lines(document), max_size=2))
    document["expect"] = [line for line in lines if not {*line["allowed"]} & {*line["refused"]}]
    layouts = st.one_of(
        st.just({}), st.just({"layout": "row"}), st.builds(lambda n: {"buckets": n}, st.integers(1, 65_536))
    )
    document["stores"] = {
        "hbase": draw(st.sampled_from([{}, {"require_tls": draw(st.sampled_from(strategies_ladder(document)))}])),
        "cassandra": {
            **draw(st.sampled_from([{}, {"consistency": "QUORUM"}])),
            **draw(st.sampled_from([{}, {"require_tls": draw(st.sampled_from(strategies_ladder(document)))}])),
            "tables": draw(st.dictionaries(st.sampled_from(sorted(document["tables"])), layouts, max_size=2)),
        },
    }
    return document


def strategies_ladder(document: dict[str, Any]) -> list[str]:
    return [family["level"] for table in document["tables"].values() for family in table["families"].values()]


@given(documents())
def test_a_policy_reads_back_equal(document: dict[str, Any]) -> None:
    policy = read(tomli_w.dumps(document))
    assert read(write(policy)) == policy


@given(strategies.documents(max_tables=2, max_families=3, max_roles=3, max_principals=3))
def test_the_public_names_do_the_same(document: dict[str, Any]) -> None:
    policy = Policy.loads(tomli_w.dumps(document))
    assert Policy.loads(policy.dumps()) == policy


@given(documents(), st.data())
def test_the_text_is_the_same_whatever_the_order_of_tables_and_names(
    document: dict[str, Any], data: st.DataObject
) -> None:
    policy = read(tomli_w.dumps(document))

    def turned(node: Any) -> Any:
        """Permute the keys of every table, and the lists of names that are sets."""
        if isinstance(node, dict):
            return {
                key: data.draw(st.permutations(node[key])) if is_set(key, node[key]) else turned(node[key])
                for key in data.draw(st.permutations(list(node)))
            }
        return [turned(each) for each in node] if isinstance(node, list) else node

    def is_set(key: str, value: Any) -> bool:
        return (
            isinstance(value, list) and key not in ("levels", "roles") and all(isinstance(each, str) for each in value)
        )

    other = read(tomli_w.dumps(turned(document)))
    assert other == policy
    assert write(other) == write(policy)


def test_names_are_sorted_and_defaults_are_left_out() -> None:
    text = """\
[policy]
name = "home"
purposes = [
    "marketing.mail",
    "support",
]

[tables.account.families.id]
level = "sensitive"
purposes = []
columns = [
    "",
    "name",
]
versions = 3
time_to_live = "36h"

[tables.account.families.prof]
level = "personal"
purposes = [
    "support",
]

[roles.employee]
clearance = "public"

[roles.support]
clearance = "personal"
inherits = [
    "employee",
]
restrictions = [
    {},
]

[[roles.support.grants]]
table = "account"
families = [
    "prof",
]
actions = [
    "read",
    "write",
    "delete",
    "admin",
]
purposes = [
    "support",
]
from = 2026-01-01T00:00:00.000001Z
until = 2027-06-30T00:00:00Z
why = "answers tickets"

[[roles.support.grants]]
table = "account"
at_or_below = "public"
actions = [
    "read",
]
purposes = [
    "support",
]
why = "all may"

[principals.maya]
kind = "employee"
roles = [
    "support",
    { role = "employee", until = 2026-12-31T00:00:00Z },
]

[principals."maya@x.org"]
kind = "service"

[stores.cassandra.tables.account]
"""
    assert write(read(text)) == text


def test_a_custom_ladder_is_written_and_the_default_is_not() -> None:
    policy = Policy("x", Catalog(levels=("low", "high")))
    assert policy.dumps() == '[policy]\nname = "x"\nlevels = [\n    "low",\n    "high",\n]\n'
    assert Policy("x", Catalog()).dumps() == '[policy]\nname = "x"\n'


def test_instants_are_kept_exactly_and_as_utc() -> None:
    india = timezone(timedelta(hours=5, minutes=30))
    start, until = datetime(2026, 7, 1, 5, 30, 0, 1, india), datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)
    window = Window(start, until)
    policy = Policy(
        "x",
        Catalog(),
        {"r": Role("r", "public")},
        {"p": Principal("p", "service", (Assignment("r", window),))},
    )
    assert "from = 2026-07-01T00:00:00.000001Z, until = 9999-12-31T23:59:59.999999Z" in policy.dumps()
    loaded = Policy.loads(policy.dumps())
    assert loaded == policy
    held = loaded.principals["p"].assignments[0].window
    assert held.start is not None
    assert held.start.tzinfo is UTC


def built(**changes: Any) -> Policy:
    """A policy built by hand, with something that no document may say."""
    family = Family("f", "public", frozenset(["p"]), **changes.pop("family", {}))
    grant = Grant("t", frozenset("f"), None, frozenset(["read"]), frozenset("p"), "x", **changes.pop("grant", {}))
    policy = Policy(
        "x",
        Catalog(purposes=frozenset("p"), tables={"t": Table("t", {"f": family})}),
        {"r": Role("r", "public", grants=(grant,))},
        {"p": Principal("p", "service", (Assignment("r"),))},
    )
    return evolve(policy, **changes)


@pytest.mark.parametrize(
    ("policy", "fault"),
    [
        (
            lambda: built(family={"columns": frozenset([b"\xff"])}),
            Fault(
                "tables.t.families.f.columns",
                "holds a column that is not utf-8, which toml cannot say; leave `columns` out",
            ),
        ),
        (lambda: built(name="\ud800"), Fault("", "holds a lone surrogate, which toml cannot say; take it out")),
    ],
)
def test_what_toml_cannot_say_is_refused(policy: Callable[[], Policy], fault: Fault) -> None:
    with pytest.raises(PolicyError) as caught:
        policy().dumps()
    assert caught.value.faults == (fault,)


@pytest.mark.parametrize(
    ("policy", "path"),
    [
        (lambda: built(grant={"window": Window(datetime(2026, 1, 1))}), "roles.r.grants[0].from"),  # noqa: DTZ001  # the point
        (
            lambda: built(
                grant={"window": Window(None, datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-2))))}
            ),
            "roles.r.grants[0].until",
        ),
        (lambda: built(family={"columns": frozenset()}), "tables.t.families.f.columns"),
        (lambda: built(family={"time_to_live": 0}), "tables.t.families.f.time_to_live"),
        (
            lambda: built(stores=StoreSettings(cassandra_layouts={"t": CassandraLayout("row", 8)})),
            "stores.cassandra.tables.t.buckets",
        ),
        (lambda: built(roles={}), "principals.p.roles[0]"),
    ],
)
def test_what_no_policy_may_say_is_written_and_refused_when_read(policy: Callable[[], Policy], path: str) -> None:
    with pytest.raises(PolicyError) as caught:
        Policy.loads(policy().dumps())
    assert [fault.path for fault in caught.value.faults] == [path]
    assert Policy.loads(built().dumps()) == built()
