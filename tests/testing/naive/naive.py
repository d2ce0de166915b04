"""A store of a few small steps, each of which can be got wrong by itself: see `bugs`.

Everything is in dicts under one lock; every read looks at every cell.
"""

from __future__ import annotations

import pickle
import threading
from contextlib import contextmanager

from cfacl.errors import Closed, InvalidValue, RequestError, SchemaMissing, Unsupported
from cfacl.model.request import Delete
from cfacl.stores.base import Capabilities, Copied, Store, Swept, SystemTable


class Records(SystemTable):
    def __init__(self, store):
        self.store = store
        self.kept = {}

    def get(self, key):
        with self.store.entered():
            return self.kept.get(key)

    def items(self, prefix):
        with self.store.entered():
            return {key: self.kept[key] for key in sorted(self.kept) if self.store.below(key, prefix)}

    def compare_and_set(self, key, expected, value):
        return Records.compare_and_set_all(self, {key: (expected, value)})

    def compare_and_set_all(self, changes):
        with self.store.locked_records():
            if any(self.kept.get(key) != expected for key, (expected, _) in changes.items()):
                return False
            self.store.pause()
            for key, (_, value) in changes.items():
                self.kept[key] = value
                if value is None:
                    del self.kept[key]
            self.store.save()
            return True


