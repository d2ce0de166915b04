"""Times the checks of `checks.py` where the hot path is compiled: of the same source, by mypyc, in a copy of this tree."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Final

import pyperf  # type: ignore[import-untyped]  # it has no types

from benchmarks.rounds import QUICK, Effort, main, quantity

ROOT: Final = Path(__file__).parents[1]
#: What a wheel is built from, and what times it.
COPIED: Final = ("cfacl", "cfacl_door.py", "pyproject.toml", "README.md", "LICENSE", "benchmarks")


def compiler() -> str | None:
    """Return the C compiler that extension modules of this Python are built with, or ``None`` where it is not."""
    command = os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc"
    return shutil.which(command.split()[0])


def build(copy: Path) -> None:
    """Copy the tree, and build the extension modules, which are left in it."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            # What is compiled here already would be found there.
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.pyd"))
        else:
            shutil.copy(source, copy / name)
    run(copy, "mypyc", "benchmarks/nothing.py")
    run(copy, "build", "--wheel", "--no-isolation", "--outdir", str(copy / "dist"), ".")
    found = {
        each.name.partition(".")[0]
        for suffix in EXTENSION_SUFFIXES
        for room in ("cfacl", "benchmarks")  # or what the compiler left of its own would be taken for them
        for each in (copy / room).rglob(f"*{suffix}")
    }
    assert found >= {"hit", "pinned", "nothing"}, f"compiled: {found}"


def run(copy: Path, module: str, *arguments: str) -> None:
    environment = {**os.environ, "HATCH_BUILD_HOOK_ENABLE_MYPYC": "true", "PYTHONPATH": str(copy)}
    command = [sys.executable, "-m", module, *arguments]
    subprocess.run(command, cwd=copy, env=environment, stdout=sys.stderr, check=True)  # noqa: S603  # our own


def measure(effort: Effort) -> Iterator[pyperf.Benchmark]:
    if compiler() is None:
        print("not measured: compiled: there is no C compiler", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        build(copy)
        results = copy / "results.json"
        for _ in range(effort.processes):
            run(copy, "benchmarks.checks", "--output", str(results), *["--quick"] * (effort == QUICK))
            for each in pyperf.BenchmarkSuite.load(str(results)).get_benchmarks():
                name = each.get_name().replace("check.", "compiled.")
                yield quantity(name, each.get_values(), each.get_unit())
            results.unlink()


if __name__ == "__main__":
    main(measure)
