"""What the stores around a store stand on: each call of the seam, by name, on its way to the store within.

Calls are named as the methods of `Store` are; those of its system table ``system.get``,
``system.items``, ``system.compare_and_set`` and ``system.compare_and_set_all``; each step of a scan ``scan.next``.
"""

from __future__ import annotations

import abc
import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Final, NamedTuple, TypeVar

from cfacl.filters.tree import Filter
from cfacl.model.projection import Projection, StoredFamily
from cfacl.model.request import Cells, Mutation, Span
from cfacl.model.settings import StoreSettings
from cfacl.stores.administration import Administration
from cfacl.stores.base import Capabilities, Copied, Store, Swept, SystemTable
from cfacl.stores.native import NativeRights
from cfacl.stores.posture import Sign

__all__ = ["CALLS", "DATA", "Around", "Call", "T"]

T = TypeVar("T")

#: The calls that read or change cells.
DATA: Final = ("get", "versions", "scan", "scan_passing", "scan.next", "apply", "compare_and_set", "increment")
#: All calls.
CALLS: Final = (
    *DATA,
    "capabilities",
    "create_table",
    "create_families",
    "drop_table",
    "tables",
    "sweep",
    "flush",
    "reopen",
    "back_up",
    "system.get",
    "system.items",
    "system.compare_and_set",
    "system.compare_and_set_all",
    "close",
    "abandon",
)


class Call(NamedTuple):
    """What a store was asked, less all that is data: no row keys, no qualifiers, no values.

    Attributes:
        method: one of `CALLS`.
        families: those that may be touched, in the order given.
        size: how many keys, mutations, conditions or changes of records were given; a scan's limit.
        durable: whether a change was to be on the disk when the call returned.
    """

    method: str
    table: str | None = None
    families: tuple[str, ...] = ()
    size: int | None = None
    durable: bool | None = None


class _System(SystemTable):
    def __init__(self, around: Around) -> None:
        self._around = around

    def get(self, key: str) -> bytes | None:
        return self._around.ask(Call("system.get"), lambda: self._around.inner.system.get(key))

    def items(self, prefix: str) -> dict[str, bytes]:
        return self._around.ask(Call("system.items"), lambda: self._around.inner.system.items(prefix))

    def compare_and_set(self, key: str, expected: bytes | None, value: bytes | None) -> bool:
        return self._around.ask(
            Call("system.compare_and_set"), lambda: self._around.inner.system.compare_and_set(key, expected, value)
        )

    def compare_and_set_all(self, changes: Mapping[str, tuple[bytes | None, bytes | None]]) -> bool:
        return self._around.ask(
            Call("system.compare_and_set_all", size=len(changes)),
            lambda: self._around.inner.system.compare_and_set_all(changes),
        )


