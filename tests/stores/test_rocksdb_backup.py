"""Backups that are made at once, and those that come to nothing."""

from __future__ import annotations

from contextlib import closing

import pytest

from cfacl.model.projection import StoredFamily
from cfacl.model.request import Mutation, Put
from cfacl.stores.registry import open_store
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


def values(backup, target):
    list(restore(backup, target))
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
    assert list((folder / "b1").iterdir()) == []


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
