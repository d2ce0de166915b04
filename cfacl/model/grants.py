"""Who may do what: roles with grants and restrictions, principals with their assignments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from attrs import frozen

from cfacl.model.action import Action
from cfacl.model.immutable import immutable

Kind = Literal["employee", "service", "third_party"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def nanoseconds(instant: datetime) -> int:
    """Return an offset date-time as nanoseconds since 1970-01-01T00:00:00Z, exactly."""
    return (instant - _EPOCH) // _MICROSECOND * 1000


def moment(nanos: int) -> datetime:
    """Return nanoseconds since 1970 as a UTC date-time; anything below a microsecond is dropped."""
    return _EPOCH + timedelta(microseconds=nanos // 1000)


@frozen(field_transformer=immutable)
class Window:
    """The instants ``[start, until)``; an end that is ``None`` is open.  Both are offset date-times."""

    start: datetime | None = None
    until: datetime | None = None


ALWAYS: Final = Window()


@frozen(field_transformer=immutable)
class Grant:
    """Gives actions on families of one table for purposes.

    Exactly one of ``families`` and ``at_or_below`` is set; the latter is a level, expanded at every compile.
    """

    table: str
    families: frozenset[str] | None
    at_or_below: str | None
    actions: frozenset[Action]
    purposes: frozenset[str]
    why: str
    window: Window = ALWAYS


@frozen(field_transformer=immutable)
class Restriction:
    """Takes away; ``None`` means all, what is added in future included.

    ``purposes`` may hold ``marketing.*``: every declared purpose below ``marketing``.
    """

    table: str | None = None
    families: frozenset[str] | None = None
    at_or_below: str | None = None
    actions: frozenset[Action] | None = None
    purposes: frozenset[str] | None = None
    why: str = ""
    window: Window = ALWAYS


@frozen(field_transformer=immutable)
class Role:
    """A named set of grants and restrictions, with the highest level that it may ever reach."""

    name: str
    clearance: str
    inherits: frozenset[str] = frozenset()
    grants: tuple[Grant, ...] = ()
    restrictions: tuple[Restriction, ...] = ()


@frozen(field_transformer=immutable)
class Assignment:
    """A role held by a principal during a window."""

    role: str
    window: Window = ALWAYS


@frozen(field_transformer=immutable)
class Principal:
    """An employee, a service or a third-party provider, with the roles that it holds."""

    name: str
    kind: Kind
    assignments: tuple[Assignment, ...] = ()


@frozen(field_transformer=immutable)
class Never:
    """An invariant: an access that matches any of each key given must be impossible.  ``None``: key not given."""

    kinds: frozenset[Kind] | None = None
    principals: frozenset[str] | None = None
    roles: frozenset[str] | None = None
    purposes: frozenset[str] | None = None
    levels: frozenset[str] | None = None
    tables: frozenset[str] | None = None
    families: frozenset[str] | None = None
    actions: frozenset[Action] | None = None
    why: str = ""


@frozen(field_transformer=immutable)
class Access:
    """One thing to do, as an `expect` line says it: ``read account:prof``."""

    action: Action
    table: str
    family: str

    def __str__(self) -> str:
        return f"{self.action} {self.table}:{self.family}"


@frozen(field_transformer=immutable)
class Expect:
    """A unit test of the policy.  ``at=None``: it must hold at every instant.  ``exact``: nothing else is allowed."""

    principal: str
    purpose: str
    at: datetime | None = None
    allowed: frozenset[Access] = frozenset()
    refused: frozenset[Access] = frozenset()
    exact: bool = False
