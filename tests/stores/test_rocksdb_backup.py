"""Backups that are made at once, and those that come to nothing."""

from __future__ import annotations

import errno
import json
import os
from contextlib import closing
from pathlib import Path

import pytest

from cfacl.errors import RequestError, StoreCorrupted, StoreUnavailable
from cfacl.model.projection import StoredFamily
from cfacl.model.request import Mutation, Put
from cfacl.stores.registry import open_store
from cfacl.stores.rocksdb import backup
from cfacl.stores.rocksdb.backup import restore
from cfacl.stores.rocksdb.verification import verify

FAMILY = StoredFamily("t", "a", 1, "public")


@pytest.fixture
def store(rocksdb_url, clock):
    opened = open_store(rocksdb_url, clock=clock)
    opened.create_table("t", [FAMILY])
    put(opened, b"first")
    yield opened
    opened.close()


@pytest.fixture
def path(store, folder):
    return folder / "store"


def put(store, key):
    store.apply("t", [Mutation(key, (Put(FAMILY, {b"q": key}),))])


def checkpoints(path):
    return sorted(each.name for each in path.glob("CFACL_CHECKPOINT*"))


def values(source, target):
    list(restore(source, target))
    return [each.values for each in verify(target)]


def test_backups_at_once_are_each_of_their_own_moment(store, path, folder):
    with closing(store.back_up(folder / "b1")) as steps:
        next(steps)
        put(store, b"second")
        assert [step.size for step in store.back_up(folder / "b2")]
        assert len(checkpoints(path)) == 1
        put(store, b"third")
        assert list(steps)
    assert checkpoints(path) == []
    assert values(folder / "b1", folder / "s1") == [1]
    assert values(folder / "b2", folder / "s2") == [2]


def test_a_backup_that_is_given_up_leaves_nothing_of_itself(store, path, folder):
    steps = store.back_up(folder / "b1")
    next(steps)
    steps.close()
    assert checkpoints(path) == []
    assert not (folder / "b1").exists()


def test_what_crashes_left_is_cleared_away_and_what_is_in_use_is_not(store, path, folder):
    for name in ("CFACL_CHECKPOINT", "CFACL_CHECKPOINT-0.tmp"):
        (path / name).mkdir()
        (path / name / "x").write_text("x")
    with closing(store.back_up(folder / "b1")) as steps:
        next(steps)
        assert len(checkpoints(path)) == 1
        with closing(store.back_up(folder / "b2")) as others:
            next(others)
            assert len(checkpoints(path)) == 2


