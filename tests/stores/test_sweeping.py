"""How our stores sweep, beyond what the suite that ships asks of every store: in steps, and under writers."""

from __future__ import annotations

import threading

from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import Mutation, Put, Span
from cfacl.stores.rocksdb import sweeping

LIFE = 1000


def family(versions=1, time_to_live=LIFE, identity=1):
    return StoredFamily("t", "f", identity, "public", versions=versions, time_to_live=time_to_live)


def put(store, key, made, values, timestamp=None):
    store.apply("t", [Mutation(key, (Put(made, values, timestamp),))])


def test_it_goes_on_where_a_step_ended(store, monkeypatch):
    monkeypatch.setattr(sweeping, "_STEP", 7)
    made = family()
    store.create_table("t", [made])
    for number in range(50):
        put(store, b"r%02d" % number, made, {b"q": b"v"}, 0 if number % 3 else None)
    steps = list(store.sweep(made))
    assert sum(each.looked for each in steps) == 50
    assert sum(each.removed for each in steps) == 33
    assert len(next(iter(store.scan("t", Projection([Slice(made)]), Span(), batch_size=100)))) == 17


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
