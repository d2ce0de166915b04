"""Ports that nobody listens on yet."""

from __future__ import annotations

import random
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final

__all__ = ["HOST", "free", "is_free"]

HOST: Final = "127.0.0.1"
#: Below those that systems hand out to outgoing connections, which would take them between two starts.
_RANGE: Final = range(20_000, 32_000)


def free(count: int, hosts: Sequence[str] = (HOST,)) -> list[int]:
    """Return so many ports of loopback addresses, all different; somebody may take them before they are used."""
    with ExitStack() as held:
        found: list[int] = []
        while len(found) < count:
            # No seed: processes that start at once must not choose the same.
            port = random.choice(_RANGE)  # noqa: S311  # a place to listen is no secret
            try:
                for host in hosts:
                    held.enter_context(socket.socket()).bind((host, port))
            except OSError:
                continue
            found.append(port)
        return found


def is_free(port: int, host: str = HOST) -> bool:
    """Whether one can listen there."""
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: who left a moment ago is no matter
        try:
            tried.bind((host, port))
        except OSError:
            return False
        return True
