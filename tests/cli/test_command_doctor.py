"""`cfacl doctor`: how a store stands."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import cfacl
from cfacl.stores.base import Store
from cfacl.stores.memory import MemoryStore
from cfacl.stores.native import Refused
from cfacl.stores.posture import Sign
from cfacl.stores.rocksdb.posture import posture
from cfacl.testing.servers import Running, RunningCassandra

Signs = dict[str, list[tuple[str, str]]]


def signs(ran: Any) -> Signs:
    found: Signs = {}
    for each in ran.document["signs"]:
        found.setdefault(each["about"], []).append((each["verdict"], each["told"]))
    assert ran.document["well"] is (ran.code == 0)
    return found


@pytest.fixture
def store(tmp_path: Path, write: Any) -> Path:
    location = tmp_path / "store"
    with cfacl.connect(location, policy=write()) as db:
        db.create_tables()
    location.chmod(0o700)
    return location


def test_nothing_wrong_is_zero_and_people_read_a_table(run: Any, write: Any, store: Path) -> None:
    ran = run("doctor", store, "--policy", write())
    assert (ran.code, ran.err) == (0, "")
    assert [each.rstrip() for each in ran.out.splitlines() if "─" not in each] == [
        "      about       told",
        f"well  directory   mode 0700 lets nobody but its owner, and root, into `{store}`",
        "well  families    2 recorded, and the store holds these and no others",
        "      transport   none: the store is in this process",
        "      encryption  cfacl encrypts nothing; whether the disk is encrypted is not visible from here",
        "      opened      for reading only, beside whoever writes it",
        "      settings    block_cache 256 MiB, memtables 256 MiB, open_files all",
        "      format      1, the only one that there is",
        *[each.rstrip() for each in ran.out.splitlines() if each.startswith("      versions    cfacl ")],
        "nothing deserves attention",
    ]
    assert len(ran.out.splitlines()) == 11


def test_a_directory_that_others_get_into_deserves_attention(run: Any, store: Path) -> None:
    for mode, may in ((0o755, "read,"), (0o770, "read and write,"), (0o702, "write,"), (0o705, "read,")):
        store.chmod(mode)
        ran = run("doctor", store)
        assert ran.code == 1
        assert f"mode {mode:04o} of `{store}` lets others of this machine {may}" in ran.out
        assert ran.out.splitlines()[-1] == "1 thing deserves attention"


def test_looking_changes_nothing_and_works_beside_a_writer(run: Any, write: Any, store: Path) -> None:
    with cfacl.connect(store, policy=write()):
        before = {each.name: each.stat().st_mtime_ns for each in store.iterdir()}
        assert run("doctor", store).code == 0
        assert {each.name: each.stat().st_mtime_ns for each in store.iterdir()} == before


def test_what_the_catalog_does_not_know_is_told(run: Any, write: Any, store: Path) -> None:
    other = write("other.toml", write().read_text("utf-8").replace('"prof"', '"city"').replace("prof =", "city ="))
    found = signs(run("doctor", store, "--policy", other, "--format", "json"))
    assert [verdict for verdict, _ in found["families"]] == ["attention", "attention"]
    assert "`account:city` is in the policy, and not in the store" in found["families"][0][1]
    assert "`account:prof` is kept, and no policy names it" in found["families"][1][1]
    assert signs(run("doctor", store, "--format", "json"))["families"][0][0] == "well"


def test_an_address_that_the_policy_refuses_deserves_attention(run: Any, write: Any, monkeypatch: Any) -> None:
    policy = write("tls.toml", write().read_text("utf-8") + '[stores.hbase]\nrequire_tls = "sensitive"\n')
    assert "transport" not in signs(run("doctor", "memory://", "--policy", policy, "--format", "json"))
    monkeypatch.setattr(MemoryStore, "plaintext", True)
    found = signs(run("doctor", "memory://", "--policy", policy, "--format", "json"))["transport"]
    assert found == [
        (
            "attention",
            "`connect` refuses this address: `require_tls` is for `account:id`; use `hbase+https://`, with a gateway that has a certificate",
        )
    ]


def test_what_cannot_be_looked_at_is_two(run: Any, tmp_path: Path) -> None:
    ran = run("doctor", tmp_path / "none")
    assert (ran.code, ran.out) == (2, "")
    assert "holds no store yet" in ran.err
    assert not (tmp_path / "none").exists()
    assert run("doctor", "nosuch://here").code == 2


def test_other_stores_say_what_they_can(run: Any, monkeypatch: Any) -> None:
    found = signs(run("doctor", "memory://", "--format", "json"))
    assert found["store"] == [("fact", "in the memory of this process, and gone with it")]
    assert found["families"] == [("well", "no families")]
    monkeypatch.setattr(MemoryStore, "posture", Store.posture)
    found = signs(run("doctor", "memory://", "--format", "json"))
    assert found["store"] == [("unseen", "a store of `memory` tells nothing of itself")]


def test_what_is_not_visible_is_named_where_nothing_else_is_wrong(run: Any, monkeypatch: Any) -> None:
    told = [Sign("unseen", about, "it does not tell") for about in ("authorization", "superusers", "superusers")]
    monkeypatch.setattr(MemoryStore, "posture", lambda self: iter(told))
    ran = run("doctor", "memory://")
    assert ran.code == 0
    assert ran.out.splitlines()[-1] == (
        "nothing that is visible from here deserves attention; not visible: authorization, superusers, policy"
    )
    assert run("doctor", "memory://", "--format", "json").document["unseen"] == [
        "authorization",
        "superusers",
        "policy",
    ]


def test_families_that_the_store_refuses_to_list_are_not_visible(run: Any, monkeypatch: Any) -> None:
    def refuse(self: Any) -> Any:
        raise Refused("hbase refuses `C` on this", "svc")

    monkeypatch.setattr(MemoryStore, "tables", refuse)
    found = signs(run("doctor", "memory://", "--format", "json"))
    assert found["families"] == [("unseen", "hbase refuses `C` on this")]


def test_what_rocksdb_says_of_its_work_is_told(store: Path, monkeypatch: Any) -> None:
    known: dict[str, int | str] = {
        "background_errors": 0, "writes_stopped": 0, "calls_failed": 0, "descriptors_open": 10, "descriptors_limit": 100,
        "block_cache_limit": 1 << 30, "memtable_limit": 1 << 20, "files_held_open_limit": 50,
    }  # fmt: skip

    def ill(**changed: int | str) -> list[str]:
        return [each.about for each in posture(store, known | changed, read_only=False) if each.verdict == "attention"]

    assert ill() == ill(descriptors_open="unknown") == ill(descriptors_open=80) == []
    assert ill(background_errors=1) == ill(writes_stopped=1) == ill(calls_failed=1) == ["writing"]
    assert ill(descriptors_open=81) == ["descriptors"]
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert ill() == ["directory"]


def test_a_driver_that_is_not_installed_as_a_package_is_told(monkeypatch: Any) -> None:
    from importlib.metadata import PackageNotFoundError

    from cfacl.api import doctor

    def lost(package: str) -> str:
        raise PackageNotFoundError(package)

    monkeypatch.setattr("importlib.metadata.version", lost)
    assert doctor._installed("cfacl") == "cfacl without a version"
    assert doctor._installed("nosuch") == "nosuch is not installed"


@pytest.mark.slow
def test_an_hbase_that_refuses_strangers_and_one_that_refuses_nobody(
    run: Any, write: Any, hbase: Running, hbase_acl: Running
) -> None:
    prefix = f"d{uuid.uuid4().hex[:12]}_"

    def mine(server: Running) -> list[bytes]:
        return [each for each in server.connection().tables() if each.startswith(prefix.encode())]

    for server, verdict in ((hbase, "attention"), (hbase_acl, "well")):
        url = f"hbase+http://{server.host}:{server.port('http')}/{prefix}"
        with cfacl.connect(url, policy=write()) as db:
            db.create_tables()
            before = mine(server)
        found = signs(run("doctor", url, "--policy", write(), "--format", "json"))
        assert found["authorization"][0][0] == verdict
        assert found["families"][0][0] == "well"
        assert mine(server) == before


@pytest.mark.slow
def test_a_cluster_that_lets_everybody_deserves_attention(
    run: Any, write: Any, cassandra: RunningCassandra, keyspaces: Callable[[], str]
) -> None:
    url = f"cassandra://{cassandra.host}:{cassandra.port}/{keyspaces()}"
    with cfacl.connect(url, policy=write()) as db:
        db.create_tables()
    ran = run("doctor", url, "--policy", write())
    assert (ran.code, ran.err) == (1, "")
    told = signs(run("doctor", url, "--policy", write(), "--format", "json"))
    assert told["authentication"] == [
        ("attention", "off: whoever reaches a node is let in; set `authenticator` in cassandra.yaml")
    ]
    assert told["authorization"] == [
        ("attention", "off: whoever is let in may do everything; set `authorizer` in cassandra.yaml")
    ]
    assert told["replication"] == [("attention", "eu 1: what is on one node is gone with it, for as long as that is")]
    assert told["commit log"] == [("well", "`batch`: what a node acknowledges is on its disk")]
    assert told["nodes"] == [("fact", "1, of cassandra 5.0.9")]
    assert told["transport"] == [("fact", "plain text, and to this machine only")]
    assert told["families"] == [("well", "2 recorded, and the store holds these and no others")]
    assert "cassandra-driver" in told["versions"][0][1]


@pytest.mark.slow
def test_a_cluster_that_asks_who_comes_is_well_and_says_who_may_all(
    run: Any, cassandra_auth: RunningCassandra, tmp_path: Path
) -> None:
    keyspace = f"d{uuid.uuid4().hex[:12]}"
    user = f"u{uuid.uuid4().hex[:12]}"
    folder = cassandra_auth.certificates
    assert folder is not None
    with cassandra_auth.session(timeout=60) as session:
        session.execute(
            f"CREATE KEYSPACE {keyspace} WITH replication = {{'class': 'NetworkTopologyStrategy', 'eu': 1}}"
        )
        session.execute(f"CREATE ROLE {user} WITH LOGIN = true AND PASSWORD = 'secret'")
        try:
            found = {}
            for name, password in (("cassandra", "cassandra"), (user, "secret")):
                known = tmp_path / name
                known.write_text(f"[PlainTextAuthProvider]\nusername = {name}\npassword = {password}\n", "utf-8")
                url = (
                    f"cassandra://{cassandra_auth.host}:{cassandra_auth.port}/{keyspace}?timeout=30&credentials={known}"
                    f"&ca={folder / 'ca.pem'}&cert={folder / 'client.pem'}&key={folder / 'client.key'}"
                )
                found[name] = signs(run("doctor", url, "--format", "json"))
        finally:
            session.execute(f"DROP KEYSPACE {keyspace}")
            session.execute(f"DROP ROLE {user}")
    told = found["cassandra"]
    assert told["transport"] == [
        ("well", "tls 1.2 or later; each node's certificate and name are verified, and we show ours")
    ]
    assert told["authentication"] == [("well", "on, by `PasswordAuthenticator`")]
    assert told["authorization"] == [("well", "on, by `CassandraAuthorizer`")]
    assert told["superusers"][0] == (
        "attention",
        "`cassandra`, whom every cassandra begins with, may log in; make one of your own",
    )
    told = found[user]
    assert told["authorization"] == [("well", f"on: the cluster refuses its settings to our user `{user}`")]
    assert told["settings"][0][0] == "unseen"
