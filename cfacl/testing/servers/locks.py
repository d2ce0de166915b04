"""Locks that the system drops when their holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

__all__ = ["Leash", "locked"]

#: The bytes of a leash's file: one is locked by its owner, the other by each process that is on it.
_OWNER: Final = 0
_LED: Final = 1


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one at a time in, of all threads and processes."""
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Leash:
    """What holds JVMs to the process that owns them: `Leash.java` ends them when it lets go, or dies in any way.

    It is a lock on a file and no pipe, since a child that is forked meanwhile would hold the pipe as well.  So open
    the file nowhere else in the owner: closing it there would let go.

    Attributes:
        path: the file, which others name to put a JVM on the same leash.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    def hold(self) -> None:
        """Become its owner."""
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.lockf(self._file, fcntl.LOCK_EX, 1, _OWNER)

    def let_go(self) -> None:
        """Return when all that were on it have ended; again, or without `hold`, it does nothing."""
        if self._file is None:
            return
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _OWNER)
        fcntl.lockf(self._file, fcntl.LOCK_EX, 1, _LED)
        os.close(self._file)
        self._file = None
