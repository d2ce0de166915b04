"""Entries as CSV (RFC 4180), with a heading: ``principal,table,family,action``, and perhaps ``purpose`` and ``columns``.

Between columns stand commas, or semicolons, as Excel writes them where a comma is in numbers: by the heading, in which no name
has either.  A line is one action.  ``columns`` are the names of those that the family declares, with blanks between, and empty where it
has any; all lines of a family say the same.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple, cast

from cfacl.errors import Fault, PolicyError, quoted
from cfacl.model.action import ACTIONS, Action
from cfacl.model.names import PURPOSE, SUBJECT_LENGTH, is_identifier, is_subject, nearest
from cfacl.model.request import MAX_QUALIFIER
from cfacl.policy.listings.entries import Entry

__all__ = ["Sheet", "is_purpose", "is_sayable", "read_sheet", "write_sheet"]

_NEEDED: Final = ("principal", "table", "family", "action")
_KNOWN: Final = (*_NEEDED, "purpose", "columns")
_NAMED: Final = {",": "comma", ";": "semicolon"}
_IDENTIFIER: Final = "take 1 to 128 ASCII letters, digits, `_`, `.` and `-`"
_PURPOSE: Final = re.compile(PURPOSE.replace("$", r"\Z"))

Columns = dict[tuple[str, str], frozenset[bytes]]


class Sheet(NamedTuple):
    """What a file says: entries, and the columns that families declare, by table and family."""

    entries: list[Entry]
    columns: Columns


def read_sheet(text: str, *, purpose: str) -> Sheet:
    """Return what a file says; ``purpose`` is that of all lines, where the heading names none.

    Raises:
        PolicyError: with a fault for each line and column that says nothing a policy can hold.
    """
    rows = _rows(text)
    number, heading = next(rows, (1, []))
    faults = [Fault(f"line {number}", each) for each in _wrong_heading(heading)]
    if faults:
        raise PolicyError(faults)
    entries = []
    declared: dict[tuple[str, str], tuple[int, frozenset[bytes] | None]] = {}
    for number, cells in rows:
        if len(cells) != len(heading):
            faults.append(Fault(f"line {number}", f"has {len(cells)} columns, and the heading has {len(heading)}"))
            continue
        row = {"purpose": purpose, "columns": "", **dict(zip(heading, cells, strict=True))}
        wrong = [Fault(f"line {number}, column `{column}`", each) for column, each in _wrong(row)]
        family = row["table"], row["family"]
        columns = frozenset(each.encode() for each in row["columns"].split()) or None
        first, before = declared.setdefault(family, (number, columns))
        if before != columns:
            message = f"is not what line {first} says; a family declares its columns once, for everybody"
            wrong.append(Fault(f"line {number}, column `columns`", message))
        faults += wrong
        entries.append(Entry(row["principal"], *family, cast("Action", row["action"]), row["purpose"]))
    if faults:
        raise PolicyError(faults)
    return Sheet(entries, {family: columns for family, (_, columns) in declared.items() if columns is not None})


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield rows that hold anything, each with the number of its first line."""
    heading, _, _ = text.lstrip("\r\n").partition("\n")
    between = ";" if ";" in heading and "," not in heading else ","
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=between)
    number = 1
    try:
        for row in reader:
            if row:
                yield number, row
            number = reader.line_num + 1
    except csv.Error as error:
        raise PolicyError(
            [
                Fault(
                    f"line {max(number, 1)}",
                    f"is no csv: {error}; quote what has a {_NAMED[between]}, a quote or an end of line",
                )
            ]
        ) from None


def _wrong_heading(heading: list[str]) -> Iterator[str]:
    missing = [f"`{each}`" for each in _NEEDED if each not in heading]
    unknown = [each for each in heading if each not in _KNOWN]
    known = f"; the columns are {', '.join(_KNOWN)}"
    for each in unknown:
        yield f"is the heading, and has a column {quoted(each)}{nearest(each, _KNOWN) or known}"
    if missing:
        yield f"is the heading, and lacks {', '.join(missing)}"
    if len(set(heading)) < len(heading):
        yield "is the heading, and has a column twice"


def _wrong(row: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield each column whose cell no policy can hold, and why."""
    if not is_subject(row["principal"]):
        what = f"1 to {SUBJECT_LENGTH} printable characters, no backtick"
        yield "principal", f"{quoted(row['principal'])} cannot name a principal; take {what}"
    for column in ("table", "family"):
        if not is_identifier(row[column]):
            yield column, f"{quoted(row[column])} cannot name a {column}; {_IDENTIFIER}"
    if row["action"] not in ACTIONS:
        hint = nearest(row["action"], ACTIONS) or f"; take {', '.join(f'`{each}`' for each in ACTIONS)}"
        yield "action", f"{quoted(row['action'])} is no action{hint}"
    if not is_purpose(row["purpose"]):
        yield "purpose", f"{quoted(row['purpose'])} cannot name a purpose; take words of ASCII with dots between"
    if any(len(each.encode()) > MAX_QUALIFIER for each in row["columns"].split()):
        yield "columns", f"has one longer than {MAX_QUALIFIER} bytes, which no column's name is"


def is_purpose(name: str) -> bool:
    """Whether a purpose can be called so."""
    return _PURPOSE.match(name) is not None and len(name) <= SUBJECT_LENGTH


def is_sayable(columns: Iterable[bytes]) -> bool:
    """Whether columns can be named here: text, none of it blank or empty."""
    return all(
        each.decode("utf-8", "replace").encode() == each and each.decode().split() == [each.decode()]
        for each in columns
    )


def write_sheet(entries: Iterable[Entry], columns: Mapping[tuple[str, str], frozenset[bytes]]) -> str:
    """Return entries, by principal, table, family, action and purpose; ``columns`` of families that declare any."""
    rows = sorted(set(entries))
    with_columns = any((each.table, each.family) in columns for each in rows)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(_KNOWN if with_columns else _KNOWN[:-1])
    for each in rows:
        declared: list[Any] = sorted(column.decode() for column in columns.get((each.table, each.family), ()))
        writer.writerow([*each, *([" ".join(declared)] if with_columns else [])])
    return text.getvalue()
