"""What is given as a store and is none, or is one already: a typed error with what to do, and nothing is changed."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from rocksdict import Options, Rdict

from cfacl.errors import StoreError, StoreLocked, StoreUnavailable
from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import Mutation, Put
from cfacl.stores.registry import open_store
from cfacl.stores.rocksdb.verification import verify

ONE = StoredFamily("t", "one", 1, "public")


def listing(folder):
    """Return all there is about a folder and what is in it: what it holds, its mode, and when it was changed.

    `LOCK` is empty, and is not looked into: whoever closes it, in the process that holds it, lets go of the lock.
    """
    found = {}
    for each in [folder, *sorted(folder.rglob("*"))]:
        status = each.lstat()
        if each.is_symlink():
            content = str(each.readlink())
        else:
            content = hashlib.sha256(each.read_bytes()).hexdigest() if each.is_file() and each.name != "LOCK" else ""
        found[str(each)] = (content, status.st_ino, status.st_mode, status.st_uid, status.st_size, status.st_mtime_ns)
    return found


@pytest.fixture(params=["write", "read"])
def attempt(request, clock):
    """Open a path for writing, or for reading only."""

    def open_it(path):
        return open_store(path, clock=clock, read_only=request.param == "read")

    open_it.how = request.param
    return open_it


@pytest.fixture
def store(folder, clock):
    """A store with a row in its log and one in a file, that nobody has open."""
    path = folder / "store"
    opened = open_store(path, clock=clock)
    opened.create_table("t", [ONE])
    for key in (b"a", b"b"):
        opened.apply("t", [Mutation(key, (Put(ONE, {b"q": b"v"}),))])
        if key == b"a":
            opened._database.find("t", ONE).cells.read.flush()
    opened.close()
    return path


def other_database(path):
    made = Options(raw_mode=True)
    made.create_if_missing(True)
    made.create_missing_column_families(True)
    database = Rdict(str(path), made, {"users": made})
    database[b"k"] = b"v"
    database.close()


def other_database_with_our_names(path):
    made = Options(raw_mode=True)
    made.create_if_missing(True)
    made.create_missing_column_families(True)
    Rdict(str(path), made, {"system": made, "users": made}).close()


def other_database_with_our_name(path):
    made = Options(raw_mode=True)
    made.create_if_missing(True)
    made.create_missing_column_families(True)
    Rdict(str(path), made, {"system": made}).close()


def leveldb(path):
    path.mkdir()
    for name, content in {
        "CURRENT": b"MANIFEST-000002\n",
        "MANIFEST-000002": b"V\xf9e\xb8\x1c\x00\x01\x01\x1aleveldb.BytewiseComparator\x02\x03\x03\x04\x04\x00",
        "000003.log": b"",
        "LOCK": b"",
        "LOG": b"2026/11/23-10:00:00.000000 1 Delete type=3 #1\n",
    }.items():
        (path / name).write_bytes(content)


def letters(path):
    path.mkdir()
    for name in ("dear.txt", "CURRENT.txt", "notes.log"):
        (path / name).write_text("dear")


@pytest.mark.parametrize(
    "make", [other_database, other_database_with_our_name, other_database_with_our_names, leveldb, letters]
)
def test_the_directory_of_another_application(folder, attempt, make):
    make(folder / "other")
    before = listing(folder)
    for _ in range(2):
        with pytest.raises(StoreError, match=r"is not a cfacl store[,;] |damaged; restore |by another version"):
            attempt(folder / "other")
        assert listing(folder) == before


def newer_format(path):
    made = Options(raw_mode=True)
    database = Rdict(str(path), made, dict.fromkeys(Rdict.list_cf(str(path), made), made))
    database.get_column_family("system")[b"f"] = b"2"
    database.close()


def family_of_a_newer_kind(path):
    """One that this version could not open if it tried: its file is gone."""
    made = Options(raw_mode=True)
    database = Rdict(str(path), made, dict.fromkeys(Rdict.list_cf(str(path), made), made))
    index = database.create_column_family("index:1:t:one", made)
    index[b"k"] = b"v"
    before = {*path.glob("*.sst")}
    index.flush()
    (file,) = {*path.glob("*.sst")} - before
    database.close()
    file.unlink()


@pytest.mark.parametrize("make", [newer_format, family_of_a_newer_kind])
def test_a_newer_store(folder, store, attempt, make):
    make(store)
    before = listing(folder)
    for use in (lambda: attempt(store), lambda: list(verify(store))):
        with pytest.raises(
            StoreError, match="was written by another version of cfacl; open it with that one"
        ) as caught:
            use()
        assert type(caught.value) is StoreError
        assert listing(folder) == before


def test_a_link_that_leads_back_to_itself(folder, attempt):
    (folder / "a").symlink_to(folder / "b")
    (folder / "b").symlink_to(folder / "a")
    before = listing(folder)
    for path in (folder / "a", folder / "a" / "store"):
        with pytest.raises(
            StoreUnavailable, match=r"name the directory itself, not a link|create it first|no store yet"
        ):
            attempt(path)
    assert listing(folder) == before


def test_a_link_that_leads_nowhere(folder, attempt):
    (folder / "a").symlink_to(folder / "nowhere" / "store")
    before = listing(folder)
    with pytest.raises(StoreUnavailable, match=r"name a directory|no store yet"):
        attempt(folder / "a")
    assert listing(folder) == before


@pytest.mark.parametrize("below", ["", "store", "some/store"])
def test_a_file(folder, attempt, below):
    (folder / "file").write_text("x")
    before = listing(folder)
    with pytest.raises(StoreUnavailable, match=r"name a directory|create it first|no store yet"):
        attempt(folder / "file" / below)
    assert listing(folder) == before


@pytest.mark.parametrize("path", ["x" * 300, "/".join(["x" * 200] * 30)])
def test_a_path_that_is_too_long(folder, attempt, path):
    before = listing(folder)
    with pytest.raises(StoreUnavailable, match="file name too long; name a shorter one"):
        attempt(folder / path)
    assert listing(folder) == before


#: Opens a path as somebody who is not root, which may read and write everything.
NOBODY = textwrap.dedent(
    """
    import json, os, pickle, sys, tempfile  # all that is imported later, which somebody else may not read
    from cfacl.errors import CfaclError
    from cfacl.stores.registry import open_store
    from cfacl.stores.rocksdb import RocksStore
    from cfacl.model.projection import Projection, Slice, StoredFamily
    if os.getuid() == 0 and sys.argv[3] == "nobody":
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    try:
        store = open_store(sys.argv[1], clock=lambda: 10**18, read_only=sys.argv[2] == "read")
        found = store.get("t", [b"a", b"b"], Projection([Slice(StoredFamily("t", "one", 1, "public"))]))
        store.close()
        print(json.dumps(["rows", str(len(found))]))
    except CfaclError as error:
        print(json.dumps([type(error).__name__, str(error)]))
    """
)


def by(who, path, how):
    with_library = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": "/tmp"}  # where anybody can write
    ran = subprocess.run(
        [sys.executable, "-c", NOBODY, str(path), how, who],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=with_library,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.fixture
def opened_up(folder):
    """Let anybody go through the folder."""
    folder.chmod(0o755)
    return folder


@pytest.mark.parametrize("how", ["write", "read"])
def test_a_directory_that_may_not_be_read(opened_up, store, how):
    store.chmod(0o000)
    before = store.stat()
    try:
        kind, message = by("nobody", store, how)
    finally:
        assert store.stat() == before
        store.chmod(0o700)
    assert kind == "StoreUnavailable"
    assert message.endswith("permission denied; let this user read and write it, or name another directory")


def test_a_store_that_may_be_read_and_not_written(opened_up, store):
    for each in (store, *store.iterdir()):
        each.chmod(0o555 if each.is_dir() else 0o444)
    before = listing(store)
    kind, message = by("nobody", store, "write")
    assert (kind, message) == (
        "StoreUnavailable",
        f"`{store}`: this process may not read or write the store's files; let its user do so",
    )
    assert listing(store) == before
    assert by("nobody", store, "read") == ["rows", "2"]
    assert listing(store) == before
    store.chmod(0o700)


def test_a_parent_in_which_nothing_may_be_made(opened_up):
    opened_up.chmod(0o555)
    before = listing(opened_up)
    kind, message = by("nobody", opened_up / "store", "write")
    assert kind == "StoreUnavailable"
    assert "permission denied; let this user" in message
    assert listing(opened_up) == before
    opened_up.chmod(0o755)


@pytest.fixture
def unwritable(folder, store, mounted):
    """The store on a file system that cannot be written; or, where nothing can be mounted, one that may not be."""
    place = folder / "mounted"
    place.mkdir()
    if mounted(place, "--bind", store):
        assert mounted(place, "-o", "remount,ro,bind")
        yield place, "root", "cannot be written; mount it for writing, or connect with `read_only=True`"
    else:
        folder.chmod(0o755)
        for each in (store, *store.iterdir()):
            each.chmod(0o555 if each.is_dir() else 0o444)
        yield store, "nobody", "may not read or write the store's files; let its user do so"
        store.chmod(0o700)


def test_a_file_system_that_cannot_be_written(unwritable):
    place, who, fix = unwritable
    before = listing(place)
    kind, message = by(who, place, "write")
    assert kind == "StoreUnavailable"
    assert message.endswith(fix)
    assert listing(place) == before
    assert by(who, place, "read") == ["rows", "2"]
    assert listing(place) == before


def touched(path):
    """Return what the driver writes first, before it finds that a store is open; the rest is the owner's to change."""
    return [((path / name).stat().st_ino, (path / name).stat().st_ctime_ns) for name in ("rocksdict-config.json",)] + [
        (path / "LOG").stat().st_ino
    ]


