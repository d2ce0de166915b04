"""`cfacl diff`: who gains and who loses what between two policies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cfacl.cli.screen import Answer, Format, FormatOption, listing, print_json
from cfacl.errors import Fault, PolicyError

if TYPE_CHECKING:
    from cfacl import Policy


def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The policy as it was.", show_default=False)],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The policy as it is to be.", show_default=False)],
    form: FormatOption = Format.TABLE,
) -> int:
    """List who gains and who loses what between two policies; access, not lines.

    Exit code 0 if nobody does, 1 if anybody does.
    """
    import cfacl

    faults: list[Fault] = []
    policies = [_load(each, faults) for each in (old, new)]
    before, after = policies
    if before is None or after is None:
        raise PolicyError(faults)
    changes = cfacl.diff(before, after)
    if form is Format.JSON:
        print_json([change._asdict() for change in changes])
    else:
        rows = [{"": "gains" if each.gains else "loses", **each._asdict()} for each in changes]
        columns = ("principal", "", "action", "table", "family", "purpose", "since", "until")
        listing(columns, rows, "nobody gains or loses anything")
    return Answer.NO if changes else Answer.YES


def _load(file: Path, faults: list[Fault]) -> Policy | None:
    """Return a policy, or ``None`` with its faults added, each with the file that it stands in."""
    import cfacl

    try:
        return cfacl.Policy.load(file)
    except PolicyError as error:
        faults += [Fault(f"{file}: {fault.path}" if fault.path else str(file), fault.message) for fault in error.faults]
        return None
