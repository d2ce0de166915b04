"""What a service could write itself instead of asking cfacl: none of it notices that a policy was replaced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen

from benchmarks.nothing import Nothing


class Empty:
    """Methods that do nothing: the least that asking can cost."""

    __slots__ = ()

    def allows(self, ask: object) -> None:
        """Take what `Session.allows` takes when it is given a prepared ask."""

    def allows_any(self, ask: object, /, *names: str) -> None:
        """Take all that `Session.allows` takes."""


class Inherits(Nothing):
    """As a session, whose method is of a class in another module."""

    __slots__ = ()


@frozen
class Wanted:
    """What a prepared ask would be, if it were a frozenset."""

    wanted: frozenset[str]


class Held:
    """What a session would be, if it held a frozenset."""

    __slots__ = ("held",)

    def __init__(self, held: frozenset[str]) -> None:
        self.held = held

    def allows(self, ask: Wanted) -> bool:
        """Whether all that is wanted is held."""
        return ask.wanted <= self.held


class Slow:
    """The check without any preparation: walk the grants of the roles."""

    def __init__(self, roles: Mapping[str, Sequence[str]], grants: Mapping[str, Sequence[tuple[str, ...]]]) -> None:
        self.roles = roles
        self.grants = grants

    def allows(self, principal: str, right: tuple[str, ...]) -> bool:
        """Whether any grant of any role gives it."""
        return any(grant == right for role in self.roles[principal] for grant in self.grants[role])

    def allows_all(self, principal: str, purpose: str, action: str, table: str, families: tuple[str, ...]) -> bool:
        """Whether several families are given, all of them."""
        return all(self.allows(principal, (purpose, action, table, family)) for family in families)
