"""A store of somebody else's: a package with an entry point, installed as any other, and ten lines for the suite."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

EXAMPLE: Final = Path(__file__).parent / "example"

pytestmark = pytest.mark.slow

USE: Final = """
import sys, cfacl
policy = cfacl.Policy.loads('''
policy = { name = "shop", purposes = ["service"] }
tables.account.families.id = { level = "public", purposes = ["service"] }
principals.app = { kind = "service", roles = ["app"] }
[roles.app]
clearance = "public"
grants = [{ table = "account", families = ["id"], actions = ["read", "write"], purposes = ["service"], why = "runs" }]
''')
for _ in range(2):
    with cfacl.connect("sqlite://" + sys.argv[1], policy=policy) as db:
        db.create_tables()
        with db.session("app", purpose="service") as session:
            print(db, session.table("account").counter_inc(b"u17", b"id:visits"))
"""


def python(*arguments: str | Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own, with one more folder of packages."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PIP_"))}
    environment = inherited if path is None else {**inherited, "PYTHONPATH": str(path)}
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the example is installed into, as `pip` does it without a network."""
    source, target = (tmp_path_factory.mktemp("example") / name for name in ("source", "target"))
    shutil.copytree(EXAMPLE, source)
    offline = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--no-index"]
    ran = python("-m", "pip", "install", *offline, "--target", target, source)
    assert ran.returncode == 0, ran.stderr
    assert (target / "cfacl_sqlite.py").is_file()
    return target


def test_it_is_found_by_the_scheme_of_a_url(installed: Path, tmp_path: Path) -> None:
    ran = python("-c", USE, tmp_path / "shop.db", path=installed)
    assert ran.stdout.splitlines() == [f"<Database of shop on sqlite> {number}" for number in (1, 2)], ran.stderr


def test_it_is_not_known_where_it_is_not_installed(tmp_path: Path) -> None:
    ran = python("-c", USE, tmp_path / "shop.db")
    assert (
        "no store is installed for `sqlite://`; known are `cassandra`, `hbase`, `hbase+http`, `hbase+https`, `memory`, `rocksdb`"
        in ran.stderr
    )


def test_it_passes_the_suite_and_the_machine_and_what_it_lacks_is_announced(installed: Path, tmp_path: Path) -> None:
    for each in EXAMPLE.glob("test_*.py"):
        shutil.copy(each, tmp_path)
    options = ["-q", "-rs", "-W", "error", "--strict-markers", "-p", "no:cacheprovider", f"--rootdir={tmp_path}"]
    ran = python("-m", "pytest", *options, "-c", os.devnull, tmp_path, path=installed)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    passed, skipped = (int(re.search(rf"(\d+) {word}", ran.stdout)[1]) for word in ("passed", "skipped"))
    assert passed > 100
    announced = re.findall(
        r"^SKIPPED \[(\d+)\] .*the store says it has no `(?:filters|snapshot_scans|versions)`$",
        ran.stdout,
        re.MULTILINE,
    )
    assert sum(map(int, announced)) == skipped > 0
