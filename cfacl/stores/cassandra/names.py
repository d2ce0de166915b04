"""What tables of a family are called there, and what a table's comment says of the family in it.

A name of Cassandra's is at most 48 letters, digits and `_`.  One that is plain is ``table__family__identity``; any other is a
few letters to know it by, a hash, and the identity: two parts instead of three.  So no two families have one name.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from typing import Final

from attrs import frozen

from cfacl.errors import StoreContractError, quoted
from cfacl.model.projection import StoredFamily
from cfacl.model.settings import CassandraLayout

__all__ = ["RECORDS", "Described", "described", "is_keyspace", "ours", "table_name"]

#: The table of records.
RECORDS: Final = "cfacl_records"
#: The longest name of a table (`SchemaConstants.NAME_LENGTH`).
_LONGEST: Final = 48
#: What `cqlsh` takes without quotes: small letters, and no `__` in it or `_` at an end.
_PLAIN: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_HASHED: Final = 24
_MARK: Final = "cfacl"
_SUM: Final = "sum"
_CHANGED: Final = "the comment of one of cfacl's tables was changed; put it back as it was"
_KEYSPACE: Final = re.compile(r"[A-Za-z0-9_]{1,48}")


@frozen
class Described:
    """What a table's comment says: the family that is in it, and how.

    Attributes:
        versioned: whether timestamps are part of the key, since the family keeps more than one version.
    """

    table: str
    family: str
    identity: int
    layout: CassandraLayout
    versioned: bool

    @property
    def called(self) -> str:
        """What the family's table is called."""
        return _called(self.table, self.family, self.identity)

    def comment(self) -> str:
        """Return the comment, which `described` reads."""
        fields = {
            _MARK: 1,
            "table": self.table,
            "family": self.family,
            "identity": self.identity,
            "layout": self.layout.layout,
            "buckets": self.layout.buckets,
            "versioned": self.versioned,
        }
        return json.dumps({**fields, _SUM: _sum(fields)})


def described(comment: str) -> Described | None:
    """Return what a comment says; ``None`` where it is none of ours.

    Raises:
        StoreContractError: it is one of ours, and was changed.
    """
    try:
        fields = json.loads(comment)
    except ValueError:
        return None
    if not isinstance(fields, dict) or _MARK not in fields:
        return None
    if fields.pop(_SUM, None) != _sum(fields):  # or rows would be looked for where they are not
        raise StoreContractError(_CHANGED)
    try:
        layout = CassandraLayout(fields["layout"], int(fields["buckets"]))
        return Described(
            str(fields["table"]), str(fields["family"]), int(fields["identity"]), layout, bool(fields["versioned"])
        )
    except (KeyError, TypeError, ValueError) as error:
        raise StoreContractError(_CHANGED) from error


def ours(name: str, comment: str) -> Described | None:
    """Return what is in a table; a comment that somebody copied to another one says nothing."""
    known = described(comment)
    return known if known is not None and known.called == name else None


def _sum(fields: dict[str, object]) -> int:
    return zlib.crc32(json.dumps(fields, sort_keys=True).encode("ascii"))


def is_keyspace(name: str) -> bool:
    """Whether a keyspace can be called so."""
    return _KEYSPACE.fullmatch(name) is not None


def table_name(family: StoredFamily) -> str:
    """Return what the table of a family is called, without its keyspace and without quotes."""
    return _called(family.table, family.name, family.identity)


def _called(table: str, family: str, identity: int) -> str:
    plain = f"{table}__{family}__{identity}"
    if len(plain) <= _LONGEST and _PLAIN.fullmatch(table) and _PLAIN.fullmatch(family):
        return plain
    whole = json.dumps([table, family]).encode("ascii")
    hashed = base64.b32encode(hashlib.sha256(whole).digest()).decode("ascii").lower()[:_HASHED]
    ending = f"_{hashed}__{identity}"
    if len(ending) > _LONGEST - 2:
        raise StoreContractError(f"family {quoted(family)} has an identity that no store gives; see its records")
    begins = "_".join(re.findall(r"[a-z0-9]+", f"x_{table}_{family}".lower()))
    return begins[: _LONGEST - len(ending)].rstrip("_") + ending
