"""A store over the standard library's sqlite3: ``cfacl.connect("sqlite:///srv/home.db", policy=…)``.

One value of a cell is kept, so it says that it has no versions.  Everything happens in transactions on one connection,
under one lock.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from cfacl.errors import Closed, InvalidValue, RequestError, SchemaMissing, StoreUnavailable, Unsupported, quoted
from cfacl.model.counter import counted, counter
from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import Cell, Cells, Delete, Mutation, Put, Span
from cfacl.stores.base import Capabilities, Copied, Store, Swept, SystemTable, confirm_scan

#: Names are kept as bytes: SQLite's text is UTF-8, and not every `str` is.
_SCHEMA = """
    create table if not exists families (place integer primary key, tbl blob, name blob, identity integer, highest integer,
        unique (tbl, name, identity));
    create table if not exists cells (place integer, key blob, qualifier blob, value blob, stamp integer,
        primary key (place, key, qualifier)) without rowid;
    create table if not exists records (key blob primary key, value blob) without rowid;
"""


def _written(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")


def _read(name: bytes) -> str:
    return name.decode("utf-8", "surrogatepass")


class _Records(SystemTable):
    def __init__(self, store: SqliteStore) -> None:
        self._store = store

    def get(self, key: str) -> bytes | None:
        with self._store.entered() as run:
            found = run("select value from records where key = ?", _written(key)).fetchone()
            return None if found is None else found[0]

    def items(self, prefix: str) -> dict[str, bytes]:
        with self._store.entered() as run:
            found = run("select key, value from records order by key").fetchall()
            return {_read(key): value for key, value in found if key.startswith(_written(prefix))}

    def compare_and_set(self, key: str, expected: bytes | None, value: bytes | None) -> bool:
        return self.compare_and_set_all({key: (expected, value)})

    def compare_and_set_all(self, changes: Mapping[str, tuple[bytes | None, bytes | None]]) -> bool:
        with self._store.entered() as run:
            if any(self.get(key) != expected for key, (expected, _) in changes.items()):
                return False
            for key, (_, value) in changes.items():
                run("delete from records where key = ?", _written(key))
                if value is not None:
                    run("insert into records values (?, ?)", _written(key), value)
            return True


class SqliteStore(Store):
    """See `Store` for shapes, units and errors."""

    scheme: ClassVar[str] = "sqlite"

    def __init__(self, path: Path, *, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._why_closed: str | None = None
        self.driver = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.driver.executescript(_SCHEMA)
        self.system = _Records(self)

    @contextmanager
    def entered(self) -> Iterator[Callable[..., sqlite3.Cursor]]:
        """Give a way to run statements, all of them in one transaction; what is entered again is a part of it."""

        def run(statement: str, *values: Any) -> sqlite3.Cursor:
            return self.driver.execute(statement, values)

        with self._lock:
            if self._why_closed is not None:
                raise Closed(self._why_closed)
            outermost = not self.driver.in_transaction
            try:
                if outermost:
                    run("begin immediate")
                yield run
            except BaseException as error:
                if outermost and self.driver.in_transaction:
                    run("rollback")
                if isinstance(error, sqlite3.Error):
                    raise StoreUnavailable("sqlite could not do it; try again") from error
                raise
            if outermost:
                run("commit")

    def capabilities(self, family: StoredFamily) -> Capabilities:
        return Capabilities(versions=False, snapshot_scans=False)

    def place(self, table: str, family: StoredFamily) -> int:
        """Return the number of a family's cells."""
        with self.entered() as run:
            names = _written(table), _written(family.name), family.identity
            found = run("select place from families where tbl = ? and name = ? and identity = ?", *names).fetchone()
        if found is None:
            raise SchemaMissing(f"the store lacks family {quoted(family.name)} of table {quoted(table)}")
        return int(found[0])

    def create_table(self, table: str, families: Sequence[StoredFamily]) -> None:
        if any(each.identity < 1 for each in families):
            raise RequestError("the identity of a stored family is at least 1")
        with self.entered() as run:
            for each in families:
                values = _written(table), _written(each.name), each.identity
                run("insert or ignore into families (tbl, name, identity, highest) values (?, ?, ?, 0)", *values)

    def drop_table(self, table: str, families: Sequence[StoredFamily]) -> None:
        with self.entered() as run:
            for each in families:
                try:
                    place = self.place(table, each)
                except SchemaMissing:
                    continue
                run("delete from cells where place = ?", place)
                run("delete from families where place = ?", place)

    def tables(self) -> dict[str, frozenset[tuple[str, int]]]:
        found: dict[str, frozenset[tuple[str, int]]] = {}
        with self.entered() as run:
            for table, name, identity in run("select tbl, name, identity from families order by tbl"):
                found[_read(table)] = found.get(_read(table), frozenset()) | {(_read(name), identity)}
        return found

    def _cells(self, table: str, key: bytes, each: Slice, before: int | None) -> Iterator[tuple[bytes, bytes, int]]:
        """Yield (qualifier, value, timestamp) of the cells of one row that a read may see, sorted."""
        life = each.family.time_to_live
        with self.entered() as run:
            where = self.place(table, each.family), key
            found = run("select qualifier, value, stamp from cells where place = ? and key = ? order by 1", *where)
            for qualifier, value, stamp in found.fetchall():
                lives = life is None or stamp + life > self._now()
                if lives and (before is None or stamp < before) and qualifier in (each.qualifiers or (qualifier,)):
                    yield qualifier, value, stamp

    def _row(self, table: str, key: bytes, projection: Projection, before: int | None, timestamps: bool) -> Cells:
        cells: dict[bytes, Cell] = {}
        for each in projection.slices:
            for qualifier, value, stamp in self._cells(table, key, each, before):
                cells[each.family.prefix + qualifier] = (value, stamp) if timestamps else value
        return cells

    def _now(self) -> int:
        return self._clock() // 1_000_000

    def get(
        self,
        table: str,
        keys: Sequence[bytes],
        projection: Projection,
        *,
        before: int | None = None,
        timestamps: bool = False,
    ) -> list[tuple[bytes, Cells]]:
        with self.entered():
            for each in projection.slices:
                self.place(table, each.family)
            rows = [(key, self._row(table, key, projection, before, timestamps)) for key in keys]
            return [(key, cells) for key, cells in rows if cells]

    def versions(
        self,
        table: str,
        key: bytes,
        family: StoredFamily,
        qualifier: bytes,
        *,
        limit: int | None = None,
        before: int | None = None,
    ) -> list[tuple[bytes, int]]:
        if limit is not None and limit < 0:
            raise RequestError("a limit is not negative")
        with self.entered():
            self.place(table, family)
            found = self._cells(table, key, Slice(family, (qualifier,)), before)
            return [(value, stamp) for _, value, stamp in found][:limit]

    def scan(
        self, table: str, projection: Projection, span: Span, *, batch_size: int, limit: int | None = None,
        before: int | None = None, timestamps: bool = False, cells: int | None = None, snapshot: bool = False,
    ) -> Iterator[list[tuple[bytes, Cells]]]:  # fmt: skip
        confirm_scan(batch_size, limit, cells)
        if snapshot:
            raise Unsupported("a scan of one instant would keep everybody else waiting")
        self.get(table, [], projection)

        def batches(span: Span, left: int | None) -> Iterator[list[tuple[bytes, Cells]]]:
            behind: tuple[bytes, bytes] | None = None
            while left is None or left > 0:
                size = batch_size if left is None else min(batch_size, left)
                rows: list[tuple[bytes, Cells]] = []
                with self.entered() as run:
                    places = [self.place(table, each.family) for each in projection.slices]
                    marks, upper = ", ".join("?" * len(places)), "" if span.upper is None else "and key < ?"
                    order = "desc" if span.reverse else "asc"
                    found = run(
                        f"select distinct key from cells where place in ({marks}) and key >= ? {upper} order by 1 {order}",
                        *places, span.lower or b"", *([] if span.upper is None else [span.upper]),
                    )  # fmt: skip
                    for (key,) in found:
                        row = self._row(table, key, projection, before, timestamps)
                        rows += _parts(key, row, cells, behind)
                        if len(rows) >= size:
                            del rows[size:]
                            break
                if rows:
                    yield rows
                if len(rows) < size:
                    return
                last, row = rows[-1]
                if cells is None:
                    span = span._replace(upper=last) if span.reverse else span._replace(lower=last + b"\0")
                else:
                    behind = last, next(reversed(row))
                    span = span._replace(upper=last + b"\0") if span.reverse else span._replace(lower=last)
                left = None if left is None else left - size

        return batches(span, limit)

    def apply(self, table: str, mutations: Sequence[Mutation], *, durable: bool = True, whole: bool = False) -> None:
        with self.entered():
            for mutation in mutations:
                for change in mutation.changes:
                    if change.timestamp is not None and not 0 <= change.timestamp < 1 << 63:
                        raise InvalidValue("a timestamp is milliseconds since 1970, from 0 to 2**63 - 1")
                    if isinstance(change, Delete):
                        self._delete(self.place(table, change.family), mutation.key, change)
                    else:
                        self._put(self.place(table, change.family), mutation.key, change)

    def _put(self, place: int, key: bytes, put: Put) -> None:
        with self.entered() as run:
            ((highest,),) = run("select highest from families where place = ?", place)
            stamp = max(self._now(), highest) if put.timestamp is None else put.timestamp
            if put.values:
                run("update families set highest = ? where place = ?", max(stamp, highest), place)
            for qualifier, value in put.values.items():
                run(
                    "insert into cells values (?, ?, ?, ?, ?) on conflict do update"
                    " set value = excluded.value, stamp = excluded.stamp where excluded.stamp >= stamp",
                    place, key, qualifier, value, stamp,
                )  # fmt: skip

    def _delete(self, place: int, key: bytes, delete: Delete) -> None:
        until = (1 << 63) - 1 if delete.timestamp is None else delete.timestamp
        with self.entered() as run:
            if delete.qualifiers is None:
                run("delete from cells where place = ? and key = ? and stamp <= ?", place, key, until)
            for each in delete.qualifiers or ():
                where = place, key, each, until
                run("delete from cells where place = ? and key = ? and qualifier = ? and stamp <= ?", *where)

    def compare_and_set(
        self, table: str, key: bytes, conditions: Sequence[tuple[StoredFamily, bytes, bytes | None]], mutation: Mutation,
        *, durable: bool = True,
    ) -> bool:  # fmt: skip
        with self.entered():
            for each in [*(family for family, _, _ in conditions), *(change.family for change in mutation.changes)]:
                self.place(table, each)
            for family, qualifier, expected in conditions:
                found = self.versions(table, key, family, qualifier)
                if (found[0][0] if found else None) != expected:
                    return False
            self.apply(table, [mutation])
            return True

    def increment(
        self, table: str, key: bytes, family: StoredFamily, qualifier: bytes, amount: int, *, durable: bool = True
    ) -> int:
        with self.entered():
            found = self.versions(table, key, family, qualifier)
            total = amount + counted(found[0][0] if found else None)
            self.apply(table, [Mutation(key, (Put(family, {qualifier: counter(total)}),))])
            return total

    def flush(self) -> None:
        with self.entered():
            pass

    def reopen(self) -> None:
        with self.entered():
            pass

    def sweep(self, family: StoredFamily) -> Iterator[Swept]:
        if family.time_to_live is None:
            return
        with self.entered() as run:
            place = self.place(family.table, family)
            ((looked,),) = run("select count(*) from cells where place = ?", place)
            over = self._now() - family.time_to_live
            removed = run("delete from cells where place = ? and stamp <= ?", place, over).rowcount
        yield Swept(family.table, family.name, looked, removed)

    def back_up(self, target: Path) -> Iterator[Copied]:
        raise Unsupported("this store makes no backups; use `.backup` of the sqlite3 shell")

    def close(self) -> None:
        with self._lock:
            if self._why_closed is None:
                self._why_closed = "the store is closed; open it again"
                self.driver.close()

    def abandon(self) -> None:
        self._lock = threading.RLock()  # a thread of the parent may hold the other one for ever
        self._why_closed = (
            self._why_closed or "the store was opened by the parent of this process; open it after the fork"
        )


def _parts(
    key: bytes, row: Cells, size: int | None, behind: tuple[bytes, bytes] | None
) -> Iterator[tuple[bytes, Cells]]:
    """Yield what of a row is behind a column, in parts of at most so many cells."""
    names = list(row)
    if behind is not None and behind[0] == key:
        names = [name for name in names if name.partition(b":") > behind[1].partition(b":")]
    for at in range(0, len(names), size or max(len(names), 1)):
        yield key, {name: row[name] for name in names[at : at + (size or len(names))]}


def open_store(url: str, *, clock: Callable[[], int]) -> SqliteStore:
    """Open the file that ``sqlite:///path`` names; the entry point of the group `cfacl.stores`."""
    parts = urlsplit(url)
    if parts.netloc or not parts.path.startswith("/") or parts.query or parts.fragment:
        raise RequestError(f"{quoted(url)} names no file; write `sqlite:///absolute/path`")
    return SqliteStore(Path(unquote(parts.path)), clock=clock)
