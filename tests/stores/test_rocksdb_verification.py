"""Verifying a store beside the process that writes it, one that may only be read, and one of another version."""

from __future__ import annotations

import pytest
from rocksdict import Rdict

from cfacl.errors import StoreCorrupted, StoreError, StoreUnavailable
from cfacl.model.projection import StoredFamily
from cfacl.model.request import Mutation, Put
from cfacl.stores.registry import open_store
from cfacl.stores.rocksdb import verification
from cfacl.stores.rocksdb.origin import FORMAT_KEY
from cfacl.stores.rocksdb.verification import verify

FAMILIES = [StoredFamily("t", f"f{number}", number, "public") for number in range(101, 161)]


@pytest.fixture
def store(rocksdb_url, clock):
    opened = open_store(rocksdb_url, clock=clock)
    opened.create_families(FAMILIES)
    yield opened
    opened.close()


@pytest.fixture
def path(store, folder):
    return folder / "store"


def put(store, key, families=FAMILIES):
    store.apply("t", [Mutation(key, tuple(Put(each, {b"q": key * 100}) for each in families))])


def flush(store):
    """Have all that was written in files, and no log of it."""
    for each in (store._database.system, *(held.cells for held in store._database)):
        each.read.flush()


def compact(store):
    for held in store._database:
        held.cells.read.compact_range(None, None)


def looked(monkeypatch, before=lambda: None, after=lambda: None):
    """Have something happen whenever the files were listed, or were read; return how often so far."""
    times = []

    class Watched(verification.View):
        def read_only(self, options, names):
            times.append(None)
            before()
            found = super().read_only(options, names)
            after()
            return found

    monkeypatch.setattr(verification, "View", Watched)
    return times


def test_what_a_writer_compacts_meanwhile_is_read_as_it_was(store, path):
    for _ in range(2):
        put(store, b"a")
        put(store, b"b")
        flush(store)
    steps = verify(path)
    first = next(steps)
    before = {*path.glob("*.sst")}
    compact(store)
    assert len(before - {*path.glob("*.sst")}) >= 2 * len(FAMILIES)
    assert [each.values for each in (first, *steps)] == [2] * len(FAMILIES)


def test_what_went_from_a_log_into_a_file_meanwhile_is_looked_at_again(store, path, monkeypatch):
    put(store, b"a", FAMILIES[:1])
    once = [lambda: flush(store)]
    times = looked(monkeypatch, after=lambda: once and once.pop()())
    assert next(verify(path)).values == 1
    assert len(times) == 2


def missing(names):
    def fail():
        for name in names:
            raise Exception(f"IO error: No such file or directory: While open a file for random read: {name}")  # noqa: TRY002  # as the driver does

    return fail


def test_a_file_that_went_on_the_way_is_no_damage(store, path, monkeypatch):
    times = looked(monkeypatch, missing(iter(["000010.sst", "000011.sst"])))
    assert len(list(verify(path))) == len(FAMILIES)
    assert len(times) == 3


def test_a_file_that_is_missed_twice_is_damage(store, path, monkeypatch):
    times = looked(monkeypatch, missing(iter(["000010.sst", "000011.sst", "000011.sst"])))
    with pytest.raises(StoreCorrupted, match="a file of the store is gone"):
        list(verify(path))
    assert len(times) == 3


def test_files_that_change_without_end_are_said_to(store, path, monkeypatch):
    times = looked(monkeypatch, missing(f"{number:06}.sst" for number in range(10, 1000)))
    with pytest.raises(StoreUnavailable, match=r"the store's files change faster than they can be read; try again$"):
        list(verify(path))
    assert len(times) == verification._TRIES


def test_a_manifest_that_went_because_another_one_came_is_no_damage(store, path, monkeypatch):
    """As where a writer opens the store just then: what `CURRENT` named a moment ago is removed."""
    manifest = (path / "CURRENT").read_text().strip()
    renamed = iter(["MANIFEST-000098", "MANIFEST-000099"])

    class Listing:
        @staticmethod
        def list_cf(folder, options):
            nonlocal manifest
            if (name := next(renamed, None)) is not None:
                (path / manifest).rename(path / name)
                (path / "CURRENT").write_text(f"{name}\n")
                manifest, gone = name, manifest
                raise Exception(f"IO error: No such file or directory: While opening a file: {gone}")  # noqa: TRY002  # as the driver does
            return Rdict.list_cf(folder, options)

    put(store, b"a", FAMILIES[:1])
    store.close()
    monkeypatch.setattr(verification, "Rdict", Listing)
    assert next(verify(path)).values == 1
    assert manifest == "MANIFEST-000099"


def test_a_manifest_that_goes_again_and_again_is_said_to(store, path, monkeypatch):
    numbers = iter(range(1000))

    def confirm(path):
        (path / "CURRENT").write_text(f"MANIFEST-{next(numbers):06}\n")
        raise StoreCorrupted("not there")

    monkeypatch.setattr(verification, "confirm_logs", confirm)
    with pytest.raises(StoreUnavailable, match=r"the store's files change faster than they can be read; try again$"):
        verification.column_families(path)
    assert next(numbers) == verification._TRIES


def test_nothing_in_a_store_is_written(store, path):
    put(store, b"a", FAMILIES[:1])

    def written():
        return {each: (each.stat().st_ino, each.stat().st_mtime_ns) for each in (path, *path.iterdir())}

    before = written()
    assert next(verify(path)).values == 1
    assert written() == before


@pytest.mark.parametrize("what", ["format", "kind of column family"])
def test_a_store_of_another_version_is_said_to_be_one(store, path, what):
    if what == "format":
        store._database.system.read[FORMAT_KEY] = b"2"
    else:
        store._database.driver.create_column_family("index:101:t:f101", store._database._options)
    with pytest.raises(StoreError, match=r"was written by another version of cfacl; open it with that one$") as caught:
        list(verify(path))
    assert type(caught.value) is StoreError


def test_a_store_that_says_nothing_of_its_format_is_told_as_such(store, path):
    store._database.system.read.delete(FORMAT_KEY)
    with pytest.raises(StoreError, match="says nothing of its format") as caught:
        list(verify(path))
    assert type(caught.value) is StoreError
