"""What a URL may say of RocksDB, what it is opened with, and how many files it may hold open."""

from __future__ import annotations

import os
import resource

import pytest
from rocksdict import BlockBasedOptions, Options, Rdict, ReadOptions, SliceTransform

from cfacl.errors import Closed, RequestError, StoreUnavailable
from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import Mutation, Put, Span
from cfacl.stores.registry import open_store
from cfacl.stores.rocksdb import descriptors
from cfacl.stores.rocksdb.descriptors import Descriptors
from cfacl.stores.rocksdb.settings import Settings, read_settings

FAMILIES = [StoredFamily("t", f"f{number:02}", number + 1, "public") for number in range(20)]
PROJECTION = Projection(Slice(each) for each in FAMILIES)


def written(path, kind):
    """The values of an option, as RocksDB writes down with what it was opened."""
    newest = max(path.glob("OPTIONS-*"), key=lambda each: int(each.name.partition("-")[2]))
    lines = [line.strip().partition("=") for line in newest.read_text("utf-8").splitlines()]
    return {value for name, _, value in lines if name == kind}


def filled(url, clock):
    """A store of which each family has a file of its own."""
    store = open_store(url, clock=clock)
    store.create_table("t", FAMILIES)
    store.apply("t", [Mutation(b"r", tuple(Put(each, {b"q": b"v"}) for each in FAMILIES))])
    for each in FAMILIES:
        store._database.find("t", each).cells.read.flush()
    return store


class TestUrl:
    def test_what_is_left_out_has_its_default(self):
        assert read_settings("") == Settings(256 << 20, 256 << 20, None)

    @pytest.mark.parametrize(
        ("query", "settings"),
        [
            ("block_cache=512MiB", Settings(block_cache=512 << 20)),
            ("block_cache=1024KiB&memtables=2GiB&open_files=32", Settings(1 << 20, 2 << 30, 32)),
        ],
    )
    def test_sizes_and_numbers_are_read(self, query, settings):
        assert read_settings(query) == settings

    @pytest.mark.parametrize(
        ("query", "says"),
        [
            ("cache=1GiB", "unknown `cache`; known are `block_cache`, `memtables` and `open_files`"),
            ("BLOCK_CACHE=1GiB", "unknown `BLOCK_CACHE`"),
            ("block_cache", "is no query"),
            ("&", "is no query"),
            ("block_cache=1GiB&block_cache=1GiB", "`block_cache` is said twice"),
            *((f"{name}={value}", f"`{name}` is a size") for name in ("block_cache", "memtables") for value in (
                "", "512", "512MB", "0MiB", "-1MiB", "1.5GiB", "1023KiB", "999999GiB", "512mib", "512%20MiB", "%D9%A1MiB",
            )),
            *((f"open_files={value}", "`open_files` is a number of at least 32") for value in (
                "", "0", "-1", "31", "1e3", "many", "9999999999", "%D9%A3%D9%A2",
            )),
        ],
    )  # fmt: skip
    def test_what_is_unknown_or_makes_no_sense_is_refused_and_nothing_is_made(self, query, says, folder, clock):
        with pytest.raises(RequestError, match=says):
            open_store(f"rocksdb://{folder}/store?{query}", clock=clock)
        assert not list(folder.iterdir())

    def test_a_path_with_a_question_mark_is_a_path(self, folder, clock):
        open_store(folder / "a?block_cache=1GiB", clock=clock).close()
        assert [each.name for each in folder.iterdir()] == ["a?block_cache=1GiB"]


