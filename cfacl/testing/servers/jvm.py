"""One JVM, which never outlives the process that owns its leash."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from cfacl.testing.servers.artifacts import Artifacts

__all__ = ["end", "launch"]

_OPTIONS: Final = (
    # A server of tests starts often and works little: what compiles least is ready first, and takes least memory.
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-XX:-UsePerfData",  # no files in /tmp
    "-Djava.net.preferIPv4Stack=true",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
)
_GRACE: Final = 2.0


def launch(  # everything that tells two JVMs apart
    artifacts: Artifacts,
    leash: Path,
    main: Sequence[str],
    *,
    configuration: Path,
    log: Path,
    megabytes: int,
    piped: bool = False,
) -> subprocess.Popen[str]:
    """Start a class as the user `hbase`.

    Args:
        main: the name of the class, and its arguments.
        configuration: the folder with its hbase-site.xml.
        log: where it logs; what it prints goes beside it, as `.out`, but for what is piped.
        megabytes: its heap.
        piped: talk to it; otherwise it reads nothing.
    """
    command = [
        *(artifacts.java, *_OPTIONS, f"-Xmx{megabytes}m", f"-Dcfacl.log={log}", f"-Djava.io.tmpdir={log.parent}"),
        f"-Dlog4j.configuration={(Path(__file__).parent / 'hbase' / 'log4j.properties').as_uri()}",
        *("-cp", f"{configuration}{os.pathsep}{artifacts.classpath}", "Leash", str(leash), *main),
    ]
    with log.with_suffix(".out").open("ab") as out:
        return subprocess.Popen(  # noqa: S603  # our own classes
            command,
            stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
            stdout=subprocess.PIPE if piped else out,
            stderr=out,
            text=True,
            cwd=log.parent,
            env={**os.environ, "HADOOP_USER_NAME": "hbase"},
            start_new_session=True,  # Ctrl-C is for the owner, who then ends them in order
        )


def end(processes: Iterable[subprocess.Popen[str]]) -> None:
    """Ask them to end, and kill those that have not after two seconds."""
    left = list(processes)
    for each in left:
        each.terminate()
    until = time.monotonic() + _GRACE
    for each in left:
        try:
            each.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            each.kill()
            each.wait()
