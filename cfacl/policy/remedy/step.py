"""What is asked for, and a policy on the way to where it is allowed."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from cfacl.engine.snapshot import span
from cfacl.model.action import Action
from cfacl.model.grants import Window
from cfacl.policy.remedy.amendment import Amended

__all__ = ["Make", "Request", "Step", "holds"]

#: Makes a policy, when its turn comes: most of those that are thought of never get theirs.
Make = Callable[[], Amended]


class Request(NamedTuple):
    """What a principal asks for; all names are declared, ``now`` is in nanoseconds since 1970."""

    principal: str
    purpose: str
    action: Action
    table: str
    families: tuple[str, ...]
    now: int


class Step(NamedTuple):
    """A policy on the way.

    Attributes:
        reach: how far its edits reach, by `Spread`.
        make: makes it, when its turn comes.
        granted: whether grants count for all that is asked.
        alone: by number in the document and role, what is held at another time and left alone, though a `never` line may forbid it.
    """

    reach: int
    make: Make
    granted: bool = False
    alone: frozenset[tuple[int, str]] = frozenset()


def holds(window: Window, now: int) -> bool:
    """Whether a time in nanoseconds since 1970 lies in a window."""
    start, until = span(window)
    return start <= now < until
