"""`--at`, of every command that has it: odd times are answered rightly, or refused in a line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
import typer.main

from cfacl.cli.app import app

#: By command, a question whose answer a time decides: `maya` may until 2027.
QUESTIONS: Final = {
    "explain": "maya read account:prof --purpose support",
    "who": "read account:prof --purpose support",
    "what": "maya",
    "matrix": "--role support",
    "export": "--to csv --purpose support",
}
#: What is before 2027, and what is not.
BEFORE: Final = [
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00-12:00",
    "0001-01-02T00:00:00+23:59:59",
    "1677-09-21T00:12:43Z",
    "1969-12-31T23:59:59.999999Z",
    "2016-12-31T23:59:59+00:00",
    "2024-02-29T00:00Z",
    "2026-12-31 23:59:59.9999999Z",
    "2026-12-31T23:59:59z",
    "2026-W53-4T00Z",
    "2027-01-01T00:00:29+00:00:30",
    "2027-01-01T13:59:59+14:00",
    "20261231T235959Z",
]
AFTER: Final = [
    "2026-12-31T12:00:00-12:00",
    "2027-01-01T00:00:00-00:00",
    "2262-04-11T23:47:17Z",
    "9999-12-31T23:59:59+23:59",
    "9999-12-31T23:59:59.999999Z",
]
FORM: Final = "must be a time such as 2027-01-31T12:00:00Z, not `{}`"
BARE: Final = "has no offset; write a time such as 2027-01-31T12:00:00Z"
FAR: Final = "lies outside the years 1 to 9999 of utc; take a nearer time"
REFUSED: Final = {
    "0001-01-01T00:00:00+00:01": FAR,
    "0001-01-01T00:00:00+23:59": FAR,
    "9999-12-31T23:59:59-12:00": FAR,
    "9999-12-31T23:59:59.999999-00:00:01": FAR,
    "2027-01-01": BARE,
    "2027-01-01T00:00:00": BARE,
    "now": FORM,
    "1798761600": FORM,
    "-0001-01-01T00:00:00Z": FORM,
    "0000-01-01T00:00:00Z": FORM,
    "10000-01-01T00:00:00Z": FORM,
    "2016-12-31T23:59:60Z": FORM,
    "2027-01-01T25:00:00Z": FORM,
    "2027-01-01T00:00:00+24:00": FORM,
    "2027-02-29T00:00:00Z": FORM,
    "\uff12\uff10\uff12\uff17-01-01T00:00:00Z": FORM,
}
#: What every command is asked; all read a time in one way, so the rest is for one of them.
EDGES: Final = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z")
FAREST: Final = "9999-12-31T23:59:59-12:00"
ALL: Final = [("what", at) for at in (*BEFORE, *AFTER) if at not in EDGES]


def commands() -> Iterator[tuple[str, Any]]:
    top: Any = typer.main.get_command(app)
    for name, command in top.commands.items():
        for below, each in getattr(command, "commands", {"": command}).items():
            yield f"{name} {below}".strip(), each


def test_each_command_that_has_it_is_here() -> None:
    assert {name for name, each in commands() if any("--at" in option.opts for option in each.params)} == set(QUESTIONS)


@pytest.mark.slow
@pytest.mark.parametrize(("command", "at"), [*((each, at) for each in QUESTIONS for at in EDGES), *ALL])
def test_a_time_of_any_year_and_offset_is_answered_rightly(
    run: Any, write: Callable[..., Any], command: str, at: str
) -> None:
    asked = [command, write(), *QUESTIONS[command].split(), "--at", at]
    for form in ("table", "json", "csv"):
        ran = run(*asked, "--format", form)
        assert ran.code in (0, 1)
        assert "failed" not in ran.err
    document = run(*asked, "--format", "json").document
    # What ends is left out of what is exported; `explain` says yes or no, the others list it or nothing.
    found = {
        "explain": lambda: document["allowed"],
        "export": lambda: document["left_out"],
        "matrix": lambda: document["parts"],
    }.get(command, lambda: document)()
    assert bool(found) == (at in BEFORE)


@pytest.mark.parametrize(
    ("command", "at"), [*((each, FAREST) for each in QUESTIONS), *(("what", at) for at in REFUSED if at != FAREST)]
)
def test_what_is_no_time_is_refused_in_a_line(run: Any, write: Callable[..., Any], command: str, at: str) -> None:
    ran = run(command, write(), *QUESTIONS[command].split(), "--at", at)
    assert ran == (2, "", f"cfacl: `--at` {REFUSED[at].format(at)}\n")
