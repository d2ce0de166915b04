"""No JVM outlives the run that started it, and a run has one server however many processes share it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from cfacl.testing.announcements import absent
from cfacl.testing.servers import Missing
from cfacl.testing.servers.artifacts import java_of, resolve
from cfacl.testing.servers.cassandra.server import SOURCE as CASSANDRA
from cfacl.testing.servers.hbase.running import SOURCE as HBASE

pytestmark = pytest.mark.slow

#: Starts a server, and forks a child that holds all that it has open.
KILLED: Final = """
import os, signal, sys
from pathlib import Path
from cfacl.testing import servers
signal.alarm(600)
getattr(servers, sys.argv[2])(Path(sys.argv[1])).start()
child = os.fork()
if not child:
    signal.alarm(600)
    signal.pause()
print(child, flush=True)
signal.pause()
"""

SHARED: Final = {
    "hbase": """
import os
from contextlib import closing
from pathlib import Path

def test_it_answers(hbase, worker_id, tmp_path_factory):
    with closing(hbase.connection()) as connection:
        connection.tables()
    shared = Path(os.environ["CFACL_TOLD"])
    (shared / worker_id).write_text(f"{hbase.ports} {hbase.folder}")
""",
    "cassandra": """
import os
from pathlib import Path

def test_it_answers(cassandra, worker_id, tmp_path_factory):
    with cassandra.session() as session:
        session.execute("SELECT key FROM system.local")
    shared = Path(os.environ["CFACL_TOLD"])
    (shared / worker_id).write_text(f"{cassandra.port} {cassandra.folder}")
""",
}


@pytest.fixture(params=["hbase", "cassandra"])
def part(request: pytest.FixtureRequest) -> str:
    """Each server, or nothing where there can be none."""
    try:
        if request.param == "hbase":
            resolve(HBASE)
        else:
            resolve(CASSANDRA, java_of(17))
    except Missing as missing:
        absent(request.param, str(missing))
    return request.param


def test_they_end_with_a_process_that_is_killed_also_where_its_child_lives_on(
    part: str, system, tmp_path: Path
) -> None:
    name, count = {"hbase": ("HBase", 2), "cassandra": ("Cassandra", 1)}[part]
    with subprocess.Popen([sys.executable, "-c", KILLED, tmp_path, name], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        child = int(owner.stdout.readline())
        try:
            pids = system.jvms(tmp_path)
            assert len(pids) == count
            assert system.end(pids, owner.kill)
            os.kill(child, 0)  # it does live
        finally:
            os.kill(child, signal.SIGKILL)


def test_two_workers_share_one_which_ends_with_the_run(part: str, system, tmp_path: Path) -> None:
    (tmp_path / "test_shared.py").write_text(SHARED[part], "utf-8")
    for each in ("told", "temporary"):
        (tmp_path / each).mkdir()
    options = ["-n", "2", "--dist", "each", "-W", "error", "-p", "cfacl.testing.servers", "-p", "no:cacheprovider"]
    named = ("PYTEST_", "CFACL_HBASE", "CFACL_CASSANDRA")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(named)}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-c", os.devnull, f"--rootdir={tmp_path}", tmp_path],
        env={**environment, "CFACL_TOLD": str(tmp_path / "told"), "TMPDIR": str(tmp_path / "temporary")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    told = {each.name: each.read_text("utf-8") for each in (tmp_path / "told").iterdir()}
    assert told.keys() == {"gw0", "gw1"}
    assert told["gw0"] == told["gw1"]
    assert system.jvms(tmp_path) == set()
    assert not [*(tmp_path / "temporary").glob("cfacl-*")]


def test_one_to_play_with_says_how_to_connect_and_ends_on_ctrl_c(
    part: str, system, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("here"))
    Path("home.toml").write_text('[policy]\nname = "mine"\n', "utf-8")
    # as a shell starts it in the background
    ignoring = "import runpy, signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
    started = f"{ignoring}; runpy.run_module('cfacl.testing.servers', run_name='__main__')"
    with (
        subprocess.Popen(
            [sys.executable, "-c", started, *([] if part == "hbase" else [part])],
            env={**os.environ, "TMPDIR": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as owner,
        ExitStack() as stack,
    ):
        stack.callback(owner.kill)  # which nobody waits for if anything goes wrong here
        assert owner.stdout is not None
        lines = [owner.stdout.readline() for _ in range(4)]
        follow(lines)
        pids = system.jvms(tmp_path)
        assert len(pids) == (2 if part == "hbase" else 1)
        assert system.end(pids, lambda: owner.send_signal(signal.SIGINT))
        assert owner.wait(60) == 0
    assert not [*tmp_path.iterdir()]


def follow(lines: list[str]) -> None:
    """Do what was printed."""
    names: dict = {}
    exec("".join(lines), names)
    if "connection" in names:
        assert names["connection"].tables() == []
        names["connection"].close()
    else:
        assert (
            names["session"].execute("SELECT table_name FROM system_schema.tables WHERE keyspace_name = 'home'").all()
            == []
        )
        names["session"].cluster.shutdown()
    assert names["db"].drift() == []
    names["db"].close()
