"""What the listing of a store's own rights comes to: what of it a policy can say, and what is left out.

A listing is what a shell prints: a heading, lines, and how many there were.  It is taken whole or not at all, since one that
was cut, or folded at the width of a terminal, would say less than there is, or something else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from cfacl.errors import Fault, PolicyError
from cfacl.model.action import Action

__all__ = ["LeftOut", "Meant", "lines_of", "parsed"]

T = TypeVar("T")


class Meant(NamedTuple):
    """What an account may do to a family, by a line of a listing; ``columns``: all that the family then declares."""

    line: int
    account: str
    table: str
    family: str
    actions: frozenset[Action]
    columns: frozenset[bytes] | None = None


class LeftOut(NamedTuple):
    """What a line gives, in the words of the store, and no grant says exactly."""

    line: int
    account: str
    what: str
    on: str
    why: str


def lines_of(
    text: Sequence[str], heading: re.Pattern[str], end: re.Pattern[str], command: str
) -> Iterator[tuple[int, str]]:
    """Yield the lines, each with its number, between every heading and the count that ends what stands below it.

    Raises:
        PolicyError: there is no heading, or not as many lines as counted.
    """
    begun: int | None = None
    found = False
    count = 0
    for number, line in enumerate(text, 1):
        if heading.fullmatch(line.rstrip()):
            if begun is not None:
                break
            begun, found, count = number, True, 0
        elif begun is not None and (counted := end.fullmatch(line.rstrip())):
            if int(counted[1]) != count:
                raise PolicyError(
                    [
                        Fault(
                            f"line {number}",
                            f"counts {counted[1]} rows, and {count} stand above it; take the whole of it",
                        )
                    ]
                )
            begun = None
        elif begun is not None and line.strip():
            count += 1
            yield number, line.rstrip()
    if begun is not None:
        raise PolicyError(
            [Fault(f"line {begun}", "begins a listing whose count of rows is missing; take the whole of it")]
        )
    if not found:
        raise PolicyError([Fault("", f"holds no listing; take what {command} prints, its heading and its count too")])


def parsed(lines: Iterable[tuple[int, str]], row: Callable[[str], T | str]) -> list[tuple[int, T]]:
    """Return what each line says by ``row``, which returns a text where it says nothing: what is wrong.

    Raises:
        PolicyError: with a fault for each such line.
    """
    found: list[tuple[int, T]] = []
    faults = []
    for number, line in lines:
        said = row(line)
        if isinstance(said, str):
            faults.append(Fault(f"line {number}", said))
        else:
            found.append((number, said))
    if faults:
        raise PolicyError(faults)
    return found
