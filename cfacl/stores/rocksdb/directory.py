"""Which directory a URL names, and whether it is a store of ours."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit
from weakref import WeakValueDictionary

from rocksdict import Options, Rdict

from cfacl.errors import (
    CfaclError,
    RequestError,
    StoreCorrupted,
    StoreLocked,
    StoreUnavailable,
    quoted,
    quoted_path,
)
from cfacl.stores.rocksdb.creation import MARK, Alone, begin, begun, finish, give_up
from cfacl.stores.rocksdb.errors import let_go, mapped, told
from cfacl.stores.rocksdb.fork import process
from cfacl.stores.rocksdb.keys import SYSTEM
from cfacl.stores.rocksdb.logs import confirm_logs
from cfacl.stores.rocksdb.origin import confirm_whole, not_ours
from cfacl.stores.rocksdb.reader import RocksReader
from cfacl.stores.rocksdb.settings import Settings, read_settings
from cfacl.stores.rocksdb.store import RocksStore

__all__ = ["open_store"]

#: What to do about an error of the system.
_FIXES: Final = {
    errno.EACCES: "let this user read and write it, or name another directory",
    errno.EEXIST: "name a directory",
    errno.ELOOP: "name the directory itself, not a link that leads back to itself",
    errno.ENAMETOOLONG: "name a shorter one",
    errno.ENOTDIR: "name a directory",
    errno.EPERM: "let this user read and write it, or name another directory",
    errno.EROFS: "mount it for writing, or connect with `read_only=True`",
}
#: What this process has open for writing; one is opened at a time.
_open: Final[WeakValueDictionary[tuple[int, int], RocksStore]] = WeakValueDictionary()
_opening: Final = threading.Lock()


def open_store(url: str, *, clock: Callable[[], int], read_only: bool = False, staleness: float = 0.0) -> RocksStore:
    """Open the store at ``rocksdb:///absolute/path``, and create it if the directory is missing or empty.

    Only the last directory of the path is created.  What its query may say: `Settings`.  ``clock`` returns nanoseconds
    since 1970.  With ``read_only`` nothing is created or changed; ``staleness`` is as for `RocksReader`.

    Raises:
        RequestError: the URL names no absolute path, or its query makes no sense.
        StoreUnavailable: the parent directory is missing, something may not be read or written, this process may not
            open as many files as the store has, it was forked from one that had opened a store, or there is none yet
            to be read.
        StoreLocked: another process, or this one, has it open.
        StoreCorrupted: what is on disk is damaged.
        StoreError: the directory holds something else.
    """
    path, settings = _path(url), read_settings(urlsplit(url).query)
    process.opening()
    try:
        if read_only:
            _confirm_made(path)
            return RocksReader(path, settings, staleness=staleness, clock=clock)
        with _opening:
            return _opened(path, settings, clock)
    except CfaclError as error:
        let_go(error)
        raise
    except OSError as error:
        if error.errno is None:  # the driver's, which says it in words
            raise _told(error, path) from error
        raise StoreUnavailable(f"{quoted_path(path)} cannot be opened: {_reason(error)}") from error
    except Exception as error:
        raise _told(error, path) from error


def _opened(path: Path, settings: Settings, clock: Callable[[], int]) -> RocksStore:
    new = _made(path)
    place = _place(path)
    try:
        alone = Alone(path)
    except StoreLocked:
        _confirm_free(path, place)  # says who has it
        raise
    try:
        names = _names(path)
        _confirm_free(path, place)
        try:
            if names:
                confirm_whole(path, names)
            store = _open[place] = RocksStore(path, names, settings, clock=clock, alone=alone)
        except BaseException:
            give_up(path, new)
            raise
        finish(path)
        alone.opened()
    except BaseException:
        alone.let_go()
        raise
    return store


def _made(path: Path) -> bool:
    """Make the directory if it is missing, and return whether it was."""
    try:
        path.stat()
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise StoreUnavailable(f"{quoted_path(path.parent)} does not exist; create it first") from None
    else:
        return False
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        if not path.is_dir():
            raise
        return False  # another process was faster
    return True


def _place(path: Path) -> tuple[int, int]:
    """Return what a directory is, by whichever path it is named."""
    status = path.stat()
    return status.st_dev, status.st_ino


def _confirm_free(path: Path, place: tuple[int, int]) -> None:
    """Refuse a store that is open already, before the driver renames the log file of whoever has it.

    By another path the driver would open it a second time in the same process, and both would write it.
    """
    held = _open.get(place)
    holder = _holder(path / "LOCK")
    if (held is not None and not held.gate.closed) or holder == os.getpid():
        raise _locked(path, "this process has this store open already")
    if holder is not None:
        raise _locked(path, "another process has this store open", holder)


def _locked(path: Path, what: str, holder: int | None = None) -> StoreLocked:
    by = "" if holder is None else f" (process {holder})"
    return StoreLocked(
        f"{quoted_path(path)}: {what}{by}; only one can write it: use that one, or connect with `read_only=True`"
    )


def _confirm_made(path: Path) -> None:
    """Refuse to read where no writer made a store."""
    try:
        found = {each.name for each in path.iterdir()}
    except FileNotFoundError:
        found = set()
    if not found or MARK in found:
        raise StoreUnavailable(
            f"{quoted_path(path)} holds no store yet; open it for writing first, in the process that is to write it"
        )
    if "CURRENT" not in found and not (path / "CURRENT").exists():  # a writer may have replaced it just then
        raise not_ours(path, "not a cfacl store; name the directory of one")


def _reason(error: OSError) -> str:
    """Return what the system says, and what to do."""
    return f"{(error.strerror or 'unknown').lower()}; {_FIXES.get(error.errno or 0, 'mend that, or name another one')}"


def _path(url: str) -> Path:
    parts = urlsplit(url)
    try:
        path = unquote(parts.path, errors="strict")
    except UnicodeDecodeError:
        path = ""
    if parts.netloc or parts.fragment or not path.startswith("/") or "\0" in path:
        raise RequestError(
            f"{quoted(url)} names no store; write `rocksdb://` and an absolute path in UTF-8,"
            " with what is special in a URL percent-encoded"
        )
    return Path(path)


def _names(path: Path) -> list[str]:
    """Return the names of the store's column families; none if it is to be created, for which all is made ready.

    Nothing is written to a directory that holds something else.
    """
    found = {each.name for each in path.iterdir()}
    if not found:
        begin(path)
        return []
    if begun(path, found):
        return []
    names: list[str] = []
    if "CURRENT" in found:
        confirm_logs(path)
        names = Rdict.list_cf(str(path), Options(raw_mode=True))
    elif MARK in found:
        raise StoreCorrupted(f"{quoted_path(path)}: its `CURRENT` is gone; restore it from a backup")
    if SYSTEM not in names:
        raise not_ours(path, "not a cfacl store; name an empty directory, or one that does not exist")
    return names


def _told(error: Exception, path: Path) -> CfaclError:
    """Return an error for one of the driver's that names the directory, and who has it open."""
    ours = mapped(error)
    return _locked(path, str(ours), _holder(path / "LOCK")) if isinstance(ours, StoreLocked) else told(error, path)


def _holder(lock: Path) -> int | None:
    """Return the process that holds a lock, where Linux tells; never opens the file, for closing it would unlock it."""
    try:
        status = lock.stat()
        place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
        for line in Path("/proc/locks").read_text().splitlines():
            fields = line.split()
            if place in fields:
                return max(int(fields[fields.index(place) - 1]), 0) or None
    except (OSError, ValueError):
        pass
    return None
