"""Who is calling, and why."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from cfacl.api.access import Access
from cfacl.api.table import Table
from cfacl.audit.event import Event, Hook
from cfacl.engine.ask import find_table
from cfacl.engine.caller import Caller
from cfacl.engine.guard import Guard
from cfacl.engine.snapshot import Snapshot
from cfacl.errors import AccessDenied
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
        self._store = store
        self._on_event = on_event
        self._durable = durable
        try:
            super().__init__(guard, principal, purpose)
        except AccessDenied as denial:
            self._refused(denial, "session")
            raise

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
        find_table(self._known("table").bits, name)
        store = self._store.acting_as(self.principal)
        return Table(Access(self, store, name, self._on_event, durable=self._durable))

    # What follows is for the rooms beside this one.

    def _known(self, request: str) -> Snapshot:
        """Return the snapshot that decides now, for a request that only looks names up; the hook is told of a denial."""
        try:
            return self._snapshot()
        except AccessDenied as denial:
            self._refused(denial, request)
            raise

    def _refused(
        self, denial: AccessDenied, request: str, table: str | None = None, action: str | None = None
    ) -> AccessDenied:
        """Return a denial, once the hook was told of it, by names of the policy alone."""
        self._tell(request, table, {} if action is None else {action: denial.families}, denial.epoch, denial=denial)
        return denial

    def _tell(
        self,
        request: str,
        table: str | None,
        access: Mapping[str, frozenset[str]],
        epoch: int,
        *,
        withheld: frozenset[str] = frozenset(),
        denial: AccessDenied | None = None,
    ) -> None:
        """Tell the hook what was decided."""
        if self._on_event is not None:
            self._on_event(
                Event(
                    request=request,
                    allowed=denial is None,
                    principal=self.principal,
                    purpose=self.purpose,
                    table=table,
                    access=access,
                    withheld=withheld,
                    epoch=epoch,
                    reason=None if denial is None else denial.reason,
                    decision=None if denial is None else denial.decision,
                )
            )
