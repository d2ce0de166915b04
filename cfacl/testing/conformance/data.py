"""Families, changes and reads as the tests of the suite write them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import MAX_KEY, Cells, Delete, Mutation, Put, Span
from cfacl.stores.base import Store

__all__ = [
    "ENDLESS",
    "EVERYTHING",
    "HOSTILE",
    "LOTS",
    "MANY",
    "PATIENCE",
    "TABLE",
    "delete",
    "drained",
    "end",
    "family",
    "projection",
    "put",
    "row",
    "scanned",
]

TABLE: Final = "account"
EVERYTHING: Final = Span()
#: Row keys, and qualifiers, that a careless encoding would confuse or put into another order.
HOSTILE: Final = (
    b"\0",
    b"\0\0",
    b"\0\1",
    b"\0\xff",
    b"\1",
    b":",
    b"a",
    b"a\0",
    b"a\0\0",
    b"a\0\0a",
    b"a\0\1",
    b"a\0b",
    b"a\1",
    b"a:b",
    b"aa",
    b"\xfe\xff",
    b"\xff",
    b"\xff\0",
    b"\xff\xff",
    b"k" * MAX_KEY,
    b"\0" * MAX_KEY,
)

#: More rows, keys or columns than a page of any driver's that would rather give an answer in pages.
MANY: Final = 1_200
#: More mutations than a batch of any driver's, in one call.
LOTS: Final = 6_000

#: How long threads wait for each other, in seconds, before a test fails that would otherwise hang.
PATIENCE: Final = 60
#: How often a call is repeated that should have been refused long before.
ENDLESS: Final = 20_000
#: More batches than any scan here has.
_BATCHES: Final = 300

_identities: Final = itertools.count(1)


def family(name: str, *, table: str = TABLE, level: str = "public", **more: Any) -> StoredFamily:
    """Return a family with an identity that no other has; ``more`` as `StoredFamily` has it."""
    return StoredFamily(table, name, next(_identities), level, **more)


def projection(*slices: StoredFamily | Slice) -> Projection:
    """Return a projection of whole families, or slices of them."""
    return Projection(each if isinstance(each, Slice) else Slice(each) for each in slices)


def put(
    store: Store, key: bytes, family: StoredFamily, values: Mapping[bytes, bytes], timestamp: int | None = None
) -> None:
    """Put values by qualifier into a row."""
    store.apply(family.table, [Mutation(key, (Put(family, values, timestamp),))])


def delete(
    store: Store,
    key: bytes,
    family: StoredFamily,
    qualifiers: tuple[bytes, ...] | None = None,
    timestamp: int | None = None,
) -> None:
    """Delete cells of a row, or (``None``) all that it has in the family."""
    store.apply(family.table, [Mutation(key, (Delete(family, qualifiers, timestamp),))])


def row(store: Store, key: bytes, *slices: StoredFamily | Slice, **more: Any) -> Cells | None:
    """Return a row, ``None`` where there is none; ``more`` as `Store.get` has it."""
    found = store.get(TABLE, [key], projection(*slices), **more)
    assert [each for each, _ in found] in ([], [key])
    return found[0][1] if found else None


def drained(scan: Iterator[list[tuple[bytes, Cells]]]) -> list[list[tuple[bytes, Cells]]]:
    """Return what is left of a scan; one that does not end is told, and not waited for."""
    batches = list(itertools.islice(scan, _BATCHES))
    assert len(batches) < _BATCHES, "the scan does not end"
    return batches


def scanned(
    store: Store, *slices: StoredFamily | Slice, span: Span = EVERYTHING, batch_size: int = 3, **more: Any
) -> list[tuple[bytes, Cells]]:
    """Return the rows of a scan, which came in full batches; sorted here where the store says that it does not.

    ``more`` as `Store.scan` has it.
    """
    asked = projection(*slices)
    ordered = all(store.capabilities(each.family).ordered_scan for each in asked.slices)
    scan = store.scan(TABLE, asked, span if ordered else span._replace(reverse=False), batch_size=batch_size, **more)
    batches = drained(scan)
    assert all(batches), "a batch is empty"
    assert [len(each) for each in batches[:-1]] == [batch_size] * len(batches[:-1]), (
        "a batch before the last is not full"
    )
    assert all(len(each) <= batch_size for each in batches), "a batch is too long"
    rows = list(itertools.chain.from_iterable(batches))
    if not ordered:
        rows.sort(key=lambda found: found[0], reverse=span.reverse)
    return rows


def end(steps: Iterator[object]) -> None:
    """Close a scan or a sweep in the middle; the seam says that it can be."""
    cast("Any", steps).close()
