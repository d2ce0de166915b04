"""The shell on a terminal: lines are typed with completion; the lines before are remembered until it ends, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import InMemoryHistory

from cfacl.cli.shell.commands import Shell
from cfacl.cli.shell.verbs import VERBS
from cfacl.cli.shell.words import as_word
from cfacl.model.action import ACTIONS

__all__ = ["Names", "typed"]


class Names(Completer):
    """Completes commands and names of the policy; what is in the store it does not look at."""

    def __init__(self, catalog: Any) -> None:
        self._catalog = catalog

    def get_completions(
        self,
        document: Document,
        complete_event: CompleteEvent,  # noqa: ARG002  # the toolkit hands it over
    ) -> Iterator[Completion]:
        """Yield what the word before the cursor may be."""
        before = document.text_before_cursor
        words = before.split()
        word = words.pop() if words and not before[-1].isspace() else ""
        for each in self._candidates(words):
            if each.startswith(word):
                yield Completion(each, start_position=-len(word))

    def _candidates(self, words: list[str]) -> Iterable[str]:
        if not words:
            return VERBS
        verb = VERBS.get(words[0])
        kind = verb.slot(len(words) - 1) if verb is not None else ""
        kinds: dict[str, Callable[[], Iterable[str]]] = {
            "TABLE": lambda: sorted(self._catalog.tables),
            "COLUMN": lambda: self._columns(words[1]),
            "FAMILY:COLUMN=VALUE": lambda: (
                f"{each}=" if ":" in each else f"{each}:" for each in self._columns(words[1])
            ),
            "TABLE:FAMILY": lambda: (
                f"{name}:{family}"
                for name, table in sorted(self._catalog.tables.items())
                for family in sorted(table.families)
            ),
            "ACTION": lambda: ACTIONS,
            "PURPOSE": lambda: sorted(self._catalog.purposes),
            "COMMAND": lambda: VERBS,
        }
        return kinds[kind]() if kind in kinds else ()

    def _columns(self, table: str) -> Iterator[str]:
        """Yield a table's families, and the columns that they declare."""
        known = self._catalog.tables.get(table)
        for name, family in sorted(known.families.items()) if known is not None else ():
            yield name
            for column in sorted(family.columns or ()):
                yield as_word(f"{name}:".encode() + column)


def typed(shell: Shell) -> Iterator[str]:
    """Yield lines until Ctrl-D; Ctrl-C drops the one that is being typed."""
    prompt: PromptSession[str] = PromptSession(
        completer=Names(shell.catalog), complete_while_typing=False, history=InMemoryHistory()
    )
    while True:
        try:
            yield prompt.prompt(f"{shell.session.principal} for {shell.session.purpose}> ")
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
