"""Whose a database is, of which version, and whether all of it is there: asked before anything is done with it.

A version to come may keep what this one does not know.  Its column families are not even opened; what they are is
read off their names, and whose they are off the system's.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from typing import Final

from rocksdict import Options, Rdict, ReadOptions

from cfacl.errors import CfaclError, StoreCorrupted, StoreError, quoted, quoted_path
from cfacl.stores.rocksdb.creation import begun
from cfacl.stores.rocksdb.errors import told
from cfacl.stores.rocksdb.keys import SYSTEM, ours
from cfacl.stores.rocksdb.settings import options_to_look
from cfacl.stores.rocksdb.view import View, led

__all__ = [
    "FORMAT",
    "FORMAT_KEY",
    "another_version",
    "confirm_families",
    "confirm_format",
    "confirm_origin",
    "confirm_whole",
    "known_key",
    "known_names",
    "not_ours",
]

#: What the store keeps for itself in the system column family; the system table's records start otherwise.
FORMAT_KEY: Final = b"f"
FORMAT: Final = b"1"
_KNOWN_PREFIX: Final = b"n"
#: What only RocksDB leaves in a directory.
_REMAINS: Final = re.compile(r"MANIFEST-[0-9]{6,}|[0-9]{6,}\.(sst|log)")
#: How the options of our system column family begin in ``OPTIONS-*``, which is written anew whenever one is made.
_OPTIONS: Final = f'[CFOptions "{SYSTEM}"]'.encode()


def known_key(name: str) -> bytes:
    """Return the key under which it stands that there is a column family: from behind its making to before its end."""
    return _KNOWN_PREFIX + name.encode()


def known_names(system: Rdict) -> set[str]:
    """Return the names of the column families that have to be there; whatever is missing of them was lost."""
    found = set()
    at = system.iter(ReadOptions())
    at.seek(_KNOWN_PREFIX)
    while (key := at.key()) is not None and key.startswith(_KNOWN_PREFIX):
        found.add(key[len(_KNOWN_PREFIX) :].decode())
        at.next()
    at.status()
    return found


def another_version(path: Path) -> StoreError:
    """Return the error for a store that this version does not know how to read."""
    return StoreError(f"{quoted_path(path)} was written by another version of cfacl; open it with that one")


def not_ours(path: Path, what: str) -> StoreError:
    """Return the error for a directory where the system column family is not found: ``what`` it is, or that it is damaged."""
    found = {each.name for each in path.iterdir()}
    lost = ""
    if "CURRENT" in found:
        options = [path / each for each in found if each.startswith("OPTIONS-")]
        if any(each.is_file() and _OPTIONS in each.read_bytes() for each in options):
            lost = f"its manifest lacks families, `{SYSTEM}` for one"
    elif any(map(_REMAINS.fullmatch, found)) and not begun(path, found):
        lost = "its `CURRENT` is gone"
    if lost:
        return StoreCorrupted(f"{quoted_path(path)}: {lost}; restore it from a backup")
    return StoreError(f"{quoted_path(path)} is {what}")


def confirm_origin(path: Path, view: View, options: Options, names: list[str]) -> None:
    """Refuse a database that is not ours, column families that this version does not know, and a store without a log.

    Raises:
        StoreCorrupted: somebody removed its logs.
        StoreError: it is somebody else's, or of another version.
    """
    if SYSTEM not in names:
        raise not_ours(path, "not a cfacl store; name the directory of one")
    if not ours(names):
        with closing(view.read_only(options, ["default", SYSTEM])) as driver:
            confirm_format(path, driver.get_column_family(SYSTEM))
        raise another_version(path)
    # RocksDB takes what is left; yet it always keeps one, which may be empty.
    if not any(path.glob("*.log")):
        raise StoreCorrupted(
            f"{quoted_path(path)}: its log is gone, and what was written last; restore it from a backup"
        )


def confirm_format(path: Path, system: Rdict) -> None:
    """Refuse a store whose system column family tells of another format, or of none.

    Raises:
        StoreError: it does.
    """
    written = system.get(FORMAT_KEY)
    if written is None:
        raise StoreError(
            f"{quoted_path(path)} says nothing of its format, so it is not a cfacl store, or is damaged;"
            " name another directory, or restore the store from a backup"
        )
    if written != FORMAT:
        raise another_version(path)


def confirm_families(path: Path, system: Rdict, names: Collection[str]) -> None:
    """Refuse a store whose manifest, which tells of ``names``, lacks column families that have to be there.

    Beside a writer it is to be believed where the manifest stayed the same meanwhile, or where the same one is missed
    twice: what is noted was made before, is noted no more before it goes, and never comes again.

    Raises:
        StoreCorrupted: it lacks some.
    """
    if lost := known_names(system).difference(names):
        raise StoreCorrupted(
            f"{quoted_path(path)}: its manifest lacks families, {quoted(min(lost))} for one;"
            " restore the store from a backup"
        )


def confirm_whole(path: Path, names: list[str]) -> None:
    """Refuse what nobody has open, for whatever reason there is, while nothing is changed yet.

    Raises:
        StoreCorrupted: column families were lost, or logs.
        StoreError: it is somebody else's, or of another version.
    """
    try:
        with closing(View(path)) as view:
            options = led(path, options_to_look())
            confirm_origin(path, view, options, names)
            with closing(view.read_only(options, ["default", SYSTEM])) as driver:
                system = driver.get_column_family(SYSTEM)
                confirm_format(path, system)
                confirm_families(path, system, names)
    except CfaclError:
        raise
    except Exception as error:
        raise told(error, path) from error
