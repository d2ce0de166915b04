"""What can be said in the shell: its commands, and what each takes."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["VERBS", "Verb"]


class Verb(NamedTuple):
    """A command.

    Attributes:
        takes: what it is given, word by word; in brackets what may be left out, and ``...`` behind what may be repeated.
        does: what comes of it.
        changes: whether it changes data.
    """

    takes: str
    does: str
    changes: bool = False

    @property
    def slots(self) -> list[str]:
        """What each word is, ``TABLE``, ``KEY``."""
        return self.takes.replace("[", "").replace("]", "").replace("...", "").split()

    @property
    def least(self) -> int:
        """How many words it needs."""
        return len(self.takes.partition("[")[0].split())

    @property
    def most(self) -> int | None:
        """How many words it takes; ``None`` for any number."""
        return None if "..." in self.takes else len(self.slots)

    def slot(self, place: int) -> str:
        """Return what a word is; ``place`` counts from 0."""
        if place < len(self.slots):
            return self.slots[place]
        return self.slots[-1] if self.most is None else ""


VERBS: Final[dict[str, Verb]] = {
    "tables": Verb("", "list the tables, and on which families you may do what"),
    "families": Verb("TABLE", "list a table's families with their levels and columns"),
    "row": Verb("TABLE KEY [COLUMN...]", "read a row: what of it is granted, or the columns or families named"),
    "rows": Verb("TABLE KEY...", "read several rows"),
    "scan": Verb("TABLE [PREFIX [LIMIT]]", "read rows in order, those with a prefix, 20 unless a limit is given"),
    "put": Verb("TABLE KEY FAMILY:COLUMN=VALUE...", "write values", changes=True),
    "delete": Verb("TABLE KEY [COLUMN...]", "delete columns or families of a row, or all of it", changes=True),
    "explain": Verb("ACTION TABLE:FAMILY...", "say whether you may, and why or why not"),
    "use": Verb("PURPOSE", "go on for another purpose"),
    "help": Verb("[COMMAND]", "say what can be said here"),
    "exit": Verb("", "end; so does Ctrl-D"),
}
