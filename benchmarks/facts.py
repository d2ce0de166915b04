"""What is known of this machine, and of what runs on it: it goes with every figure."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sysconfig
import tempfile
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import pyperf  # type: ignore[import-untyped]  # it has no types

from benchmarks.commit import ROOT, commit

#: Packages whose versions belong to the figures.
PACKAGES: Final = (
    "cfacl",
    "rocksdict",
    "happybase",
    "cassandra-driver",
    "casbin",
    "cedarpy",
    "regopy",
    "hdrhistogram",
    "matplotlib",
    "mypy",
    "pyperf",
)
#: What runs on Java: the pom that names its version, and as what.
ARTIFACTS: Final = {
    "HBase": ("cfacl/testing/servers/hbase/pom.xml", "hbase-thrift"),
    "Cassandra": ("cfacl/testing/servers/cassandra/pom.xml", "cassandra-all"),
    "accumulo-access": ("benchmarks/jmh/pom.xml", "accumulo-access-core"),
    "JMH": ("benchmarks/jmh/pom.xml", "jmh-generator-annprocess"),
}
#: The release that servers run on, and accumulo-access is built for.
JAVA: Final = 17
ABSENT: Final = "not installed"
#: What of pyperf's metadata goes with the figures; the name of the host does not.
KEPT: Final = ("cpu_count", "cpu_model_name", "platform", "python_implementation", "python_version")


@cache
def facts() -> dict[str, str | int]:
    """Return all of it, by name."""
    collected = pyperf.Run([1.0], collect_metadata=True).get_metadata()
    optimised = "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "")
    return {
        **{name: collected[name] for name in KEPT if name in collected},
        "cpu_count": os.cpu_count() or 0,
        "python_build": "with" if optimised else "without",
        "python_compiler": platform.python_compiler(),
        "commit": commit(),
        "filesystem": _filesystem(Path(tempfile.gettempdir()).resolve()),
        **{f"version_{name}": each for name, each in versions().items()},
    }


def versions() -> dict[str, str]:
    """Return the version of whatever is measured or measures."""
    return {
        **{name: _installed(name) for name in PACKAGES},
        **{name: _named(ROOT / pom, artifact) for name, (pom, artifact) in ARTIFACTS.items()},
        "Java": _java(),
    }


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ABSENT


def _named(pom: Path, artifact: str) -> str:
    """Return the version of an artifact that a pom names."""
    found = re.search(
        rf"<artifactId>{artifact}</artifactId>.*?<version>(.*?)</version>", pom.read_text("utf-8"), re.DOTALL
    )
    assert found, f"{artifact} is not named in {pom.name}"
    return found[1]


def _java() -> str:
    """Return the version of the Java that servers run on."""
    # Not above: whoever is timed has no use for what starts servers.
    from cfacl.testing.servers.artifacts import java_of
    from cfacl.testing.servers.errors import Missing

    try:
        program = java_of(JAVA)
    except Missing:
        return ABSENT
    said = subprocess.run([program, "-version"], capture_output=True, text=True, check=True).stderr  # noqa: S603  # this machine's
    found = re.search(r'version "(.+?)"', said)
    assert found, said
    return found[1]


def _filesystem(folder: Path) -> str:
    """Return the kind of file system that a folder is on, where Linux tells."""
    kinds: dict[str, str] = {}
    with suppress(OSError):
        for line in Path("/proc/mounts").read_text("utf-8").splitlines():
            _, place, kind, *_ = line.split()
            kinds[place] = kind
    return next((kinds[str(each)] for each in (folder, *folder.parents) if str(each) in kinds), "unknown")
