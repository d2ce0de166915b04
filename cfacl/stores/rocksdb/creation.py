"""How a store comes to be, so that a crash on the way leaves nothing that is nobody's, and two at once make one.

Between the first look at an empty directory and RocksDB's own lock another process may have made a store there; and
that lock is a file, without which two would write.  So whoever opens one for writing has the directory to itself until
it is closed, by a lock that leaves no file and that the system takes back from the dead.

What a crash cut short is taken up again as long as there cannot be a row in it; beside anything else the mark means
nothing, for RocksDB clears away files that it finds in a store that it takes for a new one.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from cfacl.errors import StoreLocked, quoted_path
from cfacl.stores.rocksdb.fork import process
from cfacl.stores.rocksdb.watermark import MARKS

__all__ = ["MARK", "Alone", "begin", "begun", "finish", "give_up", "sync_names"]

#: Lies in the directory while a store is being created: without it, what a crash leaves behind would be nobody's.
MARK: Final = "CFACL_CREATING"
#: What lies there before the first row, which goes to a log that is empty until then.
_EARLY: Final = re.compile(
    rf"{MARK}|{MARKS}|CURRENT|IDENTITY|LOCK|LOG(\.old\.\d+)?|MANIFEST-\d+|OPTIONS-\d+|\d+\.log|(OPTIONS-)?\d+\.dbtmp"
    r"|rocksdict-config\.json",
    re.ASCII,
)
#: For how many seconds another process may be at it, and seconds between two looks.
_PATIENCE: Final = 10.0
_PAUSE: Final = 0.005
#: What the system says where it has no such locks: for directories, on this file system, or at all.
_NO_LOCKS: Final = frozenset({errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP})


class Alone:
    """Keeps a directory to the one who opens a store in it, and shared, as whoever comes then can tell, has it open.

    A child that was forked leaves it to its parent.

    Raises:
        StoreLocked: somebody else has it open, or is at it, for longer than opening takes.
    """

    def __init__(self, path: Path) -> None:
        self._folder: int | None = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        process.opened(self)
        try:
            self._take(path)
        except BaseException:
            self.let_go()
            raise

    def _take(self, path: Path) -> None:
        until = monotonic() + _PATIENCE
        while not self._flock(fcntl.LOCK_EX | fcntl.LOCK_NB):
            if self._flock(fcntl.LOCK_SH | fcntl.LOCK_NB):
                raise StoreLocked(
                    f"{quoted_path(path)}: another process has this store open; only one can write it: use that one,"
                    " or connect with `read_only=True`"
                )
            if monotonic() > until:
                raise StoreLocked(f"{quoted_path(path)}: another process is opening this store; try again")
            sleep(_PAUSE)

    def opened(self) -> None:
        """Have it known that the store is open."""
        self._flock(fcntl.LOCK_SH)

    def let_go(self) -> None:
        """Leave the directory to whoever comes."""
        folder, self._folder = self._folder, None
        if folder is not None:
            try:
                with suppress(OSError):
                    fcntl.flock(folder, fcntl.LOCK_UN)  # closing is not enough where a child was forked meanwhile
            finally:
                os.close(folder)

    def abandon(self) -> None:
        folder, self._folder = self._folder, None
        if folder is not None:
            os.close(folder)  # and not unlocked, for it is the parent's

    def __del__(self) -> None:
        if hasattr(self, "_folder"):  # it could be opened
            self.let_go()

    def _flock(self, how: int) -> bool:
        """Return whether the lock was got; where there are none, as on some network's disks, RocksDB's own has to do."""
        try:
            if self._folder is not None:
                fcntl.flock(self._folder, how)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
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
    """Have it on the disk that the store is created, and where."""
    try:
        (path / MARK).unlink()
    except FileNotFoundError:
        return
    sync_names(path)
    with suppress(PermissionError):  # one may be made below what may not be read
        sync_names(path.resolve().parent)


def sync_names(folder: Path) -> None:
    """Have the names in a directory on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def give_up(path: Path, new: bool) -> None:
    """Remove what was made ready for a store that came to nothing, and nothing else."""
    with suppress(OSError):
        if [each.name for each in path.iterdir()] == [MARK]:
            (path / MARK).unlink()
            if new:
                path.rmdir()
