"""Where commands read from: a file, or standard input for `-`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cfacl.errors import Fault, PolicyError

if TYPE_CHECKING:
    from cfacl import Policy
    from cfacl.policy.text.places import Spot

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
    if file == STDIN and sys.stdin is None:  # closed by whoever started this
        raise PolicyError([Fault("", "cannot be read: it is closed; name a file")])
    try:
        if file == STDIN:
            return sys.stdin.buffer.read(limit)
        with file.open("rb") as opened:
            return opened.read(limit)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = (error.strerror if isinstance(error, OSError) else None) or "no file can have this name"
        raise PolicyError([Fault("", f"cannot be read: {reason.lower()}")]) from error


class UnsoundPolicy(PolicyError):
    """A policy that was read and does not load, with its text, by which the places of its faults are found."""

    def __init__(self, error: PolicyError, source: str, text: str) -> None:
        super().__init__(error.faults, source)
        self.text = text

    def spots(self) -> dict[str, Spot]:
        """Return where the faults stand, by their paths."""
        from cfacl.policy.text.places import locate

        return locate(self.text, [each.path for each in self.faults])


def text(file: Path) -> str:
    """Return the text of a policy's file, or of standard input for `-`.

    Raises:
        PolicyError: it cannot be read, is too long, or is no UTF-8.
    """
    from cfacl.policy.document.syntax import MAX_SIZE, decode

    try:
        return decode(read(file, MAX_SIZE + 1))
    except PolicyError as error:
        raise PolicyError(error.faults, name(file)) from None


def fingerprint(written: str) -> str:
    """Return the SHA-256 of a policy's text, as `sha256sum` tells it of the file."""
    import hashlib  # which takes longer to load than all else here

    return hashlib.sha256(written.encode()).hexdigest()


def policy(file: Path) -> Policy:
    """Read a policy from a file, or from standard input for `-`.

    Raises:
        PolicyError: as `Policy.load`.
    """
    return parsed(file, text(file))


def parsed(file: Path, written: str) -> Policy:
    """Return the policy that a file's text describes.

    Raises:
        UnsoundPolicy: it does not load.
    """
    import cfacl

    try:
        return cfacl.Policy.loads(written)
    except PolicyError as error:
        raise UnsoundPolicy(error, name(file), written) from error


def unjudged(file: Path, written: str) -> Policy:
    """Return the policy that a file's text describes, of which `never` and `expect` lines may not hold.

    Raises:
        UnsoundPolicy: it does not load for another reason.
    """
    from cfacl.policy.document import reader

    try:
        return reader.read(written)
    except PolicyError as error:
        raise UnsoundPolicy(error, name(file), written) from error
