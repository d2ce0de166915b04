"""Bugs that show only in many, in a later batch, in one combination of options, or after the clock went back."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from itertools import islice

from naive import NaiveStore, Records

from cfacl.model.projection import Projection, Slice
from cfacl.model.request import Delete
from cfacl.stores.base import Swept

Right = NaiveStore


def forgotten(*names, where):
    """A scan that forgets some of its options where the others are so."""

    def scan(self, table, projection, span, **more):
        if where(span, more):
            more |= dict.fromkeys(names)
        return Right.scan(self, table, projection, span, **more)

    return scan


def later_batches(asked):
    """A scan that asks something else, by ``asked(projection, options)``, from its second batch on."""

    def scan(self, table, projection, span, *, limit=None, **more):
        def rows(batches):
            first = next(batches, [])
            if first:
                yield first
            if len(first) == more["batch_size"]:
                last, left = first[-1][0], None if limit is None else limit - len(first)
                rest = span._replace(upper=last) if span.reverse else span._replace(lower=last + b"\0")
                other, options = asked(projection, more)
                yield from Right.scan(self, table, other, rest, limit=left, **options)

        batches = Right.scan(self, table, projection, span, limit=limit, **more)
        return batches if more.get("cells") or more.get("snapshot") else rows(batches)

    return scan


def whole(projection):
    return Projection(Slice(each.family) for each in projection.slices)


def given_up(self, rows, size):
    """Ends at a long run of rows without a cell."""
    found, missed = [], 0
    for each in rows:
        missed = 0 if each[1] else missed + 1
        found += [each] if each[1] else []
        if missed > 500 or len(found) == size:
            break
    return found


def ended_where_deleted(self, table, projection, span, **more):
    """Looks for the row that it gave last, to go on from there."""
    batches = Right.scan(self, table, projection, span, **more)

    def rows():
        for batch in batches:
            yield batch
            if not Right.get(self, table, [batch[-1][0]], projection):
                return

    return batches if more.get("cells") or more.get("snapshot") else rows()


def one_at_a_time(self, *arguments, **more):
    """A scan that ends where another one begins."""
    batches = Right.scan(self, *arguments, **more)
    self.latest = mine = object()

    def rows():
        for batch in batches:
            yield batch
            if self.latest is not mine:
                return

    return batches if more.get("cells") or more.get("snapshot") else rows()


def behind_where_it_lies(self, names, last):
    return names[names.index(last) + 1 :] if last in names else []


def without_the_highest(name):
    """A call that stamps what it writes now, whatever there is."""

    def call(self, *arguments, **more):
        with self.lock:
            highest = dict(self.highest)
            self.highest = dict.fromkeys(highest, 0)
            try:
                return getattr(Right, name)(self, *arguments, **more)
            finally:
                self.highest = {place: max(stamp, highest[place]) for place, stamp in self.highest.items()}

    return call


def stamped_anew(self, table, key, conditions, mutation, *, durable=True):
    changes = tuple(each._replace(timestamp=None) for each in mutation.changes)
    return Right.compare_and_set(self, table, key, conditions, mutation._replace(changes=changes))


def deleted_of_a_page(self, table, key, change):
    if isinstance(change, Delete) and change.qualifiers is None:
        held = self.find(table, change.family)
        change = change._replace(qualifiers=tuple(islice((q for k, q in held if k == key), 1_000)))
    Right.change(self, table, key, change)


def named_of_a_page(self, table, key, change):
    if isinstance(change, Delete) and change.qualifiers:
        change = change._replace(qualifiers=change.qualifiers[:1_000])
    Right.change(self, table, key, change)


def last_of_each_row(self, table, mutations, *, durable=True):
    self.check(table, mutations)
    Right.apply(self, table, list({each.key: each for each in mutations}.values()))


def unless_durable(name):
    """A call that says that it was done, and waits for a flush that it forgets."""

    def call(self, *arguments, durable=True):
        return getattr(Right, name)(self, *arguments) if durable else True

    return call


def lives_31_bits(self, timestamp, family):
    return family.time_to_live is None or timestamp + (family.time_to_live & 0x7FFFFFFF) > self.now()


def highest_forgotten(self):
    with self.entered():
        self.highest = dict.fromkeys(self.highest, 0)


def swept_of_a_page(self, family):
    if family.time_to_live is None:
        return
    with self.entered():
        held = self.find(family.table, family)
        looked, removed = sum(map(len, held.values())), 0
        for name, kept in list(held.items())[:1_000]:
            left = [each for each in kept if self.lives(each[1], family)]
            removed += len(kept) - len(left)
            self.keep(held, name, left)
    yield Swept(family.table, family.name, looked, removed)


def run_together(self, table, family):
    """Finds one family's cells under the other's names."""
    Right.find(self, table, family)
    same = (each for each in self.held if (each[0] + each[1], each[2]) == (table + family.name, family.identity))
    return self.held[next(same)]


def with_records(**steps):
    kind = type("Changed", (Records,), steps)

    def made(self, clock):
        Right.__init__(self, clock)
        self.system = kind(self)

    return made


@contextmanager
def by_itself(self):
    """Under a lock of its own, which no put waits for."""
    with self.entered():
        pass
    with self.__dict__.setdefault("own", threading.RLock()):
        yield


def counted_on(self, *arguments, durable=True):
    """Goes on from what is over."""
    with self.lock:
        self.lives = lambda *_: True
        try:
            return Right.increment(self, *arguments)
        finally:
            del self.lives


def told_without_a_look(self, table, key, family, qualifier, amount, *, durable=True):
    """Adds nothing to whatever is there."""
    if amount:
        return Right.increment(self, table, key, family, qualifier, amount)
    with self.entered():
        return int.from_bytes((self.newest(table, key, family, qualifier) or b"")[:8], "big", signed=True)


def highest_as_it_was(self, *arguments, durable=True):
    with self.lock:
        highest = dict(self.highest)
        try:
            return Right.compare_and_set(self, *arguments)
        finally:
            self.highest = highest


def all_where_none_is_named(self, table, key, change):
    if isinstance(change, Delete) and not change.qualifiers:
        change = change._replace(qualifiers=None)
    Right.change(self, table, key, change)


def sixteen_mib_of_it(self, versions, version, keep):
    return Right.added(self, versions, (version[0][: 1 << 24], version[1]), keep)


def deletes_first(self, table, mutations, **more):
    """As a service is written that sends deletes by another call."""

    def puts_alone(mutation):
        return not any(isinstance(each, Delete) for each in mutation.changes)

    return Right.apply(self, table, sorted(mutations, key=puts_alone), **more)


def by_key(self, table, mutations, *, durable=True):
    Right.apply(self, table, sorted(mutations, key=lambda each: each.key))


RARE = {
    "counter that waits for no put": {"locked_count": by_itself, "pause": lambda self: time.sleep(0)},
    "compare and set that waits for no put": {"locked_compare": by_itself, "pause": lambda self: time.sleep(0)},
    "counter that goes on where it was over": {"increment": counted_on},
    "counter that is told without a look where nothing is added": {"increment": told_without_a_look},
    "compare and set by the first 16 bytes": {
        "holds": lambda self, found, wanted: (found and found[:16]) == (wanted and wanted[:16])
    },
    "compare and set that raises no highest timestamp": {"compare_and_set": highest_as_it_was},
    "delete of no columns that is one of all": {"change": all_where_none_is_named},
    "value cut at 16 MiB": {"added": sixteen_mib_of_it},
    "key compared up to its last byte but one": {"same": lambda self, kept, key: kept[:32_766] == key[:32_766]},
    "mutations by their keys": {"apply": by_key},
    "deletes of a call before its puts": {"apply": deletes_first},
    "delete that leaves what is older than three": {
        "left": lambda self, versions, until: versions[3:] if until is None else Right.left(self, versions, until)
    },
    "get before 0 that is of all": {
        "get": lambda self, *asked, before=None, **more: Right.get(self, *asked, before=before or None, **more)
    },
    "scan before 0 that is of all": {
        "scan": lambda self, *asked, before=None, **more: Right.scan(self, *asked, before=before or None, **more)
    },
    "record of another case": {"__init__": with_records(get=lambda self, key: Records.get(self, key.lower()))},
    "limit ignored in a scan of one instant in parts": {
        "scan": forgotten("limit", where=lambda span, more: more.get("snapshot") and more.get("cells"))
    },
    "limit ignored in a scan of one instant in reverse": {
        "scan": forgotten("limit", where=lambda span, more: more.get("snapshot") and span.reverse)
    },
    "before ignored in a scan of one instant in parts": {
        "scan": forgotten("before", where=lambda span, more: more.get("snapshot") and more.get("cells"))
    },
    "limit ignored in parts in reverse": {
        "scan": forgotten("limit", where=lambda span, more: more.get("cells") and span.reverse)
    },
    "before ignored from the second batch on": {
        "scan": later_batches(lambda projection, more: (projection, {**more, "before": None}))
    },
    "timestamps forgotten from the second batch on": {
        "scan": later_batches(lambda projection, more: (projection, {**more, "timestamps": False}))
    },
    "columns that leak from the second batch on": {
        "scan": later_batches(lambda projection, more: (whole(projection), more))
    },
    "scan that ends after many rows without a cell": {"batch": given_up},
    "scan that ends where its last row was deleted": {"scan": ended_where_deleted},
    "row in parts that ends where its last column was deleted": {"names_behind": behind_where_it_lies},
    "one scan at a time": {"scan": one_at_a_time},
    "counter stamped now whatever there is": {"increment": without_the_highest("increment")},
    "compare and set stamped now whatever there is": {"compare_and_set": without_the_highest("compare_and_set")},
    "compare and set that ignores timestamps": {"compare_and_set": stamped_anew},
    "row deleted by one page": {"change": deleted_of_a_page},
    "named columns deleted by one page": {"change": named_of_a_page},
    "mutations of one page": {
        "apply": lambda self, table, mutations, *, durable=True: Right.apply(self, table, mutations[:5_000])
    },
    "last mutation of each row only": {"apply": last_of_each_row},
    "put lost that need not be durable": {"apply": unless_durable("apply")},
    "compare and set lost that need not be durable": {"compare_and_set": unless_durable("compare_and_set")},
    "five versions at most": {
        "added": lambda self, versions, version, keep: Right.added(self, versions, version, min(keep, 5))
    },
    "time to live of 31 bits": {"lives": lives_31_bits},
    "highest timestamp forgotten when opened again": {"reopen": highest_forgotten},
    "sweep of one page": {"sweep": swept_of_a_page},
    "64 families at once": {"create_families": lambda self, families: Right.create_families(self, families[:64])},
    "names run together": {"find": run_together},
    "delete up to 0 does nothing": {
        "left": lambda self, versions, until: versions if until == 0 else Right.left(self, versions, until)
    },
    "records of one page": {
        "__init__": with_records(items=lambda self, prefix: dict(islice(Records.items(self, prefix).items(), 1_000)))
    },
    "record cut at 64 KiB": {
        "__init__": with_records(
            compare_and_set=lambda self, key, old, new: Records.compare_and_set(self, key, old, new and new[:65_536])
        )
    },
}
