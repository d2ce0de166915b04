"""Copies a store elsewhere and back, each file by its hash.

::

    CFACL_BACKUP    which files, their sizes and hashes (SHA-256); comes last: without it there is no backup
    data/           the files of a checkpoint

Nothing in a backup is a link to the store's own files, so that what harms one harms only one.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final, NamedTuple
from uuid import uuid4

from rocksdict import Checkpoint

from cfacl.errors import RequestError, StoreCorrupted, StoreError, StoreUnavailable, quoted, quoted_path
from cfacl.stores.base import Copied
from cfacl.stores.rocksdb.creation import sync_names
from cfacl.stores.rocksdb.families import Database
from cfacl.stores.rocksdb.origin import confirm_whole
from cfacl.stores.rocksdb.verification import column_families, verify

__all__ = ["back_up", "confirm_target", "restore"]

_MANIFEST: Final = "CFACL_BACKUP"
_DATA: Final = "data"
_FORMAT: Final = 1
#: How the checkpoint's name begins, which lies in the store's directory meanwhile, for its files are links.
_CHECKPOINT: Final = "CFACL_CHECKPOINT"
#: The checkpoints that backups under way copy from; whatever else there is of them, a crash left.
_used: Final[set[str]] = set()
#: Held while checkpoints are made or cleared away: by one process, for only one has a store open.
_making: Final = threading.Lock()
#: What the files of a checkpoint are named like.
_NAME: Final = re.compile(r"\w[\w.-]{0,99}", re.ASCII)
#: Without this file a directory is no store: it is copied last.
_CURRENT: Final = "CURRENT"
#: What to do once a directory can be filled.
_BACKUP_ANEW: Final = "make the backup anew"
_RESTORE_ANEW: Final = "restore the backup anew"
_CHUNK: Final = 1 << 20
#: Hashing releases the GIL.
_THREADS: Final = 4


class _Entry(NamedTuple):
    name: str
    size: int
    sha256: str


def back_up(database: Database, path: Path, target: Path) -> Generator[Copied, None, None]:
    """Copy what the store at ``path`` holds now to the new directory ``target``; yield after each file.

    Writers wait while the checkpoint is made, not while it is copied.

    Raises:
        RequestError: ``target`` lies in the store.
        StoreError: ``target`` holds something, or cannot be written.
        StoreCorrupted: what was read again is not what was written.
    """
    confirm_target(path, target)
    new = _made(target, _BACKUP_ANEW)
    data = target / _DATA
    try:
        with _checkpoint(database, path) as checkpoint, _telling(target, _BACKUP_ANEW):
            data.mkdir(mode=0o700)
            # The largest first, so that no thread is left alone with it at the end.
            files = sorted(checkpoint.iterdir(), key=lambda each: each.stat().st_size, reverse=True)
            names = [each.name for each in files]
            entries: list[_Entry] = []
            yield from _copied([(checkpoint / name, data / name, None) for name in names], entries)
            manifest = {"format": _FORMAT, "files": [each._asdict() for each in sorted(entries)]}
            _write(target / _MANIFEST, json.dumps(manifest, indent=1).encode())
            sync_names(target)
    except BaseException:
        with suppress(OSError):
            (target / _MANIFEST).unlink()
        shutil.rmtree(data, ignore_errors=True)
        _unmade(target, new)
        raise


def confirm_target(path: Path, target: Path) -> None:
    """Refuse to back up the store at ``path`` to ``target``, if that is to be refused, before anything is opened.

    Raises:
        RequestError: ``target`` lies in the store.
        StoreError: ``target`` holds something, or cannot be looked at or made.
    """
    if _within(target, path):
        raise RequestError(f"{quoted_path(target)} lies in the store; name a directory outside of it")
    _confirm_empty(target, _BACKUP_ANEW)


@contextmanager
def _checkpoint(database: Database, path: Path) -> Iterator[Path]:
    """Have a checkpoint that is nobody else's, and clear away those that are nobody's any more."""
    checkpoint = path / f"{_CHECKPOINT}-{uuid4().hex}"
    try:
        with _making:
            for each in path.glob(f"{_CHECKPOINT}*"):
                if each.name not in _used:
                    shutil.rmtree(each, ignore_errors=True)
            _used.add(checkpoint.name)
            with database.lock:
                Checkpoint(database.driver).create_checkpoint(str(checkpoint))
        yield checkpoint
    finally:
        shutil.rmtree(checkpoint, ignore_errors=True)
        _used.discard(checkpoint.name)


def restore(source: Path, target: Path) -> Generator[Copied, None, int]:
    """Copy the backup ``source`` to the new directory ``target``, which is a store then; yield after each file.

    Every value of it is read then; how many there are is returned.

    Raises:
        RequestError: ``target`` lies in ``source``.
        StoreError: ``source`` is no complete backup, or that of another version; or ``target`` holds something, or
            cannot be written.
        StoreCorrupted: a file is not what was backed up, or what was backed up was damaged.
    """
    source, target = source.absolute(), target.absolute()  # links lead to them from elsewhere
    if _within(target, source):
        raise RequestError(f"{quoted_path(target)} lies in the backup; name a directory outside of it")
    entries = _entries(source)
    new = _made(target, _RESTORE_ANEW)
    try:
        with _telling(target, _RESTORE_ANEW):
            jobs = [(source / _DATA / each.name, target / each.name, each) for each in entries]
            yield from _copied([job for job in jobs if job[2].name != _CURRENT], [])
            yield from _copied([job for job in jobs if job[2].name == _CURRENT], [])
        return _values(source, target)
    except BaseException:
        for each in entries:
            with suppress(OSError):
                (target / each.name).unlink()
        _unmade(target, new)
        raise


def _values(source: Path, target: Path) -> int:
    """Return how many values were restored; each is read, for a backup has the damage of the store that it is of."""
    try:
        # Asked of the backup, which stays, and not of what is removed again; every file of it has its hash.
        confirm_whole(source / _DATA, column_families(source / _DATA))
        return sum(each.values for each in verify(target))
    except StoreCorrupted as error:
        raise StoreCorrupted(
            f"the backup {quoted_path(source)} is damaged, as its store was; use another one"
        ) from error


def _within(target: Path, folder: Path) -> bool:
    """Whether a path leads into a directory, by whichever links."""
    place = os.path.realpath(folder)
    return os.path.commonpath((os.path.realpath(target), place)) == place


def _confirm_empty(target: Path, anew: str) -> None:
    """Refuse a path that is no empty directory, unless nothing but its last directory is missing."""
    with _telling(target, anew):
        try:
            full = any(target.iterdir())
        except FileNotFoundError:
            target.parent.stat()
            full = False
    if full:
        raise StoreError(f"{quoted_path(target)} holds something; name a new directory")


def _made(target: Path, anew: str) -> bool:
    """Make the last directory of a path, if it is not there, and return whether it was not; it must be empty."""
    _confirm_empty(target, anew)
    with _telling(target, anew):
        new = not target.exists()
        target.mkdir(mode=0o700, exist_ok=True)
        sync_names(Path(os.path.realpath(target)).parent)
    return new


def _unmade(target: Path, new: bool) -> None:
    """Remove a directory that was made for what came to nothing."""
    if new:
        with suppress(OSError):  # it holds what somebody else put there
            target.rmdir()


@contextmanager
def _telling(target: Path, anew: str) -> Iterator[None]:
    """Say which directory could not be filled, and what to do; what is said of the driver's errors is about the store."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        fix = "free some space there" if full else "mend that, or name a new directory,"
        raise StoreUnavailable(
            f"{quoted_path(target)} cannot be written: {_reason(error)}; {fix} and {anew}"
        ) from error


