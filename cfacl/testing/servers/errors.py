"""What keeps a server from running."""

from __future__ import annotations

__all__ = ["Missing", "ServerError"]


class ServerError(Exception):
    """A server did not start, or did not do what it was told; the message says what to do next."""


class Missing(ServerError):
    """This machine lacks what the server runs on; the message says what to install."""
