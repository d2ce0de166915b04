"""Where commands read from: a file, or standard input for `-`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cfacl.errors import Fault, PolicyError

if TYPE_CHECKING:
    from cfacl import Policy

STDIN: Final = Path("-")
#: What faults call standard input.
_STDIN_NAME: Final = "standard input"

PolicyArgument = Annotated[
    Path, typer.Argument(metavar="POLICY", help="The policy, a TOML file; `-` for stdin.", show_default=False)
]


def name(file: Path) -> str:
    """Return what faults call a file."""
    return _STDIN_NAME if file == STDIN else str(file)


def read(file: Path, limit: int = -1) -> bytes:
    """Return what a file holds, or standard input for `-`; not more than ``limit`` bytes, if that is not negative.

    Raises:
        PolicyError: it cannot be read; without the file's name, which the caller gives to all its faults.
    """
    try:
        if file != STDIN:
            with file.open("rb") as opened:
                return opened.read(limit)
        if sys.stdin is None:  # closed by whoever started this
            raise PolicyError([Fault("", "cannot be read: it is closed; name a file")])
        return sys.stdin.buffer.read(limit)
    except OSError as error:
        raise PolicyError([Fault("", f"cannot be read: {(error.strerror or 'unknown').lower()}")]) from error


def policy(file: Path) -> Policy:
    """Read a policy from a file, or from standard input for `-`.

    Raises:
        PolicyError: as `Policy.load`.
    """
    import cfacl
    from cfacl.policy.syntax import MAX_SIZE, decode

    if file != STDIN:
        return cfacl.Policy.load(file)
    try:
        return cfacl.Policy.loads(decode(read(file, MAX_SIZE + 1)))
    except PolicyError as error:
        raise PolicyError(error.faults, _STDIN_NAME) from None
