"""What has outlived its family is removed, and nothing else; in either store."""

from __future__ import annotations

import threading

import pytest

from cfacl.errors import SchemaMissing
from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import Delete, Mutation, Put, Span
from cfacl.stores.rocksdb import sweeping

LIFE = 1000


def family(versions=1, time_to_live=LIFE, identity=1):
    return StoredFamily("t", "f", identity, "public", versions=versions, time_to_live=time_to_live)


def put(store, key, made, values, timestamp=None):
    store.apply("t", [Mutation(key, (Put(made, values, timestamp),))])


def everything(store, made):
    """All that is kept, expired or not: read as a family that lives for ever."""
    eternal = StoredFamily("t", "f", made.identity, "public", versions=99)
    rows = [row for rows in store.scan("t", Projection([Slice(eternal)]), Span(), batch_size=9) for row in rows]
    return {
        (key, name[2:]): [stamp for _, stamp in store.versions("t", key, eternal, name[2:])]
        for key, cells in rows
        for name in cells
    }


def swept(store, made):
    steps = list(store.sweep(made))
    assert {(each.table, each.family) for each in steps} <= {("t", "f")}
    return sum(each.looked for each in steps), sum(each.removed for each in steps)


@pytest.mark.parametrize("versions", [1, 3])
def test_only_what_has_outlived_its_family_is_removed(store, clock, versions):
    made = family(versions)
    store.create_table("t", [made])
    now = clock.milliseconds
    for number, stamp in enumerate((now - LIFE - 1, now - LIFE, now - LIFE + 1, now)):
        put(store, b"r%d" % number, made, {b"": b"v", b"\0\0q": b"v"}, stamp)
    kept = [(b"r2", now - LIFE + 1), (b"r3", now)]
    assert swept(store, made) == (8, 4)
    assert everything(store, made) == {(key, name): [stamp] for key, stamp in kept for name in (b"", b"\0\0q")}
    assert swept(store, made) == (4, 0)


def test_older_versions_go_before_the_newest_does(store, clock):
    made = family(versions=3)
    store.create_table("t", [made])
    now = clock.milliseconds
    for stamp in (now - LIFE - 5, now - LIFE, now - 1):
        put(store, b"r", made, {b"q\0": b"v", b"s": b"v"}, stamp)
    assert swept(store, made)[1] == 4
    assert everything(store, made) == {(b"r", b"q\0"): [now - 1], (b"r", b"s"): [now - 1]}
    clock.turn(LIFE)
    assert swept(store, made) == (2, 2)
    assert everything(store, made) == {}
    for stamp in range(3):
        put(store, b"r", made, {b"q": b"v"}, clock.milliseconds - LIFE - stamp)
    assert swept(store, made) == (3, 3)
    put(store, b"r", made, {b"s": b"v"})
    store.apply("t", [Mutation(b"r", (Delete(made),))])
    assert everything(store, made) == {}


def test_a_family_that_lives_for_ever_is_not_looked_at(store):
    made = family(time_to_live=None)
    store.create_table("t", [made])
    put(store, b"r", made, {b"q": b"v"}, 0)
    assert list(store.sweep(made)) == []
    assert everything(store, made) == {(b"r", b"q"): [0]}


def test_a_family_of_another_identity_is_not_touched(store):
    first, second = family(), family(identity=2)
    store.create_table("t", [first])
    put(store, b"r", first, {b"q": b"v"}, 0)
    with pytest.raises(SchemaMissing):
        list(store.sweep(second))
    assert everything(store, first) == {(b"r", b"q"): [0]}


def test_it_goes_on_where_a_step_ended(store, monkeypatch):
    monkeypatch.setattr(sweeping, "_STEP", 7)
    made = family()
    store.create_table("t", [made])
    for number in range(50):
        put(store, b"r%02d" % number, made, {b"q": b"v"}, 0 if number % 3 else None)
    steps = list(store.sweep(made))
    assert sum(each.looked for each in steps) == 50
    assert sum(each.removed for each in steps) == 33
    assert len(everything(store, made)) == 17


def test_what_is_written_again_meanwhile_stays(store, pressed):
    made = family()
    store.create_table("t", [made])
    keys = [b"r%03d" % number for number in range(200)]
    for key in keys:
        put(store, key, made, {b"q": b"old"}, 0)
    failures = []

    def write():
        try:
            for key in keys:
                put(store, key, made, {b"q": b"new"})
        except Exception as error:  # noqa: BLE001  # told below
            failures.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        list(store.sweep(made))
    writer.join()
    assert not failures
    assert store.get("t", keys, Projection([Slice(made)])) == [(key, {b"f:q": b"new"}) for key in keys]
