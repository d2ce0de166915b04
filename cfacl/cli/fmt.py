"""`cfacl fmt`: the text of policies in one layout, comments and all."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path
from typing import Annotated

import typer

from cfacl.cli import files, source
from cfacl.cli.screen import Answer, Format, FormatOption, busy, print_csv, print_json, say
from cfacl.errors import Fault, PolicyError, RequestError, quoted_path


def fmt(
    policies: Annotated[
        list[Path],
        typer.Argument(
            metavar="POLICY", help="Policies, TOML files; `-` for stdin, then to stdout.", show_default=False
        ),
    ],
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 1 if something would change.", show_default=False)
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="As `--check`, and show what would change.", show_default=False)
    ] = False,
    form: FormatOption = Format.TABLE,
) -> int:
    """Lay out the text of policies in one way, with their comments.

    Spaces, quotes, blank lines and how arrays are broken become the same everywhere, and keys of neighbouring lines stand in one order. What a policy means stays the same; one that does not load is not touched.

    Exit code 0, or 1 with `--check` or `--diff` if something would change.
    """
    if source.STDIN in policies and len(policies) > 1:
        raise RequestError("standard input is laid out alone; name files only, or `-` only")
    look = check or diff
    if policies == [source.STDIN] and not look and form is Format.CSV:
        raise RequestError("what is laid out goes to standard output, and is no list of rows; leave `--format csv` out")
    with busy("laying out"):
        texts = list(_laid_out(policies))
    changed = [file for file, before, after in texts if before != after]
    if policies == [source.STDIN] and not look:
        if form is Format.JSON:
            print_json([{"file": "-", "changed": bool(changed), "text": texts[0][2]}])
        else:
            sys.stdout.buffer.write(texts[0][2].encode())  # TOML is UTF-8, whatever the terminal speaks
        return Answer.YES
    if not look:
        for file, before, after in texts:
            if before != after:
                files.replace(file, after)
    if form is Format.JSON:
        print_json([{"file": str(file), "changed": before != after} for file, before, after in texts])
    elif form is Format.CSV:
        print_csv(
            ("file", "changed"), [{"file": str(file), "changed": before != after} for file, before, after in texts]
        )
    elif diff:
        with busy("comparing"):
            lines = [line for each in texts for line in _difference(*each)]
        say(*lines)
    else:
        did = "would be laid out anew" if look else "was laid out anew"
        say(*(f"{quoted_path(source.name(file))} {did}" for file in changed))
    return Answer.NO if look and changed else Answer.YES


def _laid_out(policies: list[Path]) -> Iterator[tuple[Path, str, str]]:
    """Yield each policy's text before and after; all are read before any is written."""
    from cfacl.policy.text.layout import laid_out

    errors: list[PolicyError] = []
    for file in policies:
        try:
            before = source.text(file)
            policy = source.parsed(file, before)
        except PolicyError as error:
            errors.append(error)
            continue
        after = laid_out(before)
        if source.parsed(file, after) != policy:
            fault = Fault("", "laid out would say something else, so it stays as it is; please report it")
            raise PolicyError([fault], source.name(file))
        yield file, before, after
    if errors:
        raise ExceptionGroup("policies that do not load", errors)


def _difference(file: Path, before: str, after: str) -> Iterator[str]:
    """Yield the lines of a unified difference, with no newline behind them."""
    name = source.name(file)
    return (
        line.rstrip("\r\n") for line in unified_diff(before.splitlines(), after.splitlines(), name, name, lineterm="")
    )
