"""What Java servers run on: resolved by Maven and compiled once, then taken from a cache."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from pathlib import Path
from typing import Final
from zipfile import ZipFile

from attrs import frozen

from cfacl.testing.servers.errors import Missing
from cfacl.testing.servers.locks import Leash, locked
from cfacl.testing.servers.watchdog import watched

__all__ = ["Artifacts", "cache", "java_of", "resolve"]

_PLUGIN: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:build-classpath"
#: Where systems keep each Java that they have.
_HOMES: Final = "/usr/lib/jvm"
#: Classes that all servers have.
_OURS: Final = Path(__file__).parent / "java"
_INSTALL: Final = {
    "java": "install Java 17, such as `apt install openjdk-17-jdk-headless`, or set JAVA_HOME",
    "javac": "install the whole of Java 17 and not only what runs it, such as `apt install openjdk-17-jdk-headless`",
    "mvn": "install Maven, such as `apt install maven`",
}


@frozen
class Artifacts:
    """What starts a class.

    Attributes:
        java: the program.
        classpath: our own classes and all jars.
    """

    java: str
    classpath: str


def cache() -> Path:
    """Return where jars are kept: CFACL_CACHE, or `cfacl` in XDG_CACHE_HOME or in `~/.cache`."""
    if named := os.environ.get("CFACL_CACHE"):
        return Path(named).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "cfacl"


def resolve(source: Path, java: str | None = None) -> Artifacts:
    """Return what the pom of a folder names, and the classes of its folder `java` and of ours.

    ``java`` is the program that is to run them; left out, whichever is installed.

    The first time for a pom, and wherever its jars are gone, this takes Maven, and Maven the network where its part of
    the cache lacks a jar: half a minute.

    Raises:
        Missing: Java or Maven is not installed, or Maven cannot get at a jar.
    """
    java = java or _tool("java")
    pom, classes = source / "pom.xml", [*sorted((source / "java").glob("*.java")), *sorted(_OURS.glob("*.java"))]
    digest = hashlib.sha256(b"".join(each.read_bytes() for each in (pom, *classes))).hexdigest()
    home = cache() / f"{source.name}-{digest[:12]}"
    home.mkdir(parents=True, exist_ok=True)
    with locked(home / "lock"):
        kept = home / "classpath"
        if not kept.exists() or not all(Path(each).exists() for each in kept.read_text("utf-8").split(os.pathsep)):
            leash = Leash(home / "leash")
            leash.hold()
            try:
                jars = _jars(pom, home, leash)
                _compile(classes, jars, home, leash)
                ours = _packed(home / "classes", home / "classes.jar")
            finally:
                leash.let_go()
            # Last, and whole or not at all: it is what says that the rest is there.
            whole = home / "classpath.new"
            whole.write_text(f"{ours}{os.pathsep}{jars}", "utf-8")
            whole.replace(kept)
        return Artifacts(java, kept.read_text("utf-8"))


def java_of(release: int) -> str:
    """Return the program of a Java of just this release, wherever one is on this machine.

    Raises:
        Missing: there is none.
    """
    homes = [Path(each) for each in [os.environ.get("JAVA_HOME")] if each]
    if (found := shutil.which("java")) is not None:
        homes.append(Path(found).resolve().parents[1])
    homes += sorted(Path(_HOMES).glob("*"))
    known = {home: _release(home) for home in homes if (home / "bin" / "java").exists()}
    for home, its in known.items():
        if its == release:
            return str(home / "bin" / "java")
    there = ", ".join(f"`{each}`" for each in sorted({each for each in known.values() if each})) or "none"
    raise Missing(
        f"this takes Java {release}, and there is {there}: install it, such as `apt install openjdk-{release}-jdk-headless`,"
        " or set JAVA_HOME"
    )


def _release(home: Path) -> int | None:
    """Return the release of a Java, which says it in a file beside its programs."""
    try:
        said = (home / "release").read_text("utf-8", "replace")
    except OSError:
        return None
    found = re.search(r'^JAVA_VERSION="(\d+)', said, re.MULTILINE)
    return int(found[1]) if found else None


def _jars(pom: Path, home: Path, leash: Leash) -> str:
    listed, told = home / "jars", home / "maven.log"
    command = [
        *(_tool("mvn"), "--batch-mode", f"--file={pom}", _PLUGIN),
        *(f"-Dmaven.repo.local={cache() / 'maven'}", f"-Dmdep.outputFile={listed}"),
    ]
    # Without the network first, so that a machine that is off it loses no time, and one that is on it asks nobody.
    for more in (["--offline"], []):
        with told.open("wb") as log:
            if not watched(leash.path, [*command, *more], log):
                return listed.read_text("utf-8").strip()
    raise Missing(
        f"`mvn` cannot get the jars of `{home.name}`: see `{told}`, and whether Maven Central is within reach"
    )


def _compile(sources: list[Path], jars: str, home: Path, leash: Leash) -> None:
    told = home / "javac.log"
    command = [_tool("javac"), "--release", "11", "-nowarn", "-proc:none", "-cp", jars, "-d", str(home / "classes")]
    with told.open("wb") as log:
        failed = watched(leash.path, [*command, *map(str, sources)], log)
    if failed:
        said = next(iter(told.read_text("utf-8", "replace").splitlines()), "nothing")
        raise Missing(f"`javac` says `{said}`: {_INSTALL['javac']}")


def _packed(classes: Path, jar: Path) -> Path:
    """Pack a folder of classes: from one that is none a JVM shares no classes with the next."""
    with ZipFile(jar, "w") as packed:
        for each in sorted(classes.rglob("*.class")):
            packed.write(each, each.relative_to(classes))
    return jar


def _tool(name: str) -> str:
    """Return the path of a program, of JAVA_HOME before PATH."""
    home = os.environ.get("JAVA_HOME")
    path = os.pathsep.join([*([f"{home}/bin"] if home else []), os.environ.get("PATH", os.defpath)])
    found = shutil.which(name, path=path)
    if found is None:
        raise Missing(f"`{name}` is not on the PATH: {_INSTALL[name]}")
    return found
