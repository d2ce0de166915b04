"""How a command line is written, and what is wrong with one, in words of our own.

The toolkit's are several lines, in several styles, and change with its version: only its classes and what they name
are looked at here, and of its texts no more than which name they quote.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from cfacl.errors import quoted
from cfacl.model.names import nearest

#: What every command keeps to.
CODES: Final = "Exit codes are answers: 0 yes, 1 no, 2 could not tell."
#: The name that a text of the toolkit quotes.
_NAMED: Final = re.compile(r"No such command '(.*?)'\.(?: |\Z)|extra arguments?(?:\(s\))? \((.*)\)", re.DOTALL)


def complaint(error: Any) -> str:
    """Return one line for a usage error of the toolkit: what is wrong, and what to do."""
    context = getattr(error, "ctx", None)
    where = f"`{context.command_path if context else 'cfacl'} --help`"
    kind = type(error).__name__
    parameter = getattr(error, "param", None)
    found = _NAMED.search(error.message)
    if kind == "NoSuchOption":
        hint = nearest(error.option_name, error.possibilities or ()) or f"; {where} lists them"
        return f"there is no option {quoted(error.option_name)}{hint}"
    if kind == "BadOptionUsage":
        wants = "needs a value" if "requires" in error.message else "takes no value"
        return f"{quoted(error.option_name)} {wants}; {where} says what it is for"
    if kind == "MissingParameter" and parameter is not None:
        return f"{quoted(_name(parameter))} is missing; {where} says what it is"
    if kind == "BadParameter" and parameter is not None:
        return f"{quoted(_name(parameter))} {error.message}"  # the message is of one of our parsers
    if found and found[1] is not None:
        return f"there is no command {quoted(found[1])}{_commands(context, found[1]) or f'; {where} lists them'}"
    if found:
        return f"{quoted(found[2])} is more than it takes; {where} says what that is"
    return f"the command line is not understood; {where} says how it is written"


class Group(TyperGroup):
    """Commands whose help ends with examples, as that of each does, and below them what the exit codes of all say."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002  # an override's signature
        """Write the examples, then the exit codes."""
        formatter.write(f"{_examples(self.epilog)}\n{CODES}\n")


class Command(TyperCommand):
    """A subcommand whose help shows names and no types of Python, ``TABLE:FAMILY <list[str]>``, and ends with examples.

    The epilog holds them, one a line: each can be copied and run beside a `policy.toml`.  Nothing that it is given may be
    empty: an empty path would be the current directory, and an empty name is that of a variable which was not set.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        for each in self.params:
            if each.param_type_name == "argument":
                each.__dict__["display_type_rich"] = lambda ctx: None  # noqa: ARG005  # what it overrides takes one

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take a command line apart, and refuse what is empty; an error says of which command it is."""
        try:
            if not ctx.resilient_parsing:  # while names are completed, all of it is unfinished
                self._refuse_empty(ctx, args)
            return super().parse_args(ctx, args)
        except Exception as error:
            if getattr(error, "ctx", ctx) is None:
                error.ctx = ctx  # type: ignore[attr-defined]  # which usage errors have
            raise

    def _refuse_empty(self, ctx: Any, args: list[str]) -> None:
        given, _, _ = self.make_parser(ctx).parse_args(args=list(args))
        parameters: list[Any] = self.get_params(ctx)
        for each in parameters:
            value = given.get(each.name)
            if value == "" or (isinstance(value, list | tuple) and "" in value):
                where = f"`{ctx.command_path} --help`"
                raise typer.BadParameter(f"is empty; {where} says what it is", ctx=ctx, param=each)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002  # an override's signature
        """Write the examples, each on one line however narrow the terminal is: a folded line can't be copied."""
        formatter.write(_examples(self.epilog))


def _examples(epilog: str | None) -> str:
    return "\nExample:\n" + "".join(f"  {line}\n" for line in epilog.splitlines()) if epilog else ""


def arranged(arguments: Sequence[str]) -> list[str]:
    """Return a command line with ``--debug`` in front, where it belongs, wherever before ``--`` it was written."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    rest = [each for each in arguments[:end] if each != "--debug"]
    return [*(["--debug"] if len(rest) < end else []), *rest, *arguments[end:]]


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether a command line asks for JSON, as far as that can be told of one that is wrong."""
    before = list(arguments[: arguments.index("--")] if "--" in arguments else arguments)
    said = [
        following if each == "--format" else each.partition("=")[2]
        for each, following in zip(before, [*before[1:], ""], strict=True)
        if each == "--format" or each.startswith("--format=")
    ]
    return said[-1:] == ["json"]


def _name(parameter: Any) -> str:
    """Return an option as it is written, ``--purpose``, and an argument as the help has it, ``POLICY``."""
    if parameter.param_type_name == "option":
        return str(parameter.opts[0])
    return str(parameter.metavar or parameter.name)


def _commands(context: Any, name: str) -> str:
    return nearest(name, context.command.list_commands(context)) if context else ""
