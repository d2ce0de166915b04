"""Bugs, each of them one step of `NaiveStore` got wrong.  The suite has to catch every one."""

from __future__ import annotations

import time
from contextlib import contextmanager
from itertools import islice

from naive import NaiveStore, Records
from rare_bugs import RARE

from cfacl.model.projection import Slice, StoredFamily
from cfacl.model.request import Delete, Put
from cfacl.stores.base import Swept, SystemTable

Right = NaiveStore


@contextmanager
def unlocked(self):
    with self.entered():
        pass
    yield


def yielding(self):
    time.sleep(0)  # let another thread in


def all_families(self, table, projection):
    level = projection.slices[0].family.level
    return [Slice(StoredFamily(*place, level)) for place in sorted(self.held) if place[0] == table]


def found_or_made(self, table, family):
    self.highest.setdefault(self.place(table, family), 0)
    return self.held.setdefault(self.place(table, family), {})


def only_the_first_is_checked(self, table, mutations):
    Right.check(self, table, mutations[:1])


def one_row_for_all(self, rows):
    known = self.__dict__.setdefault("known", {})
    return [(key, known.setdefault((key, tuple(cells.items())), cells)) for key, cells in rows]


def marked(self, table, key, change):
    marks = self.__dict__.setdefault("marks", {})
    place = self.place(table, change.family)
    if isinstance(change, Delete):
        marks[place, key] = self.now() if change.timestamp is None else change.timestamp
    elif change.timestamp is not None and change.timestamp <= marks.get((place, key), -1):
        return
    Right.change(self, table, key, change)


def first_deletes(self, changes):
    return sorted(changes, key=lambda each: isinstance(each, Put))


def buffered(self, table, mutations, *, durable=True):
    """Answers what it was told, and keeps it nowhere."""
    Right.apply(self, table, mutations)
    self.aside = {place: dict(cells) for place, cells in self.held.items()}
    for cells in self.held.values():
        cells.clear()


def from_the_buffer(self, table, family):
    found = Right.find(self, table, family)
    return {**getattr(self, "aside", {}).get(self.place(table, family), {}), **found}


def hidden(self, held, name, versions):
    """Says that what is deleted is gone, and keeps it."""
    held[name] = versions or [(value, -stamp - 1) for value, stamp in held.get(name, [])]


def hidden_ones_left_out(self, versions, family, before):
    return Right.seen(self, [each for each in versions if each[1] >= 0], family, before)


def read_at_once(self, *arguments, **more):
    return iter(list(Right.scan(self, *arguments, **more)))


def told_late(self, *arguments, **more):
    yield from Right.scan(self, *arguments, **more)


def frozen_late(self, *arguments, snapshot=False, **more):
    return told_late(self, *arguments, snapshot=True, **more) if snapshot else Right.scan(self, *arguments, **more)


def seen_again(self, table, projection, span, **more):
    batches = Right.scan(self, table, projection, span, **more)

    def rows():
        for batch in batches:
            yield batch
            key, row = batch[-1]
            for _, now in Right.get(self, table, [key], projection, before=more.get("before")):
                if grown := {name: value for name, value in now.items() if name > max(row)}:
                    yield [(key, grown)]

    return batches if more.get("cells") or more.get("snapshot") else rows()


@contextmanager
def undropped(self, frozen):
    now = self.held
    self.held = now if frozen is None else frozen
    yield
    self.held = now


def torn(self, table, mutations, *, durable=True):
    """Each mutation by itself."""
    self.check(table, mutations)
    for each in mutations:
        Right.apply(self, table, [each])
        time.sleep(0)


@contextmanager
def silent(self):
    with self.lock:
        yield


def set_aside(self, place):
    self.__dict__.setdefault("old", {})[place] = self.held.pop(place, {})


def brought_back(self, table, families):
    Right.create_table(self, table, families)
    for each in families:
        place = self.place(table, each)
        self.held[place] = self.__dict__.get("old", {}).pop(place, self.held[place])


def folded(self, table, family):
    return table.lower(), family.name.lower(), family.identity


