"""Times the drop-in for happybase beside the native face, on RocksDB, and how long it takes to be imported."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import pyperf  # type: ignore[import-untyped]  # it has no types

import cfacl
from benchmarks.rounds import Effort, each, interleaved, main, quantity, statement
from benchmarks.workloads import PRINCIPAL, PURPOSE, cells, keys, one_table
from cfacl.compat.happybase import Connection

COLUMNS: Final = 10
ROWS: Final = 2_000
SCANNED: Final = 1_000
IMPORTS: Final = 10
#: Prints the seconds of an import in a process of its own.
PROGRAM: Final = "from time import perf_counter; begin = perf_counter(); import {}; print(perf_counter() - begin)"


def importing(effort: Effort) -> Iterator[pyperf.Benchmark]:
    """Time imports, of which the first one, which compiles, is not counted."""
    with tempfile.TemporaryDirectory() as compiled:
        # As an installed package has it, whatever this environment says of writing it.
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled, "PYTHONDONTWRITEBYTECODE": ""}
        for name, module in {"import.native": "cfacl", "import.dropin": "cfacl.compat.happybase"}.items():
            command = [sys.executable, "-c", PROGRAM.format(module)]
            told = [
                subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout  # noqa: S603  # our own
                for _ in range(effort.size(IMPORTS) + 1)
            ]
            yield quantity(name, [float(each) for each in told[1:]], "second")


def asking(effort: Effort) -> Iterator[pyperf.Benchmark]:
    """Time the same calls through both faces; no write waits for the disk, which would hide the difference."""
    with (
        tempfile.TemporaryDirectory() as folder,
        cfacl.connect(f"rocksdb://{folder}/store", policy=one_table(1, 1), durable=False) as db,
    ):
        db.create_tables()
        native = db.session(PRINCIPAL, purpose=PURPOSE).table("account")
        dropin = Connection(cfacl=db, principal=PRINCIPAL, purpose=PURPOSE).table("account")
        rows, data = keys(effort.size(ROWS)), cells(1, COLUMNS)
        with native.batch(batch_size=1_000) as batch:
            for key in rows:
                batch.put(key, data)
        assert [dict(dropin.row(key)) for key in rows[:9]] == [dict(native.row(key)) for key in rows[:9]]
        limit = effort.size(SCANNED)
        assert len(list(dropin.scan(limit=limit))) == len(list(native.scan(limit=limit))) == min(limit, len(rows))
        both: dict[str, Any] = {"native": native, "dropin": dropin}
        yield from interleaved({f"{name}.row": each(table.row, rows) for name, table in both.items()}, effort)
        yield from interleaved(
            {f"{name}.put": each(partial(put, table, data), rows) for name, table in both.items()},
            effort,
        )
        yield from interleaved(
            {
                f"{name}.scan": statement("for _ in table.scan(limit=limit): pass", table=table, limit=limit)
                for name, table in both.items()
            },
            effort,
        )


def put(table: Any, data: dict[bytes, bytes], key: bytes) -> None:
    table.put(key, data)


def measure(effort: Effort) -> Iterator[pyperf.Benchmark]:
    yield from importing(effort)
    yield from asking(effort)


if __name__ == "__main__":
    main(measure)
