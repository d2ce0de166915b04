"""An HBase that somebody started: where it is, and ways to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import Popen
from typing import Any, Final

from cfacl.testing.servers.artifacts import resolve
from cfacl.testing.servers.errors import ServerError
from cfacl.testing.servers.hbase.operations import Operator
from cfacl.testing.servers.jvm import launch
from cfacl.testing.servers.ports import HOST

__all__ = ["SOURCE", "Running", "start"]

#: What its JVMs are made from.
SOURCE: Final = Path(__file__).parent
_OPTIONS: Final = (
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    f"-Dlog4j.configuration={(SOURCE / 'log4j.properties').as_uri()}",
)


def start(leash: Path, main: Sequence[str], configuration: Path, log: Path, megabytes: int, **more: bool) -> Popen[str]:
    """Start a class as the user `hbase`; the arguments are `launch`'s."""
    return launch(
        resolve(SOURCE),
        leash,
        main,
        options=_OPTIONS,
        log=log,
        megabytes=megabytes,
        before=configuration,
        environment={"HADOOP_USER_NAME": "hbase"},
        **more,
    )


class Running:
    """An HBase to connect to.

    Attributes:
        host: its address.
        ports: where its Thrift servers listen, by transport: `buffered`, `framed`, `http`.
        folder: its data, configuration and logs; None where somebody else runs it.
        authorization: whether it asks who may do what.
    """

    def __init__(
        self,
        ports: Mapping[str, int],
        *,
        host: str = HOST,
        folder: Path | None = None,
        leash: Path | None = None,
        authorization: bool = False,
    ) -> None:
        self.host = host
        self.ports = dict(ports)
        self.folder = folder
        self.authorization = authorization
        self._leash = leash

    def port(self, transport: str = "buffered") -> int:
        """Return where one of its Thrift servers listens.

        Raises:
            ServerError: it has no such transport.
        """
        if transport not in self.ports:
            known = ", ".join(f"`{each}`" for each in self.ports)
            raise ServerError(f"no Thrift server with transport `{transport}`; there is {known}")
        return self.ports[transport]

    def connection(self, transport: str = "buffered", *, user: str | None = None, timeout: int | None = None) -> Any:
        """Return an open `happybase.Connection`.

        Args:
            user: who to act as, over `http` only; left out: the superuser `hbase`.
            timeout: for each answer, in milliseconds; left out: as long as it takes.

        Raises:
            ServerError: it has no such transport, or that one knows no users.
            ImportError: happybase is not installed: the extra `hbase`.
        """
        from cfacl.testing.servers.hbase.connection import connect

        if user is not None and transport != "http":
            raise ServerError(f"`{transport}` cannot act as `{user}`; use `http`")
        return connect(self.host, self.port(transport), transport, user, timeout)

    def operator(self) -> Operator:
        """Start what does what Thrift can't; close it.

        Raises:
            ServerError: somebody else runs the server.
        """
        if self.folder is None or self._leash is None:
            raise ServerError("this server is somebody else's; start one with `HBase(folder)`")
        return Operator(
            start(
                self._leash,
                ["Operator"],
                self.folder / "conf" / "master",
                self.folder / "logs" / "operator.log",
                128,
                piped=True,
            )
        )
