"""The `cfacl` command: what each subcommand is called, and how every one of them ends.

Exit codes are an answer: 0 yes, 1 no (denied, differences, findings), 2 could not tell (usage,
policy or store).  What kept a subcommand from its answer goes to stderr, one fault a line, each
with its file; with ``--format json`` it is a document on stdout, ``{"faults": [...]}``, so that a
program reads one document either way.  No error shows a traceback.  Subcommands import what they need when they run, so that `--help` is quick.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from io import TextIOWrapper
from typing import Annotated, Any, Final

import typer

from cfacl.cli.ask import explain, what, who
from cfacl.cli.check import check
from cfacl.cli.compare import diff
from cfacl.cli.convert import import_pairs
from cfacl.cli.demo.command import demo
from cfacl.cli.doctor import doctor
from cfacl.cli.native import apply, plan
from cfacl.cli.native import verify as verify_native
from cfacl.cli.screen import Answer, Format, print_json, say
from cfacl.cli.store import backup, restore, sweep, verify
from cfacl.cli.usage import Command, complaint, wants_json
from cfacl.errors import CfaclError, PolicyError

#: The root of usage errors; found by name, since some versions of typer carry their own copy of click.
_UsageError: Final[type[Any]] = next(each for each in typer.BadParameter.__mro__ if each.__name__ == "ClickException")
#: What shells report of a program that a closed pipe ended, 128 + SIGPIPE; click's 1 would be a "no" here.
_READER_LEFT: Final = 141

app = typer.Typer(
    name="cfacl",
    help="Access control for column families: who may do what to which data, for which purpose, and why.",
    epilog="Exit codes are answers: 0 yes, 1 no, 2 could not tell.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        say(f"cfacl {version('cfacl')}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    pass


def _command(answer: Callable[..., int]) -> Callable[..., int]:
    """Return a subcommand that tells what stopped it in the format in which it would have answered."""

    @wraps(answer)
    def run(*, form: Format, **arguments: Any) -> int:
        try:
            return answer(form=form, **arguments)
        except (CfaclError, ExceptionGroup) as error:
            return _stopped(list(_faults(error)), json=form is Format.JSON)

    return run


def _stopped(faults: list[dict[str, str | None]], *, json: bool) -> int:
    """Tell what kept a subcommand from its answer."""
    if json:
        print_json({"faults": faults})
    else:
        for fault in faults:
            say(": ".join(filter(None, (fault["file"] or "cfacl", fault["path"], fault["message"]))), err=True)
    return Answer.UNKNOWN


app.command("check", cls=Command)(_command(check))
app.command("explain", cls=Command)(_command(explain))
app.command("who", cls=Command)(_command(who))
app.command("what", cls=Command)(_command(what))
app.command("diff", cls=Command)(_command(diff))
app.command("import", cls=Command)(_command(import_pairs))
app.command("demo", cls=Command)(_command(demo))
app.command("doctor", cls=Command)(_command(doctor))

stores = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
stores.command("verify", cls=Command)(_command(verify))
stores.command("backup", cls=Command)(_command(backup))
stores.command("restore", cls=Command)(_command(restore))
stores.command("sweep", cls=Command)(_command(sweep))
app.add_typer(
    stores,
    name="store",
    help="Look after an embedded store: read it through, copy it, bring it back, clear it of what expired.",
)

natives = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
natives.command("plan", cls=Command)(_command(plan))
natives.command("apply", cls=Command)(_command(apply))
natives.command("verify", cls=Command)(_command(verify_native))
app.add_typer(
    natives,
    name="native",
    help="Put a policy into a store's own rights, and compare.",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 yes, 1 no, 2 could not tell, 130 interrupted, 141 not read on.

    Args:
        arguments: what follows the command's name; ``None`` for those of this process.
    """
    if sys.stdout is None or sys.stderr is None:  # closed by whoever started this
        if sys.stderr is not None:
            say("cfacl: the answer cannot be written: standard output is closed; open it", err=True)
        return Answer.UNKNOWN
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal cannot spell is no failure
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):  # the latter is what rich makes of the former
        _drop_output()
        return _READER_LEFT
    except OSError as error:
        _drop_output()
        where = error.filename or "the answer cannot be written"
        say(f"cfacl: {where}: {(error.strerror or type(error).__name__).lower()}", err=True)
    except Exception as error:  # noqa: BLE001  # a fault of cfacl itself, and still no traceback
        say(f"cfacl: failed with {type(error).__name__}: {error}; please report it", err=True)
    else:
        return code
    return Answer.UNKNOWN


def _run(arguments: Sequence[str] | None) -> int:
    try:
        return int(app(args=arguments, prog_name="cfacl", standalone_mode=False) or 0)
    except _UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            error.show()
            return Answer.UNKNOWN
        json = wants_json(sys.argv[1:] if arguments is None else arguments)
        return _stopped([_fault(complaint(error))], json=json)


def _faults(error: Exception) -> Iterator[dict[str, str | None]]:
    """Yield the faults of an error, each with the file that it stands in and its place there."""
    if isinstance(error, ExceptionGroup):
        for each in error.exceptions:
            yield from _faults(each)
    elif isinstance(error, PolicyError):
        for fault in error.faults:
            yield {"file": error.source, **fault._asdict()}
    else:
        yield _fault(str(error))


def _fault(message: str) -> dict[str, str | None]:
    return {"file": None, "path": "", "message": message}


def _drop_output() -> None:
    """Let the interpreter flush what is left to where nobody reads; it would fail once more, and noisily."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
