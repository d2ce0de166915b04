"""What the categories of tests stand on: the three methods that an author writes, capabilities, and exclusions."""

from __future__ import annotations

import abc
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Final, Generic, TypeVar

import attrs
import pytest

from cfacl.model.projection import StoredFamily
from cfacl.model.request import MAX_KEY, MAX_QUALIFIER
from cfacl.stores.base import Capabilities, Store
from cfacl.testing import announcements
from cfacl.testing.clock import Clock
from cfacl.testing.conformance.data import TABLE, family

__all__ = ["RawCells", "S", "Suite", "fresh_folder", "needs", "pressed_switches"]

S = TypeVar("S", bound=Store)
T = TypeVar("T", bound=Callable[..., object])

#: By (row key, qualifier), the kept (value, timestamp) of a cell, newest first; only cells that have one.
RawCells = Mapping[tuple[bytes, bytes], Sequence[tuple[bytes, int]]]

_NAMES: Final = frozenset(each.name for each in attrs.fields(Capabilities))
_NEEDS: Final = "_cfacl_needs"
_RAM: Final = Path("/dev/shm")  # noqa: S108  # only where Linux mounts it


def needs(*capabilities: str) -> Callable[[T], T]:
    """Say which `Capabilities` a test needs, or every test of a class: the one way to say it.

    Not a mark of pytest's: those must be registered wherever the suite is run with ``strict_markers``.
    """
    if unknown := set(capabilities) - _NAMES:
        raise ValueError(f"no capability: {sorted(unknown)}")

    def said(test: T) -> T:
        if isinstance(test, type):
            for name, each in vars(test).items():
                if name.startswith("test_"):
                    said(each)
        else:
            setattr(test, _NEEDS, frozenset(capabilities) | getattr(test, _NEEDS, frozenset()))
        return test

    return said


@contextmanager
def fresh_folder() -> Iterator[Path]:
    """Give a fresh folder, in memory where the machine has that: the suite opens hundreds of stores."""
    with tempfile.TemporaryDirectory(dir=_RAM if _RAM.is_dir() else None) as made:
        yield Path(made)


@contextmanager
def pressed_switches() -> Iterator[None]:
    """Have Python change threads as often as it can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)


class Suite(abc.ABC, Generic[S]):
    """What a subclass of `StoreTests` says about its store.

    Attributes:
        persistent: whether a store that was closed, or let go by a process that died, is opened again with all
            that it held; otherwise each open is a fresh, empty store.
        level: the sensitivity level of the families that are tested, for a store whose capabilities depend on it.
        longest: how many bytes a row key and a qualifier may come to together.
        exclusions: tests that are left out, by name, each with the reason why; announced in every run.
    """

    persistent: ClassVar[bool] = True
    level: ClassVar[str] = "public"
    longest: ClassVar[int] = MAX_KEY + MAX_QUALIFIER
    exclusions: ClassVar[Mapping[str, str]] = {}

    @abc.abstractmethod
    def open(self, folder: Path, clock: Clock) -> S:
        """Return a store on ``folder``, which exists and is empty the first time.

        ``clock`` returns nanoseconds since 1970.  The suite closes what is opened, and opens the same folder again.
        """

    @abc.abstractmethod
    def raw_cells(self, store: S, family: StoredFamily) -> RawCells:
        """Return all cells of a family as they are kept, expired ones included, read without the store's own methods.

        Reading them so is what makes a lie of the store visible: take the driver's handle, the file, the dict.
        """

    @abc.abstractmethod
    def raw_put(
        self, store: S, family: StoredFamily, key: bytes, qualifier: bytes, value: bytes, timestamp: int
    ) -> None:
        """Write a cell that has no version yet, of a family that the store holds, without the store's own methods."""

    def restore(self, backup: Path, folder: Path) -> None:
        """Make the new directory ``folder``, for `open`, of what `Store.back_up` wrote; a copy, if nothing else is said."""
        shutil.copytree(backup, folder)

    def __init_subclass__(cls, **more: Any) -> None:
        """Refuse exclusions that name no test or give no reason, and tests that are quietly replaced.

        Raises:
            TypeError: what is wrong with the class; pytest reports it while collecting.
        """
        super().__init_subclass__(**more)
        for name, reason in cls.exclusions.items():
            if not name.startswith("test_") or not callable(getattr(cls, name, None)):
                raise TypeError(f"`{cls.__name__}` excludes `{name}`, which is no test of the suite")
            if not str(reason or "").strip():
                raise TypeError(f"`{cls.__name__}` excludes `{name}` without a reason; say why")
        for name in vars(cls):
            if name.startswith("test_") and any(name in vars(base) for base in cls.__mro__[1:]):
                raise TypeError(
                    f"`{cls.__name__}` replaces `{name}`; exclude it with a reason, and name yours otherwise"
                )

    @pytest.fixture(autouse=True)
    def _announced(self, request: pytest.FixtureRequest) -> None:
        """Leave out what is excluded, or needs what the store says it has not; both are told with their reason."""
        test = request.function
        if test.__name__ in self.exclusions:
            announcements.exclude(self.exclusions[test.__name__])
        wanted: frozenset[str] = getattr(test, _NEEDS, frozenset())
        if wanted:
            capable = attrs.asdict(self.capable(request.getfixturevalue("store")))
            if lacking := sorted(each for each in wanted if not capable[each]):
                announcements.lack(lacking)

    def capable(self, store: S) -> Capabilities:
        """Return what the store says it can do with the families that are tested."""
        return store.capabilities(self.family("any"))

    @pytest.fixture
    def clock(self) -> Clock:
        """Give a clock that the test turns."""
        return Clock()

    @pytest.fixture
    def folder(self) -> Iterator[Path]:
        """Give the folder that the store is on."""
        with fresh_folder() as made:
            yield made

    @pytest.fixture
    def store(self, folder: Path, clock: Clock) -> Iterator[S]:
        """Give a fresh store, and close it afterwards."""
        opened = self.open(folder, clock)
        yield opened
        opened.close()

    @pytest.fixture
    def pressed(self) -> Iterator[None]:
        """Have Python change threads as often as it can."""
        with pressed_switches():
            yield

    def family(self, name: str, **more: Any) -> StoredFamily:
        """Return a family of the level tested that the store does not hold; ``more`` as `StoredFamily` has it."""
        return family(name, level=self.level, **more)

    def made(self, store: S, name: str, **more: Any) -> StoredFamily:
        """Return a new family that the store holds; ``more`` as `StoredFamily` has it."""
        created = self.family(name, **more)
        store.create_table(TABLE, [created])
        return created

    @pytest.fixture
    def one(self, store: S) -> StoredFamily:
        """Give a family that keeps one version, for ever."""
        return self.made(store, "one")

    @pytest.fixture
    def two(self, store: S) -> StoredFamily:
        """Give another one."""
        return self.made(store, "two")

    @pytest.fixture
    def three_versions(self, store: S) -> StoredFamily:
        """Give a family that keeps three versions."""
        return self.made(store, "kept", versions=3)

    @pytest.fixture
    def short_lived(self, store: S) -> StoredFamily:
        """Give a family whose cells live for a second."""
        return self.made(store, "brief", time_to_live=1000)
