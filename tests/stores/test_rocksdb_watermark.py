"""What was noted to be on the disk is missed where a log or the manifest ends before it; what was not may be cut off."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfacl.errors import StoreCorrupted, StoreUnavailable
from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import Mutation, Put, Span
from cfacl.stores.registry import open_store
from cfacl.stores.rocksdb import families, records, watermark
from cfacl.stores.rocksdb.descriptors import descriptors
from cfacl.stores.rocksdb.logs import confirm_logs
from cfacl.stores.rocksdb.records import reach, whole
from cfacl.stores.rocksdb.verification import verify
from cfacl.stores.rocksdb.watermark import MARKS, Watermark, marks

ONE = StoredFamily("t", "one", 1, "public")
TWO = StoredFamily("t", "two", 2, "public")
ROWS = 20


@pytest.fixture(autouse=True)
def _behind_every_change(monkeypatch):
    """Marks are moved once in a while; where nothing else is said, here with each durable change."""
    monkeypatch.setattr(families, "_APART", -1.0)


def put(store, key, family=ONE, *, value=b"twenty bytes of data", durable=True):
    store.apply("t", [Mutation(key, (Put(family, {b"q": value}),))], durable=durable)


def rows(store, *families):
    projection = Projection([Slice(each) for each in families or (ONE,)])
    return [key for batch in store.scan("t", projection, Span(), batch_size=100) for key, _ in batch]


def flushed(store, family):
    """Bring rows from the log into a file; RocksDB begins another log for what comes."""
    store._database.find("t", family).cells.read.flush()


@pytest.fixture(params=["killed", "closed"])
def left(request, folder, clock):
    """What a process left that was killed, with rows in a file and in a log, or that closed the store: all in files."""
    store = open_store(folder / "open", clock=clock)
    store.create_table("t", [ONE, TWO])
    for number in range(ROWS // 2):
        put(store, b"%04d" % number)
    flushed(store, ONE)
    for number in range(ROWS // 2, ROWS):
        put(store, b"%04d" % number)
        put(store, b"%04d" % number, TWO)  # so that closing writes to the manifest more than once
    path = folder / "left"
    if request.param == "killed":
        shutil.copytree(folder / "open", path)
    store.close()
    if request.param == "closed":
        shutil.copytree(folder / "open", path)
    return path


@pytest.fixture
def store(folder, clock):
    made = open_store(folder / "store", clock=clock)
    made.create_table("t", [ONE, TWO])
    yield made
    made.close()


@pytest.fixture
def path(folder):
    return folder / "store"


def heads(raw):
    """Where the records of a file of one block begin."""
    at = 0
    while at + 7 <= len(raw):
        yield at
        at += 7 + int.from_bytes(raw[at + 4 : at + 6], "little")


def newest(path, pattern):
    return max(path.glob(pattern))


def refused(path, clock, match):
    """Every way to open it says what is wrong, and no file goes or comes."""
    before = {each.name: each.stat().st_size for each in path.iterdir()}
    for use in (
        lambda: open_store(path, clock=clock),
        lambda: open_store(path, clock=clock, read_only=True),
        lambda: list(verify(path)),
    ):
        with pytest.raises(StoreCorrupted, match=rf"^`{path}`: {match}; restore the store from a backup$"):
            use()
    assert {each.name: each.stat().st_size for each in path.iterdir()} == before


KINDS = pytest.mark.parametrize(
    ("left", "kind"), [("killed", "log"), ("killed", "manifest"), ("closed", "manifest")], indirect=["left"]
)
PATTERN = {"log": "*.log", "manifest": "MANIFEST-*"}


@KINDS
def test_a_file_that_was_cut_anywhere_is_missed(left, clock, kind):
    """Also where one of its records ends, and where nothing but a last record is cut short, as by a crash."""
    file = newest(left, PATTERN[kind])
    raw = file.read_bytes()
    places = list(heads(raw))
    assert len(places) > 5
    for cut in {*places, *(place + 3 for place in places), *(place + 20 for place in places)} | {len(raw) - 1}:
        if cut < len(raw):
            file.write_bytes(raw[:cut])
            with pytest.raises(StoreCorrupted):
                confirm_logs(left)
    for cut in (places[-1], places[len(places) // 2], len(raw) - 1, len(raw) - 10):
        file.write_bytes(raw[:cut])
        refused(left, clock, f"the {kind} `{file.name}` is damaged")
    file.write_bytes(raw)
    store = open_store(left, clock=clock)
    assert len(rows(store)) == ROWS
    store.close()


def test_where_a_store_was_closed_the_manifest_is_marked_to_its_end(folder, clock):
    """RocksDB writes to it until it is closed, as late as somebody refers to it."""
    for _ in range(5):
        store = open_store(folder / "store", clock=clock)
        store.create_table("t", [ONE, TWO])
        for family in (ONE, TWO):
            put(store, b"r", family)
        store.close()
        named = (folder / "store" / "CURRENT").read_text().strip()
        assert marks(folder / "store")[named] == (folder / "store" / named).stat().st_size


@KINDS
def test_zeros_to_the_end_of_a_file_are_no_room_that_was_made_ready(left, clock, kind):
    file = newest(left, PATTERN[kind])
    raw = file.read_bytes()
    for place in list(heads(raw))[1:]:
        file.write_bytes(raw[:place].ljust(len(raw), b"\0"))
        with pytest.raises(StoreCorrupted, match=f"the {kind} `{file.name}` is damaged"):
            confirm_logs(left)


@KINDS
def test_what_happens_to_be_how_a_torn_record_begins_is_none(left, clock, kind):
    """Without marks some two hundredths of such bytes were taken for what a crash had cut short."""
    file = newest(left, PATTERN[kind])
    raw = file.read_bytes()
    random = Random(1)
    for _ in range(4000):
        at = random.choice(list(heads(raw)))
        file.write_bytes(raw[:at] + random.randbytes(len(raw) - at))
        with pytest.raises(StoreCorrupted):
            confirm_logs(left)


def test_a_log_that_was_emptied_or_is_gone_is_missed(folder, clock):
    """One of several: RocksDB takes what is left."""
    store = open_store(folder / "open", clock=clock)
    store.create_table("t", [ONE, TWO])
    put(store, b"a", TWO)  # keeps the log
    put(store, b"a")
    flushed(store, ONE)
    put(store, b"b")
    path = folder / "left"
    shutil.copytree(folder / "open", path)
    store.close()
    older, newer = sorted(path.glob("*.log"))
    for log in (older, newer):
        raw = log.read_bytes()
        log.write_bytes(b"")
        refused(path, clock, f"the log `{log.name}` is damaged")
        log.write_bytes(raw[: list(heads(raw))[-1]])
        refused(path, clock, f"the log `{log.name}` is damaged")
        log.write_bytes(raw)
    raw = newer.read_bytes()
    newer.unlink()
    refused(path, clock, "its newest log is gone")
    newer.write_bytes(raw)
    again = open_store(path, clock=clock)
    assert rows(again) == [b"a", b"b"]
    assert rows(again, TWO) == [b"a"]
    again.close()


def test_a_manifest_of_before_is_none_of_now(left, clock):
    """It tells of other files, and whatever it does not know of RocksDB removes."""
    current, manifest = left / "CURRENT", newest(left, "MANIFEST-*")
    earlier = left / "MANIFEST-000001"
    shutil.copy(manifest, earlier)
    current.write_bytes(b"MANIFEST-000001\n")
    refused(left, clock, "its `CURRENT` names an earlier manifest, `MANIFEST-000001`")


def test_what_was_not_acknowledged_as_durable_may_be_cut_off(store, path, folder, clock):
    put(store, b"kept")
    (log,) = path.glob("*.log")
    kept = log.stat().st_size
    for number in range(3):
        put(store, b"%d" % number, durable=False)
    whole_log = log.read_bytes()
    for cut in (kept, kept + 1, kept + 20, len(whole_log) - 1):
        copy = shutil.copytree(path, folder / f"cut at {cut}")
        (copy / log.name).write_bytes(whole_log[:cut])
        open_store(copy, clock=clock, read_only=True).close()
        again = open_store(copy, clock=clock)
        assert b"kept" in rows(again)
        again.close()
    store.flush()
    copy = shutil.copytree(path, folder / "flushed")
    (copy / log.name).write_bytes(whole_log[:-1])
    refused(copy, clock, f"the log `{log.name}` is damaged")


def test_a_flush_that_failed_is_no_reason_to_miss_anything(store, path, monkeypatch):
    put(store, b"kept")
    before = marks(path)

    class Failing:
        def flush_wal(self, sync):
            raise OSError("IO error: While fdatasync: Input/output error")

        def __getattr__(self, name):
            return getattr(driver, name)

    driver = store._database.driver
    store._database.driver = Failing()
    with pytest.raises(StoreUnavailable):
        put(store, b"lost")
    assert marks(path) == before
    store._database.driver = driver
    put(store, b"more")
    assert marks(path) != before


def test_a_mark_stands_where_a_flush_found_the_log_and_not_where_it_left_it(store, path):
    """What another thread writes while the disk works may be on it, or not."""

    class Slow:
        def flush_wal(self, sync):
            driver.flush_wal(sync)
            store._database.driver = driver
            put(store, b"meanwhile", durable=False)

        def __getattr__(self, name):
            return getattr(driver, name)

    put(store, b"before", durable=False)
    (log,) = path.glob("*.log")
    size = log.stat().st_size
    driver = store._database.driver
    store._database.driver = Slow()
    store.flush()
    assert marks(path)[log.name] == size < log.stat().st_size


def test_the_manifest_is_on_the_disk_before_that_is_noted(store, path, monkeypatch):
    """RocksDB flushes it itself, and may not have done so yet."""
    synced = []

    def sync(descriptor, real=os.fdatasync):
        synced.append((Path(f"/proc/self/fd/{descriptor}").readlink().name, os.fstat(descriptor).st_size))
        real(descriptor)

    monkeypatch.setattr(watermark.os, "fdatasync", sync)
    put(store, b"a")
    synced.clear()
    put(store, b"b")
    assert synced == []  # nothing new in it
    flushed(store, ONE)
    put(store, b"c")
    (manifest,) = path.glob("MANIFEST-*")
    assert synced == [(manifest.name, marks(path)[manifest.name])]
    assert marks(path)[manifest.name] == manifest.stat().st_size


def test_marks_follow_the_logs_that_come_and_go(store, path):
    put(store, b"a", TWO)
    (first,) = path.glob("*.log")
    put(store, b"b", durable=False)
    flushed(store, ONE)
    put(store, b"c")
    second = newest(path, "*.log")
    assert second != first
    assert marks(path)[first.name] == first.stat().st_size
    assert marks(path)[second.name] == second.stat().st_size
    flushed(store, TWO)
    store._database.system.read.flush()
    put(store, b"d")
    assert {name for name in marks(path) if name.endswith(".log")} == {each.name for each in path.glob("*.log")}
    assert not first.exists()


def damaged_bit(file):
    raw = bytearray(file.read_bytes())
    raw[12] ^= 1
    file.write_bytes(raw)


def directory(file):
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize(
    "change",
    [
        lambda file: file.unlink(),
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(file.read_bytes()[:30]),
        lambda file: file.write_bytes(bytes(4096)),
        damaged_bit,
        directory,
    ],
    ids=["gone", "empty", "torn", "zeros", "a bit", "a directory"],
)
def test_marks_that_cannot_be_read_ask_for_nothing(left, clock, change):
    assert marks(left) != {}
    change(left / MARKS)
    assert marks(left) == {}
    list(verify(left))
    open_store(left, clock=clock, read_only=True).close()
    store = open_store(left, clock=clock)
    assert len(rows(store)) == ROWS
    put(store, b"more")
    store.close()
    if (left / MARKS).is_dir():
        (left / MARKS).rmdir()
    open_store(left, clock=clock).close()
    assert marks(left) != {}


def test_the_marks_are_this_users_alone_and_never_grow(store, path):
    before = (path / MARKS).stat()
    assert before.st_mode & 0o777 == 0o600
    for number in range(50):
        put(store, b"%d" % number)
    assert (path / MARKS).stat().st_size == before.st_size == 4096


def test_of_very_many_logs_the_newest_are_noted(folder):
    (folder / "CURRENT").write_bytes(b"MANIFEST-000001\n")
    (folder / "MANIFEST-000001").touch()
    for number in range(500):
        (folder / f"{number:06}.log").touch()
    mark = Watermark(folder)
    mark.note(mark.look())
    logs = [name for name in marks(folder) if name.endswith(".log")]
    assert logs == [f"{number:06}.log" for number in range(436, 500)]
    assert (folder / MARKS).stat().st_size == 4096


def test_a_backup_has_no_marks_of_the_store_that_it_is_of(store, path, folder, clock):
    put(store, b"a")
    for _ in store.back_up(folder / "backup"):
        pass
    assert not list((folder / "backup").rglob(MARKS))


@pytest.fixture(scope="module")
def long_log(tmp_path_factory):
    """A log of several blocks, as RocksDB writes it, and where its records end."""
    path = tmp_path_factory.mktemp("long") / "store"
    store = open_store(path, clock=lambda: 1)
    store.create_table("t", [ONE])
    random = Random(2)
    for number in range(60):
        put(store, b"%d" % number, value=random.randbytes(random.choice([1, 300, 5000, 40_000])), durable=False)
    (log,) = path.glob("*.log")
    raw = log.read_bytes()
    store.close()
    ends, at = [0], 0
    while at + 7 <= len(raw):
        kind = raw[at + 6]
        at += 7 + int.from_bytes(raw[at + 4 : at + 6], "little")
        if kind in {1, 4}:  # a whole record, or the last part of one
            ends.append(at)
        if 32_768 - at % 32_768 < 7:
            at += 32_768 - at % 32_768
    assert len(raw) > 10 * 32_768
    assert len(ends) > 60
    return path.with_name("000004.log"), raw, ends


@given(st.data())
def test_a_mark_is_where_whole_records_end_and_asks_for_no_more(long_log, data):
    """However much of the file was there when it was looked for, and from wherever it was looked for."""
    file, raw, ends = long_log
    there = data.draw(st.one_of(st.integers(0, len(raw)), st.sampled_from(ends)), label="there")
    end = max(each for each in ends if each <= there)
    start = data.draw(st.sampled_from([each for each in ends if each <= there]), label="start")
    file.write_bytes(raw[:there])
    with file.open("rb", buffering=0) as opened:
        assert reach(opened.fileno(), start) == end
    left = data.draw(st.integers(0, there), label="left")
    file.write_bytes(raw[:left])
    assert whole(file, may_be_cut=True, mark=end) == (left >= end)


def test_a_manifest_that_could_not_be_flushed_has_no_mark_beyond(store, path, monkeypatch):
    def refuse(descriptor):
        raise OSError("Input/output error")

    put(store, b"a")
    (manifest,) = path.glob("MANIFEST-*")
    before = marks(path)[manifest.name]
    flushed(store, ONE)
    with monkeypatch.context() as patch:
        patch.setattr(watermark.os, "fdatasync", refuse)
        put(store, b"b")
    assert marks(path)[manifest.name] == before < manifest.stat().st_size
    put(store, b"c")
    assert marks(path)[manifest.name] == manifest.stat().st_size


def test_whatever_becomes_of_the_files_meanwhile_what_is_written_is_acknowledged(store, path):
    """`reopen`, or the next opening, says what is wrong."""
    current = (path / "CURRENT").read_bytes()
    for key, says in ((b"1", b""), (b"2", b"MANIFEST-0\0\n"), (b"3", b"\xb5\n")):
        (path / "new").write_bytes(says)
        (path / "new").rename(path / "CURRENT")  # so that it is looked at
        put(store, key)
    (path / "new").write_bytes(current)
    (path / "new").rename(path / "CURRENT")
    put(store, b"4")
    assert rows(store) == [b"1", b"2", b"3", b"4"]


def test_the_files_of_a_store_that_was_closed_are_let_go(folder, clock):
    before = descriptors().open
    for _ in range(20):
        store = open_store(folder / "again", clock=clock)
        store.close()
    del store
    assert descriptors().open <= before


def test_a_part_of_a_record_is_none(store, path, folder):
    """RocksDB takes back what it wrote of one to a manifest where the disk was full, and goes on."""
    put(store, b"a", value=bytes(40_000), durable=False)
    (log,) = path.glob("*.log")
    raw = log.read_bytes()
    whole_ones = 0
    for size in (32_768, 32_768 + 7, len(raw) - 1):
        file = folder / "cut"
        file.write_bytes(raw[:size])
        with file.open("rb", buffering=0) as opened:
            ends = {reach(opened.fileno(), start) for start in (0, *list(heads(raw[:32_768]))[:3])}
        assert len(ends) == 1
        whole_ones = ends.pop()
        assert 0 < whole_ones < 1000
    store.flush()
    assert marks(path)[log.name] == len(raw) > whole_ones + 40_000


@pytest.mark.parametrize("name", ["a b.log", ".log", "caf\udce9.log", "1 2.log", "-1.log", "٣.log"])
def test_what_is_no_log_by_its_name_is_looked_at_by_nobody(store, path, folder, clock, name):
    stray = path / name
    stray.touch()
    put(store, b"a")
    store.close()
    for _ in range(2):
        again = open_store(path, clock=clock)
        assert rows(again) == [b"a"]
        again.close()
        stray.unlink(missing_ok=True)


def test_marks_that_make_no_sense_ask_for_nothing(left, clock):
    for lines in (b"000004.log x\n", b"000004.log\n", b"\xff 1\n"):
        (left / MARKS).write_bytes(b"%08x\n%s" % (crc32(lines), lines))
        assert marks(left) == {}
        confirm_logs(left)


@pytest.mark.parametrize("value", [b"\x04" * 32_000, b"\x04\x40\x04" * 10_000], ids=["04", "04 40 04"])
def test_what_may_be_many_records_behind_a_torn_one_is_not_searched_for_ever(folder, value):
    """Each of its bytes could be the kind of one; the checksums of all of them would take many seconds."""
    searched = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "_checksum", lambda content: searched.append(len(content)) or -1)
        head = bytes(4) + (len(value) + 50).to_bytes(2, "little") + b"\1"
        (folder / "000004.log").write_bytes(head + value)
        assert whole(folder / "000004.log", may_be_cut=True, mark=0)
    assert 1 << 20 < sum(searched) < 3 << 20


def test_marks_are_moved_once_in_a_while_and_by_an_explicit_flush(store, path, monkeypatch):
    """For a look at the files has each thread that is busy go first."""
    monkeypatch.setattr(families, "_APART", 3600.0)
    put(store, b"a")
    before = marks(path)
    put(store, b"b")
    assert marks(path) == before
    store.flush()
    assert marks(path) != before
    monkeypatch.setattr(families, "_APART", 0.0)
    before = marks(path)
    put(store, b"c")
    assert marks(path) != before


def test_threads_that_mark_at_once_are_one_after_the_other(store, path):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: put(store, b"%d" % number), range(400)))
    store.flush()
    (log,) = path.glob("*.log")
    assert marks(path)[log.name] == log.stat().st_size
