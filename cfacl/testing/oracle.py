"""A slow and obvious reading of a policy, to compare a fast one with.

The oracle decides from the dict that `tomllib` gives and from nothing else.  It imports only the standard library,
keeps nothing between two questions, and spells every rule out where it is used: levels are looked up on the ladder,
paths of inheritance are walked one by one, wildcards and windows are read again each time.  It presumes a document
that `cfacl.Policy.loads` accepts, and does not check one.

What it says, in plain words (docs/specification.md, rules 1, 2, 8 and 13):

* Nothing is allowed unless a grant that counts says so.
* A grant counts when the principal holds, now, a role from which a path of inheritance leads to the grant's role, every
  role on that path is cleared for the family's level, and the grant names table, family, action and purpose, its window
  holds now, and the family's own list has the purpose.
* A restriction of any role that the principal reaches now takes away, whatever the clearances.
* Windows hold their first instant and not their last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final, NamedTuple

__all__ = ["ACTIONS", "Breach", "Oracle", "Unknown"]

ACTIONS: Final = ("read", "write", "delete", "admin")
DEFAULT_LEVELS: Final = ("public", "internal", "personal", "sensitive", "sealed")

Document = dict[str, Any]
#: Roles, from one that a principal holds to one that it inherits.
Path = tuple[str, ...]


class Unknown(LookupError):
    """A name that the document does not declare; ``what`` is the kind of thing that it should be."""

    def __init__(self, what: str, name: str) -> None:
        super().__init__(f"no {what} of this name: {name!r}")
        self.what = what


class Breach(NamedTuple):
    """Where a policy breaks one of its own lines: the line's number, counted from 0, and an instant when it does."""

    line: int
    at: datetime
    principal: str
    purpose: str
    action: str
    table: str
    family: str


