"""The `cfacl` command: what each subcommand is called, and how every one of them ends.

Exit codes are an answer: 0 yes, 1 no (denied, differences, findings), 2 could not tell (usage,
policy or store).  What kept a subcommand from its answer goes to stderr, one fault a line, each
with its file; with ``--format json`` it is a document on stdout, ``{"faults": [...]}``, so that a
program reads one document either way.  Ctrl-C is told in a line, and is 130.  No error shows a traceback unless
``--debug`` asks for it.  Subcommands import what they need when they run, so that `--help` is quick.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from functools import wraps
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cfacl.cli.ask import explain, what, who
from cfacl.cli.check import check
from cfacl.cli.compare import diff
from cfacl.cli.convert import import_policy
from cfacl.cli.demo.command import demo
from cfacl.cli.doctor import doctor
from cfacl.cli.export import export
from cfacl.cli.faults import tell
from cfacl.cli.fmt import fmt
from cfacl.cli.init import init, schema
from cfacl.cli.matrix import matrix
from cfacl.cli.native import apply, plan
from cfacl.cli.native import verify as verify_native
from cfacl.cli.screen import Answer, Format, say
from cfacl.cli.shell.command import shell
from cfacl.cli.store import backup, restore, sweep, verify
from cfacl.cli.trial import try_lines
from cfacl.cli.usage import Command, Group, arranged, complaint, wants_json
from cfacl.errors import CfaclError

#: The root of usage errors; found by name, since some versions of typer carry their own copy of click.
_UsageError: Final[type[Any]] = next(each for each in typer.BadParameter.__mro__ if each.__name__ == "ClickException")
#: What shells report of a program that a closed pipe ended, 128 + SIGPIPE; click's 1 would be a "no" here.
_READER_LEFT: Final = 141
#: What they report of one that Ctrl-C ended, 128 + SIGINT.
_INTERRUPTED: Final = 130

#: Whether to show where an error comes from.
_debug: Final = ContextVar("debug", default=False)

app = typer.Typer(
    name="cfacl",
    help="Access control for column families: who may do what to which data, for which purpose, and why.",
    cls=Group,
    epilog="cfacl init shop.toml --name shop --family account:id --purpose support\ncfacl who policy.toml read account:id",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        say(f"cfacl {version('cfacl')}")
        raise typer.Exit


def _show_tracebacks(asked: bool) -> None:
    _debug.set(asked)


@app.callback()
def _options(
    *,
    _tracebacks: Annotated[
        bool,
        typer.Option("--debug", callback=_show_tracebacks, help="Show where an error comes from, as a traceback."),
    ] = False,
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
            _trace(error)
            return tell(error, json=form is Format.JSON)
        except KeyboardInterrupt as error:  # which the toolkit makes a code of
            _trace(error)
            raise

    return run


def _trace(error: BaseException) -> None:
    """Show where an error comes from, if that was asked for."""
    if _debug.get():
        import traceback

        traceback.print_exception(error)


app.command(
    "init",
    cls=Command,
    epilog="cfacl init shop.toml --name shop --family account:id=sensitive --family order:item --purpose service\n"
    "cfacl init - --name shop --family account:id --purpose service --purpose support > shop.toml",
)(_command(init))
app.command(
    "check",
    cls=Command,
    epilog="cfacl check policy.toml\ncfacl check old.toml new.toml --format json\ncfacl check policy.toml --watch",
)(_command(check))
app.command("fmt", cls=Command, epilog="cfacl fmt policy.toml\ncfacl fmt old.toml new.toml --check")(_command(fmt))
app.command("schema", cls=Command, epilog="cfacl schema > cfacl.schema.json")(_command(schema))
app.command(
    "explain",
    cls=Command,
    epilog="cfacl explain policy.toml maya read order:item --purpose support",
)(_command(explain))
app.command(
    "who",
    cls=Command,
    epilog="cfacl who policy.toml read account:id\ncfacl who policy.toml read account:id --purpose service --format json\n"
    "cfacl who policy.toml read account:id --html who.html",
)(_command(who))
app.command(
    "what",
    cls=Command,
    epilog="cfacl what policy.toml maya\ncfacl what policy.toml cleo --at 2026-10-01T09:00:00Z",
)(_command(what))
app.command(
    "matrix",
    cls=Command,
    epilog="cfacl matrix policy.toml --purpose support --level personal\ncfacl matrix policy.toml --role support-l1 --format csv",
)(_command(matrix))
app.command("test", cls=Command, epilog="cfacl test policy.toml\ncfacl test policy.toml --fail-under 80")(
    _command(try_lines)
)
app.command(
    "diff",
    cls=Command,
    epilog="cfacl diff old.toml new.toml\ncfacl diff old.toml new.toml --markdown --fail-on sensitive",
)(_command(diff))
app.command(
    "import",
    cls=Command,
    epilog="printf 'maya tickets\\nomar tickets\\n' | cfacl import - --table desk\n"
    "cfacl import --from hbase localhost:9090 > imported.toml",
)(_command(import_policy))
app.command("export", cls=Command, epilog="cfacl export policy.toml --to csv --purpose support")(_command(export))
app.command(
    "shell",
    cls=Command,
    epilog="echo 'tables' | cfacl shell memory:// --policy policy.toml --as maya --purpose support",
)(_command(shell))
app.command("demo", cls=Command, epilog="cfacl demo --users 100")(_command(demo))
app.command("doctor", cls=Command, epilog="cfacl doctor home.rocksdb --policy policy.toml")(_command(doctor))

stores = typer.Typer(
    cls=Group,
    epilog="cfacl store verify home.rocksdb\ncfacl store backup home.rocksdb backup",
    no_args_is_help=True,
    rich_markup_mode=None,
)
stores.command("verify", cls=Command, epilog="cfacl store verify home.rocksdb")(_command(verify))
stores.command("backup", cls=Command, epilog="cfacl store backup home.rocksdb backup")(_command(backup))
stores.command("restore", cls=Command, epilog="cfacl store restore backup restored.rocksdb")(_command(restore))
stores.command("sweep", cls=Command, epilog="cfacl store sweep home.rocksdb policy.toml")(_command(sweep))
app.add_typer(
    stores,
    name="store",
    help="Look after an embedded store: read it through, copy it, bring it back, clear it of what expired.",
)

natives = typer.Typer(
    cls=Group,
    epilog="cfacl native plan policy.toml --store hbase://localhost:9090\n"
    "cfacl native verify policy.toml --store hbase://localhost:9090",
    no_args_is_help=True,
    rich_markup_mode=None,
)
natives.command("plan", cls=Command, epilog="cfacl native plan policy.toml --store hbase://localhost:9090")(
    _command(plan)
)
natives.command(
    "apply",
    cls=Command,
    epilog="cfacl native apply policy.toml --store hbase://localhost:9090 --shell 'hbase shell -n'",
)(_command(apply))
natives.command("verify", cls=Command, epilog="cfacl native verify policy.toml --store cassandra://localhost/home")(
    _command(verify_native)
)
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
    if sys.stderr is None:  # closed by whoever started this, who wants no more than the answer
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115  # for as long as this process lives
    if sys.stdout is None:
        say("cfacl: the answer cannot be written: standard output is closed; open it", err=True)
        return Answer.UNKNOWN
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal cannot spell is no failure
    token = _debug.set(False)
    try:
        return _ended(arguments)
    finally:
        _debug.reset(token)


def _ended(arguments: Sequence[str] | None) -> int:
    """Run the command line, however it ends."""
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = _INTERRUPTED
    except BrokenPipeError:
        _drop_output()
        return _READER_LEFT
    except SystemExit as ended:
        if not isinstance(ended.__context__, OSError):  # completion
            return int(ended.code or 0)
        _drop_output()  # what toolkits make of a broken pipe
        return _READER_LEFT
    except OSError as error:
        _trace(error)
        _drop_output()
        where = error.filename or "the answer cannot be written"
        say(f"cfacl: {where}: {(error.strerror or type(error).__name__).lower()}", err=True)
        return Answer.UNKNOWN
    except Exception as error:  # noqa: BLE001  # a fault of cfacl itself, and still no traceback
        _trace(error)
        if _was_interrupted(error):
            say("cfacl: interrupted", err=True)
            return _INTERRUPTED
        # By its type alone: what it says may hold a row key.
        say(f"cfacl: failed with {type(error).__name__}; please report it, with what `cfacl --debug` shows", err=True)
        return Answer.UNKNOWN
    if code == _INTERRUPTED:
        say("cfacl: interrupted", err=True)
    return code


def _was_interrupted(error: BaseException) -> bool:
    """Whether Ctrl-C is what an error comes from: in the midst of defining a class, Python makes another one of it."""
    before = error.__cause__ or error.__context__
    return before is not None and (isinstance(before, KeyboardInterrupt) or _was_interrupted(before))


def _run(arguments: Sequence[str] | None) -> int:
    words = arranged(sys.argv[1:] if arguments is None else arguments)
    try:
        return int(app(args=words, prog_name="cfacl", standalone_mode=False) or 0)
    except _UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            error.show()
            return Answer.UNKNOWN
        return tell(complaint(error), json=wants_json(words))


def _drop_output() -> None:
    """Let the interpreter flush what is left to where nobody reads; it would fail once more, and noisily."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
