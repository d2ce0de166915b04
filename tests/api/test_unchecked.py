"""The one way around the guard needs a name and a reason, and is told before anything is handed out."""

from __future__ import annotations

import ast
import logging
from pathlib import Path

import pytest

import cfacl
from cfacl.unchecked import unguarded_store

CFACL = Path(cfacl.__file__).parent
POLICY = cfacl.Policy.loads('policy = { name = "p", purposes = [] }')


@pytest.mark.rule("12b")
def test_its_use_is_logged_and_told(caplog):
    told = []
    with cfacl.connect("memory://", policy=POLICY, on_event=told.append) as db, caplog.at_level(logging.WARNING):
        store = unguarded_store(db, operator="ops", reason="ticket 7")
        assert store.tables() == {}
        epoch = db.stats()["epoch"]
    (event,) = told
    assert (event.request, event.allowed, event.principal, event.why) == ("unguarded_store", True, "ops", "ticket 7")
    assert (event.purpose, event.table, event.access, event.withheld) == (None, None, {}, frozenset())
    assert event.epoch == epoch > 0
    assert caplog.messages == ["`ops` goes around the guard: `ticket 7`"]


@pytest.mark.rule("12b")
@pytest.mark.failure("store-acl-18")
def test_its_record_is_one_line_whatever_the_reason_says(caplog):
    with cfacl.connect("memory://", policy=POLICY) as db:
        unguarded_store(db, operator="eve`", reason="x\nWARNING ann goes around the guard: y")
    (message,) = caplog.messages
    assert message == "`eve\\u0060` goes around the guard: `x\\u000aWARNING ann goes around the guard: y`"


def test_it_needs_no_hook():
    with cfacl.connect("memory://", policy=POLICY) as db:
        assert unguarded_store(db, operator="ops", reason="repair").tables() == {}


@pytest.mark.rule("12b")
@pytest.mark.parametrize(("operator", "reason"), [("", "why"), ("ops", " "), ("ops", None)])
def test_without_a_name_or_a_reason_nothing_is_handed_out(operator, reason):
    with (
        cfacl.connect("memory://", policy=POLICY) as db,
        pytest.raises(cfacl.RequestError, match="going around the guard needs"),
    ):
        unguarded_store(db, operator=operator, reason=reason)


@pytest.mark.rule("12b")
def test_a_hook_that_raises_stops_it_and_so_does_a_closed_database():
    def refuse(event):
        raise LookupError(event.request)

    with cfacl.connect("memory://", policy=POLICY, on_event=refuse) as db, pytest.raises(LookupError):
        unguarded_store(db, operator="ops", reason="repair")
    with pytest.raises(cfacl.Closed):
        unguarded_store(db, operator="ops", reason="repair")


@pytest.mark.rule("12b")
def test_nothing_of_cfacl_imports_it():
    names = set()
    for path in CFACL.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Import(names=aliases):
                    names |= {alias.name for alias in aliases}
                case ast.ImportFrom(module=module, names=aliases):
                    names |= {f"{module}.{alias.name}" for alias in aliases}
    assert "cfacl.api.database.Database" in names
    assert not [name for name in names if name.startswith("cfacl.unchecked")]
