"""The smart-home policy says what its matrix says: every plain right works, and every other cell is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import attrs
import pytest

import cfacl
from cfacl import filters
from cfacl.cli.demo import scenario
from cfacl.cli.demo.loading import LOADER, loading_policy
from cfacl.model.action import ACTIONS, Action
from cfacl.model.grants import nanoseconds

POLICY: Final = scenario.policy()
NOW: Final = nanoseconds(datetime.fromisoformat(scenario.NOW))
KEY: Final = b"3f2a"
FAMILIES: Final = [family for table in POLICY.catalog.tables.values() for family in table.families.values()]
CELLS: Final = [(table.name, family) for table in POLICY.catalog.tables.values() for family in table.families]
PURPOSES: Final = sorted(POLICY.catalog.purposes)

#: Who stands for a column of the matrix; third parties stand for themselves, and end users are no principals.
PEOPLE: Final = {
    assignment.role: principal.name for principal in POLICY.principals.values() for assignment in principal.assignments
} | {name: name for name, principal in POLICY.principals.items() if principal.kind == "third_party"}

#: What the matrix gives plainly: (principal, table, family, action).
PLAIN: Final[list[tuple[str, str, str, Action]]] = [
    (PEOPLE[part.who], part.table, part.family, action)
    for part in scenario.parts()
    if not part.waiting
    for action in ACTIONS
    if action in part.words
]


def column(table: str, family: str) -> bytes:
    """A column that the family takes."""
    declared = POLICY.catalog.tables[table].families[family].columns
    return family.encode() + b":" + (min(declared) if declared else b"0")


def looking_policy() -> cfacl.Policy:
    """The loading policy, with reading in the place of writing."""
    policy = loading_policy(POLICY)
    role = policy.roles[LOADER]
    grants = tuple(attrs.evolve(grant, actions=frozenset({"read"})) for grant in role.grants)
    return attrs.evolve(policy, roles={LOADER: attrs.evolve(role, grants=grants)})


def stored(db: cfacl.Database, table: str, name: bytes) -> bytes | None:
    """What a cell of the row holds, whoever may read it."""
    db.replace_policy(looking_policy())
    with db.session(LOADER, purpose=LOADER) as session:
        found = session.table(table).row(KEY).get(name)
    db.replace_policy(POLICY)
    return found


@pytest.fixture(scope="module", params=["memory", "rocksdb"])
def db(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[cfacl.Database]:
    """The smart-home policy over one row in each table, a cell in each family."""
    where: str | Path = "memory://" if request.param == "memory" else tmp_path_factory.mktemp("matrix") / "store"
    with cfacl.connect(where, policy=loading_policy(POLICY), clock=lambda: NOW) as db:
        db.create_tables()
        with db.session(LOADER, purpose=LOADER) as session:
            for table, family in CELLS:
                session.table(table).put(KEY, {column(table, family): b"before"})
        db.replace_policy(POLICY)
        yield db


def test_there_are_thirty_families_and_the_matrix_speaks_of_each() -> None:
    assert len(CELLS) == 30
    assert {(part.table, part.family) for part in scenario.parts()} == set(CELLS)


def test_each_column_of_the_matrix_is_a_principal_of_the_policy_except_end_users() -> None:
    columns = {part.who for part in scenario.parts()}
    assert len(scenario.people()) == 15
    assert scenario.people().keys() - {"developer"} <= columns
    assert columns - PEOPLE.keys() == {"user"}


def test_each_part_of_the_matrix_is_either_granted_or_listed_as_waiting() -> None:
    waiting = scenario.waiting()
    assert len(waiting) + sum(not part.waiting for part in scenario.parts()) == len(scenario.parts())
    assert all(part.who != "user" or part.waiting for part in scenario.parts())
    assert all(scenario.words()[word].waits for part in waiting for word in part.waiting)


def test_what_is_kept_from_an_event_on_has_no_time_to_live_and_is_listed_as_waiting() -> None:
    [rule] = [each for each in scenario.beyond() if "after an event" in each.what]
    listed = {tuple(each.split(":")) for each in rule.who.split(", ")}
    kept = {cell: POLICY.catalog.tables[cell[0]].families[cell[1]].time_to_live for cell in CELLS}
    assert listed == {("account",), ("order", "ship"), ("promo", "entry"), ("consent", "rec"), ("contact",)}
    assert not [cell for cell, time in kept.items() if time and (cell in listed or cell[:1] in listed)]


def test_the_codes_of_the_words_are_told_apart() -> None:
    codes = [word.code for word in scenario.words().values()]
    assert len(set(codes)) == len(codes)
    assert all(word.code.islower() == bool(word.waits) for word in scenario.words().values())


def test_every_grant_has_a_reason_and_gives_something_to_somebody() -> None:
    assert all(grant.why for role in POLICY.roles.values() for grant in role.grants)
    assert not [
        finding for finding in POLICY.lint() if finding.code in ("void", "apart", "unheld", "idle", "over_broad")
    ]


@pytest.mark.parametrize(("principal", "table", "family", "action"), PLAIN, ids=map("-".join, PLAIN))
def test_every_plain_cell_is_allowed(
    db: cfacl.Database, principal: str, table: str, family: str, action: Action
) -> None:
    name = column(table, family)
    before = stored(db, table, name)
    worked = []
    for purpose in sorted(POLICY.catalog.tables[table].families[family].purposes):
        with db.session(principal, purpose=purpose) as session:
            if not session.allows(action, table, family):
                continue
            if action == "read":
                assert before is not None
                assert session.table(table).row(KEY, columns=[name]) == {name: before}
            else:
                session.table(table).put(KEY, {name: principal.encode()})
            worked.append(purpose)
    assert worked
    if action == "write":
        assert stored(db, table, name) == principal.encode()


def refused(call: Callable[[], object]) -> bool:
    try:
        call()
    except cfacl.AccessDenied as denial:
        return denial.reason == "not_granted"
    return False


@pytest.mark.slow
@pytest.mark.refusal(1)
@pytest.mark.parametrize("principal", sorted(POLICY.principals))
def test_every_blank_cell_is_refused_for_every_purpose(db: cfacl.Database, principal: str) -> None:
    given = {(table, family, action) for who, table, family, action in PLAIN if who == principal}
    leaks = []
    for purpose in PURPOSES:
        with db.session(principal, purpose=purpose) as session:
            for name, family in CELLS:
                table = session.table(name)
                whole = family.encode()
                cell = column(name, family)
                attempts: dict[str, list[Callable[[], object]]] = {
                    "read": [
                        lambda table=table, whole=whole: table.row(KEY, columns=[whole]),
                        lambda table=table, cell=cell: table.row(KEY, columns=[cell]),
                        lambda table=table, cell=cell: table.rows([KEY, b"x"], columns=[cell]),
                        lambda table=table, cell=cell: table.cells(KEY, cell),
                        lambda table=table, whole=whole: table.scan(columns=[whole]),
                        lambda table=table, whole=whole: table.scan(row_prefix=b"3", columns=[whole]),
                        lambda table=table, cell=cell: table.counter_get(KEY, cell),
                        lambda table=table, cell=cell: table.scan(filter=filters.column(cell) == b"x"),
                    ],
                    "write": [lambda table=table, cell=cell: table.put(KEY, {cell: b"after"})],
                    "delete": [
                        lambda table=table, cell=cell: table.delete(KEY, columns=[cell]),
                        lambda table=table: table.delete(KEY),
                        lambda table=table, cell=cell: table.delete_where(filters.row == KEY, [cell]),
                    ],
                }
                for action, calls in attempts.items():
                    if (name, family, action) not in given:
                        leaks += [
                            (purpose, name, family, action, i) for i, call in enumerate(calls) if not refused(call)
                        ]
    assert not leaks


@pytest.mark.refusal(1)
@pytest.mark.parametrize("principal", sorted(POLICY.principals))
def test_reads_without_columns_return_nothing_of_a_blank_cell(db: cfacl.Database, principal: str) -> None:
    readable = {(table, family) for who, table, family, action in PLAIN if who == principal and action == "read"}
    for purpose in PURPOSES:
        with db.session(principal, purpose=purpose) as session:
            for name, table in POLICY.catalog.tables.items():
                hidden = {family for family in table.families if (name, family) not in readable}
                try:
                    row = session.table(name).row(KEY)
                    rows = [row, *(each for _, each in session.table(name).rows([KEY]))]
                    rows += [each for _, each in session.table(name).scan()]
                    rows += [each for _, each in session.table(name).scan(row_prefix=KEY)]
                except cfacl.AccessDenied:
                    assert not session.families("read", name)
                    continue
                for each in rows:
                    assert hidden <= each.withheld
                    assert {cell.partition(b":")[0].decode() for cell in each} == table.families.keys() - each.withheld


@pytest.mark.refusal(1)
def test_nobody_may_delete_or_administer_anything(db: cfacl.Database) -> None:
    for principal in POLICY.principals:
        for purpose in PURPOSES:
            with db.session(principal, purpose=purpose) as session:
                for table in POLICY.catalog.tables:
                    assert session.families("delete", table) == frozenset()
                    assert session.families("admin", table) == frozenset()


def test_who_and_what_say_the_same_as_the_matrix(db: cfacl.Database) -> None:
    by_what = {
        (principal, each.table, each.family, each.action)
        for principal in POLICY.principals
        for each in db.what(principal)
    }
    by_who = {
        (holder.principal, table, family, action)
        for table, family in CELLS
        for action in ACTIONS
        for holder in db.who(action, table, family)
    }
    assert by_what == by_who == set(PLAIN)


def test_the_right_that_ends_after_ninety_days_does() -> None:
    held = next(each for each in POLICY.principals["cleo"].assignments if each.role == "crash-dumps").window
    assert held.start is not None
    assert held.until is not None
    assert (held.until - held.start).days == 90
    with cfacl.connect("memory://", policy=POLICY, clock=lambda: NOW) as db:
        for moment, holds in ((held.start, True), (held.until, False)):
            who = db.who("read", "crash", "dump", at=moment)
            assert [each.principal for each in who] == ["cleo"] * holds
