"""A way to a store's files by which the driver writes nothing beside them.

Whatever opens a directory by the driver writes its ``rocksdict-config.json`` anew, a reader too: it would need leave to
write, and could get in the way of a writer that reads that file just then.  So readers give the driver a directory of
their own, with links to the files that say which others there are; those it finds by its options, where they are.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Final

from rocksdict import AccessType, DBPath, Options, Rdict

from cfacl.errors import RequestError, StoreUnavailable, quoted_path
from cfacl.stores.rocksdb.records import NAMED, current_named

__all__ = ["View", "led"]

_LINKED: Final = ("CURRENT", "IDENTITY")
#: All of the files are in one place, however much there is.
_UNBOUNDED: Final = 1 << 62


class View:
    """A directory that leads to the store at ``path``; it is nobody else's, and goes with `close`.

    Raises:
        StoreUnavailable: it cannot be made.
        RequestError: it would lie in the store.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            where = Path(tempfile.gettempdir())
            if path.resolve() in (where.resolve(), *where.resolve().parents):
                raise RequestError(
                    f"the directory for temporary files lies in the store {quoted_path(path)};"
                    " set `TMPDIR` to another one"
                )
            self._folder = Path(tempfile.mkdtemp(prefix="cfacl-"))
        except OSError as error:
            reason = (error.strerror or "unknown").lower()
            raise StoreUnavailable(
                f"no directory for temporary files can be made: {reason}; set `TMPDIR` to where one can"
            ) from error
        # A child that was forked leaves it to its parent.
        self._finalizer = weakref.finalize(self, _remove, self._folder, os.getpid())
        self._links = self._folder / "store"
        self._links.mkdir()
        self._renew()

    def _renew(self) -> None:
        """Link what says which files there are; its name changes when a writer opens the store."""
        named = current_named(self._path)
        # Where it is damaged there is nothing to link, and the driver says so.
        manifest = (named.decode().strip(),) if NAMED.fullmatch(named) else ()
        for name in (*_LINKED, *manifest):
            link = self._links / name
            if not link.is_symlink():
                link.symlink_to(self._path / name)

    def names(self, options: Options) -> list[str]:
        """Return the names of the column families that there are now."""
        self._renew()
        return Rdict.list_cf(str(self._links), options)

    def secondary(self, options: Options, names: list[str]) -> Rdict:
        """Open an instance that can catch up with whoever writes."""
        access = AccessType.secondary(str(self._folder / "secondary"))
        return Rdict(str(self._links), options, dict.fromkeys(names, options), access)

    def read_only(self, options: Options, names: list[str]) -> Rdict:
        """Open an instance that stays as it is now; some of the column families will do."""
        return Rdict(str(self._links), options, dict.fromkeys(names, options), AccessType.read_only(False))

    def confirm_files(self, names: list[str]) -> None:
        """Raise what the driver raises where a file of values is missing, but from a secondary instance.

        No log is read for it: there are none where the driver looks for them.
        """
        options = Options(raw_mode=True)
        options.set_db_paths([DBPath(str(self._path), _UNBOUNDED)])
        self.read_only(options, names).close()

    def close(self) -> None:
        """Remove the directory; what was opened by it stays open, and catches up no more."""
        self._finalizer()


def led(path: Path, options: Options) -> Options:
    """Return ``options``, made to find the files of the store at ``path`` from a `View`."""
    options.set_wal_dir(str(path))
    options.set_db_paths([DBPath(str(path), _UNBOUNDED)])
    # Each catching up starts so many threads: with the sixteen of the default it takes 7 ms instead of 30 µs.
    options.set_max_file_opening_threads(1)
    return options


def _remove(folder: Path, process: int) -> None:
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)