class TestOptions:
    def test_rocksdb_is_opened_with_them_and_opened_so_again(self, folder, clock, rocksdb_url):
        path = folder / "store"
        store = open_store(f"{rocksdb_url}?memtables=32MiB&open_files=99", clock=clock)
        store.create_table("t", FAMILIES[:2])
        for _ in range(2):
            assert written(path, "db_write_buffer_size") == {str(32 << 20)}
            assert written(path, "max_total_wal_size") == {str(32 << 20)}
            assert written(path, "max_open_files") == {"99"}
            assert written(path, "compression") == {"kLZ4Compression"}
            assert written(path, "bottommost_compression") == {"kZSTD"}
            assert written(path, "prefix_extractor") == {"nullptr"}
            assert written(path, "wal_recovery_mode") == {"kTolerateCorruptedTailRecords"}
            assert written(path, "recycle_log_file_num") == {"0"}
            assert written(path, "paranoid_checks") == {"true"}
            assert written(path, "filter_policy") == {"bloomfilter"}
            store.reopen()
        store.close()


class TestDriver:
    """A filter by row would need a transform that ends where a row's head does."""

    def test_the_driver_has_no_such_transform(self):
        made = {name for name in dir(SliceTransform) if not name.startswith("_")}
        assert made == {"create_fixed_prefix", "create_max_len_prefix", "create_noop"}

    @pytest.mark.parametrize("seeking", [True, False])
    def test_with_one_of_those_rows_that_are_there_are_not_found(self, folder, seeking):
        options = Options(raw_mode=True)
        options.create_if_missing(True)
        blocks = BlockBasedOptions()
        blocks.set_bloom_filter(10, False)
        options.set_block_based_table_factory(blocks)
        options.set_prefix_extractor(SliceTransform.create_max_len_prefix(8))
        driver = Rdict(str(folder / "bare"), options)
        for number in range(200):
            driver[b"u%d\0\0q" % number] = b"v"
        driver.flush()
        if seeking:
            at = driver.iter(ReadOptions())
            at.seek(b"u5\0\0")
            assert not at.valid()
        else:
            assert list(driver.items(from_key=b"u5")) == []
        assert len(list(driver.items())) == 200
        del driver

    def test_without_it_every_row_is_found_from_every_key_on(self, rocksdb_url, clock):
        store = open_store(rocksdb_url, clock=clock)
        store.create_table("t", FAMILIES[:2])
        keys = sorted(b"u%d" % number for number in range(200))
        for half in (keys[::2], keys[1::2]):
            store.apply("t", [Mutation(key, tuple(Put(f, {b"q": b"v"}) for f in FAMILIES[:2])) for key in half])
            store._database.find("t", FAMILIES[0]).cells.read.flush()
        projection = Projection(Slice(each) for each in FAMILIES[:2])
        for number, key in enumerate(keys):
            assert [found for found, _ in store.get("t", [key, key + b"-"], projection)] == [key]
            for span, expected in ((Span(key), keys[number:]), (Span(None, key, reverse=True), keys[:number][::-1])):
                rows = [row for rows in store.scan("t", projection, span, batch_size=64) for row, _ in rows]
                assert rows == expected
        store.close()


