"""How answers look: tables for people, JSON and CSV for programs."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import IntEnum, StrEnum
from itertools import zip_longest
from threading import Timer
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cfacl.errors import printable, quoted

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text


#: What a spreadsheet takes for the start of a formula (OWASP, "CSV Injection"); what else it lists, tabs and ends of
#: lines, is escaped in every cell.
_FORMULA: Final = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
#: After how many seconds a bar says that something is being done.
_PATIENCE: Final = 1.0
#: The width of a line that a program reads: a row is then one line, however long.
_ENDLESS: Final = 100_000
#: The fewest columns of a window that is laid out for; a narrower one folds lines itself, and so loses nothing.
NARROWEST: Final = 20
#: How narrow a column of a table may get, if what is in it is wider: dates and most words stay whole.
_LEAST: Final = 10
#: What is between two columns of a table.
_GAP: Final = 2
#: What says how large the window is, and what it says if it makes sense.
_SIZES: Final = ("COLUMNS", "LINES")
_SIZE: Final = re.compile(r"0*[1-9][0-9]{0,4}")
#: From how many rows on a listing is not fitted to the screen, which takes a third of a millisecond for each of them:
#: what runs past is looked for by a program, or searched, and that wants a row to be one line.
_MANY: Final = 1_000


class Answer(IntEnum):
    """What an exit code says."""

    YES = 0
    NO = 1
    UNKNOWN = 2


class Format(StrEnum):
    """How to print an answer."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def _format(text: str | Format) -> Format:
    if text not in list(Format):
        raise typer.BadParameter(f"must be `table`, `json` or `csv`, not {quoted(text)}")
    return Format(text)


def _format_of_document(text: str | Format) -> Format:
    if text == Format.CSV:
        raise typer.BadParameter("must be `table` or `json`: a policy is no list of rows, which csv is for")
    if text not in list(Format):
        raise typer.BadParameter(f"must be `table` or `json`, not {quoted(text)}")
    return Format(text)


FormatOption = Annotated[
    Format,
    typer.Option(
        "--format",
        parser=_format,
        metavar="table|json|csv",
        help="A table for people; JSON; or CSV, which a spreadsheet has to import as text.",
    ),
]
#: For a command that answers with a policy.
DocumentFormatOption = Annotated[
    Format,
    typer.Option(
        "--format",
        parser=_format_of_document,
        metavar="table|json",
        help="TOML, or JSON; a policy is no list of rows, so there is no CSV.",
    ),
]


def say(*lines: str, err: bool = False) -> None:
    """Print lines, each of which stays one whatever is in it."""
    for line in lines:
        typer.echo(printable(line), err=err)


def counted(number: int, one: str, many: str) -> str:
    """Return ``1 table``, ``2 tables``, ``no tables``."""
    return f"{number:,} {one if number == 1 else many}" if number else f"no {many}"


def console(*, stderr: bool = False, width: int | None = None, least: int = NARROWEST) -> Console:
    """Return a console that takes text as it is, keeps to ``COLUMNS`` and obeys ``NO_COLOR``.

    Args:
        width: for how many columns to lay out; those of the window if left out.
        least: for how many at least an answer is laid out: in fewer, the toolkit leaves out what finds no room.
    """
    from rich.console import Console

    made = Console(stderr=stderr, width=width, markup=False, emoji=False, highlight=False, _environ=_environment())
    if not stderr and width is None:
        made.width = max(made.width, least)
    return made


def _environment() -> Mapping[str, str]:
    """Return this process's environment without a size of the window that is none, with which the toolkit fails."""
    return {name: value for name, value in os.environ.items() if name not in _SIZES or _SIZE.fullmatch(value)}


@contextmanager
def busy(what: str) -> Iterator[None]:
    """Show a bar that says what takes so long, from the second second on, if stderr is a terminal.

    Nothing may be printed meanwhile.
    """
    if not sys.stderr.isatty():
        yield
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    bar = Progress(*columns, console=console(stderr=True), transient=True)
    bar.add_task(what, total=None)
    begin = Timer(_PATIENCE, bar.start)
    begin.daemon = True
    begin.start()
    try:
        yield
    finally:
        begin.cancel()
        begin.join()
        if bar.live.is_started:
            bar.stop()


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
    with busy("laying out"):
        text = json.dumps(document, indent=2, default=datetime.isoformat)
    typer.echo(text)


