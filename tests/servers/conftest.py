"""What the system knows of processes and of what they listen on."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from pathlib import Path
from time import monotonic
from typing import Final

import pytest

PROC: Final = Path("/proc")


class System:
    """Asks the system, and waits for it; nothing here sleeps."""

    #: Seconds after which nobody waits any more.
    PATIENCE: Final = 60

    def jvms(self, folder: Path) -> set[int]:
        """The JVMs that were started with something of a folder."""
        found = set()
        for each in PROC.glob("[0-9]*"):
            with suppress(OSError):  # it has ended meanwhile
                program, *arguments = (each / "cmdline").read_bytes().split(b"\0")
                if program.endswith(b"java") and any(bytes(folder) in argument for argument in arguments):
                    found.add(int(each.name))
        return found

    def listens(self, pid: int) -> set[tuple[str, int]]:
        """Where a process listens: addresses as the system writes them, and ports."""
        sockets = set()
        for each in (PROC / str(pid) / "fd").iterdir():
            with suppress(OSError):  # it has been closed meanwhile
                sockets.add(str(each.readlink()))
        found = set()
        for table in ("tcp", "tcp6"):
            for line in (PROC / str(pid) / "net" / table).read_text("ascii").splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                    address, port = fields[1].split(":")
                    found.add((address, int(port, 16)))
        return found

    def end(self, pids: Iterable[int], cause: Callable[[], object]) -> bool:
        """Whether all of these processes end because of something that is done now."""
        with ExitStack() as opened:
            left = set()
            for each in pids:
                left.add(os.pidfd_open(each))
                opened.callback(os.close, max(left))
            cause()
            until = monotonic() + self.PATIENCE
            while left and (done := select.select(left, [], [], max(0.0, until - monotonic()))[0]):
                left.difference_update(done)
            return not left

    def comes(self, holds: Callable[[], bool]) -> bool:
        """Whether something holds, now or soon."""
        until = monotonic() + self.PATIENCE
        while not holds():
            if monotonic() > until:
                return False
        return True


@pytest.fixture
def system() -> System:
    return System()


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder of the PATH, with no program in it but Python, and an empty cache."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "python").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("CFACL_CACHE", str(tmp_path / "cache"))
    return programs