class NaiveStore(Store):
    scheme = "naive"

    def __init__(self, clock):
        self.clock = clock
        self.lock = threading.RLock()
        self.why_closed = None
        self.held = {}  # by place: {(key, qualifier): [(value, timestamp), ...], newest first}
        self.highest = {}  # by place: the highest timestamp accepted
        self.system = Records(self)

    # ------------------------------------------------------------------------------------- what can be got wrong

    def now(self):
        return self.clock() // 1_000_000

    @contextmanager
    def entered(self):
        with self.lock:
            if self.why_closed:
                raise Closed(self.why_closed)
            yield

    locked_write = locked_count = locked_compare = locked_read = locked_records = entered

    def pause(self):
        """Between a look and a change."""

    def save(self):
        """Behind a change."""

    def place(self, table, family):
        return table, family.name, family.identity

    def find(self, table, family):
        try:
            return self.held[self.place(table, family)]
        except KeyError:
            raise SchemaMissing(f"the store lacks family `{family.name}` of table `{table}`") from None

    def same(self, kept, key):
        return kept == key

    def within(self, key, span):
        return (span.lower is None or span.lower <= key) and (span.upper is None or key < span.upper)

    def order(self, keys, reverse):
        return sorted(keys, reverse=reverse)

    def order_of_columns(self, qualifiers):
        return sorted(qualifiers)

    def wanted(self, qualifier, each):
        return each.qualifiers is None or qualifier in each.qualifiers

    def slices(self, table, projection):
        return projection.slices

    def is_before(self, timestamp, before):
        return timestamp < before

    def lives(self, timestamp, family):
        return family.time_to_live is None or timestamp + family.time_to_live > self.now()

    def seen(self, versions, family, before):
        """The versions of a cell that a read may return, newest first."""
        return [
            (value, timestamp)
            for value, timestamp in versions[: family.versions]
            if (before is None or self.is_before(timestamp, before)) and self.lives(timestamp, family)
        ]

    def stamp(self, place, timestamp):
        return max(self.now(), self.highest[place]) if timestamp is None else timestamp

    def added(self, versions, version, keep):
        """The versions of a cell after a put."""
        others = [each for each in versions if each[1] != version[1]]
        return sorted([version, *others], key=lambda each: -each[1])[:keep]

    def left(self, versions, until):
        """The versions of a cell after a delete."""
        return [each for each in versions if until is not None and each[1] > until]

    def in_order(self, changes):
        return changes

    def count(self, total):
        if not -(1 << 63) <= total < 1 << 63:
            raise InvalidValue("a counter is of 64 bits")
        return total

    def holds(self, found, expected):
        return found == expected

    def batch(self, rows, size):
        """The first of the rows, each a (key, cells)."""
        return [each for each in rows if each[1]][:size]

    def last_batch(self, rows):
        return [rows] if rows else []

    def answer(self, rows):
        return rows

    def below(self, key, prefix):
        return key.startswith(prefix)

    def check(self, table, mutations):
        for mutation in mutations:
            for change in mutation.changes:
                self.find(table, change.family)
                if change.timestamp is not None and not 0 <= change.timestamp < 1 << 63:
                    raise InvalidValue("a timestamp is milliseconds, from 0 to 2**63 - 1")

    def forget(self, place):
        self.held.pop(place, None)
        self.highest.pop(place, None)

    # -------------------------------------------------------------------------------------------------- the seam

    def capabilities(self, family):
        return Capabilities()

    def create_table(self, table, families):
        with self.entered():
            if any(each.identity < 1 for each in families):
                raise RequestError("an identity is at least 1")
            for each in families:
                self.held.setdefault(self.place(table, each), {})
                self.highest.setdefault(self.place(table, each), 0)
            self.save()

    def drop_table(self, table, families):
        with self.entered():
            for each in families:
                self.forget(self.place(table, each))
            self.save()

    def tables(self):
        with self.entered():
            return {
                table: frozenset((name, identity) for other, name, identity in self.held if other == table)
                for table, _, _ in self.held
            }

    def row(self, table, key, projection, before, timestamps):
        cells = {}
        for each in self.slices(table, projection):
            found = {q: kept for (k, q), kept in self.find(table, each.family).items() if self.same(k, key)}
            for qualifier in self.order_of_columns(found):
                versions = self.seen(found[qualifier], each.family, before)
                if versions and self.wanted(qualifier, each):
                    cells[each.family.prefix + qualifier] = versions[0] if timestamps else versions[0][0]
        return cells

    def get(self, table, keys, projection, *, before=None, timestamps=False):
        with self.locked_read():
            for each in projection.slices:
                self.find(table, each.family)
            rows = [(key, self.row(table, key, projection, before, timestamps)) for key in keys]
            return self.answer([each for each in rows if each[1]])

    def versions(self, table, key, family, qualifier, *, limit=None, before=None):
        if limit is not None and limit < 0:
            raise RequestError("a limit is not negative")
        with self.locked_read():
            return self.seen(self.find(table, family).get((key, qualifier), []), family, before)[:limit]

    def parts(self, rows, cells, behind):
        for key, row in rows:
            names = list(row)
            if key == behind[0]:
                names = self.names_behind(names, behind[1])
            for at in range(0, len(names), cells):
                yield key, {name: row[name] for name in names[at : at + cells]}

    def names_behind(self, names, last):
        return [name for name in names if name.partition(b":")[::2] > last.partition(b":")[::2]]

    def freeze(self):
        return {place: {name: list(cell) for name, cell in cells.items()} for place, cells in self.held.items()}

    @contextmanager
    def seeing(self, frozen):
        now = self.held
        if frozen is not None:
            self.held = {place: cells for place, cells in frozen.items() if place in now}
        try:
            yield
        finally:
            self.held = now

    def scan(
        self,
        table,
        projection,
        span,
        *,
        batch_size,
        limit=None,
        before=None,
        timestamps=False,
        cells=None,
        snapshot=False,
    ):
        if batch_size < 1 or (limit is not None and limit < 0) or (cells is not None and cells < 1):
            raise RequestError("a batch has a row, a part has a cell, and a limit is not negative")
        with self.entered():
            for each in projection.slices:
                self.find(table, each.family)
            frozen = self.freeze() if snapshot else None

        def batches(span, left, behind):
            while left is None or left > 0:
                size = batch_size if left is None else min(batch_size, left)
                with self.locked_read(), self.seeing(frozen):
                    held = [self.find(table, each.family) for each in projection.slices]
                    keys = self.order({k for each in held for k, _ in each if self.within(k, span)}, span.reverse)
                    rows = ((key, self.row(table, key, projection, before, timestamps)) for key in keys)
                    if cells is not None:
                        rows = self.parts(rows, cells, behind)
                    found = self.answer(self.batch(rows, size))
                if len(found) < size:
                    yield from self.last_batch(found)
                    return
                yield found
                last = found[-1][0]
                if cells is not None:
                    behind = last, list(found[-1][1])[-1]
                    span = span._replace(upper=last + b"\0") if span.reverse else span._replace(lower=last)
                else:
                    span = span._replace(upper=last) if span.reverse else span._replace(lower=last + b"\0")
                left = None if left is None else left - size

        return batches(span, limit, (None, None))

    def apply(self, table, mutations, *, durable=True, whole=False):
        with self.locked_write():
            self.check(table, mutations)
            for mutation in mutations:
                for change in self.in_order(mutation.changes):
                    self.change(table, mutation.key, change)
            self.save()

    def change(self, table, key, change):
        held, place = self.find(table, change.family), self.place(table, change.family)
        if isinstance(change, Delete):
            qualifiers = [q for k, q in held if self.same(k, key)] if change.qualifiers is None else change.qualifiers
            for qualifier in qualifiers:
                self.keep(held, (key, qualifier), self.left(held.get((key, qualifier), []), change.timestamp))
        elif change.values:
            stamp = self.stamp(place, change.timestamp)
            self.highest[place] = max(self.highest[place], stamp)
            for qualifier, value in change.values.items():
                versions = self.added(held.get((key, qualifier), []), (value, stamp), change.family.versions)
                self.keep(held, (key, qualifier), versions)

    def keep(self, held, name, versions):
        held[name] = versions
        if not versions:
            del held[name]

    def newest(self, table, key, family, qualifier):
        found = self.versions(table, key, family, qualifier, limit=1)
        return found[0][0] if found else None

    def conditions(self, conditions):
        return conditions

    def compare_and_set(self, table, key, conditions, mutation, *, durable=True):
        with self.locked_compare():
            for family, _, _ in conditions:
                self.find(table, family)
            self.check(table, [mutation])
            for family, qualifier, expected in self.conditions(conditions):
                if not self.holds(self.newest(table, key, family, qualifier), expected):
                    return False
            self.pause()
            self.apply(table, [mutation])
            return True

    def increment(self, table, key, family, qualifier, amount, *, durable=True):
        with self.locked_count():
            found = self.newest(table, key, family, qualifier)
            if found is not None and len(found) != 8:
                raise InvalidValue("a counter is 8 bytes")
            total = self.count(int.from_bytes(found or b"", "big", signed=True) + amount)
            self.pause()
            place = self.place(table, family)
            held, stamp = self.find(table, family), self.stamp(place, None)
            self.highest[place] = max(self.highest[place], stamp)
            value = total.to_bytes(8, "big", signed=True)
            versions = self.added(held.get((key, qualifier), []), (value, stamp), family.versions)
            self.keep(held, (key, qualifier), versions)
            self.save()
            return total

    def flush(self):
        with self.entered():
            self.save()

    def reopen(self):
        with self.entered():
            pass

    def sweep(self, family):
        if family.time_to_live is None:
            return
        with self.entered():
            held = self.find(family.table, family)
            before = sum(map(len, held.values()))
            for name, versions in list(held.items()):
                self.keep(held, name, [each for each in versions if self.lives(each[1], family)])
            after = sum(map(len, held.values()))
            self.save()
        yield Swept(family.table, family.name, before, before - after)

    def back_up(self, target):
        raise Unsupported("this store has no files")

    def close(self):
        with self.lock:
            self.why_closed = self.why_closed or "the store is closed; open it again"

    def abandon(self):
        self.why_closed = self.why_closed or "the store was opened by the parent; open it after the fork"


class KeptStore(NaiveStore):
    """One that is kept in a file, which is written anew behind every change."""

    def __init__(self, clock, path):
        super().__init__(clock)
        self.path = path
        if path.exists():
            self.held, self.highest, self.system.kept = pickle.loads(path.read_bytes())

    def content(self):
        return pickle.dumps((self.held, self.highest, self.system.kept))

    def save(self):
        self.path.write_bytes(self.content())

    def back_up(self, target):
        with self.entered():
            content = self.content()
        target.mkdir()
        (target / self.path.name).write_bytes(content)
        yield Copied(len(content), len(content))
