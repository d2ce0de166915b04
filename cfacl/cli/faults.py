"""What kept a subcommand from its answer: one fault a line on stderr, or a document where JSON was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cfacl.cli.screen import Answer, print_json, say
from cfacl.cli.source import UnsoundPolicy
from cfacl.errors import PolicyError


def tell(error: Exception | str, *, json: bool) -> int:
    """Tell an error, or what is wrong with a command line, and return the exit code.

    In JSON each fault has its file, its path, and the line and the column, ``null`` where they are not known.
    """
    faults = listed(error)
    if json:
        print_json({"faults": faults})
    else:
        say(*map(_line, faults), err=True)
    return Answer.UNKNOWN


def _line(fault: dict[str, Any]) -> str:
    """Return a fault as compilers tell one: ``home.toml:3:1: policy.purposs: ...``."""
    from cfacl.policy.text.places import SYNTAX

    where, path = fault["file"] or "cfacl", fault["path"]
    if fault["line"] is not None:
        where = f"{where}:{fault['line']}:{fault['column']}"
        path = "" if SYNTAX.fullmatch(path) else path
    return ": ".join(filter(None, (where, path, fault["message"])))


def _said(path: str) -> tuple[int, int] | tuple[None, None]:
    """Return the line and the column that a fault says itself."""
    from cfacl.policy.text.places import SYNTAX

    said = SYNTAX.fullmatch(path)
    return (int(said[1]), int(said[2])) if said and said[1] else (None, None)


def listed(error: Exception | str) -> list[dict[str, Any]]:
    """Return the faults of an error as documents for JSON."""
    return list(_faults(error))


def _faults(error: Exception | str) -> Iterator[dict[str, Any]]:
    if isinstance(error, ExceptionGroup):
        for each in error.exceptions:
            yield from _faults(each)
    elif isinstance(error, PolicyError):
        spots = error.spots() if isinstance(error, UnsoundPolicy) else {}
        for fault in error.faults:
            spot = spots.get(fault.path)
            line, column = (spot.line, spot.column) if spot else _said(fault.path)
            yield {"file": error.source, **fault._asdict(), "line": line, "column": column}
    else:
        yield {"file": None, "path": "", "message": str(error), "line": None, "column": None}
