"""`cfacl demo`: from a policy to a guarded store full of records, and who sees what of them."""

from __future__ import annotations

from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cfacl.cli.screen import Answer, Format, FormatOption, busy, console, print_csv, print_json
from cfacl.errors import RequestError, quoted, quoted_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Who sees how much of which family, in the one row that all look at and in the scans.
_COLUMNS: Final = ("look", "principal", "purpose", "table", "family", "verdict", "cells")


def _count(text: str | int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise typer.BadParameter(f"must be a whole number of at least 1, not {quoted(text)}")
    return number


def demo(
    users: Annotated[
        int, typer.Option("--users", parser=_count, metavar="NUMBER", help="How many users to make up.")
    ] = 2000,
    path: Annotated[
        Path | None,
        typer.Option(
            "--path",
            metavar="DIRECTORY",
            help="A new directory to keep the store in; else it is thrown away.",
            show_default=False,
        ),
    ] = None,
    form: FormatOption = Format.TABLE,
) -> int:
    """Fill a guarded store with made-up records; show who sees what.

    They are those of a smart-home company. Everything is computed on this machine, in a RocksDB store of its own.
    As CSV it is who sees how much of what.

    Exit code 0 if it ran.
    """
    if find_spec("faker") is None:
        raise RequestError("the demonstration makes up its records with faker; run `pip install 'cfacl[demo]'`")
    if path is not None and path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise RequestError(f"{quoted_path(path)} is not empty; name a new directory")
    with ExitStack() as stack:
        document = _run(stack, users, path)
    if form is Format.JSON:
        print_json(document)
    elif form is Format.CSV:
        print_csv(_COLUMNS, [*_seen("row", document["row"]), *_seen("scan", document["scan"])])
    else:
        from cfacl.cli.demo.show import NARROWEST, show

        show(document, console(least=NARROWEST))
    return Answer.YES


def _run(stack: ExitStack, users: int, path: Path | None) -> dict[str, Any]:
    """Build the store and look at it from all sides."""
    from tempfile import TemporaryDirectory
    from time import perf_counter

    import cfacl
    from cfacl.cli.demo import scenario, tour
    from cfacl.cli.demo.loading import load, loading_policy
    from cfacl.cli.demo.records import key

    policy = scenario.policy()
    clock = tour.Clock()
    where = path or Path(stack.enter_context(TemporaryDirectory(prefix="cfacl-demo-")))
    db = stack.enter_context(cfacl.connect(where, policy=loading_policy(policy), clock=clock))
    db.create_tables()
    start = perf_counter()
    with ExitStack() as bar:
        loaded = load(db, users, _progress(bar, users))
    took = perf_counter() - start
    person = key("account", 0)
    with busy("looking at it from all sides"):
        return {
            "policy": tour.catalog(policy),
            "clock": scenario.NOW,
            "store": {
                "directory": None if path is None else str(path),
                "users": users,
                "rows": loaded.rows,
                "cells": sum(loaded.cells.values()),
                "seconds": took,
            },
            "loading": tour.handover(db, policy),
            "row": tour.row(db, person),
            "scan": tour.scans(db, loaded.cells),
            "revoke": tour.revoke(db, policy, person),
            "cost": tour.cost(policy),
            "refusals": tour.refusals(db, clock),
            "waiting": tour.waiting(),
        }


def _seen(look: str, shown: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a row for each visitor and family: how many cells of it they saw."""
    for view in shown["views"]:
        for family in shown["families" if look == "row" else "stored"]:
            verdict = "refused" if view["refused"] else "withheld" if family in view["withheld"] else "granted"
            cells = view["cells"]
            count = sum(each.startswith(f"{family}:") for each in cells) if look == "row" else cells.get(family, 0)
            yield {**view, "look": look, "table": shown["table"], "family": family, "verdict": verdict, "cells": count}


def _progress(stack: ExitStack, users: int) -> Callable[[], object]:
    """Return what to call after each user: it moves a bar on stderr, if that is a terminal."""
    screen = console(stderr=True)
    if not screen.is_terminal:
        return lambda: None
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("making up users"), BarColumn(), MofNCompleteColumn())
    bar = stack.enter_context(Progress(*columns, console=screen, transient=True))
    task = bar.add_task("", total=users)
    return lambda: bar.advance(task)
