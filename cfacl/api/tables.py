"""What an operator does to the tables of a database."""

from __future__ import annotations

from collections.abc import Collection, Generator
from contextlib import contextmanager
from threading import RLock

from cfacl.api.arguments import family_names, flag, table_names
from cfacl.api.failures import store_failures
from cfacl.api.schema import Difference, Schema
from cfacl.api.telling import Telling
from cfacl.engine.ask import find_table
from cfacl.engine.bits import PolicyBits
from cfacl.engine.guard import Guard
from cfacl.engine.pinned import Pinned
from cfacl.errors import Unsupported, quoted
from cfacl.policy.policy import Policy
from cfacl.stores.base import READ_ONLY, Store

__all__ = ["Tables"]


class Tables(Pinned):
    """The tables of a policy's catalog, as a store has them.  No method returns row data."""

    __slots__ = ("_bits", "_guard", "_hook", "_lock", "_policy", "_schema", "_store")

    _bits: PolicyBits
    _guard: Guard
    _hook: Telling | None
    _lock: RLock
    _policy: Policy
    _schema: Schema
    _store: Store

    def create_tables(self, adopt: Collection[str] = (), *, only: Collection[str] | None = None) -> None:
        """Make the tables and families that the catalog has and the store lacks; nothing is ever dropped.

        Args:
            adopt: ``table:family`` of families that the store holds from an earlier policy or from elsewhere,
                and whose cells are to become readable.
            only: names of tables; ``None`` for all that the catalog has.

        Raises:
            SchemaMissing: a family must be adopted first, or was lost; nothing was made.
            RequestError: ``adopt`` or ``only`` names what the policy does not.
            StoreError: the store failed; call again.
        """
        adopted = family_names("adopt", adopt)
        chosen = None if only is None else table_names("only", only)
        with self._changing():
            for each in chosen or ():
                find_table(self._bits, each)
            self._schema.create(self._policy.catalog, adopted, chosen)

    def drop_table(self, table: str) -> None:
        """Remove all families of a table that the store holds, with their cells.

        Raises:
            SchemaMissing: the store holds none.
        """
        with self._changing():
            self._schema.drop(table)

    def tables(self) -> list[str]:
        """Return the names of the catalog's tables that the store holds, or some families of, sorted; disabled ones too."""
        self._guard.current()
        with store_failures("on its schema"):
            return self._schema.tables(self._policy.catalog)

    def drift(self) -> list[Difference]:
        """Return where the store differs from the catalog; empty when it does not."""
        self._guard.current()
        with store_failures("on its schema"):
            return self._schema.drift(self._policy.catalog)

    def is_table_enabled(self, table: str) -> bool:
        """Return whether a table is served.

        Raises:
            SchemaMissing: the store has none of that name.
        """
        self._guard.current()
        with store_failures("on its schema"):
            return self._schema.is_enabled(table)

    def enable_table(self, table: str) -> None:
        """Serve a table again; raises as `is_table_enabled`."""
        with self._changing():
            self._schema.enable(table)

    def disable_table(self, table: str) -> None:
        """Refuse every request for a table, as `SchemaMissing`, until it is enabled; nothing of it is lost.

        That is recorded in the store.  Other processes heed it where the store tells them, as HBase does itself, and
        whoever reads a RocksDB; elsewhere those that connect from then on.  Raises as `is_table_enabled`.
        """
        with self._changing():
            self._schema.disable(table)

    def compact_table(self, table: str, *, major: bool = False) -> None:
        """Have a table put together on the disk.

        RocksDB does what is due by itself, and all of it where it is ``major``, before this returns; HBase begins it;
        elsewhere nothing is to be done.  Raises as `is_table_enabled`.
        """
        flag("major", major)
        self._changeable()
        with store_failures(f"compacting table {quoted(table)}"):
            self._store.administration().compact(table, self._schema.held(table), major=major)

    def _changeable(self) -> None:
        """Raise where the database is closed, or open for reading only."""
        self._guard.current()
        if self._store.read_only:
            raise Unsupported(READ_ONLY)

    @contextmanager
    def _changing(self) -> Generator[None, None, None]:
        """Let nobody else change the schema in a block, and have everybody know of it, whatever came of it."""
        with self._lock:
            self._changeable()
            try:
                with store_failures("on its schema"):
                    yield
            finally:
                self._publish()

    def _publish(self) -> None:
        self._guard.publish(self._bits, self._schema.usable(self._policy.catalog), self._schema.disabled)
        if self._hook is not None:
            self._hook.published()
