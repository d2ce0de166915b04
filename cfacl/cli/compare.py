"""`cfacl diff`: who gains and who loses what between two policies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cfacl.cli.screen import Answer, Format, FormatOption, listing, print_json


def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The policy as it was.", show_default=False)],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The policy as it is to be.", show_default=False)],
    form: FormatOption = Format.TABLE,
) -> int:
    """List who gains and who loses what between two policies.

    Access is compared and not the text. Exit code 0 if nobody does, 1 if anybody does.
    """
    import cfacl

    policies, errors = [], []
    for file in (old, new):
        try:
            policies.append(cfacl.Policy.load(file))
        except cfacl.PolicyError as error:
            errors.append(error)
    if errors:
        raise ExceptionGroup("policies that do not load", errors)
    before, after = policies
    changes = cfacl.diff(before, after)
    if form is Format.JSON:
        print_json([change._asdict() for change in changes])
    else:
        rows = [{"": "gains" if each.gains else "loses", **each._asdict()} for each in changes]
        columns = ("principal", "", "action", "table", "family", "purpose", "since", "until")
        listing(columns, rows, "nobody gains or loses anything")
    return Answer.NO if changes else Answer.YES
