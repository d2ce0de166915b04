"""One JVM, which never outlives the process that owns its leash."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
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
)
_GRACE: Final = 2.0


def launch(  # everything that tells two JVMs apart
    artifacts: Artifacts,
    leash: Path,
    main: Sequence[str],
    *,
    options: Sequence[str],
    log: Path,
    megabytes: int,
    before: Path | None = None,
    environment: Mapping[str, str] | None = None,
    piped: bool = False,
) -> subprocess.Popen[str]:
    """Start a class.

    Args:
        main: the name of the class, and its arguments.
        options: what this program wants of its JVM.
        log: where it logs, which it knows as `cfacl.log`; what it prints goes beside it, as `.out`, but for what is piped.
        megabytes: its heap.
        before: a folder that comes before all jars, such as one of configuration.
        environment: what it finds there beside ours.
        piped: talk to it; otherwise it reads nothing.
    """
    path = os.pathsep.join([*([] if before is None else [str(before)]), artifacts.classpath])
    command = [
        *(artifacts.java, *_OPTIONS, *options, f"-Xmx{megabytes}m"),
        *(f"-Dcfacl.log={log}", f"-Djava.io.tmpdir={log.parent}", "-cp", path, "Leash", str(leash), *main),
    ]
    with log.with_suffix(".out").open("ab") as out:
        return subprocess.Popen(  # noqa: S603  # our own classes
            command,
            stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
            stdout=subprocess.PIPE if piped else out,
            stderr=out,
            text=True,
            cwd=log.parent,
            env={**os.environ, **(environment or {})},
            start_new_session=True,  # Ctrl-C is for the owner, who then ends them in order
        )


def end(processes: Iterable[subprocess.Popen[str]]) -> None:
    """Ask them to end, and kill those that have not after two seconds, or stand still."""
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
