"""happybase's `Connection`: tables by name, and what is done to a table as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NoReturn

from cfacl.api.administered import Administered
from cfacl.api.database import Database
from cfacl.api.session import Session
from cfacl.compat.happybase.failures import already_exists, telling
from cfacl.compat.happybase.families import confirm_described
from cfacl.compat.happybase.identity import Asker
from cfacl.compat.happybase.table import Table
from cfacl.compat.happybase.transport import Transport
from cfacl.compat.happybase.util import ensure_bytes
from cfacl.compat.happybase.wire import decoded
from cfacl.engine.pinned import Pinned
from cfacl.errors import Closed, RequestError, quoted

__all__ = ["DEFAULT_HOST", "DEFAULT_PORT", "Connection"]

DEFAULT_HOST: Final = "localhost"
DEFAULT_PORT: Final = 9090
DEFAULT_TRANSPORT: Final = "buffered"
DEFAULT_COMPAT: Final = "0.98"
DEFAULT_PROTOCOL: Final = "binary"
COMPAT_MODES: Final = ("0.90", "0.92", "0.94", "0.96", "0.98")
THRIFT_TRANSPORTS: Final = ("buffered", "framed")
THRIFT_PROTOCOLS: Final = ("binary", "compact")


class NoClient(RequestError, AttributeError):
    """There is no Thrift client, as ``hasattr`` tells too."""


class Connection(Pinned):
    """A database as happybase's users know it, for whoever is said to ask.

    Args:
        host, port, timeout: kept as attributes; the database knows where its store is.
        transport, protocol: looked at, and no more.
        autoconnect: whether it is open from the beginning; else call `open` first.
        table_prefix, table_prefix_separator: what names of tables begin with, as text or bytes.
        compat: what it refuses to do, as happybase does for an old HBase.
        cfacl: what `cfacl.connect` returned; left out, what `configure` said.
        principal, purpose: who asks, by name, and what for; left out, what `acting_as` or `configure` says.

    Every method that asks for something raises `RequestError` where it is not clear who asks, `Closed` where the connection
    is not open, and otherwise what `cfacl.Table` and `cfacl.Database` do; a `StoreError` is thriftpy2's `TException` too.

    Raises:
        ValueError: ``transport``, ``compat`` or ``protocol`` is none of happybase's.
        TypeError: a prefix or separator is neither text nor bytes.
        AccessDenied: the policy knows no such principal; where ``cfacl`` is left out, that is told by the first request.
        UnknownPurpose: it declares no such purpose; as above.
        RequestError: ``cfacl`` is no database, or only one of ``principal`` and ``purpose`` is said.
    """

    def __init__(
        self,
        host: str | None = DEFAULT_HOST,
        port: int | None = DEFAULT_PORT,
        timeout: int | None = None,
        autoconnect: bool = True,
        table_prefix: str | bytes | None = None,
        table_prefix_separator: str | bytes = b"_",
        compat: str = DEFAULT_COMPAT,
        transport: str = DEFAULT_TRANSPORT,
        protocol: str = DEFAULT_PROTOCOL,
        *,
        cfacl: Database | None = None,
        principal: str | None = None,
        purpose: str | None = None,
    ) -> None:
        _confirm_one_of("transport", transport, THRIFT_TRANSPORTS)
        prefix = None if table_prefix is None else _text("table_prefix", table_prefix)
        separator = _text("table_prefix_separator", table_prefix_separator)
        _confirm_one_of("compat", compat, COMPAT_MODES)
        _confirm_one_of("protocol", protocol, THRIFT_PROTOCOLS)
        self.host = host or DEFAULT_HOST
        self.port = port or DEFAULT_PORT
        self.timeout = timeout
        self.table_prefix = prefix
        self.table_prefix_separator = separator
        self.compat = compat
        self._asker = Asker(cfacl, principal, purpose)
        self._refresh_thrift_client()
        if autoconnect:
            self.open()

    @property
    def client(self) -> NoReturn:
        """Raise `NoClient`, a `RequestError`: there is no Thrift client, for whoever has one reaches everything."""
        raise NoClient("there is no thrift client behind the guard; use the methods of `Connection` and `Table`")

    def _refresh_thrift_client(self) -> None:  # by happybase's name, since its users call it where a connection broke
        self.transport = Transport()

    def _table_name(self, name: str | bytes) -> bytes:
        """Return the whole name of a table, its prefix included."""
        own = ensure_bytes(name)
        return own if self.table_prefix is None else self.table_prefix + self.table_prefix_separator + own

    def open(self) -> None:
        """Let it be used; nothing, where it is open."""
        self.transport.open()

    def close(self) -> None:
        """Refuse everything until it is opened again; the database stays open."""
        self.transport.close()

    def table(self, name: str | bytes, use_prefix: bool = True) -> Table:
        """Return a table; whether it is there is looked at when something of it is asked for."""
        return Table(self._table_name(name) if use_prefix else ensure_bytes(name), self)

    @telling
    def tables(self) -> list[bytes]:
        """Return the names of the tables that the policy has and the store holds, those below the prefix without it."""
        prefix = b"" if self.table_prefix is None else self._table_name(b"")
        names = [each.encode() for each in self._administered().names()]
        return [each.removeprefix(prefix) for each in names if each.startswith(prefix)]

    @telling
    def create_table(self, name: str | bytes, families: Mapping[Any, Mapping[str, Any] | None]) -> None:
        """Make a table as the policy has it; it needs `admin` on all of its families.

        Families that are left out are made too, and options that are left out are as the policy has them.

        Raises:
            TypeError: ``families`` is no dict, or an option is none of happybase's.
            ValueError: it is empty.
            UnknownTable: the policy lacks the table; a note of the error has the lines to add.
            RequestError: it lacks a family, or an option differs from it; or the table is there already.
        """
        table = decoded(self._table_name(name))
        if not isinstance(families, dict):
            raise TypeError(f"`families` is a dict, not {type(families).__name__}")
        if not families:
            raise ValueError("a table has at least one family; name them in `families`")
        administered = self._administered()
        confirm_described(administered.catalog, table, families)
        if not administered.create(table):
            raise already_exists(f"table {quoted(table)} is there already; use it, or delete it first")

    @telling
    def delete_table(self, name: str | bytes, disable: bool = False) -> None:
        """Remove a table and all that it holds; it needs `admin` and `delete` on all of its families.

        Raises:
            RequestError: it is enabled, and not to be disabled first.
            SchemaMissing: the store has none of that name.
        """
        table = decoded(self._table_name(name))
        self._administered().drop(table, disable=bool(disable))

    @telling
    def enable_table(self, name: str | bytes) -> None:
        """Serve a table again; it needs `admin` on all of its families."""
        table = decoded(self._table_name(name))
        self._administered().enable(table)

    @telling
    def disable_table(self, name: str | bytes) -> None:
        """Refuse a table to everybody; it needs `admin` on all of its families."""
        table = decoded(self._table_name(name))
        self._administered().disable(table)

    @telling
    def is_table_enabled(self, name: str | bytes) -> bool:
        """Return whether a table is served."""
        table = decoded(self._table_name(name))
        return self._administered().is_enabled(table)

    @telling
    def compact_table(self, name: str | bytes, major: bool = False) -> None:
        """Have a table put together on the disk; it needs `admin` on all of its families."""
        table = decoded(self._table_name(name))
        self._administered().compact(table, major=bool(major))

    def _session(self) -> Session:
        """Return a session of whoever asks now."""
        self._confirm_open()
        return self._asker.session()

    def _confirm_open(self) -> None:
        if not self.transport.is_open():
            raise Closed("the connection is not open; call `open` first")

    def _administered(self) -> Administered:
        self._confirm_open()
        return Administered(*self._asker.both())


def _text(name: str, given: object) -> bytes:
    if not isinstance(given, (str, bytes)):
        raise TypeError(f"`{name}` is text or bytes, not {type(given).__name__}")
    return ensure_bytes(given)


def _confirm_one_of(name: str, given: object, known: tuple[str, ...]) -> None:
    if given not in known:
        raise ValueError(f"`{name}` is one of {', '.join(map(quoted, known))}, not {quoted(given)}")