def out_of_space(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def half_written(path, content):
    path.write_bytes(content[:10])
    out_of_space()


@pytest.mark.parametrize(("what", "fails"), [("_hashed", out_of_space), ("_write", half_written)])
def test_a_full_disk_is_told_of_where_the_backup_goes(store, path, folder, monkeypatch, what, fails):
    monkeypatch.setattr(backup, what, fails)
    with pytest.raises(StoreUnavailable) as caught:
        list(store.back_up(folder / "b1"))
    assert str(caught.value) == (
        f"`{folder / 'b1'}` cannot be written: no space left on device; free some space there and make the backup anew"
    )
    assert ((folder / "b1").exists(), checkpoints(path)) == (False, [])
    monkeypatch.undo()
    list(store.back_up(folder / "b1"))
    assert values(folder / "b1", folder / "s1") == [1]


def test_a_full_disk_is_told_of_where_the_store_is_restored(store, folder, monkeypatch):
    list(store.back_up(folder / "b1"))
    monkeypatch.setattr(backup, "_hashed", out_of_space)
    with pytest.raises(StoreUnavailable) as caught:
        list(restore(folder / "b1", folder / "s1"))
    assert str(caught.value) == (
        f"`{folder / 's1'}` cannot be written: no space left on device; free some space there and restore the backup anew"
    )
    assert not (folder / "s1").exists()


@pytest.mark.parametrize("what", ["backup", "restore"])
def test_a_directory_that_was_there_stays(store, folder, monkeypatch, what):
    list(store.back_up(folder / "b1"))
    (folder / "mine").mkdir()
    monkeypatch.setattr(backup, "_hashed", out_of_space)
    with pytest.raises(StoreUnavailable):
        list(store.back_up(folder / "mine") if what == "backup" else restore(folder / "b1", folder / "mine"))
    assert list((folder / "mine").iterdir()) == []


@pytest.mark.parametrize("where", ["b1", "b1/again", "b1/data/again", "link/again"])
def test_no_store_is_restored_into_its_backup(store, folder, where):
    list(store.back_up(folder / "b1"))
    (folder / "link").symlink_to(folder / "b1")
    before = sorted((folder / "b1").rglob("*"))
    with pytest.raises(RequestError, match=r"lies in the backup; name a directory outside of it$"):
        list(restore(folder / "b1", folder / where))
    assert sorted((folder / "b1").rglob("*")) == before


def test_a_place_that_cannot_be_made_is_named(store, folder):
    (folder / "file").write_text("x")
    with pytest.raises(StoreUnavailable) as caught:
        list(store.back_up(folder / "file" / "b1"))
    assert str(caught.value) == (
        f"`{folder / 'file' / 'b1'}` cannot be written: not a directory;"
        " mend that, or name a new directory, and make the backup anew"
    )


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\0b", "a\ud800", "n" * 300])
def test_a_name_that_no_file_of_a_backup_has_is_damage(store, folder, name):
    list(store.back_up(folder / "b1"))
    manifest = json.loads((folder / "b1" / "CFACL_BACKUP").read_text())
    manifest["files"].append({"name": name, "size": 1, "sha256": "0"})
    (folder / "b1" / "CFACL_BACKUP").write_text(json.dumps(manifest))
    with pytest.raises(StoreCorrupted, match=r"`CFACL_BACKUP` of .* is damaged; use another backup$"):
        list(restore(folder / "b1", folder / "s1"))
    assert not (folder / "s1").exists()


#: Lists of files that no backup has.
LISTS = {
    "none": lambda files: [],
    "no CURRENT": lambda files: [each for each in files if each["name"] != "CURRENT"],
    "one of them twice": lambda files: [*files, files[0]],
    "infinite sizes": lambda files: [{**each, "size": float("inf")} for each in files],
    "sizes that are no number": lambda files: [{**each, "size": float("nan")} for each in files],
    "no sizes": lambda files: [{**each, "size": None} for each in files],
    "sizes of many digits": lambda files: [{**each, "size": "9" * 5_000} for each in files],
    "names only": lambda files: [[each["name"]] for each in files],
    "no list": lambda files: None,
}


@pytest.mark.parametrize("what", LISTS)
def test_files_that_no_backup_lists_are_damage_of_the_backup(store, folder, what):
    list(store.back_up(folder / "b1"))
    manifest = json.loads((folder / "b1" / "CFACL_BACKUP").read_text())
    (folder / "b1" / "CFACL_BACKUP").write_text(json.dumps({**manifest, "files": LISTS[what](manifest["files"])}))
    with pytest.raises(StoreCorrupted) as caught:
        list(restore(folder / "b1", folder / "s1"))
    assert str(caught.value) == f"`CFACL_BACKUP` of `{folder / 'b1'}` is damaged; use another backup"
    assert not (folder / "s1").exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"null", b"\xff", b"{", b"[" * 200_000, b'{"format":' * 200_000],
    ids=["empty", "a list", "null", "no text", "cut", "brackets", "braces"],
)
def test_a_manifest_of_hashes_that_is_none_is_damage(store, folder, content):
    list(store.back_up(folder / "b1"))
    (folder / "b1" / "CFACL_BACKUP").write_bytes(content)
    with pytest.raises(StoreCorrupted, match=r"`CFACL_BACKUP` of .* is damaged; use another backup$"):
        list(restore(folder / "b1", folder / "s1"))
    assert not (folder / "s1").exists()


@pytest.mark.parametrize("where", ["store", "store/b1", "store/deep/b1", "link/b1", "other/../store/b1"])
def test_no_backup_goes_into_the_store_itself(store, path, folder, where):
    (folder / "link").symlink_to(path)
    (folder / "other").mkdir()
    before = sorted(path.iterdir())
    with pytest.raises(RequestError, match=r"lies in the store; name a directory outside of it$"):
        list(store.back_up(folder / where))
    assert sorted(path.iterdir()) == before
    list(store.back_up(folder / "store-2"))


@pytest.fixture
def synced(monkeypatch):
    """What was written to the disk, by path."""
    found = []
    sync = os.fsync

    def noted(descriptor):
        found.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    return found


def test_files_and_the_names_of_new_directories_are_on_the_disk(store, path, folder, clock, synced):
    list(store.back_up(folder / "b1"))
    assert [each for each in synced if each.is_dir()] == [folder, folder / "b1" / "data", folder / "b1"]
    assert {each for each in synced if not each.is_dir()} == {
        each for each in (folder / "b1").rglob("*") if each.is_file()
    }
    synced.clear()
    list(restore(folder / "b1", folder / "s1"))
    assert [each for each in synced if each.is_dir()] == [folder, folder / "s1", folder / "s1"]
    copied = {
        each.relative_to(folder / "b1" / "data") for each in (folder / "b1" / "data").rglob("*") if each.is_file()
    }
    assert {each for each in synced if not each.is_dir()} >= {folder / "s1" / each for each in copied}
    synced.clear()
    open_store(folder / "new", clock=clock).close()
    assert [each for each in synced if each.is_dir()] == [folder / "new", folder]
