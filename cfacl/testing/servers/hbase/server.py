"""Starts HBase, and ends it."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from cfacl.testing.servers import ports
from cfacl.testing.servers.artifacts import resolve
from cfacl.testing.servers.errors import Missing, ServerError
from cfacl.testing.servers.hbase import settings
from cfacl.testing.servers.hbase.running import SOURCE, Running, start
from cfacl.testing.servers.jvm import end
from cfacl.testing.servers.locks import Leash

__all__ = ["MASTER", "TRANSPORTS", "HBase"]

TRANSPORTS: Final = ("buffered", "framed", "http")
#: The name of the JVM with the master, the region server and ZooKeeper, and the ports that it listens on.
MASTER: Final = "master"
_LISTENERS: Final = (MASTER, "regionserver", "zookeeper")
_THRIFT: Final = "org.apache.hadoop.hbase.thrift.ThriftServer"
#: Seconds.  A start takes ten; a machine with better things to do may need more.
_PATIENCE: Final = 180
#: Seconds of one try; it is made again, for an early question can wait for minutes in the Thrift server.
_ANSWER: Final = 2
_TRIES: Final = 3
#: What is made and dropped again, to see that it can be.
_READY: Final = b"cfacl_ready"


class _Ended(ServerError):
    """A JVM ended by itself."""


class HBase(Running):
    """An HBase of one's own; a context manager, which starts it and throws its data away.

    ::

        with HBase(tmp_path, transports=("buffered", "http")) as server:
            connection = server.connection("http", user="alice")

    It takes a JVM for HBase, of 1,536 MiB at most, and one of 256 MiB for each transport.  They listen on the loopback
    address only, where anybody on this machine may be anybody, and end with the process that started them, in whatever
    way that ends.
    """

    def __init__(
        self,
        folder: Path,
        *,
        authorization: bool = False,
        transports: Iterable[str] = ("buffered",),
        leash: Path | None = None,
    ) -> None:
        """Say what to start.

        Args:
            folder: where it keeps its data, which `stop` removes, and its logs, which stay.
            authorization: with AccessController and VisibilityController, and the superuser `hbase`.
            transports: some of `TRANSPORTS`, one Thrift server for each; the first shows that the server is ready.
            leash: whose owner it ends with; left out: this process, or `stop`.

        Raises:
            ValueError: there is no such transport, or none is named.
        """
        names = tuple(transports)
        if not names or not set(names) <= set(TRANSPORTS):
            raise ValueError(f"`transports` are some of {', '.join(f'`{each}`' for each in TRANSPORTS)}")
        self._home = folder.absolute()
        self._own = Leash(self._home / "leash") if leash is None else None
        self._line = self._home / "leash" if leash is None else leash
        self._listening: dict[str, int] = {}
        self._processes: dict[str, subprocess.Popen[str]] = {}
        super().__init__(dict.fromkeys(names, 0), folder=self._home, leash=self._line, authorization=authorization)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pids(self) -> dict[str, int]:
        """The processes that were started, by what `kill` and `restart` call them."""
        return {name: each.pid for name, each in self._processes.items()}

    def start(self) -> None:
        """Return when a table can be made.

        Raises:
            Missing: Java, Maven, a jar or happybase is not on this machine.
            ServerError: it ended, or was not ready within three minutes; the message names the log.
        """
        try:
            import happybase  # type: ignore[import-untyped]  # noqa: F401  # it has no types, and is only looked for
        except ImportError:
            raise Missing("`happybase` is not installed: `pip install 'cfacl[hbase]'`") from None
        resolve(SOURCE)
        self._log(MASTER).parent.mkdir(parents=True, exist_ok=True)
        if self._own is not None:
            self._own.hold()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End all of it, in three seconds, and throw its data away; again, it does nothing."""
        self._clear()
        if self._own is not None:
            self._own.let_go()

    def kill(self, name: str) -> None:
        """End `master`, or the Thrift server of a transport, as a crash does; a `KeyError` for any other name."""
        self._processes[name].kill()
        self._processes[name].wait()

    def restart(self, name: str) -> None:
        """Start it again with its data and its port, and kill it first where it lives.

        Raises:
            ServerError: as `start`, or another process has its port now.
        """
        self.kill(name)
        self._launch(name)
        lives = [each for each in self.ports if self._processes[each].poll() is None]
        self._await(lives if name == MASTER else [name])

    def _start(self) -> None:
        for tries in range(1, _TRIES + 1):
            names = (*_LISTENERS, *self.ports)
            self._listening = dict(zip(names, ports.free(len(names)), strict=True))
            self.ports = {each: self._listening[each] for each in self.ports}
            for name in (MASTER, *self.ports):
                self._launch(name)
            try:
                self._await(list(self.ports))
            except _Ended:  # most likely somebody else took a port meanwhile
                if tries == _TRIES:
                    raise
                self._clear()
            else:
                return

    def _clear(self) -> None:
        end(self._processes.values())
        self._processes.clear()
        shutil.rmtree(self._home / "data", ignore_errors=True)

    def _launch(self, name: str) -> None:
        configuration = self._home / "conf" / name
        sections = ["always"] + ["authorization"] * self.authorization + ["http"] * (name == "http")
        settings.write(configuration, sections, data=str(self._home / "data"), **self._listening)
        main = [_THRIFT, "start", "-p", str(self._listening[name]), "--bind", ports.HOST, *["-f"] * (name == "framed")]
        if name == MASTER:
            main = ["org.apache.hadoop.hbase.master.HMaster", "start"]
        megabytes = 1_536 if name == MASTER else 256
        self._processes[name] = start(self._line, main, configuration, self._log(name), megabytes)

    def _log(self, name: str) -> Path:
        return self._home / "logs" / f"{name}.log"

    def _await(self, transports: list[str]) -> None:
        """Return when each answers, and a table can be made through the first."""
        until = time.monotonic() + _PATIENCE
        for each in transports:
            self._try(until, each, partial(self._ask, each))
        for each in transports[:1]:
            self._try(until, each, partial(self._make, each))

    def _try(self, until: float, transport: str, action: Callable[[], object]) -> None:
        while True:
            self._look(transport)
            try:
                action()
            except Exception as error:  # whatever it says, it is not ready
                if time.monotonic() > until:
                    told = f"`{self._log(MASTER)}` and `{self._log(transport)}`"
                    raise ServerError(f"hbase was not ready within {_PATIENCE} seconds: read {told}") from error
                time.sleep(0.05)
            else:
                return

    def _look(self, transport: str) -> None:
        for name in (MASTER, transport):
            if self._processes[name].poll() is not None:
                for each in _LISTENERS if name == MASTER else [name]:
                    if not ports.is_free(port := self._listening[each]):
                        raise _Ended(f"port `{port}` of `{each}` is taken: end the process that has it, or start anew")
                raise _Ended(f"`{name}` ended by itself: read `{self._log(name)}`")

    def _ask(self, transport: str) -> None:
        with closing(self.connection(transport, timeout=_ANSWER * 1000)) as connection:
            connection.tables()

    def _make(self, transport: str) -> None:
        # In one try as long as it takes, or one that was given up might make it behind our back.
        with closing(self.connection(transport, timeout=_PATIENCE * 1000)) as connection:
            if _READY not in connection.tables():
                connection.create_table(_READY, {"f": {}})
            connection.delete_table(_READY, disable=True)
