"""What GDPRbench's four personas do, as lists of operations that any store can be given.

Operations, their shares, and how records are made are those of github.com/GDPRbench/GDPRbench: ``GDPRWorkload.java``, and
``src/workloads/gdpr_controller``, ``gdpr_customer`` and ``gdpr_processor`` as of its commit 94d399c; ``gdpr_regulator``,
which that commit no longer has, as of fea7d58.  A record has nine columns of metadata and one of data.  To read or change
*by purpose* or *by user* is to look at every record, as its own clients for Redis and, without an index, JDBC do.

What it has that cfacl has not:

* a log of requests, which is half of what its regulator asks for: cfacl tells each decision to a hook, and keeps none.
  That half is left out here; what cfacl can say instead is who has which right, and why, which `personas` times apart;
* a time to live of each record: a family has one, counted from the timestamp of a cell.  So a record that shall live shorter
  is stamped as so much older.  Where it is written again, that counts anew;
* a question whether all that expired is gone, ``verifyTTL``, which waits: what expired is never returned, and `Database.sweep`
  takes it away.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from random import Random
from typing import Final, Literal, NamedTuple

from attrs import frozen

from benchmarks.ycsb import popular

Kind = Literal[
    "read", "read_by_purpose", "read_by_user", "update", "update_by_purpose", "update_by_user", "delete", "insert"
]
Cells = dict[bytes, bytes]

#: How many different values there are, of the first two for so many records; and how long a record may live, in seconds.
VALUES: Final = {b"obj": 100, b"dec": 2, b"acl": 10, b"shr": 10, b"src": 10, b"cat": 10}
PURPOSES: Final = 25
LIVES: Final = (30, 10_000, 12_000, 14_000, 16_000, 18_000, 20_000, 22_000, 24_000, 1_000_000)
META: Final = (b"pur", b"ttl", b"usr", *VALUES)
DATA_BYTES: Final = 100
#: What "by" means.
BY: Final = {
    "read_by_purpose": b"meta:pur",
    "read_by_user": b"meta:usr",
    "update_by_purpose": b"meta:pur",
    "update_by_user": b"meta:usr",
}


@frozen
class Persona:
    """Who does what how often, and to records of which some are more popular than others, or not."""

    name: str
    shares: Mapping[Kind, float]
    zipf: bool


#: Those first that change nothing.
PERSONAS: Final = (
    Persona("regulator", {"read_by_purpose": 1.0}, zipf=True),
    Persona("processor", {"read": 0.2, "read_by_purpose": 0.4, "read_by_user": 0.4}, zipf=False),
    Persona(
        "customer",
        {
            "read": 0.2,
            "read_by_purpose": 0.1,
            "read_by_user": 0.1,
            "update": 0.2,
            "update_by_purpose": 0.1,
            "update_by_user": 0.1,
            "delete": 0.2,
        },
        zipf=True,
    ),
    Persona(
        "controller",
        {"update_by_purpose": 0.25, "update_by_user": 0.25, "delete": 0.25, "insert": 0.25},
        zipf=False,
    ),
)


def key(number: int) -> bytes:
    return b"key%07d" % number


def life(number: int) -> int:
    """Return for how many seconds a record may live."""
    return LIVES[number % len(LIVES)]


def record(number: int) -> Cells:
    """Return a record; what is in it follows from its number, but that each has a user of its own."""
    made = {b"meta:pur": b"purpose%d" % (number % PURPOSES), b"meta:ttl": b"%d" % life(number)}
    made |= {b"meta:usr": b"user%d" % number}
    made |= {b"meta:" + name: b"%b%d" % (name, number % values) for name, values in VALUES.items()}
    return made | {b"data:data": (b"%d" % number * DATA_BYTES)[:DATA_BYTES]}


class Operation(NamedTuple):
    """What is done to which record, or to those that are like it; and which of their columns is changed."""

    kind: Kind
    number: int
    changed: bytes


def operations(persona: Persona, number: int, there: int, seed: int = 0) -> list[Operation]:
    """Return what a persona does, with so many records there; the same for the same arguments."""
    rng = Random(f"{persona.name} {seed}")
    kinds = rng.choices(list(persona.shares), list(persona.shares.values()), k=number)
    chosen = rng.choices(range(there), cum_weights=popular(there) if persona.zipf else None, k=number)
    if persona.zipf:  # or it would be the oldest that are popular
        scattered = rng.sample(range(there), there)
        chosen = [scattered[rank] for rank in chosen]
    new = count(there)
    return [
        Operation(kind, next(new) if kind == "insert" else at, b"meta:" + rng.choice(META[1:]))
        for kind, at in zip(kinds, chosen, strict=True)
    ]
