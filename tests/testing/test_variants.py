"""What `assert_tells_nothing_of` tries: each leak shows at one of its variants, and no test passes that shows nothing."""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

import pytest

import cfacl
from cfacl.testing import AsPrincipal, Clock, assert_tells_nothing_of

POLICY: Final = """
policy = { name = "shop", purposes = ["service", "support"] }
[tables.account.families]
id = { level = "sensitive", purposes = ["service"], columns = ["email", "phone", "blocked"], time_to_live = "30d" }
auth = { level = "sealed", purposes = ["service"], versions = 2 }
prof = { level = "personal", purposes = ["service", "support"] }
[tables.order.families]
item = { level = "internal", purposes = ["service", "support"] }
[roles.app]
clearance = "sealed"
grants = [
    { table = "account", at_or_below = "sealed", actions = ["read", "write"], purposes = ["service"], why = "t" },
    { table = "order", at_or_below = "sealed", actions = ["read", "write"], purposes = ["service"], why = "t" },
]
[roles.support]
clearance = "personal"
grants = [{ table = "account", families = ["prof"], actions = ["read"], purposes = ["support"], why = "t" }]
[principals]
app = { kind = "service", roles = ["app"] }
maya = { kind = "employee", roles = ["support"] }
"""
ADA: Final = b"canary-1"
BO: Final = b"canary-2"
KEYS: Final = [ADA, BO]
Use = Callable[[cfacl.Table], object]


@pytest.fixture(scope="module")
def cfacl_policy() -> cfacl.Policy:
    return cfacl.Policy.loads(POLICY)


@pytest.fixture
def app(as_principal: AsPrincipal) -> cfacl.Table:
    made = as_principal("app", purpose="service", table="account")
    made.put(ADA, {b"prof:country": b"SG", b"id:email": b"ada@canary", b"id:blocked": b"no", b"auth:hash": b"canary"})
    made.put(BO, {b"prof:country": b"FR", b"id:email": b"b@canary", b"id:blocked": b"yes", b"auth:hash": b"canary"})
    for key in KEYS:
        made.counter_set(key, b"auth:tries", 3)
    return made


@pytest.fixture
def maya(app: cfacl.Table, as_principal: AsPrincipal) -> cfacl.Table:
    return as_principal("maya", purpose="support", table="account")


def found(db: cfacl.Database, use: Callable[[], object], family: str = "id") -> str:
    """What a failing assertion says; never a key, a column or a value."""
    with pytest.raises(AssertionError) as failed:
        assert_tells_nothing_of(family, db=db, table="account", ask=use)
    said = str(failed.value)
    assert "canary" not in said
    assert "\n" not in said
    return said


# ------------------------------------------------------------------------------------------------- what a service leaks


def many_tries(table: cfacl.Table) -> object:
    with suppress(cfacl.CfaclError):
        return ["locked" if table.counter_get(ADA, b"auth:tries") > 1000 else "open"]
    return ["open"]


def number(table: cfacl.Table) -> object:
    with suppress(KeyError, ValueError):
        return {"n": int(table.row(ADA)[b"id:blocked"])}
    return {"n": None}


def stamps(table: cfacl.Table, key: bytes) -> list[int]:
    return [timestamp for _, timestamp in table.row(key, include_timestamp=True).values()]


def whole_page(table: cfacl.Table) -> object:
    """The same list each time, filled anew."""
    PAGE[:] = table.row(ADA).items()
    return PAGE


