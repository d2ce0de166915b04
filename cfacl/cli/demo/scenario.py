"""The smart-home backend as data: its policy, and who does what with which family in it."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from cfacl.policy.policy import Policy

#: Where the clock of the demonstration stands: inside the ninety days of the one assignment that ends.
NOW: Final = "2026-10-01T09:00:00+00:00"

_FOLDER: Final = Path(__file__).parent


class Word(NamedTuple):
    """A word of the matrix: a letter or two for it, and what it waits for if no policy can express it yet."""

    code: str
    waits: str = ""


class Part(NamedTuple):
    """What one kind of people does with one family: an action with its conditions.

    Attributes:
        words: as the matrix has them, ``read masked ticket``.
        waiting: those of them that no policy can express yet.
    """

    table: str
    family: str
    who: str
    words: tuple[str, ...]
    waiting: tuple[str, ...]

    @property
    def code(self) -> str:
        """The part in as few letters as possible, ``Rmt``."""
        return "".join(words()[word].code for word in self.words)


class Beyond(NamedTuple):
    """A rule of the backend that is no cell of the matrix, and what it waits for."""

    what: str
    who: str
    waits: str


def policy_file() -> Path:
    """Return where the policy stands."""
    return _FOLDER / "smart_home.toml"


@cache
def policy() -> Policy:
    """Return the policy."""
    return Policy.load(policy_file())


@cache
def words() -> dict[str, Word]:
    """Return the words of the matrix by name."""
    return {name: Word(**each) for name, each in _matrix()["words"].items()}


def people() -> dict[str, str]:
    """Return short names of the columns of the matrix; third parties have none."""
    return dict(_matrix()["people"])


@cache
def parts() -> tuple[Part, ...]:
    """Return every part of every cell of the matrix, in its order."""
    known = words()
    return tuple(
        Part(table, family, who, tuple(part.split()), tuple(word for word in part.split() if known[word].waits))
        for table, families in _matrix()["matrix"].items()
        for family, cells in families.items()
        for who, cell in cells.items()
        for part in cell
    )


def waiting() -> tuple[Part, ...]:
    """Return the parts that have no grant, because no policy can express them yet."""
    return tuple(part for part in parts() if part.waiting)


def beyond() -> tuple[Beyond, ...]:
    """Return the rules outside the matrix that no policy can express yet."""
    return tuple(Beyond(**each) for each in _matrix()["beyond"])


@cache
def _matrix() -> dict[str, Any]:
    return tomllib.loads((_FOLDER / "matrix.toml").read_text("utf-8"))
