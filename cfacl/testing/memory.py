"""A guarded database in memory that remembers what its store was asked, and whoever asks it in a test."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self, overload

from cfacl.api.connection import guarded
from cfacl.api.database import Database
from cfacl.api.session import Session
from cfacl.api.table import Table
from cfacl.audit.event import Hook
from cfacl.errors import quoted
from cfacl.model.grants import Window
from cfacl.policy.policy import Policy
from cfacl.stores.memory import MemoryStore
from cfacl.testing.clock import START, Clock, unsaid
from cfacl.testing.stores import DATA, Call, CountingStore

__all__ = ["AsPrincipal", "memory_database", "memory_of", "watching"]


class _Memory(CountingStore):
    scheme: ClassVar[str] = "memory"  # as whoever asks for `stats` expects

    def __init__(self, inner: MemoryStore) -> None:
        super().__init__(inner)
        self.memory = inner


#: Of the databases that are open.
_watched: weakref.WeakSet[_Memory] = weakref.WeakSet()


@contextmanager
def memory_database(
    policy: Policy | str | Path,
    clock: Callable[[], int] | None = None,
    *,
    on_event: Hook | Sequence[Hook] | None = None,
) -> Iterator[Database]:
    """Open an empty store in memory behind a policy, with its tables; it is closed at the end of the block.

    What `cfacl_db` is made of, for tests that run without pytest.  `assert_refused` looks at what its store was asked.

    A policy with a window that the beginning of 2027 lies outside of, while nobody said when the tests begin, is worth a
    `UserWarning`: what it grants may not be what it grants today.

    Args:
        policy: the policy, or the path of its TOML file.
        clock: as that of `cfacl.connect`; left out, a `Clock` that stands still.
        on_event: as that of `cfacl.connect`; ``told.append`` keeps the events in a list.

    Raises:
        PolicyError: the policy has faults.
        RequestError: ``clock`` or ``on_event`` is no function, or none that has done its work when it returns.
    """
    time = Clock() if clock is None else clock
    store = _Memory(MemoryStore(clock=time))
    with guarded(lambda _: store, policy, time, on_event, durable=True) as db:
        if unsaid(time):
            _confirm_inside(db.policy)
        db.create_tables()
        _watched.add(store)
        try:
            yield db
        finally:
            _watched.discard(store)


def _confirm_inside(policy: Policy) -> None:
    """Warn where the policy has a window that a clock which nobody set lies outside of."""
    now = datetime.fromtimestamp(START / 1000, UTC)
    outside = [
        (path, window)
        for path, window in _windows(policy)
        if (window.start is not None and now < window.start) or (window.until is not None and window.until <= now)
    ]
    if outside:
        path, window = outside[0]
        said = "is over" if window.until is not None and window.until <= now else "has not begun"
        more = f", as {len(outside) - 1} more" if len(outside) > 1 else ""
        warnings.warn(
            f"tests begin on {now:%Y-%m-%d}, when the window of {quoted(path)} {said}{more}; say when they begin, by"
            " `cfacl_clock_start` in pytest's settings, or by a `Clock`",
            stacklevel=4,
        )


def _windows(policy: Policy) -> Iterator[tuple[str, Window]]:
    """Yield every window, with its path in the document."""
    for name, role in policy.roles.items():
        yield from ((f"roles.{name}.grants[{number}]", each.window) for number, each in enumerate(role.grants))
        taken = enumerate(role.restrictions)
        yield from ((f"roles.{name}.restrictions[{number}]", each.window) for number, each in taken)
    for name, principal in policy.principals.items():
        held = enumerate(principal.assignments)
        yield from ((f"principals.{name}.roles[{number}]", each.window) for number, each in held)


def memory_of(db: Database) -> MemoryStore:
    """Return what is below a database of `memory_database`, where nothing counts what it is asked.

    Raises:
        TypeError: it is none of these.
    """
    for each in _watched:
        if each is db._store:  # noqa: SLF001  # what this module gave it
            return each.memory
    raise TypeError("it takes a database of `cfacl_db` or `memory_database`, which is still open")


@contextmanager
def watching() -> Iterator[Callable[[], list[Call]]]:
    """Give a function that returns the calls for data that open databases of `memory_database` got since the beginning."""
    began = [(store, len(store.calls)) for store in _watched]
    yield lambda: [call for store, start in began for call in store.calls[start:] if call.method in DATA]


class AsPrincipal:
    """Opens sessions of principals, and closes them at its own end.

    Args:
        db: whose policy knows them.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._opened = ExitStack()

    @overload
    def __call__(self, principal: str, *, purpose: str) -> Session: ...
    @overload
    def __call__(self, principal: str, *, purpose: str, table: str) -> Table: ...
    def __call__(self, principal: str, *, purpose: str, table: str | None = None) -> Session | Table:
        """Return a session of ``principal`` for ``purpose``, or a table of it.

        Raises:
            AccessDenied: the policy knows no such principal.
            UnknownPurpose, UnknownTable: the policy declares no such name.
        """
        session = self._opened.enter_context(self._db.session(principal, purpose))
        return session if table is None else session.table(table)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()
