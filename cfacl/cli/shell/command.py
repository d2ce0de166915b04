"""`cfacl shell`: a store as one principal sees it, line by line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cfacl.cli import source
from cfacl.cli.screen import Answer, Format, FormatOption, busy, say
from cfacl.errors import AccessDenied, CfaclError, RequestError, Unsupported

if TYPE_CHECKING:
    from cfacl import Database, Policy
    from cfacl.cli.shell.commands import Shell


def shell(
    store: Annotated[
        str,
        typer.Argument(
            metavar="STORE",
            help="A URL, as `hbase://host:9090`, or a directory; `memory://` to try.",
            show_default=False,
        ),
    ],
    policy: Annotated[
        Path, typer.Option("--policy", metavar="POLICY", help="The policy, a TOML file.", show_default=False)
    ],
    principal: Annotated[str, typer.Option("--as", metavar="PRINCIPAL", help="Who asks.", show_default=False)],
    purpose: Annotated[
        str, typer.Option("--purpose", metavar="PURPOSE", help="For which purpose.", show_default=False)
    ],
    write: Annotated[
        bool, typer.Option("--write", help="Take `put` and `delete` too, where the policy allows them.")
    ] = False,
    form: FormatOption = Format.TABLE,
) -> int:
    r"""Read a store as a principal, line by line.

    A line is as `row account u17` or `scan account u`; `help` lists the rest.

    On a terminal names are completed by the tab key, Ctrl-C drops a line and Ctrl-D ends. No line is kept when it has ended. Lines from a pipe or a file are done until one fails.

    Keys and values are bytes, written as Python writes them, `b'a\x00b'`. JSON is one document a line, and in it and in CSV bytes are as between these quotes.

    An embedded store may be in use meanwhile; with `--write` this process has it alone.

    Exit code of lines that are not typed: 0 if all were answered, 1 if one was refused, 2 if it made no sense or the store failed.
    """
    from cfacl.api.arguments import known_principal
    from cfacl.cli.shell.commands import Ended, Shell

    if policy == source.STDIN:
        raise RequestError("standard input is for what is to be done; name a file for the policy")
    with busy("opening"):
        opening = _open(store, source.policy(policy), changing=write)
    with opening as db:
        opened = Shell(db, known_principal(principal, db.policy.principals), purpose, form, changing=write)
        try:
            if sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty():
                return _typed(opened, form)
            return _read(opened, form)
        except Ended:
            return Answer.YES


def _open(store: str, policy: Policy, *, changing: bool) -> Database:
    """Open a store that is there; for reading only, where it can be opened so, unless it is to be changed."""
    import cfacl

    if store == "memory://":
        db = cfacl.connect(store, policy=policy)
        db.create_tables()  # it is empty, and ends with us
        return db
    try:
        db = cfacl.connect(store, policy=policy, read_only=True)  # which makes none where there is none
    except Unsupported:
        return cfacl.connect(store, policy=policy)
    if not changing:
        return db
    db.close()
    return cfacl.connect(store, policy=policy)


def _typed(shell: Shell, form: Format) -> int:
    from cfacl.cli.shell.prompt import typed

    for line in typed(shell):
        try:
            shell.run(line)
        except KeyboardInterrupt:
            say("interrupted", err=True)
        except CfaclError as error:
            _tell(error, "", form)
    return Answer.YES


def _read(shell: Shell, form: Format) -> int:
    answer = Answer.YES
    for number, line in _lines():
        try:
            answer = shell.run(line)
        except CfaclError as error:
            _tell(error, f"line {number}", form)
            answer = Answer.NO if isinstance(error, AccessDenied) else Answer.UNKNOWN
        sys.stdout.flush()  # whoever writes the lines may wait for it
        if answer is not Answer.YES:
            break
    return answer


def _lines() -> Iterator[tuple[int, str]]:
    if sys.stdin is None:  # closed by whoever started this
        raise RequestError("standard input is closed, and nobody is there to type")
    for number, line in enumerate(sys.stdin.buffer, 1):
        yield number, line.decode("utf-8", "surrogateescape")


def _tell(error: CfaclError, where: str, form: Format) -> None:
    if form is Format.JSON:
        typer.echo(json.dumps({"faults": [{"file": None, "path": where, "message": str(error)}]}))
    else:
        say(": ".join(filter(None, ("cfacl", where, str(error)))), err=True)
