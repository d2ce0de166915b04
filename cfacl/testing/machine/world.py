"""What should be: a policy as its text, a schema as a dict of families, and their cells as dicts of lists.

All times here are milliseconds since 1970, but for `World.now`, which is nanoseconds as a clock gives them.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from attrs import define, field

from cfacl.stores.base import Capabilities
from cfacl.testing.documents import Document
from cfacl.testing.oracle import Oracle
from cfacl.testing.strategies import moment

__all__ = ["Granted", "Held", "Kept", "Refused", "Version", "World"]

#: A value and its timestamp.
Version = tuple[bytes, int]
#: Of what a store's own clock stamps: later than all that a caller can say, and in the order in which it comes.
_SERVERS: Final = 1 << 60
#: Families, each with the qualifiers that are meant, ``None`` for all.
Parts = dict[str, frozenset[bytes] | None]

#: How far ahead of our clock a caller's timestamp may lie, in nanoseconds.
_AHEAD: Final = 5_000_000_000
_UNITS: Final = {"s": 1_000, "h": 3_600_000, "d": 86_400_000}


class Refused(Exception):
    """What is asked should be refused, with an error of one of these names."""

    def __init__(self, *names: str) -> None:
        super().__init__(*names)
        self.names = frozenset(names)


@define(eq=False)
class Kept:
    """A family that the store holds, and its cells by (row key, qualifier), newest version first."""

    cells: dict[tuple[bytes, bytes], list[Version]] = field(factory=dict)
    #: up to when cells were ever deleted, by row key and qualifier, or ``None`` for all of a row
    deleted: dict[tuple[bytes, bytes | None], float] = field(factory=dict)
    highest: int = 0
    retired: bool = False


@define(eq=False)
class Held:
    """Who has a session, and whether a policy since it was opened lacked them."""

    principal: str
    purpose: str
    removed: bool = False


class Granted(NamedTuple):
    """What a request may touch, and what it leaves out."""

    parts: Parts
    withheld: frozenset[str]


class World:
    """The policy in force, the time, and all that a store behind it should hold."""

    def __init__(self, document: Document, now: int) -> None:
        self.document = document
        self.now = now
        self.capable = Capabilities()
        self.schema: dict[tuple[str, str], Kept] = {}
        #: where a store stamps by its own clock, the nanoseconds that ours does not pass, which are behind that
        self.latest: float = math.inf
        self._stamped = 0

    # --- the policy

    @property
    def oracle(self) -> Oracle:
        """Who may do what, by the text of the policy."""
        return Oracle(self.document)

    def families(self, table: str) -> dict[str, Document]:
        """The families of a table as the policy declares them."""
        declared: dict[str, Document] = self.document["tables"][table]["families"]
        return declared

    def count(self, declared: Document) -> int:
        """How many versions of a family's cells are kept."""
        versions: int = declared.get("versions", 1) if self.capable.versions else 1
        return versions

    def names(self) -> set[tuple[str, str]]:
        """(table, family) of all that the policy declares."""
        return {(table, family) for table in self.document["tables"] for family in self.families(table)}

    def allowed(self, who: Held, action: str, table: str) -> frozenset[str]:
        """The families on which an action is granted now.

        Raises:
            Refused: whoever asks, or what for, is no longer in the policy, or the table is not.
        """
        if who.removed or who.principal not in self.document["principals"]:
            raise Refused("AccessDenied")
        if who.purpose not in self.document["policy"]["purposes"]:
            raise Refused("UnknownPurpose")
        if table not in self.document["tables"]:
            raise Refused("UnknownTable")
        return self.oracle.families(who.principal, who.purpose, action, table, moment(self.now))

    def decide(self, who: Held, action: str, table: str, parts: Parts | None, strict: bool | None = None) -> Granted:
        """What a request may touch: rules 3 and 4 of the specification, then whether the store has it.

        Raises:
            Refused: it is denied, or names what is not there.
        """
        allowed = self.allowed(who, action, table)
        wanted: Parts = dict.fromkeys(self.families(table)) if parts is None else parts
        if strict is None:
            strict = parts is not None or action != "read"
        if not allowed & wanted.keys() or (strict and not wanted.keys() <= allowed):
            raise Refused("AccessDenied")
        granted: Parts = {}
        for family in sorted(wanted.keys() & allowed):
            self.kept(table, family)
            named, declared = wanted[family], self.families(table)[family].get("columns")
            granted[family] = frozenset(each.encode() for each in declared) if named is None and declared else named
        return Granted(granted, frozenset(wanted.keys() - allowed))

    def decide_all(self, who: Held, table: str, wants: Iterable[tuple[str, Parts | None]]) -> None:
        """Decide several actions on parts of a table; what is denied is told before what is missing."""
        refused = []
        for action, parts in wants:
            try:
                self.decide(who, action, table, parts)
            except Refused as refusal:
                refused.append(refusal)
        for each in sorted(refused, key=lambda each: each.names == {"SchemaMissing"}):
            raise each

    def replace(self, document: Document) -> None:
        """Put another policy in force, and retire what it no longer names."""
        self.document = document
        for name, kept in self.schema.items():
            kept.retired = kept.retired or name not in self.names()

    # --- the schema

    def kept(self, table: str, family: str) -> Kept:
        """A family that may be used.

        Raises:
            Refused: the store has it not, or it is retired.
        """
        kept = self.schema.get((table, family))
        if kept is None or kept.retired:
            raise Refused("SchemaMissing")
        return kept

    def frozen(self) -> World:
        """A copy that stays as things are; its clock can be turned."""
        copied = World(self.document, self.now)
        copied.capable = self.capable
        copied.latest = self.latest
        copied.schema = copy.deepcopy(self.schema)
        return copied

    def create(self, adopt: Iterable[tuple[str, str]]) -> None:
        """Make what the policy names; what is retired has to be adopted by name."""
        if any(kept.retired and name in self.names() and name not in adopt for name, kept in self.schema.items()):
            raise Refused("SchemaMissing")
        for name in self.names():
            self.schema.setdefault(name, Kept()).retired = False

    def drop(self, table: str) -> None:
        """Forget a table, retired families and all."""
        gone = [name for name in self.schema if name[0] == table]
        if not gone:
            raise Refused("SchemaMissing")
        for name in gone:
            del self.schema[name]

    def drift(self) -> set[tuple[str, str, str]]:
        """Where schema and policy differ."""
        missing = {(*name, "missing") for name in self.names() - self.schema.keys()}
        return missing | {(*name, "retired") for name, kept in self.schema.items() if kept.retired}

    # --- cells

    def put(self, table: str, key: bytes, values: Mapping[tuple[str, bytes], bytes], timestamp: int | None) -> None:
        """Put values by (family, qualifier) into a row."""
        self._stamped += 1
        for family in {family for family, _ in values}:
            kept = self.kept(table, family)
            if timestamp is not None:
                stamp = timestamp
            elif self.capable.given_clock:
                stamp = max(self.now // 1_000_000, kept.highest)
            else:
                stamp = _SERVERS + self._stamped
            kept.highest = max(kept.highest, stamp)
            for (where, qualifier), value in values.items():
                if where == family:
                    others = [each for each in kept.cells.get((key, qualifier), []) if each[1] != stamp]
                    versions = sorted([(value, stamp), *others], key=lambda each: -each[1])
                    kept.cells[key, qualifier] = versions[: self.count(self.families(table)[family])]

    def sayable(self, table: str, key: bytes, values: Mapping[tuple[str, bytes], bytes], timestamp: int) -> bool:
        """Whether it is sure what a put at a timestamp comes to: not all stores forget deletions, or replace at a tie."""
        for (family, qualifier), value in values.items():
            kept = self.schema.get((table, family), Kept())
            until = max(kept.deleted.get((key, each), -1) for each in (qualifier, None))
            ties = [each for each, stamp in kept.cells.get((key, qualifier), []) if stamp == timestamp]
            if until >= timestamp and not self.capable.no_markers:
                return False
            if ties not in ([], [value]) and not self.capable.replaces_ties:
                return False
        return True

    def delete(self, table: str, key: bytes, parts: Parts, timestamp: int | None) -> None:
        """Delete what is not newer than a timestamp."""
        for family, named in parts.items():
            kept = self.kept(table, family)
            for qualifier in [None] if named is None else named:
                before = kept.deleted.get((key, qualifier), -1)
                kept.deleted[key, qualifier] = max(before, math.inf if timestamp is None else timestamp)
            cells = kept.cells
            for row, qualifier in list(cells):
                if row == key and (named is None or qualifier in named):
                    left = [each for each in cells[row, qualifier] if timestamp is not None and each[1] > timestamp]
                    if left:
                        cells[row, qualifier] = left
                    else:
                        del cells[row, qualifier]

    def versions(
        self, table: str, key: bytes, family: str, qualifier: bytes, before: int | None = None
    ) -> list[Version]:
        """The versions of a cell that may be read, newest first."""
        declared = self.families(table)[family]
        life = declared.get("time_to_live")
        over = -1 if life is None else self.now // 1_000_000 - int(life[:-1]) * _UNITS[life[-1]]
        found = self.kept(table, family).cells.get((key, qualifier), [])[: self.count(declared)]
        return [each for each in found if each[1] > over and (before is None or each[1] < before)]

    def row(self, table: str, key: bytes, parts: Parts, before: int | None = None) -> dict[bytes, Version]:
        """A row by column name, sorted by family, then qualifier; empty where there is none."""
        cells: dict[bytes, Version] = {}
        for family, named in sorted(parts.items()):
            held = sorted(qualifier for row, qualifier in self.kept(table, family).cells if row == key)
            for qualifier in held:
                if named is None or qualifier in named:
                    found = self.versions(table, key, family, qualifier, before)
                    if found:
                        cells[family.encode() + b":" + qualifier] = found[0]
        return cells

    def rows(self, table: str, parts: Parts, before: int | None = None) -> dict[bytes, dict[bytes, Version]]:
        """All rows that have a cell to be read, by key, in order."""
        keys = sorted(set(itertools.chain.from_iterable(_keys(self.kept(table, each)) for each in parts)))
        found = {key: self.row(table, key, parts, before) for key in keys}
        return {key: cells for key, cells in found.items() if cells}

    def dated(self, version: Version) -> tuple[bytes, int | None]:
        """A version with its timestamp, or without one that only the store's own clock knows."""
        value, timestamp = version
        return value, None if timestamp * 1_000_000 > self.latest + _AHEAD else timestamp

    def plain(self, cells: Iterable[tuple[bytes, Any]], timestamps: bool) -> list[tuple[bytes, Any]]:
        """A row as it was handed out, to be held against one of `plain`."""
        return [(name, self.dated(each)) if timestamps else (name, each) for name, each in cells]

    def newest(self, table: str, key: bytes, family: str, qualifier: bytes) -> bytes | None:
        """What a cell holds."""
        found = self.versions(table, key, family, qualifier)
        return found[0][0] if found else None


def _keys(kept: Kept) -> list[bytes]:
    return [key for key, _ in kept.cells]


def plain(cells: Mapping[bytes, Version], timestamps: bool) -> list[tuple[bytes, Any]]:
    """Return a row as it is handed out, with the order of its columns."""
    return [(name, version if timestamps else version[0]) for name, version in cells.items()]
