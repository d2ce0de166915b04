"""What a forked child is kept from.

RocksDB's threads are not there in a child, and it does not know.  So in the child of a process
that ever opened a database, freeing an object of the driver, opening any database, or the
library's own clean-up when the process ends would hang or crash.
"""

from __future__ import annotations

import ctypes
import os
import weakref
from typing import Protocol

from cfacl.errors import StoreUnavailable

__all__ = ["keep_for_good", "process"]


class _Abandoned(Protocol):
    def abandon(self) -> None: ...


class _Process:
    """This process: whether it may open a database, and what is open."""

    def __init__(self) -> None:
        self._opened = False
        self._child = False
        self._stores: weakref.WeakSet[_Abandoned] = weakref.WeakSet()

    def opening(self) -> None:
        """Note that a database is about to be opened.

        Raises:
            StoreUnavailable: the driver would not work in this process.
        """
        if self._child:
            raise StoreUnavailable(
                "this process was forked from one that had opened a store; open only after the fork, or spawn it"
            )
        self._opened = True

    def opened(self, store: _Abandoned) -> None:
        """Note what a child must let go of."""
        self._stores.add(store)

    def after_fork(self) -> None:
        """Be the child of a process; nothing is to be done if that never opened a database."""
        if self._opened:
            self._child = True
            for each in list(self._stores):
                each.abandon()
            _end_at_once()


def keep_for_good(thing: object) -> None:
    """Never free ``thing``, nor what it refers to, not even when the process ends."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


def _end_at_once() -> None:
    """Have `exit` flush the streams and end, instead of going on to the handlers that libraries left before the fork.

    RocksDB has one that joins threads which are not there.  Python has long finished by then, and the exit status
    is kept.  Where the C library has no ``on_exit`` (it is glibc's), a child has to end by `os._exit`, as those of
    `multiprocessing` do.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "on_exit"):
        library["on_exit"](library["_exit"], None)
        library["__cxa_atexit"](library["fflush"], None, None)


process = _Process()
os.register_at_fork(after_in_child=process.after_fork)
