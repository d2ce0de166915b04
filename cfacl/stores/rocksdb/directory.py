"""Which directory a URL names, and whether it is a store of ours."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from rocksdict import Options, Rdict

from cfacl.errors import CfaclError, RequestError, StoreError, StoreLocked, StoreUnavailable, quoted, quoted_path
from cfacl.stores.rocksdb.errors import let_go, mapped
from cfacl.stores.rocksdb.fork import process
from cfacl.stores.rocksdb.keys import SYSTEM, FamilyName
from cfacl.stores.rocksdb.logs import confirm_logs
from cfacl.stores.rocksdb.settings import read_settings
from cfacl.stores.rocksdb.store import RocksStore

__all__ = ["open_store"]

#: Lies in the directory while a store is being created: without it, what a crash leaves behind would be nobody's.
_CREATING: Final = "CFACL_CREATING"


def open_store(url: str, *, clock: Callable[[], int]) -> RocksStore:
    """Open the store at ``rocksdb:///absolute/path``, and create it if the directory is missing or empty.

    Only the last directory of the path is created.  What its query may say: `Settings`.  ``clock`` returns nanoseconds
    since 1970.

    Raises:
        RequestError: the URL names no absolute path, or its query makes no sense.
        StoreUnavailable: the parent directory is missing, something may not be read or written, this process may not
            open as many files as the store has, or it was forked from one that had opened a store.
        StoreLocked: another process, or this one, has it open.
        StoreCorrupted: what is on disk is damaged.
        StoreError: the directory holds something else.
    """
    path, settings = _path(url), read_settings(urlsplit(url).query)
    process.opening()
    try:
        names = _names(path)
        confirm_logs(path)
        store = RocksStore(path, names, settings, clock=clock)
        if not names:
            (path / _CREATING).unlink(missing_ok=True)
    except CfaclError as error:
        let_go(error)
        raise
    except OSError as error:
        message = f"{quoted_path(path)} cannot be opened: {(error.strerror or 'unknown').lower()}"
        raise StoreUnavailable(message) from error
    except Exception as error:
        raise _told(error, path) from error
    return store


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
    try:
        found = {each.name for each in path.iterdir()}
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise StoreUnavailable(f"{quoted_path(path.parent)} does not exist; create it first") from None
        path.mkdir(mode=0o700)
        found = set()
    if not found or _CREATING in found:
        (path / _CREATING).touch()
        return []
    names = Rdict.list_cf(str(path), Options(raw_mode=True)) if "CURRENT" in found else []
    strange = [each for each in names if each not in (SYSTEM, "default") and FamilyName.parse(each) is None]
    if strange or SYSTEM not in names:
        raise StoreError(
            f"{quoted_path(path)} is not a cfacl store; name an empty directory, or one that does not exist"
        )
    return names


def _told(error: Exception, path: Path) -> CfaclError:
    """Return an error for one of the driver's that names the directory, and who has it open."""
    ours = mapped(error)
    message = f"{quoted_path(path)}: {ours}"
    if isinstance(ours, StoreLocked):
        holder = _holder(path / "LOCK")
        message += f" (process {holder}); only one can" if holder else "; only one can"
    return type(ours)(message)


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
