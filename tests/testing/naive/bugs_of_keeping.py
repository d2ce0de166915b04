"""Bugs of a store that is kept in a file; the suite has to catch every one."""

from __future__ import annotations

import pickle
from contextlib import contextmanager

from naive import KeptStore, NaiveStore

from cfacl.stores.base import Copied

Right = NaiveStore


@contextmanager
def unsaved(self):
    """Whatever changes in here is not written."""
    with self.entered():
        self.save = lambda: None
        try:
            yield
        finally:
            del self.save


def in_memory(name):
    """A call that changes what is in memory alone."""

    def call(self, *arguments, **more):
        with unsaved(self):
            return getattr(Right, name)(self, *arguments, **more)

    return call


def in_memory_unless_durable(self, table, mutations, *, durable=True):
    (Right.apply if durable else in_memory("apply"))(self, table, mutations)


def kept_when_closed(self):
    if not self.why_closed:
        KeptStore.save(self)
    Right.close(self)


def backed_up(content, told=len):
    """A backup of what a store makes of itself, and what it says of that."""

    def back_up(self, target):
        with self.entered():
            made = content(self)
        target.mkdir()
        (target / self.path.name).write_bytes(made)
        yield Copied(told(made), told(made))

    return back_up


def without_records(self):
    return pickle.dumps((self.held, self.highest, {}))


def backed_up_by_family(self, target):
    held = {}
    for place in list(self.held):
        with self.entered():
            held[place] = dict(self.held[place])
            content = pickle.dumps((held, self.highest, self.system.kept))
        yield Copied(len(content), len(content))
    target.mkdir()
    (target / self.path.name).write_bytes(content)


BUGS_OF_KEEPING = {
    "nothing kept before it is closed": {"save": lambda self: None, "close": kept_when_closed},
    "nothing kept that need not be durable": {"apply": in_memory_unless_durable},
    "nothing kept by a flush": {"apply": in_memory_unless_durable, "flush": in_memory("flush")},
    "counter not kept": {"increment": in_memory("increment")},
    "record not kept": {"locked_records": unsaved},
    "family not kept": {"create_table": in_memory("create_table")},
    "dropped family kept": {"drop_table": in_memory("drop_table")},
    "highest timestamp not kept": {
        "content": lambda self: pickle.dumps((self.held, dict.fromkeys(self.held, 0), self.system.kept))
    },
    "backup of one empty file": {"back_up": backed_up(lambda self: b"")},
    "backup that says it is more than that": {"back_up": backed_up(lambda self: b"", lambda made: 1 << 20)},
    "backup without records": {"back_up": backed_up(without_records)},
    "backup of several instants": {"back_up": backed_up_by_family},
}
