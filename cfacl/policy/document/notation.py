"""Small notations of a document: durations and accesses."""

from __future__ import annotations

import re
from typing import Final

from cfacl.errors import quoted
from cfacl.model.action import ACTIONS
from cfacl.model.grants import Access

#: ``400d``, ``12h``, ``90s``; no leading zero, so that each duration has few spellings.
DURATION: Final = r"^[1-9][0-9]*[dhs]$"
#: The most whole days that fit 31 bits of seconds, in which HBase keeps a time to live.
MAX_SECONDS: Final = 24_855 * 86_400
#: How many values of one cell a family may keep, at most.
MAX_VERSIONS: Final = 1_000_000
#: ``read account:prof``.  Actions and names are looked up later, for a better message.
ACCESS: Final = r"^[^ :]+ [^ :]+:[^ :]+$"

_UNITS: Final = {"d": 86_400, "h": 3_600, "s": 1}
_access: Final = re.compile(r"([^ :]+) ([^ :]+):([^ :]+)")
#: Actions that the vocabulary has and this version does not.
_LATER: Final = ("lookup", "aggregate", "disclose")


def seconds(text: str) -> int:
    """Return how many seconds a duration that matches `DURATION` lasts."""
    return int(text[:-1]) * _UNITS[text[-1]]


def duration(count: int) -> str:
    """Return ``count`` seconds in the largest unit that says them exactly."""
    unit = next(unit for unit, length in _UNITS.items() if count % length == 0)
    return f"{count // _UNITS[unit]}{unit}"


def split_access(text: str) -> tuple[str, str, str] | None:
    """Return (action, table, family) of ``read account:prof``, or ``None`` when the text has another form."""
    found = _access.fullmatch(text)
    return (found[1], found[2], found[3]) if found else None


def access(text: str) -> Access:
    """Return the access that a text of a valid document means."""
    action, _, rest = text.partition(" ")
    table, _, family = rest.partition(":")
    return Access(ACTIONS[ACTIONS.index(action)], table, family)


def unknown_action(name: str) -> str:
    """Return what to say of an action that is none."""
    if name in _LATER:
        return f"{quoted(name)} is an action that this version does not have; take it out until it does"
    return f"{quoted(name)} is not one of `read`, `write`, `delete` or `admin`"
