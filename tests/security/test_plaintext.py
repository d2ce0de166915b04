"""A policy that asks for TLS is put in force on no store that is reached in plain text, from its level on."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import tomli_w

import cfacl
from cfacl.cli.app import main
from cfacl.stores.hbase.address import parse
from cfacl.stores.hbase.store import HBaseStore
from cfacl.stores.memory import MemoryStore
from cfacl.testing.stores import CountingStore

LEVELS: Final = ("public", "internal", "personal", "sensitive", "sealed")


def policy(*levels: str, require: str | None, kind: str = "hbase") -> cfacl.Policy:
    """A table with a family of each level."""
    families = {f"f{number}": {"level": level, "purposes": ["work"]} for number, level in enumerate(levels)}
    return cfacl.Policy.loads(
        tomli_w.dumps(
            {
                "policy": {"name": "x", "purposes": ["work"]},
                "tables": {"t": {"families": families}},
                "principals": {"p": {"kind": "service"}},
                "stores": {kind: {} if require is None else {"require_tls": require}},
            }
        )
    )


class Cassandra(MemoryStore):
    """A Cassandra that somebody on the way can read."""

    scheme = "cassandra"
    plaintext: Any = True


def test_what_is_said_for_one_kind_of_store_is_for_that_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: Any = Cassandra(clock=lambda: 0)
    monkeypatch.setattr("cfacl.api.connection.open_store", lambda url, **keys: opened)
    text = 'policy = { name = "x", purposes = ["w"] }\ntables.t.families.f = { level = "sealed", purposes = [] }\n'
    for kind, refused in (("hbase", False), ("cassandra", True)):
        asked = cfacl.Policy.loads(f'{text}stores.{kind}.require_tls = "sealed"\n')
        if not refused:
            cfacl.connect("cassandra://one/home", policy=asked)
            continue
        with pytest.raises(cfacl.TlsRequired, match=r"^`stores\.cassandra\.require_tls` is `sealed`.*say `\?tls=true`"):
            cfacl.connect("cassandra://one/home", policy=asked)


def test_for_a_store_of_no_known_kind_the_strictest_counts(store: CountingStore) -> None:
    text = """
policy = { name = "x" }
tables.t.families.f = { level = "personal", purposes = [] }
stores.hbase.require_tls = "sealed"
stores.cassandra.require_tls = "personal"
"""
    with pytest.raises(cfacl.TlsRequired, match=r"`stores\.cassandra\.require_tls` is `personal`"):
        cfacl.connect("other://gateway", policy=cfacl.Policy.loads(text))


class Bare(MemoryStore):
    """A store that somebody on the way can read."""

    plaintext: Any = True


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> CountingStore:
    """What every URL leads to."""
    made = CountingStore(Bare(clock=lambda: 0))
    monkeypatch.setattr("cfacl.api.connection.open_store", lambda url, **keys: made)
    return made


@pytest.mark.rule("Plain text")
@pytest.mark.parametrize("require", [None, *LEVELS])
@pytest.mark.parametrize("level", LEVELS)
def test_families_of_the_level_or_above_are_refused(store: CountingStore, level: str, require: str | None) -> None:
    asked = policy("public", level, require=require)
    refused = require is not None and max(LEVELS.index(each) for each in ("public", level)) >= LEVELS.index(require)
    if not refused:
        cfacl.connect("hbase://gateway", policy=asked).create_tables()
        return
    with pytest.raises(cfacl.TlsRequired, match=f"require_tls` is `{require}`.*plain text.*use `hbase\\+https://`"):
        cfacl.connect("hbase://gateway", policy=asked)
    assert [each.method for each in store.calls] == ["close"], "the store was asked for something"


@pytest.mark.rule("Plain text")
def test_a_policy_that_would_be_refused_does_not_replace_one(store: CountingStore) -> None:
    before = policy("sensitive", require=None)
    with cfacl.connect("hbase://gateway", policy=before) as db:
        db.create_tables()
        session = db.session("p", purpose="work")
        del store.calls[:]
        with pytest.raises(cfacl.TlsRequired):
            db.replace_policy(policy("internal", require="internal"))
        with pytest.raises(cfacl.TlsRequired, match="`t:f0`, `t:f1`, `t:f2` and 2 more"):
            db.replace_policy(policy(*["sealed"] * 5, require="sealed"))
        assert db.policy is before
        assert store.calls == []
        assert session.families("read", "t") == frozenset()
        db.replace_policy(policy("internal", require="sensitive"))


def test_the_ladder_of_the_policy_counts(store: CountingStore) -> None:
    text = """
