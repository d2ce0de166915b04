"""What happened, for metrics and audit: one event a request, not one a cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import frozen


@frozen
class Event:
    """One decided request for data, told before the store is asked; and again where it was decided anew under way.

    Names only: an event holds no row key and no value.

    Attributes:
        request: the method, such as ``row`` or ``scan``.
        access: families by action, such as ``{"read": {"prof"}}``: what may be touched; on a denial, what was denied.
        withheld: what a narrow read leaves out.
        epoch: the policy version, counted within this process.
    """

    request: str
    allowed: bool
    principal: str
    purpose: str
    table: str
    access: Mapping[str, frozenset[str]]
    withheld: frozenset[str]
    epoch: int

    @property
    def families(self) -> frozenset[str]:
        """The families of all actions."""
        return frozenset().union(*self.access.values())


#: Is called on the caller's thread; what it raises stops the request before the store is asked.
Hook = Callable[[Event], None]
