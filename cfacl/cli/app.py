"""The `cfacl` command: what each subcommand is called, and how every one of them ends.

Exit codes are an answer: 0 yes, 1 no (denied, differences, findings), 2 could not tell (usage,
policy or store).  A policy's faults go to stderr, one a line and nothing else; no error shows a
traceback.  Subcommands import what they need when they run, so that `--help` is quick.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Any, Final

import typer

from cfacl.cli.ask import explain, what, who
from cfacl.cli.check import check
from cfacl.cli.compare import diff
from cfacl.cli.convert import import_pairs
from cfacl.cli.demo.command import demo
from cfacl.cli.screen import Answer, printable
from cfacl.errors import CfaclError, PolicyError

#: The root of usage errors; found by name, since some versions of typer carry their own copy of click.
_UsageError: Final[type[Any]] = next(each for each in typer.BadParameter.__mro__ if each.__name__ == "ClickException")

app = typer.Typer(
    name="cfacl",
    help="Access control for column families: who may do what to which data, for which purpose, and why.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("check")(check)
app.command("explain")(explain)
app.command("who")(who)
app.command("what")(what)
app.command("diff")(diff)
app.command("import")(import_pairs)
app.command("demo")(demo)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 yes, 1 no, 2 could not tell, 130 interrupted.

    Args:
        arguments: what follows the command's name; ``None`` for those of this process.
    """
    if sys.stdout is None or sys.stderr is None:  # closed by whoever started this
        return Answer.UNKNOWN
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal cannot spell is no failure
    try:
        code = app(args=arguments, prog_name="cfacl", standalone_mode=False)
        sys.stdout.flush()
    except PolicyError as error:
        for fault in error.faults:
            _complain(str(fault) if fault.path or error.source is None else f"{error.source}: {fault}")
    except CfaclError as error:
        _complain(f"cfacl: {error}")
    except _UsageError as error:
        error.show()
    except (BrokenPipeError, SystemExit):  # the latter is what typer and rich make of the former
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    except OSError as error:
        _complain(f"cfacl: {error.filename or 'input'}: {(error.strerror or type(error).__name__).lower()}")
    except Exception as error:  # noqa: BLE001  # a fault of cfacl itself, and still no traceback
        _complain(f"cfacl: failed with {type(error).__name__}: {error}; please report it")
    else:
        return int(code or 0)
    return Answer.UNKNOWN


def _complain(line: str) -> None:
    typer.echo(printable(line), err=True)
