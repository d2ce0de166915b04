"""`cfacl explain`, `cfacl who` and `cfacl what`: the three questions that a policy answers."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import typer

from cfacl.api.arguments import known_principal
from cfacl.cli import source
from cfacl.cli.screen import Answer, Format, FormatOption, listing, print_json, say
from cfacl.cli.source import PolicyArgument
from cfacl.errors import RequestError, UnknownPurpose, quoted
from cfacl.model.names import nearest

if TYPE_CHECKING:
    from cfacl import Database
    from cfacl.engine.explain import Explanation
    from cfacl.model.action import Action


#: How many purposes a message lists.
_LISTED: Final = 12


def _instant(text: str | datetime) -> datetime:
    try:
        at = text if isinstance(text, datetime) else datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"must be a time such as 2027-01-31T12:00:00Z, not {quoted(text)}") from None
    if at.tzinfo is None:
        raise typer.BadParameter("has no offset; write a time such as 2027-01-31T12:00:00Z")
    return at


Who = Annotated[str, typer.Argument(metavar="PRINCIPAL", help="Who asks.", show_default=False)]
What = Annotated[
    str, typer.Argument(metavar="ACTION", help="`read`, `write`, `delete` or `admin`.", show_default=False)
]
At = Annotated[
    datetime | None,
    typer.Option(
        "--at",
        parser=_instant,
        metavar="TIME",
        help="When, as 2027-01-31T12:00:00Z; now if left out.",
        show_default=False,
    ),
]


def explain(
    policy: PolicyArgument,
    principal: Who,
    action: What,
    families: Annotated[
        list[str],
        typer.Argument(
            metavar="TABLE:FAMILY",
            help="To which data; several of one table are asked for together.",
            show_default=False,
        ),
    ],
    purpose: Annotated[
        str, typer.Option("--purpose", metavar="PURPOSE", help="For which purpose.", show_default=False)
    ],
    at: At = None,
    form: FormatOption = Format.TABLE,
) -> int:
    """Say whether a principal may do something, and why or why not.

    Each family is told with the grants and restrictions that count, and with what is missing. Exit code 0 if it may, 1 if not.
    """
    named = [_family(each) for each in families]
    if len({table for table, _ in named}) > 1:
        raise RequestError("the families are of several tables; ask for one table at a time")
    with _open(policy, at) as db:
        _known_purpose(db, purpose)
        session = db.session(known_principal(principal, db.policy.principals), purpose=purpose)
        explanation = session.explain(cast("Action", action), named[0][0], *(family for _, family in named))
    if form is Format.JSON:
        print_json(as_document(explanation))
    else:
        say(*str(explanation).split("\n"))
    return Answer.YES if explanation.allowed else Answer.NO


def who(
    policy: PolicyArgument,
    action: What,
    family: Annotated[str, typer.Argument(metavar="TABLE:FAMILY", help="To which data.", show_default=False)],
    purpose: Annotated[
        str | None,
        typer.Option("--purpose", metavar="PURPOSE", help="For which purpose; any if left out.", show_default=False),
    ] = None,
    at: At = None,
    form: FormatOption = Format.TABLE,
) -> int:
    """List everybody who may do something to a family.

    With each stand the purpose, the time and the grants by which it may.
    """
    with _open(policy, at) as db:
        _known_purpose(db, purpose)
        holders = db.who(cast("Action", action), *_family(family), purpose=purpose)
    rows = [each._asdict() for each in holders]
    if form is Format.JSON:
        print_json(rows)
    else:
        listing(("principal", "purpose", "since", "until", "via"), rows, "nobody")
    return Answer.YES


def what(policy: PolicyArgument, principal: Who, at: At = None, form: FormatOption = Format.TABLE) -> int:
    """List everything that a principal may do, and by which grants."""
    with _open(policy, at) as db:
        permissions = db.what(principal)
    rows = [each._asdict() for each in permissions]
    if form is Format.JSON:
        print_json(rows)
    else:
        listing(("table", "family", "action", "purpose", "since", "until", "via"), rows, "nothing")
    return Answer.YES


def as_document(explanation: Explanation) -> dict[str, Any]:
    """Return an explanation as a document for JSON."""
    import attrs

    return attrs.asdict(explanation)


def _open(file: Path, at: datetime | None) -> Database:
    """Return a database that holds nothing and whose clock stands at ``at``: decisions need no data."""
    from time import time_ns

    import cfacl
    from cfacl.model.grants import nanoseconds

    now = time_ns() if at is None else nanoseconds(at)
    return cfacl.connect("memory://", policy=source.policy(file) if file == source.STDIN else file, clock=lambda: now)


def _known_purpose(db: Database, purpose: str | None) -> None:
    """Refuse a purpose that the policy does not have, and say which it has."""
    known = sorted(db.policy.catalog.purposes)
    if purpose is not None and purpose not in known:
        listed = f"its purposes are {', '.join(f'`{each}`' for each in known)}" if known else "it declares none"
        if len(known) > _LISTED:
            listed = "`policy.purposes` lists them"
        raise UnknownPurpose(f"unknown purpose {quoted(purpose)}{nearest(purpose, known) or f'; {listed}'}")


def _family(name: str) -> tuple[str, str]:
    table, colon, family = name.partition(":")
    if not colon:
        raise RequestError(f"{quoted(name)} is no family; write `table:family`")
    return table, family
