"""The one way around the guard.  Whoever imports this reads and writes data that no policy decided on.

For repair and migration by an operator.  Nothing in cfacl imports it, so that one search finds every use.
"""

from __future__ import annotations

import logging

from cfacl.api.database import Database
from cfacl.errors import RequestError, quoted
from cfacl.stores.base import Store

_log = logging.getLogger(__name__)


def unguarded_store(database: Database, *, operator: str, reason: str) -> Store:
    """Return the store under ``database``, with no check between it and the caller.

    The use is logged as a warning and told to the database's ``on_event`` hook, as the request ``unguarded_store``,
    before anything is handed out; where the hook raises, nothing is.

    Args:
        operator: who does it.
        reason: why, in the operator's words; a ticket, say.  It stands in the warning, and is `Event.why`.

    Raises:
        RequestError: no operator or no reason is given.
        Closed: the database is closed.
    """
    said: dict[str, object] = {"operator": operator, "reason": reason}
    for name, text in said.items():
        if not isinstance(text, str) or not text.strip():
            raise RequestError(f"going around the guard needs `{name}`")
    _log.warning("%s goes around the guard: %s", quoted(operator), quoted(reason))
    return database._bypass(operator, reason)  # noqa: SLF001  # the one friend that a database has
