"""`cfacl diff`: who gains and who loses what between two policies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cfacl.cli import source
from cfacl.cli.screen import Answer, Format, FormatOption, listing, print_json, say
from cfacl.errors import RequestError, quoted

if TYPE_CHECKING:
    import cfacl


def diff(
    old: Annotated[
        Path, typer.Argument(metavar="OLD", help="The policy as it was; `-` for stdin.", show_default=False)
    ],
    new: Annotated[
        Path, typer.Argument(metavar="NEW", help="The policy as it is to be; `-` for stdin.", show_default=False)
    ],
    form: FormatOption = Format.TABLE,
) -> int:
    """List who gains and who loses what between two policies.

    Access is compared and not the text. How much is kept, by `time_to_live` and `versions`, is no access: where that
    differs, a line on stderr says so.

    Exit code 0 if nobody gains or loses anything, 1 if anybody does.
    """
    import cfacl

    if old == new == source.STDIN:
        raise RequestError("standard input can be one of the two policies, and not both; name a file for the other")
    policies, errors = [], []
    for file in (old, new):
        try:
            policies.append(source.policy(file))
        except cfacl.PolicyError as error:
            errors.append(error)
    if errors:
        raise ExceptionGroup("policies that do not load", errors)
    before, after = policies
    changes = cfacl.diff(before, after)
    if form is Format.JSON:
        print_json([_as_document(change) for change in changes])
    else:
        rows = [
            {"": "gains" if each.gains else "loses", **each._asdict(), "columns": _columns(each)} for each in changes
        ]
        columns = ("principal", "", "action", "table", "family", "columns", "purpose", "since", "until")
        listing(columns, rows, "nobody gains or loses anything")
    for line in _kept(before, after):
        say(line, err=True)
    return Answer.NO if changes else Answer.YES


def _as_document(change: cfacl.Change) -> dict[str, Any]:
    """Return a change as a document for JSON; what a policy's document names is text."""
    columns = None if change.columns is None else _texts(change.columns)
    return {**change._asdict(), "columns": columns, "but": _texts(change.but)}


def _columns(change: cfacl.Change) -> str:
    """Return which columns are meant, or an empty string where it is all that the family has."""
    if change.columns is not None:
        return ", ".join(quoted(each) for each in _texts(change.columns))
    return f"any but {', '.join(quoted(each) for each in _texts(change.but))}" if change.but else ""


def _texts(columns: tuple[bytes, ...]) -> list[str]:
    return [each.decode() for each in columns]


def _kept(before: cfacl.Policy, after: cfacl.Policy) -> Iterator[str]:
    """Yield a line for each family of both policies that keeps more, or less, under the second."""
    for name, table in sorted(after.catalog.tables.items()):
        earlier = before.catalog.tables.get(name)
        for family, new in sorted(table.families.items()):
            old = None if earlier is None else earlier.families.get(family)
            for key in ("time_to_live", "versions") if old is not None else ():
                if getattr(old, key) != getattr(new, key):
                    what = f"`{key}` of {quoted(f'{name}:{family}')}"
                    yield f"cfacl: {what} differs and is not compared: it says what is kept, not who may read it"
