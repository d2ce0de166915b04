"""Starts Cassandra, and ends it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from cfacl.testing.servers import ports
from cfacl.testing.servers.artifacts import Artifacts, java_of, resolve
from cfacl.testing.servers.cassandra import archive, certificates
from cfacl.testing.servers.cassandra import settings as files
from cfacl.testing.servers.cassandra.running import RunningCassandra
from cfacl.testing.servers.errors import Missing, ServerError
from cfacl.testing.servers.jvm import end, launch
from cfacl.testing.servers.locks import Leash

__all__ = ["SOURCE", "Cassandra"]

#: What its JVMs are made from, and the release of Java that runs them: later ones lack what it calls.
SOURCE: Final = Path(__file__).parent
_JAVA: Final = 17
_NODES: Final = ("one", "two", "three")
_PORTS: Final = ("native", "storage", "ssl_storage")
_MAIN: Final = "org.apache.cassandra.service.CassandraDaemon"
_MEGABYTES: Final = 512
#: Seconds.  A node takes five to start and three take twenty; a machine with better things to do may need more.
_PATIENCE: Final = 180
_TRIES: Final = 3
_ARCHIVING: Final = 30
#: What is made and dropped again, to see that it can be.
_READY: Final = "cfacl_ready"


class _Ended(ServerError):
    """A node ended by itself."""


class Cassandra(RunningCassandra):
    """A Cassandra of one's own; a context manager, which starts it and throws its data away.

    ::

        with Cassandra(tmp_path, data_centers=("eu", "eu", "us")) as cluster, cluster.session() as session:
            session.execute("CREATE KEYSPACE home WITH replication = {...}")

    Each node is a JVM of half a gigabyte.  They listen on loopback addresses only, 127.0.0.1 and the next two, and end
    with the process that started them, in whatever way that ends.
    """

    def __init__(
        self,
        folder: Path,
        *,
        data_centers: Sequence[str] = ("eu",),
        authentication: bool = False,
        tls: bool = False,
        hasty: bool = False,
        settings: Mapping[str, Any] | None = None,
        leash: Path | None = None,
    ) -> None:
        """Say what to start.

        Args:
            folder: where it keeps its data, which `stop` removes, and its logs, which stay.
            data_centers: that of each node, one to three.
            authentication: ask for passwords, and who may do what, and log each statement; the superuser is `cassandra`,
                and so is the password.
            tls: take clients that speak TLS and have a certificate, and no other.
            hasty: make tables in a seventh of the time, that are gone if a node is killed; for tests that make many.
            settings: what else `cassandra.yaml` says, or says instead; a node that is restarted reads them again.
            leash: whose owner it ends with; left out: this process, or `stop`.

        Raises:
            ValueError: there are no nodes, or more than three.
        """
        if not 1 <= len(data_centers) <= len(_NODES):
            raise ValueError("`data_centers` has one to three names, one for each node")
        names = _NODES[: len(data_centers)]
        self._home = folder.absolute()
        self._own = Leash(self._home / "leash") if leash is None else None
        self._line = self._home / "leash" if leash is None else leash
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self._ports: dict[str, int] = {}
        self._options = [*files.OPTIONS, *[files.HASTY] * hasty]
        self.settings = dict(settings or {})
        self._tls: dict[str, Any] | None = None
        self._writes = False
        super().__init__(
            0,
            {name: f"127.0.0.{number}" for number, name in enumerate(names, 1)},
            dict(zip(names, data_centers, strict=True)),
            folder=self._home,
            authentication=authentication,
            certificates=self._home / "certificates" if tls else None,
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pids(self) -> dict[str, int]:
        """The processes that were started, by node."""
        return {name: each.pid for name, each in self._processes.items()}

    def start(self) -> None:
        """Return when a table can be made, and all nodes have it.

        Raises:
            Missing: Java 17, Maven, a jar or the driver is not on this machine.
            ServerError: it ended, or was not ready within three minutes; the message names the logs.
        """
        try:
            import cassandra  # noqa: F401  # it is only looked for
        except ImportError:
            raise Missing("`cassandra-driver` is not installed: `pip install 'cfacl[cassandra]'`") from None
        resolve(SOURCE, java_of(_JAVA))
        (self._home / "logs").mkdir(parents=True, exist_ok=True)
        if self.certificates is not None:
            self._tls = certificates.make(self.certificates, self.addresses.values())
        if self._own is not None:
            self._own.hold()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End all of it, in three seconds, or eight the first time, and throw its data away; again, it does nothing."""
        self._clear()
        if self._own is not None:
            self._own.let_go()

    def kill(self, name: str) -> None:
        """End a node as a crash does; a `KeyError` for a name that none has."""
        self._processes[name].kill()
        self._processes[name].wait()

    def pause(self, name: str) -> None:
        """Have a node stand still, as in a long collection of garbage, until `resume`."""
        process = self._processes[name]
        process.send_signal(signal.SIGSTOP)
        # Its threads stop one by one, and answer until they have.
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self, name: str) -> None:
        """Have it go on."""
        self._processes[name].send_signal(signal.SIGCONT)

    def restart(self, name: str) -> None:
        """Start a node again with its data and its port, and kill it first where it lives.

        Raises:
            ServerError: as `start`, or another process has its port now.
        """
        self.kill(name)
        self._launch(name)
        self._await([name], partial(self._see, name))

    def _start(self) -> None:
        for tries in range(1, _TRIES + 1):
            found = ports.free(len(_PORTS), list(self.addresses.values()))
            self._ports = dict(zip(_PORTS, found, strict=True))
            self.port = self._ports["native"]
            try:
                for name in self.addresses:
                    self._launch(name)
                for name in self.addresses:
                    self._await([name], partial(self._see, name))
                self._await(list(self.addresses), self._make)
            except _Ended:  # most likely somebody else took a port meanwhile
                if tries == _TRIES:
                    raise
                self._clear()
            else:
                return

    def _clear(self) -> None:
        for each in self._processes.values():
            each.send_signal(signal.SIGCONT)  # one that stands still heeds nothing else
        self._keep_archive()
        end(self._processes.values())
        self._processes.clear()
        shutil.rmtree(self._home / "data", ignore_errors=True)

    def _archive(self, artifacts: Artifacts, name: str) -> list[str]:
        """Return what has a JVM start in less time, with classes that are laid out already; the first lays them out."""
        kept = archive.find(artifacts)
        if kept is not None:
            return archive.use(kept)
        if name != _NODES[0]:
            return []
        self._writes = True
        return archive.write(artifacts, self._home)

    def _keep_archive(self) -> None:
        """Keep what the first node lays out when it ends; whoever kills it leaves that to the next."""
        first = self._processes.get(_NODES[0])
        if not self._writes or first is None:
            return
        self._writes = False
        first.terminate()
        with suppress(subprocess.TimeoutExpired):
            first.wait(_ARCHIVING)
            archive.keep(resolve(SOURCE, java_of(_JAVA)), self._home)

    def _launch(self, name: str) -> None:
        place = list(self.addresses).index(name)
        told = files.write(
            self._home / "conf" / name,
            self._home / "data" / name,
            address=self.addresses[name],
            seeds=list(self.addresses.values()),
            ports=self._ports,
            token=place * (1 << 64) // len(self.addresses) - (1 << 63),
            data_center=self.data_centers[name],
            authentication=self.authentication,
            tls=self._tls,
            more=self.settings,
        )
        artifacts = resolve(SOURCE, java_of(_JAVA))
        self._processes[name] = launch(
            artifacts,
            self._line,
            [_MAIN],
            options=[*self._options, *self._archive(artifacts, name), *told],
            log=self.log(name),
            megabytes=_MEGABYTES,
        )

    def _await(self, names: Sequence[str], action: Callable[[], object]) -> None:
        """Return when something was done, and of these nodes none has ended."""
        until = time.monotonic() + _PATIENCE
        while True:
            for name in names:
                if self._processes[name].poll() is not None:
                    for each, port in self._ports.items():
                        if not ports.is_free(port, self.addresses[name]):
                            raise _Ended(
                                f"port `{port}` of `{each}` is taken: end the process that has it, or start anew"
                            )
                    raise _Ended(f"node `{name}` ended by itself: read `{self.log(name)}`")
            try:
                action()
            except Exception as error:  # whatever it says, it is not ready
                if time.monotonic() > until:
                    logs = " and ".join(f"`{self.log(each)}`" for each in names)
                    raise ServerError(f"cassandra was not ready within {_PATIENCE} seconds: read {logs}") from error
                time.sleep(0.1)
            else:
                return

    def _see(self, name: str) -> None:
        """Return if a node answers, and knows all others; what one makes alone, the rest would not have."""
        # First without the driver, which would log each time that it finds nobody.
        socket.create_connection((self.addresses[name], self.port), 5).close()
        with self.session(name, timeout=5) as session:
            others = session.execute("SELECT peer FROM system.peers_v2").all()
            if len(others) < len(self.addresses) - 1:
                raise ServerError(f"node `{name}` does not know all others yet")

    def _make(self) -> None:
        number = {each: list(self.data_centers.values()).count(each) for each in self.data_centers.values()}
        replication = "".join(f", '{each}': {count}" for each, count in number.items())
        spread = f"{{'class': 'NetworkTopologyStrategy'{replication}}}"
        with self.session("one", timeout=_PATIENCE) as session:
            if self.authentication and len(self.addresses) > 1:
                session.execute(f"ALTER KEYSPACE system_auth WITH replication = {spread}")
            session.execute(f"CREATE KEYSPACE IF NOT EXISTS {_READY} WITH replication = {spread}")
            session.execute(f"CREATE TABLE IF NOT EXISTS {_READY}.t (k int PRIMARY KEY)")
        for name in self.addresses:
            with self.session(name, timeout=_PATIENCE) as session:
                session.execute(f"SELECT k FROM {_READY}.t WHERE k = 0")  # noqa: S608  # our own name
        with self.session("one", timeout=_PATIENCE) as session:
            session.execute(f"DROP KEYSPACE IF EXISTS {_READY}")