def print_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    r"""Print rows as RFC 4180 has it, in UTF-8, their columns named first even if there are no rows.

    Times are RFC 3339, several texts of a cell a line each, and nothing is an empty cell.  What would drive a terminal
    is escaped as in a table, ``\u001b``.  Nothing else is changed: a cell that a spreadsheet would take for a formula
    stays as it is, since a quote before it would be another name, and a line on stderr says so.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    formula = False
    with busy("laying out"):
        for row in rows:
            cells = [_field(row[column]) for column in columns]
            formula = formula or any(each.startswith(_FORMULA) for each in cells)
            writer.writerow(cells)
    sys.stdout.flush()
    sys.stdout.buffer.write(text.getvalue().encode("utf-8", "backslashreplace"))
    if formula:
        say("cfacl: a spreadsheet takes some cells for formulas; import them as text", err=True)


def _field(value: str | int | datetime | Sequence[str] | None) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat()
    if value is None:
        return ""
    return "\n".join(map(printable, value)) if isinstance(value, tuple | list) else printable(str(value))


def listing(
    columns: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    none: str,
    styles: Mapping[tuple[str, str], str] | None = None,
) -> None:
    """Print rows of texts, times and tuples of texts as a table, or ``none``.

    Columns that say nothing are left out; on a narrow screen the last one is folded, and others only if they must.
    Where even that leaves too little for them, a row is lines of names and values.
    Where there are very many rows, and no colours, none is folded.

    Args:
        styles: the colour of a text, by its column and the text.
    """
    if not rows:
        typer.echo(none)
        return
    shown = [column for column in columns if any(row[column] for row in rows)]
    if len(rows) > _MANY and not styles:
        with busy("laying out"):
            lines = list(_unfolded(shown, [[_cell(row[each]) for each in shown] for row in rows]))
        typer.echo("\n".join(lines))
        return
    from rich.text import Text

    cells = [[Text(_cell(row[each]), (styles or {}).get((each, str(row[each])), "")) for each in shown] for row in rows]
    piped = not sys.stdout.isatty() and "COLUMNS" not in _environment()
    screen = console(width=_ENDLESS if piped else None)
    # Nothing may be printed while the bar is there, so the whole is laid out first.
    with busy("laying out"), screen.capture() as laid_out:
        # to measure each cell of ten thousand rows takes longer than to print them
        screen.print(_as_table(shown, cells) if piped else _fitted(shown, cells, screen.width))
    sys.stdout.write(laid_out.get())


def _as_table(names: Sequence[str], rows: Iterable[Sequence[Text]], *, whole: bool = True) -> Table:
    """Return rows as a table; ``whole``: no column is folded but the last."""
    table = grid(*names)
    for row in rows:
        table.add_row(*row)
    for each in table.columns[:-1]:
        each.no_wrap = whole
    return table


def _fitted(names: Sequence[str], rows: Sequence[Sequence[Text]], room: int) -> RenderableType:
    """Return rows as a table if ``room`` columns are enough for that, and else as lines of names and values."""
    from rich.console import Group

    widths = _widths(names, [[each.plain for each in row] for row in rows])
    room -= _GAP * (len(names) - 1)
    # The toolkit takes from the widest columns first, until all that are too wide are alike.
    if sum(min(each, _LEAST) for each in widths) <= room:
        return _as_table(names, rows, whole=sum(widths[:-1]) + min(widths[-1], _LEAST) <= room)
    lines: list[RenderableType] = []
    for row in rows:
        lines += ["", *_as_lines(names, row)]
    return Group(*lines[1:])


def _as_lines(names: Sequence[str], row: Sequence[Text]) -> Iterator[Text]:
    """Yield a line ``name: value`` for each cell that says something; values below each other stay so."""
    from rich.text import Text

    for name, cell in zip(names, row, strict=True):
        if cell.plain:
            parts = [part for line in cell.split("\n") for part in ("\n  ", line)][1:]
            yield Text.assemble(f"{name}: " if name else "", *parts)


def _unfolded(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines that a table has on a screen without an end."""
    from rich.cells import set_cell_size

    widths = _widths(names, rows)
    gap = " " * _GAP
    yield gap.join(map(set_cell_size, names, widths))
    yield "\N{BOX DRAWINGS LIGHT HORIZONTAL}" * (sum(widths) + _GAP * (len(widths) - 1))
    for row in rows:
        for lines in zip_longest(*(each.split("\n") for each in row), fillvalue=""):
            yield gap.join(map(set_cell_size, lines, widths))


def _widths(names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    """Return how many columns of a terminal each column of a table takes."""
    from rich.cells import cell_len

    return [
        max(cell_len(line) for text in (name, *column) for line in text.split("\n"))
        for name, column in zip(names, zip(*rows, strict=True), strict=True)
    ]


def _cell(value: str | datetime | tuple[str, ...] | None) -> str:
    if isinstance(value, datetime):
        return stamp(value)
    return "\n".join(map(printable, value)) if isinstance(value, tuple) else printable(value or "")


def stamp(instant: datetime) -> str:
    """Return an instant in UTC to the second; midnight is its date alone."""
    # Not by `%Y`, which leaves the noughts of early years out.
    return f"{instant.replace(microsecond=0, tzinfo=None).isoformat(' ')}Z".replace(" 00:00:00Z", "")
