"""The classes of a node as a JVM has them in memory: with an archive of them a start takes two thirds of the time.

It is made once for a Java and its jars, by the first node that ends in order, and kept in the cache.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from cfacl.testing.servers.artifacts import Artifacts, cache

__all__ = ["find", "keep", "use", "write"]


def find(artifacts: Artifacts) -> Path | None:
    """Return where the archive is, if there is one that is whole."""
    for each in _archives().glob(f"{_key(artifacts)}-*.jsa"):
        # A JVM dies of one that is damaged, even where it is told to look, and to do without.
        with suppress(FileNotFoundError):  # somebody else has found that too
            if each.stem.endswith(_sum(each)):
                return each
            each.unlink()
    return None


def use(archive: Path) -> list[str]:
    """Tell a JVM to use one, unless it is of another kind."""
    return [f"-XX:SharedArchiveFile={archive}", "-Xshare:auto"]


def write(artifacts: Artifacts, folder: Path) -> list[str]:
    """Tell a JVM to write one into a folder when it ends; several may, and any of theirs is as good."""
    # It has a hundred lines to say of classes that it leaves out.
    return [f"-XX:ArchiveClassesAtExit={folder / _key(artifacts)}.jsa", "-Xlog:cds=error"]


def keep(artifacts: Artifacts, folder: Path) -> None:
    """Move what a JVM wrote into a folder, which has ended since, into the cache."""
    _archives().mkdir(parents=True, exist_ok=True)
    for made in folder.glob("*.jsa"):
        if _works(artifacts, made):
            # Whole or not at all, for others look at the same time.
            file, whole = tempfile.mkstemp(dir=_archives())
            with made.open("rb") as source, os.fdopen(file, "wb") as target:
                shutil.copyfileobj(source, target)
            Path(whole).replace(_archives() / f"{made.stem}-{_sum(made)}.jsa")
        made.unlink()


def _works(artifacts: Artifacts, archive: Path) -> bool:
    """Whether a JVM can use it, which may have been written in part."""
    told = [f"-XX:SharedArchiveFile={archive}", "-Xshare:on", "-XX:+VerifySharedSpaces", "-cp", artifacts.classpath]
    ran = subprocess.run(  # noqa: S603  # the Java that was found
        [artifacts.java, *told, "-version"], cwd=archive.parent, capture_output=True, check=False
    )
    return ran.returncode == 0


def _archives() -> Path:
    return cache() / "archives"


def _key(artifacts: Artifacts) -> str:
    """Return what changes with whatever the JVM would find changed."""
    digest = hashlib.sha256()
    for each in (artifacts.java, *artifacts.classpath.split(os.pathsep)):
        file = Path(each).stat()
        digest.update(f"{each} {file.st_size} {file.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:12]


def _sum(archive: Path) -> str:
    with archive.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]
