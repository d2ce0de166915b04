"""`cfacl matrix`: what each role may do to each family."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cfacl.cli import source
from cfacl.cli.ask import At, known_purpose
from cfacl.cli.files import HtmlOption, alone, write_page
from cfacl.cli.screen import Answer, Format, FormatOption, busy, listing, print_csv, print_json, say, stamp
from cfacl.cli.source import PolicyArgument
from cfacl.errors import quoted

if TYPE_CHECKING:
    import cfacl
    from cfacl.policy.matrix import Matrix, Part

#: The colours of levels, lowest first; ladders of other lengths are spread over them.
_COLOURS: Final = ("green", "cyan", "yellow", "magenta", "red")


def matrix(
    policy: PolicyArgument,
    table: Annotated[
        list[str] | None,
        typer.Option(
            "--table", metavar="TABLE", help="Families of this table alone; may be repeated.", show_default=False
        ),
    ] = None,
    role: Annotated[
        list[str] | None,
        typer.Option("--role", metavar="ROLE", help="This role alone; may be repeated.", show_default=False),
    ] = None,
    level: Annotated[
        list[str] | None,
        typer.Option(
            "--level", metavar="LEVEL", help="Families of this level alone; may be repeated.", show_default=False
        ),
    ] = None,
    purpose: Annotated[
        str | None,
        typer.Option("--purpose", metavar="PURPOSE", help="For which purpose; any if left out.", show_default=False),
    ] = None,
    at: At = None,
    html: HtmlOption = None,
    form: FormatOption = Format.TABLE,
) -> int:
    """Show what each role may do to each family.

    That is what somebody may do who holds this role and no other. A row is a family and what some roles may do to it: `r` read, `w` write, `d` delete, `a` admin.

    Exit code 0, also where no role may do anything: a list is an answer.
    """
    from cfacl.policy.matrix import matrix as found_in

    alone(html, form)
    with busy("asking"):
        written = source.text(policy)
        loaded = source.parsed(policy, written)
        known_purpose(loaded, purpose)
        found = found_in(
            loaded,
            datetime.now(UTC) if at is None else at,
            purpose=purpose,
            roles=role or (),
            tables=table or (),
            levels=level or (),
        )
    if html is not None:
        from cfacl.cli.pages.matrix import matrix_page

        with busy("laying out"):
            page = matrix_page(loaded, source.fingerprint(written), found)
        write_page(page, html, policy)
    elif form is Format.JSON:
        print_json(as_document(loaded, found))
    elif form is Format.CSV:
        columns = ("role", "table", "family", "level", "action", "purpose", "since", "until", "via")
        print_csv(columns, _lines(found))
    else:
        letters = "`r` read, `w` write, `d` delete, `a` admin"
        what = "any purpose" if purpose is None else quoted(purpose)
        say(f"policy {quoted(loaded.name)} at {stamp(found.at)}, for {what}: {letters}")
        rows = list(_rows(found, everything=not role))
        listing(("family", "level", "may", "roles"), rows, "none of these roles may do anything", _styles(loaded))
    return Answer.YES


def letters(part: Part) -> str:
    """Return what may be done as letters, each in a place of its own: ``rw--``."""
    from cfacl.model.action import ACTIONS

    return "".join(each[0] if each in part.actions else "-" for each in ACTIONS)


def _rows(found: Matrix, *, everything: bool) -> Iterator[dict[str, str]]:
    """Yield a row for all roles that may do the same to a family; ``everything``: families that nobody may touch, too."""
    may: dict[tuple[str, str], dict[str, list[str]]] = {}
    for part in found.parts:
        said = part.role + _ending(part)
        for family in part.families:
            may.setdefault((part.table, family), {}).setdefault(letters(part), []).append(said)
    for table, listed in found.families:
        given = may.get((table, listed.name), {"----": ["nobody"]} if everything else {})
        for word, roles in sorted(given.items()):
            yield {"family": f"{table}:{listed.name}", "level": listed.level, "may": word, "roles": ", ".join(roles)}


def _ending(part: Part) -> str:
    """Say when some rights end: all at once, or the first of them, while others go on."""
    ends = {each.until for each in part.rights}
    first = min((each for each in ends if each is not None), default=None)
    return "" if first is None else f" ({'until' if len(ends) == 1 else 'in part until'} {stamp(first)})"


def _styles(policy: cfacl.Policy) -> dict[tuple[str, str], str]:
    levels = policy.catalog.levels
    return {
        ("level", level): _COLOURS[rank * (len(_COLOURS) - 1) // max(1, len(levels) - 1)]
        for rank, level in enumerate(levels)
    }


def _lines(found: Matrix) -> Iterator[dict[str, Any]]:
    level = {(table, family.name): family.level for table, family in found.families}
    for part in found.parts:
        for family in part.families:
            place = {"role": part.role, "table": part.table, "family": family, "level": level[part.table, family]}
            for right in part.rights:
                yield {**place, **right._asdict(), "via": tuple(dict.fromkeys(each.path for each in right.via))}


def as_document(policy: cfacl.Policy, found: Matrix) -> dict[str, Any]:
    """Return a matrix as a document for JSON: what may not be done is not in it."""
    return {
        "policy": policy.name,
        "at": found.at,
        "purpose": found.purpose,
        "levels": policy.catalog.levels,
        "roles": [
            {"role": each.name, "clearance": each.clearance, "inherits": sorted(each.inherits)} for each in found.roles
        ],
        "families": [
            {"table": table, "family": each.name, "level": each.level, "purposes": sorted(each.purposes)}
            for table, each in found.families
        ],
        "parts": [
            {
                "role": part.role,
                "table": part.table,
                "families": part.families,
                "rights": [
                    {**right._asdict(), "via": [ground._asdict() for ground in right.via]} for right in part.rights
                ],
            }
            for part in found.parts
        ],
    }
