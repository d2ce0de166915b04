"""Stores are found by the scheme of a URL; those of others by their entry points."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from cfacl.errors import RequestError, StoreContractError, Unsupported
from cfacl.stores import registry
from cfacl.stores.memory import MemoryStore
from cfacl.stores.rocksdb import RocksStore

CLOCK = time.time_ns


def test_ours_are_found_by_scheme_and_by_path(tmp_path):
    for location, kind in (("memory://", MemoryStore), (tmp_path / "a", RocksStore), (str(tmp_path / "b"), RocksStore)):
        store = registry.open_store(location, clock=CLOCK)
        assert type(store) is kind
        store.close()


def test_others_are_found_by_their_entry_points(monkeypatch):
    opened = []
    point = SimpleNamespace(name="other", load=lambda: lambda url, *, clock: opened.append((url, clock)) or "a store")
    monkeypatch.setattr("importlib.metadata.entry_points", lambda *, group: [point] if group == registry.GROUP else [])
    assert registry.open_store("other://x", clock=CLOCK) == "a store"
    assert opened == [("other://x", CLOCK)]


@pytest.fixture
def installed(monkeypatch):
    """Install an opener under ``other://``."""

    def install(opener):
        point = SimpleNamespace(name="other", load=lambda: opener)
        monkeypatch.setattr("importlib.metadata.entry_points", lambda *, group: [point])

    return install


def test_others_are_told_to_be_read_only_and_how_far_behind(installed):
    opened = []

    def opener(url, *, clock, read_only=False, staleness=0.0):
        opened.append((url, read_only, staleness))
        return SimpleNamespace(read_only=read_only)

    installed(opener)
    registry.open_store("other://x", clock=CLOCK)
    registry.open_store("other://x", clock=CLOCK, read_only=True, staleness=2.5)
    assert opened == [("other://x", False, 0.0), ("other://x", True, 2.5)]


@pytest.mark.parametrize("read_only", [False, True])
def test_one_that_can_say_before_it_sends_anything_is_told_whom_to_ask(installed, read_only):
    asked = []

    def opener(url, *, clock, admit=None, read_only=False, staleness=0.0):
        admit("other", True)
        return SimpleNamespace(read_only=read_only)

    installed(opener)
    registry.open_store("other://x", clock=CLOCK, read_only=read_only, admit=lambda *said: asked.append(said))
    assert asked == [("other", True)]


def test_one_that_cannot_is_opened_without(installed):
    opened = SimpleNamespace(read_only=False)
    installed(lambda url, *, clock: opened)
    assert registry.open_store("other://x", clock=CLOCK, admit=pytest.fail) is opened


def test_one_that_knows_no_read_only_is_not_opened(installed):
    installed(lambda url, *, clock: pytest.fail("opened"))
    with pytest.raises(Unsupported, match="a store at `other://` is never read only; leave out `read_only`"):
        registry.open_store("other://x", clock=CLOCK, read_only=True)


def test_one_that_opens_for_writing_all_the_same_is_closed(installed):
    closed = []
    store = SimpleNamespace(read_only=False, close=lambda: closed.append(True))
    installed(lambda url, *, clock, read_only, staleness: store)
    with pytest.raises(StoreContractError, match="opened for writing; report it to its author"):
        registry.open_store("other://x", clock=CLOCK, read_only=True)
    assert closed == [True]


@pytest.mark.parametrize(
    ("location", "message"),
    [
        (
            "redis://x",
            "no store is installed for `redis://`; known are `cassandra`, `hbase`, `hbase+http`, `hbase+https`, `memory`, `rocksdb`",
        ),
        (5, "a store is named by a URL or a path, not int"),
        ("", "a store is named by a URL or a path, and this one is empty"),
        *(
            (name, f"`{name}` is no URL, which has `://`, and hardly a path; write `./` before a path")
            for name in ("memory:", "memory:/", "rocksdb:here", "hbase:h", "file:/srv")
        ),
    ],
)
def test_what_names_no_store_is_refused(location, message):
    with pytest.raises(RequestError) as refused:
        registry.open_store(location, clock=CLOCK)
    assert str(refused.value) == message


WITHOUT = """
import sys
import time

class Missing:
    def find_spec(self, name, path=None, target=None):
        if {{name, name.partition(".")[0]}} & {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())

from cfacl.stores.registry import open_store

try:
    open_store({url!r}, clock=time.time_ns)
except Exception as error:
    answer = [type(error).__name__, str(error), type(error.__cause__).__name__]
"""


@pytest.mark.parametrize("scheme", ["hbase", "hbase+http", "hbase+https"])
@pytest.mark.parametrize("missing", [{"happybase"}, {"thriftpy2"}, {"happybase", "thriftpy2"}], ids=sorted)
def test_without_its_driver_it_is_said_what_to_install(another, missing, scheme):
    told = another().do(WITHOUT.format(missing=missing, url=f"{scheme}://host"))
    message = f"the driver of `{scheme}://` is not installed; `pip install 'cfacl[hbase]'`"
    assert told == ["RequestError", message, "ModuleNotFoundError"]


def test_a_module_of_ours_that_is_missing_is_no_drivers(another):
    told = another().do(WITHOUT.format(missing={"cfacl.stores.hbase.scanning"}, url="hbase://host"))
    assert told == ["ModuleNotFoundError", "No module named 'cfacl.stores.hbase.scanning'", "NoneType"]


def test_what_needs_no_extra_is_not_said_to_be_one(another, tmp_path):
    told = another().do(WITHOUT.format(missing={"rocksdict"}, url=f"rocksdb://{tmp_path}/a"))
    assert told[0] == "ModuleNotFoundError"
