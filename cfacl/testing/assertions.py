"""What a service's tests assert of access; a message names families, and holds no row key and no value."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Any

from cfacl.api.row import Row
from cfacl.errors import AccessDenied, quoted
from cfacl.testing.memory import watching

__all__ = ["Refused", "assert_only_sees", "assert_refused"]


class Refused:
    """What `assert_refused` found, once its block has ended."""

    _error: AccessDenied | None = None

    @property
    def error(self) -> AccessDenied:
        """The denial."""
        if self._error is None:
            raise RuntimeError("nothing was refused yet; ask for `error` behind the block")
        return self._error


def assert_refused(
    *families: str,
    principal: str | None = None,
    purpose: str | None = None,
    action: str | None = None,
    table: str | None = None,
    reason: str = "not_granted",
) -> AbstractContextManager[Refused]:
    """Assert that the one request in the block is refused, and that no store was asked for anything before.

    ::

        with assert_refused("id", action="read"):
            account.row(b"u17", columns=[b"id:email"])

    Args:
        families: exactly those that have to be denied; left out, any.
        principal, purpose: who has to be denied, and for what; left out, any.
        action: `read`, `write`, `delete` or `admin`; left out, any.
        table: its name; left out, any.
        reason: as that of `AccessDenied`: a decision that broke is no refusal that a test should take for one.

    Another error passes, with a note.  Only the stores of `cfacl_db` and `memory_database` are seen to be asked.  Without
    a block nothing is asserted, and a warning says so.

    Raises:
        AssertionError: nothing was refused, it was refused otherwise, or a store was asked.
        TypeError: a family is no name: most likely the request itself.
    """
    if not all(isinstance(each, str) for each in families):
        raise TypeError("`assert_refused` takes names of families; put the request into its block, behind `with`")
    expected = {"principal": principal, "purpose": purpose, "action": action, "table": table, "reason": reason}
    return _Block(_refusing(families, expected))


class _Block(AbstractContextManager[Refused]):
    """The block of `assert_refused`, which says so where it never was one."""

    def __init__(self, inner: AbstractContextManager[Refused]) -> None:
        self._inner = inner
        self._entered = False

    def __enter__(self) -> Refused:
        self._entered = True
        return self._inner.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        __tracebackhide__ = True
        return self._inner.__exit__(kind, error, trace)

    def __del__(self) -> None:
        if not self._entered:
            warnings.warn("`assert_refused` asserted nothing: write `with` before it", RuntimeWarning, stacklevel=2)


@contextmanager
def _refusing(families: Sequence[str], wanted: Mapping[str, str | None]) -> Iterator[Refused]:
    __tracebackhide__ = True
    refused = Refused()
    expected = _request(wanted["action"], wanted["table"], families)
    with watching() as asked:
        try:
            yield refused
        except AccessDenied as denied:
            faults = _differences(denied, families, wanted)
            if calls := asked():
                listed = ", ".join(dict.fromkeys(f"{quoted(each.method)} of {quoted(each.table)}" for each in calls))
                faults.append(f"the store was asked before: {listed}; put one request into the block")
            if faults:
                raise AssertionError(f"{expected} was to be refused: {'; '.join(faults)}") from denied
            refused._error = denied  # noqa: SLF001  # its own module
        except Exception as error:
            error.add_note(f"{expected} was to be refused, with `AccessDenied`")
            raise
        else:
            raise AssertionError(f"{expected} was to be refused, and was not: no `AccessDenied` came out of the block")


def assert_only_sees(
    answer: Row[Any] | Iterable[tuple[bytes, Row[Any]]], *seen: str | bytes, withheld: Iterable[str]
) -> None:
    """Assert what an answer holds, that it holds nothing else, and what was withheld from it.

    ::

        assert_only_sees(account.row(b"u17"), "prof", withheld={"id"})
        assert_only_sees(account.scan(), b"prof:country", "log", withheld={"id"})

    Write cells into *all* families first: one that is granted and of which there is nothing shows in no answer.

    It looks at one answer, and so is for a read of all that is granted.  A read that names columns, a filter, a prefix or
    one cell holds what was asked for, whatever else could have been: it proves nothing of the rest, and its ``withheld`` is
    that of what it named.  For these, and for what a service makes of rows, there is `assert_tells_nothing_of`.

    Args:
        answer: a row, what `rows` returned, or a scan, which is read to its end.
        seen: families (``str``), of which any column may be there, and columns (``bytes``, with their family), of whose
            family nothing else may be there.  Of each there has to be a cell, in one row at least.
        withheld: exactly those families that each row says were withheld, which may be none.

    Raises:
        AssertionError: it holds something else, or nothing of what is to be seen; or something else was withheld.
    """
    __tracebackhide__ = True
    if not seen:
        raise TypeError("say what is seen; where nothing is, the request is refused: `assert_refused`")
    if isinstance(withheld, (str, bytes)):
        raise TypeError("`withheld` is a set of families; write `{...}` around it")
    for each in seen:
        if isinstance(each, bytes) != (b":" in each if isinstance(each, bytes) else ":" in each):
            raise TypeError('a family is a `str` without a colon, a column is `b"family:qualifier"`')
    rows = _rows(answer)
    faults = [*_beyond(rows, seen), *_missing(rows, seen)]
    expected = frozenset(withheld)
    for number, row in enumerate(rows, 1):
        if row.withheld != expected:
            faults.append(f"row {number} withheld {_listed(row.withheld)}, and not {_listed(expected)}")
            break
    if faults:
        raise AssertionError("; ".join(faults))


def _request(action: str | None, table: str | None, families: Sequence[str]) -> str:
    of = f" of table {quoted(table)}" if table is not None else ""
    what = f" on {_listed(families)}" if families else ""
    return f"{'a request' if action is None else quoted(action)}{what}{of}"


def _differences(denied: AccessDenied, families: Sequence[str], expected: Mapping[str, str | None]) -> list[str]:
    """Return in what a denial is not as expected; ``None`` expects nothing."""
    found = []
    if families and denied.families != frozenset(families):
        found.append(f"denied was {_listed(denied.families)}, and not {_listed(families)}")
    for name, value in expected.items():
        if value is not None and (was := getattr(denied, name)) != value:
            found.append(f"its {name} was {quoted(was)}, and not {quoted(value)}")
    return found


def _rows(answer: Row[Any] | Iterable[tuple[bytes, Row[Any]]]) -> list[Row[Any]]:
    if isinstance(answer, Row):
        return [answer]
    given: Any = answer  # whatever the types say
    pairs = isinstance(given, Iterable) and not isinstance(given, dict)
    found: list[Any] = [each[-1] if isinstance(each, tuple) else None for each in given] if pairs else [None]
    if any(not isinstance(each, Row) for each in found):
        raise TypeError(
            "an answer is a `cfacl.Row`, or pairs of a key and one; a plain dict has lost what was withheld, and for cells,"
            " counters and what a service makes of rows there is `assert_tells_nothing_of`"
        )
    return found


def _beyond(rows: Sequence[Row[Any]], seen: Sequence[str | bytes]) -> Iterator[str]:
    """Yield what is there and not to be seen: families by name, and columns, which may hold data, by their family."""
    families = {each.encode() for each in seen if isinstance(each, str)}
    columns = {each for each in seen if isinstance(each, bytes)}
    strange = {
        column.partition(b":")[0]
        for row in rows
        for column in row
        if column not in columns and column.partition(b":")[0] not in families
    }
    for family in sorted(strange):
        known = any(each.startswith(family + b":") for each in columns)
        yield f"{'other columns of ' if known else ''}{quoted(family.decode())} can be seen"


def _missing(rows: Sequence[Row[Any]], seen: Sequence[str | bytes]) -> Iterator[str]:
    """Yield what is to be seen and not there."""
    if not any(rows):
        yield "the answer is empty, which shows nothing; write cells into all families first"
        return
    there = {column for row in rows for column in row}
    families = {column.partition(b":")[0] for column in there}
    for each in seen:
        if (each not in there) if isinstance(each, bytes) else (each.encode() not in families):
            yield f"nothing of {quoted(each if isinstance(each, str) else each.decode(errors='replace'))} is there"


def _listed(families: Iterable[str]) -> str:
    return ", ".join(quoted(each) for each in sorted(families)) or "nothing"
