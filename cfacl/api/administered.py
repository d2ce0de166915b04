"""What a session may do to tables as a whole: it takes rights on all families of them, and is told to the hook."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from cfacl.api.database import Database
from cfacl.api.failures import store_failures
from cfacl.api.session import Session
from cfacl.engine.ask import find_table
from cfacl.engine.pinned import Pinned
from cfacl.errors import AccessDenied, RequestError, quoted
from cfacl.model.action import Action
from cfacl.model.catalog import Catalog, Family
from cfacl.stores.administration import Region

__all__ = ["Administered"]

T = TypeVar("T")


class Administered(Pinned):
    """The tables of a database, for one session of it.

    Every method raises `AccessDenied` where the policy says no, also where the store holds families of the table that the
    policy does not name; `UnknownTable` for a table that the catalog lacks; and what the method of the database does.  What
    changes something is decided once more when no other policy can come.

    Raises:
        RequestError: the session is another database's.
    """

    __slots__ = ("_database", "_session")

    def __init__(self, database: Database, session: Session) -> None:
        if session._guard is not database._guard:
            raise RequestError("the session is another database's; open one of this")
        self._database = database
        self._session = session

    @property
    def catalog(self) -> Catalog:
        """What the policy says of tables, as every session knows it."""
        self._session._known("catalog")
        return self._database.policy.catalog

    def names(self) -> list[str]:
        """Return the catalog's tables that the store has: names, which every session knows."""
        self._session._known("tables")
        return self._database.tables()

    def families(self, table: str) -> Mapping[str, Family]:
        """Return the families of a table that the store has, as the policy has them: names, and how they are kept.

        Raises:
            SchemaMissing: the store has no such table.
        """
        find_table(self._session._known("families").bits, table)
        with store_failures("on its schema"):
            self._database._schema.confirm_there(table)
        return self.catalog.tables[table].families

    def is_enabled(self, table: str) -> bool:
        """Return whether a table is served, which is no secret either."""
        find_table(self._session._known("is_table_enabled").bits, table)
        return self._database.is_table_enabled(table)

    def create(self, table: str) -> bool:
        """Make a table as the policy has it, and return whether it was not there; it needs `admin`."""

        def made() -> bool:
            new = table not in self._database.tables()
            if new:
                self._database.create_tables(only=[table])
            return new

        return self._done("create_table", table, ["admin"], made)

    def drop(self, table: str, *, disable: bool) -> None:
        """Remove a table and all that it holds; it needs `admin` and `delete`.

        ``disable``: also one that is served, of which HBase asks that it be disabled first.

        Raises:
            RequestError: it is served.
        """

        def dropped() -> None:
            if self._database.is_table_enabled(table) and not disable:
                raise RequestError(f"table {quoted(table)} is enabled; disable it first, or say `disable=True`")
            self._database.drop_table(table)

        self._done("delete_table", table, ["admin", "delete"], dropped)

    def enable(self, table: str) -> None:
        """Serve a table again; it needs `admin`."""
        self._done("enable_table", table, ["admin"], lambda: self._database.enable_table(table))

    def disable(self, table: str) -> None:
        """Refuse a table to everybody; it needs `admin`."""
        self._done("disable_table", table, ["admin"], lambda: self._database.disable_table(table))

    def compact(self, table: str, *, major: bool) -> None:
        """Have a table put together on the disk; it needs `admin`."""
        self._decide("compact_table", table, ["admin"])
        self._database.compact_table(table, major=major)

    def regions(self, table: str) -> list[Region]:
        """Return the pieces of a table; it needs `admin`, and `read`, for where one ends is a row key."""
        self._decide("regions", table, ["admin", "read"])
        with store_failures("on its regions"):
            self._database._schema.confirm_there(table)
            found = self._database._store.administration().regions(table)
        denial = self._denial(table, ["admin", "read"])
        if denial is not None:
            raise self._told("regions", denial)
        return found

    def _done(self, request: str, table: str, actions: Sequence[Action], act: Callable[[], T]) -> T:
        """Do what is granted; the hook is told of it first, and may stop it."""
        self._decide(request, table, actions)
        with self._database._lock:
            denial = self._denial(table, actions)
            if denial is None:
                return act()
        raise self._told(request, denial)

    def _decide(self, request: str, table: str, actions: Sequence[Action]) -> None:
        """Return if every action is granted on every family; tell the hook in either case."""
        denial = self._denial(table, actions)
        if denial is not None:
            raise self._told(request, denial)
        snapshot = self._session._known(request)
        families = frozenset(find_table(snapshot.bits, table).bit)
        self._session._tell(request, table, dict.fromkeys(actions, families), snapshot.epoch)

    def _denial(self, table: str, actions: Sequence[Action]) -> AccessDenied | None:
        session = self._session
        try:
            families = frozenset(find_table(session._snapshot().bits, table).bit)
            for action in actions:
                session._confirm(session._ask(action, (table, *sorted(families))))
        except AccessDenied as denial:
            return denial
        # Nobody is granted what the policy does not name, also where another process has made it since.
        with store_failures("on its schema"):
            strange = self._database._schema.names_of(table) - families
        return session._denial(actions[0], table, strange) if strange else None

    def _told(self, request: str, denial: AccessDenied) -> AccessDenied:
        """Return a denial, once the hook was told of it."""
        return self._session._refused(denial, request, denial.table, denial.action)
