"""How a store comes to be, so that a crash on the way leaves nothing that is nobody's, and two at once make one.

Between the first look at an empty directory and RocksDB's own lock another process may have made a store there.  So
whoever opens one for writing has the directory to itself until it is open, by a lock that leaves no file and that the
system takes back from the dead.

What a crash cut short is taken up again as long as there cannot be a row in it; beside anything else the mark means
nothing, for RocksDB clears away files that it finds in a store that it takes for a new one.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from cfacl.errors import StoreLocked, quoted_path

__all__ = ["MARK", "alone", "begin", "begun", "finish", "give_up"]

#: Lies in the directory while a store is being created: without it, what a crash leaves behind would be nobody's.
MARK: Final = "CFACL_CREATING"
#: What lies there before the first row, which goes to a log that is empty until then.
_EARLY: Final = re.compile(
    rf"{MARK}|CURRENT|IDENTITY|LOCK|LOG(\.old\.\d+)?|MANIFEST-\d+|OPTIONS-\d+|\d+\.log|(OPTIONS-)?\d+\.dbtmp"
    r"|rocksdict-config\.json",
    re.ASCII,
)
#: For how many seconds another process may be at it, and seconds between two looks.
_PATIENCE: Final = 10.0
_PAUSE: Final = 0.005


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Be the only one who opens a store in a directory.

    Raises:
        StoreLocked: somebody else is at it, for longer than opening takes.
    """
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        until = monotonic() + _PATIENCE
        while not _locked(folder):
            if monotonic() > until:
                raise StoreLocked(f"{quoted_path(path)}: another process is opening this store; try again")
            sleep(_PAUSE)
        try:
            yield
        finally:
            fcntl.flock(folder, fcntl.LOCK_UN)  # closing is not enough where a child was forked meanwhile
    finally:
        os.close(folder)


def _locked(folder: int) -> bool:
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def begin(path: Path) -> None:
    """Note in an empty directory that a store is being created."""
    (path / MARK).touch()


def begun(path: Path, found: Collection[str]) -> bool:
    """Whether what was found in a directory is a store that was begun and that has no row yet."""
    return (
        MARK in found
        and all(_EARLY.fullmatch(each) for each in found)
        and not any((path / each).stat().st_size for each in found if each.endswith(".log"))
    )


def finish(path: Path) -> None:
    """Have it on the disk that the store is created."""
    try:
        (path / MARK).unlink()
    except FileNotFoundError:
        return
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def give_up(path: Path, new: bool) -> None:
    """Remove what was made ready for a store that came to nothing, and nothing else."""
    with suppress(OSError):
        if [each.name for each in path.iterdir()] == [MARK]:
            (path / MARK).unlink()
            if new:
                path.rmdir()
