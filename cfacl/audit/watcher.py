"""A hook that only watches."""

from __future__ import annotations

import abc
import logging
from contextlib import suppress
from itertools import count

from cfacl.audit.event import Event
from cfacl.errors import printable
from cfacl.model.names import SUBJECT_LENGTH

_log = logging.getLogger(__name__)

#: What is shown of an event, by name: a list of names, a name, a number, or whether it is so.
Shown = dict[str, "list[str] | str | int | bool"]


class Watcher(abc.ABC):
    """Shows each event to somebody, and never stops a request: whatever goes wrong in it is counted instead.

    So it is no audit trail: who has to refuse what was not recorded gives a function of their own, which raises.

    Attributes:
        failures: how many events could not be shown.  The first is logged as an error, by its type alone.
    """

    def __init__(self) -> None:
        self.failures = 0
        self._numbers = count(1)

    def __call__(self, event: Event) -> None:
        """Show an event; an interrupt still ends the call."""
        try:
            self.show(event)
        except Exception as error:  # noqa: BLE001  # a request must not depend on who watches
            self.failures = failures = next(self._numbers)  # without a lock, which a fork could leave held
            if failures == 1:
                with suppress(Exception):  # by its type alone: a traceback may hold more than names
                    _log.error("%s could not show an event: %s", type(self).__name__, type(error).__name__)

    @abc.abstractmethod
    def show(self, event: Event) -> None:
        """Show an event, or raise."""


def shown(event: Event) -> Shown:
    """Return what is shown of an event: names only, on one line each, and nothing that it does not say.

    ``families`` and ``actions`` are sorted; a family stands behind its action, ``read:prof``.
    """
    found: Shown = {
        "request": event.request,
        "allowed": event.allowed,
        "principal": _short(event.principal),
        "actions": sorted(event.access),
        "families": sorted([f"{action}:{each}" for action, families in event.access.items() for each in families]),
        "withheld": sorted(event.withheld),
        "epoch": event.epoch,
    }
    if event.purpose is not None:
        found["purpose"] = _short(event.purpose)
    if event.table is not None:
        found["table"] = event.table
    if event.reason is not None:
        found["reason"] = event.reason
    if event.decision is not None:
        found["decision"] = event.decision
    return found


def _short(name: str) -> str:
    """Return a name on one line, cut where it is longer than any of a policy: who is unknown may be called anything."""
    return printable(name if len(name) <= SUBJECT_LENGTH else f"{name[: SUBJECT_LENGTH - 3]}...")
