"""A clock that tests turn, and a store of each kind."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cfacl.stores.base import Store
from cfacl.stores.registry import open_store

#: Milliseconds since 1970 when every test begins.
START = 1_800_000_000_000

RAM = Path("/dev/shm")


class Clock:
    """Returns nanoseconds since 1970, and moves only when a test turns it."""

    def __init__(self) -> None:
        self.milliseconds = START

    def __call__(self) -> int:
        return self.milliseconds * 1_000_000 + 999_999

    def turn(self, milliseconds: int) -> None:
        self.milliseconds += milliseconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A fresh folder, in memory where the machine has that: these tests open hundreds of stores."""
    with tempfile.TemporaryDirectory(dir=RAM if RAM.is_dir() else None) as made:
        yield Path(made)


@pytest.fixture
def rocksdb_url(folder: Path) -> str:
    return (folder / "store").as_uri().replace("file:", "rocksdb:", 1)


@pytest.fixture
def pressed() -> Iterator[None]:
    """Have Python change threads as often as it can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.fixture(params=["memory", "rocksdb"])
def store(request: pytest.FixtureRequest, clock: Clock) -> Iterator[Store]:
    url = "memory://" if request.param == "memory" else request.getfixturevalue("rocksdb_url")
    opened = open_store(url, clock=clock)
    yield opened
    opened.close()
