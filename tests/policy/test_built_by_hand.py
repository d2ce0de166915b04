"""A policy that was built by hand and not read: in force only if its document would load."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

import attrs
import pytest
from attrs import evolve

import cfacl
from cfacl import Policy, PolicyError
from cfacl.model.catalog import Catalog, Family, Table
from cfacl.model.grants import Access, Assignment, Expect, Grant, Never, Principal, Restriction, Role, Window

READ: Any = frozenset({"read"})
WORK = frozenset({"work"})
GRANT = Grant("t", frozenset({"f"}), None, READ, WORK, "x")


def built(grant: Grant = GRANT, **changes: Any) -> Policy:
    family = Family("f", changes.pop("level", "public"), WORK)
    policy = Policy(
        "x",
        Catalog(purposes=WORK, tables={"t": Table("t", {"f": family})}),
        {"r": Role("r", "public", grants=(grant,))},
        {"p": Principal("p", "service", (Assignment("r"),))},
    )
    return evolve(policy, **changes)


def connect(policy: Policy) -> None:
    cfacl.connect("memory://", policy=policy).close()


def replace(policy: Policy) -> None:
    with cfacl.connect("memory://", policy=built()) as db:
        try:
            db.replace_policy(policy)
        finally:
            assert [each.family for each in db.what("p")] == ["f"]


INTO_FORCE = [connect, replace]
FAULTY: dict[str, tuple[Policy, list[str]]] = {
    "dangling names": (
        built(
            evolve(GRANT, table="no", purposes=frozenset({"play"})),
            principals={"p": Principal("p", "service", (Assignment("no"),))},
        ),
        [
            "roles.r.grants[0].table: no table `no` is declared",
            "roles.r.grants[0].purposes[0]: no purpose `play` is declared",
            "principals.p.roles[0]: no role `no` is declared",
        ],
    ),
    "a family of another table": (
        built(evolve(GRANT, families=frozenset({"g"}))),
        ["roles.r.grants[0].families[0]: no family `g` of table `t` is declared"],
    ),
    "levels": (
        built(
            level="odd",
            roles={"r": Role("r", "odd", restrictions=(Restriction("t", at_or_below="even"),))},
        ),
        [
            "tables.t.families.f.level: no level `odd` is declared",
            "roles.r.clearance: no level `odd` is declared",
            "roles.r.restrictions[0].at_or_below: no level `even` is declared",
        ],
    ),
    "a circle": (
        built(roles={"r": Role("r", "public", inherits=frozenset({"r"}))}),
        ["roles.r.inherits[0]: roles inherit in a circle: `r` > `r`"],
    ),
    "an action that is none": (
        built(evolve(GRANT, actions=frozenset({"read", "reed"}))),
        ["roles.r.grants[0].actions[1]: `reed` is not one of `read`, `write`, `delete` or `admin`"],
    ),
    "a local time": (
        built(evolve(GRANT, window=Window(datetime(2026, 1, 1)))),  # noqa: DTZ001  # the point
        ["roles.r.grants[0].from: is a local date-time"],
    ),
    "a window without an instant": (
        built(evolve(GRANT, window=Window(datetime(2027, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)))),
        ["roles.r.grants[0].until: is not after `from`"],
    ),
    "lines about nobody": (
        built(
            never=(Never(principals=frozenset({"q"})),),
            expect=(Expect("q", "work", allowed=frozenset({Access("read", "no", "f")})),),
        ),
        [
            "never[0].principals[0]: no principal `q` is declared",
            "expect[0].principal: no principal `q` is declared",
            "expect[0].allowed[0]: no table `no` is declared",
        ],
    ),
    "a line that does not hold": (
        built(never=(Never(actions=READ),)),
        ["never[0]: `p` may `read t:f` for `work`, by `roles.r.grants[0]`, which must be impossible"],
    ),
    "a truth for a count": (
        built(
            catalog=Catalog(purposes=WORK, tables={"t": Table("t", {"f": Family("f", "public", WORK, versions=True)})})
        ),
        ["tables.t.families.f.versions: must be an integer, not a boolean"],
    ),
    "two names for one": (
        built(
            catalog=Catalog(purposes=WORK, tables={"t": Table("u", {"f": Family("g", "public", WORK)})}),
            roles={"r": Role("s", "public")},
            principals={"p": Principal("q", "service")},
        ),
        [
            "tables.t: is called `u` itself",
            "tables.t.families.f: is called `g` itself",
            "roles.r: is called `s` itself",
            "principals.p: is called `q` itself",
        ],
    ),
}


@pytest.mark.rule("8a", "13f")
@pytest.mark.parametrize("into_force", INTO_FORCE)
@pytest.mark.parametrize(("policy", "faults"), FAULTY.values(), ids=FAULTY)
def test_all_its_faults_are_told_and_it_is_not_in_force(
    into_force: Callable[[Policy], None], policy: Policy, faults: list[str]
) -> None:
    with pytest.raises(PolicyError) as caught:
        into_force(policy)
    assert [str(fault).partition(";")[0] for fault in caught.value.faults] == faults


@pytest.mark.parametrize("into_force", INTO_FORCE)
def test_a_sound_one_is_put_in_force(into_force: Callable[[Policy], None]) -> None:
    into_force(built(evolve(GRANT, window=Window(datetime(2020, 1, 1, tzinfo=UTC)))))


def test_what_stands_under_another_name_cannot_be_written_either() -> None:
    with pytest.raises(PolicyError, match=r"roles\.r: is called `s` itself; use one name for both"):
        built(roles={"r": Role("s", "public")}).dumps()


@pytest.mark.parametrize(
    "look",
    [
        lambda policy: policy.lint(),
        lambda policy: cfacl.diff(policy, built()),
        lambda policy: cfacl.diff(built(), policy),
    ],
    ids=["lint", "diff from", "diff to"],
)
def test_whoever_looks_at_it_is_told_its_faults(look: Callable[[Policy], object]) -> None:
    policy, faults = FAULTY["dangling names"]
    with pytest.raises(PolicyError) as caught:
        look(policy)
    assert [str(fault).partition(";")[0] for fault in caught.value.faults] == faults


# ------------------------------------------------------------------------------------------------------- nothing changes


class Sealed(str):
    """A level that is written otherwise than it compares."""

    __slots__ = ()

    def __hash__(self) -> int:
        return hash("sealed")

    def __eq__(self, other: object) -> bool:
        return other == "sealed"


class Wider(Policy):
    """A policy that is another one each time that it is asked."""


class Drifting(tzinfo):
    """A zone whose offset is another one each time that it is asked."""

    def __init__(self) -> None:
        self.hours = 0

    def utcoffset(self, _: datetime | None) -> timedelta:
        self.hours += 1
        return timedelta(hours=self.hours)


class Nowhere(tzinfo):
    """A zone without an offset."""

    def utcoffset(self, _: datetime | None) -> None:
        return None


class Late(datetime):
    """A date-time that says it is another one."""

    def __sub__(self, other: Any) -> Any:
        return datetime(2099, 1, 1, tzinfo=UTC) - other


@pytest.mark.rule("8a")
def test_an_instant_is_read_once() -> None:
    drifting = Window(datetime(2026, 1, 1, 12, tzinfo=Drifting()))
    assert type(drifting.start) is datetime
    assert drifting.start.tzinfo is UTC
    late = Window(until=Late(2026, 1, 1, tzinfo=UTC))
    assert type(late.until) is datetime
    assert late == Window(until=datetime(2026, 1, 1, tzinfo=UTC))
    for local in (datetime(2026, 1, 1, tzinfo=Nowhere()), datetime(2026, 1, 1)):  # noqa: DTZ001  # what is refused
        with pytest.raises(PolicyError, match="from"):
            connect(built(evolve(GRANT, window=Window(local))))


def test_an_instant_that_is_none_or_leaves_the_calendar_is_refused() -> None:
    last = datetime.max.replace(tzinfo=timezone(timedelta(hours=-1)))
    for strange in ("2026-01-01", last):
        with pytest.raises(PolicyError):
            connect(built(evolve(GRANT, window=Window(strange))))  # type: ignore[arg-type]  # what is refused


STRANGE: dict[str, Callable[[], Policy]] = {
    "catalog=None": lambda: built(catalog=None),
    "stores=None": lambda: built(stores=None),
    "roles=None": lambda: built(roles=None),
    "roles=[]": lambda: built(roles=[]),
    "roles of another class": lambda: built(roles={"r": "admin"}),
    "principals of another class": lambda: built(principals={"p": 5}),
    "assignments=None": lambda: built(principals={"p": Principal("p", "service", None)}),
    "assignments by name": lambda: built(principals={"p": Principal("p", "service", ("r",))}),
    "one name as a set": lambda: built(evolve(GRANT, families="f")),
    "window=None": lambda: built(evolve(GRANT, window=None)),
    "a window of an assignment": lambda: built(principals={"p": Principal("p", "service", (Assignment("r", None),))}),
    "a grant that only looks like one": lambda: built(roles={"r": Role("r", "public", grants=(Restriction("t"),))}),
    "a restriction that is none": lambda: built(roles={"r": Role("r", "public", restrictions=(GRANT,))}),
    "a never that is none": lambda: built(never=(GRANT,)),
    "an expect that is none": lambda: built(expect=("p",)),
    "an access that is none": lambda: built(expect=(Expect("p", "work", allowed={"read t:f"}),)),
    "a table that is none": lambda: built(catalog=Catalog(tables={"t": {}})),
    "a family that is none": lambda: built(catalog=Catalog(tables={"t": Table("t", {"f": "public"})})),
    "columns that are str": lambda: built(catalog=cataloged(columns={"q"})),
    "half a second": lambda: built(catalog=cataloged(time_to_live=1.5)),
    "families of mixed types": lambda: built(evolve(GRANT, families={"f", 5})),
    "a name that is none": lambda: built(name=None),
    "a name that only looks like one": lambda: built(roles={"r": Role(Sealed("public"), Sealed("public"))}),
    "a level that only looks like one": lambda: built(roles={"r": Role("r", Sealed("public"), grants=(GRANT,))}),
    "a name among others": lambda: built(evolve(GRANT, families={Sealed("f")})),
    "a policy of another class": lambda: Wider(
        *[getattr(built(), each.name) for each in attrs.fields(Policy) if each.init]
    ),
    "inherits=None": lambda: built(roles={"r": Role("r", "public", inherits=None, grants=(GRANT,))}),
    "layouts of another class": lambda: built(stores=evolve(built().stores, cassandra_layouts={"t": "row"})),
}


def cataloged(**keys: Any) -> Catalog:
    return Catalog(purposes=WORK, tables={"t": Table("t", {"f": Family("f", "public", WORK, **keys)})})


@pytest.mark.rule("13f")
@pytest.mark.parametrize("name", STRANGE)
@pytest.mark.parametrize(
    "use",
    [connect, replace, Policy.lint, Policy.dumps, lambda policy: cfacl.diff(policy, built())],
    ids=["connect", "replace", "lint", "dumps", "diff"],
)
def test_parts_of_the_wrong_class_are_the_authors_mistake(name: str, use: Callable[[Policy], object]) -> None:
    with pytest.raises(cfacl.RequestError if name.startswith("a policy") and use in INTO_FORCE else PolicyError):
        use(STRANGE[name]())


@pytest.mark.rule("13f")
def test_a_policy_keeps_what_it_was_made_of() -> None:
    families, principals = {"f"}, {"p": Principal("p", "service", (Assignment("r"),))}
    policy = built(evolve(GRANT, families=families), principals=principals)
    same = built()
    families.add("g")
    principals["eve"] = Principal("eve", "service", (Assignment("r"),))
    assert policy == same
    assert hash(policy.roles["r"].grants[0]) == hash(GRANT)


@pytest.mark.rule("13f")
def test_what_can_be_gone_through_once_is_gone_through_once() -> None:
    barred = Restriction("t", families=(each for each in ["f"]))
    role = Role("r", "public", grants=[GRANT], restrictions=(each for each in [barred]))
    with cfacl.connect("memory://", policy=built(roles={"r": role})) as db:
        assert db.what("p") == []
    broken = built(never=(each for each in [Never(actions={"read"})]))
    with pytest.raises(PolicyError, match="must be impossible"):
        connect(broken)


@pytest.mark.rule("13f")
def test_nothing_of_a_policy_in_force_can_be_changed() -> None:
    with cfacl.connect("memory://", policy=built()) as db:
        eve = Principal("eve", "service", (Assignment("r"),))
        maps: list[Any] = [db.policy.principals, db.policy.roles, db.policy.catalog.tables]
        maps += [db.policy.catalog.tables["t"].families, db.policy.stores.cassandra_layouts]
        for each in maps:
            for change in (
                lambda m: m.__setitem__("eve", eve),
                lambda m: m.update(eve=eve),
                lambda m: m.setdefault("eve", eve),
                lambda m: m.__ior__({"eve": eve}),
                lambda m: m.pop("p", None),
                lambda m: m.__delitem__("p"),
                lambda m: m.popitem(),
                lambda m: m.clear(),
            ):
                with pytest.raises(TypeError, match="make another one"):
                    change(each)
        with pytest.raises(cfacl.AccessDenied):
            db.session("eve", purpose="work")
        assert [each.principal for each in db.who("read", "t", "f")] == ["p"]


def test_a_policy_can_be_pickled_and_copied() -> None:
    policy = built()
    for other in (pickle.loads(pickle.dumps(policy)), copy.deepcopy(policy), copy.copy(policy)):
        assert other == policy
        with pytest.raises(TypeError):
            other.principals["eve"] = policy.principals["p"]
