"""`cfacl check`: are these policies, and are they sound ones?"""

from __future__ import annotations

from pathlib import Path
from time import sleep
from typing import Annotated, Any, Final

import typer

from cfacl.cli import source
from cfacl.cli.faults import listed, tell
from cfacl.cli.screen import Answer, Format, FormatOption, busy, console, counted, listing, print_csv, print_json, say
from cfacl.cli.source import UnsoundPolicy
from cfacl.errors import PolicyError, RequestError, quoted, quoted_path

#: What is said of a finding; and to people, below the name of its file.
_COLUMNS: Final = ("file", "line", "column", "path", "code", "message")
_SHOWN: Final = ("line", "path", "code", "message")
#: What is counted, once and many times.
_WORDS: Final = {
    "tables": ("table", "tables"),
    "families": ("family", "families"),
    "roles": ("role", "roles"),
    "grants": ("grant", "grants"),
    "principals": ("principal", "principals"),
    "never": ("`never` line", "`never` lines"),
    "expect": ("`expect` line", "`expect` lines"),
}
#: How often `--watch` looks at the file, in seconds: nobody waits for that, and it costs nothing that can be measured.
_PAUSE: Final = 0.25


def check(
    policies: Annotated[
        list[Path],
        typer.Argument(metavar="POLICY", help="Policies, TOML files; `-` for stdin.", show_default=False),
    ],
    watch: Annotated[
        bool,
        typer.Option("--watch", help="Check again whenever a file changes, until Ctrl-C.", show_default=False),
    ] = False,
    form: FormatOption = Format.TABLE,
) -> int:
    """Read policies, run their own tests, and look for likely mistakes.

    The tests of a policy are its `never` and `expect` lines; one that does not hold keeps it from loading. Each fault is told with its line, and a caret below what is meant.

    Exit code 0 if nothing is found, 1 if there are findings, 2 if one is no policy that loads.
    """
    if source.STDIN in policies and len(policies) > 1:
        raise RequestError("standard input is checked alone; name files only, or `-` only")
    if not watch:
        return _check(policies, form, among_others=len(policies) > 1)
    if policies == [source.STDIN]:
        raise RequestError("`--watch` looks at a file, and standard input is none; name a file")
    seen: dict[Path, object] = {}
    while True:
        for file in policies:
            now = _state(file)
            if now != seen.get(file, ...):
                if file in seen:
                    say(f"{quoted_path(file)} has changed", err=True)
                seen[file] = now
                try:
                    _check([file], form, among_others=len(policies) > 1)
                except PolicyError as error:  # a file that is gone may come back: some editors write that way
                    tell(error, json=form is Format.JSON)
        sleep(_PAUSE)


def _check(policies: list[Path], form: Format, *, among_others: bool) -> int:
    """Check policies, each for itself; the worst of them is the answer."""
    documents: list[dict[str, Any]] = []
    for file in policies:
        text = None
        try:
            text = source.text(file)
            documents.append(_document(file, text))
        except PolicyError as error:
            if len(policies) == 1 and (text is None or form is Format.JSON):
                raise
            documents.append({"file": str(file), "faults": listed(error)})
            if form is not Format.JSON:
                _point_out(error, file, text)
        else:
            if form is Format.TABLE:
                _say(documents[-1], among_others=among_others)
    if form is Format.JSON:
        print_json(documents if len(policies) > 1 else documents[0])
    elif form is Format.CSV:
        print_csv(
            _COLUMNS,
            [
                {"file": source.name(Path(each["file"])), **row}
                for each in documents
                for row in each.get("findings", ())
            ],
        )
    if any("faults" in each for each in documents):
        return Answer.UNKNOWN
    return Answer.NO if any(each["findings"] for each in documents) else Answer.YES


def _point_out(error: PolicyError, file: Path, text: str | None) -> None:
    """Tell the faults of one file, with its lines where it could be read."""
    if text is None or not isinstance(error, UnsoundPolicy):
        tell(error, json=False)
        return
    from cfacl.cli.caret import pointed_out

    say(*pointed_out(error.faults, error.spots(), source.name(file), text, console(stderr=True).width), err=True)


def _document(file: Path, text: str) -> dict[str, Any]:
    """Return what is counted and found in a policy.

    Raises:
        UnsoundPolicy: it does not load.
    """
    from cfacl.policy import collector
    from cfacl.policy.lint import lint
    from cfacl.policy.text.places import locate

    with busy("reading"):
        policy = source.parsed(file, text)
    with busy("looking for mistakes"), collector.paused():
        found = lint(policy)  # it was read, so it need not be judged once more
        spots = locate(text, [each.path for each in found]) if found else {}
    findings = [
        {
            "path": each.path,
            "code": each.code,
            "message": each.message,
            "line": spots[each.path].line if each.path in spots else None,
            "column": spots[each.path].column if each.path in spots else None,
        }
        for each in found
    ]
    counts = {
        "tables": len(policy.catalog.tables),
        "families": sum(len(table.families) for table in policy.catalog.tables.values()),
        "roles": len(policy.roles),
        "grants": sum(len(role.grants) for role in policy.roles.values()),
        "principals": len(policy.principals),
        "never": len(policy.never),
        "expect": len(policy.expect),
    }
    return {"file": str(file), "policy": policy.name, "counts": counts, "findings": findings}


def _say(document: dict[str, Any], *, among_others: bool) -> None:
    told = (counted(document["counts"][each], *words) for each, words in _WORDS.items())
    before = f"{document['file']}: " if among_others else ""
    say(f"{before}policy {quoted(document['policy'])} loads: {', '.join(told)}")
    rows = [{**each, "line": str(each["line"] or "")} for each in document["findings"]]
    listing(_SHOWN, rows, "no findings")


def _state(file: Path) -> object:
    """Return what another change of the file would change: it is looked at, since no notice of one crosses a mount."""
    try:
        found = file.stat()
    except OSError as error:
        return error.errno
    return found.st_mtime_ns, found.st_size, found.st_ino
