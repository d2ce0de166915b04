"""Reads a store from end to end, and changes nothing; also beside the process that writes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rocksdict import AccessType, Options, Rdict, RdictIter, ReadOptions

from cfacl.errors import CfaclError, StoreCorrupted, StoreError, quoted_path
from cfacl.stores.rocksdb.errors import let_go, mapped
from cfacl.stores.rocksdb.keys import END, STAMP, SYSTEM, FamilyName, unescaped
from cfacl.stores.rocksdb.logs import confirm_logs
from cfacl.stores.rocksdb.settings import options_to_look

__all__ = ["Verified", "column_families", "verify"]


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
        if (path / "CURRENT").is_file():
            confirm_logs(path)
            names = Rdict.list_cf(str(path), Options(raw_mode=True))
    except CfaclError:
        raise
    except Exception as error:
        raise _told(error, path) from error
    if SYSTEM not in names:
        raise StoreError(f"{quoted_path(path)} is no cfacl store; name the directory of one")
    return names


def verify(path: Path) -> Iterator[Verified]:
    """Read every value of the store at ``path``, its checksums compared; yield after each family.

    Raises:
        StoreCorrupted: something is damaged, or is not what this store writes.
        StoreError: there is no store, or it cannot be read.
    """
    names = column_families(path)
    try:
        yield from _verified(path, names)
    except CfaclError as error:
        let_go(error)
        raise
    except Exception as error:
        raise _told(error, path) from error


def _verified(path: Path, names: list[str]) -> Iterator[Verified]:
    options = options_to_look()
    driver = Rdict(str(path), options, dict.fromkeys(names, options), AccessType.read_only())
    found = {name: FamilyName.parse(name) for name in names}
    for name in sorted(found):
        parts = found[name]
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


def _told(error: Exception, path: Path) -> CfaclError:
    ours = mapped(error)
    return type(ours)(f"{quoted_path(path)}: {ours}")


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
