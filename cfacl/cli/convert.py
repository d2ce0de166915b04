"""`cfacl import`: from pairs of a user and a permission to a policy."""

from __future__ import annotations

import sys
from codecs import BOM_UTF8
from pathlib import Path
from typing import Annotated

import typer

from cfacl.cli import source
from cfacl.cli.screen import Answer, Format, FormatOption, print_json
from cfacl.errors import Fault, PolicyError


def import_pairs(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Lines of `user permission`; `-` for stdin.", show_default=False),
    ],
    table: Annotated[
        str, typer.Option("--table", metavar="NAME", help="The table whose families the permissions become.")
    ] = "resources",
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What the policy is called.")] = "imported",
    form: FormatOption = Format.TABLE,
) -> int:
    """Turn a list of users and their permissions into a policy.

    It is printed as TOML, and gives each user exactly the permissions on their lines. Users with equal permissions share a role.
    """
    from cfacl.policy.pairs import policy_from_pairs, read_pairs

    try:
        policy = policy_from_pairs(read_pairs(_lines(file)), table=table, name=name)
    except PolicyError as error:
        raise PolicyError(error.faults, source.name(file)) from None
    text = policy.dumps()
    if form is Format.JSON:
        import tomllib

        print_json(tomllib.loads(text))
    else:
        sys.stdout.buffer.write(text.encode())  # TOML is UTF-8, whatever the terminal speaks
    return Answer.YES


def _lines(file: Path) -> list[str]:
    from cfacl.policy.syntax import MAX_SIZE

    raw = source.read(file, MAX_SIZE + 1)
    if len(raw) > MAX_SIZE:
        raise PolicyError([Fault("", f"is longer than {MAX_SIZE // 1024**2} MiB; split it")])
    if raw.startswith(BOM_UTF8):
        raise PolicyError([Fault("line 1", "starts with a byte order mark; save the file as utf-8 without it")])
    try:
        return raw.decode().split("\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise PolicyError([Fault(f"line {line}", "is not utf-8; convert the file")]) from None
