"""Who asks: said by a connection, for the length of a block, or once for a process; by two only where they say the same.

There is no connection without somebody: where nobody is said to ask, nothing is allowed.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from inspect import CO_ASYNC_GENERATOR, CO_GENERATOR
from types import FrameType
from typing import NamedTuple

from cfacl.api.database import Database
from cfacl.api.session import Session
from cfacl.engine.ask import name_of
from cfacl.engine.pinned import Pinned
from cfacl.errors import RequestError, quoted

__all__ = ["Asker", "acting_as", "configure"]


class _Named(NamedTuple):
    principal: str
    purpose: str

    def __str__(self) -> str:
        return f"{quoted(self.principal)} for {quoted(self.purpose)}"


class _Acting(Pinned):
    """Who a block is for, with a session of each database that was asked in it."""

    __slots__ = ("_sessions", "ended", "named")

    def __init__(self, named: _Named) -> None:
        self.named = named
        self.ended = False
        self._sessions: dict[Database, Session] = {}

    def session(self, database: Database) -> Session:
        found = self._sessions.get(database)
        if found is None:
            found = self._sessions.setdefault(database, database.session(*self.named))
        return found


class _Process(NamedTuple):
    """What `configure` said."""

    database: Database
    asking: _Acting | None


class _Found(NamedTuple):
    """Who asked last, by what was said then."""

    acting: _Acting | None
    process: _Process | None
    database: Database
    session: Session


_block: ContextVar[_Acting | None] = ContextVar("acting_as", default=None)
_process: _Process | None = None


@contextmanager
def acting_as(principal: str, purpose: str) -> Generator[None, None, None]:
    """Say who asks in a block, as a service does for each request that it has authenticated.

    It is for this thread, or task, and for what it begins, until the block ends: other threads know nothing of it.  What
    `scan` and `batch` return belongs to whoever asked when they were called, wherever it is used.  A block in a block takes
    its place.

    Raises:
        RequestError: the two are no names; whether the policy knows them is looked at when something is asked.  Or the
            block stands in a generator, and would be for whoever goes on with it: put it around what reads the generator.
    """
    named = _named(principal, purpose)
    _confirm_not_suspended(sys._getframe(1))
    acting = _Acting(named)
    before = _block.set(acting)
    try:
        yield
    finally:
        acting.ended = True  # for what was begun in it, and goes on
        if _block.get() is acting:
            with suppress(ValueError):  # it ends in another context than it began in, where it is over all the same
                _block.reset(before)


def _confirm_not_suspended(frame: FrameType | None) -> None:
    """Raise where a block stands in a generator, but for those that are gone on with when the block is to end."""
    while frame is not None and frame.f_globals.get("__name__") == "contextlib":
        if frame.f_code.co_name == "inner":  # of what the block decorates, which ends it
            return
        frame = frame.f_back
    if frame is not None and frame.f_code.co_flags & (CO_GENERATOR | CO_ASYNC_GENERATOR):
        driver = frame.f_back
        name = None if driver is None else driver.f_globals.get("__name__")
        if name == "contextlib":
            _confirm_not_suspended(driver)
        elif name != "_pytest.fixtures":
            raise RequestError(
                "`acting_as` in a generator would be for whoever goes on with it; put it around what reads the generator"
            )


def _here() -> _Acting | None:
    """Return the block that this stands in, if it has not ended."""
    acting = _block.get()
    return None if acting is None or acting.ended else acting


def configure(cfacl: Database | None, *, principal: str | None = None, purpose: str | None = None) -> None:
    """Say for the whole process which database connections use, and who asks: a service by a name of its own.

    It is for connections that say no database themselves, those made before too.  Left out, ``principal`` and
    ``purpose`` are for the connection or `acting_as` to say.  A later call takes this one's place; ``None`` ends it.

    Raises:
        AccessDenied: the policy knows no such principal.
        UnknownPurpose: it declares no such purpose.
        RequestError: a principal without a purpose, or a purpose without a principal; or no database.
    """
    global _process  # noqa: PLW0603  # it is the process's
    named = _named_or_none(principal, purpose)
    if cfacl is None:
        if named is not None:
            raise RequestError("nobody asks without a database; say one as `cfacl`")
        _process = None
        return
    database = _database(cfacl)
    asking = None if named is None else _Acting(named)
    if asking is not None:
        asking.session(database)
    _process = _Process(database, asking)


class Asker(Pinned):
    """Who asks through one connection.

    Raises:
        AccessDenied: the database's policy knows no such principal.
        UnknownPurpose: it declares no such purpose.
        RequestError: a principal without a purpose, or a purpose without a principal; or no database.
    """

    __slots__ = ("_database", "_found", "_own")

    def __init__(self, database: Database | None, principal: str | None, purpose: str | None) -> None:
        named = _named_or_none(principal, purpose)
        self._database = None if database is None else _database(database)
        self._own = None if named is None else _Acting(named)
        if self._own is not None and self._database is not None:
            self._own.session(self._database)
        self._found: _Found | None = None

    def session(self) -> Session:
        """Return a session of whoever asks now.

        Raises:
            RequestError: nobody is said to ask, or two that differ are, or no database, or two.
            AccessDenied, UnknownPurpose: the policy does not know who asks, or what for.
        """
        found = self._found
        if found is not None and found.acting is _here() and found.process is _process:
            return found.session
        return self.both()[1]

    def both(self) -> tuple[Database, Session]:
        """Return the database that is asked, and a session of it; raises as `session`."""
        acting, process = _here(), _process
        database = self._database
        if process is not None:
            if database is not None and database is not process.database:
                raise RequestError(
                    "the connection says one database and `configure` another; say it once, or make them the same"
                )
            database = process.database
        if database is None:
            raise RequestError(
                "this connection has no database; say `Connection(cfacl=db)`, or `configure(db)` for the whole process"
            )
        said = {
            source: each
            for source, each in (
                ("the connection", self._own),
                ("`acting_as`", acting),
                ("`configure`", None if process is None else process.asking),
            )
            if each is not None
        }
        if not said:
            raise RequestError(
                "nobody is said to ask, so nothing is allowed; say `with acting_as(principal, purpose):`, or"
                " `Connection(cfacl=db, principal=..., purpose=...)`, or `configure(db, principal=..., purpose=...)`"
            )
        if len({each.named for each in said.values()}) > 1:
            told = ", ".join(f"{source} says {each.named}" for source, each in said.items())
            raise RequestError(f"it is not clear who asks: {told}; let one of them say it")
        session = next(iter(said.values())).session(database)
        self._found = _Found(acting, process, database, session)
        return database, session


def _named(principal: object, purpose: object) -> _Named:
    return _Named(name_of("principal", principal), name_of("purpose", purpose))


def _named_or_none(principal: object, purpose: object) -> _Named | None:
    if principal is None and purpose is None:
        return None
    if principal is None or purpose is None:
        raise RequestError("a principal asks for a purpose; say both, or neither")
    return _named(principal, purpose)


def _database(given: object) -> Database:
    if not isinstance(given, Database):
        raise RequestError(f"`cfacl` is what `cfacl.connect` returned, not {type(given).__name__}")
    return given
