"""What HBase says where it refuses something: whom, and which letter is missing."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

__all__ = ["Refusal", "read", "refused", "text_of"]

_WHO: Final = re.compile(r"Insufficient permissions (?:for user '([^']*)'|\(user=([^,]*),)")
_WHAT: Final = re.compile(r"\baction=(READ|WRITE|EXEC|CREATE|ADMIN)\b")
_LETTERS: Final = {"READ": "R", "WRITE": "W", "EXEC": "X", "CREATE": "C", "ADMIN": "A"}


class Refusal(NamedTuple):
    """A user, and a letter of `RWXCA` that they lack; each empty where HBase does not say it."""

    user: str
    letter: str


def text_of(error: object) -> str:
    """Return the server's own words."""
    message: Any = getattr(error, "message", b"")
    return message.decode("utf-8", "replace") if isinstance(message, bytes) else str(message or "")


def read(text: str) -> Refusal:
    """Return what an answer says that is a refusal."""
    who, what = _WHO.search(text), _WHAT.search(text)
    return Refusal((who[1] or who[2]) if who else "", _LETTERS[what[1]] if what else "")


def refused(error: BaseException) -> Refusal | None:
    """Return what HBase refused, in its own words; ``None`` where it failed at something else."""
    cause: BaseException | None = error
    while cause is not None:
        if "AccessDenied" in (text := text_of(cause)):
            return read(text)
        cause = cause.__cause__
    return None
