"""The servers of one run of pytest, however many processes share it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from cfacl.testing.servers.errors import Missing, ServerError
from cfacl.testing.servers.hbase.running import Running
from cfacl.testing.servers.hbase.server import TRANSPORTS, HBase
from cfacl.testing.servers.locks import Leash, locked

__all__ = ["Run"]


class Run:
    """A folder that all processes of a run know; its owner's end is the end of what was started there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._leash = Leash(folder / "leash")
        # What this process started, so that it is not collected while it runs.
        self._started: list[HBase] = []

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
        home.mkdir(exist_ok=True)
        outcome = home / "outcome"
        with locked(home / "lock"):
            if not outcome.exists():
                outcome.write_text(json.dumps(self._start(home, authorization=authorization)), "utf-8")
            told = json.loads(outcome.read_text("utf-8"))
        if "error" in told:
            raise ServerError(told["error"])
        return Running(told["ports"], folder=home, leash=self._leash.path, authorization=authorization)

    def close(self) -> None:
        """End all servers, and remove the folder, but for logs that an error speaks of; for the owner."""
        for each in self._started:
            each.stop()
        self._leash.let_go()
        if not any("error" in json.loads(each.read_text("utf-8")) for each in self.folder.glob("*/outcome")):
            shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self, home: Path, *, authorization: bool) -> dict[str, object]:
        server = HBase(home, authorization=authorization, transports=TRANSPORTS, leash=self._leash.path)
        try:
            server.start()
        except Missing:
            raise  # found out again in no time
        except ServerError as error:
            return {"error": str(error)}
        self._started.append(server)
        return {"ports": server.ports}
