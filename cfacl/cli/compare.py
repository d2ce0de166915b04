"""`cfacl diff`: who gains and who loses what between two policies, and what else changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cfacl.cli import source
from cfacl.cli.files import HtmlOption, alone, write_page
from cfacl.cli.screen import Answer, Format, FormatOption, busy, counted, listing, print_csv, print_json, say
from cfacl.errors import RequestError, quoted, quoted_path
from cfacl.model.names import nearest, offered

if TYPE_CHECKING:
    import cfacl
    from cfacl.policy.difference.remark import Remark

#: What is said of a change, as CSV, and of what else changed.
_CHANGE: Final = (
    "principal", "gains", "action", "table", "family", "columns", "but", "purpose", "since", "until",
)  # fmt: skip
_REMARK: Final = ("effect", "path", "message")
#: How many families a line on stderr names.
_NAMED: Final = 8


def diff(
    old: Annotated[
        Path, typer.Argument(metavar="OLD", help="The policy as it was; `-` for stdin.", show_default=False)
    ],
    new: Annotated[
        Path, typer.Argument(metavar="NEW", help="The policy as it is to be; `-` for stdin.", show_default=False)
    ],
    as_markdown: Annotated[
        bool,
        typer.Option(
            "--markdown",
            help="For a pull request: gains first, equal changes of many on one line, no longer than a comment may be.",
        ),
    ] = False,
    fail_on: Annotated[
        str | None,
        typer.Option(
            "--fail-on",
            metavar="LEVEL",
            help="Exit code 1 only if anybody gains on a family of this level or above, or one falls below it.",
            show_default=False,
        ),
    ] = None,
    html: HtmlOption = None,
    form: FormatOption = Format.TABLE,
) -> int:
    """List who gains and who loses by a change, and what else it does.

    Access is compared and not the text. What else changed is what nobody gains or loses by yet, as a level that falls, a
    `never` line that goes, or data that is kept for longer: what weakens the policy first, then what strengthens it.
    Names of roles, reasons, comments and the order of things make no difference.

    Exit code 0 if nothing changed, 1 if anything did. With `--fail-on LEVEL` it is 1 if anybody gains on a family of
    that level or above, and 0 otherwise, whoever loses and whatever else changed. A family counts by its old level or by
    its new one, whichever is higher: what was sensitive still is to those who gain it by a lower level. One that falls
    below the level fails by that alone, since the next change could give it to anybody.
    """
    import cfacl
    from cfacl.policy.difference.remarks import remarks

    alone(html, form)
    if old == new == source.STDIN:
        raise RequestError("standard input can be one of the two policies, and not both; name a file for the other")
    if as_markdown and (html is not None or form is not Format.TABLE):
        raise RequestError("`--markdown` is a form of its own; leave `--html` and `--format` out")
    policies, fingerprints, errors = [], [], []
    with busy("comparing"):
        for file in (old, new):
            try:
                written = source.text(file)
                fingerprints.append(source.fingerprint(written))
                policies.append(source.parsed(file, written))
            except cfacl.PolicyError as error:
                errors.append(error)
        if errors:
            raise ExceptionGroup("policies that do not load", errors)
        before, after = policies
        changes = cfacl.diff(before, after)
        found = remarks(before, after, changes)
    levels = _Levels(before, after, fail_on)
    if html is not None:
        from cfacl.cli.pages.diff import diff_page

        shown = [(change, _columns(change)) for change in changes]
        with busy("laying out"):
            page = diff_page(before, after, (fingerprints[0], fingerprints[1]), shown, found)
        write_page(page, html, old, new)
    elif as_markdown:
        from cfacl.cli.markdown import markdown

        told = {change: _columns(change).replace("`", "") for change in changes}
        ranked = sorted(changes, key=lambda each: levels.below_top(each.table, each.family))
        say(*markdown(ranked, {each[1:3]: levels.told(*each[1:3]) for each in changes}, told, found))
    elif form is Format.JSON:
        print_json({"changes": [_as_document(each) for each in changes], "remarks": [each._asdict() for each in found]})
    elif form is Format.CSV:
        nothing = dict.fromkeys((*_CHANGE, *_REMARK))
        rows = [*map(_as_document, changes), *(each._asdict() for each in found)]
        print_csv((*_CHANGE, *_REMARK), ({**nothing, **each} for each in rows))
    else:
        _print(changes, found)
    if fail_on is None:
        return Answer.NO if changes or found else Answer.YES
    return _judge(levels, fail_on, changes, found)


def _print(changes: Iterable[cfacl.Change], found: Sequence[Remark]) -> None:
    rows = [{"": "gains" if each.gains else "loses", **each._asdict(), "columns": _columns(each)} for each in changes]
    columns = ("principal", "", "action", "table", "family", "columns", "purpose", "since", "until")
    listing(columns, rows, "nobody gains or loses anything")
    if found:
        say("", "what else changed:")
        listing(_REMARK, [each._asdict() for each in found], "")


def _judge(levels: _Levels, fail_on: str, changes: Iterable[cfacl.Change], found: Iterable[Remark]) -> Answer:
    """Return what `--fail-on` makes of it, and say on stderr what of that the list does not show at a glance."""
    fallen = levels.fallen()
    if fallen:
        names = ", ".join(map(quoted_path, fallen[:_NAMED]))
        more = f" and {len(fallen) - _NAMED:,} more" if len(fallen) > _NAMED else ""
        say(f"cfacl: below {quoted(fail_on)} now, and not before: {names}{more}", err=True)
    if fallen or any(map(levels.fails, changes)):
        return Answer.NO
    if weaker := sum(each.effect == "weakens" for each in found):
        said = counted(weaker, "remark says that it weakens", "remarks say that they weaken")
        say(
            f"cfacl: nobody gains at {quoted(fail_on)} or above, and {said} the policy; see what else changed", err=True
        )
    return Answer.YES


class _Levels:
    """The levels of families under two policies, and the one from which a gain fails."""

    def __init__(self, before: cfacl.Policy, after: cfacl.Policy, fail_on: str | None) -> None:
        self._policies = (before, after)
        ladders = [policy.catalog.levels for policy in self._policies]
        if fail_on is not None and not any(fail_on in each for each in ladders):
            known = list(dict.fromkeys(level for each in ladders for level in each))  # lowest first
            raise RequestError(f"unknown level {quoted(fail_on)}{nearest(fail_on, known) or offered(known)}")
        self._is_old, self._is_gone = fail_on in ladders[0], fail_on not in ladders[1]
        # A level that only the other policy has is one from which on everything fails.
        self._least = [each.index(fail_on) if fail_on in each else 0 for each in ladders]

    def _of(self, table: str, family: str) -> list[str | None]:
        tables = (policy.catalog.tables.get(table) for policy in self._policies)
        found = (None if each is None else each.families.get(family) for each in tables)
        return [None if each is None else each.level for each in found]

    def told(self, table: str, family: str) -> str:
        """Return a family's level, or both where they differ."""
        return ", was ".join(dict.fromkeys(each for each in reversed(self._of(table, family)) if each is not None))

    def below_top(self, table: str, family: str) -> int:
        """Return how far a family is below the highest level, by the higher of its two."""
        return min(
            len(policy.catalog.levels) - policy.catalog.levels.index(level)
            for policy, level in zip(self._policies, self._of(table, family), strict=True)
            if level is not None
        )

    def fails(self, change: cfacl.Change) -> bool:
        """Whether a change is a gain on a family whose old level or new one is high enough."""
        return change.gains and any(
            level is not None and policy.catalog.levels.index(level) >= least
            for policy, level, least in zip(
                self._policies, self._of(change.table, change.family), self._least, strict=True
            )
        )

    def fallen(self) -> list[str]:
        """Return the families of both policies that were at the level or above, and are not so any more; sorted.

        Where the second policy has no such level, that is all that were.
        """
        before, after = self._policies
        return [
            f"{name}:{family}"
            for name, table in sorted(before.catalog.tables.items() if self._is_old else ())
            for family, was in sorted(table.families.items())
            if (now := self._of(name, family)[1]) is not None
            and before.catalog.levels.index(was.level) >= self._least[0]
            and (self._is_gone or after.catalog.levels.index(now) < self._least[1])
        ]


def _as_document(change: cfacl.Change) -> dict[str, Any]:
    """Return a change as a document for JSON; what a policy's document names is text."""
    columns = None if change.columns is None else _texts(change.columns)
    return {**change._asdict(), "columns": columns, "but": _texts(change.but)}


def _columns(change: cfacl.Change) -> str:
    """Return which columns are meant, or an empty string where it is all that the family has."""
    if change.columns is not None:
        return ", ".join(quoted(each) for each in _texts(change.columns))
    return f"any but {', '.join(quoted(each) for each in _texts(change.but))}" if change.but else ""


def _texts(columns: tuple[bytes, ...]) -> list[str]:
    return [each.decode() for each in columns]
