"""What stands for happybase's Thrift transport: it is open or not, and leads nowhere."""

from __future__ import annotations

__all__ = ["Transport"]


class Transport:
    """A connection's switch; the database has connections of its own, and keeps them."""

    def __init__(self) -> None:
        self._is_open = False

    def is_open(self) -> bool:
        """Return whether the connection may be used."""
        return self._is_open

    def open(self) -> None:
        """Let the connection be used."""
        self._is_open = True

    def close(self) -> None:
        """Refuse everything that is asked through the connection, until it is opened again."""
        self._is_open = False
