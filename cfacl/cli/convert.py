"""`cfacl import`: from pairs of a user and a permission to a policy."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from cfacl.cli.screen import Answer, Format, FormatOption, print_json
from cfacl.errors import Fault, PolicyError

_STDIN: Final = Path("-")


def import_pairs(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Lines of `user permission`; `-` for stdin.", show_default=False),
    ],
    table: Annotated[
        str, typer.Option("--table", help="The table whose families the permissions become.")
    ] = "resources",
    name: Annotated[str, typer.Option("--name", help="What the policy is called.")] = "imported",
    form: FormatOption = Format.TABLE,
) -> int:
    """Turn a list of users and their permissions into a policy.

    It is printed as TOML, and gives each user exactly the permissions on their lines. Users with equal permissions share a role.
    """
    from cfacl.policy.pairs import policy_from_pairs, read_pairs

    try:
        policy = policy_from_pairs(read_pairs(_lines(file)), table=table, name=name)
    except PolicyError as error:
        raise PolicyError(error.faults, "standard input" if file == _STDIN else str(file)) from None
    text = policy.dumps()
    if form is Format.JSON:
        import tomllib

        print_json(tomllib.loads(text))
    else:
        sys.stdout.buffer.write(text.encode())  # TOML is UTF-8, whatever the terminal speaks
    return Answer.YES


def _lines(file: Path) -> list[str]:
    try:
        raw = sys.stdin.buffer.read() if file == _STDIN else file.read_bytes()
    except OSError as error:
        raise PolicyError([Fault("", f"cannot be read: {str(error.strerror).lower()}")]) from error
    try:
        return raw.decode().split("\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise PolicyError([Fault(f"line {line}", "is not utf-8; convert the file")]) from None
