"""How answers look: tables for people, JSON for programs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cfacl.errors import printable, quoted

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


#: The width of a line that a program reads: a row is then one line, however long.
_ENDLESS: Final = 100_000
#: What the last column of a table has to have left for the others to stay whole.
_LAST: Final = 10


class Answer(IntEnum):
    """What an exit code says."""

    YES = 0
    NO = 1
    UNKNOWN = 2


class Format(StrEnum):
    """How to print an answer."""

    TABLE = "table"
    JSON = "json"


def _format(text: str | Format) -> Format:
    if text not in list(Format):
        raise typer.BadParameter(f"must be `table` or `json`, not {quoted(text)}")
    return Format(text)


FormatOption = Annotated[
    Format,
    typer.Option("--format", parser=_format, metavar="table|json", help="A table for people, or JSON."),
]


def say(*lines: str, err: bool = False) -> None:
    """Print lines, each of which stays one whatever is in it."""
    for line in lines:
        typer.echo(printable(line), err=err)


def counted(number: int, one: str, many: str) -> str:
    """Return ``1 table``, ``2 tables``, ``no tables``."""
    return f"{number:,} {one if number == 1 else many}" if number else f"no {many}"


def console(*, stderr: bool = False, width: int | None = None) -> Console:
    """Return a console that takes text as it is, keeps to ``COLUMNS`` and obeys ``NO_COLOR``."""
    from rich.console import Console

    return Console(stderr=stderr, width=width, markup=False, emoji=False, highlight=False)


def grid(*headings: str) -> Table:
    """Return an empty table; long cells are folded, never cut."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def print_json(document: Any) -> None:
    """Print a document as JSON, times as RFC 3339."""
    typer.echo(json.dumps(document, indent=2, default=datetime.isoformat))


def listing(columns: Sequence[str], rows: Sequence[Mapping[str, Any]], none: str) -> None:
    """Print rows of texts, times and tuples of texts as a table, or ``none``.

    Columns that say nothing are left out; on a narrow screen the last one is folded, and others only if they must.
    """
    if not rows:
        typer.echo(none)
        return
    shown = [column for column in columns if any(row[column] for row in rows)]
    piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    screen = console(width=_ENDLESS if piped else None)
    table = grid(*shown)
    for row in rows:
        table.add_row(*(_cell(row[column]) for column in shown))
    heads = table.columns[:-1]
    widths = (max(screen.measure(cell).maximum for cell in (each.header, *each.cells)) + 2 for each in heads)
    whole = screen.width - sum(widths) >= _LAST
    for each in heads:
        each.no_wrap = whole
    screen.print(table)


def _cell(value: str | datetime | tuple[str, ...] | None) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%SZ").replace(" 00:00:00Z", "")
    return "\n".join(map(printable, value)) if isinstance(value, tuple) else printable(value or "")
