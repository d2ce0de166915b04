"""What the shell completes: names out of the policy that stands on the line.

It is read as TOML and no further, so that a policy that does not load completes too; what can't be read completes
nothing, for an error has no place in the middle of a line.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import typer

from cfacl.model.action import ACTIONS

#: The longest policy that is read for it, in bytes: about a second's worth.
_LONGEST: Final = 4 * 1024 * 1024


def actions(incomplete: str) -> list[str]:
    """Return the actions that begin so."""
    return _beginning(incomplete, ACTIONS)


def principals(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the principals that begin so."""
    return _beginning(incomplete, _section(_document(ctx), "principals"))


def purposes(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the purposes that begin so."""
    declared = _section(_document(ctx), "policy").get("purposes")
    return _beginning(incomplete, declared if isinstance(declared, list) else ())


def families(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the families that begin so, as ``table:family``."""
    return _beginning(incomplete, _families(_document(ctx)))


def _families(document: dict[str, Any]) -> Iterator[str]:
    tables = _section(document, "tables")
    for table in tables:
        for family in _section(_section(tables, table), "families"):
            yield f"{table}:{family}"


def _beginning(incomplete: str, names: Iterable[Any]) -> list[str]:
    return sorted(
        each for each in names if isinstance(each, str) and each.startswith(incomplete) and each.isprintable()
    )


def _document(ctx: typer.Context) -> dict[str, Any]:
    # Behind an option that still lacks its value, arguments are not yet told apart.
    file = Path(str(ctx.params.get("policy") or next(iter(ctx.args), "")))
    with suppress(OSError, ValueError, RecursionError), file.open("rb") as opened:
        raw = opened.read(_LONGEST + 1)
        if len(raw) <= _LONGEST:
            return tomllib.loads(raw.decode())
    return {}


def _section(document: dict[str, Any], name: str) -> dict[str, Any]:
    section = document.get(name)
    return section if isinstance(section, dict) else {}