def _reason(error: OSError) -> str:
    return (error.strerror or "unknown").lower()


def _entries(source: Path) -> list[_Entry]:
    try:
        manifest = json.loads((source / _MANIFEST).read_bytes())
        if manifest["format"] != _FORMAT:
            raise StoreError(f"{quoted_path(source)} was made by another version of cfacl; restore it with that one")
        entries = [_Entry(str(each["name"]), int(each["size"]), str(each["sha256"])) for each in manifest["files"]]
    except FileNotFoundError:
        raise StoreError(f"{quoted_path(source)} is no complete backup: `{_MANIFEST}` is missing; name one") from None
    except OSError as error:
        raise StoreUnavailable(f"{quoted_path(source)} cannot be read: {_reason(error)}; mend that") from error
    # A size may be infinite, and brackets nest without an end.
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise StoreCorrupted(f"`{_MANIFEST}` of {quoted_path(source)} is damaged; use another backup") from error
    names = {each.name for each in entries}
    if _CURRENT not in names or len(names) < len(entries) or not all(map(_NAME.fullmatch, names)):
        raise StoreCorrupted(f"`{_MANIFEST}` of {quoted_path(source)} is damaged; use another backup")
    return entries


def _copied(jobs: list[tuple[Path, Path, _Entry | None]], entries: list[_Entry]) -> Iterator[Copied]:
    """Copy files, read each again, and add what it is to ``entries``."""
    total = sum(source.stat().st_size for source, _, _ in jobs if source.exists())
    size = 0
    with ThreadPoolExecutor(_THREADS) as pool:
        try:
            for future in as_completed([pool.submit(_copy, *job) for job in jobs]):
                entries.append(future.result())
                size += entries[-1].size
                yield Copied(size, total)
        finally:
            pool.shutdown(cancel_futures=True)
    for folder in {target.parent for _, target, _ in jobs}:
        sync_names(folder)


def _copy(source: Path, target: Path, expected: _Entry | None) -> _Entry:
    """Copy a file, hash it on the way, and read the copy again from the disk."""
    try:
        with source.open("rb") as file, target.open("xb") as copy:
            entry = _hashed(source.name, file, copy.write)
            copy.flush()
            os.fsync(copy.fileno())
            if hasattr(os, "posix_fadvise"):  # so that it is read from the disk, not from memory; macOS has none
                os.posix_fadvise(copy.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    except FileNotFoundError:
        raise StoreCorrupted(f"{quoted(source.name)} of the backup is gone; use another backup") from None
    if expected is not None and entry != expected:
        raise StoreCorrupted(f"{quoted(source.name)} of the backup is damaged; use another backup")
    with target.open("rb") as copy:
        if _hashed(source.name, copy, len) != entry:
            raise StoreCorrupted(f"{quoted_path(target)} does not hold what was written to it; use another disk")
    return entry


def _hashed(name: str, file: IO[bytes], take: Callable[[bytes], int]) -> _Entry:
    digest = hashlib.sha256()
    size = 0
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
        take(chunk)
    return _Entry(name, size, digest.hexdigest())


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
