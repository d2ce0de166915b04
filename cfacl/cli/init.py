"""`cfacl init` and `cfacl schema`: a policy to begin with, and what an editor needs to complete it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from importlib.resources import files as resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from cfacl.cli import files, source
from cfacl.cli.screen import Answer, DocumentFormatOption, Format, print_json, say
from cfacl.errors import RequestError, quoted, quoted_path
from cfacl.model.catalog import DEFAULT_LEVELS
from cfacl.model.names import PURPOSE, SUBJECT_LENGTH, is_identifier, is_subject, nearest

if TYPE_CHECKING:
    from cfacl.policy.text.starter import Named

_T = TypeVar("_T")

#: What is asked, and what an empty answer means.
_NAME: Final = ("What is the policy called?", "my-service")
_FAMILIES: Final = (
    "Which data is there, as table:family=level? Levels are " + ", ".join(DEFAULT_LEVELS) + ".",
    "account:profile=personal account:contact=sensitive",
)
_PURPOSES: Final = ("For which purposes is it used?", "service support")
#: The level of a family that names none: too high is noticed sooner than too low.
_LEVEL: Final = "sensitive"


def init(
    file: Annotated[
        Path, typer.Argument(metavar="POLICY", help="The file to write; `-` for stdout.", show_default=False)
    ],
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="What the policy is called.", show_default=False)
    ] = None,
    families: Annotated[
        list[str],
        typer.Option(
            "--family",
            metavar="TABLE:FAMILY=LEVEL",
            help=f"A column family; several times for several. `{_LEVEL}` if no level is given.",
            show_default=False,
        ),
    ] = [],  # noqa: B006  # typer copies it
    purposes: Annotated[
        list[str],
        typer.Option(
            "--purpose",
            metavar="PURPOSE",
            help="What data is used for; several times for several.",
            show_default=False,
        ),
    ] = [],  # noqa: B006  # as above
    force: Annotated[
        bool, typer.Option("--force", help="Write over a file that is there.", show_default=False)
    ] = False,
    form: DocumentFormatOption = Format.TABLE,
) -> int:
    """Write a policy to begin with, commented and sound.

    Asks three questions on a terminal, or takes the answers as options. Beside the policy it writes the JSON Schema by which editors complete it, unless that is there.

    Exit code 0 if it is written, 2 if it could not be.
    """
    from cfacl.policy.text.starter import SCHEMA, starter

    if file != source.STDIN and not force and (file.exists() or file.is_symlink()):
        raise RequestError(files.exists(file))
    _confirm_terminal({"--name": name, "--family": families, "--purpose": purposes})
    text = starter(
        _named(name) if name else _asked(_NAME, _named),
        _families(families) if families else _asked(_FAMILIES, lambda line: _families(_words(line))),
        _purposes(purposes) if purposes else _asked(_PURPOSES, lambda line: _purposes(_words(line))),
    )
    if file == source.STDIN:
        if form is Format.JSON:
            print_json({"file": "-", "text": text})
        else:
            sys.stdout.buffer.write(text.encode())  # TOML is UTF-8, whatever the terminal speaks
        return Answer.YES
    if force and file.exists():
        files.replace(file, text)
    else:
        files.create(file.resolve() if force else file, text)  # where a link leads to that led nowhere
    schema_file = file.with_name(SCHEMA)
    if not schema_file.exists():
        files.create(schema_file, _schema())
    if form is Format.JSON:
        print_json({"file": str(file), "schema": str(schema_file)})
    else:
        say(f"{quoted_path(file)} is written; `cfacl check {file}` reads it, and its comments say what to change")
    return Answer.YES


def schema(form: DocumentFormatOption = Format.TABLE) -> int:  # noqa: ARG001  # it is JSON in either
    """Print the JSON Schema of policies, for editors.

    Exit code 0.
    """
    sys.stdout.write(_schema())
    return Answer.YES


def _schema() -> str:
    return resources("cfacl.policy.document").joinpath("schema.json").read_text("utf-8")


def _confirm_terminal(given: dict[str, object]) -> None:
    missing = [quoted(option) for option, value in given.items() if not value]
    if missing and not (sys.stdin and sys.stdin.isatty()):
        raise RequestError(f"there is no terminal to ask on; say {', '.join(missing)}")


def _asked(question: tuple[str, str], read: Callable[[str], _T]) -> _T:
    """Return what somebody answers on the terminal, who is asked again after a mistake."""
    asked, default = question
    while True:
        say(asked, err=True)
        typer.echo(f"  [{default}] ", err=True, nl=False)
        line = sys.stdin.readline()
        if not line:
            raise RequestError("the answers ended before the questions did; nothing was written")
        try:
            return read(line.strip() or default)
        except RequestError as error:
            say(f"  {error}", err=True)


def _named(answer: str) -> str:
    if not is_subject(answer):
        raise RequestError(
            f"a policy's name is 1 to {SUBJECT_LENGTH} printable characters, without backtick or space around it"
        )
    return answer


def _families(answer: list[str]) -> list[Named]:
    from cfacl.policy.text.starter import Named

    found: dict[tuple[str, str], Named] = {}
    for each in answer:
        where, _, level = each.partition("=")
        table, _, family = where.partition(":")
        if not (is_identifier(table) and is_identifier(family)):
            raise RequestError(
                f"{quoted(each)} is no family; write `table:family=level`, in ASCII letters, digits, `_`, `.` and `-`"
            )
        if level and level not in DEFAULT_LEVELS:
            hint = nearest(level, DEFAULT_LEVELS) or f"; levels are {', '.join(map(quoted, DEFAULT_LEVELS))}"
            raise RequestError(f"there is no level {quoted(level)}{hint}")
        if (table, family) in found:
            raise RequestError(f"{quoted(where)} is named twice; name it once")
        found[table, family] = Named(table, family, level or _LEVEL)
    return _some(list(found.values()), "families")


def _purposes(answer: list[str]) -> list[str]:
    found = list(dict.fromkeys(answer))
    for each in found:
        if not re.fullmatch(PURPOSE, each) or len(each) > SUBJECT_LENGTH:
            raise RequestError(
                f"{quoted(each)} is no purpose; write words of ASCII letters, digits, `_` or `-`, joined by single dots"
            )
    return _some(found, "purposes")


def _words(answer: str) -> list[str]:
    return answer.replace(",", " ").split()


def _some(found: list[_T], what: str) -> list[_T]:
    if not found:
        raise RequestError(f"a policy to begin with needs {what}; name one at least")
    return found