PAGE: Final[list[Any]] = []
#: What a service tells, of which family, and how that family is changed when it first shows.
LEAKS: Final[dict[str, tuple[Use, str, str]]] = {
    "an object filled anew": (whole_page, "id", "other values"),
    "whether a counter is high": (many_tries, "auth", "other values of the same length"),
    "whether a column is there that is declared": (lambda table: [b"id:phone" in table.row(ADA)], "id", "more"),
    "whether there is one column more": (
        lambda table: [len(table.row(ADA, columns=[b"auth"])) > 2],
        "auth",
        "more",
    ),
    "a flag that is set in another row": (
        lambda table: "frozen" if table.row(ADA).get(b"id:blocked") == b"yes" else "active",
        "id",
        "values of other rows",
    ),
    "who has the longer one": (
        lambda table: sorted(KEYS, key=lambda key: -len(table.row(key).get(b"id:email", b""))),
        "id",
        "values of other rows",
    ),
    "whether two are one": (
        lambda table: len({table.row(key).get(b"id:email", key) for key in KEYS}),
        "id",
        "one value everywhere",
    ),
    "whether two are not one": (
        lambda table: len({table.row(key).get(b"auth:hash") for key in KEYS}),
        "auth",
        "longer values from row to row",
    ),
    "a number, where it is one": (number, "id", "longer values from row to row"),
    "who has the longer one of two that are as long": (
        lambda table: sorted(KEYS, key=lambda key: -len(table.row(key).get(b"auth:hash", b""))),
        "auth",
        "longer values from row to row",
    ),
    "who has the shorter one of two that are as long": (
        lambda table: sorted(KEYS, key=lambda key: len(table.row(key).get(b"auth:hash", b""))),
        "auth",
        "shorter values from row to row",
    ),
    "when a row was last changed": (lambda table: [max(stamps(table, ADA))], "id", "later timestamps"),
    "when a row was first changed": (lambda table: [min(stamps(table, ADA))], "id", "earlier timestamps"),
    "who was changed last": (
        lambda table: sorted(KEYS, key=lambda key: -max(stamps(table, key))),
        "auth",
        "later timestamps",
    ),
    "that it was changed before": (
        lambda table: [len(table.cells(key, b"auth:hash")) > 1 for key in KEYS],
        "auth",
        "more versions",
    ),
}


@pytest.mark.parametrize("name", LEAKS)
def test_a_leak_is_found(cfacl_db: cfacl.Database, app: cfacl.Table, name: str) -> None:
    use, family, how = LEAKS[name]
    assert found(cfacl_db, lambda: use(app), family) == f"where `{family}` holds {how}, the answer is another"


def domain(table: cfacl.Table) -> object:
    return [len(table.row(ADA, columns=[b"prof"])), table.row(ADA).get(b"id:email", b"").endswith(b"@shop.example")]


def test_what_shows_at_a_value_is_found_where_a_row_has_it(cfacl_db: cfacl.Database, app: cfacl.Table) -> None:
    """And not elsewhere: nobody can guess the value."""
    assert_tells_nothing_of("id", db=cfacl_db, table="account", ask=lambda: domain(app))
    app.put(BO, {b"id:email": b"bo@shop.example"})
    assert found(cfacl_db, lambda: domain(app)) == "where `id` holds values of other rows, the answer is another"


def test_timestamps_stay_within_what_there_is(cfacl_db: cfacl.Database, app: cfacl.Table, maya: cfacl.Table) -> None:
    app.put(ADA, {b"auth:hash": b"canary"}, timestamp=0)
    least: list[int] = []
    seen = lambda: least.extend(stamps(app, ADA)) or maya.row(ADA)  # noqa: E731  # what is asked, and what it saw
    assert_tells_nothing_of("auth", db=cfacl_db, table="account", ask=seen)
    assert min(least) == 0
    assert max(least) < 1 << 63


# --------------------------------------------------------------------------------------------------- what shows nothing

SAME: Final = (
    "the answer is the same whatever else the store holds, which shows nothing: ask as somebody who is let in, for what is"
    " there, and keep no answers; where it has to be the same, return one beside it that is not"
)


class Equal:
    """A page that is equal to any other."""

    def __init__(self, row: object) -> None:
        self.row = row

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Equal)

    __hash__ = None  # type: ignore[assignment]  # it can be changed


def refused(table: cfacl.Table) -> object:
    try:
        return table.row(ADA, columns=[b"id:email"])
    except cfacl.AccessDenied:
        return {"detail": "forbidden"}


