"""Events as records of `logging`."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from typing import Any

import pytest

import cfacl
from cfacl.audit.log import Log
from cfacl.unchecked import unguarded_store


def fields(record: logging.LogRecord) -> dict[str, Any]:
    return {name.removeprefix("cfacl_"): value for name, value in vars(record).items() if name.startswith("cfacl_")}


def test_a_denial_is_a_warning_that_says_who_was_refused_what(
    shop: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    denied = shop(Log()).refused()
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("cfacl.audit", logging.WARNING)
    assert record.getMessage() == (
        f"`maya` may not `read` `account:id` for `support` (row), not_granted, decision {denied.decision}"
    )
    assert fields(record) == {
        "request": "row",
        "allowed": False,
        "principal": "maya",
        "purpose": "support",
        "table": "account",
        "actions": ["read"],
        "families": ["read:id"],
        "withheld": [],
        "epoch": denied.epoch,
        "reason": "not_granted",
        "decision": denied.decision,
    }


def test_what_is_allowed_is_for_debugging(shop: Callable[..., Any], caplog: pytest.LogCaptureFixture) -> None:
    log = Log()
    serving = shop(log)
    serving.read()
    assert caplog.records == []
    with caplog.at_level(logging.DEBUG, "cfacl.audit"):
        serving.read()
    (record,) = caplog.records
    assert record.levelno == logging.DEBUG
    assert record.getMessage() == "`maya` may `read` `account:prof` for `support` (row)"
    assert (fields(record)["families"], fields(record)["withheld"]) == (["read:prof"], ["id"])
    assert log.failures == 0


def test_a_denial_that_is_of_no_table_says_who_and_what_for(
    shop: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    serving = shop(Log())
    with pytest.raises(cfacl.AccessDenied) as denied:
        serving.account("no\nbody")
    (record,) = caplog.records
    assert record.getMessage() == (
        "`no\\u000abody` was refused for `support` (session), unknown_principal, decision " + denied.value.decision
    )
    assert not {"table"} & fields(record).keys()
    assert (fields(record)["actions"], fields(record)["families"]) == ([], [])


def test_one_that_is_of_a_table_and_of_no_action_says_the_same(
    denial: Callable[..., cfacl.Event], caplog: pytest.LogCaptureFixture
) -> None:
    Log()(denial(request="batch", access={}, reason="removed_principal"))
    (record,) = caplog.records
    assert record.getMessage() == "`maya` was refused for `support` (batch), removed_principal, decision 00ff"
    assert fields(record)["table"] == "account"


@pytest.mark.parametrize(
    ("access", "text"),
    [
        ({"read": {"prof", "id"}}, "`read` `account:id`, `account:prof`"),
        ({"write": {"prof"}, "read": {"id"}}, "`read` `account:id` and `write` `account:prof`"),
        ({"read": set()}, "`read` on table `account`"),
    ],
    ids=["families", "actions", "none"],
)
def test_a_line_names_what_a_reader_looks_for(
    denial: Callable[..., cfacl.Event], caplog: pytest.LogCaptureFixture, access: Any, text: str
) -> None:
    """Who reads it without the record's fields is not to take a family for the table."""
    Log()(denial(access=access))
    (record,) = caplog.records
    assert record.getMessage() == f"`maya` may not {text} for `support` (row), not_granted, decision 00ff"


def test_a_way_around_the_guard_is_told_without_the_operators_words(
    shop: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    db = shop(Log()).db
    caplog.clear()
    unguarded_store(db, operator="ops", reason="canary-u17 asked for it")
    (record,) = [each for each in caplog.records if each.name == "cfacl.audit"]
    assert (record.levelno, record.getMessage()) == (logging.WARNING, "`ops` goes around the guard (unguarded_store)")
    assert "canary" not in str(vars(record))
    assert not {"purpose", "table"} & fields(record).keys()


@pytest.mark.parametrize(
    ("said", "level"),
    [
        ({"reason": "failed"}, logging.ERROR),
        ({"reason": "removed_principal"}, logging.WARNING),
        ({"allowed": True, "reason": None, "decision": None, "request": "unguarded_store"}, logging.WARNING),
        ({"allowed": True, "reason": None, "decision": None}, logging.DEBUG),
    ],
    ids=["failed", "removed", "around the guard", "allowed"],
)
def test_levels_are_by_what_somebody_has_to_look_at(
    denial: Callable[..., cfacl.Event], caplog: pytest.LogCaptureFixture, said: dict[str, Any], level: int
) -> None:
    with caplog.at_level(logging.DEBUG, "cfacl.audit"):
        Log()(denial(**said))
    assert [each.levelno for each in caplog.records] == [level]


def test_another_logger_can_be_given(denial: Callable[..., cfacl.Event], caplog: pytest.LogCaptureFixture) -> None:
    Log(logging.getLogger("shop.access"))(denial())
    assert [each.name for each in caplog.records] == ["shop.access"]


def test_it_holds_no_key_and_no_value(shop: Callable[..., Any], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "cfacl.audit"):
        serving = shop(Log())
        serving.read()
        serving.refused()
        serving.removed()
    assert len(caplog.records) == 4
    assert "canary" not in "".join(f"{each.getMessage()} {vars(each)}" for each in caplog.records)


def test_a_line_is_one_line(denial: Callable[..., cfacl.Event]) -> None:
    logger = logging.Logger("alone")  # noqa: LOG001  # one that no other test finds
    out = io.StringIO()
    logger.addHandler(logging.StreamHandler(out))
    Log(logger)(denial(principal="eve\n`root`", purpose="%s %d"))
    assert out.getvalue().count("\n") == 1
    assert "%s %d" in out.getvalue()


def test_a_filter_that_breaks_stops_no_request(shop: Callable[..., Any]) -> None:
    def fail(record: logging.LogRecord) -> bool:
        raise ValueError

    logger = logging.Logger("alone")  # noqa: LOG001  # one that no other test finds
    logger.addFilter(fail)
    log = Log(logger)
    shop(log).refused()
    assert log.failures == 2  # the row that the service put is told too
