"""Whether an answer depends on what is hidden: what a service asks, and a service that is careless."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

import cfacl
from cfacl.testing import AsPrincipal, Clock, assert_tells_nothing_of, memory_database
from cfacl.testing.memory import memory_of

POLICY: Final = """
policy = { name = "shop", purposes = ["service", "support"] }
[tables.account.families]
id = { level = "sensitive", purposes = ["service"] }
auth = { level = "sealed", purposes = ["service"], versions = 3 }
prof = { level = "personal", purposes = ["service", "support"], versions = 3 }
log = { level = "internal", purposes = ["service", "support"] }
[tables.other.families]
id = { level = "sensitive", purposes = ["service"] }
[roles.app]
clearance = "sealed"
grants = [
    { table = "account", at_or_below = "sealed", actions = ["read", "write", "delete"], purposes = ["service"], why = "t" },
    { table = "other", at_or_below = "sealed", actions = ["read", "write"], purposes = ["service"], why = "t" },
]
[roles.support]
clearance = "personal"
grants = [{ table = "account", families = ["prof", "log"], actions = ["read", "write"], purposes = ["support"], why = "t" }]
[principals]
app = { kind = "service", roles = ["app"] }
maya = { kind = "employee", roles = ["support"] }
"""
KEYS: Final = [b"canary-1", b"canary-2"]


@pytest.fixture(scope="module")
def cfacl_policy() -> cfacl.Policy:
    return cfacl.Policy.loads(POLICY)


@pytest.fixture
def app(as_principal: AsPrincipal) -> cfacl.Table:
    made = as_principal("app", purpose="service", table="account")
    for key in KEYS:
        made.put(key, {b"id:email": b"canary", b"auth:hash": b"canary", b"prof:country": b"SG", b"log:at": b"1"})
        made.counter_set(key, b"log:visits", 3)
    made.put(b"canary-3", {b"prof:country": b"FR"})
    made.put(b"canary-4", {b"id:email": b"canary"})
    return made


@pytest.fixture
def maya(app: cfacl.Table, as_principal: AsPrincipal) -> cfacl.Table:
    return as_principal("maya", purpose="support", table="account")


Use = Callable[[cfacl.Table], object]

#: What a service asks, of what is granted.
ASKED: Final[dict[str, Use]] = {
    "row": lambda table: table.row(KEYS[0]),
    "row, columns": lambda table: table.row(KEYS[0], columns=[b"prof:country"]),
    "rows": lambda table: table.rows([*KEYS, b"canary-4", b"none"]),
    "scan": lambda table: table.scan(),
    "scan, columns": lambda table: table.scan(columns=[b"prof"]),
    "scan, a prefix": lambda table: table.scan(row_prefix=b"canary"),
    "scan, a limit": lambda table: table.scan(limit=2, reverse=True),
    "scan, a filter": lambda table: table.scan(filter="ColumnValueFilter('prof', 'country', =, 'binary:SG')"),
    "versions": lambda table: table.cells(KEYS[0], b"prof:country", include_timestamp=True),
    "a counter": lambda table: table.counter_get(KEYS[0], b"log:visits"),
    "a counter that is added to": lambda table: table.counter_inc(KEYS[0], b"log:visits"),
    "how many": lambda table: sum(1 for _ in table.scan()),
    "of what is not there, and of what is": lambda table: [table.row(b"none"), table.row(KEYS[0])],
}


@pytest.mark.parametrize("asked", ASKED)
def test_what_is_granted_tells_nothing_of_the_rest(cfacl_db: cfacl.Database, maya: cfacl.Table, asked: str) -> None:
    assert_tells_nothing_of("id", "auth", db=cfacl_db, table="account", ask=lambda: ASKED[asked](maya))


def fails(use: Callable[[], object]) -> str:
    """What a failing assertion says; never a key, a column or a value."""
    with pytest.raises(AssertionError) as failed:
        use()
    said = str(failed.value)
    assert "canary" not in said
    assert "\n" not in said
    return said


#: A service that looks at what the caller may not see, by a session of its own; and where it shows first.
CARELESS: Final[dict[str, tuple[Use, str]]] = {
    "a value": (
        lambda table: table.row(KEYS[0], columns=[b"id:email"])[b"id:email"],
        "where `id` holds other values, the answer is another",
    ),
    "how long it is": (
        lambda table: len(table.row(KEYS[0], columns=[b"id:email"])[b"id:email"]),
        "where `id` holds other values, the answer is another",
    ),
    "whether it is there": (
        lambda table: [bool(table.row(KEYS[0], columns=[b"id"]))],
        "where `id` holds nothing, the answer is another",
    ),
    "how many have it": (
        lambda table: sum(1 for _ in table.scan(columns=[b"auth"])),
        "where `auth` holds nothing, the answer is another",
    ),
    "who has none": (
        lambda table: [bool(table.row(b"canary-3", columns=[b"auth"]))],
        "where `auth` holds more, the answer is another",
    ),
    "a row of which nothing else is there": (
        lambda table: [key for key, _ in table.scan()],
        "where `id` holds nothing, the answer is another",
    ),
    "a row that is not there": (
        lambda table: [bool(table.row(KEYS[0] + b"\0"))],
        "where `id` holds more, the answer is another",
    ),
    "that it stumbles": (
        lambda table: table.row(KEYS[0])[b"id:email"].decode("ascii")[:0] + "fine",
        "where `id` holds other values, there is no answer but UnicodeDecodeError",
    ),
    "either of two": (
        lambda table: [bool(table.row(KEYS[0], columns=[b"id", b"auth"]))],
        "where all of them hold nothing, the answer is another",
    ),
    "an older version": (
        lambda table: table.cells(KEYS[0], b"auth:hash")[-1],
        "where `auth` holds other values, the answer is another",
    ),
}


@pytest.mark.parametrize("name", CARELESS)
def test_a_careless_service_is_found(cfacl_db: cfacl.Database, app: cfacl.Table, name: str) -> None:
    use, said = CARELESS[name]
    found = fails(lambda: assert_tells_nothing_of("id", "auth", db=cfacl_db, table="account", ask=lambda: use(app)))
    assert found == said


def test_afterwards_all_is_as_it_was(cfacl_db: cfacl.Database, app: cfacl.Table, maya: cfacl.Table) -> None:
    before = list(app.scan(include_timestamp=True))
    stats = cfacl_db.stats()["values"]
    assert_tells_nothing_of("id", db=cfacl_db, table="account", ask=lambda: maya.counter_inc(KEYS[0], b"log:visits", 5))
    fails(lambda: assert_tells_nothing_of("id", db=cfacl_db, table="account", ask=lambda: app.row(KEYS[0])))
    assert list(app.scan(include_timestamp=True)) == before
    assert cfacl_db.stats()["values"] == stats
    app.put(KEYS[0], {b"id:email": b"later"})
    assert app.row(KEYS[0])[b"id:email"] == b"later"


def test_a_family_that_is_dropped_is_told_apart_from_the_one_of_that_name(
    cfacl_db: cfacl.Database, app: cfacl.Table, maya: cfacl.Table
) -> None:
    cfacl_db.drop_table("account")
    cfacl_db.create_tables()
    app.put(KEYS[0], {b"id:email": b"canary", b"prof:country": b"SG"})
    assert_tells_nothing_of("id", db=cfacl_db, table="account", ask=lambda: maya.row(KEYS[0]))


@pytest.mark.parametrize("empty", [{}, [], None, "", ()], ids=repr)
def test_an_empty_answer_shows_nothing(cfacl_db: cfacl.Database, app: cfacl.Table, empty: object) -> None:
    assert fails(lambda: assert_tells_nothing_of("id", db=cfacl_db, table="account", ask=lambda: empty)).startswith(
        "the answer is empty, which shows nothing"
    )


def test_a_family_without_cells_shows_nothing(cfacl_db: cfacl.Database, app: cfacl.Table) -> None:
    assert fails(lambda: assert_tells_nothing_of("id", db=cfacl_db, table="other", ask=lambda: 1)) == (
        "nothing is in `id` now, which so shows nothing; write cells into it first"
    )


def test_what_it_raises_the_first_time_is_raised(cfacl_db: cfacl.Database, maya: cfacl.Table) -> None:
    with pytest.raises(cfacl.AccessDenied):
        assert_tells_nothing_of(
            "id", db=cfacl_db, table="account", ask=lambda: maya.row(KEYS[0], columns=[b"id:email"])
        )


def test_an_answer_that_is_another_each_time_is_told_as_that(cfacl_db: cfacl.Database, app: cfacl.Table) -> None:
    with pytest.raises(TypeError, match="`ask` answers otherwise each time"):
        assert_tells_nothing_of("id", db=cfacl_db, table="account", ask=object)


async def later() -> int:
    return 1


def test_a_coroutine_is_no_answer(cfacl_db: cfacl.Database, app: cfacl.Table) -> None:
    with pytest.raises(TypeError, match="what nobody awaits"):
        assert_tells_nothing_of("id", db=cfacl_db, table="account", ask=later)


@pytest.mark.parametrize(
    ("table", "families", "error"),
    [
        ("acount", ["id"], cfacl.UnknownTable),
        ("account", ["idd"], cfacl.UnknownFamily),
        ("account", [], cfacl.RequestError),
    ],
    ids=["table", "family", "none"],
)
def test_names_are_looked_at(
    cfacl_db: cfacl.Database, app: cfacl.Table, table: str, families: list[str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        assert_tells_nothing_of(*families, db=cfacl_db, table=table, ask=lambda: 1)


def test_another_database_has_no_twin(cfacl_policy: cfacl.Policy) -> None:
    with cfacl.connect("memory://", policy=cfacl_policy) as db, pytest.raises(TypeError, match="`memory_database`"):
        assert_tells_nothing_of("id", db=db, table="account", ask=lambda: 1)


def test_of_two_databases_the_right_one_is_changed(cfacl_db: cfacl.Database, app: cfacl.Table, maya: Any) -> None:
    with memory_database(cfacl_db.policy, Clock()) as other:
        assert memory_of(other) is not memory_of(cfacl_db)
        assert_tells_nothing_of("id", db=cfacl_db, table="account", ask=lambda: maya.row(KEYS[0]))
        with pytest.raises(AssertionError, match="nothing is in `id`"):
            assert_tells_nothing_of("id", db=other, table="account", ask=lambda: maya.row(KEYS[0]))
