"""How an embedded store stands: whose its directory is, who may read it, and what RocksDB says of its work."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from cfacl.errors import quoted_path
from cfacl.stores.posture import Sign
from cfacl.stores.rocksdb.origin import FORMAT

__all__ = ["posture"]

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
#: What part of the descriptors of a process is a sign that it will want more.
_MANY: Final = 0.8
#: Settings in bytes, and where their values stand.
_SETTINGS: Final = {"block_cache": "block_cache_limit", "memtables": "memtable_limit"}


def posture(path: Path, statistics: Mapping[str, int | str], *, read_only: bool) -> Iterator[Sign]:
    """Yield what is found in a store that is open."""
    yield Sign("fact", "transport", "none: the store is in this process")
    yield from _directory(path)
    yield Sign("fact", "encryption", "cfacl encrypts nothing; whether the disk is encrypted is not visible from here")
    yield Sign("fact", "opened", "for reading only, beside whoever writes it" if read_only else "for writing")
    yield from _work(statistics)
    yield Sign("fact", "format", f"{FORMAT.decode()}, the only one that there is")


def _directory(path: Path) -> Iterator[Sign]:
    """Yield who may get at the files: who may not enter the directory, or one above it, gets at none."""
    found = path.stat()
    mode = stat.S_IMODE(found.st_mode)
    if found.st_uid != os.geteuid():
        yield Sign(
            "attention", "directory", f"{quoted_path(path)} is another user's; `chown` it to whom the service runs as"
        )
    may = [name for name, bits in {"read": 0o055, "write": 0o022}.items() if mode & bits & _OTHERS]
    if may:
        yield Sign(
            "attention",
            "directory",
            f"mode {mode:04o} of {quoted_path(path)} lets others of this machine {' and '.join(may)}, unless a directory"
            " above it does not; `chmod 700` it",
        )
    else:
        yield Sign(
            "well", "directory", f"mode {mode:04o} lets nobody but its owner, and root, into {quoted_path(path)}"
        )


def _work(statistics: Mapping[str, int | str]) -> Iterator[Sign]:
    if statistics["background_errors"] or statistics["writes_stopped"] or statistics["calls_failed"]:
        yield Sign("attention", "writing", "rocksdb has stopped; free some space, then call `Database.reopen`")
    opened, limit = statistics["descriptors_open"], statistics["descriptors_limit"]
    if isinstance(opened, int) and isinstance(limit, int) and opened > limit * _MANY:
        yield Sign("attention", "descriptors", f"{opened:,} of {limit:,} are open; raise `ulimit -n`")
    sizes = (f"{each} {int(statistics[key]) >> 20:,} MiB" for each, key in _SETTINGS.items())
    files = statistics["files_held_open_limit"]
    yield Sign("fact", "settings", f"{', '.join(sizes)}, open_files {'all' if files == -1 else files}")