class Oracle:
    """Answers from one document; all instants are offset date-times."""

    def __init__(self, document: Document) -> None:
        self.document = document

    # --- questions

    def allows(self, principal: str, purpose: str, action: str, table: str, family: str, at: datetime) -> bool:
        """Whether one family may be touched at one instant.

        Raises:
            Unknown: a name is not declared.
        """
        self._check("principal", principal, self._principals())
        self._check("purpose", purpose, self.purposes())
        self._check_place(action, table, family)
        granted = any(
            self._counts(grant, path, purpose, action, table, family, at)
            for path in self._paths_of(principal, at)
            for grant in self._role(path[-1]).get("grants", [])
        )
        restricted = any(
            self._takes_away(restriction, purpose, action, table, family, at)
            for path in self._paths_of(principal, at)
            for restriction in self._role(path[-1]).get("restrictions", [])
        )
        return granted and not restricted

    def allows_all(
        self, principal: str, purpose: str, action: str, table: str, families: Sequence[str], at: datetime
    ) -> bool:
        """Whether all of ``families`` may be touched together.

        Raises:
            Unknown: a name is not declared.
            ValueError: no family was named.
        """
        if not families:
            raise ValueError("a request names at least one family")
        return False not in [self.allows(principal, purpose, action, table, family, at) for family in families]

    def families(self, principal: str, purpose: str, action: str, table: str, at: datetime) -> frozenset[str]:
        """The families of ``table`` that may be touched."""
        self._check("table", table, self._tables())
        return frozenset(
            family for family in self._families(table) if self.allows(principal, purpose, action, table, family, at)
        )

    def who(self, action: str, table: str, family: str, purpose: str | None, at: datetime) -> set[tuple[str, str]]:
        """Every (principal, purpose) that may; ``purpose=None`` means any."""
        self._check_place(action, table, family)
        if purpose is not None:
            self._check("purpose", purpose, self.purposes())
        return {
            (principal, each)
            for principal in self._principals()
            for each in (self.purposes() if purpose is None else [purpose])
            if self.allows(principal, each, action, table, family, at)
        }

    def what(self, principal: str, at: datetime) -> set[tuple[str, str, str, str]]:
        """Every (table, family, action, purpose) that ``principal`` may."""
        self._check("principal", principal, self._principals())
        return {
            (table, family, action, purpose)
            for table in self._tables()
            for family in self._families(table)
            for action in ACTIONS
            for purpose in self.purposes()
            if self.allows(principal, purpose, action, table, family, at)
        }

    def instants(self) -> list[datetime]:
        """All instants at which a window starts or ends, each once, earliest first."""
        windows: list[Any] = []
        for role in self.document.get("roles", {}).values():
            windows += role.get("grants", []) + role.get("restrictions", [])
        for principal in self._principals().values():
            windows += [each for each in principal.get("roles", []) if isinstance(each, dict)]
        return sorted({window[end] for window in windows for end in ("from", "until") if end in window})

    def purposes(self) -> list[str]:
        """The declared purposes."""
        return list(self.document.get("policy", {}).get("purposes", []))

    # --- a policy's lines about itself

    def never_broken(self) -> list[Breach]:
        """Every access that a `never` line forbids and the policy gives, at the first instant seen."""
        return [
            breach
            for line, never in enumerate(self.document.get("never", []))
            for breach in self._first_of_each(self._never_breaches(line, never))
        ]

    def expect_broken(self) -> list[Breach]:
        """Every access that is not as an `expect` line says, at the first instant seen."""
        return [
            breach
            for line, expect in enumerate(self.document.get("expect", []))
            for breach in self._first_of_each(self._expect_breaches(line, expect))
        ]

    def _never_breaches(self, line: int, never: Document) -> Iterator[Breach]:
        for at in self._time_line():
            for principal in self._principals():
                for table, family, action, purpose in sorted(self.what(principal, at)):
                    if self._is_meant(never, principal, table, family, action, purpose, at):
                        yield Breach(line, at, principal, purpose, action, table, family)

    def _is_meant(
        self, never: Document, principal: str, table: str, family: str, action: str, purpose: str, at: datetime
    ) -> bool:
        """Whether an access matches any name of each key that the line gives."""
        held = {role for path in self._paths_of(principal, at) for role in path}
        return (
            ("kinds" not in never or self._principals()[principal]["kind"] in never["kinds"])
            and ("principals" not in never or principal in never["principals"])
            and ("roles" not in never or any(role in held for role in never["roles"]))
            and ("purposes" not in never or any(_covers(pattern, purpose) for pattern in never["purposes"]))
            and ("levels" not in never or self._families(table)[family]["level"] in never["levels"])
            and ("tables" not in never or table in never["tables"])
            and ("families" not in never or family in never["families"])
            and ("actions" not in never or action in never["actions"])
        )

    def _expect_breaches(self, line: int, expect: Document) -> Iterator[Breach]:
        principal, purpose = expect["principal"], expect["purpose"]
        allowed = [_access(text) for text in expect.get("allowed", [])]
        refused = [_access(text) for text in expect.get("refused", [])]
        for at in [expect["at"]] if "at" in expect else self._time_line():
            for wanted, accesses in ((True, allowed), (False, refused)):
                for action, table, family in accesses:
                    if self.allows(principal, purpose, action, table, family, at) is not wanted:
                        yield Breach(line, at, principal, purpose, action, table, family)
            if expect.get("exact", False):
                for table, family, action, stated in sorted(self.what(principal, at)):
                    if stated == purpose and (action, table, family) not in allowed:
                        yield Breach(line, at, principal, purpose, action, table, family)

    @staticmethod
    def _first_of_each(breaches: Iterable[Breach]) -> list[Breach]:
        first: dict[tuple[str, ...], Breach] = {}
        for each in breaches:
            first.setdefault(tuple(each[2:]), each)
        return list(first.values())

    def _time_line(self) -> list[datetime]:
        """An instant before all edges, every edge, one between each two, and one after all."""
        edges = self.instants()
        between = [earlier + (later - earlier) / 2 for earlier, later in pairwise(edges)]
        return sorted({datetime.min.replace(tzinfo=UTC), *edges, *between, datetime.max.replace(tzinfo=UTC)})

    # --- rules

    def _paths_of(self, principal: str, at: datetime) -> list[Path]:
        """Every path of inheritance that starts at a role which ``principal`` holds at that instant."""
        assigned = self._principals()[principal].get("roles", [])
        named = [each for each in assigned if isinstance(each, str)]
        windowed = [each["role"] for each in assigned if isinstance(each, dict) and _holds(each, at)]
        return [path for role in named + windowed for path in self._paths_from(role)]

    def _paths_from(self, role: str) -> list[Path]:
        return [
            (role,),
            *((role, *path) for parent in self._role(role).get("inherits", []) for path in self._paths_from(parent)),
        ]

    def _counts(
        self, grant: Document, path: Path, purpose: str, action: str, table: str, family: str, at: datetime
    ) -> bool:
        level = self._families(table)[family]["level"]
        return (
            all(self._rank(level) <= self._rank(self._role(role)["clearance"]) for role in path)
            and _holds(grant, at)
            and grant["table"] == table
            and self._names_family(grant, table, family)
            and action in grant["actions"]
            and purpose in grant["purposes"]
            and purpose in self._families(table)[family]["purposes"]
        )

    def _takes_away(
        self, restriction: Document, purpose: str, action: str, table: str, family: str, at: datetime
    ) -> bool:
        """Whether a restriction bears on an access; a key that it leaves out means all."""
        return (
            _holds(restriction, at)
            and ("table" not in restriction or restriction["table"] == table)
            and self._names_family(restriction, table, family)
            and ("actions" not in restriction or action in restriction["actions"])
            and ("purposes" not in restriction or any(_covers(each, purpose) for each in restriction["purposes"]))
        )

    def _names_family(self, line: Document, table: str, family: str) -> bool:
        if "families" in line:
            return family in line["families"]
        if "at_or_below" in line:
            return self._rank(self._families(table)[family]["level"]) <= self._rank(line["at_or_below"])
        return True

    # --- the document

    def _rank(self, level: str) -> int:
        """How high a level is: its place on the ladder, lowest first."""
        return list(self.document.get("policy", {}).get("levels", DEFAULT_LEVELS)).index(level)

    def _role(self, role: str) -> Document:
        return dict(self.document["roles"][role])

    def _principals(self) -> Document:
        return dict(self.document.get("principals", {}))

    def _tables(self) -> Document:
        return dict(self.document.get("tables", {}))

    def _families(self, table: str) -> Document:
        return dict(self._tables()[table].get("families", {}))

    def _check_place(self, action: str, table: str, family: str) -> None:
        self._check("action", action, ACTIONS)
        self._check("table", table, self._tables())
        self._check("family", family, self._families(table))

    @staticmethod
    def _check(what: str, name: str, known: Iterable[str]) -> None:
        if name not in known:
            raise Unknown(what, name)


def _holds(line: Document, at: datetime) -> bool:
    """Whether an instant lies in ``[from, until)``; an end that is left out is open."""
    return ("from" not in line or line["from"] <= at) and ("until" not in line or at < line["until"])


def _covers(pattern: str, purpose: str) -> bool:
    """Whether ``marketing.*`` means all below `marketing`; any other pattern means itself."""
    return purpose.startswith(pattern[:-1]) if pattern.endswith(".*") else purpose == pattern


def _access(text: str) -> tuple[str, str, str]:
    """Read ``read account:prof`` as (action, table, family)."""
    action, _, place = text.partition(" ")
    table, _, family = place.partition(":")
    return action, table, family
