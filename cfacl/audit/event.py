"""What happened, for metrics and audit: one event a request, not one a cell."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen


@frozen
class Event:
    """One decided request for data, told before the store is asked.

    Names only: an event holds no row key and no value.

    Attributes:
        request: the method, such as ``row`` or ``scan``.
        families: what may be touched; on a denial, what was denied.
        withheld: what a narrow read leaves out.
        epoch: the policy version, counted within this process.
    """

    request: str
    allowed: bool
    principal: str
    purpose: str
    table: str
    action: str
    families: frozenset[str]
    withheld: frozenset[str]
    epoch: int


#: Is called on the caller's thread; what it raises stops the request before the store is asked.
Hook = Callable[[Event], None]
