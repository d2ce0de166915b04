"""A guarded store: what `connect` returns."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Self

from cfacl.api.arguments import instant, known_principal
from cfacl.api.encryption import confirm_encrypted
from cfacl.api.failures import store_failures
from cfacl.api.judgement import judged
from cfacl.api.schema import Schema
from cfacl.api.session import Session
from cfacl.api.statistics import statistics
from cfacl.api.sweeper import Sweeper, totals
from cfacl.api.tables import Tables
from cfacl.api.telling import Telling
from cfacl.audit.event import AROUND, Event, Hook
from cfacl.engine.ask import Ask, name_of
from cfacl.engine.bits import PolicyBits
from cfacl.engine.guard import Guard
from cfacl.engine.reverse import Holder, Permission, what, who
from cfacl.engine.snapshot import Snapshot
from cfacl.errors import RequestError, quoted
from cfacl.model.action import Action
from cfacl.policy.compile import compile_policy
from cfacl.policy.policy import Policy
from cfacl.stores.base import Copied, Store, Swept


class Database(Tables):
    """A store behind a policy.  Its methods are the operator's: none returns row data.

    Safe from any number of threads.  A forked child can't use its parent's database: it is closed
    there and says so; connect after the fork.
    """

    __slots__ = ("__weakref__", "_durable", "_sweeper")

    def __init__(
        self,
        store: Store,
        policy: Policy,
        bits: PolicyBits,
        hook: Hook | None,
        clock: Callable[[], int],
        *,
        durable: bool,
    ) -> None:
        confirm_encrypted(store.scheme, store.plaintext, policy)
        store.settle(policy.stores)
        self._store = store
        with store_failures("on its schema"):
            self._schema = Schema(store)
            self._schema.retire(policy.catalog)
        self._guard = Guard(clock)
        self._hook = None if hook is None else Telling(hook)
        self._durable = durable
        self._lock = RLock()
        self._policy = policy
        self._bits = bits
        self._sweeper: Sweeper | None = None
        self._publish()
        reload = weakref.WeakMethod(self._reload)
        store.watch(lambda: None if (alive := reload()) is None else alive())
        _open.add(self)

    def __repr__(self) -> str:
        return f"<Database of {self._policy.name} on {self._store.scheme}>"

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self._policy

    def session(self, principal: str, purpose: str) -> Session:
        """Return a session of ``principal``, whom the service has authenticated, for one ``purpose``.

        Raises:
            AccessDenied: the policy knows no such principal.
            UnknownPurpose: the policy declares no such purpose.
            Closed: the database is closed.
        """
        return Session(self._guard, self._store, principal, purpose, self._hook, durable=self._durable)

    def prepare(self, action: Action, table: str, *families: str) -> Ask:
        """Return a request, parsed once, for `Session.allows` and `Session.require`; good under every later policy.

        Raises:
            UnknownAction, UnknownTable, UnknownFamily: the catalog has no such name.
            RequestError: no family is named.
        """
        return self._guard.prepare(action, table, families)

    def replace_policy(self, policy: Policy) -> None:
        """Put another policy in force, for every session at once.

        Calls that start after this returned are decided by it; reads, scans and writes under way are confirmed
        by it before they hand anything out or send anything.  Families that it no longer names are retired.

        A request whose hook does this is decided anew, and told again; where it does it each of 10 times in a row, the
        request ends with `RequestError`, since it would go on for ever.  Leave it to another thread.

        Raises:
            PolicyError: the policy, one built by hand, has faults; the policy in force stays.
            TlsRequired: its `require_tls` is for what the store holds, which is reached in plain text; as above.
            StoreError: the policy *is* in force, and the store could not be told which families it retires.
        """
        bits = compile_policy(judged(policy))
        confirm_encrypted(self._store.scheme, self._store.plaintext, policy)
        with self._lock:
            self._guard.current()
            self._store.settle(policy.stores)
            self._policy = policy
            self._bits = bits
            self._publish()
            with store_failures("on its schema"):
                self._schema.retire(policy.catalog)

    def who(
        self,
        action: Action,
        table: str,
        family: str,
        *,
        purpose: str | None = None,
        at: datetime | None = None,
    ) -> list[Holder]:
        """Return every principal that may, sorted; for one purpose or (``None``) any, now or at an instant.

        Raises:
            UnknownAction, UnknownTable, UnknownFamily, UnknownPurpose
        """
        if purpose is not None:
            name_of("purpose", purpose)
        return list(who(self._report(), action, table, family, purpose, self._instant(at)))

    def what(self, principal: str, *, at: datetime | None = None) -> list[Permission]:
        """Return everything that a principal may do, sorted; now or at an instant.

        Raises:
            UnknownPrincipal: the policy has no such principal.
        """
        report = self._report()
        return list(what(report, known_principal(principal, report.bits.principals), self._instant(at)))

    def reopen(self) -> None:
        """Open the store again in place, after a full disk or another failure that it stays in.

        Sessions and tables go on; calls meanwhile are `StoreUnavailable`.  What was acknowledged is kept.

        Raises:
            StoreError: it cannot be opened yet; mend what it says, and call again.
        """
        with self._lock:
            self._guard.current()
            with store_failures("opening again"):
                self._store.reopen()

    def flush(self) -> None:
        """Have every change on the disk that was acknowledged before."""
        self._changeable()
        with store_failures("flushing"):
            self._store.flush()

    def back_up(self, target: str | Path, progress: Callable[[Copied], object] | None = None) -> None:
        """Copy what the store holds at one instant to a new directory, each file read again and told by its hash.

        Writers wait for the instant, not for the copying.  `cfacl store restore` makes a store of it.

        Args:
            progress: called after each file.

        Raises:
            Unsupported: the store has no files here.
            RequestError: ``target`` lies in the store.
            StoreError: ``target`` holds something, or cannot be written; there is no backup then.
        """
        self._changeable()  # the process that writes has to wait for it
        if not isinstance(target, (str, Path)):
            raise RequestError(f"a backup goes to a path, not to {type(target).__name__}")
        if "\0" in str(target):
            raise RequestError(f"no directory can be called {quoted(str(target))}; name another one")
        with closing(self._back_up(Path(target))) as steps:
            for step in steps:
                if progress is not None:
                    progress(step)  # what it raises is the caller's, and no failure of the store

    def _back_up(self, target: Path) -> Generator[Copied, None, None]:
        with store_failures("backing up"):
            yield from self._store.back_up(target)

    def sweep(self, progress: Callable[[Swept], object] | None = None) -> list[Swept]:
        """Remove what has outlived its family's ``time_to_live``; reads left it out already, and now it takes no room.

        What a family that was retired holds stays.  The clock decides: see that it is right.

        Args:
            progress: called after each step, of at most 10,000 values, with what that step came to.

        Returns what was looked at and removed, for each family that has a ``time_to_live``.

        Raises:
            SchemaMissing: a family was dropped meanwhile.
            StoreError: the store failed; what was removed until then is gone.
        """

        def told(step: Swept) -> Swept:
            if progress is not None:
                progress(step)
            return step

        return totals(map(told, self._sweep()))

    def sweep_every(self, seconds: float | None) -> None:
        """Sweep in the background, so many seconds after the last time; ``None`` stops it.  See `stats` for its report.

        Raises:
            RequestError: not a positive number, or one beyond `threading.TIMEOUT_MAX`, some centuries.
        """
        if seconds is not None and (type(seconds) not in (int, float) or not 0 < seconds <= threading.TIMEOUT_MAX):
            raise RequestError("`seconds` is a number above 0, or None for never")
        with self._lock:
            if seconds is None:
                self._guard.current()
            else:
                self._changeable()
            if self._sweeper is not None:
                self._sweeper.stop()
            self._sweeper = None if seconds is None else Sweeper(weakref.WeakMethod(self._sweep), seconds)

    def _sweep(self) -> Iterator[Swept]:
        self._changeable()
        for family in self._schema.usable(self._policy.catalog).values():
            if family.time_to_live is not None:
                with store_failures(f"sweeping table {quoted(family.table)}"):
                    yield from self._store.sweep(family)

    def stats(self) -> dict[str, int | str]:
        """Return figures of the policy in force, of denials, memos and `sweep_every`, and what the store knows of itself.

        What they mean: docs/observability.md, and of the store's docs/operations.md.

        Raises:
            StoreError: the store cannot tell.
        """
        self._guard.current()
        with store_failures("on its statistics"):
            known = self._store.statistics()
        return known | statistics(self._policy, self._guard, self._store.scheme, self._sweeper)

    def close(self) -> None:
        """Close every session and the store; a second call does nothing."""
        with self._lock:
            self._guard.close()
            if self._sweeper is not None:
                self._sweeper.stop()
            with store_failures("to close"):
                self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _reload(self) -> None:
        """Take over what another process did to the schema."""
        with self._lock:
            if self._guard.snapshot is None:
                return
            with store_failures("on its schema"):
                changed = self._schema.reload()
            if changed:
                self._publish()

    def _report(self) -> Snapshot:
        """Return the current snapshot with memos of its own, so that a long report stops no decision."""
        current = self._guard.current()
        return Snapshot(current.bits, current.stored, current.epoch)

    def _instant(self, at: datetime | None) -> int:
        return self._guard.now() if at is None else instant(at)

    def _bypass(self, operator: str, why: str) -> Store:
        """Hand out the store, after the hook was told; for `cfacl.unchecked` alone."""
        epoch = self._guard.current().epoch
        if self._hook is not None:
            event = Event(
                request=AROUND,
                allowed=True,
                principal=operator,
                purpose=None,
                table=None,
                access={},
                withheld=frozenset(),
                epoch=epoch,
                why=why,
            )
            self._hook(event)
        return self._store

    def _orphan(self) -> None:
        self._guard.orphan(
            "the database was opened before this process was forked; connect after the fork, and in no process before it"
        )
        self._lock = RLock()
        self._store.abandon()


#: What a forked child has to let go of.
_open: weakref.WeakSet[Database] = weakref.WeakSet()


def _after_fork() -> None:
    for database in list(_open):
        database._orphan()  # noqa: SLF001  # its own module


os.register_at_fork(after_in_child=_after_fork)
