"""Whatever is done to both stores, step by step, is answered alike."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from cfacl.errors import CfaclError
from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import Delete, Mutation, Put, Span
from cfacl.stores.registry import open_store

TABLE = "t"
START = 1_000_000
#: Stores are opened a thousand times here; what a disk does with them is tested elsewhere.
RAM = Path("/dev/shm")
ROWS = [b"\0", b"a", b"a\0", b"a\0\0", b"a\0\1", b"b", b"\xff"]
QUALIFIERS = [b"", b"\0", b"q", b"q\0\0", b"r"]
LIVES = [None, None, 40]
NAMES = ["one", "two", "three"]

rows = st.sampled_from(ROWS)
qualifiers = st.sampled_from(QUALIFIERS)
places = st.integers(0, len(NAMES) - 1)
bounds = st.none() | st.sampled_from([b"", *ROWS, b"a\0\0\0", b"c"])
spans = st.builds(Span, bounds, bounds, st.booleans())
#: Relative to the clock; what clients may send lies at most five seconds ahead.
moments = st.integers(-60, 60) | st.integers(-3, 3) | st.just(5000)
values = st.sampled_from([b"", b"v", b"w" * 300, (3).to_bytes(8, "big"), ((1 << 63) - 1).to_bytes(8, "big")])
puts = st.tuples(st.just("put"), places, st.dictionaries(qualifiers, values, max_size=3), st.none() | moments)
deletions = st.tuples(
    st.just("delete"),
    places,
    st.none() | st.lists(qualifiers, min_size=1, max_size=3, unique=True).map(tuple),
    st.none() | moments,
)
changes = st.lists(puts | puts | deletions, max_size=4)
projections = st.dictionaries(
    places, st.none() | st.lists(qualifiers, min_size=1, unique=True).map(sorted).map(tuple), min_size=1
)


class Both(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.milliseconds = START
        self.folder = Path(tempfile.mkdtemp(dir=RAM if RAM.is_dir() else None))
        self.identities = itertools.count(1)
        self.memory = open_store("memory://", clock=self.clock)
        self.rocksdb = open_store(self.folder / "store", clock=self.clock)

    def clock(self):
        return self.milliseconds * 1_000_000

    def teardown(self):
        self.rocksdb.close()
        shutil.rmtree(self.folder)

    def both(self, call):
        """Return what both stores answer to ``call``, or the kind of their refusal."""
        answers = []
        for store in (self.memory, self.rocksdb):
            try:
                answers.append(call(store))
            except CfaclError as error:
                answers.append(type(error))
        assert answers[0] == answers[1]
        return answers[0]

    def projection(self, chosen):
        return Projection(Slice(self.families[place], named) for place, named in chosen.items())

    def mutation(self, key, given):
        made = []
        for kind, place, what, moment in given:
            timestamp = None if moment is None else self.milliseconds + moment
            made.append((Put if kind == "put" else Delete)(self.families[place], what, timestamp))
        return Mutation(key, tuple(made))

    @initialize(versions=st.tuples(*[st.integers(1, 3)] * len(NAMES)))
    def create(self, versions):
        self.families = [
            StoredFamily(TABLE, name, next(self.identities), "public", kept, life)
            for name, kept, life in zip(NAMES, versions, LIVES, strict=True)
        ]
        self.both(lambda store: store.create_table(TABLE, self.families))

    @rule(mutations=st.lists(st.tuples(rows, changes), min_size=1, max_size=3))
    def apply(self, mutations):
        made = [self.mutation(key, given) for key, given in mutations]
        self.both(lambda store: store.apply(TABLE, made))

    @rule(key=rows, place=places, qualifier=qualifiers, amount=st.integers(-5, 5) | st.just(1 << 62))
    def increment(self, key, place, qualifier, amount):
        self.both(lambda store: store.increment(TABLE, key, self.families[place], qualifier, amount))

    @rule(key=rows, conditions=st.lists(st.tuples(places, qualifiers, st.none() | values), max_size=2), given=changes)
    def compare_and_set(self, key, conditions, given):
        asked = [(self.families[place], qualifier, value) for place, qualifier, value in conditions]
        self.both(lambda store: store.compare_and_set(TABLE, key, asked, self.mutation(key, given)))

    @rule(milliseconds=st.integers(-50, 50))
    def turn_the_clock(self, milliseconds):
        self.milliseconds += milliseconds

    @rule(place=places, anew=st.booleans())
    def drop_and_create(self, place, anew):
        old = self.families[place]
        self.both(lambda store: store.drop_table(TABLE, [old]))
        if anew:
            self.families[place] = StoredFamily(
                TABLE, old.name, next(self.identities), old.level, old.versions, old.time_to_live
            )
        self.both(lambda store: store.create_table(TABLE, [self.families[place]]))

    @rule(place=places, kept=st.integers(1, 3), life=st.sampled_from([None, 20, 100]))
    def declare_otherwise(self, place, kept, life):
        old = self.families[place]
        self.families[place] = StoredFamily(TABLE, old.name, old.identity, old.level, kept, life)

    @rule()
    def reopen(self):
        self.rocksdb.close()
        self.rocksdb = open_store(self.folder / "store", clock=self.clock)

    @rule(keys=st.lists(rows, max_size=4), chosen=projections, moment=st.none() | moments, timestamps=st.booleans())
    def get(self, keys, chosen, moment, timestamps):
        before = None if moment is None else self.milliseconds + moment
        asked = self.projection(chosen)

        def call(store):
            found = store.get(TABLE, keys, asked, before=before, timestamps=timestamps)
            return [(key, list(cells.items())) for key, cells in found]

        self.both(call)

    @rule(
        span=spans,
        chosen=projections,
        batch_size=st.integers(1, 4),
        limit=st.none() | st.integers(0, 5),
        moment=st.none() | moments,
        timestamps=st.booleans(),
        cells=st.none() | st.integers(1, 3),
    )
    def scan(self, span, chosen, batch_size, limit, moment, timestamps, cells):
        before = None if moment is None else self.milliseconds + moment
        asked = self.projection(chosen)

        def call(store):
            batches = store.scan(
                TABLE,
                asked,
                span,
                batch_size=batch_size,
                limit=limit,
                before=before,
                timestamps=timestamps,
                cells=cells,
            )
            return [[(key, list(cells.items())) for key, cells in batch] for batch in batches]

        self.both(call)

    @invariant()
    def all_versions_are_the_same(self):
        for family, key, qualifier in itertools.product(getattr(self, "families", ()), ROWS, QUALIFIERS):
            self.both(lambda store, f=family, k=key, q=qualifier: store.versions(TABLE, k, f, q))

    @invariant()
    def the_schema_is_the_same(self):
        self.both(lambda store: store.tables())


TestBoth = Both.TestCase
TestBoth.settings = settings(stateful_step_count=30)
TestBoth.pytestmark = [pytest.mark.no_cover, pytest.mark.slow]
