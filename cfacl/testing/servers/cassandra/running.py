"""A Cassandra that somebody started: where it is, and ways to it."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from cfacl.testing.servers.errors import ServerError
from cfacl.testing.servers.ports import HOST

__all__ = ["SUPERUSER", "RunningCassandra"]

#: The user and the password of whoever may do everything, where that is asked.
SUPERUSER: Final = ("cassandra", "cassandra")


class RunningCassandra:
    """A Cassandra to connect to.

    Attributes:
        port: where its nodes listen.
        addresses: of its nodes, by name; the first is `one`.
        data_centers: of its nodes, by name.
        folder: its data, configuration and logs; None where somebody else runs it.
        authentication: whether it asks who comes, and what they may do.
        certificates: the PEM files `ca.pem`, `client.pem` and `client.key`, where it speaks TLS only; else None.
    """

    def __init__(
        self,
        port: int,
        addresses: Mapping[str, str],
        data_centers: Mapping[str, str],
        *,
        folder: Path | None = None,
        authentication: bool = False,
        certificates: Path | None = None,
    ) -> None:
        self.port = port
        self.addresses = dict(addresses)
        self.data_centers = dict(data_centers)
        self.folder = folder
        self.authentication = authentication
        self.certificates = certificates

    @property
    def host(self) -> str:
        """The address of the first node."""
        return next(iter(self.addresses.values()), HOST)

    def log(self, node: str = "one") -> Path:
        """Return where a node logs; where it asks who comes, each statement that it was sent stands there too.

        Raises:
            ServerError: somebody else runs it.
        """
        if self.folder is None:
            raise ServerError("this server is somebody else's; start one with `Cassandra(folder)`")
        return self.folder / "logs" / f"{node}.log"

    @contextmanager
    def session(
        self, *nodes: str, user: Sequence[str] | None = None, timeout: float = 10.0, **more: Any
    ) -> Iterator[Any]:
        """Give a session of the driver's, whose rows are plain tuples, and end it.

        Args:
            nodes: whom alone to ask, by name; left out: any.
            user: a name and a password; left out: the superuser, where one is asked for.
            timeout: for each answer, in seconds.
            more: what else the driver's `Cluster` is to be told.

        Raises:
            ImportError: the driver is not installed: the extra `cassandra`.
        """
        from cassandra.auth import PlainTextAuthProvider
        from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
        from cassandra.io.libevreactor import LibevConnection
        from cassandra.policies import DCAwareRoundRobinPolicy, WhiteListRoundRobinPolicy
        from cassandra.query import tuple_factory

        hosts = [self.addresses[each] for each in nodes or self.addresses]
        policy = WhiteListRoundRobinPolicy(hosts) if nodes else DCAwareRoundRobinPolicy()
        name, password = user or SUPERUSER
        options = {
            "auth_provider": PlainTextAuthProvider(name, password) if self.authentication else None,
            "connect_timeout": timeout,
            "connection_class": LibevConnection,
            "control_connection_timeout": timeout,
            "execution_profiles": {
                EXEC_PROFILE_DEFAULT: ExecutionProfile(policy, request_timeout=timeout, row_factory=tuple_factory)
            },
            "protocol_version": 5,
            # Or it would draw from the program's random numbers whenever somebody makes a table: not beside Hypothesis.
            "schema_event_refresh_window": -1,
            "schema_metadata_enabled": False,
            # Otherwise what is longer than a segment waits 40 ms.
            "sockopts": [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
            "ssl_context": self._context(),
        }
        cluster = Cluster(hosts, self.port, **(options | more))
        try:
            yield cluster.connect()
        finally:
            cluster.shutdown()

    def _context(self) -> Any:
        if self.certificates is None:
            return None
        import ssl

        context = ssl.create_default_context(cafile=str(self.certificates / "ca.pem"))
        context.load_cert_chain(self.certificates / "client.pem", self.certificates / "client.key")
        return context
