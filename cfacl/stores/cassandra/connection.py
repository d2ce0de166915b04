"""The driver's connection, mended: it keeps what comes in pieces, or goes in many, and sees what ends within an answer, or is damaged."""

from __future__ import annotations

import io
import socket
from typing import Any, Final

from cassandra.connection import ConnectionBusy
from cassandra.io.libevreactor import LibevConnection

__all__ = ["WholeConnection"]

#: So many bytes wait for a node that takes no more; what comes then is for another node, or fails.
_WAITING: Final = 32 << 20


class WholeConnection(LibevConnection):  # type: ignore[misc]  # the driver has no types
    """A connection on libev's reactor."""

    @property
    def _socket_writable(self) -> bool:
        """Whether what is sent may wait its turn: the driver would refuse it as soon as the socket is full for a moment."""
        waiting: int = len(self.deque) * self.out_buffer_size
        return waiting < _WAITING

    @_socket_writable.setter
    def _socket_writable(self, writable: bool) -> None:
        pass

    def send_msg(self, msg: Any, request_id: int, *given: Any, **named: Any) -> Any:
        """Send a message, or have it wait."""
        try:
            return super().send_msg(msg, request_id, *given, **named)
        except ConnectionBusy:  # then the driver forgets its number, until none is left
            with self.lock:
                self.in_flight -= 1
                self.request_ids.append(request_id)
            raise

    def _process_segment_buffer(self) -> None:
        super()._process_segment_buffer()
        buffer = self._io_buffer
        if self.is_defunct:
            # Behind a wrong checksum the driver would try all that is left, six bytes at a time, and hold the reactor up.
            buffer.io_buffer.seek(0, io.SEEK_END)
            buffer._segment_consumed = False  # noqa: SLF001  # it says so in no other way
        elif not buffer.has_consumed_segment:
            # Where less than a segment's head has come, the driver goes on behind it, and reads the next bytes as another.
            buffer.io_buffer.seek(0)

    def handle_read(self, watcher: Any, revents: int, errno: int | None = None) -> None:
        """Take what has come."""
        super().handle_read(watcher, revents, errno)
        # While it holds a part of an answer, the driver takes the end for no news: requests wait for their time to be
        # over, and the reactor asks again and again.
        if not self.is_closed and self._io_buffer.readable_io_bytes() and self._has_ended():
            self.close()

    def _has_ended(self) -> bool:
        try:
            # Beneath TLS, which takes no flags, too.
            return not socket.socket.recv(self._socket, 1, socket.MSG_PEEK)
        except OSError:
            return False
