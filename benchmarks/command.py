"""Times the command as its users meet it: whole processes, from their start to their end."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import pyperf  # type: ignore[import-untyped]  # it has no types

from benchmarks import large
from benchmarks.rounds import Effort, main, quantity
from benchmarks.workloads import scenario

GRANTS: Final = 100_000
#: How often each is run.
SMALL: Final = 20
LARGE: Final = 3
POLICIES: Final[Mapping[str, Callable[[int], str]]] = {
    "plain": large.plain,
    "windows": large.windows,
    "role_sets": large.role_sets,
    "findings": large.findings,
}


def seconds(command: Sequence[str | Path], codes: Sequence[int], environment: Mapping[str, str]) -> float:
    """Run a process to its end; return its CPU seconds, those of the system included."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment) as process:  # noqa: S603  # our own
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode in codes, f"{command} ended with {process.returncode}"
    return used.ru_utime + used.ru_stime


def measure(effort: Effort) -> Iterator[pyperf.Benchmark]:
    cfacl = Path(sys.executable).with_name("cfacl")
    with tempfile.TemporaryDirectory() as folder:
        # As an installed package has it, whatever this environment says of writing what was compiled.
        compiled = {"PYTHONPYCACHEPREFIX": f"{folder}/compiled", "PYTHONDONTWRITEBYTECODE": ""}
        environment = {**os.environ, **compiled}

        def times(name: str, number: int, command: Sequence[str | Path], *codes: int) -> pyperf.Benchmark:
            found = [seconds(command, codes, environment) for _ in range(effort.size(number) + 1)]
            return quantity(f"command.{name}", found[1:], "second")  # the first one compiles

        yield times("import", SMALL, [sys.executable, "-c", "import cfacl"], 0)
        yield times("help", SMALL, [cfacl, "--help"], 0)
        yield times("check", SMALL, [cfacl, "check", scenario()], 0, 1)
        for name, make in POLICIES.items():
            path = Path(folder) / f"{name}.toml"
            path.write_text(make(effort.size(GRANTS)), "utf-8")
            yield times(f"check.{name}", LARGE, [cfacl, "check", path], 1)


if __name__ == "__main__":
    main(measure)
