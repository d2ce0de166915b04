"""happybase's own tests, from its source distribution and unchanged, pass against the drop-in."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tarfile
import uuid
from pathlib import Path
from typing import Final

import pytest

from cfacl.testing import announcements
from cfacl.testing.servers import Running

pytestmark = pytest.mark.slow

SOURCE: Final = "happybase==1.3.0"
#: Of the two files of tests in it: that they are what was published.
PUBLISHED: Final = {
    "test_api.py": "b0e63b24bf24ca682967f293cb70c29292979ff54acbb31e39d66f9f5d24b068",
    "test_util.py": "1146843b56316881adb2c5ad69781f40cdaf0b09e9bf17eb55d33eab2e934826",
}
#: How many tests they hold.
TESTS: Final = 27


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked source distribution."""
    folder = tmp_path_factory.mktemp("happybase")
    got = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download"),
            *("--no-deps", "--no-binary=:all:", f"--dest={folder}", SOURCE),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    archives = list(folder.glob("*.tar.gz"))
    if not archives:
        last = (got.stderr.strip().splitlines() or ["pip says nothing"])[-1]
        announcements.absent("happybase", f"the source distribution {SOURCE}, from where pip installs: {last}")
    with tarfile.open(archives[0]) as archive:
        archive.extractall(folder, filter="data")
    return next(folder.glob("happybase-*/"))


def test_they_are_what_was_published(source: Path) -> None:
    found = {each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in (source / "tests").glob("*.py")}
    assert found == PUBLISHED


@pytest.mark.parametrize("store", ["rocksdb", "hbase"])
def test_they_pass(source: Path, store: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    location = str(tmp_path / "store")
    if store == "hbase":
        hbase: Running = request.getfixturevalue("hbase")
        location = f"hbase://{hbase.host}:{hbase.port()}/s{uuid.uuid4().hex[:8]}_?timeout=60"
    script = Path(__file__).with_name("published.py")
    ran = subprocess.run(
        [sys.executable, script, location, source, "-q", "-W", "error"],
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.search(rf"^{TESTS} passed in", ran.stdout, re.MULTILINE), ran.stdout
