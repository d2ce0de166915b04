"""`cfacl store`: verify, backup, restore, sweep."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import cfacl
from cfacl.cli.app import main
from cfacl.stores.registry import open_store
from cfacl.stores.rocksdb.origin import FORMAT_KEY

POLICY = """
policy = { name = "x", purposes = ["work"] }
[tables.t.families]
one = { level = "public", purposes = ["work"] }
two = { level = "public", purposes = ["work"], versions = 3 }
[roles.r]
clearance = "public"
grants = [{ table = "t", families = ["one", "two"], actions = ["read", "write"], purposes = ["work"], why = "works" }]
[principals]
p = { kind = "service", roles = ["r"] }
"""
ROWS = 300


@pytest.fixture
def policy() -> cfacl.Policy:
    return cfacl.Policy.loads(POLICY)


def fill(db: cfacl.Database, value: bytes = b"v" * 100) -> None:
    db.create_tables()
    with db.session("p", purpose="work").table("t").batch(batch_size=100) as batch:
        for number in range(ROWS):
            batch.put(b"row%05d" % number, {b"one:q": value, b"two:q": value})


def content(location: Path, policy: cfacl.Policy) -> list[Any]:
    with cfacl.connect(location, policy=policy) as db:
        table = db.session("p", purpose="work").table("t")
        return [(key, dict(row), table.cells(key, b"two:q")) for key, row in table.scan()]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    location = tmp_path_factory.mktemp("filled") / "store"
    with cfacl.connect(location, policy=cfacl.Policy.loads(POLICY)) as db:
        fill(db, b"old" * 30)
        fill(db)
    return location


@pytest.fixture
def store(tmp_path: Path, filled: Path) -> Path:
    return shutil.copytree(filled, tmp_path / "store")


def files(folder: Path) -> dict[str, bytes]:
    return {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    code = main([str(each) for each in arguments])
    out, err = capsys.readouterr()
    return code, out + err


def test_a_store_comes_back_from_its_backup(
    tmp_path: Path, store: Path, policy: cfacl.Policy, capsys: pytest.CaptureFixture[str]
) -> None:
    before = content(store, policy)
    assert len(before) == ROWS
    assert len(before[0][2]) == 2
    backup, again = tmp_path / "backup", tmp_path / "again"
    code, out = said(capsys, "store", "backup", store, backup)
    assert (code, "are in" in out) == (0, True)
    assert content(store, policy) == before
    assert list(store.glob("CFACL_CHECKPOINT*")) == []
    code, out = said(capsys, "store", "restore", backup, again)
    assert (code, out) == (0, f"`{again}` holds 900 values of `{backup}`\n")
    assert content(again, policy) == before
    assert said(capsys, "store", "backup", store, tmp_path / "b2", "--format", "json")[0] == 0


@pytest.mark.parametrize("prefix", ["", "./", "../here/"])
def test_paths_may_be_relative(
    tmp_path: Path,
    store: Path,
    policy: cfacl.Policy,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    prefix: str,
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    store.rename(here / "store")
    (here / "policy.toml").write_text(POLICY)
    monkeypatch.chdir(here)
    for command in (
        ("verify", f"{prefix}store"),
        ("sweep", f"{prefix}store", f"{prefix}policy.toml"),
        ("backup", f"{prefix}store", f"{prefix}backup"),
        ("restore", f"{prefix}backup", f"{prefix}again"),
        ("verify", f"{prefix}again"),
    ):
        code, out = said(capsys, "store", *command)
        assert code == 0, (command, out)
    with cfacl.connect(f"{prefix}store", policy=policy) as db:
        steps = db._store.back_up(Path(f"{prefix}mine"))
        next(steps)
        monkeypatch.chdir(tmp_path)  # the steps go on where they began
        for _ in steps:
            pass
        db.back_up("mine")
    for backup in (here / "mine", tmp_path / "mine"):
        assert (backup / "CFACL_BACKUP").exists()
    monkeypatch.chdir(here)
    with cfacl.connect(f"{prefix}again", policy=policy, read_only=True) as db:
        monkeypatch.chdir(tmp_path)
        assert len(list(db.session("p", purpose="work").table("t").scan())) == ROWS


def test_a_service_backs_up_what_it_has_open(tmp_path: Path, store: Path, policy: cfacl.Policy) -> None:
    with cfacl.connect(store, policy=policy) as db:
        fill(db, b"newer")
        steps: list[Any] = []
        db.back_up(tmp_path / "backup", steps.append)
        assert steps[-1].size == steps[-1].total > 0
        fill(db, b"after")
    assert main(["store", "restore", str(tmp_path / "backup"), str(tmp_path / "again")]) == 0
    assert content(tmp_path / "again", policy)[0][1] == {b"one:q": b"newer", b"two:q": b"newer"}


def test_what_a_watcher_of_a_backup_raises_is_its_own(tmp_path: Path, store: Path, policy: cfacl.Policy) -> None:
    class MineError(Exception):
        pass

    def watch(_: object) -> None:
        raise MineError

    with cfacl.connect(store, policy=policy) as db:
        with pytest.raises(MineError):
            db.back_up(tmp_path / "backup", watch)
        assert not (tmp_path / "backup").exists()
        assert list(store.glob("CFACL_CHECKPOINT*")) == []
        db.back_up(tmp_path / "backup")


def test_what_is_no_rocksdb_store_says_so(tmp_path: Path, policy: cfacl.Policy) -> None:
    with (
        cfacl.connect("memory://", policy=policy) as db,
        pytest.raises(cfacl.Unsupported, match=r"^a store in memory has no files to back up"),
    ):
        db.back_up(tmp_path / "backup")


def test_verifying_counts_and_changes_nothing(
    store: Path, policy: cfacl.Policy, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(store)
    code, out = said(capsys, "store", "verify", store, "--format", "json")
    found = json.loads(out)
    assert (code, found["whole"], found["damage"]) == (0, True, None)
    assert [(each["family"], each["values"]) for each in found["families"]] == [("one", 300), ("two", 600)]
    assert files(store) == before
    with cfacl.connect(store, policy=policy):
        assert said(capsys, "store", "verify", store)[0] == 0


def test_families_are_listed_by_their_identities_which_are_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    families = "".join(f'f{number} = {{ level = "public", purposes = [] }}\n' for number in range(12))
    many = cfacl.Policy.loads(f'policy = {{ name = "x", purposes = [] }}\n[tables.t.families]\n{families}')
    with cfacl.connect(tmp_path / "store", policy=many) as db:
        db.create_tables()
    _, out = said(capsys, "store", "verify", tmp_path / "store", "--format", "json")
    identities = [each["identity"] for each in json.loads(out)["families"]]
    assert len(identities) == 12
    assert max(identities) > 9
    assert identities == sorted(identities)


@pytest.fixture
def damaged(store: Path) -> Path:
    largest = max(store.glob("*.sst"), key=lambda each: each.stat().st_size)
    raw = bytearray(largest.read_bytes())
    raw[100] ^= 0xFF
    largest.write_bytes(raw)
    return store


def test_damage_is_a_finding(damaged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = said(capsys, "store", "verify", damaged)
    assert code == 1
    assert "damaged; restore it from a backup" in out
    code, out = said(capsys, "store", "verify", damaged, "--format", "json")
    assert (code, json.loads(out)["whole"]) == (1, False)


@pytest.mark.parametrize("command", ["verify", "backup", "restore", "sweep"])
@pytest.mark.parametrize("what", ["format", "kind of column family"])
def test_a_store_of_another_version_is_left_as_it_is(
    tmp_path: Path, store: Path, capsys: pytest.CaptureFixture[str], command: str, what: str
) -> None:
    (tmp_path / "policy.toml").write_text(POLICY)
    opened: Any = open_store(store, clock=time.time_ns)
    if what == "format":
        opened._database.system.read[FORMAT_KEY] = b"2"
    else:
        opened._database.driver.create_column_family("index:1:t:one", opened._database._options)
    list(opened.back_up(tmp_path / "backup"))
    opened.close()
    target = tmp_path / "target"
    if command == "restore":
        target.mkdir()
    before = files(tmp_path)
    arguments = {
        "verify": [store],
        "backup": [store, target],
        "restore": [tmp_path / "backup", target],
        "sweep": [store, tmp_path / "policy.toml"],
    }[command]
    place = tmp_path / "backup" / "data" if command == "restore" else store
    said_of_it = f"cfacl: `{place}` was written by another version of cfacl; open it with that one\n"
    assert said(capsys, "store", command, *arguments) == (2, said_of_it)
    assert files(tmp_path) == before


@pytest.mark.parametrize("what", ["flipped", "missing", "short", "unlisted name", "manifest", "no manifest"])
def test_a_damaged_backup_makes_no_store(
    tmp_path: Path, store: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    backup, again = tmp_path / "backup", tmp_path / "again"
    assert said(capsys, "store", "backup", store, backup)[0] == 0
    largest = max((backup / "data").glob("*.sst"), key=lambda each: each.stat().st_size)
    manifest = backup / "CFACL_BACKUP"
    if what == "flipped":
        raw = bytearray(largest.read_bytes())
        raw[50] ^= 1
        largest.write_bytes(raw)
    elif what == "missing":
        largest.unlink()
    elif what == "short":
        largest.write_bytes(largest.read_bytes()[:-1])
    elif what == "unlisted name":
        manifest.write_text(manifest.read_text().replace('"CURRENT"', '"../CURRENT"'))
    elif what == "manifest":
        manifest.write_bytes(manifest.read_bytes()[:-20])
    else:
        manifest.unlink()
    code, out = said(capsys, "store", "restore", backup, again)
    assert code == 2
    assert "backup" in out
    assert out.count("\n") == 1
    assert not again.exists()


@pytest.mark.parametrize(
    "manifest",
    [
        '{"format": 1, "files": [{"name": "CURRENT", "size": 1e999, "sha256": "x"}]}',
        '{"format": 1, "files": [{"name": "000012.sst", "size": 1, "sha256": "x"}]}',
        "[" * 200_000,
    ],
    ids=["a size without an end", "no CURRENT", "brackets without an end"],
)
def test_a_manifest_of_hashes_that_makes_no_sense_is_damage_of_the_backup(
    tmp_path: Path, store: Path, capsys: pytest.CaptureFixture[str], manifest: str
) -> None:
    backup, again = tmp_path / "backup", tmp_path / "again"
    assert said(capsys, "store", "backup", store, backup)[0] == 0
    (backup / "CFACL_BACKUP").write_text(manifest)
    told = f"cfacl: `CFACL_BACKUP` of `{backup}` is damaged; use another backup\n"
    assert said(capsys, "store", "restore", backup, again) == (2, told)
    assert not again.exists()


@pytest.mark.parametrize("what", ["a value", "CURRENT"])
def test_a_backup_of_a_damaged_store_is_no_way_back(
    tmp_path: Path, store: Path, policy: cfacl.Policy, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    """Every file is what was backed up, with the damage; and nothing says to bring back the backup that this is."""
    backup, again = tmp_path / "backup", tmp_path / "again"
    assert said(capsys, "store", "backup", store, backup)[0] == 0
    kind = "*.sst" if what == "a value" else what
    file = max((backup / "data").glob(kind), key=lambda each: each.stat().st_size)
    raw = bytearray(file.read_bytes())
    raw[-1 if what == "CURRENT" else 100] ^= 0xFF
    file.write_bytes(raw)
    manifest = json.loads((backup / "CFACL_BACKUP").read_bytes())
    for each in manifest["files"]:
        if each["name"] == file.name:
            each["sha256"] = hashlib.sha256(raw).hexdigest()
    (backup / "CFACL_BACKUP").write_text(json.dumps(manifest))
    code, out = said(capsys, "store", "restore", backup, again)
    assert (code, out) == (2, f"cfacl: the backup `{backup}` is damaged, as its store was; use another one\n")
    assert not again.exists()


@pytest.mark.parametrize("target", ["full", "store/in", "missing/backup", "file"])
def test_a_backup_that_is_refused_changes_nothing(
    tmp_path: Path, store: Path, capsys: pytest.CaptureFixture[str], target: str
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("x")
    (tmp_path / "file").write_text("x")
    before = files(tmp_path)
    code, out = said(capsys, "store", "backup", store, tmp_path / target)
    assert (code, out.count("\n")) == (2, 1)
    assert str(tmp_path / target) in out
    assert files(tmp_path) == before


@pytest.mark.parametrize("command", ["verify", "backup", "restore", "sweep"])
@pytest.mark.parametrize("what", ["nothing", "file", "folder", "other"])
def test_what_is_no_store_is_left_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, what: str
) -> None:
    place = tmp_path / "place"
    if what == "file":
        place.write_text("x")
    elif what in ("folder", "other"):
        place.mkdir()
    if what == "other":
        (place / "CURRENT").write_text("x")
    (tmp_path / "policy.toml").write_text(POLICY)
    before = sorted(tmp_path.rglob("*"))
    target = {"verify": [], "sweep": [tmp_path / "policy.toml"]}.get(command, [tmp_path / "target"])
    code, out = said(capsys, "store", command, place, *target)
    assert code == (1 if (what, command) == ("other", "verify") else 2)
    assert out.count("\n") == 1
    assert str(place) in out
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_nothing_is_written_over(tmp_path: Path, store: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    backup = tmp_path / "backup"
    assert said(capsys, "store", "backup", store, backup)[0] == 0
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine").write_text("x")
    code, out = said(capsys, "store", command, store if command == "backup" else backup, full)
    assert (code, out) == (2, f"cfacl: `{full}` holds something; name a new directory\n")
    assert files(full) == {"mine": b"x"}


def test_a_copy_that_does_not_hold_what_was_written_is_no_backup(
    tmp_path: Path, store: Path, policy: cfacl.Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cfacl.stores.rocksdb import backup

    hashed = backup._hashed

    def forgetful(name: str, file: Any, take: Any) -> Any:
        entry = hashed(name, file, take)
        return entry._replace(sha256="0") if take is len and name.endswith(".sst") else entry

    monkeypatch.setattr(backup, "_hashed", forgetful)
    with (
        cfacl.connect(store, policy=policy) as db,
        pytest.raises(cfacl.StoreCorrupted, match="does not hold what was written to it"),
    ):
        db.back_up(tmp_path / "backup")
    assert not (tmp_path / "backup").exists()
    assert list(store.glob("CFACL_CHECKPOINT*")) == []


def test_what_a_crash_left_of_a_backup_is_in_nobodys_way(
    tmp_path: Path, store: Path, policy: cfacl.Policy, capsys: pytest.CaptureFixture[str]
) -> None:
    (store / "CFACL_CHECKPOINT").mkdir()
    (store / "CFACL_CHECKPOINT" / "x").write_text("x")
    assert said(capsys, "store", "backup", store, tmp_path / "backup")[0] == 0
    assert list(store.glob("CFACL_CHECKPOINT*")) == []
    assert len(content(store, policy)) == ROWS


def test_a_store_that_is_open_elsewhere_is_not_copied(
    tmp_path: Path, store: Path, policy: cfacl.Policy, capsys: pytest.CaptureFixture[str]
) -> None:
    with cfacl.connect(store, policy=policy):
        code, out = said(capsys, "store", "backup", store, tmp_path / "backup")
    assert code == 2
    assert "has this store open" in out
    shutil.rmtree(tmp_path / "backup", ignore_errors=True)


@pytest.fixture
def brief(tmp_path: Path, store: Path) -> Path:
    """A policy by which what the store holds in one of its families lives for a second; it knows another table."""
    file = tmp_path / "brief.toml"
    text = POLICY.replace("versions = 3", 'versions = 3, time_to_live = "1s"')
    file.write_text(text + '[tables.u.families]\nthree = { level = "public", purposes = [], time_to_live = "1s" }\n')
    time.sleep(1.1)
    return file


def test_what_outlived_its_family_is_removed_and_counted(
    store: Path, policy: cfacl.Policy, brief: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = said(capsys, "store", "sweep", store, brief, "--format", "json")
    expected = {"table": "t", "family": "two", "looked": 600, "removed": 600}
    assert (code, json.loads(out)) == (0, [expected])
    assert [dict(row) for _, row, _ in content(store, policy)] == [{b"one:q": b"v" * 100}] * ROWS
    code, out = said(capsys, "store", "sweep", store, brief)
    assert (code, out.split()[-4:]) == (0, ["t", "two", "0", "0"])


def test_a_policy_by_which_nothing_expires_sweeps_nothing(
    tmp_path: Path, store: Path, policy: cfacl.Policy, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "policy.toml").write_text(POLICY)
    before = content(store, policy)
    code, out = said(capsys, "store", "sweep", store, tmp_path / "policy.toml")
    assert (code, out) == (0, "no family that the store holds has a `time_to_live`\n")
    assert content(store, policy) == before


def test_sweeping_retires_no_family(store: Path, policy: cfacl.Policy, brief: Path) -> None:
    brief.write_text(brief.read_text().replace('one = { level = "public"', 'other = { level = "public"').replace(
        'families = ["one", "two"]', 'families = ["two"]'
    ))  # fmt: skip
    assert main(["store", "sweep", str(store), str(brief)]) == 0
    with cfacl.connect(store, policy=policy) as db:
        assert db.drift() == []


def test_a_store_that_is_open_elsewhere_is_not_swept(
    store: Path, policy: cfacl.Policy, brief: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with cfacl.connect(store, policy=policy):
        code, out = said(capsys, "store", "sweep", store, brief)
    assert code == 2
    assert "has this store open" in out


@pytest.mark.slow
@pytest.mark.parametrize("command", ["backup", "restore", "sweep"])
def test_progress_is_told_to_a_terminal_only_and_on_stderr(
    tmp_path: Path, store: Path, brief: Path, command: str
) -> None:
    assert main(["store", "backup", str(store), str(tmp_path / "made")]) == 0
    arguments, shows = {
        "backup": ([store, tmp_path / "b"], b"backing up"),
        "restore": ([tmp_path / "made", tmp_path / "again"], b"restoring"),
        "sweep": ([store, brief], b"sweeping: 600 values looked at, 600 removed"),
    }[command]
    screen, terminal = pty.openpty()
    script = "import sys; from cfacl.cli.app import main; sys.exit(main())"
    with subprocess.Popen(
        [sys.executable, "-c", script, "store", command, *map(str, arguments), "--format", "json"],
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
        stdout=subprocess.PIPE,
        stderr=terminal,
    ) as process:
        os.close(terminal)
        shown = b""
        try:
            while piece := os.read(screen, 4096):
                shown += piece
        except OSError:  # the other end is closed
            pass
        assert process.stdout is not None
        out = process.stdout.read()
    os.close(screen)
    assert process.returncode == 0
    assert shows in shown
    json.loads(out)
