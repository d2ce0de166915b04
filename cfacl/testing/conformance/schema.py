"""A family is addressed by name and identity; it is there, or it is missing, and never made on the fly."""

from __future__ import annotations

import pytest

from cfacl.errors import RequestError, SchemaMissing
from cfacl.model.projection import StoredFamily
from cfacl.model.request import Delete, Mutation, Put, Span
from cfacl.testing.conformance.data import TABLE, projection, put, row
from cfacl.testing.conformance.suite import S, Suite


class Schema(Suite[S]):
    """`Store.create_table`, `Store.create_families`, `Store.drop_table` and `Store.tables`."""

    def test_tables_lists_what_was_created(self, store: S) -> None:
        assert store.tables() == {}
        made = [self.family("a"), self.family("b"), self.family("a", table="other")]
        store.create_table(TABLE, made[:2])
        store.create_table("other", made[2:])
        store.create_table("empty", [])
        assert store.tables() == {
            TABLE: frozenset({("a", made[0].identity), ("b", made[1].identity)}),
            "other": frozenset({("a", made[2].identity)}),
        }

    def test_families_of_several_tables_are_made_at_once(self, store: S, one: StoredFamily) -> None:
        put(store, b"u1", one, {b"a": b"1"})
        made = [self.family(f"f{n}", table=table) for n in range(12) for table in (TABLE, "other", "third")]
        made += [self.family(f"f{n}", table=table) for n in range(12, 60) for table in ("other", "third")]
        store.create_families([*made, one])
        store.create_families(made)
        store.create_families([])
        assert store.tables() == {
            table: frozenset((each.name, each.identity) for each in [*made, one] if each.table == table)
            for table in (TABLE, "other", "third")
        }
        assert row(store, b"u1", one) == {b"one:a": b"1"}
        put(store, b"u1", made[-1], {b"a": b"2"})
        assert store.get("third", [b"u1"], projection(made[-1])) == [(b"u1", {b"f59:a": b"2"})]

    def test_what_exists_is_left_as_it_is(self, store: S, one: StoredFamily) -> None:
        put(store, b"u1", one, {b"a": b"1"})
        store.create_table(TABLE, [one, self.family("new")])
        assert row(store, b"u1", one) == {b"one:a": b"1"}

    def test_a_dropped_family_is_gone_and_may_be_dropped_again(
        self, store: S, one: StoredFamily, two: StoredFamily
    ) -> None:
        put(store, b"u1", one, {b"a": b"1"})
        put(store, b"u1", two, {b"a": b"2"})
        store.drop_table(TABLE, [one])
        store.drop_table(TABLE, [one])
        assert store.tables() == {TABLE: frozenset({("two", two.identity)})}
        assert row(store, b"u1", two) == {b"two:a": b"2"}
        store.drop_table(TABLE, [two])
        assert store.tables() == {}

    def test_a_family_created_anew_has_none_of_the_old_cells(self, store: S) -> None:
        for versions in (1, 3):
            old = self.made(store, "f", versions=versions)
            put(store, b"u1", old, {b"a": b"older"})
            put(store, b"u1", old, {b"a": b"old"})
            store.drop_table(TABLE, [old])
            for new in (self.family("f", versions=versions), old):
                store.create_table(TABLE, [new])
                assert row(store, b"u1", new) is None
                assert self.raw_cells(store, new) == {}
                assert store.versions(TABLE, b"u1", new, b"a") == []
                put(store, b"u1", new, {b"a": b"new"})
                assert [value for value, _ in store.versions(TABLE, b"u1", new, b"a")] == [b"new"]
                store.drop_table(TABLE, [new])

    def test_two_identities_of_one_name_are_apart(self, store: S) -> None:
        first, second = self.made(store, "f"), self.made(store, "f")
        put(store, b"u1", first, {b"a": b"1"})
        assert row(store, b"u1", second) is None
        store.drop_table(TABLE, [second])
        assert row(store, b"u1", first) == {b"f:a": b"1"}

    def test_two_tables_with_one_name_and_identity_are_apart(self, store: S, one: StoredFamily) -> None:
        other = StoredFamily("other", one.name, one.identity, self.level)
        store.create_table("other", [other])
        for each, value in ((one, b"1"), (other, b"2")):
            put(store, b"u1", each, {b"a": value})
        assert row(store, b"u1", one) == {b"one:a": b"1"}
        store.drop_table("other", [other])
        assert row(store, b"u1", one) == {b"one:a": b"1"}
        assert store.tables() == {TABLE: frozenset({("one", one.identity)})}

    def test_a_table_and_a_family_are_not_their_names_run_together(self, store: S) -> None:
        long = self.made(store, "tf")
        short = StoredFamily(TABLE + "t", "f", long.identity, self.level)
        store.create_table(short.table, [short])
        put(store, b"u1", short, {b"a": b"1"})
        assert row(store, b"u1", long) is None
        assert store.tables() == {each.table: frozenset({(each.name, each.identity)}) for each in (long, short)}

    @pytest.mark.parametrize("identity", [0, -1])
    def test_an_identity_below_one_is_no_identity(self, store: S, identity: int) -> None:
        with pytest.raises(RequestError, match="identity"):
            store.create_table(TABLE, [self.family("a"), StoredFamily(TABLE, "f", identity, self.level)])
        assert store.tables() == {}

    def test_a_family_that_is_missing_is_told_for_reads_as_for_writes(self, store: S, one: StoredFamily) -> None:
        put(store, b"u1", one, {b"a": b"1"})
        kept = self.raw_cells(store, one)
        strangers = [
            self.family("one"),
            StoredFamily(TABLE, "two", one.identity, self.level),
            StoredFamily(TABLE, "ONE", one.identity, self.level),
        ]
        for stranger in strangers:
            mutation = Mutation(b"u1", (Put(one, {b"a": b"2"}), Put(stranger, {b"a": b"2"})))
            for call in (
                lambda s=stranger: store.get(TABLE, [b"u1"], projection(s)),
                lambda s=stranger: store.get(TABLE, [], projection(s)),
                lambda s=stranger: store.versions(TABLE, b"u1", s, b"a"),
                lambda s=stranger: store.scan(TABLE, projection(s), Span(), batch_size=1),
                lambda m=mutation: store.apply(TABLE, [m]),
                lambda s=stranger: store.apply(TABLE, [Mutation(b"u1", (Delete(s),))]),
                lambda s=stranger: store.apply(TABLE, [Mutation(b"u1", (Put(s, {}),))]),
                lambda s=stranger: store.increment(TABLE, b"u1", s, b"a", 1),
                lambda s=stranger: store.compare_and_set(
                    TABLE, b"u1", [(s, b"a", None)], Mutation(b"u1", (Put(s, {b"a": b"2"}),))
                ),
            ):
                with pytest.raises(SchemaMissing):
                    call()
        with pytest.raises(SchemaMissing):
            store.get("other", [b"u1"], projection(one))
        assert row(store, b"u1", one) == {b"one:a": b"1"}
        assert self.raw_cells(store, one) == kept
        assert store.tables() == {TABLE: frozenset({("one", one.identity)})}
