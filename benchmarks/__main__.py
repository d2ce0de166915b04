"""Runs every script, each in processes of its own, and writes the page."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import pyperf  # type: ignore[import-untyped]  # it has no types

from benchmarks.page import draw, report
from benchmarks.page.numbers import load
from benchmarks.rounds import FULL, QUICK, merged

ROOT: Final = Path(__file__).parents[1]
#: Scripts that differ from process to process; the others weigh more than they time.
REPEATED: Final = ("checks", "stores", "growth")
ONCE: Final = (
    "compiled",
    "decisions",
    "threads",
    "rivals",
    "accumulo",
    "population",
    "cold",
    "memory",
    "scale",
    "filters",
    "dropin",
    "command",
    "macro",
    "personas",
    "hbase",
    "cassandra",
)


def run(only: str | None, *, quick: bool) -> pyperf.BenchmarkSuite:
    """Return the results of all scripts, or of one."""
    processes = (QUICK if quick else FULL).processes
    # Turn by turn as well, so that a neighbour who comes and goes meets all of them.
    scripts = [each for each in (*REPEATED * processes, *ONCE) if only in (None, each)]
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for i, script in enumerate(scripts):
            print(f"{i + 1} of {len(scripts)}: {script}", file=sys.stderr)
            output = Path(folder) / f"{i}.json"
            command = [sys.executable, "-m", f"benchmarks.{script}", "--output", str(output)]
            subprocess.run(command + ["--quick"] * quick, cwd=ROOT, check=True)  # noqa: S603  # our own scripts
            found += pyperf.BenchmarkSuite.load(str(output)).get_benchmarks()
    return pyperf.BenchmarkSuite(list(merged(found).values()))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--quick", action="store_true", help="only show that everything runs; needs --into")
    parser.add_argument(
        "--into", type=Path, help="a folder for results.json, benchmarks.md and its plots; left out: this project's"
    )
    parser.add_argument(
        "--only", choices=[*REPEATED, *ONCE], help="one script, whose results take the place of those that there are"
    )
    options = parser.parse_args()
    if options.quick and options.into is None:
        parser.error("--quick measures nothing worth keeping; name a folder with --into")
    if options.into is not None:
        options.into.mkdir(parents=True, exist_ok=True)  # before all is measured
    results = (options.into or ROOT / "benchmarks") / "results.json"
    page = (options.into or ROOT / "docs") / "benchmarks.md"
    if options.only is not None and not results.is_file():
        parser.error(f"`{results}` is not there, of which `--only` replaces a part; run all scripts first")
    known = {} if options.only is None else load(results)
    made = {each.get_name(): each for each in run(options.only, quick=options.quick).get_benchmarks()}
    if known:  # what the machine did is of the run
        made.pop("machine.wall", None)
    pyperf.BenchmarkSuite(list({**known, **made}.values())).dump(str(results), replace=True)
    found = load(results)
    page.write_text(report.page(found), "utf-8")
    for plot in report.plots(found):
        drawing = page.parent / report.FOLDER / f"{plot.name}.svg"
        drawing.parent.mkdir(exist_ok=True)
        drawing.write_text(draw.svg(found, plot), "utf-8")
    print(f"wrote {results}, {page} and the plots beside it", file=sys.stderr)


if __name__ == "__main__":
    main()
