"""The servers of one run of pytest, however many processes share it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from cfacl.testing.servers.cassandra.running import RunningCassandra
from cfacl.testing.servers.cassandra.server import Cassandra
from cfacl.testing.servers.errors import Missing, ServerError
from cfacl.testing.servers.hbase.running import Running
from cfacl.testing.servers.hbase.server import TRANSPORTS, HBase
from cfacl.testing.servers.locks import Leash, locked

__all__ = ["Run"]

#: What a line of a log says that is worth telling, and how many of one process are told.
_WRONG: Final = re.compile(r"\b(ERROR|FATAL|OutOfMemoryError)\b")
_LAST: Final = 3


class _Server(Protocol):
    def start(self) -> None: ...
    def stop(self) -> None: ...


class Run:
    """A folder that all processes of a run know; its owner's end is the end of what was started there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._leash = Leash(folder / "leash")
        # What this process started, so that it is not collected while it runs.
        self._started: list[_Server] = []

    def own(self) -> None:
        """Be the process that the servers end with."""
        self._leash.hold()

    def hbase(self, *, authorization: bool) -> Running:
        """Return the one of the run; who asks first starts it, and meanwhile the others wait.

        Raises:
            Missing: this machine cannot run one.
            ServerError: it did not start, for whoever asked first.
        """
        home = self.folder / ("hbase_acl" if authorization else "hbase")

        def start() -> dict[str, Any]:
            server = HBase(home, authorization=authorization, transports=TRANSPORTS, leash=self._leash.path)
            self._start(server)
            return server.ports

        ports = self._shared(home, start)
        return Running(ports, folder=home, leash=self._leash.path, authorization=authorization)

    def cassandra(self, name: str, data_centers: Sequence[str], *, secured: bool) -> RunningCassandra:
        """Return the one of a name, as `hbase` does; a secured one asks for passwords and speaks TLS only."""
        home = self.folder / name
        server = Cassandra(
            home, data_centers=data_centers, authentication=secured, tls=secured, hasty=True, leash=self._leash.path
        )

        def start() -> dict[str, Any]:
            self._start(server)
            return {"port": server.port}

        port = self._shared(home, start)["port"]
        return RunningCassandra(
            port,
            server.addresses,
            server.data_centers,
            folder=home,
            authentication=secured,
            certificates=server.certificates,
        )

    def complaints(self) -> list[str]:
        """Return the last that each process of a server said was wrong, as `hbase/master: …`; such as why it ended."""
        told = []
        for each in sorted(self.folder.glob("*/logs/*")):
            wrong = [line for line in each.read_text("utf-8", "replace").splitlines() if _WRONG.search(line)]
            told += [f"{each.parts[-3]}/{each.stem}: {line:.200}" for line in wrong[-_LAST:]]
        return told

    def close(self) -> None:
        """End all servers, and remove the folder, but for logs that an error speaks of; for the owner."""
        for each in self._started:
            each.stop()
        self._leash.let_go()
        if not any("error" in json.loads(each.read_text("utf-8")) for each in self.folder.glob("*/outcome")):
            shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self, server: _Server) -> None:
        server.start()
        self._started.append(server)

    @staticmethod
    def _shared(home: Path, start: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Return what starting a server told whoever did it."""
        home.mkdir(exist_ok=True)
        outcome = home / "outcome"
        with locked(home / "lock"):
            if not outcome.exists():
                try:
                    said = start()
                except Missing:
                    raise  # found out again in no time
                except ServerError as error:
                    said = {"error": str(error)}
                outcome.write_text(json.dumps(said), "utf-8")
            told: dict[str, Any] = json.loads(outcome.read_text("utf-8"))
        if "error" in told:
            raise ServerError(told["error"])
        return told
