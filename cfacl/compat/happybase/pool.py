"""happybase's `ConnectionPool`: so many connections, each for one thread at a time."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from queue import Empty, LifoQueue
from typing import Any

from cfacl.compat.happybase.connection import Connection
from cfacl.compat.happybase.failures import is_failure
from cfacl.engine.pinned import Pinned

__all__ = ["ConnectionPool", "NoConnectionsAvailable"]


class NoConnectionsAvailable(RuntimeError):
    """No connection came back to the pool in time."""


class ConnectionPool(Pinned):
    """Keeps connections, which it makes at once, and the first of which it opens.

    Args:
        size: how many.
        kwargs: as `Connection` has them; ``autoconnect`` is the pool's own.

    Raises:
        TypeError: ``size`` is no int.
        ValueError: it is not above 0.
    """

    def __init__(self, size: int, **kwargs: Any) -> None:
        if not isinstance(size, int):
            raise TypeError(f"`size` is an int, not {type(size).__name__}")
        if size < 1:
            raise ValueError("`size` is above 0")
        self._free: LifoQueue[Connection] = LifoQueue(size)
        self._here = threading.local()
        for _ in range(size):
            self._free.put(Connection(**{**kwargs, "autoconnect": False}))
        with self.connection():
            pass

    @contextmanager
    def connection(self, timeout: float | None = None) -> Generator[Connection, None, None]:
        """Lend a connection to a block; a block in it, in the same thread, has the same one.

        After a failure of the store, or of the way to it, the next block has it afresh.

        Args:
            timeout: for how many seconds to wait; ``None`` for ever.

        Raises:
            NoConnectionsAvailable: none came back in time.
        """
        outer: Connection | None = getattr(self._here, "connection", None)
        if outer is not None:
            with _healed(outer):
                yield outer
            return
        try:
            connection = self._free.get(timeout=timeout)
        except Empty:
            raise NoConnectionsAvailable(
                "no connection came back to the pool in time; end blocks sooner, or make it larger"
            ) from None
        self._here.connection = connection
        try:
            with _healed(connection):
                yield connection
        finally:
            del self._here.connection
            self._free.put(connection)


@contextmanager
def _healed(connection: Connection) -> Generator[None, None, None]:
    """Open a connection for a block, and once more, afresh, where that failed."""
    connection.open()
    try:
        yield
    except Exception as error:
        if is_failure(error):
            connection._refresh_thrift_client()
            connection.open()
        raise
