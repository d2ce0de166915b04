"""What the driver's secondary instances were seen to do.  The reader is built around each of these; see `replica`."""

from __future__ import annotations

import contextlib
import shutil
import time

import pytest
from rocksdict import AccessType, DBPath, Options, Rdict, ReadOptions

NAMES = ["a", "b", "system", "default"]


def options(*, create=False):
    made = Options(raw_mode=True)
    made.create_if_missing(create)
    made.create_missing_column_families(create)
    made.set_max_file_opening_threads(1)
    return made


@pytest.fixture
def path(folder):
    return folder / "store"


@pytest.fixture
def writer(path):
    made = options(create=True)
    opened = Rdict(str(path), made, dict.fromkeys(NAMES, made))
    yield opened
    opened.close()


@pytest.fixture
def second(path, folder, writer):
    """Open a secondary instance of what the writer has written until then."""
    opened = []

    def open_second(threads=1):
        made = options()
        made.set_max_file_opening_threads(threads)
        names = dict.fromkeys(Rdict.list_cf(str(path), made), made)
        opened.append(Rdict(str(path), made, names, AccessType.secondary(str(folder / f"second{len(opened)}"))))
        return opened[-1]

    yield open_second
    for each in opened:
        each.close()


def filled(column, value, rows=1000):
    for number in range(rows):
        column[b"k%d" % number] = value


def found(column):
    return dict(column.items())


def test_it_must_be_told_to_catch_up(writer, second):
    writer.get_column_family("a")[b"k"] = b"1"
    reader = second()
    writer.get_column_family("a")[b"k"] = b"2"
    assert reader.get_column_family("a").get(b"k") == b"1"
    reader.try_catch_up_with_primary()
    assert reader.get_column_family("a").get(b"k") == b"2"


def test_what_is_open_stays_as_it_was_when_it_catches_up(writer, second):
    writer.get_column_family("a")[b"k"] = b"1"
    reader = second()
    at = reader.get_column_family("a").iter(ReadOptions())
    at.seek(b"k")
    writer.get_column_family("a")[b"k"] = b"2"
    reader.try_catch_up_with_primary()
    assert at.value() == b"1"


def test_files_that_the_writer_removed_can_still_be_read(writer, second):
    column = writer.get_column_family("a")
    filled(column, b"1")
    column.flush()
    reader = second()
    for value in (b"2", b"3"):
        filled(column, value)
        column.flush()
    column.compact_range(None, None)
    assert set(found(reader.get_column_family("a")).values()) == {b"1"}


def test_it_never_has_a_family_that_comes(writer, second):
    """It refuses to catch up, or it does and takes no notice, as it happens."""
    reader = second()
    writer.create_column_family("c", options())[b"k"] = b"1"
    with contextlib.suppress(Exception):
        reader.try_catch_up_with_primary()
    with pytest.raises(Exception, match="does not exist"):
        reader.get_column_family("c")


def test_it_goes_on_serving_a_family_that_is_gone(writer, second):
    filled(writer.get_column_family("b"), b"1")
    reader = second()
    writer.drop_column_family("b")
    reader.try_catch_up_with_primary()
    assert len(found(reader.get_column_family("b"))) == 1000


def test_it_refuses_for_good_when_a_family_was_dropped_and_made_again(writer, second):
    filled(writer.get_column_family("b"), b"1")
    reader = second()
    writer.drop_column_family("b")
    writer.create_column_family("b", options())[b"k"] = b"new"
    writer.get_column_family("b").flush()
    for _ in range(2):
        with pytest.raises(Exception, match="unknown column family"):
            reader.try_catch_up_with_primary()
    assert len(found(reader.get_column_family("b"))) == 1000


def test_older_values_in_its_memory_go_before_those_of_a_file_whose_log_it_never_read(writer, second):
    """The worst of them: it says that it caught up, and returns what was overwritten before."""
    column = writer.get_column_family("a")
    filled(column, b"oldest")
    column.flush()
    filled(column, b"old")
    reader = second()
    filled(column, b"new")
    column.flush()
    reader.try_catch_up_with_primary()
    assert reader.get_column_family("a").get(b"k1") == b"old"
    assert found(reader.get_column_family("a"))[b"k1"] == b"new"


def test_it_takes_a_file_that_is_missing_for_one_without_rows(path, folder, writer):
    column = writer.get_column_family("a")
    filled(column, b"1")
    column.flush()
    copy = folder / "copy"
    copy.mkdir()
    for each in path.iterdir():
        with contextlib.suppress(FileNotFoundError):  # a log that the flush made needless goes when RocksDB likes
            shutil.copy(each, copy)
    for each in copy.glob("*.sst"):
        each.unlink()
    made = options()
    names = dict.fromkeys(NAMES, made)
    reader = Rdict(str(copy), made, names, AccessType.secondary(str(folder / "missing")))
    assert found(reader.get_column_family("a")) == {}
    reader.close()
    with pytest.raises(Exception, match="No such file"):
        Rdict(str(copy), made, names, AccessType.read_only(False))


def test_the_writer_begins_a_new_log_when_it_brings_rows_into_a_file(path, writer):
    column = writer.get_column_family("a")
    newest = []
    for number in range(5):
        filled(column, b"%d" % number)
        newest.append(max(path.glob("*.log")).name)
        column.flush()
    assert newest == sorted(set(newest))


def test_opening_one_writes_into_the_directory(path, writer, second):
    configuration = path / "rocksdict-config.json"
    before = configuration.stat().st_mtime_ns
    while time.time_ns() - before < 100_000_000:  # file systems tell times in steps
        pass
    second()
    assert configuration.stat().st_mtime_ns > before


def test_by_links_it_does_not_and_nothing_is_removed_when_it_closes(path, folder, writer):
    filled(writer.get_column_family("a"), b"1")
    view = folder / "view"
    view.mkdir()
    for name in ("CURRENT", "IDENTITY", (path / "CURRENT").read_text().strip()):
        (view / name).symlink_to(path / name)
    made = options()
    made.set_wal_dir(str(path))
    made.set_db_paths([DBPath(str(path), 1 << 62)])

    def written():
        """What writing changes; reading may change when a file was read last."""
        return {each: (each.stat().st_ino, each.stat().st_size, each.stat().st_mtime_ns) for each in path.iterdir()}

    before = written()
    reader = Rdict(str(view), made, dict.fromkeys(NAMES, made), AccessType.secondary(str(folder / "by links")))
    assert written() == before
    assert len(found(reader.get_column_family("a"))) == 1000
    writer.get_column_family("a").flush()
    names = sorted(path.iterdir())
    reader.close()
    assert sorted(path.iterdir()) == names


def test_nothing_can_be_written_by_one(second):
    reader = second()
    for write in (
        lambda: reader.get_column_family("a").put(b"k", b"v"),
        lambda: reader.get_column_family("a").delete(b"k"),
        lambda: reader.create_column_family("c", options()),
        lambda: reader.drop_column_family("a"),
    ):
        with pytest.raises(Exception, match=r"[Nn]ot supported"):
            write()
    with pytest.raises(Exception, match="does not exist"):
        reader.get_column_family_handle("a")


def test_a_second_opening_by_another_path_is_not_noticed_in_one_process(path, folder, writer):
    (folder / "link").symlink_to(path)
    made = options(create=True)
    Rdict(str(folder / "link"), made, dict.fromkeys(NAMES, made)).close()
    with pytest.raises(Exception, match="lock hold by current process"):
        Rdict(str(path), made, dict.fromkeys(NAMES, made))
