"""Who is calling, and why."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from cfacl.api.access import Access
from cfacl.api.table import Table
from cfacl.audit.event import Hook
from cfacl.engine.ask import find_table
from cfacl.engine.caller import Caller
from cfacl.engine.guard import Guard
from cfacl.stores.base import Store


class Session(Caller):
    """One principal under one purpose, as the service that authenticated it says.

    Made by `Database.session`; open from construction, cheap enough for one a request, safe from
    any number of threads.  It can be used as a context manager.
    """

    __slots__ = ("_durable", "_on_event", "_store")

    def __init__(
        self, guard: Guard, store: Store, principal: str, purpose: str, on_event: Hook | None, *, durable: bool
    ) -> None:
        super().__init__(guard, principal, purpose)
        self._store = store
        self._on_event = on_event
        self._durable = durable

    def __repr__(self) -> str:
        return f"<Session of {self.principal} for {self.purpose}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def table(self, name: str) -> Table:
        """Return a table; nothing is read, and nothing need be granted on it.

        Raises:
            UnknownTable: the catalog has no such table.
        """
        find_table(self._snapshot().bits, name)
        store = self._store.acting_as(self.principal)
        return Table(Access(self, store, name, self._on_event, durable=self._durable))
