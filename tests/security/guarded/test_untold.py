"""Where nobody is told, a request like the last one goes by that one's plan: for as long as it stands, and no longer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

import cfacl

#: What goes by the last plan.
REQUESTS: Final[dict[str, Callable[[cfacl.Table], Any]]] = {
    "row": lambda t: t.row(b"r1"),
    "rows": lambda t: t.rows([b"r1", b"r2"]),
    "put": lambda t: t.put(b"r1", {b"a:q": b"x", b"a:r": b"y"}),
    "delete": lambda t: t.delete(b"r1", [b"a"]),
    "counter_set": lambda t: t.counter_set(b"r1", b"a:n", 1),
}
each_request = pytest.mark.parametrize("name", REQUESTS)


@pytest.fixture
def quiet(world: Any) -> Any:
    """A world without a hook, in which the only grant reads the clock."""
    world.hooked = False
    world.grants("reader")[0] |= {"families": ["a"], "until": world.at(60)}
    world.fill(b"r1", b"r2")
    return world


def warmed(world: Any, name: str) -> Callable[[], Any]:
    """Return a request that was made before, and is asked of the store once each time."""
    table = world.table()
    for _ in range(2):
        REQUESTS[name](table)
        assert len(world.calls()) == 1
    return lambda: REQUESTS[name](table)


@each_request
@pytest.mark.rule("5a", "9a")
def test_it_is_denied_once_the_grant_is_taken_away(quiet: Any, name: str) -> None:
    request = warmed(quiet, name)
    quiet.revoking()()
    with pytest.raises(cfacl.AccessDenied):
        request()
    assert quiet.calls() == []


@each_request
@pytest.mark.rule("8a", "8c")
def test_it_is_denied_once_the_grant_has_ended_and_stays_so_when_the_clock_goes_back(quiet: Any, name: str) -> None:
    request = warmed(quiet, name)
    for seconds in (60, 0):
        quiet.wait(seconds)
        with pytest.raises(cfacl.AccessDenied):
            request()
    assert quiet.calls() == []


@each_request
@pytest.mark.rule("7a")
def test_it_is_denied_where_the_clock_fails(quiet: Any, name: str) -> None:
    request = warmed(quiet, name)
    quiet.now = "noon"
    with pytest.raises(cfacl.AccessDenied) as denied:
        request()
    assert denied.value.reason == "failed"
    assert quiet.calls() == []


@each_request
@pytest.mark.rule("9b")
@pytest.mark.parametrize("close", ["session", "database"])
def test_it_is_refused_once_its_session_or_database_is_closed(quiet: Any, name: str, close: str) -> None:
    session = quiet.session()
    table = session.table("t")
    REQUESTS[name](table)
    quiet.calls()
    (session if close == "session" else quiet.db).close()
    with pytest.raises(cfacl.Closed):
        REQUESTS[name](table)
    assert quiet.calls() == []


@each_request
@pytest.mark.rule("1d")
def test_it_is_denied_once_its_principal_was_removed_even_if_it_is_there_again(quiet: Any, name: str) -> None:
    request = warmed(quiet, name)
    ann = quiet.document["principals"].pop("ann")
    quiet.replace()
    quiet.document["principals"]["ann"] = ann
    quiet.replace()
    with pytest.raises(cfacl.AccessDenied) as denied:
        request()
    assert denied.value.reason == "removed_principal"
    assert quiet.calls() == []


@pytest.mark.rule("4a", "4b")
def test_another_request_goes_by_a_plan_of_its_own(quiet: Any) -> None:
    table = quiet.table()
    assert table.row(b"r1") == {b"a:q": b"a"}
    table.put(b"r1", {b"a:q": b"x"})
    quiet.calls()
    for request in (
        lambda: table.row(b"r1", strict=True),
        lambda: table.row(b"r1", columns=[b"b"]),
        lambda: table.put(b"r1", {b"b:q": b"x"}),
        lambda: table.put(b"r1", {b"a:q": b"x", b"b:q": b"x"}),
        lambda: table.delete(b"r1", [b"b"]),
        lambda: table.delete(b"r1"),
    ):
        with pytest.raises(cfacl.AccessDenied):
            request()
    assert quiet.calls() == []
    assert table.row(b"r1").withheld == {"b", "c", "d"}


@pytest.mark.rule("1c", "9a")
def test_a_column_that_is_declared_no_more_is_not_written(quiet: Any) -> None:
    request = warmed(quiet, "put")
    quiet.families["a"]["columns"] = ["q"]
    quiet.replace()
    with pytest.raises(cfacl.UnknownColumn):
        request()
    assert quiet.calls() == []


@pytest.mark.rule("9a", "9c")
def test_a_read_is_made_again_where_its_plan_fell_while_the_store_answered(quiet: Any) -> None:
    request = warmed(quiet, "row")
    quiet.during("get", quiet.granting("b"))
    assert request() == {b"b:q": b"b"}
    assert request() == {b"b:q": b"b"}
    assert [call.families for call in quiet.data()] == [("a",), ("b",), ("b",)]
