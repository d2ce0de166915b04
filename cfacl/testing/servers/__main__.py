"""`python -m cfacl.testing.servers`: an HBase to play with, until Ctrl-C."""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
from pathlib import Path

from cfacl.testing.servers.errors import ServerError
from cfacl.testing.servers.hbase.server import HBase


def main() -> int:
    """Start one, say how to reach it, and wait."""
    for each in (signal.SIGINT, signal.SIGTERM):  # a shell has what it starts in the background ignore the first
        signal.signal(each, signal.default_int_handler)
    print("starting hbase; the first time it fetches some 100 MB of jars", file=sys.stderr)  # noqa: T201  # for people
    folder = Path(tempfile.mkdtemp(prefix="cfacl-hbase-"))
    try:
        with HBase(folder) as server:
            print("import happybase")  # noqa: T201  # for people
            print(f'connection = happybase.Connection("{server.host}", {server.port()})')  # noqa: T201  # for people
            print("import cfacl")  # noqa: T201  # for people
            url = f"hbase://{server.host}:{server.port()}"
            print(f'db = cfacl.connect("{url}", policy="home.toml")', flush=True)  # noqa: T201  # for people
            print("it ends, and its data goes, when you press Ctrl-C", file=sys.stderr)  # noqa: T201  # for people
            signal.pause()
    except ServerError as error:
        print(f"cfacl: {error}", file=sys.stderr)  # noqa: T201  # for people
        return 2  # and the logs stay, which the error speaks of
    except KeyboardInterrupt:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
