"""How the shell shows answers: tables for people; a line of JSON, or rows of CSV, for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Self

import typer
from attrs import frozen

from cfacl.cli.screen import Format, listing, print_csv, say
from cfacl.cli.shell.words import escaped, shown

__all__ = ["Shown", "show"]


@frozen
class Shown:
    """An answer.

    Attributes:
        columns: of the rows for people and for CSV.
        none: what people are told where there are no rows.
        document: for JSON; the rows, if left out.
        remarks: what stands below the rows for people, and on stderr beside CSV; JSON has it in the document.
        cells: the rows for CSV, where people see others.
        plain: people see the one column without its name.
    """

    columns: Sequence[str]
    rows: Sequence[Mapping[str, Any]]
    none: str
    document: Any = None
    remarks: Sequence[str] = ()
    cells: Sequence[Mapping[str, Any]] | None = None
    plain: bool = False

    @classmethod
    def of_lines(cls, name: str, lines: Iterable[str], document: Any) -> Self:
        """Return lines of text."""
        return cls((name,), [{name: each} for each in lines], "", document=document, plain=True)

    @classmethod
    def of_rows(
        cls, rows: Iterable[tuple[bytes, Mapping[bytes, bytes]]], withheld: frozenset[str], *, more: bool
    ) -> Self:
        """Return rows of data, a cell a line, with what was withheld."""
        found = [(key, sorted(row.items())) for key, row in rows]
        remarks = [f"withheld: {', '.join(sorted(withheld))}"] if withheld else []
        remarks += ["there are more; give a prefix and a limit"] if more else []
        return cls(
            ("key", "column", "value"),
            [
                {"key": shown(key), "column": escaped(column), "value": shown(value)}
                for key, cells in found
                for column, value in cells
            ],
            "nothing that is granted",
            document={
                "rows": [
                    {"key": escaped(key), "cells": {escaped(column): escaped(value) for column, value in cells}}
                    for key, cells in found
                ],
                "withheld": sorted(withheld),
                "more": more,
            },
            remarks=remarks,
            cells=[
                {"key": escaped(key), "column": escaped(column), "value": escaped(value)}
                for key, cells in found
                for column, value in cells
            ],
        )


def show(answer: Shown, form: Format) -> None:
    """Print an answer."""
    if form is Format.JSON:
        document = answer.rows if answer.document is None else answer.document
        typer.echo(json.dumps(document, default=datetime.isoformat))
        return
    if form is Format.CSV:
        print_csv(answer.columns, answer.rows if answer.cells is None else answer.cells)
    elif answer.plain:
        say(*(text for row in answer.rows for text in row.values()))
    else:
        listing(
            answer.columns,
            [
                {name: ", ".join(cell) if isinstance(cell, list) else cell for name, cell in row.items()}
                for row in answer.rows
            ],
            answer.none,
        )
    say(*answer.remarks, err=form is Format.CSV)
