"""`cfacl test`: does a policy do what it says of itself, and how much of it is said?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cfacl.cli import source
from cfacl.cli.screen import Answer, Format, FormatOption, busy, counted, listing, print_csv, print_json, say
from cfacl.cli.source import PolicyArgument

if TYPE_CHECKING:
    from cfacl.policy.text.places import Spot
    from cfacl.policy.trial import Trial, TriedGrant, TriedLine

#: What is said of a line, or of a grant; and to people.
_COLUMNS: Final = ("verdict", "file", "line", "column", "path", "told")
_SHOWN: Final = ("verdict", "where", "path", "told")


def _percent(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 100:  # noqa: PLR2004  # of a hundred
        raise typer.BadParameter(f"must be a number from 0 to 100, not `{text}`")
    return number


def try_lines(
    policy: PolicyArgument,
    fail_under: Annotated[
        float | None,
        typer.Option(
            "--fail-under",
            parser=_percent,
            metavar="PERCENT",
            help="Exit code 1 also if fewer grants of a hundred are tested.",
            show_default=False,
        ),
    ] = None,
    form: FormatOption = Format.TABLE,
) -> int:
    """Run a policy's own tests; list the grants that none tests.

    These are its `never` and `expect` lines. Each is told with its place, also of a policy that does not load because of one. A grant is tested if some `expect` line that
    holds would fail without it. It is exercised if what a line says is `allowed` is allowed by it, perhaps beside others.

    Exit code 0 if all lines hold, 1 if one fails or too little is tested, 2 if it is no policy.
    """
    from cfacl.policy.text.places import locate
    from cfacl.policy.trial import trial

    text = source.text(policy)
    with busy("testing"):
        read = source.unjudged(policy, text)
        tried = trial(read)
        spots = locate(text, [*(each.path for each in tried.lines), *(each.path for each in tried.grants)])
    name = source.name(policy)
    lines = [{**_line(each), **_place(name, spots, each.path)} for each in tried.lines]
    grants = [{**_grant(each), **_place(name, spots, each.path)} for each in tried.grants]
    enough = fail_under is None or tried.coverage >= fail_under
    if form is Format.JSON:
        print_json(_document(read.name, tried, name, spots))
    elif form is Format.CSV:
        print_csv(_COLUMNS, [*lines, *grants])
    else:
        listing(_SHOWN, _with_place(lines), "it has no `expect` and no `never` lines")
        if grants:
            untested = [each for each in grants if each["verdict"] != "tested"]
            listing(_SHOWN, _with_place(untested), "every grant is tested")
        failed = sum(not each.holds for each in tried.lines)
        tested = sum(each.tested for each in tried.grants)
        fails = counted(failed, "fails", "fail") if failed else "none fails"
        held = f"{counted(len(tried.lines) - failed, 'line holds', 'lines hold')}, {fails}; " if tried.lines else ""
        share = f"{tested:,} of {counted(len(tried.grants), 'grant is', 'grants are')} tested, {tried.coverage:.0f} %"
        say(held + (share if tried.grants else "there are no grants to test"))
    return Answer.YES if tried.holds and enough else Answer.NO


def _line(line: TriedLine) -> dict[str, Any]:
    return {"verdict": "holds" if line.holds else "fails", "path": line.path, "told": line.failures}


def _grant(grant: TriedGrant) -> dict[str, Any]:
    told = "the lines hold without it too" if grant.exercised else "no line is allowed by it"
    return {
        "verdict": "tested" if grant.tested else "not tested",
        "path": grant.path,
        "told": "" if grant.tested else told,
    }


def _place(file: str, spots: Mapping[str, Spot], path: str) -> dict[str, Any]:
    return {"file": file, "line": spots[path].line, "column": spots[path].column}


def _with_place(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**each, "where": f"{each['file']}:{each['line']}"} for each in rows]


def _document(name: str, tried: Trial, file: str, spots: Mapping[str, Spot]) -> dict[str, Any]:
    import attrs

    return {
        "policy": name,
        "holds": tried.holds,
        "coverage": tried.coverage,
        "lines": [
            {"path": each.path, "holds": each.holds, "failures": each.failures, **_place(file, spots, each.path)}
            for each in tried.lines
        ],
        "grants": [{**attrs.asdict(each), **_place(file, spots, each.path)} for each in tried.grants],
    }
