"""Faults while they are gathered: where in the document they stand, in which order they are told."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, NamedTuple

from cfacl.errors import Fault
from cfacl.model.names import nearest

#: Keys and indices from the top of the document down.
Place = tuple[str | int, ...]

#: A key that needs no quotes.
BARE: Final = re.compile(r"[A-Za-z0-9_-]+\Z")
#: How long a key is that a path shows whole.
_SHOWN: Final = 80
#: How many known names all hints of one document may be compared with: about half a second's worth.
_COMPARISONS: Final = 50_000


class Problem(NamedTuple):
    """A fault whose place is not yet written out."""

    place: Place
    message: str


def path(place: Iterable[str | int], shown: int = _SHOWN) -> str:
    """Return a place as text: ``roles.support.grants[2].families``, ``principals."maya@x.org"``.

    A key of more than ``shown`` characters is cut.
    """
    steps = [f"[{step}]" if isinstance(step, int) else f".{_key(step, shown)}" for step in place]
    return "".join(steps).removeprefix(".")


def _key(key: str, shown: int) -> str:
    if BARE.match(key):
        return _cut(key, shown)
    text = "".join(c if c.isprintable() and c not in '"\\`' else f"\\u{ord(c):04x}" for c in key)
    return f'"{_cut(text, shown)}"'


def _cut(text: str, shown: int) -> str:
    return text if len(text) <= shown else text[: shown - 3] + "..."


def in_document_order(document: Mapping[str, Any], problems: Iterable[Problem]) -> tuple[Fault, ...]:
    """Return problems as faults, in the order in which their places stand in ``document``."""
    positions: dict[int, dict[str, int]] = {}

    def order(problem: Problem) -> list[int]:
        found: list[int] = []
        node: Any = document
        for step in problem.place:
            if isinstance(node, dict):
                keys = positions.setdefault(id(node), {})
                if not keys:
                    keys.update((key, number) for number, key in enumerate(node))
                found.append(keys.get(str(step), len(keys)))
                node = node.get(step)
            else:
                found.append(int(step))
                node = node[int(step)]
        return found

    return tuple(Fault(path(each.place), each.message) for each in sorted(problems, key=order))


class Hints:
    """Did-you-mean for unknown names, until a document's share of comparisons is used up."""

    def __init__(self) -> None:
        self._left = _COMPARISONS

    def __call__(self, name: str, known: Collection[str]) -> str:
        """Return a hint such as ``; did you mean `prof`?``, or an empty string."""
        if self._left <= 0:
            return ""
        self._left -= len(known) + 1
        return nearest(name, (each for each in known if each.isprintable() and "`" not in each))
