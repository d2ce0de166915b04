"""Who has which connection: one thread at a time, and none after anything went wrong on it."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from typing import Final, TypeVar

from cfacl.errors import Closed
from cfacl.stores.hbase.client import Client
from cfacl.stores.hbase.definitions import AlreadyExists, IllegalArgument, ServerError

__all__ = ["ANSWERS", "Pool"]

T = TypeVar("T")

#: What the server itself says, so that the connection is as good as before.
ANSWERS: Final[tuple[type[Exception], ...]] = (ServerError, IllegalArgument, AlreadyExists)
#: How many connections are kept that nobody uses.
_KEPT: Final = 16


class Pool:
    """Open connections to one gateway, as many as are in use at once and a few more."""

    def __init__(self, connect: Callable[[], Client]) -> None:
        self._connect = connect
        self._idle: list[Client] = []
        # One that a thread may take twice: a scan that is collected gives its connection back wherever that happens.
        self._lock = threading.RLock()
        self._closed: str | None = None
        self.abandoned = False
        #: how many were opened, and how many of these were thrown away
        self.opened = 0
        self.discarded = 0
        _pools.add(self)

    def confirm_open(self) -> None:
        """Raise `Closed` after `close` or `abandon`."""
        if self._closed is not None:
            raise Closed(self._closed)

    def use(self, calls: Callable[[Client], T]) -> T:
        """Make some calls on a connection, which is kept unless anything but an answer of the server's went wrong."""
        client = self.take()
        try:
            found = calls(client)
        except ANSWERS:
            self.give(client)
            raise
        except BaseException:
            self.discard(client)
            raise
        self.give(client)
        return found

    def take(self) -> Client:
        """Return a connection that is the caller's until it is given back or discarded.

        Raises:
            Closed: the store was closed, or belongs to the parent process.
        """
        while True:
            with self._lock:
                self.confirm_open()
                client = self._idle.pop() if self._idle else None
            if client is None:
                client = self._connect()
                with self._lock:
                    self.opened += 1
                return client
            if client.is_fresh():
                return client
            self.discard(client)

    def give(self, client: Client) -> None:
        """Take a connection back, all of whose answers were read."""
        with self._lock:
            keep = self._closed is None and len(self._idle) < _KEPT
            if keep:
                self._idle.append(client)
        if not keep:
            self.discard(client)

    def discard(self, client: Client) -> None:
        """Throw a connection away, with whatever is still on its way; one of a parent process is only let go."""
        with self._lock:
            self.discarded += 1
        if self.abandoned:
            client.let_go()
        else:
            client.close()

    def refresh(self) -> None:
        """Throw all idle connections away; the next calls open new ones."""
        with self._lock:
            self.confirm_open()
            idle, self._idle = self._idle, []
        for each in idle:
            self.discard(each)

    def close(self) -> None:
        """Close what is idle now, and each other when it comes back."""
        with self._lock:
            if self._closed is None:
                self._closed = "the store is closed; open it again"
            idle, self._idle = self._idle, []
        for each in idle:
            self.discard(each)

    def abandon(self) -> None:
        """Let go of everything in a forked child, without a byte to the server, whom the parent goes on talking to."""
        self._lock = threading.RLock()  # a thread of the parent may hold the other one for ever
        self.abandoned = True
        self._closed = "the store was opened by the parent of this process; open it after the fork"
        idle, self._idle = self._idle, []
        for each in idle:
            self.discard(each)


#: What a forked child has to let go of, whoever opened it.
_pools: weakref.WeakSet[Pool] = weakref.WeakSet()


def _after_fork() -> None:
    for each in list(_pools):
        each.abandon()


os.register_at_fork(after_in_child=_after_fork)
