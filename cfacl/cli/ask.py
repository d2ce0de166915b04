"""`cfacl explain`, `cfacl who` and `cfacl what`: the three questions that a policy answers."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from time import time_ns
from typing import TYPE_CHECKING, Annotated, Final, cast

import typer

from cfacl.api.arguments import known_principal
from cfacl.cli import completion, source
from cfacl.cli.explained import COLUMNS, as_document, remedied, rows, tell
from cfacl.cli.files import HtmlOption, alone, write_page
from cfacl.cli.screen import Answer, Format, FormatOption, busy, listing, print_csv, print_json
from cfacl.cli.source import PolicyArgument, UnsoundPolicy
from cfacl.errors import PolicyError, RequestError, UnknownPurpose, quoted
from cfacl.model.grants import moment, nanoseconds
from cfacl.model.names import nearest

if TYPE_CHECKING:
    from cfacl import Database, Policy
    from cfacl.cli.pages.who import Question
    from cfacl.engine.explain import Explanation
    from cfacl.model.action import Action
    from cfacl.policy.remedy.search import Obstacle, Remedy
    from cfacl.policy.text.places import Spot


#: The columns of answers.
_HOLDERS: Final = ("principal", "purpose", "since", "until", "via")
_PERMISSIONS: Final = ("table", "family", "action", "purpose", "since", "until", "via")
#: How many purposes a message lists.
_LISTED: Final = 12


def _instant(text: str | datetime) -> datetime:
    try:
        at = text if isinstance(text, datetime) else datetime.fromisoformat(text.upper())  # Python knows no `z`
    except ValueError:
        raise typer.BadParameter(f"must be a time such as 2027-01-31T12:00:00Z, not {quoted(text)}") from None
    if at.tzinfo is None:
        raise typer.BadParameter("has no offset; write a time such as 2027-01-31T12:00:00Z")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise typer.BadParameter("lies outside the years 1 to 9999 of utc; take a nearer time") from None


Who = Annotated[
    str,
    typer.Argument(metavar="PRINCIPAL", help="Who asks.", show_default=False, autocompletion=completion.principals),
]
What = Annotated[
    str,
    typer.Argument(
        metavar="ACTION",
        help="`read`, `write`, `delete` or `admin`.",
        show_default=False,
        autocompletion=completion.actions,
    ),
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
            autocompletion=completion.families,
        ),
    ],
    purpose: Annotated[
        str,
        typer.Option(
            "--purpose",
            metavar="PURPOSE",
            help="For which purpose.",
            show_default=False,
            autocompletion=completion.purposes,
        ),
    ],
    at: At = None,
    form: FormatOption = Format.TABLE,
) -> int:
    """Say whether a principal may do something, and why or why not.

    Each family is told with the grants and restrictions that count, and with what is missing. On a denial there is the
    smallest change of the policy that would allow it, and who else gains or loses by that: of the fewest edits, then of the
    fewest that others gain, then of the fewest that they lose. Where there were too many to compare all, it says so.

    A change may give or widen a grant, an assignment or a clearance; narrow, end or take out a restriction; and take from the
    principal an assignment, or from a role what it inherits. It keeps what the policy says of itself. Where none does, the
    nearest is told with the lines that it breaks, and who else gains or loses by it: no `never` or `expect` line is ever
    changed, nor a family's level, a principal's kind, or what others hold.

    Exit code 0 if it may, 1 if not.
    """
    named = [_family(each) for each in families]
    if len({table for table, _ in named}) > 1:
        raise RequestError("the families are of several tables; ask for one table at a time")
    now = _nanoseconds(at)
    written = source.text(policy) if policy == source.STDIN else None  # it can be read once
    with busy("looking for reasons"), _open(policy, now, written) as db:
        known_purpose(db.policy, purpose)
        session = db.session(known_principal(principal, db.policy.principals), purpose=purpose)
        explanation = session.explain(cast("Action", action), named[0][0], *(family for _, family in named))
        found = None if explanation.allowed else _remedy(db, explanation, now)
        spots = _spots(policy, written, found)
    file = source.name(policy)
    if form is Format.JSON:
        print_json({**as_document(explanation), "remedy": None if found is None else remedied(found, file, spots)})
    elif form is Format.CSV:
        print_csv(COLUMNS, rows(explanation, found))
    else:
        tell(explanation, found, file, spots)
    return Answer.YES if explanation.allowed else Answer.NO


def who(
    policy: PolicyArgument,
    action: What,
    family: Annotated[
        str,
        typer.Argument(
            metavar="TABLE:FAMILY", help="To which data.", show_default=False, autocompletion=completion.families
        ),
    ],
    purpose: Annotated[
        str | None,
        typer.Option(
            "--purpose",
            metavar="PURPOSE",
            help="For which purpose; any if left out.",
            show_default=False,
            autocompletion=completion.purposes,
        ),
    ] = None,
    at: At = None,
    html: HtmlOption = None,
    form: FormatOption = Format.TABLE,
) -> int:
    """List everybody who may do something to a family.

    With each stand the purpose, the time and the grants by which it may. As a page, to forward, it tells of which policy and
    which time that holds, too, and the reasons that the grants give.

    Exit code 0, also where it is nobody: a list is an answer. `explain` says yes or no.
    """
    alone(html, form)
    table, name = _family(family)
    now = _nanoseconds(at)
    if html is not None:
        from cfacl.cli.pages.who import Question

        asked = Question(cast("Action", action), table, name, purpose, moment(now))
        write_page(_answered(policy, asked), html, policy)
        return Answer.YES
    with busy("asking"), _open(policy, now) as db:
        known_purpose(db.policy, purpose)
        holders = db.who(cast("Action", action), table, name, purpose=purpose)
    found = [each._asdict() for each in holders]
    if form is Format.JSON:
        print_json(found)
    elif form is Format.CSV:
        print_csv(_HOLDERS, found)
    else:
        listing(_HOLDERS, found, "nobody")
    return Answer.YES


def what(policy: PolicyArgument, principal: Who, at: At = None, form: FormatOption = Format.TABLE) -> int:
    """List everything that a principal may do, and by which grants.

    Exit code 0, also where it is nothing: a list is an answer. `explain` says yes or no.
    """
    with busy("asking"), _open(policy, _nanoseconds(at)) as db:
        permissions = db.what(principal)
    found = [each._asdict() for each in permissions]
    if form is Format.JSON:
        print_json(found)
    elif form is Format.CSV:
        print_csv(_PERMISSIONS, found)
    else:
        listing(_PERMISSIONS, found, "nothing")
    return Answer.YES


def _answered(file: Path, asked: Question) -> str:
    """Return the page that says who may do what was asked."""
    from cfacl.cli.pages.who import reasoned, who_page

    written = source.text(file)
    with busy("asking"), _open(file, nanoseconds(asked.at), written) as db:
        known_purpose(db.policy, asked.purpose)
        found = reasoned(db, asked)
    with busy("laying out"):
        return who_page(db.policy, source.fingerprint(written), asked, found)


def _remedy(db: Database, denied: Explanation, now: int) -> Remedy | Obstacle:
    from cfacl.policy.remedy.search import Request, remedy

    families = tuple(each.family for each in denied.families)
    asked = Request(denied.principal, denied.purpose, denied.action, denied.table, families, now)
    return remedy(db.policy, asked)


def _spots(file: Path, written: str | None, found: Remedy | Obstacle | None) -> dict[str, Spot]:
    """Return where the lines stand that a change breaks, by their paths."""
    from cfacl.policy.remedy.search import Obstacle
    from cfacl.policy.text.places import locate

    if not isinstance(found, Obstacle):
        return {}
    return locate(source.text(file) if written is None else written, [each.path for each in found.lines])


def _open(file: Path, now: int, written: str | None = None) -> Database:
    """Return a database that holds nothing and whose clock stands at ``now``: decisions need no data.

    Args:
        written: the text of the policy, if it was read.
    """
    import cfacl

    policy: Path | Policy = file
    if written is not None:
        policy = source.parsed(file, written)
    elif file == source.STDIN:
        policy = source.policy(file)
    try:
        return cfacl.connect("memory://", policy=policy, clock=lambda: now)  # by its path it is judged once
    except PolicyError as error:
        raise UnsoundPolicy(error, source.name(file), source.text(file)) from error


def _nanoseconds(at: datetime | None) -> int:
    """Return a time in nanoseconds since 1970; now, if none is given."""
    return time_ns() if at is None else nanoseconds(at)


def known_purpose(policy: Policy, purpose: str | None) -> None:
    """Refuse a purpose that the policy does not have, and say which it has."""
    known = sorted(policy.catalog.purposes)
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
