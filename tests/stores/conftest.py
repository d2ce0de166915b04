"""A clock that tests turn, and a store of each kind."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cfacl.stores.base import Store
from cfacl.stores.registry import open_store
from cfacl.testing.clock import Clock
from cfacl.testing.conformance.suite import fresh_folder, pressed_switches
from cfacl.testing.servers import Operator, Running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A fresh folder, in memory where the machine has that: these tests open hundreds of stores."""
    with fresh_folder() as made:
        yield made


@pytest.fixture
def rocksdb_url(folder: Path) -> str:
    return (folder / "store").as_uri().replace("file:", "rocksdb:", 1)


@pytest.fixture
def mounted() -> Iterator[Callable[..., bool]]:
    """Mount something at a place, by the arguments of `mount`, until the test ends; return whether this machine lets us."""
    places: list[Path] = []

    def mount(place: Path, *arguments: object) -> bool:
        command = ["mount", *map(str, arguments), str(place)]
        try:
            done = subprocess.run(command, capture_output=True, check=False, timeout=60)
        except OSError:
            return False
        if not done.returncode and place not in places:
            places.append(place)
        return not done.returncode

    yield mount
    for each in places:
        subprocess.run(["umount", str(each)], check=True, timeout=60)


@pytest.fixture
def pressed() -> Iterator[None]:
    """Have Python change threads as often as it can."""
    with pressed_switches():
        yield


@pytest.fixture(params=["memory", "rocksdb"])
def store(request: pytest.FixtureRequest, clock: Clock) -> Iterator[Store]:
    url = "memory://" if request.param == "memory" else request.getfixturevalue("rocksdb_url")
    opened = open_store(url, clock=clock)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def operator(hbase: Running) -> Iterator[Operator]:
    """Who does what Thrift can't."""
    with hbase.operator() as started:
        yield started
