"""Runs a program of somebody else's, such as Maven, which can't watch a leash as `Leash.java` does for our own.

The file is a program too, which is told a leash and a command, and ends the command, and whatever that started, as soon as
nobody owns the leash.  It knows nothing of cfacl, so that it starts soon.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Thread
from typing import IO

__all__ = ["watched"]


def watched(leash: Path, command: Sequence[str], output: IO[bytes]) -> int:
    """Run a command on a leash that this process holds, and return its exit code; what it says goes to ``output``.

    Where this is interrupted, letting go of the leash ends the command.
    """
    program = [sys.executable, "-I", "-S", __file__, str(leash), *command]
    # Not of our session: Ctrl-C is for the owner, who then lets go.
    started = subprocess.Popen(  # noqa: S603  # the caller's own
        program, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
    )
    return started.wait()


def _main(leash: str, *command: str) -> int:
    # As in `locks.Leash`: the first byte is its owner's, and the second of those that are on it.
    file = os.open(leash, os.O_RDWR | os.O_CLOEXEC)
    fcntl.lockf(file, fcntl.LOCK_SH, 1, 1)
    started = subprocess.Popen(command, start_new_session=True)  # noqa: S603  # the owner's own

    def watch() -> None:
        fcntl.lockf(file, fcntl.LOCK_SH, 1, 0)
        os.killpg(started.pid, signal.SIGKILL)

    Thread(target=watch, daemon=True).start()
    return started.wait()


if __name__ == "__main__":
    sys.exit(abs(_main(*sys.argv[1:])))
