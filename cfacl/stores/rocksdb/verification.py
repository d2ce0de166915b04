"""Reads a store from end to end, and changes nothing; also beside the process that writes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

from rocksdict import Options, Rdict, RdictIter, ReadOptions

from cfacl.errors import CfaclError, StoreCorrupted, StoreError, StoreUnavailable, quoted_path
from cfacl.stores.rocksdb.errors import let_go, told
from cfacl.stores.rocksdb.keys import END, STAMP, SYSTEM, FamilyName, unescaped
from cfacl.stores.rocksdb.logs import confirm_logs
from cfacl.stores.rocksdb.origin import confirm_families, confirm_format, confirm_origin, not_ours
from cfacl.stores.rocksdb.records import current_named
from cfacl.stores.rocksdb.settings import options_to_look
from cfacl.stores.rocksdb.view import View, led

__all__ = ["Verified", "column_families", "verify"]

#: How often it is looked again, where a writer removed something on the way.
_TRIES: Final = 32
_NO_STORE: Final = "no cfacl store; name the directory of one"


class Verified(NamedTuple):
    """A family of which every value could be read, and how many those are, older versions included."""

    table: str
    family: str
    identity: int
    values: int


def column_families(path: Path) -> list[str]:
    """Return the names of a store's column families; nothing is opened, and nothing made.

    Raises:
        StoreCorrupted: a log or the manifest is damaged.
        StoreError: ``path`` is no directory of a store, or cannot be read.
    """
    names: list[str] = []
    try:
        names = _listed(path)
        strange = not_ours(path, _NO_STORE) if SYSTEM not in names and path.is_dir() else None
    except CfaclError:
        raise
    except Exception as error:
        raise told(error, path) from error
    if SYSTEM not in names:
        raise strange or _nowhere(path)
    return names


def _nowhere(path: Path) -> StoreError:
    try:
        path.stat()
    except FileNotFoundError:
        pass
    except OSError as error:
        reason = (error.strerror or "unknown").lower()
        return StoreError(f"{quoted_path(path)} can't be looked at: {reason}; name the directory of a store")
    return StoreError(f"{quoted_path(path)} is {_NO_STORE}")


def _listed(path: Path) -> list[str]:
    """Return what the manifest lists; that it failed is believed once ``CURRENT`` stayed the same meanwhile."""
    for _ in range(_TRIES):
        current = current_named(path)
        try:
            if not current and not (path / "CURRENT").exists():
                return []
            confirm_logs(path)
            return Rdict.list_cf(str(path), Options(raw_mode=True))
        except Exception:
            if current_named(path) == current:
                raise
    raise _hasty(path)


def verify(path: Path) -> Iterator[Verified]:
    """Read every value of the store at ``path``, its checksums compared; yield after each family.

    Raises:
        StoreCorrupted: something is damaged, or is not what this store writes.
        StoreError: there is no store, or it cannot be read.
    """
    path = path.absolute()  # links lead to it from elsewhere
    column_families(path)
    try:
        with closing(View(path)) as view:
            names, driver = _opened(path, view)
        yield from _verified(names, driver)
    except CfaclError as error:
        let_go(error)
        raise
    except Exception as error:
        raise told(error, path) from error


def _opened(path: Path, view: View) -> tuple[list[str], Rdict]:
    """Return the names of the column families, and an instance of one moment, whatever a writer does meanwhile.

    A file that is missing may be one that the manifest named a moment ago, and a log that went before it was read is
    missed by nobody.  What fails twice alike is so: the manifest was read anew in between.
    """
    said: tuple[str, bytes] | None = None
    for _ in range(_TRIES):
        logs, current = set(path.glob("*.log")), current_named(path)
        try:
            found = _look(path, view)
        except Exception as error:
            if current_named(path) != current:
                continue
            if said == (str(error), current):
                raise
            said = str(error), current
        else:
            if logs <= set(path.glob("*.log")):
                return found
    raise _hasty(path)


def _hasty(path: Path) -> StoreUnavailable:
    return StoreUnavailable(f"{quoted_path(path)}: the store's files change faster than they can be read; try again")


def _look(path: Path, view: View) -> tuple[list[str], Rdict]:
    confirm_logs(path)
    options = led(path, options_to_look())
    options.set_max_open_files(-1)  # held open whatever a writer removes
    names = view.names(options)
    confirm_origin(path, view, options, names)
    driver = view.read_only(options, names)
    system = driver.get_column_family(SYSTEM)
    confirm_format(path, system)
    confirm_families(path, system, {*names, *view.names(options)})  # those made meanwhile are in the second list
    return names, driver


def _verified(names: list[str], driver: Rdict) -> Iterator[Verified]:
    found = {name: FamilyName.parse(name) for name in names}
    # What has no identity is first; then it is as they were given, and these are numbers.
    for name, parts in sorted(found.items(), key=lambda each: (0 if each[1] is None else each[1].identity, each[0])):
        column = driver.get_column_family(name)
        if parts is None:
            for _ in _values(column):
                pass
        elif parts.kind == "cells":
            count = sum(_newest(key, value) for key, value in _values(column))
            older = str(parts._replace(kind="older"))
            if older in found:
                count += sum(_older(key, column) for key, _ in _values(driver.get_column_family(older)))
            yield Verified(parts.table, parts.family, parts.identity, count)


def _values(column: Rdict) -> Iterator[tuple[bytes, bytes]]:
    options = ReadOptions()
    options.fill_cache(False)  # type: ignore[call-arg]  # the driver's stub forgets the argument
    at: RdictIter = column.iter(options)
    at.seek_to_first()
    while (key := at.key()) is not None:
        yield key, at.value()
        at.next()
    at.status()


def _newest(key: bytes, value: bytes) -> int:
    row, end, _ = key.partition(END)
    if not row or not end or len(value) < STAMP:
        raise _strange()
    return 1


def _older(key: bytes, newest: Rdict) -> int:
    """Return 1 if a version has a newest one before it."""
    row, _, rest = key.partition(END)
    qualifier = rest[: -STAMP - len(END)]
    if rest[len(qualifier) : -STAMP] != END or newest.get(row + END + unescaped(qualifier)) is None:
        raise _strange()
    return 1


def _strange() -> StoreCorrupted:
    return StoreCorrupted("a key or a value is not as this store writes it; restore the store from a backup")
