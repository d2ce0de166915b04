"""What RocksDB's error texts mean; the binding raises nearly all of them as bare `Exception`."""

from __future__ import annotations

from pathlib import Path
from traceback import clear_frames
from typing import Final

from rocksdict import DbClosedError

from cfacl.errors import (
    CfaclError,
    Closed,
    SchemaMissing,
    StoreCorrupted,
    StoreError,
    StoreLocked,
    StoreTimeout,
    StoreUnavailable,
    quoted_path,
)

__all__ = ["TEXTS", "EndedEarly", "let_go", "mapped", "told"]

_CORRUPTED: Final = "the data on disk is damaged; restore it from a backup"
_FULL: Final = "there is no space left; free some, then open the store again with `reopen()`"
_FAILED: Final = "rocksdb could not read or write its files; see the cause, then open the store again with `reopen()`"

_FIXED: Final = (
    "the store is on a file system that cannot be written; mount it for writing, or connect with `read_only=True`"
)
_DIRECTORY: Final = "a directory is where a file of the store belongs; remove it, or restore the store from a backup"

#: The first text that an error contains decides.
TEXTS: Final[tuple[tuple[str, type[CfaclError], str], ...]] = (
    ("While lock file", StoreLocked, "another process has this store open"),
    ("lock hold by current process", StoreLocked, "this process has this store open already"),
    ("Corruption: ", StoreCorrupted, _CORRUPTED),
    ("No space left on device", StoreUnavailable, _FULL),
    ("Space limit reached", StoreUnavailable, _FULL),
    ("Disk quota exceeded", StoreUnavailable, _FULL),
    ("Too many open files", StoreUnavailable, "too many open files; raise the limit (`ulimit -n`)"),
    ("Permission denied", StoreUnavailable, "this process may not read or write the store's files; let its user do so"),
    ("Read-only file system", StoreUnavailable, _FIXED),
    ("No such file or directory", StoreCorrupted, "a file of the store is gone; restore it from a backup"),
    ("Is a directory", StoreCorrupted, _DIRECTORY),
    ("IO error: ", StoreUnavailable, _FAILED),
    ("Column family dropped: ", SchemaMissing, "the family was dropped meanwhile"),
    ("Shutdown in progress: ", Closed, "the store is closed; open it again"),
    ("Operation timed out: ", StoreTimeout, "rocksdb did not answer in time"),
    ("Resource busy: ", StoreTimeout, "rocksdb is busy; try again"),
    ("Operation failed. Try again.: ", StoreTimeout, "rocksdb is busy; try again"),
)


class EndedEarly(Exception):
    """An iteration stopped before its end, without the binding saying why."""


def let_go(error: Exception) -> None:
    """Drop the locals of the frames that an error came through.

    An iterator among them would hold the directory locked after `close`, for as long as somebody keeps the error.
    """
    clear_frames(error.__traceback__)


def mapped(error: Exception) -> CfaclError:
    """Return an error of ours for one of the driver's, which is made to `let_go`."""
    let_go(error)
    if isinstance(error, DbClosedError):
        return Closed("the store is closed; open it again")
    if isinstance(error, EndedEarly):
        return StoreCorrupted(_CORRUPTED)
    text = str(error)
    for part, kind, message in TEXTS:
        if part in text:
            return kind(message)
    return StoreError("rocksdb failed in a way that is not known; see the cause")


def told(error: Exception, path: Path) -> CfaclError:
    """Return what `mapped` does, with the directory named."""
    ours = mapped(error)
    return type(ours)(f"{quoted_path(path)}: {ours}")
