"""Times Apache accumulo-access by its own JMH benchmark, on its own expressions: what a check costs in another world.

It parses an expression such as ``(one|foo)&three`` and evaluates it on a set of authorizations; the older one of Accumulo
itself evaluates an expression that was parsed before.  What is decided is no policy of ours, so that no ratio is taken.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pyperf  # type: ignore[import-untyped]  # it has no types

from benchmarks.facts import JAVA
from benchmarks.rounds import QUICK, Effort, main, quantity
from cfacl.testing.servers.artifacts import Artifacts, java_of, resolve
from cfacl.testing.servers.errors import Missing

METHODS: Final = {
    "accumulo.parsing": "measureParseAndEvaluation",
    "accumulo.parsed": "measureLegacyEvaluationOnly",
}
DATA: Final = "modules/test-data/src/main"
SOURCES: Final = (
    f"{DATA}/java/org/apache/accumulo/access/testdata/TestDataLoader.java",
    "modules/core/src/test/java/org/apache/accumulo/access/benchmark/AccessExpressionBenchmark.java",
)
#: One process of the JVM, its iterations that warm it, and those that count, of so many seconds each.
FORKS: Final = ("-f", "1", "-wi", "3", "-w", "1", "-i", "5", "-r", "1")
FORKS_QUICK: Final = ("-f", "1", "-wi", "0", "-i", "1", "-r", "100ms")


def unpacked(artifacts: Artifacts, folder: Path) -> Path:
    """Unpack the source of the release, which is one of what Maven found; return where it begins."""
    (archive,) = [each for each in artifacts.classpath.split(os.pathsep) if each.endswith(".tar.gz")]
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    (root,) = folder.iterdir()
    return root


def compiled(artifacts: Artifacts, root: Path) -> str:
    """Compile the benchmark; return the classpath to run it by."""
    compiler = shutil.which("javac", path=Path(artifacts.java).parent)
    if compiler is None:
        raise Missing(f"there is no `javac` beside `{artifacts.java}`")
    classes = root / "classes"
    sources = [str(root / each) for each in SOURCES]
    _run([compiler, "-nowarn", "-cp", artifacts.classpath, "-d", str(classes), *sources])
    return os.pathsep.join([str(classes), str(root / DATA / "resources"), artifacts.classpath])


def expressions(root: Path) -> int:
    """Return how many expressions are evaluated in each call of the benchmark."""
    (file,) = (root / DATA / "resources").rglob("testdata.json")
    return sum(
        len(test["expressions"])
        for each in json.loads(file.read_text("utf-8"))
        for test in each["tests"]
        if test["expectedResult"] != "ERROR"
    )


def measure(effort: Effort) -> Iterator[pyperf.Benchmark]:
    with tempfile.TemporaryDirectory() as folder:
        try:
            artifacts = resolve(Path(__file__).with_name("jmh"), java_of(JAVA))
            root = unpacked(artifacts, Path(folder))
            classpath = compiled(artifacts, root)
        except Missing as missing:
            print(f"not measured: accumulo-access: {missing}", file=sys.stderr)
            return
        results = root / "results.json"
        length = FORKS_QUICK if effort == QUICK else FORKS
        form = (
            "-bm",
            "avgt",
            "-tu",
            "ns",
            "-foe",
            "true",
            "-opi",
            str(expressions(root)),
            "-rf",
            "json",
            "-rff",
            str(results),
        )
        _run([artifacts.java, "-cp", classpath, "org.openjdk.jmh.Main", *METHODS.values(), *length, *form])
        found = {each["benchmark"].rpartition(".")[2]: each for each in json.loads(results.read_text("utf-8"))}
        for name, method in METHODS.items():
            (values,) = found[method]["primaryMetric"]["rawData"]
            yield quantity(name, [value * 1e-9 for value in values], "second")


def _run(command: list[str]) -> None:
    """Run a command, and show what it says where it fails: JMH alone says some hundred lines."""
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603  # of this machine's Java
    if done.returncode:
        print(done.stdout, done.stderr, sep="", file=sys.stderr)
        done.check_returncode()


if __name__ == "__main__":
    main(measure)
