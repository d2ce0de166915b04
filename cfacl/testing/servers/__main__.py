"""`python -m cfacl.testing.servers`: an HBase, or a Cassandra, to play with, until Ctrl-C."""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

from cfacl.testing.servers.cassandra.server import Cassandra
from cfacl.testing.servers.errors import ServerError
from cfacl.testing.servers.hbase.server import HBase

_KEYSPACE: Final = "home"


@contextmanager
def _hbase(folder: Path) -> Iterator[list[str]]:
    with HBase(folder) as server:
        yield [
            "import happybase",
            f'connection = happybase.Connection("{server.host}", {server.port()})',
            "import cfacl",
            f'db = cfacl.connect("hbase://{server.host}:{server.port()}", policy="home.toml")',
        ]


@contextmanager
def _cassandra(folder: Path) -> Iterator[list[str]]:
    with Cassandra(folder) as server:
        with server.session() as session:
            session.execute(
                f"CREATE KEYSPACE {_KEYSPACE} WITH replication = {{'class': 'NetworkTopologyStrategy', 'eu': 1}}"
            )
        yield [
            "from cassandra.cluster import Cluster",
            f'session = Cluster(["{server.host}"], {server.port}).connect("{_KEYSPACE}")',
            "import cfacl",
            f'db = cfacl.connect("cassandra://{server.host}:{server.port}/{_KEYSPACE}", policy="home.toml")',
        ]


_KINDS: Final[dict[str, Callable[[Path], AbstractContextManager[list[str]]]]] = {
    "cassandra": _cassandra,
    "hbase": _hbase,
}


def main(kind: str = "hbase") -> int:
    """Start one, say how to reach it, and wait."""
    if kind not in _KINDS:
        print(f"cfacl: there is no `{kind}` to start; there is `hbase`, and `cassandra`", file=sys.stderr)  # noqa: T201  # for people
        return 2
    for each in (signal.SIGINT, signal.SIGTERM):  # a shell has what it starts in the background ignore the first
        signal.signal(each, signal.default_int_handler)
    print(f"starting {kind}; the first time it fetches some 100 MB of jars", file=sys.stderr)  # noqa: T201  # for people
    folder = Path(tempfile.mkdtemp(prefix=f"cfacl-{kind}-"))
    try:
        with _KINDS[kind](folder) as lines:
            print("\n".join(lines), flush=True)  # noqa: T201  # for people
            print("it ends, and its data goes, when you press Ctrl-C", file=sys.stderr)  # noqa: T201  # for people
            signal.pause()
    except ServerError as error:
        print(f"cfacl: {error}", file=sys.stderr)  # noqa: T201  # for people
        return 2  # and the logs stay, which the error speaks of
    except KeyboardInterrupt:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
