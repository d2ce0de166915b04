"""What Cassandra's permissions can say of actions, and what of actions they say.

They end at tables, and a family is one.  `SELECT` is to read; `MODIFY` is to write and to delete.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cfacl.model.action import Action
from cfacl.stores.native import Need, Right, Unsaid

__all__ = ["LETTERS", "NAMES", "is_own", "meant", "said", "unmeant"]

#: Cassandra's names of rights, by the letters that they are told by.
NAMES: Final = {
    "R": "SELECT",
    "W": "MODIFY",
    "C": "CREATE",
    "A": "ALTER",
    "D": "DROP",
    "G": "AUTHORIZE",
    "I": "DESCRIBE",
    "X": "EXECUTE",
    "U": "UNMASK",
    "M": "SELECT_MASKED",
    "S": "SUPERUSER",
    "?": "ALL",  # one that is not known here, and is taken with all others
}
LETTERS: Final = {name: letter for letter, name in NAMES.items()}
_SYSTEM: Final = ("auth", "distributed", "schema", "traces", "views", "virtual_schema")
#: Cassandra's own keyspaces (`SchemaConstants`).
_OWN: Final = frozenset({"system"} | {f"system_{each}" for each in _SYSTEM})
_MODIFY: Final = frozenset[Action]({"write", "delete"})
_MEANT: Final[dict[str, frozenset[Action]]] = {"R": frozenset({"read"}), "W": _MODIFY}
_WHY_NOT: Final[dict[Action, str]] = {
    "write": "`MODIFY` is to write and to delete",
    "delete": "`MODIFY` is to write and to delete",
    "admin": "`ALTER` and `DROP` also change and remove what is there",
}


def said(need: Need, place: str, family: str) -> Iterator[Right | Unsaid]:
    """Yield the right that gives what is needed and nothing more, and what it cannot give exactly.

    Args:
        place: the keyspace.
        family: what the family's table is called there.
    """

    def left_out(what: str, why: str) -> Unsaid:
        return Unsaid(need.account, need.family.table, need.family.name, what, why)

    if need.columns is not None:
        why = "cassandra's rights end at tables, and this family declares its columns"
        yield left_out(", ".join(sorted(need.actions)), why)
        return
    letters = "R" * ("read" in need.actions) + "W" * (need.actions >= _MODIFY)
    for action in sorted(need.actions - meant(letters)):
        yield left_out(action, _WHY_NOT[action])
    if letters:
        yield Right(need.account, "family", place, family, None, letters)


def is_own(keyspace: str) -> bool:
    """Whether a keyspace is Cassandra's own, in which nobody makes tables."""
    return keyspace.lower() in _OWN


def meant(letters: str) -> frozenset[Action]:
    """Return the actions that letters on one table give exactly."""
    return frozenset[Action]().union(*(_MEANT.get(each, frozenset()) for each in letters))


def unmeant(letters: str) -> Iterator[tuple[str, str]]:
    """Yield the name of each permission that no action is, and why."""
    for letter in letters:
        if letter not in _MEANT:
            yield NAMES[letter], "no action is as much, or as little"
