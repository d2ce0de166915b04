"""YCSB's core workloads A to F, as lists of operations that any store can be given.

Shares, distributions and the form of a record are those of ``workloads/workloada`` to ``workloadf`` and ``CoreWorkload`` of
github.com/brianfrankcooper/YCSB: ten fields of 100 bytes, reads of all of them, updates of one; keys in hashed order, so that
which records are popular has nothing to do with where they lie.  Popularity is Zipf's with exponent 0.99.  YCSB draws it from
ten billion and folds that on the records by a hash; here it is over the records themselves, which is more skewed, and exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from hashlib import blake2b
from itertools import accumulate, count
from random import Random
from typing import Any, Final, Literal, NamedTuple

from attrs import frozen

Kind = Literal["read", "update", "insert", "scan", "modify"]
Rows = list[tuple[bytes, Any]]

FIELDS: Final = 10
FIELD_BYTES: Final = 100
#: A scan is of so many rows at most, and any number is as likely.
SCANNED: Final = 100
EXPONENT: Final = 0.99


@frozen
class Workload:
    """What is done, and to which records.

    Attributes:
        shares: of each kind of operation, its share.
        latest: whether the newest records are the popular ones.
    """

    name: str
    shares: Mapping[Kind, float]
    latest: bool = False


#: In the order that YCSB advises: those that insert come last.
WORKLOADS: Final = (
    Workload("a", {"read": 0.5, "update": 0.5}),
    Workload("b", {"read": 0.95, "update": 0.05}),
    Workload("c", {"read": 1.0}),
    Workload("f", {"read": 0.5, "modify": 0.5}),
    Workload("d", {"read": 0.95, "insert": 0.05}, latest=True),
    Workload("e", {"scan": 0.95, "insert": 0.05}),
)


class Operation(NamedTuple):
    """One operation: on which row, with what, or on how many rows from there."""

    kind: Kind
    key: bytes
    data: dict[bytes, bytes]
    rows: int


@frozen
class Client:
    """What a service calls: a guarded table, an unguarded store, or a driver.

    Attributes:
        family: what it calls the family that records are in.
        scan: takes the first key, and how many rows are wanted.
    """

    family: bytes
    row: Callable[[bytes], Any]
    put: Callable[[bytes, dict[bytes, bytes]], object]
    scan: Callable[[bytes, int], Rows]

    def modify(self, key: bytes, data: dict[bytes, bytes]) -> None:
        """Read a row, and write some of it."""
        self.row(key)
        self.put(key, data)

    def call(self, operation: Operation) -> Callable[[], object]:
        """Return an operation, ready to be called."""
        kind, key, data, rows = operation
        match kind:
            case "read":
                return partial(self.row, key)
            case "scan":
                return partial(self.scan, key, rows)
            case "modify":
                return partial(self.modify, key, data)
            case "update" | "insert":
                return partial(self.put, key, data)


def key(number: int, whose: str = "") -> bytes:
    """Return the key of a record, by when it was inserted; and by whom, where that was somebody who is timed."""
    hashed = blake2b(number.to_bytes(8, "big"), digest_size=8, person=whose.encode("ascii"))
    return b"user" + hashed.hexdigest().encode("ascii")


def record(rng: Random, family: bytes) -> dict[bytes, bytes]:
    """Return all fields of a record."""
    return {b"%b:field%d" % (family, field): rng.randbytes(FIELD_BYTES) for field in range(FIELDS)}


def records(number: int, family: bytes, seed: int = 0) -> Iterator[tuple[bytes, dict[bytes, bytes]]]:
    """Yield the records that are there before anything is timed."""
    rng = Random(seed)
    return ((key(each), record(rng, family)) for each in range(number))


def popular(number: int) -> list[float]:
    """Return cumulative weights of so many ranks, as `Random.choices` takes them."""
    return list(accumulate(1 / rank**EXPONENT for rank in range(1, number + 1)))


def operations(
    workload: Workload, number: int, loaded: int, there: int, family: bytes, seed: int = 0, *, whose: str = ""
) -> list[Operation]:
    """Return operations on a table where so many records were loaded, and with what somebody inserted are so many.

    They are the same ones for the same arguments, and for somebody else but for the keys of what was inserted.
    """
    rng = Random(f"{workload.name} {there} {seed}")
    weights = popular(there)
    kinds = rng.choices(list(workload.shares), list(workload.shares.values()), k=number)
    ranks = rng.choices(range(there), cum_weights=weights, k=number)
    new = count(there)
    newest = there - 1
    made = []
    for kind, rank in zip(kinds, ranks, strict=True):
        chosen = newest - rank if workload.latest else rank
        if kind == "insert":
            chosen = newest = next(new)
        data: dict[bytes, bytes] = {}
        if kind == "insert":
            data = record(rng, family)
        elif kind in ("update", "modify"):
            data = {b"%b:field%d" % (family, rng.randrange(FIELDS)): rng.randbytes(FIELD_BYTES)}
        name = key(chosen) if chosen < loaded else key(chosen, whose)
        made.append(Operation(kind, name, data, rng.randint(1, SCANNED) if kind == "scan" else 0))
    return made


def inserted(some: Iterable[Operation]) -> int:
    """Return how many records operations add."""
    return sum(each.kind == "insert" for each in some)
