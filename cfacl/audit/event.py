"""What happened, for metrics and audit: one event a request, not one a cell."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from attrs import field, frozen

from cfacl.errors import RequestError
from cfacl.model.immutable import ByName

#: The request that goes around the guard, which `cfacl.unchecked` tells of.
AROUND: Final = "unguarded_store"


def _names(given: Iterable[str]) -> frozenset[str]:
    if isinstance(given, str):
        raise TypeError("families are a set of names; write `{...}` around it")
    return frozenset(given)


def _by_action(given: Mapping[str, Iterable[str]]) -> Mapping[str, frozenset[str]]:
    return ByName({action: _names(families) for action, families in given.items()})


@frozen
class Event:
    """One decided request for data, told before the store is asked, and again where it was decided anew under way; or a denial.

    Whoever is given an `AccessDenied` by anything that a session, a table or a batch has, or instead of a session, the hook
    was told of it first, whatever was asked.  Who goes around the guard is told of too.

    Names only: an event holds no row key and no value.  Nobody changes one, nor anything in it: each hook sees the same, and
    one can be kept in a set.

    Attributes:
        request: the method, such as ``row`` or ``scan``; ``batch`` of all that one does; through happybase's face that of
            the `Table` below it, ``compare_and_set`` for ``check_and_put``, say; ``unguarded_store`` of a way around the guard.
        principal: who asks; of a way around the guard, the operator.
        purpose: what for; ``None`` where the guard is gone around.
        table: its name; ``None`` where no table of the policy was asked for yet: of a session that is refused, say, and of a
            way around the guard, which is to all of them.
        access: families by action, such as ``{"read": {"prof"}}``: what may be touched; on a denial, what was denied, which
            is nothing where it is the principal who is refused.  Empty of a way around the guard.
        withheld: what a narrow read leaves out.
        epoch: the policy version, counted within this process.
        reason, decision: of a denial, as its `AccessDenied` has them; ``None`` for what is allowed.
        why: of a way around the guard alone: the operator's words.  These may be anything, so the hooks that ship show
            nothing of them.
    """

    request: str
    allowed: bool
    principal: str
    purpose: str | None
    table: str | None
    access: Mapping[str, frozenset[str]] = field(converter=_by_action)
    withheld: frozenset[str] = field(converter=_names)
    epoch: int
    reason: str | None = None
    decision: str | None = None
    why: str | None = None

    @property
    def families(self) -> frozenset[str]:
        """The families of all actions."""
        return frozenset().union(*self.access.values())


#: Is called on the caller's thread; what it raises stops the request before the store is asked.
Hook = Callable[[Event], object]


def tell(hook: Hook, event: Event) -> None:
    """Tell a hook of an event.

    Raises:
        RequestError: it returned something that does the work only once somebody awaits or reads it.
    """
    returned = hook(event)
    if returned is None:
        return
    if inspect.isawaitable(returned):
        left = "a coroutine, or another thing to await, which nobody awaits"
    elif inspect.isgenerator(returned) or inspect.isasyncgen(returned):
        left = "a generator, which nobody reads"
    else:
        return
    if inspect.iscoroutine(returned):
        returned.close()  # or Python warns of it too
    raise RequestError(f"`on_event` has to have done its work when it returns, and it returned {left}")


def together(hooks: Sequence[Hook]) -> Hook:
    """Return one hook that calls several, in their order; where one raises, those behind it are not told."""
    told = tuple(hooks)

    def tell_all(event: Event) -> None:
        for hook in told:
            tell(hook, event)

    return tell_all
