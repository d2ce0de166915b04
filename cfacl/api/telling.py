"""How a database tells its hook, and ends what would have no end."""

from __future__ import annotations

import threading
from typing import Final

from cfacl.audit.event import Event, Hook, tell
from cfacl.errors import RequestError

__all__ = ["MOST", "Telling"]

#: How often in a row a hook may replace the policy.
MOST: Final = 10


class _Here(threading.local):
    """What happened in this thread: snapshots published, and events in a row whose hook published one."""

    published = 0
    in_a_row = 0


class Telling:
    """A hook as a database tells it.

    What is decided anew because a hook replaced the policy is told again; where it replaces it each time, the request would
    never end.  Other threads may replace it as often as they like.
    """

    __slots__ = ("_here", "_hook")

    def __init__(self, hook: Hook) -> None:
        self._hook = hook
        self._here = _Here()

    def __call__(self, event: Event) -> None:
        """Tell of an event.

        Raises:
            RequestError: as `tell`, or the policy was replaced by this call and by all of those before it.
        """
        here = self._here
        before = here.published
        tell(self._hook, event)
        here.in_a_row = here.in_a_row + 1 if here.published != before else 0
        if here.in_a_row == MOST:
            here.in_a_row = 0
            raise RequestError(
                f"`on_event` replaced the policy each of the {MOST} times that it was told, so that nothing comes to an end;"
                " leave it to another thread"
            )

    def published(self) -> None:
        """Note that this thread put a policy or a schema in force."""
        self._here.published += 1