class TestTwoPaths:
    @pytest.fixture
    def paths(self, folder, store, mounted):
        """Other names of the same directory."""
        (folder / "link").symlink_to(store)
        (folder / "up").mkdir()
        place = folder / "bound"
        place.mkdir()
        bound = mounted(place, "--bind", store)
        return [
            store,
            folder / "link",
            folder / "up" / ".." / "store",
            Path(f"/proc/self/fd/{os.open(folder, os.O_RDONLY)}") / "store",
            *([place] if bound else []),
        ]

    def test_in_one_process_they_are_one_store(self, paths, folder, clock):
        for first in paths:
            store = open_store(first, clock=clock)
            before = touched(folder / "store")
            for second in paths:
                with pytest.raises(
                    StoreLocked, match="this process has this store open already; only one can write it"
                ):
                    open_store(second, clock=clock)
            assert touched(folder / "store") == before
            store.apply("t", [Mutation(b"a", (Put(ONE, {b"q": b"v"}),))])
            store.close()

    def test_to_another_process_as_well(self, paths, folder, clock):
        store = open_store(paths[0], clock=clock)
        before = touched(folder / "store")
        for path in paths:
            if "/proc/" not in str(path):
                kind, message = by("root", path, "write")
                assert kind == "StoreLocked"
                assert message == (
                    f"`{path}`: another process has this store open (process {os.getpid()}); only one can write it:"
                    " use that one, or connect with `read_only=True`"
                )
        assert touched(folder / "store") == before
        store.close()

    def test_they_can_be_read_by_each(self, paths, folder, clock):
        store = open_store(paths[0], clock=clock)
        for path in paths:
            reader = open_store(path, clock=clock, read_only=True)
            assert len(reader.get("t", [b"a", b"b"], Projection([Slice(ONE)]))) == 2
            reader.close()
        store.close()

    def test_one_that_was_opened_and_let_go_is_free(self, paths, clock):
        for path in paths:
            open_store(path, clock=clock)
        for path in paths:
            open_store(path, clock=clock).close()