policy = { name = "x", levels = ["sensitive", "public"] }
tables.t.families.a = { level = "public", purposes = [] }
stores.hbase.require_tls = "sensitive"
"""
    with pytest.raises(cfacl.TlsRequired):
        cfacl.connect("hbase://gateway", policy=cfacl.Policy.loads(text))


@pytest.mark.parametrize(
    ("url", "plaintext"),
    [
        ("hbase://gateway", True),
        ("hbase://127.0.0.1", True),
        ("hbase://gateway?transport=framed", True),
        ("hbase+http://gateway", True),
        ("hbase+http://gateway?doas=principal", True),
        ("hbase+https://gateway", False),
    ],
)
def test_only_https_is_not_plain_text(url: str, plaintext: bool) -> None:
    store = HBaseStore(parse(url), clock=lambda: 0)
    assert store.plaintext is plaintext
    assert store.acting_as("p").plaintext is plaintext
    store.close()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Somebody who listens, and answers nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def heard(listener: socket.socket) -> bytes | None:
    """What was sent there first; ``None`` where nobody even connected."""
    listener.settimeout(0)
    try:
        client, _ = listener.accept()
    except BlockingIOError:
        return None
    with client:
        client.settimeout(5)
        return client.recv(65_536)


SECRET: Final = "[PlainTextAuthProvider]\nusername = maya\npassword = secret\n"
SCHEMES: Final = ("hbase", "hbase+http", "cassandra")


def address(scheme: str, port: int, folder: Path) -> str:
    """Where a port is in plain text, for who has a password where such a store takes one."""
    if scheme != "cassandra":
        return f"{scheme}://127.0.0.1:{port}?timeout=1"
    (folder / "credentials").write_text(SECRET, "utf-8")
    return f"cassandra://127.0.0.1:{port}/home?timeout=1&credentials={folder / 'credentials'}"


@pytest.mark.rule("Plain text")
@pytest.mark.parametrize("scheme", SCHEMES)
def test_nothing_is_sent_before_it_is_refused(scheme: str, listener: socket.socket, tmp_path: Path) -> None:
    url = address(scheme, listener.getsockname()[1], tmp_path)
    with pytest.raises(cfacl.TlsRequired):
        cfacl.connect(url, policy=policy("sealed", require="sealed", kind=scheme.partition("+")[0]))
    assert heard(listener) is None


@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_operators_command_sends_nothing_either(
    scheme: str, listener: socket.socket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = address(scheme, listener.getsockname()[1], tmp_path)
    file = tmp_path / "policy.toml"
    file.write_text(policy("sealed", require="sealed", kind=scheme.partition("+")[0]).dumps(), "utf-8")
    assert main(["native", "verify", str(file), "--store", url]) == 2
    assert "require_tls" in capsys.readouterr().err
    assert heard(listener) is None


@pytest.mark.parametrize("scheme", SCHEMES)
def test_where_the_policy_asks_for_none_it_is_sent(scheme: str, listener: socket.socket, tmp_path: Path) -> None:
    """Or the test before this one would show nothing."""
    url = address(scheme, listener.getsockname()[1], tmp_path)
    with pytest.raises(cfacl.StoreError):
        cfacl.connect(url, policy=policy("personal", require="sealed", kind=scheme.partition("+")[0]))
    assert heard(listener)


@pytest.mark.rule("Plain text")
@pytest.mark.parametrize("scheme", SCHEMES)
def test_it_is_refused_where_nobody_listens(scheme: str, tmp_path: Path) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = address(scheme, bound.getsockname()[1], tmp_path)
        with pytest.raises(cfacl.TlsRequired):
            cfacl.connect(url, policy=policy("sealed", require="sealed", kind=scheme.partition("+")[0]))


def test_a_store_in_this_process_is_not_asked(tmp_path: Any) -> None:
    asked = policy("sealed", require="public")
    for each in ("memory://", tmp_path / "store"):
        cfacl.connect(each, policy=asked).close()


@pytest.mark.parametrize("answer", [None, 1, "no"])
def test_a_store_that_cannot_say_is_not_trusted(store: CountingStore, answer: Any) -> None:
    store.plaintext = answer
    with pytest.raises(cfacl.TlsRequired):
        cfacl.connect("hbase://gateway", policy=policy("sealed", require="sealed"))


def test_what_is_sent_through_others_is_as_bare_as_they_are() -> None:
    assert CountingStore(Bare(clock=lambda: 0)).plaintext is True
    assert CountingStore(MemoryStore(clock=lambda: 0)).plaintext is False
