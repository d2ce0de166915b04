"""What makes no sense is refused before the store is asked: the error's type and its whole text, case by case."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Any, Final

import pytest

import cfacl

#: 2026-06-01T00:00:00Z, in milliseconds.
NOW: Final = 1_780_272_000_000
KEY: Final = b"canary-key"
VALUE: Final = b"canary-value"

T = cfacl.Table
S = cfacl.Session
D = cfacl.Database


@functools.cache
def huge() -> bytes:
    """A byte more than a value may have."""
    return bytes(256 * 1024 * 1024)


WHOLE: Final = 'write `b"family:qualifier"`'
ACTIONS: Final = "actions are `read`, `write`, `delete`, `admin`"
UNDECLARED: Final = (
    "family `log` of table `t` declares its columns, and one that was named is not among them;"
    " name a declared one or declare it in the policy"
)
TIME: Final = "a timestamp is an int of milliseconds since 1970, 0 or more"
AHEAD: Final = "a timestamp may lie at most 5 s ahead of the clock; leave it out for now"
COUNTER: Final = "a counter is an int of 64 bits, signed"
PREFIX: Final = "`row_prefix` can't be used with `row_start` or `row_stop`"

Case = tuple[Callable[[Any], object], type[cfacl.RequestError], str]

#: On a table.
TABLE: Final[dict[str, Case]] = {
    # row keys
    "an empty key": (lambda t: t.row(b""), cfacl.InvalidKey, "a row key is 1 to 32767 bytes, not 0"),
    "a long key": (lambda t: t.row(b"k" * 32_768), cfacl.InvalidKey, "a row key is 1 to 32767 bytes, not 32768"),
    "a key that is str": (lambda t: t.row("canary"), cfacl.InvalidKey, "a row key is bytes, not str; encode it"),
    "a key that is None": (lambda t: t.row(None), cfacl.InvalidKey, "a row key is bytes, not NoneType; encode it"),
    "a key that can change": (
        lambda t: t.row(bytearray(KEY)),
        cfacl.InvalidKey,
        "a row key is bytes, not bytearray; encode it",
    ),
    "put, an empty key": (
        lambda t: t.put(b"", {b"prof:q": VALUE}),
        cfacl.InvalidKey,
        "a row key is 1 to 32767 bytes, not 0",
    ),
    "delete, a key that is str": (
        lambda t: t.delete("canary"),
        cfacl.InvalidKey,
        "a row key is bytes, not str; encode it",
    ),
    "cells, a long key": (
        lambda t: t.cells(b"k" * 40_000, b"prof:q"),
        cfacl.InvalidKey,
        "a row key is 1 to 32767 bytes, not 40000",
    ),
    "counter, an empty key": (
        lambda t: t.counter_inc(b"", b"prof:n"),
        cfacl.InvalidKey,
        "a row key is 1 to 32767 bytes, not 0",
    ),
    "compare, a key that is str": (
        lambda t: t.compare_and_set("canary", b"prof:q", VALUE, {b"prof:q": VALUE}),
        cfacl.InvalidKey,
        "a row key is bytes, not str; encode it",
    ),
    "rows that are str": (lambda t: t.rows("ab"), cfacl.RequestError, "`rows` is a list of row keys, not str"),
    "rows that are bytes": (lambda t: t.rows(KEY), cfacl.RequestError, "`rows` is a list of row keys, not bytes"),
    "rows that are None": (lambda t: t.rows(None), cfacl.RequestError, "`rows` is a list of row keys, not NoneType"),
    "one row that is empty": (
        lambda t: t.rows([KEY, b""]),
        cfacl.InvalidKey,
        "a row key is 1 to 32767 bytes, not 0",
    ),
    # columns
    "no columns": (
        lambda t: t.row(KEY, columns=[]),
        cfacl.RequestError,
        "`columns` of table `t` is empty; leave it out or name at least one",
    ),
    "rows, no columns": (
        lambda t: t.rows([KEY], columns=()),
        cfacl.RequestError,
        "`columns` of table `t` is empty; leave it out or name at least one",
    ),
    "scan, no columns": (
        lambda t: t.scan(columns=iter([])),
        cfacl.RequestError,
        "`columns` of table `t` is empty; leave it out or name at least one",
    ),
    "delete, no columns": (
        lambda t: t.delete(KEY, []),
        cfacl.RequestError,
        "`columns` is empty; leave it out to delete the row",
    ),
    "columns that are str": (
        lambda t: t.row(KEY, columns="prof:q"),
        cfacl.RequestError,
        "`columns` is a list of column names, not str",
    ),
    "columns that are bytes": (
        lambda t: t.scan(columns=b"prof:q"),
        cfacl.RequestError,
        "`columns` is a list of column names, not bytes",
    ),
    "columns that are a number": (
        lambda t: t.delete(KEY, 7),
        cfacl.RequestError,
        "`columns` is a list of column names, not int",
    ),
    "a column that is str": (
        lambda t: t.row(KEY, columns=["prof:q"]),
        cfacl.InvalidValue,
        f"column names are bytes, not str; {WHOLE}",
    ),
    "a column that is None": (
        lambda t: t.row(KEY, columns=[b"prof", None]),
        cfacl.InvalidValue,
        f"column names are bytes, not NoneType; {WHOLE}",
    ),
    "a column that is a list": (
        lambda t: t.row(KEY, columns=[[b"prof"]]),
        cfacl.InvalidValue,
        f"column names are bytes, not list; {WHOLE}",
    ),
    "an unknown family": (
        lambda t: t.row(KEY, columns=[b"proof:q"]),
        cfacl.UnknownFamily,
        "unknown family `proof` of table `t`; did you mean `prof`?",
    ),
    "a family in capitals": (
        lambda t: t.scan(columns=[b"PROF"]),
        cfacl.UnknownFamily,
        "unknown family `PROF` of table `t`; the policy lists them",
    ),
    "a family that is no name": (
        lambda t: t.row(KEY, columns=[b"\xff\n`x`:q"]),
        cfacl.UnknownFamily,
        "unknown family `\\xff\\u000a\\u0060x\\u0060` of table `t`; the policy lists them",
    ),
    "a column without a family": (
        lambda t: t.row(KEY, columns=[b":q"]),
        cfacl.UnknownFamily,
        "unknown family `` of table `t`; the policy lists them",
    ),
    "a column that is not declared": (lambda t: t.row(KEY, columns=[b"log:q"]), cfacl.UnknownColumn, UNDECLARED),
    "delete, not declared": (lambda t: t.delete(KEY, [b"log:q"]), cfacl.UnknownColumn, UNDECLARED),
    "a long qualifier": (
        lambda t: t.row(KEY, columns=[b"prof:" + b"q" * 65_536]),
        cfacl.InvalidValue,
        "a qualifier of `prof` is 65536 bytes; at most 65535 are kept",
    ),
    "cells, a whole family": (
        lambda t: t.cells(KEY, b"prof"),
        cfacl.RequestError,
        f"a family is named where one column is meant; {WHOLE}",
    ),
    "cells, a column that is str": (
        lambda t: t.cells(KEY, "prof:q"),
        cfacl.InvalidValue,
        f"column names are bytes, not str; {WHOLE}",
    ),
    # what is put
    "put nothing": (lambda t: t.put(KEY, {}), cfacl.RequestError, "nothing to put; name at least one column"),
    "put None": (
        lambda t: t.put(KEY, None),
        cfacl.RequestError,
        "data is a dict of values by column name, not NoneType",
    ),
    "put a list": (
        lambda t: t.put(KEY, [(b"prof:q", VALUE)]),
        cfacl.RequestError,
        "data is a dict of values by column name, not list",
    ),
    "put, a column that is str": (
        lambda t: t.put(KEY, {"prof:q": VALUE}),
        cfacl.InvalidValue,
        f"column names are bytes, not str; {WHOLE}",
    ),
    "put, a whole family": (
        lambda t: t.put(KEY, {b"prof": VALUE}),
        cfacl.RequestError,
        f"a put names whole columns; {WHOLE}",
    ),
    "put, an unknown family": (
        lambda t: t.put(KEY, {b"prog:q": VALUE}),
        cfacl.UnknownFamily,
        "unknown family `prog` of table `t`; did you mean `prof`?",
    ),
    "put, not declared": (lambda t: t.put(KEY, {b"log:q": VALUE}), cfacl.UnknownColumn, UNDECLARED),
    "a value that is str": (
        lambda t: t.put(KEY, {b"prof:q": "canary"}),
        cfacl.InvalidValue,
        "a value is bytes, not str; encode it",
    ),
    "a value that is None": (
        lambda t: t.put(KEY, {b"prof:q": None}),
        cfacl.InvalidValue,
        "a value is bytes, not NoneType; encode it",
    ),
    "a value that is a number": (
        lambda t: t.put(KEY, {b"prof:q": 5}),
        cfacl.InvalidValue,
        "a value is bytes, not int; encode it",
    ),
    "a value of 256 MiB": (
        lambda t: t.put(KEY, {b"prof:q": huge()}),
        cfacl.InvalidValue,
        "a value of 268435456 bytes is too long; at most 268435455 are kept",
    ),
    "a value of 256 MiB in a batch": (
        lambda t: t.batch().put(KEY, {b"prof:q": huge()}),
        cfacl.InvalidValue,
        "a value of 268435456 bytes is too long; at most 268435455 are kept",
    ),
    "compare with 256 MiB": (
        lambda t: t.compare_and_set(KEY, b"prof:q", huge(), {b"prof:q": VALUE}),
        cfacl.InvalidValue,
        "a value of 268435456 bytes is too long; at most 268435455 are kept",
    ),
    # timestamps
    "a time before 1970": (lambda t: t.put(KEY, {b"prof:q": VALUE}, timestamp=-1), cfacl.InvalidValue, TIME),
    "a time that is True": (lambda t: t.put(KEY, {b"prof:q": VALUE}, timestamp=True), cfacl.InvalidValue, TIME),
    "a time that is float": (lambda t: t.put(KEY, {b"prof:q": VALUE}, timestamp=1.0), cfacl.InvalidValue, TIME),
    "6 s ahead": (lambda t: t.put(KEY, {b"prof:q": VALUE}, timestamp=NOW + 6_000), cfacl.InvalidValue, AHEAD),
    "5 s and 1 ms ahead": (lambda t: t.put(KEY, {b"prof:q": VALUE}, timestamp=NOW + 5_001), cfacl.InvalidValue, AHEAD),
    "far ahead": (lambda t: t.put(KEY, {b"prof:q": VALUE}, timestamp=1 << 70), cfacl.InvalidValue, AHEAD),
    "delete, 6 s ahead": (lambda t: t.delete(KEY, [b"prof"], timestamp=NOW + 6_000), cfacl.InvalidValue, AHEAD),
    "batch, before 1970": (
        lambda t: t.batch(timestamp=-1).put(KEY, {b"prof:q": VALUE}),
        cfacl.InvalidValue,
        TIME,
    ),
    "batch, 6 s ahead": (
        lambda t: t.batch(timestamp=NOW + 6_000).delete(KEY, [b"prof"]),
        cfacl.InvalidValue,
        AHEAD,
    ),
    "row, before 1970": (lambda t: t.row(KEY, timestamp=-1), cfacl.InvalidValue, TIME),
    "rows, a time that is str": (lambda t: t.rows([KEY], timestamp="1"), cfacl.InvalidValue, TIME),
    "cells, a time that is float": (lambda t: t.cells(KEY, b"prof:q", timestamp=1.5), cfacl.InvalidValue, TIME),
    "scan, a time that is False": (lambda t: t.scan(timestamp=False), cfacl.InvalidValue, TIME),
    # scans
    "a limit of 0": (lambda t: t.scan(limit=0), cfacl.RequestError, "`limit` is an int of at least 1"),
    "a limit below 0": (lambda t: t.scan(limit=-1), cfacl.RequestError, "`limit` is an int of at least 1"),
    "a limit that is float": (lambda t: t.scan(limit=1.0), cfacl.RequestError, "`limit` is an int of at least 1"),
    "a limit that is True": (lambda t: t.scan(limit=True), cfacl.RequestError, "`limit` is an int of at least 1"),
    "batches of 0": (lambda t: t.scan(batch_size=0), cfacl.RequestError, "`batch_size` is an int of at least 1"),
    "batches of None": (lambda t: t.scan(batch_size=None), cfacl.RequestError, "`batch_size` is an int of at least 1"),
    "a prefix and a start": (lambda t: t.scan(row_prefix=KEY, row_start=KEY), cfacl.RequestError, PREFIX),
    "a prefix and a stop": (lambda t: t.scan(row_prefix=KEY, row_stop=KEY), cfacl.RequestError, PREFIX),
    "a start that is str": (
        lambda t: t.scan(row_start="canary"),
        cfacl.InvalidKey,
        "a bound of a scan is bytes, not str; encode it",
    ),
    "a stop that is a number": (
        lambda t: t.scan(row_stop=7),
        cfacl.InvalidKey,
        "a bound of a scan is bytes, not int; encode it",
    ),
    "a prefix that is str": (
        lambda t: t.scan(row_prefix="canary"),
        cfacl.InvalidKey,
        "a bound of a scan is bytes, not str; encode it",
    ),
    "no versions": (
        lambda t: t.cells(KEY, b"prof:q", versions=0),
        cfacl.RequestError,
        "`versions` is an int of at least 1",
    ),
    # batches
    "a transaction in parts": (
        lambda t: t.batch(transaction=True, batch_size=2),
        cfacl.RequestError,
        "`transaction` sends everything at once; leave out `batch_size`",
    ),
    "parts of 0": (lambda t: t.batch(batch_size=0), cfacl.RequestError, "`batch_size` is an int of at least 1"),
    "batch, nothing": (
        lambda t: t.batch().put(KEY, {}),
        cfacl.RequestError,
        "nothing to put; name at least one column",
    ),
    "batch, no columns": (
        lambda t: t.batch().delete(KEY, ()),
        cfacl.RequestError,
        "`columns` is empty; leave it out to delete the row",
    ),
    # counters and comparisons
    "a counter above 64 bits": (lambda t: t.counter_inc(KEY, b"prof:n", 1 << 63), cfacl.InvalidValue, COUNTER),
    "a counter below 64 bits": (lambda t: t.counter_inc(KEY, b"prof:n", -(1 << 63) - 1), cfacl.InvalidValue, COUNTER),
    "less by the least": (lambda t: t.counter_dec(KEY, b"prof:n", -(1 << 63)), cfacl.InvalidValue, COUNTER),
    "set above 64 bits": (lambda t: t.counter_set(KEY, b"prof:n", 1 << 63), cfacl.InvalidValue, COUNTER),
    "count by float": (lambda t: t.counter_inc(KEY, b"prof:n", 1.0), cfacl.InvalidValue, COUNTER),
    "count by True": (lambda t: t.counter_dec(KEY, b"prof:n", True), cfacl.InvalidValue, COUNTER),
    "set a list": (
        lambda t: t.counter_set(KEY, [], 1),
        cfacl.InvalidValue,
        'column names are bytes, not list; write `b"family:qualifier"`',
    ),
    "set a bytearray": (
        lambda t: t.counter_set(KEY, bytearray(b"prof:n"), 1),
        cfacl.InvalidValue,
        'column names are bytes, not bytearray; write `b"family:qualifier"`',
    ),
    "set to None": (lambda t: t.counter_set(KEY, b"prof:n", None), cfacl.InvalidValue, COUNTER),
    "count a family": (
        lambda t: t.counter_inc(KEY, b"prof"),
        cfacl.RequestError,
        f"a family is named where one column is meant; {WHOLE}",
    ),
    "compare a family": (
        lambda t: t.compare_and_set(KEY, b"prof", VALUE, {b"prof:q": VALUE}),
        cfacl.RequestError,
        f"a family is named where one column is meant; {WHOLE}",
    ),
    "compare with str": (
        lambda t: t.compare_and_set(KEY, b"prof:q", "canary", {b"prof:q": VALUE}),
        cfacl.InvalidValue,
        "a value is bytes, not str; encode it",
    ),
    "compare, then put nothing": (
        lambda t: t.compare_and_set(KEY, b"prof:q", VALUE, {}),
        cfacl.RequestError,
        "nothing to put; name at least one column",
    ),
    "compare a column that is str": (
        lambda t: t.compare_and_set(KEY, "prof:q", VALUE, {b"prof:q": VALUE}),
        cfacl.InvalidValue,
        f"column names are bytes, not str; {WHOLE}",
    ),
}

#: On a session.
SESSION: Final[dict[str, Case]] = {
    "an unknown table": (
        lambda s: s.table("tt"),
        cfacl.UnknownTable,
        "unknown table `tt`; did you mean `t`?",
    ),
    "a table that is bytes": (
        lambda s: s.table(b"t"),
        cfacl.UnknownTable,
        "unknown table `b't'`; the policy lists them",
    ),
    "a table that is None": (
        lambda s: s.table(None),
        cfacl.UnknownTable,
        "unknown table `None`; the policy lists them",
    ),
    "an unknown action": (
        lambda s: s.allows("reed", "t", "prof"),
        cfacl.UnknownAction,
        f"unknown action `reed`; {ACTIONS}",
    ),
    "allows, an unknown table": (
        lambda s: s.allows("read", "account", "prof"),
        cfacl.UnknownTable,
        "unknown table `account`; the policy lists them",
    ),
    "allows, an unknown family": (
        lambda s: s.allows("read", "t", "prof", "idd"),
        cfacl.UnknownFamily,
        "unknown family `idd` of table `t`; did you mean `id`?",
    ),
    "allows, no family": (
        lambda s: s.allows("read", "t"),
        cfacl.RequestError,
        "no family of `t` is named; name at least one",
    ),
    "allows, no table": (
        lambda s: s.allows("read"),
        cfacl.RequestError,
        "no table is named; say an action, a table and at least one family",
    ),
    "allows, names as one": (
        lambda s: s.allows(("read", "t", "prof")),
        cfacl.RequestError,
        "no table is named; say an action, a table and at least one family",
    ),
    "allows, a family that is bytes": (
        lambda s: s.allows("read", "t", b"prof"),
        cfacl.RequestError,
        "a family is a str, not bytes; say its name",
    ),
    "allows, a list": (
        lambda s: s.allows("read", "t", ["prof"]),
        cfacl.RequestError,
        "a family is a str, not list; say its name",
    ),
    "require, an unknown family": (
        lambda s: s.require("write", "t", "proof"),
        cfacl.UnknownFamily,
        "unknown family `proof` of table `t`; did you mean `prof`?",
    ),
    "families, an unknown action": (
        lambda s: s.families("reed", "t"),
        cfacl.UnknownAction,
        f"unknown action `reed`; {ACTIONS}",
    ),
    "families, an unknown table": (
        lambda s: s.families("read", "tt"),
        cfacl.UnknownTable,
        "unknown table `tt`; did you mean `t`?",
    ),
    "explain, no family": (
        lambda s: s.explain("read", "t"),
        cfacl.RequestError,
        "no family of `t` is named; name at least one",
    ),
}


class Nowhere(tzinfo):
    """A zone that has no offset."""

    def utcoffset(self, _: datetime | None) -> None:
        return None


AT: Final = "`at` is a datetime with an offset; give it a `tzinfo`"
#: On a database.
DATABASE: Final[dict[str, Case]] = {
    "prepare, no family": (
        lambda db: db.prepare("read", "t"),
        cfacl.RequestError,
        "no family of `t` is named; name at least one",
    ),
    "prepare, an unknown family": (
        lambda db: db.prepare("read", "t", "lag"),
        cfacl.UnknownFamily,
        "unknown family `lag` of table `t`; did you mean `log`?",
    ),
    "an unknown purpose": (
        lambda db: db.session("ann", "wrk"),
        cfacl.UnknownPurpose,
        "unknown purpose `wrk`; did you mean `work`?",
    ),
    "a wildcard for a purpose": (
        lambda db: db.session("ann", "work.*"),
        cfacl.UnknownPurpose,
        "unknown purpose `work.*`; did you mean `work`?",
    ),
    "a principal that is None": (
        lambda db: db.session(None, "work"),
        cfacl.RequestError,
        "a principal is a str, not NoneType; say its name",
    ),
    "a purpose that is bytes": (
        lambda db: db.session("ann", b"work"),
        cfacl.RequestError,
        "a purpose is a str, not bytes; say its name",
    ),
    "who, an unknown family": (
        lambda db: db.who("read", "t", "proff"),
        cfacl.UnknownFamily,
        "unknown family `proff` of table `t`; did you mean `prof`?",
    ),
    "who, an unknown purpose": (
        lambda db: db.who("read", "t", "prof", purpose="wok"),
        cfacl.UnknownPurpose,
        "unknown purpose `wok`; did you mean `work`?",
    ),
    "who, a local time": (
        lambda db: db.who("read", "t", "prof", at=datetime(2026, 1, 1)),  # noqa: DTZ001  # that is what is refused
        cfacl.RequestError,
        AT,
    ),
    "what, an unknown principal": (
        lambda db: db.what("anne"),
        cfacl.UnknownPrincipal,
        "unknown principal `anne`; did you mean `ann`?",
    ),
    "what, a zone without an offset": (
        lambda db: db.what("ann", at=datetime(2026, 1, 1, tzinfo=Nowhere())),
        cfacl.RequestError,
        AT,
    ),
    "what, a number": (lambda db: db.what("ann", at=NOW), cfacl.RequestError, AT),
    "a policy that is a path": (
        lambda db: db.replace_policy("home.toml"),
        cfacl.RequestError,
        "a policy is a `Policy`, not str; `Policy.load` reads one from a file",
    ),
    "adopt what is not there": (
        lambda db: db.create_tables(adopt=["t:x"]),
        cfacl.RequestError,
        "nothing to adopt: `t:x`; say `table:family` as the policy has it",
    ),
}
CASES: Final = (
    [("table", *case) for case in TABLE.items()]
    + [("session", *case) for case in SESSION.items()]
    + [("database", *case) for case in DATABASE.items()]
)


@pytest.mark.rule("1c", "1d", "1e", "3a", "3c")
@pytest.mark.parametrize(("on", "name", "case"), CASES, ids=[f"{on}-{name}" for on, name, _ in CASES])
def test_bad_input_is_refused_in_these_words(memory_world: Any, on: str, name: str, case: Case) -> None:
    use, kind, message = case
    thing = memory_world.furnish()[on]
    for _ in range(2):
        with pytest.raises(cfacl.RequestError) as refused:
            use(thing)
        assert type(refused.value) is kind
        assert isinstance(refused.value, ValueError)
        assert str(refused.value) == message


@pytest.mark.rule("1c", "1d", "3a", "3c")
def test_bad_input_is_refused_before_the_store_is_asked(world: Any) -> None:
    things = world.furnish()
    for on, name, (use, kind, message) in CASES:
        with pytest.raises(kind) as refused:
            use(things[on])
        assert str(refused.value) == message, name
    assert world.data() == []
    assert world.table().row(KEY) == {b"prof:q": VALUE}


@pytest.mark.rule("1d", "3a", "3c")
def test_bad_input_is_refused_whoever_asks(memory_world: Any) -> None:
    """It says nothing of what is granted: somebody without any grant is told the same."""
    memory_world.furnish()
    session = memory_world.session("nil")
    things = {"table": session.table("t"), "session": session, "database": memory_world.db}
    for on, name, (use, kind, message) in CASES:
        with pytest.raises(kind) as refused:
            use(things[on])
        assert str(refused.value) == message, name
    assert memory_world.data() == []


def test_messages_are_one_line_in_lower_case_and_hold_no_data() -> None:
    for _, name, (_, _, message) in CASES:
        assert message.isprintable(), name
        assert not message[0].isupper(), name
        assert "canary" not in message, name
        assert not message.endswith("."), name