def scan_of_a_page(self, *arguments, **more):
    def rows(batches, left=1_000):
        for batch in batches:
            if left > 0:
                yield batch[:left]
            left -= len(batch)

    return rows(Right.scan(self, *arguments, **more))


def keys_of_a_page(self, table, keys, projection, **more):
    return Right.get(self, table, keys[:1_000], projection, **more)


def columns_of_a_page(self, *arguments):
    return dict(islice(Right.row(self, *arguments).items(), 1_000))


def names_of_a_page(self, qualifier, each):
    return each.qualifiers is None or qualifier in each.qualifiers[:1_000]


def floating(timestamp):
    """A time that went through a float, as JSON and some drivers have it; too large a one stays as large as it may be."""
    return None if timestamp is None else min(int(float(timestamp)), (1 << 63) - 1)


def first_table_only(self, families):
    if families:
        self.create_table(families[0].table, [each for each in families if each.table == families[0].table])


def first_family_only(self, families):
    for each in families[:1]:
        self.create_table(each.table, [each])


def dropped_everywhere(self, table, families):
    with self.entered():
        names = {(each.name, each.identity) for each in families}
        for place in [each for each in self.held if each[1:] in names]:
            self.forget(place)


def highest_of_what_is_there(self, place, timestamp):
    newest = max((versions[0][1] for versions in self.held[place].values()), default=0)
    return max(self.now(), newest) if timestamp is None else timestamp


def highest_of_what_was_swept(self, family):
    yield from Right.sweep(self, family)
    if not self.find(family.table, family):
        self.highest[self.place(family.table, family)] = 0


def counted_in_place(self, table, key, family, qualifier, amount, *, durable=True):
    with self.entered():
        total = Right.increment(self, table, key, family, qualifier, amount)
        del self.find(table, family)[key, qualifier][1:]
        return total


def with_records(changed):
    """A system table that makes several changes in another way."""
    kind = type("Changed", (Records,), {"compare_and_set_all": changed})

    def made(self, clock):
        Right.__init__(self, clock)
        self.system = kind(self)

    return made


def on_after_a_mismatch(self, changes):
    made = [self.compare_and_set(key, *change) for key, change in changes.items()]
    return all(made)


def one_after_the_other(self, changes):
    """All at once where it looks, and not where it writes."""
    with self.store.lock:
        if any(self.get(key) != expected for key, (expected, _) in changes.items()):
            return False
    return on_after_a_mismatch(self, changes)


def swept_as_it_was(self, family, between=lambda: None):
    """Leaves what was there to be left when it looked, whatever came since."""
    if family.time_to_live is not None:
        with self.entered():
            held = self.find(family.table, family)
            left = {name: [each for each in kept if self.lives(each[1], family)] for name, kept in held.items()}
            over = {name: len(held[name]) - len(kept) for name, kept in left.items() if kept != held[name]}
            looked = sum(map(len, held.values()))
        between()
        yield Swept(family.table, family.name, looked, 0)
        with self.entered():
            for name in over:
                self.keep(held, name, left[name])
        yield Swept(family.table, family.name, 0, sum(over.values()))


def swept_under_threads(self, family):
    yield from list(swept_as_it_was(self, family, lambda: time.sleep(0.0001)))


def swept_clean(self, family):
    steps = list(Right.sweep(self, family))
    for cells in self.held.values():
        cells.clear()
    yield from steps


