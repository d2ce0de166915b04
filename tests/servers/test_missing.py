"""What is said where a machine lacks what a server needs.  No server is started here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cfacl.testing.servers import HBase, Missing, ServerError, artifacts, ports
from cfacl.testing.servers.artifacts import Artifacts, cache, java_of, resolve
from cfacl.testing.servers.hbase import running, server, settings
from cfacl.testing.servers.hbase.running import SOURCE
from cfacl.testing.servers.run import Run


def program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n", "ascii")
    path.chmod(0o755)


def run(folder: Path, test: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a test with the plugin, in a process of its own."""
    (folder / "test_one.py").write_text(test, "utf-8")
    inherited = {name: each for name, each in os.environ.items() if not name.startswith(("PYTEST_", "CFACL_"))}
    options = ["-rs", "-W", "error", "-p", "cfacl.testing.servers", "-p", "no:cacheprovider"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-c", os.devnull, f"--rootdir={folder}", folder],
        env={**inherited, "CFACL_CACHE": str(folder / "cache"), "TMPDIR": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_java_it_says_what_to_install(bare: Path) -> None:
    with pytest.raises(Missing, match=r"^`java` is not on the PATH: install Java 17, such as `apt install openjdk-17"):
        resolve(SOURCE)


def test_without_maven_it_says_what_to_install(bare: Path) -> None:
    program(bare / "java", "exit 0")
    with pytest.raises(Missing, match=r"^`mvn` is not on the PATH: install Maven, such as `apt install maven`$"):
        resolve(SOURCE)


def test_without_the_jars_it_says_where_maven_told_why(bare: Path) -> None:
    program(bare / "java", "exit 0")
    program(bare / "mvn", 'echo "$@"; exit 1')
    with pytest.raises(
        Missing, match=r"^`mvn` cannot get the jars of `hbase-\w+`: see `(.*)`, and whether Maven Cen"
    ) as told:
        resolve(SOURCE)
    asked = Path(str(told.value).split("`")[5]).read_text("utf-8")
    assert "--offline" not in asked


def test_with_a_java_that_compiles_nothing_it_says_what_to_install(bare: Path) -> None:
    program(bare / "java", "exit 0")
    program(bare / "mvn", 'for each; do case $each in -Dmdep.outputFile=*) echo a.jar > "${each#*=}";; esac; done')
    with pytest.raises(Missing, match=r"^`javac` is not on the PATH: install the whole of Java 17"):
        resolve(SOURCE)


#: Gets the jars, as the process that the system may kill.
RESOLVED = """
import signal, sys
from pathlib import Path
from cfacl.testing.servers.artifacts import resolve
signal.alarm(600)
resolve(Path(sys.argv[1]))
"""
JARS = 'for each; do case $each in -Dmdep.outputFile=*) echo a.jar > "${each#*=}";; esac; done'


@pytest.mark.parametrize("tool", ["mvn", "javac"])
@pytest.mark.parametrize("cause", [signal.SIGKILL, signal.SIGINT])
def test_what_gets_the_jars_ends_with_the_process_that_asked(
    system, bare: Path, tmp_path: Path, tool: str, cause: int
) -> None:
    """And what it started itself, as Maven's script does not end when its JVM is killed."""
    told = tmp_path / "told"
    os.mkfifo(told)
    for each in ("java", "javac", "mvn"):
        program(bare / each, JARS if each == "mvn" else "exit 0")
    program(bare / tool, f"/bin/sleep 600 & echo $$ $! > {told}; wait")
    with subprocess.Popen([sys.executable, "-c", RESOLVED, SOURCE], stderr=subprocess.DEVNULL) as owner:
        pids = {int(each) for each in told.read_text("ascii").split()}
        assert len(pids) == 2
        assert system.end(pids, lambda: owner.send_signal(cause))
        assert owner.wait(60)


def test_java_home_comes_before_the_path(bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jar = tmp_path / "a.jar"
    jar.touch()
    program(bare / "mvn", f'for each; do case $each in -Dmdep.outputFile=*) echo {jar} > "${{each#*=}}";; esac; done')
    (tmp_path / "jdk" / "bin").mkdir(parents=True)
    program(tmp_path / "jdk" / "bin" / "java", "exit 0")
    program(tmp_path / "jdk" / "bin" / "javac", 'while [ "$1" != -d ]; do shift; done; /bin/mkdir -p "$2"')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
    found = resolve(SOURCE)
    assert found.java == str(tmp_path / "jdk" / "bin" / "java")
    assert found.classpath.endswith(f":{jar}")
    (bare / "mvn").unlink()
    assert resolve(SOURCE) == found
    jar.unlink()
    with pytest.raises(Missing, match="`mvn` is not on the PATH"):
        resolve(SOURCE)


def test_the_cache_is_where_it_was_said_or_where_the_user_keeps_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CFACL_CACHE", "/named")
    assert cache() == Path("/named")
    monkeypatch.delenv("CFACL_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/users")
    assert cache() == Path("/users/cfacl")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache() == Path.home() / ".cache" / "cfacl"


def test_a_java_that_is_too_old_is_told_from_a_fault_of_ours(bare: Path) -> None:
    program(bare / "java", "exit 0")
    program(bare / "mvn", 'for each; do case $each in -Dmdep.outputFile=*) echo a.jar > "${each#*=}";; esac; done')
    program(bare / "javac", "echo 'error: invalid flag: --release' >&2; exit 2")
    with pytest.raises(Missing, match=r"^`javac` says `error: invalid flag: --release`: install the whole of Java 17"):
        resolve(SOURCE)


def home(folder: Path, said: str) -> Path:
    """A Java whose file says its release so."""
    (folder / "bin").mkdir(parents=True)
    program(folder / "bin" / "java", "exit 0")
    (folder / "release").write_text(said, "utf-8")
    return folder


def test_a_java_of_one_release_is_found_wherever_it_is(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JAVA_HOME before the PATH, and that before where systems keep them; never one of another release."""
    kept = tmp_path / "jvm"
    monkeypatch.setattr(artifacts, "_HOMES", str(kept))
    with pytest.raises(
        Missing, match=r"^this takes Java 17, and there is none: install it, such as `apt install openjdk-17-"
    ):
        java_of(17)
    home(kept / "a", 'JAVA_VERSION="25.0.1"\n')
    home(kept / "b", "nothing of it")
    (kept / "c" / "bin").mkdir(parents=True)
    with pytest.raises(Missing, match=r"^this takes Java 17, and there is `25`: install it"):
        java_of(17)
    found = home(kept / "d", 'IMPLEMENTOR="x"\nJAVA_VERSION="17.0.15"\n')
    assert java_of(17) == str(found / "bin" / "java")
    other = home(tmp_path / "path", 'JAVA_VERSION="17"\n')
    (bare / "java").symlink_to(other / "bin" / "java")
    assert java_of(17) == str(other / "bin" / "java")
    monkeypatch.setenv("JAVA_HOME", str(home(tmp_path / "named", 'JAVA_VERSION="17.0.1"\n')))
    assert java_of(17) == str(tmp_path / "named" / "bin" / "java")
    assert java_of(25) == str(kept / "a" / "bin" / "java")


@pytest.mark.parametrize("fixture", ["cassandra", "cassandra_auth", "cassandra_ring"])
@pytest.mark.slow
def test_a_test_that_cannot_have_a_cassandra_is_announced_or_failed(bare: Path, tmp_path: Path, fixture: str) -> None:
    ran = run(tmp_path, f"def test_one({fixture}): ...")
    assert ran.returncode == 0, ran.stdout
    assert "part not on this machine: cassandra, " in ran.stdout
    ran = run(tmp_path, f"def test_one({fixture}): ...", CFACL_REQUIRE="cassandra")
    assert ran.returncode == pytest.ExitCode.TESTS_FAILED
    assert "CFACL_REQUIRE names `cassandra`, and it is not here: " in ran.stdout
    assert not [*tmp_path.glob("cfacl-*")]


@pytest.mark.slow
def test_a_cassandra_that_runs_is_named_by_its_place(tmp_path: Path) -> None:
    test = "def test_one(cassandra): assert (cassandra.host, cassandra.port, cassandra.folder) == ('h', 7, None)"
    assert run(tmp_path, test, CFACL_CASSANDRA="h:7").returncode == 0
    ran = run(tmp_path, test, CFACL_CASSANDRA="h")
    assert "CFACL_CASSANDRA is `host:port` of a node of Cassandra, and not `h`" in ran.stdout
    ran = run(tmp_path, "def test_one(cassandra_ring): ...", CFACL_CASSANDRA="h:7")
    assert "one with passwords, or of several nodes, is started only where CFACL_CASSANDRA names none" in ran.stdout


@pytest.mark.parametrize("fixture", ["hbase", "hbase_acl"])
@pytest.mark.slow
def test_a_test_that_cannot_have_a_server_is_announced_or_failed(bare: Path, tmp_path: Path, fixture: str) -> None:
    ran = run(tmp_path, f"def test_one({fixture}): ...")
    assert ran.returncode == 0, ran.stdout
    assert "part not on this machine: hbase, `java` is not on the PATH: install Java 17" in ran.stdout
    ran = run(tmp_path, f"def test_one({fixture}): ...", CFACL_REQUIRE="hbase")
    assert ran.returncode == pytest.ExitCode.TESTS_FAILED
    assert "CFACL_REQUIRE names `hbase`, and it is not here: `java` is not on the PATH" in ran.stdout
    assert not [*tmp_path.glob("cfacl-*")]


@pytest.mark.slow
def test_a_server_that_runs_already_is_used_and_none_is_started(bare: Path, tmp_path: Path) -> None:
    test = "def test_one(hbase): assert (hbase.host, hbase.port()) == ('h.example', 9090)\ndef test_two(hbase_acl): ..."
    ran = run(tmp_path, test, CFACL_HBASE="h.example:9090")
    assert ran.returncode == 0, ran.stdout
    assert "1 passed, 1 skipped" in ran.stdout
    assert "one with authorization is started only where CFACL_HBASE names none: unset it" in ran.stdout
    ran = run(tmp_path, test, CFACL_HBASE="9090")
    assert "CFACL_HBASE is `host:port` of a buffered Thrift server, and not `9090`" in ran.stdout


def test_a_start_that_failed_is_told_to_all_and_its_logs_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = []

    def fail(started: HBase) -> None:
        tries.append(started)
        raise ServerError("`master` ended by itself: read `…`")

    monkeypatch.setattr(HBase, "start", fail)
    shared = Run(tmp_path / "run")
    shared.folder.mkdir()
    shared.own()
    for _ in range(2):
        with pytest.raises(ServerError, match="`master` ended by itself"):
            shared.hbase(authorization=False)
    shared.close()
    assert len(tries) == 1
    assert (shared.folder / "hbase").is_dir()


def test_where_tests_fail_it_is_told_what_the_servers_complained_of_last(tmp_path: Path) -> None:
    test = """
import os
from pathlib import Path

def test_one():
    logs = next(Path(os.environ["TMPDIR"]).glob("cfacl-servers-*")) / "hbase" / "logs"
    logs.mkdir(parents=True)
    lines = [f"2026-01-01 00:00:00,000 {each}\\n" for each in ("WARN  a.B: slow", *(f"ERROR a.B: {n}" for n in range(4)))]
    (logs / "master.log").write_text("".join(lines))
    (logs / "master.out").write_text("java.lang.OutOfMemoryError: Java heap space\\n")
    assert not os.environ.get("FAILING")
"""
    assert "complained" not in run(tmp_path, test).stdout
    ran = run(tmp_path, test, FAILING="yes")
    told = [line for line in ran.stdout.splitlines() if line.startswith("hbase/master: ")]
    errors = [f"hbase/master: 2026-01-01 00:00:00,000 ERROR a.B: {number}" for number in (1, 2, 3)]
    assert told == [*errors, "hbase/master: java.lang.OutOfMemoryError: Java heap space"]
    assert "= what the servers complained of last =" in ran.stdout


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (
            "exec /bin/sleep 600",
            r"^hbase was not ready within 0 seconds: read `.*/logs/master.log` and `.*/buffered.log`$",
        ),
        ("exit 1", r"^`master` ended by itself: read `.*/logs/master.log`$"),
    ],
)
def test_a_start_that_fails_names_the_log_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, told: str
) -> None:
    program(tmp_path / "java", script)
    made = Artifacts(str(tmp_path / "java"), "none")
    for module in (server, running):
        monkeypatch.setattr(module, "resolve", lambda source: made)
    monkeypatch.setattr(server, "_PATIENCE", 0 if "sleep" in script else 60)
    with pytest.raises(ServerError, match=told) as raised:
        HBase(tmp_path / "hbase").start()
    assert Path(str(raised.value).split("`")[-2]).parent.is_dir()
    assert not (tmp_path / "hbase" / "data").exists()


def test_without_happybase_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "happybase", None)
    with pytest.raises(Missing, match=r"^`happybase` is not installed: `pip install 'cfacl\[hbase\]'`$"):
        HBase(tmp_path).start()


def test_only_known_transports_can_be_asked_for(tmp_path: Path) -> None:
    for each in ((), ("compact",), ("buffered", "https")):
        with pytest.raises(ValueError, match="`transports` are some of `buffered`, `framed`, `http`"):
            HBase(tmp_path, transports=each)


def test_ports_are_free_and_different_and_of_the_loopback_address() -> None:
    found = ports.free(20)
    assert len({*found}) == 20
    assert all(map(ports.is_free, found))


def test_settings_are_written_whole(tmp_path: Path) -> None:
    settings.write(tmp_path, ["always"], data="/a & b", master=1, regionserver=2, zookeeper=3)
    written = (tmp_path / "hbase-site.xml").read_text("utf-8")
    assert "<name>hbase.rootdir</name><value>file:///a &amp; b/hbase</value>" in written
    assert "<name>hbase.master.port</name><value>1</value>" in written
    assert "authorization" not in written
