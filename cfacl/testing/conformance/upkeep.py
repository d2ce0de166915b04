"""What is done to a store as a whole: opened again, flushed, backed up."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from cfacl.errors import StoreError, Unsupported
from cfacl.model.projection import StoredFamily
from cfacl.model.request import Delete, Mutation, Put, Span
from cfacl.testing.clock import Clock
from cfacl.testing.conformance.data import TABLE, delete, drained, projection, put, row, scanned
from cfacl.testing.conformance.suite import S, Suite, fresh_folder, needs


class Upkeep(Suite[S]):
    """`Store.reopen`, `Store.flush`, `Store.back_up`, and the same folder opened anew."""

    def test_it_is_opened_anew_with_all_that_it_held_or_with_nothing(
        self, store: S, one: StoredFamily, two: StoredFamily, folder: Path, clock: Clock
    ) -> None:
        put(store, b"u1", one, {b"a": b"1", b"b": b"2"})
        put(store, b"u\0", two, {b"": b"3"})
        delete(store, b"u1", one, (b"b",))
        store.increment(TABLE, b"u1", two, b"n", 5)
        store.system.compare_and_set("k", None, b"v")
        kept = {each: self.raw_cells(store, each) for each in (one, two)}
        store.close()
        with contextlib.closing(self.open(folder, clock)) as again:
            if self.persistent:
                assert again.tables() == {TABLE: {("one", one.identity), ("two", two.identity)}}
                assert {each: self.raw_cells(again, each) for each in (one, two)} == kept
                assert scanned(again, one) == [(b"u1", {b"one:a": b"1"})]
                assert again.increment(TABLE, b"u1", two, b"n", 1) == 6
                assert again.system.items("") == {"k": b"v"}
            else:
                assert again.tables() == {}
                assert again.system.items("") == {}

    @needs("latest_wins", "timestamps")
    def test_a_plain_put_wins_also_over_what_was_put_before_it_was_opened_anew(
        self, store: S, one: StoredFamily, folder: Path, clock: Clock
    ) -> None:
        future = clock.milliseconds + 5000
        put(store, b"u1", one, {b"a": b"future"}, timestamp=future)
        delete(store, b"u1", one)
        store.close()
        with contextlib.closing(self.open(folder, clock)) as again:
            again.create_table(TABLE, [one])
            put(again, b"u1", one, {b"a": b"2"})
            stamp = future if self.persistent else clock.milliseconds
            assert row(again, b"u1", one, timestamps=True) == {b"one:a": (b"2", stamp)}

    def test_it_is_opened_again_in_place_with_what_was_acknowledged(self, store: S, one: StoredFamily) -> None:
        for key in (b"u1", b"u2", b"u3"):
            put(store, key, one, {b"a": b"1"})
        store.system.compare_and_set("k", None, b"v")
        kept = self.raw_cells(store, one)
        batches = store.scan(TABLE, projection(one), Span(), batch_size=1)
        first = next(batches)
        store.reopen()
        assert self.raw_cells(store, one) == kept
        assert sorted(key for batch in [first, *drained(batches)] for key, _ in batch) == [b"u1", b"u2", b"u3"]
        assert store.system.get("k") == b"v"
        put(store, b"u1", one, {b"a": b"2"})
        assert row(store, b"u1", one) == {b"one:a": b"2"}

    @needs("latest_wins", "timestamps")
    def test_a_plain_put_wins_also_over_what_was_put_before_it_was_opened_again_in_place(
        self, store: S, one: StoredFamily, clock: Clock
    ) -> None:
        future = clock.milliseconds + 5000
        put(store, b"u1", one, {b"a": b"future"}, timestamp=future)
        delete(store, b"u1", one)
        store.reopen()
        put(store, b"u1", one, {b"a": b"2"})
        assert row(store, b"u1", one, timestamps=True) == {b"one:a": (b"2", future)}

    @pytest.mark.parametrize("durable", [True, False])
    def test_it_is_read_at_once_whether_it_is_on_the_disk_or_not(
        self, store: S, one: StoredFamily, durable: bool
    ) -> None:
        put(store, b"u1", one, {b"c": b"1"})
        changes = (Put(one, {b"a": b"1"}), Delete(one, (b"c",)))
        store.apply(TABLE, [Mutation(b"u1", changes)], durable=durable)
        assert row(store, b"u1", one) == {b"one:a": b"1"}
        mutation = Mutation(b"u1", (Put(one, {b"a": b"2"}),))
        assert store.compare_and_set(TABLE, b"u1", [(one, b"a", b"1")], mutation, durable=durable) is True
        assert row(store, b"u1", one) == {b"one:a": b"2"}

    @pytest.mark.parametrize("durable", [True, False])
    def test_what_need_not_be_on_the_disk_is_there_all_the_same(
        self, store: S, one: StoredFamily, durable: bool
    ) -> None:
        store.increment(TABLE, b"u1", one, b"n", 1, durable=durable)
        store.flush()
        store.flush()
        assert store.increment(TABLE, b"u1", one, b"n", 1, durable=durable) == 2
        assert set(self.raw_cells(store, one)) == {(b"u1", b"n")}

    def test_a_backup_holds_all_of_it_or_is_unsupported(
        self, store: S, one: StoredFamily, two: StoredFamily, clock: Clock
    ) -> None:
        large = hashlib.shake_256().digest(100_000)  # which nothing makes smaller
        put(store, b"u1", one, {b"a": large})
        store.increment(TABLE, b"u1", two, b"n", 5)
        store.system.compare_and_set("k", None, b"v")
        kept = {each: self.raw_cells(store, each) for each in (one, two)}
        with fresh_folder() as aside:
            try:
                steps = list(store.back_up(aside / "backup"))
            except Unsupported:
                assert list(aside.iterdir()) == []
            else:
                sizes = [each.size for each in steps]
                assert sizes == sorted(sizes)
                assert steps[-1].total == sizes[-1] >= len(large)
                assert sum(each.stat().st_size for each in aside.rglob("*") if each.is_file()) >= sizes[-1]
                with self.restored(aside, clock) as again:
                    assert again.tables() == store.tables()
                    assert {each: self.raw_cells(again, each) for each in (one, two)} == kept
                    assert again.system.items("") == {"k": b"v"}
        assert {each: self.raw_cells(store, each) for each in (one, two)} == kept

    @needs("atomic_batch")
    def test_a_backup_is_of_one_instant(self, store: S, one: StoredFamily, two: StoredFamily, clock: Clock) -> None:
        def count(number: int) -> None:
            store.apply(TABLE, [Mutation(b"u1", tuple(Put(each, {b"n": b"%d" % number}) for each in (one, two)))])

        count(0)
        with fresh_folder() as aside, contextlib.suppress(Unsupported):
            for number, _ in enumerate(store.back_up(aside / "backup"), 1):
                count(number)
            with self.restored(aside, clock) as again:
                cells = row(again, b"u1", one, two) or {}
                assert cells[b"one:n"] == cells[b"two:n"]

    @pytest.mark.parametrize("major", [False, True])
    def test_what_is_put_together_is_what_was_there(
        self, store: S, one: StoredFamily, three_versions: StoredFamily, major: bool
    ) -> None:
        for number in range(10):
            put(store, b"u%d" % (number % 3), one, {b"a": b"%d" % number}, timestamp=1_000 + number)
            put(store, b"u1", three_versions, {b"a": b"%d" % number}, timestamp=1_000 + number)
        delete(store, b"u2", one)
        kept = {each: self.raw_cells(store, each) for each in (one, three_versions)}
        store.administration().compact(TABLE, [one, three_versions], major=major)
        assert {each: self.raw_cells(store, each) for each in (one, three_versions)} == kept

    def test_pieces_of_a_table_are_all_of_it(self, store: S, one: StoredFamily) -> None:
        put(store, b"u1", one, {b"a": b"1"})
        pieces = store.administration().regions(TABLE)
        assert pieces[0].start_key == pieces[-1].end_key == b""
        for before, after in itertools.pairwise(pieces):
            assert before.end_key == after.start_key > before.start_key

    def test_a_table_that_the_store_itself_refuses_is_served_again_as_it_was(self, store: S, one: StoredFamily) -> None:
        put(store, b"u1", one, {b"a": b"1"})
        administration = store.administration()
        assert administration.is_enabled(TABLE)
        for _ in range(2):
            administration.disable(TABLE)
        if not administration.is_enabled(TABLE):
            with pytest.raises(StoreError):
                row(store, b"u1", one)
        for _ in range(2):
            administration.enable(TABLE)
        assert administration.is_enabled(TABLE)
        assert row(store, b"u1", one) == {b"one:a": b"1"}

    @contextlib.contextmanager
    def restored(self, aside: Path, clock: Clock) -> Iterator[S]:
        """Open what is restored of a backup."""
        self.restore(aside / "backup", aside / "restored")
        with contextlib.closing(self.open(aside / "restored", clock)) as opened:
            yield opened
