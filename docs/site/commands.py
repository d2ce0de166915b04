"""The directive `commands`: the reference of the command line, from the application itself, by typer's own generator."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, cast

import typer.main
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from typer.cli import get_docs_for_click

from cfacl.cli.app import app as commands

#: Example lines, as a command's help has them at its end.
_EXAMPLES: Final = re.compile(r"(?:^cfacl .*\n?)+", re.MULTILINE)


def every(group: Any) -> Iterator[Any]:
    """Yield the commands of a group, and theirs."""
    for each in group.commands.values():
        yield each
        if hasattr(each, "commands"):
            yield from every(each)


def reference() -> str:
    """Return the reference as Markdown: a heading for each command, below what is said of all of them."""
    group = cast("Any", typer.main.get_command(commands))  # typer brings a copy of click that has no public name
    context = group.context_class(group, info_name="cfacl")
    text = get_docs_for_click(obj=group, ctx=context, name="cfacl")
    for each in every(group):  # typer cuts these at 45 characters, which a page does not need
        text = text.replace(f"`: {each.get_short_help_str()}\n", f"`: {each.get_short_help_str(1000)}\n")
    return _EXAMPLES.sub(lambda found: f"```sh\n{found[0].rstrip()}\n```\n", text.replace("# ", "## ", 1))


class Commands(SphinxDirective):
    """Puts the reference of the command line where it stands."""

    def run(self) -> list[nodes.Node]:
        """Return it as parsed nodes."""
        return self.parse_text_to_nodes(reference(), allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx."""
    app.add_directive("commands", Commands)
    return {"parallel_read_safe": True}