BUGS = {
    "lost delete": {"left": lambda self, versions, until: versions},
    "delete that leaves older versions": {"left": lambda self, versions, until: versions[1:]},
    "delete up to a time, that time excluded": {
        "left": lambda self, versions, until: [e for e in versions if until is not None and e[1] >= until]
    },
    "delete that takes what is newer": {"left": lambda self, versions, until: []},
    "delete that leaves a marker": {"change": marked},
    "delete that only hides": {"keep": hidden, "seen": hidden_ones_left_out},
    "put that is kept nowhere": {"apply": buffered, "find": from_the_buffer},
    "stop included": {"within": lambda self, key, span: Right.within(self, key, span) or key == span.upper},
    "start excluded": {"within": lambda self, key, span: Right.within(self, key, span) and key != span.lower},
    "bytes above 0x7F first": {
        "order": lambda self, keys, reverse: sorted(keys, key=lambda k: [(b + 128) % 256 for b in k], reverse=reverse)
    },
    "shorter keys first": {
        "order": lambda self, keys, reverse: sorted(keys, key=lambda k: (len(k), k), reverse=reverse)
    },
    "reverse forgotten": {"order": lambda self, keys, reverse: sorted(keys)},
    "NUL at the end of a key forgotten": {"same": lambda self, kept, key: kept.rstrip(b"\0") == key.rstrip(b"\0")},
    "key taken for a prefix": {"same": lambda self, kept, key: kept.startswith(key)},
    "columns in reverse": {"order_of_columns": lambda self, qualifiers: sorted(qualifiers, reverse=True)},
    "columns as they came": {"order_of_columns": lambda self, qualifiers: list(qualifiers)},
    "leaking family": {"slices": all_families},
    "leaking column": {"wanted": lambda self, qualifier, each: True},
    "first column only": {"wanted": lambda self, qualifier, each: qualifier in (each.qualifiers or [qualifier])[:1]},
    "empty qualifier is all": {
        "wanted": lambda self, q, each: not each.qualifiers or b"" in each.qualifiers or q in each.qualifiers
    },
    "limit that counts what is hidden or expired": {
        "batch": lambda self, rows, size: [e for e in islice(rows, size) if e[1]]
    },
    "rows without cells": {"batch": lambda self, rows, size: list(islice(rows, size))},
    "batch too long": {"batch": lambda self, rows, size: Right.batch(self, rows, size + 1)},
    "empty batch at the end": {"last_batch": lambda self, rows: [rows]},
    "last batch lost": {"last_batch": lambda self, rows: []},
    "whole scan read at once": {"scan": read_at_once},
    "scan that tells nothing before its first row": {"scan": told_late},
    "row seen again where it grew": {"scan": seen_again},
    "part too long": {"parts": lambda self, rows, cells, behind: Right.parts(self, rows, cells + 1, behind)},
    "part that begins with the last of the one before": {
        "names_behind": lambda self, names, last: names[max(0, names.index(last)) :] if last in names else names
    },
    "row in parts given whole": {"parts": lambda self, rows, cells, behind: (e for e in rows if e[0] != behind[0])},
    "columns behind a part in the order of bytes": {
        "names_behind": lambda self, names, last: [name for name in names if name > last]
    },
    "scan of one instant that sees what came later": {"freeze": lambda self: self.held},
    "scan of one instant that begins with its first row": {"scan": frozen_late},
    "scan of one instant that outlives its family": {"seeing": undropped},
    "expired cell returned": {"lives": lambda self, timestamp, family: True},
    "cell that lives a millisecond too long": {
        "lives": lambda self, stamp, family: family.time_to_live is None or stamp + family.time_to_live >= self.now()
    },
    "timestamp in seconds": {"now": lambda self: self.clock() // 1_000_000_000},
    "timestamp in microseconds": {"now": lambda self: self.clock() // 1_000},
    "timestamp rounded up": {"now": lambda self: round(self.clock() / 1_000_000)},
    "version too many": {"added": lambda self, versions, version, keep: Right.added(self, versions, version, keep + 1)},
    "version too few": {
        "added": lambda self, versions, version, keep: Right.added(self, versions, version, max(1, keep - 1))
    },
    "versions of one time both kept": {
        "added": lambda self, versions, version, keep: sorted([version, *versions], key=lambda e: -e[1])[:keep]
    },
    "older put wins": {"added": lambda self, versions, version, keep: [version, *versions][:keep]},
    "older put lost where several are kept": {
        "added": lambda self, versions, version, keep: (
            versions if versions and version[1] < versions[0][1] else Right.added(self, versions, version, keep)
        )
    },
    "before included": {"is_before": lambda self, timestamp, before: timestamp <= before},
    "before ignored": {"is_before": lambda self, timestamp, before: True},
    "plain put stamped now whatever there is": {
        "stamp": lambda self, place, timestamp: self.now() if timestamp is None else timestamp
    },
    "highest timestamp of all families": {
        "stamp": lambda self, place, timestamp: (
            max(self.now(), *self.highest.values()) if timestamp is None else timestamp
        )
    },
    "explicit timestamp ignored": {"stamp": lambda self, place, timestamp: Right.stamp(self, place, None)},
    "counter not atomic": {"locked_count": unlocked, "pause": yielding},
    "counter of 32 bits": {"count": lambda self, total: (total + (1 << 31)) % (1 << 32) - (1 << 31)},
    "counter that goes round": {"count": lambda self, total: (total + (1 << 63)) % (1 << 64) - (1 << 63)},
    "compare and set that ignores None": {"holds": lambda self, found, expected: expected is None or found == expected},
    "compare and set to which an empty value is none": {
        "holds": lambda self, found, expected: (found or None) == (expected or None)
    },
    "compare and set by the first condition": {"conditions": lambda self, conditions: conditions[:1]},
    "compare and set by the last condition of a cell": {
        "conditions": lambda self, conditions: list({each[:2]: each for each in conditions}.values())
    },
    "compare and set not atomic": {"locked_compare": unlocked, "pause": yielding},
    "record replaced not atomically": {"locked_records": unlocked, "pause": yielding},
    "record by any part of its key": {"below": lambda self, key, prefix: prefix in key},
    "drop that keeps cells under the same name": {"forget": set_aside, "create_table": brought_back},
    "drop that does nothing": {"forget": lambda self, place: None},
    "identity ignored": {"place": lambda self, table, family: (table, family.name, 1)},
    "names folded": {"place": folded},
    "table ignored": {"place": lambda self, table, family: ("account", family.name, family.identity)},
    "missing family created on the fly": {"find": found_or_made},
    "deletes before puts": {"in_order": first_deletes},
    "changes from last to first": {"in_order": lambda self, changes: reversed(changes)},
    "answer shared between calls": {"answer": one_row_for_all},
    "keys answered once": {"answer": lambda self, rows: list(dict(rows).items())},
    "tables of the system told": {"tables": lambda self: {**Right.tables(self), "system": frozenset({("records", 0)})}},
    "tables told by one family": {
        "tables": lambda self: {table: frozenset(list(each)[:1]) for table, each in Right.tables(self).items()}
    },
    "closed store still answers": dict.fromkeys(
        ["entered", "locked_read", "locked_write", "locked_count", "locked_compare", "locked_records"], silent
    ),
    "half a call applied on a failure": {"check": only_the_first_is_checked},
    "call seen half done": {"apply": torn},
    "sweep of what lives": {"sweep": swept_clean},
    "sweep of what was written between its steps": {"sweep": swept_as_it_was},
    "sweep of what was written by another thread": {"sweep": swept_under_threads},
    "highest timestamp of what is there": {"stamp": highest_of_what_is_there},
    "highest timestamp swept away": {"sweep": highest_of_what_was_swept},
    "scan of one page": {"scan": scan_of_a_page},
    "keys of one page": {"get": keys_of_a_page},
    "columns of one page": {"row": columns_of_a_page},
    "named columns of one page": {"wanted": names_of_a_page},
    "timestamp through a float": {"stamp": lambda self, place, stamp: Right.stamp(self, place, floating(stamp))},
    "before through a float": {"is_before": lambda self, timestamp, before: timestamp < floating(before)},
    "delete up to a float": {"left": lambda self, versions, until: Right.left(self, versions, floating(until))},
    "families of the first table only": {"create_families": first_table_only},
    "first family only": {"create_families": first_family_only},
    "drop in all tables": {"drop_table": dropped_everywhere},
    "counter that forgets what it was": {"increment": counted_in_place},
    "records not replaced, and said to be": {"__init__": with_records(lambda self, changes: True)},
    "records replaced behind a mismatch": {"__init__": with_records(on_after_a_mismatch)},
    "records replaced up to a mismatch": {"__init__": with_records(SystemTable.compare_and_set_all)},
    "records replaced one after the other": {"__init__": with_records(one_after_the_other), "pause": yielding},
}

BUGS |= RARE