class TestDescriptors:
    @pytest.fixture(autouse=True)
    def limited(self, monkeypatch):
        self.limit = self.opened = 0
        monkeypatch.setattr(descriptors, "descriptors", lambda: Descriptors(self.opened, self.limit))

    def test_a_limit_that_is_too_low_is_told_before_anything_is_opened(self, rocksdb_url, folder, clock):
        self.limit = 1000
        filled(rocksdb_url, clock).close()
        self.opened, self.limit = 10, 95
        before = {each.name for each in (folder / "store").iterdir()}
        says = r"needs 96 file descriptors, and this process may have 95; raise the limit \(`ulimit -n 96`\)"
        with pytest.raises(StoreUnavailable, match=says):  # 22 column families, 64 to spare, and what is open
            open_store(rocksdb_url, clock=clock)
        assert {each.name for each in (folder / "store").iterdir()} == before
        self.limit = 96
        store = open_store(rocksdb_url, clock=clock)
        assert store._database.open_files == 48
        store.close()

    def test_what_the_url_says_counts_instead(self, rocksdb_url, clock):
        self.limit = 100
        store = filled(f"{rocksdb_url}?open_files=36", clock)
        assert store._database.open_files == 36
        store.close()
        with pytest.raises(StoreUnavailable, match=r"`ulimit -n 101`.*say fewer `open_files`"):
            open_store(f"{rocksdb_url}?open_files=37", clock=clock)

    def test_files_of_a_store_that_is_open_count_once(self, rocksdb_url, clock):
        self.limit = 1000
        store = filled(rocksdb_url, clock)
        self.opened, self.limit = 30, 96
        assert descriptors.confirm_descriptors(store._path, 22, Settings(), is_open=True) == 48
        store.close()

    def test_a_store_with_more_files_than_it_may_hold_open_is_read_whole(self, rocksdb_url, clock, monkeypatch):
        self.limit = 1000
        store = filled(rocksdb_url, clock)
        store.close()
        monkeypatch.setattr("cfacl.stores.rocksdb.families.confirm_descriptors", lambda *given: 12)
        store = open_store(rocksdb_url, clock=clock)
        for _ in range(2):
            ((key, cells),) = store.get("t", [b"r"], PROJECTION)
            assert (key, len(cells)) == (b"r", len(FAMILIES))
        store.close()

    def test_it_is_the_soft_limit_and_stays_as_it_is(self, monkeypatch, rocksdb_url, clock):
        monkeypatch.undo()
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert descriptors.descriptors().limit == min(before[0], 1 << 20)
        assert descriptors.descriptors().open > 2
        open_store(rocksdb_url, clock=clock).close()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == before

    def test_without_a_limit_or_a_system_that_tells_it_is_as_much_as_can_be(self, monkeypatch):
        monkeypatch.undo()
        infinite = resource.RLIM_INFINITY
        monkeypatch.setattr(resource, "getrlimit", lambda which: (infinite, infinite))
        monkeypatch.setattr(os, "listdir", lambda path: (_ for _ in ()).throw(OSError))
        assert descriptors.descriptors() == Descriptors(None, 1 << 20)


class TestStatistics:
    def test_they_say_what_was_set_and_what_is_held(self, rocksdb_url, clock):
        store = filled(f"{rocksdb_url}?block_cache=8MiB&memtables=4MiB&open_files=40", clock)
        found = store.statistics()
        assert found["families_stored"] == len(FAMILIES)
        # The store keeps two records of its own for each, and two that are written again, which an estimate counts again.
        assert 2 * len(FAMILIES) + 2 <= found["cells_estimated"] <= 5 * len(FAMILIES)
        assert (found["block_cache_limit"], found["memtable_limit"]) == (8 << 20, 4 << 20)
        assert found["files_held_open_limit"] == 40
        assert (
            found["disk_bytes"]
            == found["disk_bytes_live"]
            == sum(each.stat().st_size for each in store._path.glob("*.sst"))
        )
        assert found["writes_stopped"] == found["background_errors"] == 0
        assert found["descriptors_open"] > len(FAMILIES)
        assert found["descriptors_limit"] == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        cached = found["block_cache_bytes"]
        store.get("t", [b"r"], PROJECTION)
        assert store.statistics()["block_cache_bytes"] > cached
        written = store.statistics()["memtable_bytes"]
        store.apply("t", [Mutation(b"s", (Put(FAMILIES[0], {b"q": bytes(100_000)}),))])
        assert store.statistics()["memtable_bytes"] >= written + 100_000
        store.close()
        with pytest.raises(Closed):
            store.statistics()

    def test_older_versions_count(self, rocksdb_url, clock):
        store = open_store(rocksdb_url, clock=clock)
        kept = StoredFamily("t", "kept", 1, "public", versions=3)
        store.create_table("t", [kept])
        before = store.statistics()["cells_estimated"]
        for stamp in range(3):
            store.apply("t", [Mutation(b"r", (Put(kept, {b"q": b"v"}, stamp),))])
        assert store.statistics()["cells_estimated"] >= before + 3
        store.close()