#: What passes whatever a service does with what is hidden.
VACUOUS: Final[dict[str, Use]] = {
    "a constant": lambda _: 1,
    "nothing, and more of it": lambda _: (None, [], 0),
    "a mistyped key": lambda table: [table.row(b"none"), "no such account"],
    "a refusal": refused,
    "a page equal to all": lambda table: Equal(table.row(ADA)),
}


@pytest.mark.parametrize("name", VACUOUS)
def test_what_depends_on_nothing_shows_nothing(cfacl_db: cfacl.Database, maya: cfacl.Table, name: str) -> None:
    assert found(cfacl_db, lambda: VACUOUS[name](maya)) == SAME


def test_an_answer_that_is_kept_shows_nothing(cfacl_db: cfacl.Database, app: cfacl.Table) -> None:
    assert found(cfacl_db, functools.cache(lambda: tuple(app.row(ADA).items()))) == SAME


def test_what_is_the_same_by_design_is_asked_beside_what_is_not(
    cfacl_db: cfacl.Database, app: cfacl.Table, maya: cfacl.Table
) -> None:
    assert_tells_nothing_of("id", db=cfacl_db, table="account", ask=lambda: ("wrong password", maya.row(ADA)))
    said = found(cfacl_db, lambda: ("wrong password" if b"id:email" in app.row(ADA) else "nobody", maya.row(ADA)))
    assert said == "where `id` holds nothing, the answer is another"


def test_what_it_depends_on_may_be_in_another_table(
    cfacl_db: cfacl.Database, app: cfacl.Table, as_principal: AsPrincipal
) -> None:
    order = as_principal("app", purpose="service", table="order")
    order.put(b"1", {b"item:name": b"pen"})
    assert_tells_nothing_of("id", "auth", "prof", db=cfacl_db, table="account", ask=lambda: order.row(b"1"))


def test_a_service_that_stumbles_without_the_rest_depends_on_it(
    cfacl_db: cfacl.Database, app: cfacl.Table, maya: cfacl.Table
) -> None:
    def country() -> str:
        return maya.row(ADA)[b"prof:country"].decode("ascii")[:0] + "is known"

    assert_tells_nothing_of("id", db=cfacl_db, table="account", ask=country)


def test_what_is_over_shows_nothing(cfacl_db: cfacl.Database, cfacl_clock: Clock, app: cfacl.Table) -> None:
    cfacl_clock.turn(timedelta(days=29))
    app.put(BO, {b"id:email": b"canary"})
    values = cfacl_db.stats()["values"]
    assert found(cfacl_db, lambda: app.row(BO)) == "where `id` holds other values, the answer is another"
    cfacl_clock.turn(timedelta(days=2))
    assert found(cfacl_db, lambda: [b"id:phone" in app.row(ADA)]) == "where `id` holds more, the answer is another"
    cfacl_clock.turn(timedelta(days=29))
    assert found(cfacl_db, lambda: app.row(BO)) == (
        "nothing is in `id` now, which so shows nothing; write cells into it first"
    )
    assert cfacl_db.stats()["values"] == values  # what is over is there as before


@pytest.mark.parametrize(
    "use",
    [lambda table: table.row(ADA).items(), lambda table: {"rows": (each for each in table.scan())}],
    ids=["a view", "a generator within"],
)
def test_what_cannot_be_copied_is_told_as_that(cfacl_db: cfacl.Database, maya: cfacl.Table, use: Use) -> None:
    with pytest.raises(TypeError, match="`ask` returns what cannot be copied and compared, dict"):
        assert_tells_nothing_of("id", db=cfacl_db, table="account", ask=lambda: use(maya))


class Awaited:
    """What is awaited, and equal to any other."""

    def __await__(self) -> Any:
        return iter(())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Awaited)

    __hash__ = None  # type: ignore[assignment]  # it can be changed


@pytest.mark.parametrize("use", [Awaited, Future], ids=["awaited", "of a thread"])
def test_what_comes_later_is_no_answer(cfacl_db: cfacl.Database, app: cfacl.Table, use: Callable[[], object]) -> None:
    with pytest.raises(TypeError, match=r"nobody awaits|cannot be copied"):
        assert_tells_nothing_of("id", db=cfacl_db, table="account", ask=use)
