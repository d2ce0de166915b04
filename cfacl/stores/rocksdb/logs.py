"""Looks at the logs and the manifest before RocksDB does, and at which manifest it is."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from cfacl.errors import StoreCorrupted, quoted, quoted_path
from cfacl.stores.rocksdb.records import NAMED, log_number, whole
from cfacl.stores.rocksdb.watermark import marks

__all__ = ["confirm_logs"]

_MANIFEST: Final = "MANIFEST-"
#: The bytes of the head of a record.
_HEAD: Final = 7


def confirm_logs(path: Path) -> None:
    """Read the heads of all records in the logs and the manifest of the store at ``path``; the rest RocksDB checks itself.

    Raises:
        StoreCorrupted: a record is of a kind, or of a length, that this store never writes; a file ends before its
            mark, or the last one is gone; ``CURRENT`` names no manifest, or one that holds nothing; or one of these is
            a directory.
    """
    marked = marks(path)  # before the files, which only grow
    _confirm_current(path, marked)
    logs = sorted(path.glob("*.log"), key=lambda log: log_number(log.name))
    # Recovery may have died behind the beginning of another log, which is empty then.
    last = max((number for number, log in enumerate(logs) if _holds(log)), default=0)
    for file in (*logs, *path.glob(f"{_MANIFEST}*")):
        try:
            sound = whole(file, may_be_cut=file not in logs[:last], mark=marked.get(file.name, 0))
        except IsADirectoryError:
            sound = False
        if not sound:
            what = "log" if file in logs else "manifest"
            raise _damaged(path, f"the {what} {quoted(file.name)} is damaged")
    newest = max(map(log_number, marked), default=-1)
    if logs and log_number(logs[-1].name) < newest:  # one goes when there is a newer one
        raise _damaged(path, "its newest log is gone")


def _confirm_current(path: Path, marked: Mapping[str, int]) -> None:
    says, before = _current(path), ""
    while not (path / says).exists():
        if says == before:
            raise _damaged(path, f"the manifest {quoted(says)} that its `CURRENT` names is gone")
        says, before = _current(path), says  # a writer may name another one meanwhile
    # It is named once it is on the disk, and then has a record.
    with suppress(FileNotFoundError, IsADirectoryError), (path / says).open("rb") as file:
        if not any(file.read(_HEAD)):
            raise _damaged(path, f"the manifest {quoted(says)} is damaged")
    if _manifest_number(says) < max(map(_manifest_number, marked), default=0):
        raise _damaged(path, f"its `CURRENT` names an earlier manifest, {quoted(says)}")


def _current(path: Path) -> str:
    try:
        says = (path / "CURRENT").read_bytes()
    except IsADirectoryError:
        says = b""
    if not NAMED.fullmatch(says):
        raise _damaged(path, "its `CURRENT` is damaged")
    return says.decode().strip()


def _manifest_number(name: str) -> int:
    return int(name.removeprefix(_MANIFEST)) if name.startswith(_MANIFEST) else 0


def _damaged(path: Path, what: str) -> StoreCorrupted:
    return StoreCorrupted(f"{quoted_path(path)}: {what}; restore the store from a backup")


def _holds(log: Path) -> bool:
    try:
        return log.stat().st_size > 0
    except FileNotFoundError:  # a writer that has it open removes what it needs no more
        return False