class Around(Store):
    """Hands every call on to ``inner``, by way of `ask`."""

    scheme: ClassVar[str] = "around"

    def __init__(self, inner: Store) -> None:
        self.inner = inner
        self.system = _System(self)
        self.read_only = inner.read_only
        self.plaintext = inner.plaintext

    @abc.abstractmethod
    def ask(self, call: Call, proceed: Callable[[], T]) -> T:
        """Let a call through; what ``proceed`` returns is the inner store's answer."""

    def acting_as(self, identity: str) -> Store:
        inner = self.inner.acting_as(identity)
        if inner is self.inner:
            return self
        acting = copy.copy(self)  # so that what is recorded, or told to fail, is one for all
        acting.inner = inner
        acting.system = _System(acting)
        return acting

    def settle(self, settings: StoreSettings) -> None:
        self.inner.settle(settings)

    def capabilities(self, family: StoredFamily) -> Capabilities:
        return self.ask(Call("capabilities", families=(family.name,)), lambda: self.inner.capabilities(family))

    def create_table(self, table: str, families: Sequence[StoredFamily]) -> None:
        self.ask(Call("create_table", table, _names(families)), lambda: self.inner.create_table(table, families))

    def create_families(self, families: Sequence[StoredFamily]) -> None:
        self.ask(Call("create_families", families=_names(families)), lambda: self.inner.create_families(families))

    def drop_table(self, table: str, families: Sequence[StoredFamily]) -> None:
        self.ask(Call("drop_table", table, _names(families)), lambda: self.inner.drop_table(table, families))

    def tables(self) -> dict[str, frozenset[tuple[str, int]]]:
        return self.ask(Call("tables"), self.inner.tables)

    def get(
        self,
        table: str,
        keys: Sequence[bytes],
        projection: Projection,
        *,
        before: int | None = None,
        timestamps: bool = False,
    ) -> list[tuple[bytes, Cells]]:
        return self.ask(
            Call("get", table, _projected(projection), len(keys)),
            lambda: self.inner.get(table, keys, projection, before=before, timestamps=timestamps),
        )

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
        return self.ask(
            Call("versions", table, (family.name,), limit),
            lambda: self.inner.versions(table, key, family, qualifier, limit=limit, before=before),
        )

    def scan(
        self,
        table: str,
        projection: Projection,
        span: Span,
        *,
        batch_size: int,
        limit: int | None = None,
        before: int | None = None,
        timestamps: bool = False,
        cells: int | None = None,
        snapshot: bool = False,
    ) -> Iterator[list[tuple[bytes, Cells]]]:
        families = _projected(projection)
        chunks = self.ask(
            Call("scan", table, families, limit),
            lambda: self.inner.scan(
                table,
                projection,
                span,
                batch_size=batch_size,
                limit=limit,
                before=before,
                timestamps=timestamps,
                cells=cells,
                snapshot=snapshot,
            ),
        )
        return self._steps(table, families, chunks)

    def scan_passing(
        self,
        table: str,
        projection: Projection,
        span: Span,
        passing: Filter,
        *,
        batch_size: int,
        timestamps: bool = False,
    ) -> Iterator[list[tuple[bytes, Cells]]]:
        families = _projected(projection)
        chunks = self.ask(
            Call("scan_passing", table, families),
            lambda: self.inner.scan_passing(
                table, projection, span, passing, batch_size=batch_size, timestamps=timestamps
            ),
        )
        return self._steps(table, families, chunks)

    def _steps(
        self, table: str, families: tuple[str, ...], chunks: Iterator[list[tuple[bytes, Cells]]]
    ) -> Iterator[list[tuple[bytes, Cells]]]:
        source = iter(chunks)
        while (chunk := self.ask(Call("scan.next", table, families), lambda: next(source, None))) is not None:
            yield chunk

    def apply(self, table: str, mutations: Sequence[Mutation], *, durable: bool = True, whole: bool = False) -> None:
        families = _names([change.family for each in mutations for change in each.changes])
        self.ask(
            Call("apply", table, families, len(mutations), durable=durable),
            lambda: self.inner.apply(table, mutations, durable=durable, whole=whole),
        )

    def compare_and_set(
        self,
        table: str,
        key: bytes,
        conditions: Sequence[tuple[StoredFamily, bytes, bytes | None]],
        mutation: Mutation,
        *,
        durable: bool = True,
    ) -> bool:
        families = _names([*(family for family, _, _ in conditions), *(change.family for change in mutation.changes)])
        return self.ask(
            Call("compare_and_set", table, families, len(conditions), durable=durable),
            lambda: self.inner.compare_and_set(table, key, conditions, mutation, durable=durable),
        )

    def increment(
        self, table: str, key: bytes, family: StoredFamily, qualifier: bytes, amount: int, *, durable: bool = True
    ) -> int:
        return self.ask(
            Call("increment", table, (family.name,), durable=durable),
            lambda: self.inner.increment(table, key, family, qualifier, amount, durable=durable),
        )

    def flush(self) -> None:
        self.ask(Call("flush"), self.inner.flush)

    def statistics(self) -> dict[str, int | str]:
        return self.ask(Call("statistics"), self.inner.statistics)

    def reopen(self) -> None:
        self.ask(Call("reopen"), self.inner.reopen)

    def back_up(self, target: Path) -> Iterator[Copied]:
        return self.ask(Call("back_up"), lambda: self.inner.back_up(target))

    def sweep(self, family: StoredFamily) -> Iterator[Swept]:
        return self.ask(Call("sweep", family.table, (family.name,)), lambda: self.inner.sweep(family))

    def altered(self, families: Sequence[StoredFamily]) -> list[StoredFamily]:
        return self.inner.altered(families)

    def native_rights(self) -> NativeRights:
        return self.inner.native_rights()

    def administration(self) -> Administration:
        return self.inner.administration()

    def posture(self) -> Iterator[Sign]:
        return self.inner.posture()

    def watch(self, watcher: Callable[[], None]) -> None:
        self.inner.watch(watcher)

    def refresh(self) -> bool:
        return self.inner.refresh()

    def close(self) -> None:
        self.ask(Call("close"), self.inner.close)

    def abandon(self) -> None:
        self.ask(Call("abandon"), self.inner.abandon)


def _names(families: Sequence[StoredFamily]) -> tuple[str, ...]:
    return tuple([each.name for each in families])


def _projected(projection: Projection) -> tuple[str, ...]:
    return _names([each.family for each in projection.slices])
