"""Damage that RocksDB does not notice is an error all the same, and never fewer rows; and what a crash leaves is whole."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys

import pytest
from rocksdict import Options, Rdict

from cfacl.errors import StoreCorrupted, StoreError, StoreLocked, StoreUnavailable
from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import Mutation, Put, Span
from cfacl.stores.registry import open_store
from cfacl.stores.rocksdb import directory, records
from cfacl.stores.rocksdb.verification import verify
from cfacl.stores.rocksdb.watermark import MARKS

ONE = StoredFamily("t", "one", 1, "public")
TWO = StoredFamily("t", "two", 2, "public", versions=3)
ROWS = 60


def put(store, key, family=ONE, stamp=None):
    store.apply("t", [Mutation(key, (Put(family, {b"q": b"twenty bytes of data"}, stamp),))])


def rows(store, *families):
    projection = Projection([Slice(each) for each in families])
    return [key for batch in store.scan("t", projection, Span(), batch_size=100) for key, _ in batch]


def unmarked(path, copy):
    """Copy a store without its marks: what is found here is found in the files themselves."""
    shutil.copytree(path, copy, ignore=shutil.ignore_patterns(MARKS))


@pytest.fixture
def whole(folder, clock):
    """A store that was copied while it was open, so that all is in its log."""
    store = open_store(folder / "open", clock=clock)
    store.create_table("t", [ONE, TWO])
    for number in range(ROWS):
        put(store, b"%04d" % number)
    unmarked(folder / "open", folder / "whole")
    store.close()
    return folder / "whole"


def heads(raw):
    """Where the records of a log of one block begin."""
    at = 0
    while at + 7 <= len(raw):
        yield at
        at += 7 + int.from_bytes(raw[at + 4 : at + 6], "little")


def damaged(whole, pattern, change):
    """A copy of a store with one of its files changed."""
    path = whole.with_name("damaged")
    shutil.rmtree(path, ignore_errors=True)
    unmarked(whole, path)
    (file,) = path.glob(pattern)
    raw = bytearray(file.read_bytes())
    file.write_bytes(change(raw) or raw)
    return path


def flip(at, bit):
    def change(raw):
        raw[at] ^= 1 << bit

    return change


@pytest.mark.parametrize("byte", [4, 5, 6])
def test_a_bit_of_the_head_of_a_record_of_the_log_loses_no_row(whole, clock, byte):
    (log,) = whole.glob("*.log")
    places = list(heads(log.read_bytes()))
    assert len(places) > ROWS
    refused = 0
    for number, place in enumerate(places[5:]):
        path = damaged(whole, "*.log", flip(place + byte, number % 8))
        try:
            store = open_store(path, clock=clock)
        except StoreCorrupted:
            refused += 1
        else:
            assert len(rows(store, ONE)) == ROWS
            store.close()
    assert refused == len(places) - 5


@pytest.mark.parametrize("kind", ["*.log", "MANIFEST-*"])
def test_a_last_record_of_a_wrong_length_is_no_torn_tail(folder, clock, kind):
    """RocksDB takes it for one; the manifest's may be what tells of rows that are in no log any more."""
    store = open_store(folder / "open", clock=clock)
    store.create_table("t", [ONE])
    put(store, b"0001")
    store._database.system.read.flush()
    store._database.find("t", ONE).cells.read.flush()
    put(store, b"0002")
    unmarked(folder / "open", folder / "whole")
    store.close()
    file = max((folder / "whole").glob(kind))  # a log that was flushed goes a moment later
    *_, last = heads(file.read_bytes())
    for bit in range(16):
        path = damaged(folder / "whole", kind, flip(last + 4 + bit // 8, bit % 8))
        for use in (
            lambda path=path: open_store(path, clock=clock),
            lambda path=path: open_store(path, clock=clock, read_only=True),
            lambda path=path: list(verify(path)),
        ):
            with pytest.raises(StoreCorrupted):
                use()


@pytest.mark.parametrize("kind", ["*.log", "MANIFEST-*"])
@pytest.mark.parametrize(("first", "last"), [(4, 7), (0, 7), (0, None)], ids=["length and kind", "head", "all"])
def test_zeros_in_the_middle_are_no_room_that_was_made_ready(whole, clock, kind, first, last):
    """RocksDB takes them for such, and goes on at the next block, without a word."""
    (file,) = whole.glob(kind)
    places = list(heads(file.read_bytes()))
    for place, after in ((places[2], places[3]), (places[-2], places[-1])):

        def change(raw, place=place, after=after):
            raw[place + first : place + last if last else after] = bytes((last or after - place) - first)

        for use in (open_store, reading, verifying):
            path = damaged(whole, kind, change)
            with pytest.raises(
                StoreCorrupted, match=rf"the (log|manifest) `{file.name}` is damaged; restore the store"
            ):
                use(path, clock=clock)


def all_ones(raw, at):
    raw[at:] = b"\xff" * (len(raw) - at)


def ones_in_the_head(raw, at):
    raw[at : at + 7] = b"\xff" * 7


def another_kind_and_length(raw, at):
    raw[at + 5] ^= 0x40
    raw[at + 6] ^= 0x10


def no_kind(raw, at):
    raw[at + 5] ^= 0x40
    raw[at + 6] = 0


def a_first_part_that_ends_before_its_block(raw, at):
    raw[at + 5] ^= 0x40
    raw[at + 6] = 2


def beyond_its_block(raw, at):
    raw[at + 5] |= 0x80


GARBAGE = [
    all_ones,
    ones_in_the_head,
    another_kind_and_length,
    no_kind,
    a_first_part_that_ends_before_its_block,
    beyond_its_block,
]


@pytest.mark.parametrize("change", GARBAGE)
@pytest.mark.parametrize("kind", ["*.log", "MANIFEST-*"])
@pytest.mark.parametrize("records", [1, 2])
def test_what_no_crash_leaves_at_the_end_is_no_torn_tail(whole, clock, kind, records, change):
    """RocksDB takes it for one as long as it reaches beyond the end of the file, and drops what was acknowledged."""

    def changed(raw):
        change(raw, list(heads(raw))[-records])

    for use in (open_store, reading, verifying):
        path = damaged(whole, kind, changed)
        with pytest.raises(StoreCorrupted, match="is damaged; restore"):
            use(path, clock=clock)


def test_of_a_head_that_was_torn_between_two_sectors_the_rest_may_be_zeros(folder, clock):
    """As after a loss of power, where the file had its length and not all of its content."""
    store = open_store(folder / "open", clock=clock)
    store.create_table("t", [ONE])
    (log,) = (folder / "open").glob("*.log")
    sizes = []
    for _ in range(2):
        put(store, b"r0")
        sizes.append(log.stat().st_size)
    padding = 16 * 512 - 3 - 1 - 2 * sizes[1] + sizes[0]  # a longer value needs one byte more to tell its length
    store.apply("t", [Mutation(b"r1", (Put(ONE, {b"q": b"twenty bytes of data" + bytes(padding)}),))])
    assert log.stat().st_size == 16 * 512 - 3
    unmarked(folder / "open", folder / "whole")
    store.close()
    for torn in range(4):
        path = damaged(folder / "whole", "*.log", lambda raw, torn=torn: raw + b"\xa5" * torn + bytes(600))
        reading(path, clock=clock)
        store = open_store(path, clock=clock)
        assert rows(store, ONE) == [b"r0", b"r1"]
        store.close()
    elsewhere = damaged(folder / "whole", "*.log", lambda raw: raw[: sizes[1]] + b"\xa5" * 3 + bytes(600))
    for use in (open_store, reading):
        with pytest.raises(StoreCorrupted):
            use(elsewhere, clock=clock)


def test_zeros_in_an_earlier_block_are_damage(folder, clock):
    store = open_store(folder / "open", clock=clock)
    store.create_table("t", [ONE])
    for number in range(3 * 32_768 // 60):
        put(store, b"%04d" % number)
    unmarked(folder / "open", folder / "whole")
    store.close()
    path = damaged(folder / "whole", "*.log", lambda raw: raw[:32_000] + bytes(768) + raw[32_768:])
    with pytest.raises(StoreCorrupted):
        open_store(path, clock=clock)


@pytest.mark.parametrize("more", [1, 7, 40_000, 70_000])
def test_room_that_was_made_ready_at_the_end_is_no_damage(whole, clock, more):
    path = damaged(whole, "*.log", lambda raw: raw + bytes(more))
    for use in (reading, verifying):
        use(path, clock=clock)
    store = open_store(path, clock=clock)
    assert len(rows(store, ONE)) == ROWS
    store.close()


def reading(path, clock):
    open_store(path, clock=clock, read_only=True).close()


def verifying(path, clock):
    assert [each.values for each in verify(path)] == [ROWS, 0]


@pytest.mark.parametrize("behind", [False, True], ids=["last", "before an empty one"])
def test_a_tail_that_a_crash_cut_short_is_taken_as_one(whole, clock, behind):
    for cut in (1, 10, 30):
        path = damaged(whole, "*.log", lambda raw, cut=cut: raw[:-cut])
        if behind:  # as recovery begins it, which may be killed then
            (path / "000099.log").touch()
        store = open_store(path, clock=clock)
        assert len(rows(store, ONE)) == ROWS - 1
        store.close()


def test_an_older_log_that_lost_its_end_is_damage(folder, clock):
    store = open_store(folder / "open", clock=clock)
    store.create_table("t", [ONE, TWO])
    put(store, b"a", TWO)
    put(store, b"a")
    store._database.find("t", ONE).cells.read.flush()  # begins another log; the one before is kept for the other family
    put(store, b"b")
    unmarked(folder / "open", folder / "whole")
    store.close()
    older, newer = sorted((folder / "whole").glob("*.log"))
    whole = older.read_bytes()
    older.write_bytes(whole[:-5])
    *_, last = heads(whole)
    for lost in (whole[:-5], whole[:last] + bytes(len(whole) - last)):
        older.write_bytes(lost)
        with pytest.raises(StoreCorrupted, match=f"the log `{older.name}` is damaged; restore the store from a backup"):
            open_store(folder / "whole", clock=clock)
    older.write_bytes(whole)
    newer.write_bytes(newer.read_bytes()[:-5])
    open_store(folder / "whole", clock=clock).close()


def test_the_newest_log_is_the_one_of_the_highest_number(folder, clock):
    """Behind the millionth file a name has a digit more, and is before the others by the alphabet."""
    path = folder / "store"
    store = open_store(path, clock=clock)
    store.create_table("t", [ONE, TWO])
    store.close()
    (path / "999990.log").touch()  # RocksDB goes on behind the highest number
    store = open_store(path, clock=clock)
    reader = open_store(path, clock=clock, read_only=True)
    number = 0
    while {len(log.name) for log in path.glob("*.log")} != {len("999999.log"), len("1000000.log")}:
        put(store, b"%d" % number, TWO)  # keeps the logs
        put(store, b"%d" % number)
        store._database.find("t", ONE).cells.read.flush()
        number += 1
        assert number < 20
    put(store, b"last", TWO)
    assert len(rows(reader, TWO)) == number + 1
    opened = reader._database.driver
    put(store, b"one more", TWO)
    assert len(rows(reader, TWO)) == number + 2
    assert reader._database.driver is opened
    unmarked(path, folder / "whole")
    reader.close()
    store.close()
    newest = max((folder / "whole").glob("1*.log"))
    newest.write_bytes(newest.read_bytes()[:-5])
    assert sum(each.values for each in verify(folder / "whole")) == 2 * number + 1
    open_store(folder / "whole", clock=clock, read_only=True).close()
    store = open_store(folder / "whole", clock=clock)
    assert len(rows(store, TWO)) == number + 1
    store.close()


def test_what_rocksdb_writes_has_the_checksum_that_is_looked_for(whole):
    (log,) = whole.glob("*.log")
    raw = log.read_bytes()
    for place in heads(raw):
        end = place + 7 + int.from_bytes(raw[place + 4 : place + 6], "little")
        assert records._checksum(raw[place + 6 : end]) == int.from_bytes(raw[place : place + 4], "little")


@pytest.mark.parametrize("bit", range(8))
def test_a_bit_of_a_records_kind_in_the_manifest_is_an_error_and_no_endless_loop(whole, clock, bit):
    (manifest,) = whole.glob("MANIFEST-*")
    for place in heads(manifest.read_bytes()):
        path = damaged(whole, "MANIFEST-*", flip(place + 6, bit))
        for use in (
            lambda path=path: open_store(path, clock=clock),
            lambda path=path: open_store(path, clock=clock, read_only=True),
            lambda path=path: list(verify(path)),
        ):
            with pytest.raises(StoreError):
                use()


@pytest.mark.parametrize(
    ("says", "what"),
    [
        (b"", "its `CURRENT` is damaged"),
        (b"MANIFEST-000005", "its `CURRENT` is damaged"),
        (b"MANIFEST-00000\xb5\n", "its `CURRENT` is damaged"),
        (b"MANIFEST-000099\n", "the manifest `MANIFEST-000099` that its `CURRENT` names is gone"),
    ],
)
def test_the_file_that_names_the_manifest_is_named(whole, clock, says, what):
    for use in (open_store, reading, verifying):
        path = damaged(whole, "CURRENT", bytes)
        (path / "CURRENT").write_bytes(says)
        with pytest.raises(StoreCorrupted) as caught:
            use(path, clock=clock)
        assert str(caught.value) == f"`{path}`: {what}; restore the store from a backup"


def remove(path):
    path.unlink()


def empty(path):
    path.write_bytes(b"")


def zeros(path):
    path.write_bytes(bytes(path.stat().st_size))


def text(path):
    path.write_bytes(b"nothing of the kind\n" * 50)


def with_a_nul(path):
    path.write_bytes(b"MANIFEST-0000\x000\n")


def with_a_long_name(path):
    path.write_bytes(b"MANIFEST-" + b"1" * 300 + b"\n")


def directory_of_that_name(path):
    path.unlink()
    path.mkdir()


def its_first_record(path):
    path.write_bytes(path.read_bytes()[: list(heads(path.read_bytes()))[1]])


@pytest.mark.parametrize(
    ("file", "change", "what"),
    [
        ("CURRENT", remove, "its `CURRENT` is gone"),
        ("CURRENT", with_a_nul, "its `CURRENT` is damaged"),
        ("CURRENT", with_a_long_name, "its `CURRENT` is damaged"),
        ("CURRENT", directory_of_that_name, "its `CURRENT` is damaged"),
        ("MANIFEST-*", empty, "the manifest `{}` is damaged"),
        ("MANIFEST-*", zeros, "the manifest `{}` is damaged"),
        ("MANIFEST-*", text, "the manifest `{}` is damaged"),
        ("MANIFEST-*", directory_of_that_name, "the manifest `{}` is damaged"),
        ("MANIFEST-*", its_first_record, "its manifest lacks families, `system` for one"),
        ("*.log", directory_of_that_name, "the log `{}` is damaged"),
    ],
)
@pytest.mark.parametrize("flushed", [False, True])
def test_a_damaged_store_is_never_told_as_none(whole, clock, file, change, what, flushed):
    if flushed:
        open_store(whole, clock=clock).close()
    for use in (open_store, reading, verifying):
        path = damaged(whole, file, bytes)
        (found,) = path.glob(file)
        change(found)
        before = sorted(path.iterdir())
        with pytest.raises(StoreCorrupted) as caught:
            use(path, clock=clock)
        told = str(caught.value).replace("it from", "the store from")
        assert told == f"`{path}`: {what.format(found.name)}; restore the store from a backup"
        assert sorted(path.iterdir()) == before


def test_a_directory_where_the_driver_has_its_configuration_is_named_as_such(whole, clock):
    path = damaged(whole, "rocksdict-config.json", bytes)
    directory_of_that_name(path / "rocksdict-config.json")
    for use in (reading, verifying):
        use(path, clock=clock)
    with pytest.raises(StoreCorrupted, match="a directory is where a file of the store belongs; remove it, or restore"):
        open_store(path, clock=clock)
    (path / "rocksdict-config.json").rmdir()
    open_store(path, clock=clock).close()


def test_logs_that_somebody_removed_are_missed(folder, clock):
    """Who has no backup gets what is in the files by a log that holds nothing and no marks, as the operations page says."""
    path = folder / "store"
    store = open_store(path, clock=clock)
    store.create_table("t", [ONE])
    put(store, b"0001")
    store.close()
    for log in path.glob("*.log"):
        log.unlink()
    before = sorted(path.iterdir())
    for use in (
        lambda: open_store(path, clock=clock),
        lambda: open_store(path, clock=clock, read_only=True),
        lambda: list(verify(path)),
    ):
        with pytest.raises(
            StoreCorrupted, match="its log is gone, and what was written last; restore it from a backup"
        ):
            use()
        assert sorted(path.iterdir()) == before
    (path / "000001.log").touch()
    with pytest.raises(StoreCorrupted, match="its newest log is gone; restore"):
        open_store(path, clock=clock)
    (path / MARKS).unlink()
    store = open_store(path, clock=clock)
    assert rows(store, ONE) == [b"0001"]
    store.close()


def test_a_manifest_that_lost_its_end_makes_no_smaller_store(whole, clock):
    (manifest,) = whole.glob("MANIFEST-*")
    raw = manifest.read_bytes()
    opened = 0
    for place in heads(raw):
        path = damaged(whole, "MANIFEST-*", lambda raw, place=place: raw[:place])
        before = sorted(each.name for each in path.glob("*.sst"))
        try:
            store = open_store(path, clock=clock)
        except StoreError:
            assert sorted(each.name for each in path.glob("*.sst")) == before
            with pytest.raises(StoreError):
                list(verify(path))
            with pytest.raises(StoreError):
                open_store(path, clock=clock, read_only=True)
        else:
            opened += 1
            assert len(rows(store, ONE, TWO)) == ROWS
            store.close()
    assert opened < 3


def test_a_drop_that_is_cut_short_leaves_all_of_a_family_or_nothing(folder, clock):
    class Killed(BaseException):
        pass

    for step in range(2):
        path = folder / f"store{step}"
        store = open_store(path, clock=clock)
        store.create_table("t", [ONE, TWO])
        for stamp in (1, 2, 3):
            put(store, b"r", TWO, stamp)
        database, dropped = store._database, []

        def forget(name, database=database, dropped=dropped, step=step):
            if len(dropped) == step:
                raise Killed
            dropped.append(name)
            type(database)._forget(database, name)

        database._forget = forget
        with pytest.raises(Killed):
            store.drop_table("t", [TWO])
        del database._forget
        store.close()
        again = open_store(path, clock=clock)
        if step:
            assert again.tables() == {"t": {("one", 1)}}
            assert Rdict.list_cf(str(path), Options(raw_mode=True)).count("older:2:t:two") == 0
        else:
            assert [stamp for _, stamp in again.versions("t", b"r", TWO, b"q")] == [3, 2, 1]
        again.close()


def test_a_store_that_could_not_be_opened_again_can_be_closed_and_opened(folder, clock):
    store = open_store(folder / "store", clock=clock)
    store.create_table("t", [ONE])
    put(store, b"r")
    current = folder / "store" / "CURRENT"
    kept = current.read_bytes()
    current.write_bytes(b"nothing")
    with pytest.raises(StoreError):
        store.reopen()
    with pytest.raises(StoreUnavailable):
        rows(store, ONE)
    store.close()
    store.close()
    current.write_bytes(kept)
    again = open_store(folder / "store", clock=clock)
    assert rows(again, ONE) == [b"r"]
    again.close()


@pytest.mark.parametrize("there", [False, True])
def test_a_store_that_could_not_be_created_leaves_nothing(folder, clock, monkeypatch, there):
    def refuse(*_, **__):
        raise StoreUnavailable("not now")

    path = folder / "store"
    if there:
        path.mkdir()
    monkeypatch.setattr("cfacl.stores.rocksdb.families.confirm_descriptors", refuse)
    with pytest.raises(StoreUnavailable):
        open_store(path, clock=clock)
    assert path.exists() == there
    assert not there or list(path.iterdir()) == []


def test_a_mark_of_its_creation_that_comes_back_is_in_nobodys_way(whole, clock):
    (whole / "CFACL_CREATING").touch()
    store = open_store(whole, clock=clock)
    assert len(rows(store, ONE)) == ROWS
    store.close()
    assert not (whole / "CFACL_CREATING").exists()


def listing(path):
    return {each.name: each.read_bytes() for each in path.iterdir()}


@pytest.mark.parametrize("flushed", [False, True])
@pytest.mark.parametrize("what", ["CURRENT", "MANIFEST-*", "*.log"])
def test_a_mark_of_its_creation_hides_no_damage(whole, clock, what, flushed):
    if flushed:
        open_store(whole, clock=clock).close()  # its rows are in files now, and its logs may be empty
    (whole / "CFACL_CREATING").touch()
    for file in whole.glob(what):
        if what == "CURRENT":
            file.unlink()
        else:
            raw = bytearray(file.read_bytes().ljust(7))
            raw[6] = 5  # no such kind of record is ever written
            file.write_bytes(raw)
    before = listing(whole)
    with pytest.raises(StoreCorrupted):
        open_store(whole, clock=clock)
    assert {**before, **listing(whole)}.keys() == before.keys()
    assert all(listing(whole)[name] == before[name] for name in before if name.endswith((".sst", ".log")))


def test_beside_a_mark_of_its_creation_nothing_else_is_taken_for_a_store(folder, clock):
    (folder / "CFACL_CREATING").touch()
    (folder / "mine.sst").write_bytes(b"mine")
    with pytest.raises(StoreError):
        open_store(folder, clock=clock)
    assert listing(folder) == {"CFACL_CREATING": b"", "mine.sst": b"mine"}


@pytest.mark.parametrize(
    "files", [["CFACL_CREATING"], ["CFACL_CREATING", "LOCK", "LOG", "MANIFEST-000001", "000001.dbtmp"]]
)
def test_what_a_crash_left_of_a_store_before_its_first_row_is_taken_up(folder, clock, files):
    for each in files:
        (folder / each).touch()
    store = open_store(folder, clock=clock)
    store.create_table("t", [ONE])
    put(store, b"r")
    assert rows(store, ONE) == [b"r"]
    store.close()


SECOND = """
import sys, time
from cfacl.errors import StoreLocked
from cfacl.stores.registry import open_store
from cfacl.stores.rocksdb import creation

creation._PATIENCE = 0
try:
    open_store(sys.argv[1], clock=time.time_ns)
except StoreLocked as error:
    print(error)
"""


def test_of_two_processes_one_creates_a_store_and_the_other_touches_nothing(folder, clock, monkeypatch):
    """Both see an empty directory; the second goes on when the first is about to write."""
    path = folder / "store"
    begin, said = directory.begin, []

    def late(path):
        done = subprocess.run([sys.executable, "-c", SECOND, str(path)], capture_output=True, text=True, check=True)
        said.append((done.stdout, list(path.iterdir())))
        begin(path)

    monkeypatch.setattr(directory, "begin", late)
    store = open_store(path, clock=clock)
    assert said == [(f"`{path}`: another process is opening this store; try again\n", [])]
    assert not (path / "CFACL_CREATING").exists()
    open_store(path, clock=clock, read_only=True).close()
    store.close()


def test_without_its_lock_file_a_store_is_still_opened_for_writing_once(folder, clock):
    path = folder / "store"
    store = open_store(path, clock=clock)
    store.create_table("t", [ONE])
    (path / "LOCK").unlink()
    done = subprocess.run([sys.executable, "-c", SECOND, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"`{path}`: another process has this store open; only one can write it: use that")
    with pytest.raises(StoreLocked, match="this process has this store open already"):
        open_store(path, clock=clock)
    put(store, b"r")
    reading(path, clock)
    store.close()
    again = open_store(path, clock=clock)
    assert rows(again, ONE) == [b"r"]
    again.close()


@pytest.mark.parametrize("how", ["closed", "killed"])
def test_a_forked_child_keeps_nobody_from_the_store_that_its_parent_left(another, folder, clock, how):
    path = folder / "store"
    writer = another()
    child = writer.do(
        f"""
import os, signal, time
from cfacl.stores.registry import open_store
store = open_store({str(path)!r}, clock=time.time_ns)
here, there = os.pipe()
answer = os.fork()
if not answer:
    os.close(1)
    os.write(there, b"it let go of its parent's store")
    signal.pause()
os.read(here, 1)
"""
    )
    try:
        with pytest.raises(StoreLocked):
            open_store(path, clock=clock)
        (path / "LOCK").unlink()
        with pytest.raises(StoreLocked):
            open_store(path, clock=clock)
        if how == "closed":
            writer.do("store.close()")
        else:
            writer.kill()
        os.kill(child, 0)
        open_store(path, clock=clock).close()
    finally:
        os.kill(child, signal.SIGKILL)


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EBADF, errno.EOPNOTSUPP])
def test_where_a_file_system_has_no_such_locks_the_drivers_own_has_to_do(folder, clock, monkeypatch, number):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", refuse)
    store = open_store(folder / "store", clock=clock)
    with pytest.raises(StoreLocked):
        open_store(folder / "store", clock=clock)
    store.close()
    open_store(folder / "store", clock=clock).close()


def test_what_fails_for_another_reason_is_said(folder, clock, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(StoreUnavailable):
        open_store(folder / "store", clock=clock)
