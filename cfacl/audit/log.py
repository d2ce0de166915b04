"""Events as records of `logging`.

::

    db = cfacl.connect("rocksdb:///srv/home", policy="home.toml", on_event=Log())
"""

from __future__ import annotations

import logging

from cfacl.audit.event import AROUND, Event
from cfacl.audit.watcher import Watcher, shown
from cfacl.errors import quoted

__all__ = ["Log"]


class Log(Watcher):
    """Logs one record for each event, to the logger ``cfacl.audit`` or another.

    What is allowed is logged at `DEBUG`, a denial at `WARNING`, as is a way around the guard, and a decision that broke at
    `ERROR`.  The message is for people and names the families; the record's fields are for machines: ``cfacl_principal``,
    ``cfacl_withheld``, ``cfacl_epoch`` and so on, as docs/observability.md lists them.  Neither holds a row key or a value, nor
    why somebody goes around the guard, in whose words there may be anything.
    """

    def __init__(self, logger: logging.Logger | None = None) -> None:
        super().__init__()
        self._logger = logging.getLogger("cfacl.audit") if logger is None else logger

    def show(self, event: Event) -> None:
        """Log an event, where its level is logged."""
        level = _level(event)
        if not self._logger.isEnabledFor(level):
            return
        fields = {f"cfacl_{name}": value for name, value in shown(event).items()}
        text = "%s goes around the guard (%s)" if event.request == AROUND else "%s %s for %s (%s)"
        said = [quoted(event.principal), event.request]
        if event.request != AROUND:
            said[1:1] = [_access(event), quoted(event.purpose or "")]
        if event.decision is not None:
            text += ", %s, decision %s"
            said += [str(event.reason), event.decision]
        self._logger.log(level, text, *said, extra=fields)


def _access(event: Event) -> str:
    """Say what somebody may do, or may not, with which families, in the words of an `AccessDenied`."""
    if event.table is None or not event.access:
        return "was refused"
    listed = []
    for action, families in sorted(event.access.items()):
        named = ", ".join([quoted(f"{event.table}:{family}") for family in sorted(families)])
        listed.append(f"{quoted(action)} {named or f'on table {quoted(event.table)}'}")
    return f"may{'' if event.allowed else ' not'} {' and '.join(listed)}"


def _level(event: Event) -> int:
    if event.allowed:
        return logging.WARNING if event.request == AROUND else logging.DEBUG
    return logging.ERROR if event.reason == "failed" else logging.WARNING
