"""Prints what a server of tests costs: seconds from nothing to the first table, and the memory of all its JVMs.

Wall-clock time, on whatever else the machine does; the jars are resolved before.  Nothing of it is on the page.
"""

from __future__ import annotations

import re
import statistics
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Final

from cfacl.testing.servers import HBase
from cfacl.testing.servers.artifacts import resolve
from cfacl.testing.servers.hbase.running import SOURCE
from cfacl.testing.servers.hbase.server import TRANSPORTS

STARTS: Final = 3


def resident(pid: int) -> float:
    """Megabytes that a process has in memory."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text("ascii"))
    assert found is not None
    return int(found[1]) * 1024 / 1e6


def main() -> None:
    resolve(SOURCE)
    for authorization in (False, True):
        for transports in (TRANSPORTS[:1], TRANSPORTS):
            starts, stops, sizes = [], [], []
            for _ in range(STARTS):
                with tempfile.TemporaryDirectory() as folder:
                    server = HBase(Path(folder), authorization=authorization, transports=transports)
                    begin = perf_counter()
                    server.start()
                    starts.append(perf_counter() - begin)
                    sizes.append(sum(map(resident, server.pids.values())))
                    begin = perf_counter()
                    server.stop()
                    stops.append(perf_counter() - begin)
            print(
                f"hbase{' with authorization' * authorization}, {' '.join(transports)}:",
                f"started in {min(starts):.1f} to {max(starts):.1f} s,",
                f"stopped in {max(stops):.1f} s, {statistics.median(sizes):,.0f} MB",
            )


if __name__ == "__main__":
    main()
