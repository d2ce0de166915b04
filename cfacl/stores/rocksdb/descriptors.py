"""Whether this process may open as many files as a store needs.

RocksDB needs a descriptor for each file that it holds open, and finds out in the middle of a write or a read when there
is none left; a failed write then stays failed until the store is opened again.  So it is looked at before.
"""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import Final, NamedTuple

from cfacl.errors import StoreUnavailable, quoted_path
from cfacl.stores.rocksdb.settings import Settings

__all__ = ["Descriptors", "confirm_descriptors", "descriptors"]

#: For logs, the manifest, the files that a flush or a compaction writes, and what else the process is about to open.
_OTHERS: Final = 64
#: More than RocksDB can hold open; its option is an int of C.
_MOST: Final = 1 << 20


class Descriptors(NamedTuple):
    """How many files this process has open (``None`` where the system does not tell), and how many it may have."""

    open: int | None
    limit: int


def descriptors() -> Descriptors:
    """Return how many files are open, and the soft limit."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        opened: int | None = len(os.listdir("/dev/fd"))  # noqa: PTH208  # names are all that is wanted
    except OSError:
        opened = None
    return Descriptors(opened, _MOST if limit == resource.RLIM_INFINITY else min(limit, _MOST))


def confirm_descriptors(path: Path, families: int, settings: Settings, *, is_open: bool = False, new: int = 0) -> int:
    """Return how many files RocksDB shall hold open of the store at ``path``, with so many column families.

    All that it has, and half of the limit if that is more; or as many as the settings say.  Beyond them it closes one to
    open another, which is slow, and fails nothing.  The limit itself stays as it is: raising it would change what
    `select` and child processes of the service meet, so it is the operator's to raise.

    Args:
        is_open: it is open now, and is to be opened anew: its files count once.
        new: so many of the column families are about to be made, each of which holds a descriptor of its own meanwhile.

    Raises:
        StoreUnavailable: the limit is too low.
    """
    opened, limit = descriptors()
    present = sum(1 for _ in path.glob("*.sst"))
    files = max(settings.open_files or max(families, present), new)
    needed = files + _OTHERS + max((opened or 0) - (present if is_open else 0), 0)
    if needed > limit:
        less = "say fewer `open_files`" if settings.open_files else "say `?open_files=N` in its URL, which is slower"
        if settings.open_files and files > settings.open_files:
            less = "make fewer families at once"
        raise StoreUnavailable(
            f"{quoted_path(path)} needs {needed} file descriptors, and this process may have {limit};"
            f" raise the limit (`ulimit -n {needed}`), or {less}"
        )
    return settings.open_files or max(files, limit // 2)
